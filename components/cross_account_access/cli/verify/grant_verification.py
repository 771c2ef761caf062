"""One grant verified: compared with the accounts, its access tried, its refusals proved."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cross_account_access.cli.assume_role_call import AssumeRoleCall, CallOverrides
from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.caller import CallerIdentity, CallerSession
from cross_account_access.cli.expected_half import build_expected_half
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.trust_requirements import TrustRequirements, find_caller_exclusion
from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.grants.principal_kinds import MANY_ROLES
from cross_account_access.iam import limits
from cross_account_access.iam.policy_normalization import compute_checksum

from .access_analyzer import AccessAnalyzer, Remark
from .access_attempts import Attempt, assume_role, assume_role_within
from .drift_findings import DriftFinding, Unchecked, make_finding
from .grant_snapshot import GrantSnapshot, SnapshotReader
from .half_drift import Part, compare_grant, compute_checksums
from .probe_calls import build_call, build_negative_calls, select_requirements

_DEFAULT_SECONDS = 3600


@dataclass
class GrantResult:
    """The result of verifying one grant.

    Attributes:
        grant: The grant.
        principal: The principal that the caller is; None if it is none.
        became: The ARN of the session that the caller got; None if it got none.
        attempts: What was tried.
        findings: What differs from the stack.
        unchecked: What could not be checked.
        remarks: Access Analyzer's warnings and suggestions.
        checksums: Of each half as the account has it, where all of it was read.
    """

    grant: DeployedGrant
    principal: SourceHalf | None
    became: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    findings: list[DriftFinding] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    checksums: dict[Part, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The result for `--json`."""
        return {
            "stack": self.grant.stack,
            "grant": self.grant.name,
            "role": self.grant.documents.role.arn,
            "principal": self.principal.name if self.principal else None,
            "became": self.became,
            "attempts": [attempt.as_json() for attempt in self.attempts],
            "findings": [finding.as_json() for finding in self.findings],
            "notChecked": [unchecked.as_json() for unchecked in self.unchecked],
            "remarks": [remark.message for remark in self.remarks],
            "checksums": {self._name_part(part): text for part, text in self.checksums.items()},
        }

    def _name_part(self, part: Part) -> str:
        """Name a half, with the account where several accounts have one of that name."""
        half, account = part
        is_one = half == "destination" or len(self.grant.documents.source_account_ids) == 1
        return half if is_one else f"{half} {account}"

    def add(self, item: DriftFinding | Unchecked | Remark) -> None:
        """Add a finding, a remark, or what was not checked."""
        match item:
            case DriftFinding():
                self.findings.append(item)
            case Unchecked():
                self.unchecked.append(item)
            case Remark():
                self.remarks.append(item)

    def add_attempted(self, finding: DriftFinding) -> None:
        """Add a finding of an attempt, unless one of the comparison is its cause."""
        is_explained = finding.code == "access-refused" and self.is_refusal_explained(self.findings)
        if not is_explained and all(finding.code != other.code for other in self.findings):
            self.findings.append(finding)

    def is_refusal_explained(self, items: list[Any]) -> bool:
        """Whether one of these is a finding that explains why AWS refuses the principal."""
        return self.principal is not None and any(
            isinstance(item, DriftFinding) and item.explains(self.principal) for item in items
        )


