"""One grant verified: what stands compared with what is meant, access tried, refusals proven."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cross_account_access.cli.accounts import AwsAccess
from cross_account_access.cli.call import Call, CallOverrides
from cross_account_access.cli.caller import CallerSession, Identity
from cross_account_access.cli.expected_half import build_expected_half
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.trust_requirements import TrustRequirements
from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.iam.findings import AccountSide
from cross_account_access.iam.policy_normalization import compute_checksum

from .analyzer import Analyzer, Remark
from .attempts import Attempt, assume, assume_until
from .callers import Readers
from .calls import asked_of, build_call, build_negative_calls
from .drift_findings import DriftFinding, Unchecked, make_finding
from .half_drift import GrantSnapshot, checksums, compare

_CHAINED_SECONDS = 3600
_DEFAULT_SECONDS = 3600
_HALVES: tuple[AccountSide, ...] = ("source", "destination")


@dataclass
class Result:
    """What came of one grant.

    Attributes:
        grant: The grant.
        principal: The principal that the caller is; None if it is none.
        became: Who the caller became by the role; None if nobody.
        attempts: What was tried.
        findings: What isn't as it is meant.
        unchecked: What wasn't checked.
        remarks: Access Analyzer's warnings and suggestions.
        checksums: Of each half as it stands, as far as it could be read.
    """

    grant: DeployedGrant
    principal: SourceHalf | None
    became: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    findings: list[DriftFinding] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    checksums: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The result as JSON has it."""
        return {
            "stack": self.grant.stack,
            "grant": self.grant.name,
            "role": self.grant.documents.role.arn,
            "principal": self.principal.name if self.principal else None,
            "became": self.became,
            "attempts": [attempt.as_json() for attempt in self.attempts],
            "findings": [finding.as_json() for finding in self.findings],
            "notChecked": [one.as_json() for one in self.unchecked],
            "remarks": [remark.told for remark in self.remarks],
            "checksums": self.checksums,
        }

    def note(self, told: DriftFinding | Unchecked | Remark) -> None:
        """Keep what was found; a finding from an attempt only where none of its kind tells the cause."""
        match told:
            case DriftFinding():
                self.findings.append(told)
            case Unchecked():
                self.unchecked.append(told)
            case Remark():
                self.remarks.append(told)

    def note_unless_known(self, finding: DriftFinding) -> None:
        """Keep a finding of an attempt's, unless one of its kind tells the cause already."""
        if all(known.code != finding.code for known in self.findings):
            self.findings.append(finding)


