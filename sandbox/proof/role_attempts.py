"""One attempt to assume a role: who makes it, how, and what came of it."""

from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError, ParamValidationError

from cross_account_access.config.settings import Settings
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.grant_set import GrantedRole
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import get_effective_conditions
from sandbox.proof.circumstances import Circumstances, meet_conditions
from sandbox.proof.people import People
from sandbox.proof.person import Person, make_session_sts

AttemptOutcome = Literal["allowed", "refused", "not tried"]

_DEFAULT_SESSION = 3600
# Errors that decide nothing about access, so that they are no refusal.
_NO_DECISION = {"ExpiredToken", "InternalFailure", "InvalidClientTokenId", "NotImplemented"}


@dataclass(frozen=True)
class ProofAttempt:
    """One attempt to assume a role.

    Attributes:
        grant: The grant, among many accounts GRANT@ACCOUNT.
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


@dataclass(frozen=True)
class RoleAttempts:
    """Makes attempts to assume one role, each by one of the sandbox's people."""

    endpoint: str
    settings: Settings
    role: GrantedRole
    role_arn: str
    people: People

    @property
    def model(self) -> GrantModel:
        return self.settings.grants[self.role[0]]

    def _prepare(self, principal: PrincipalModel) -> Person:
        caller = self._caller(principal)
        self.people.prepare(self.model, principal, caller)
        return caller

    def _caller(self, principal: PrincipalModel) -> Person:
        return self.people.callers[self._label_principal(principal)]

    def _label_principal(self, principal: PrincipalModel) -> str:
        source = self.model.source_of(principal)
        return self.settings.label_principal(source, principal.key)

    @property
    def _label(self) -> str:
        return self.settings.label_role(self.role)

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
        partition = self.role_arn.split(":")[1]
        mfa = caller.mfa_parameters()
        return meet_conditions(self._conditions(principal), caller.name, mfa, partition)

    def _try(
        self, caller: Person, attempt: str, expected: AttemptOutcome, circumstances: Circumstances
    ) -> ProofAttempt:
        observed, reason = self._assume(caller, circumstances)
        return ProofAttempt(self._label, caller.arn, attempt, expected, observed, reason)

    def _assume(self, caller: Person, circumstances: Circumstances) -> tuple[AttemptOutcome, str]:
        try:
            assumed = self._call(caller, circumstances)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NO_DECISION:
                raise
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
            return "refused", headers.get("x-sandbox-reason") or error.response["Error"]["Message"]
        except ParamValidationError as error:
            return "refused", str(error)
        region = caller.sts.meta.region_name
        session = make_session_sts(self.endpoint, assumed["Credentials"], region)
        return "allowed", f"became {session.get_caller_identity()['Arn']}"

    def _call(self, caller: Person, circumstances: Circumstances) -> Any:
        def come_from(request: Any, **_: object) -> None:
            for header, text in circumstances.headers.items():
                request.headers[header] = text

        events = caller.sts.meta.events
        events.register("before-send.sts.AssumeRole", come_from)
        try:
            return caller.sts.assume_role(RoleArn=self.role_arn, **circumstances.parameters)
        finally:
            events.unregister("before-send.sts.AssumeRole", come_from)