@dataclass(frozen=True)
class GrantVerifier:
    """Verifies grants for one caller.

    Attributes:
        caller: The caller.
        mfa: Its credentials with MFA; None without a code.
        reader: Reads the accounts.
        analyzer: Access Analyzer.
        overrides: What the command line sets of the calls.
        timeout: How long to try a role that is refused, in seconds.
        checksum: The checksum that a half was handed over with.
    """

    caller: CallerSession
    mfa: AwsAccess | None
    reader: SnapshotReader
    analyzer: AccessAnalyzer
    overrides: CallOverrides
    timeout: float
    checksum: str | None = None

    def verify(self, grant: DeployedGrant, principal: SourceHalf | None) -> GrantResult:
        """Verify a grant for the principal that the caller is.

        Raises:
            Failure: If AWS cannot be asked.
        """
        result = GrantResult(grant, principal)
        documents = grant.documents
        snapshot = self.reader.read(documents)
        drift = compare_grant(documents, snapshot)
        session = self._try_access(result, drift)
        if session is not None and snapshot.role is None:
            snapshot = self.reader.read(documents, session)
            drift = compare_grant(documents, snapshot)
        attempted, result.findings = result.findings, []
        for item in [*snapshot.unchecked, *drift]:
            result.add(item)
        for finding in attempted:
            result.add_attempted(finding)
        for issue in self._analyze(documents, snapshot):
            result.add(issue)
        result.checksums = compute_checksums(documents, snapshot)
        for item in self._check_handover(documents, result.checksums):
            result.add(item)
        return result

    # --- Access ---------------------------------------------------------------------------------

    def _try_access(
        self, result: GrantResult, drift: list[DriftFinding | Unchecked]
    ) -> AwsAccess | None:
        """Assume the role, and try what must be refused; returns the role's session."""
        requirements = select_requirements(result.grant.documents, result.principal)
        user = self.caller.identity.user
        call = build_call(result.grant, requirements, user, self.overrides)
        if result.principal is None:
            self._try_as_stranger(result, call)
            return None
        if requirements.mfa:
            self._try_without_mfa(result, call)
            if self.mfa is None and not self.caller.is_temporary:
                result.add(_mfa_code_missing())
                return None
        # There is no point in waiting for a role whose refusal is explained.
        timeout = 0 if result.is_refusal_explained(drift) else self.timeout
        return self._try_as_principal(result, requirements, call, timeout)

    def _try_as_stranger(self, result: GrantResult, call: AssumeRoleCall) -> None:
        answer, message, _ = assume_role(self.mfa or self.caller.aws, call)
        documents, caller = result.grant.documents, self.caller.identity.arn
        if documents.role.self_assuming and documents.is_own_role(caller):
            result.attempts.append(Attempt("the role assumes itself", "allowed", answer, message))
            return
        excluded = find_caller_exclusion(documents, caller)
        who = "the grant excludes" if excluded else "isn't a principal"
        what = f"a caller that {who} assumes the role"
        if answer == "allowed" and _trusts_accounts(result.grant.documents, self.caller.identity):
            result.attempts.append(Attempt(what, "allowed", answer, message))
            why = "the grant trusts whole accounts, whose own policies allow this caller"
            result.add(Unchecked("that others are refused", why))
            return
        result.attempts.append(Attempt(what, "refused", answer, message))
        if answer == "allowed":
            text = f"{self.caller.identity.arn} is no principal of the grant, and became {message}"
            result.add(make_finding(result.grant.documents, "stranger-allowed", text))

    def _try_as_principal(
        self,
        result: GrantResult,
        requirements: TrustRequirements,
        call: AssumeRoleCall,
        timeout: float,
    ) -> AwsAccess | None:
        documents, identity = result.grant.documents, self.caller.identity
        aws = self.mfa or self.caller.aws
        # Temporary credentials of a user may or may not carry MFA.
        mfa_known = self.mfa is not None or not requirements.mfa or identity.is_role_session
        outcome = assume_role_within(aws, call, timeout if mfa_known else 0, documents.label)
        if outcome.answer == "refused" and not mfa_known:
            result.add(_mfa_code_missing())
            return None
        attempt = Attempt("assumes the role", "allowed", outcome.answer, outcome.message)
        result.attempts.append(attempt)
        if outcome.answer == "refused":
            self._add_refusal(result, requirements, outcome.message)
            return None
        result.became = outcome.message
        longest = documents.role.max_session_duration or _DEFAULT_SECONDS
        if self.mfa is not None or self.caller.is_temporary:
            # Role chaining, as which AWS counts the credentials of GetSessionToken too.
            longest = limits.CHAINED_SESSION_SECONDS
        for what, code, negative in build_negative_calls(call, requirements, longest):
            self._expect_refusal(result, what, code, (aws, negative))
        return outcome.session

    def _add_refusal(
        self, result: GrantResult, requirements: TrustRequirements, message: str
    ) -> None:
        keys = ", ".join(requirements.other_keys)
        text = f"AWS refuses {self.caller.identity.arn}: {message}"
        text += f"; the grant also requires {keys}" if keys else ""
        finding = make_finding(
            result.grant.documents, "access-refused", text, principal=result.principal
        )
        result.add(finding)
        why = "the role can't be assumed, so a refusal proves nothing"
        result.add(Unchecked("that the grant's conditions are needed", why))

    def _try_without_mfa(self, result: GrantResult, call: AssumeRoleCall) -> None:
        if self.caller.identity.is_role_session:
            return
        if self.caller.is_temporary:
            why = "temporary credentials may carry MFA; a user's access key doesn't"
            result.add(Unchecked("that the role is refused without MFA", why))
        else:
            self._expect_refusal(result, "without MFA", "trust-widened", (self.caller.aws, call))

    def _expect_refusal(
        self, result: GrantResult, what: str, code: str, attempt: tuple[AwsAccess, AssumeRoleCall]
    ) -> None:
        answer, message, _ = assume_role(*attempt)
        result.attempts.append(Attempt(what, "refused", answer, message))
        if answer == "allowed":
            text = f"{what}, AWS still allows {self.caller.identity.arn}"
            result.add(make_finding(result.grant.documents, code, text))

    # --- Documents and checksums ----------------------------------------------------------------

    def _analyze(
        self, documents: GrantDocuments, snapshot: GrantSnapshot
    ) -> Iterator[DriftFinding | Remark]:
        role = snapshot.role.entity if snapshot.role else None
        trust = (role.trust_policy if role else None) or documents.role.trust_policy
        many = documents.made is not None
        if not many or documents.makes_part_of(documents.destination_account_id):
            yield from self.analyzer.validate(documents, "destination", "trust policy", trust)
        for half in documents.principals:
            if many and not documents.makes_part_of(documents.get_account(half)):
                continue
            principal = snapshot.principals.get(half.key)
            entity = principal.entity if principal else None
            attached = entity.managed_policies if entity else {}
            document = attached.get(half.policy_arn or "") or half.policy or half.needs
            name = f"policy of {half.name}"
            yield from self.analyzer.validate(documents, "source", name, document)

    def _check_handover(
        self, documents: GrantDocuments, checksums: dict[Part, str]
    ) -> Iterator[DriftFinding | Unchecked]:
        if not self.checksum:
            return
        parts = _list_parts(documents)
        expected = {
            compute_checksum(build_expected_half(limited, part[0])): part
            for part, limited in reversed(parts.items())
        }
        part = expected.get(self.checksum)
        if part is None:
            matching = (part for part in parts if checksums.get(part) == self.checksum)
            current = next((half for half, _ in matching), None)
            message = "the checksum matches neither half as the stack defines it"
            message += f", but the {current} as the account has it" if current else ""
            yield make_finding(documents, "handoff-outdated", message, half=current)
        elif part not in checksums:
            why = "not all of it could be read"
            yield Unchecked(f"whether the {part[0]} is as it was handed over", why)
        elif checksums[part] != self.checksum:
            message = f"the {part[0]} isn't as it was handed over"
            half, account = part
            yield make_finding(documents, "handoff-differs", message, half=half, account=account)


def _list_parts(documents: GrantDocuments) -> dict[Part, GrantDocuments]:
    """Every part that can be handed over, with the record of it alone."""
    sources = documents.source_account_ids
    parts: dict[Part, GrantDocuments] = {
        ("source", account): documents.limit_to_source(account) for account in sources
    }
    return {**parts, ("destination", documents.destination_account_id): documents}


def _trusts_accounts(documents: GrantDocuments, caller: CallerIdentity) -> bool:
    """Whether the caller's own account decides, and not the trust policy."""
    if find_caller_exclusion(documents, caller.arn):
        return False
    kinds = {half.kind for half in documents.principals}
    kinds_there = {
        half.kind for half in documents.principals if documents.get_account(half) == caller.account
    }
    return bool(kinds & {"organization", "organizational_unit"}) or bool(
        kinds_there & {"group", "account", *(MANY_ROLES if caller.is_role_session else ())}
    )


def _mfa_code_missing() -> Unchecked:
    why = "the grant requires MFA, and no code was given; pass --mfa-code CODE"
    return Unchecked("that the role can be assumed", why)