@dataclass(frozen=True)
class Verifier:
    """How grants are verified.

    Attributes:
        caller: Who calls.
        mfa: Its credentials with MFA; None where no code was given.
        readers: Who reads the accounts.
        analyzer: Access Analyzer.
        wishes: What the options say of the call.
        timeout: How long IAM may take to converge, in seconds.
        checksum: What a half was handed over under.
    """

    caller: CallerSession
    mfa: AwsAccess | None
    readers: Readers
    analyzer: Analyzer
    wishes: CallOverrides
    timeout: float
    checksum: str | None = None

    def verify(self, grant: DeployedGrant, principal: SourceHalf | None) -> Result:
        """Verify a grant.

        Raises:
            Failure: If AWS can't be asked.
        """
        result = Result(grant, principal)
        documents = grant.documents
        whole, unchecked = self.readers.read(documents, None)
        drift = list(compare(documents, whole))
        terms = asked_of(documents, principal or documents.principals[0])
        call = build_call(grant, terms, self.caller.identity.user, self.wishes)
        if principal is None:
            self._stranger(result, call)
        else:
            explained = any(
                isinstance(one, DriftFinding) and one.explains(principal.name) for one in drift
            )
            session = self._principal(
                result, principal, (terms, call), 0 if explained else self.timeout
            )
            if session is not None and whole.role is None:
                whole, unchecked = self.readers.read(documents, session)
                drift = list(compare(documents, whole))
        attempted, result.findings = result.findings, []
        for one in [*unchecked, *drift]:
            result.note(one)
        for finding in attempted:
            if principal and finding.code == "access-refused" and _explained(result, principal):
                continue
            result.note_unless_known(finding)
        for told in self._analyzed(documents, whole):
            result.note(told)
        result.checksums = checksums(documents, whole)
        if self.checksum:
            for one in _handed_over(documents, self.checksum, result.checksums):
                result.note(one)
        return result

    def _stranger(self, result: Result, call: Call) -> None:
        answer, told, _ = assume(self.mfa or self.caller.aws, call)
        what = "assumes the role, as none of its principals"
        if answer == "allowed" and _wide(result.grant.documents, self.caller.identity):
            result.attempts.append(Attempt(what, "allowed", answer, told))
            why = "the grant trusts whole accounts, whose own policies let this caller in"
            result.unchecked.append(Unchecked("that others are refused", why))
            return
        result.attempts.append(Attempt(what, "refused", answer, told))
        if answer == "allowed":
            text = f"{self.caller.identity.arn} is no principal of the grant and became {told}"
            result.findings.append(make_finding(result.grant.documents, "stranger-allowed", text))

    def _principal(
        self,
        result: Result,
        principal: SourceHalf,
        asked: tuple[TrustRequirements, Call],
        timeout: float,
    ) -> AwsAccess | None:
        documents, caller, identity = result.grant.documents, self.caller, self.caller.identity
        terms, call = asked
        aws = self.mfa or caller.aws
        if terms.mfa:
            self._without_mfa(result, call)
        if terms.mfa and self.mfa is None and not caller.temporary:
            result.unchecked.append(_no_code())
            return None
        surely = self.mfa is not None or not terms.mfa or identity.chained
        answer, told, session = assume_until(aws, call, timeout if surely else 0, documents.grant)
        if answer == "refused" and not surely:
            result.unchecked.append(_no_code())
            return None
        result.attempts.append(Attempt("assumes the role", "allowed", answer, told))
        if answer == "refused":
            others = f"; the grant asks for {', '.join(terms.others)} too" if terms.others else ""
            text = f"AWS refuses {identity.arn}: {told}{others}"
            result.findings.append(
                make_finding(documents, "access-refused", text, principal=principal.name)
            )
            why = "the role can't be assumed, so that a refusal proves nothing"
            result.unchecked.append(Unchecked("that the grant's conditions are needed", why))
            return None
        result.became = told
        longest = (
            _CHAINED_SECONDS
            if identity.chained
            else documents.role.max_session_duration or _DEFAULT_SECONDS
        )
        for what, code, unmet in build_negative_calls(call, terms, longest):
            self._must_be_refused(result, what, code, (aws, unmet))
        return session

    def _without_mfa(self, result: Result, call: Call) -> None:
        if self.caller.identity.chained:
            return
        if not self.caller.temporary:
            self._must_be_refused(result, "without MFA", "trust-widened", (self.caller.aws, call))
        else:
            why = "the credentials are temporary, and may carry MFA; a user's access key can't"
            result.unchecked.append(Unchecked("that the role is refused without MFA", why))

    def _must_be_refused(
        self, result: Result, what: str, code: str, attempt: tuple[AwsAccess, Call]
    ) -> None:
        answer, told, _ = assume(*attempt)
        result.attempts.append(Attempt(what, "refused", answer, told))
        if answer == "allowed":
            text = f"{what}, AWS lets {self.caller.identity.arn} in all the same"
            result.findings.append(make_finding(result.grant.documents, code, text))

    def _analyzed(
        self, documents: GrantDocuments, whole: GrantSnapshot
    ) -> Iterator[DriftFinding | Remark]:
        role = whole.role.standing if whole.role else None
        trust = (role.trust_policy if role else None) or documents.role.trust_policy
        yield from self.analyzer.validate(documents, "destination", "trust policy", trust)
        for half in documents.principals:
            read = whole.principals.get(half.name)
            attached = read.standing.managed_policies if read and read.standing else {}
            document = attached.get(half.policy_arn or "") or half.policy or half.needs
            yield from self.analyzer.validate(
                documents, "source", f"policy of {half.name}", document
            )


def _wide(documents: GrantDocuments, caller: Identity) -> bool:
    """Whether it is the caller's own account that decides, and not the trust policy."""
    kinds = {half.kind for half in documents.principals}
    own = caller.account == documents.source_account_id
    return bool(kinds & {"organization", "organizational_unit"}) or (
        own and bool(kinds & {"group", "account"})
    )


def _explained(result: Result, principal: SourceHalf) -> bool:
    return any(finding.explains(principal.name) for finding in result.findings)


def _no_code() -> Unchecked:
    return Unchecked(
        "that the role can be assumed",
        "the grant asks for MFA, and no code was given: --mfa-code CODE takes it",
    )


def _handed_over(
    documents: GrantDocuments, told: str, standing: dict[str, str]
) -> Iterator[DriftFinding | Unchecked]:
    half = next(
        (
            half
            for half in _HALVES
            if compute_checksum(build_expected_half(documents, half)) == told
        ),
        None,
    )
    if half is None:
        stands = next((half for half in _HALVES if standing.get(half) == told), None)
        which = (
            f"it is of what stands in the {stands}"
            if stands
            else "it is of nothing that stands, either"
        )
        yield make_finding(
            documents,
            "handoff-outdated",
            f"the stack means no half with this checksum; {which}",
            half=stands,
        )
    elif half not in standing:
        yield Unchecked(
            f"whether the {half} is as it was handed over", "it couldn't be read, or not all of it"
        )
    elif standing[half] != told:
        yield make_finding(
            documents, "handoff-differs", f"the {half} isn't as it was handed over", half=half
        )
