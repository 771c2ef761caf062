"""Access proved: each grant's principals assume the role, and whoever shouldn't is refused."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError, ParamValidationError

from cross_account_access.grants import GrantModel
from sandbox.people import Caller, People, entities, sts_of
from stack_config import Settings

Answer = Literal["allowed", "refused"]

_DEFAULT_SESSION = 3600
_WRONG = "-wrong"


@dataclass(frozen=True)
class Attempt:
    """One attempt to assume a role.

    Attributes:
        grant: The grant.
        caller: The caller's ARN.
        attempt: What is tried.
        expected: What should come of it.
        observed: What came of it.
        reason: Who the caller became, or why it was refused.
    """

    grant: str
    caller: str
    attempt: str
    expected: Answer
    observed: Answer
    reason: str

    @property
    def holds(self) -> bool:
        """Whether what was observed is what was expected."""
        return self.observed == self.expected

    def as_dict(self) -> dict[str, Any]:
        """The attempt as JSON has it."""
        return asdict(self)


def prove(endpoint: str, settings: Settings, role_arns: Mapping[str, str], people: People) -> list[Attempt]:
    """Try every grant: its principals, outsiders, and each condition unmet.

    Args:
        endpoint: The emulated accounts.
        settings: The stack's config.
        role_arns: Each grant's role.
        people: Who tries.
    """
    principals = entities(settings)
    return [
        attempt
        for name, grant in sorted(settings.grants.items())
        for attempt in _Grant(
            endpoint, name, grant, role_arns[name], [people.callers[arn] for arn in principals[name]]
        ).attempts(people.outsiders)
    ]


@dataclass(frozen=True)
class _Grant:
    endpoint: str
    name: str
    model: GrantModel
    role_arn: str
    callers: list[Caller]

    def attempts(self, outsiders: list[Caller]) -> Iterator[Attempt]:
        for caller in self.callers:
            yield self._try(caller, "assumes the role", "allowed", self._right(caller))
        for outsider, whose in zip(outsiders, ("same", "another"), strict=True):
            yield self._try(outsider, f"untrusted, {whose} account", "refused", self._right(outsider))
        caller = self.callers[0]
        right = self._right(caller)
        if "ExternalId" in right:
            without = {key: value for key, value in right.items() if key != "ExternalId"}
            yield self._try(caller, "no external ID", "refused", without)
            wrong = right | {"ExternalId": right["ExternalId"] + _WRONG}
            yield self._try(caller, "wrong external ID", "refused", wrong)
        if self._needs_mfa:
            without = {key: value for key, value in right.items() if key not in ("SerialNumber", "TokenCode")}
            yield self._try(caller, "no MFA", "refused", without)
        yield self._try(caller, "session too long", "refused", right | {"DurationSeconds": self._longest + 1})

    @property
    def _needs_mfa(self) -> bool:
        return bool(self.model.conditions and self.model.conditions.needs_mfa)

    @property
    def _longest(self) -> int:
        chained = any(":role/" in caller.arn for caller in self.callers[:1])
        return _DEFAULT_SESSION if chained else self.model.role.max_session_duration or _DEFAULT_SESSION

    def _right(self, caller: Caller) -> dict[str, Any]:
        """The parameters that meet every condition."""
        conditions = self.model.conditions
        parameters: dict[str, Any] = caller.mfa_parameters() if self._needs_mfa else {}
        if conditions and isinstance(conditions.external_id, str):
            parameters["ExternalId"] = conditions.external_id
        return parameters

    def _try(self, caller: Caller, attempt: str, expected: Answer, parameters: Mapping[str, Any]) -> Attempt:
        observed, reason = self._assume(caller, parameters)
        return Attempt(self.name, caller.arn, attempt, expected, observed, reason)

    def _assume(self, caller: Caller, parameters: Mapping[str, Any]) -> tuple[Answer, str]:
        try:
            assumed = caller.sts.assume_role(RoleArn=self.role_arn, RoleSessionName="proof", **parameters)
        except ClientError as error:
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
            return "refused", headers.get("x-sandbox-reason") or error.response["Error"]["Message"]
        except ParamValidationError as error:
            return "refused", str(error)
        became = sts_of(self.endpoint, assumed["Credentials"]).get_caller_identity()["Arn"]
        return "allowed", f"became {became}"
