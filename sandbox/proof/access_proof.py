"""Access proved: each grant's principals assume the role, and whoever shouldn't is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from botocore.exceptions import ClientError, ParamValidationError

from cross_account_access.config.settings import PairSettings
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import get_effective_conditions
from sandbox.proof.circumstances import Circumstances, list_unmet, list_unprovable, meet_conditions
from sandbox.proof.people import People, Person, make_session_sts

AttemptOutcome = Literal["allowed", "refused", "not tried"]

_DEFAULT_SESSION = 3600
# Errors that decide nothing about access, so that they are no refusal.
_NO_DECISION = {"ExpiredToken", "InternalFailure", "InvalidClientTokenId", "NotImplemented"}


@dataclass(frozen=True)
class ProofAttempt:
    """One attempt to assume a role.

    Attributes:
        grant: The grant.
        caller: The caller's ARN.
        attempt: What is tried.
        expected: What should come of it.
        observed: What came of it.
        reason: Who the caller became, or why it was refused or not tried.
    """

    grant: str
    caller: str
    attempt: str
    expected: AttemptOutcome
    observed: AttemptOutcome
    reason: str

    @property
    def holds(self) -> bool:
        """Whether what was observed is what was expected."""
        return self.observed == self.expected

    @property
    def proves_nothing(self) -> bool:
        """Whether it could not be made."""
        return self.observed == "not tried"


def prove(
    endpoint: str, settings: PairSettings, role_arns: Mapping[str, str], people: People
) -> list[ProofAttempt]:
    """Try every grant: its principals, others, and each condition unmet.

    Where the proof can't meet a principal's conditions (raw ones, another time), the principal is
    not tried, and that its access works is unproven.

    Args:
        endpoint: The emulated accounts.
        settings: The stack's config.
        role_arns: Each grant's role.
        people: Who tries.
    """
    return [
        attempt
        for name, grant in sorted(settings.grants.items())
        for attempt in _GrantProof(endpoint, name, grant, role_arns[name], people).attempts()
    ]


@dataclass(frozen=True)
class _GrantProof:
    endpoint: str
    name: str
    model: GrantModel
    role_arn: str
    people: People

    def attempts(self) -> Iterator[ProofAttempt]:
        provable_ones = [
            p for p in self.model.principals if not list_unprovable(self._conditions(p))
        ]
        for principal in provable_ones:
            caller = self._prepare(principal)
            yield self._try(caller, "assumes the role", "allowed", self._met(principal, caller))
        yield from self._list_untried(provable_ones)
        lead = (provable_ones or self.model.principals)[0]
        # Where a whole account is trusted, it is its own policies that keep others out.
        wide = any(p.kind and _trusts_whole_account(p) for p in self.model.principals)
        insider = self.people.nobody if wide else self.people.outsider
        for other, whose in ((insider, "same"), (self.people.stranger, "another")):
            yield self._try(other, f"untrusted, {whose} account", "refused", self._met(lead, other))
        if lead not in provable_ones:
            return
        yield from self._unmet_attempts(provable_ones)
        caller = self._prepare(lead)
        yield self._try(
            caller,
            "session too long",
            "refused",
            self._met(lead, caller).but(DurationSeconds=self._longest(caller) + 1),
        )

    def _list_untried(self, provable_ones: Sequence[PrincipalModel]) -> Iterator[ProofAttempt]:
        for principal in self.model.principals:
            if principal in provable_ones:
                continue
            keys = list_unprovable(self._conditions(principal))
            yield ProofAttempt(
                self.name,
                self.people.callers[principal.key].arn,
                "assumes the role",
                "allowed",
                "not tried",
                f"unproven: the sandbox can't meet the conditions {', '.join(keys)}",
            )

    def _unmet_attempts(self, principals: Sequence[PrincipalModel]) -> Iterator[ProofAttempt]:
        """Each condition unmet, by one principal of those that share their conditions.

        It is tried as the principal itself calls, and as those under other conditions do: their
        statement must not let it in.
        """
        leads: list[PrincipalModel] = []
        for principal in principals:
            if all(self._conditions(principal) != self._conditions(lead) for lead in leads):
                leads.append(principal)
        for principal, other in product(leads, repeat=2):
            caller = self._prepare(principal)
            met = self._met(other, caller)
            like = "" if other is principal else f", otherwise like {other.display_name}"
            for what, circumstances in list_unmet(self._conditions(principal), met):
                yield self._try(caller, f"{what}{like}", "refused", circumstances)
            if self._differ_in_external_id(principal, other):
                what = f"the external ID of {other.display_name}"
                yield self._try(caller, what, "refused", met)

    def _differ_in_external_id(self, principal: PrincipalModel, other: PrincipalModel) -> bool:
        own, others = self._conditions(principal), self._conditions(other)
        return bool(
            own
            and others
            and own.external_id
            and others.external_id
            and others.external_id not in (own.external_id, own.previous_external_id)
        )

    def _prepare(self, principal: PrincipalModel) -> Person:
        self.people.prepare(principal, self.model.conditions)
        return self.people.callers[principal.key]

    def _conditions(self, principal: PrincipalModel) -> ConditionsModel | None:
        return get_effective_conditions(principal, self.model.conditions)

    def _longest(self, caller: Person) -> int:
        chained = ":assumed-role/" in caller.arn
        return (
            _DEFAULT_SESSION
            if chained
            else self.model.role.max_session_duration or _DEFAULT_SESSION
        )

    def _met(self, principal: PrincipalModel, caller: Person) -> Circumstances:
        return meet_conditions(self._conditions(principal), caller.name, caller.mfa_parameters())

    def _try(
        self, caller: Person, attempt: str, expected: AttemptOutcome, circumstances: Circumstances
    ) -> ProofAttempt:
        observed, reason = self._assume(caller, circumstances)
        return ProofAttempt(self.name, caller.arn, attempt, expected, observed, reason)

    def _assume(self, caller: Person, circumstances: Circumstances) -> tuple[AttemptOutcome, str]:
        def come_from(request: Any, **_: object) -> None:
            for header, text in circumstances.headers.items():
                request.headers[header] = text

        events = caller.sts.meta.events
        events.register("before-send.sts.AssumeRole", come_from)
        try:
            assumed = caller.sts.assume_role(RoleArn=self.role_arn, **circumstances.parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NO_DECISION:
                raise
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
            return "refused", headers.get("x-sandbox-reason") or error.response["Error"]["Message"]
        except ParamValidationError as error:
            return "refused", str(error)
        finally:
            events.unregister("before-send.sts.AssumeRole", come_from)
        region = caller.sts.meta.region_name
        session = make_session_sts(self.endpoint, assumed["Credentials"], region)
        return "allowed", f"became {session.get_caller_identity()['Arn']}"


def _trusts_whole_account(principal: PrincipalModel) -> bool:
    return principal.kind in ("group", "account", "organization", "organizational_unit")
