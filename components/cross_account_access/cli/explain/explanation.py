"""Whether a role may be assumed and why: AWS's decision, with each half in words and a remedy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cross_account_access.grants.conditions import ASSUME_ROLE
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.grants.principal_kinds import MANY_ROLES
from cross_account_access.grants.principal_ref import PrincipalRef
from cross_account_access.grants.request_context import RequestContext
from cross_account_access.iam import arns, limits
from cross_account_access.iam.evaluator import Decision, Request, decide
from cross_account_access.iam.findings import AccountSide, Finding
from cross_account_access.iam.operators import UnmetCondition

from .decision_inputs import CallerWithPolicies, TargetRole
from .remedies import describe_refusal

HALVES: tuple[AccountSide, AccountSide] = ("source", "destination")


@dataclass(frozen=True)
class Reason:
    """Why one half refuses.

    Attributes:
        half: The half.
        kind: A finding's kind, or `no_role`, `source_identity`, `duration`, `chaining`.
        text: The reason, for a person.
        remedies: What to do.
        actions: The actions of the call that are refused.
        policy: The policy that refuses, or the one that comes nearest to allowing.
        statement: Its statement, counted from 1.
        element: The element of it that doesn't match.
        conditions: The conditions that aren't met.
    """

    half: AccountSide
    kind: str
    text: str
    remedies: tuple[str, ...]
    actions: tuple[str, ...] = ()
    policy: str | None = None
    statement: int | None = None
    element: str | None = None
    conditions: tuple[UnmetCondition, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The reason for `--json`."""
        return {
            "kind": self.kind,
            "actions": list(self.actions),
            "policy": self.policy,
            "statement": self.statement,
            "element": self.element,
            "conditions": [
                {
                    "key": unmet.key,
                    "operator": unmet.operator,
                    "given": list(unmet.actual),
                    "required": list(unmet.required),
                }
                for unmet in self.conditions
            ],
            "text": self.text,
            "remedies": list(self.remedies),
        }


@dataclass(frozen=True)
class Explanation:
    """The answer.

    Attributes:
        half: The half that refuses; the source where both do, None if it is allowed.
        reasons: Why, of both halves.
        allowing: What allows it in a half: the statements, or why none is needed.
        notes: What else to know.
    """

    half: AccountSide | None
    reasons: tuple[Reason, ...]
    allowing: Mapping[AccountSide, str]
    notes: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the role may be assumed."""
        return self.half is None

    @property
    def remedies(self) -> list[str]:
        """What to do, without duplicates."""
        return list(dict.fromkeys(remedy for reason in self.reasons for remedy in reason.remedies))

    def get_reasons(self, half: AccountSide) -> list[Reason]:
        """Get why a half refuses; empty if it doesn't."""
        return [reason for reason in self.reasons if reason.half == half]

    def allows(self, half: AccountSide) -> bool | None:
        """Whether a half allows it; None where the other half's refusal leaves it undecided."""
        if self.get_reasons(half):
            return False
        return True if half in self.allowing else None


@dataclass(frozen=True)
class Question:
    """Whether a caller may assume a role.

    Attributes:
        who: The caller as the command line names it.
        principal: The caller with its policies.
        role: The role.
        request: The call.
        documents: The grant of the role, for the remedies.
        has_live_caller: Whether the caller was read from its account.
    """

    who: PrincipalRef
    principal: CallerWithPolicies
    role: TargetRole
    request: RequestContext
    documents: GrantDocuments | None = None
    has_live_caller: bool = False

    def explain(self) -> Explanation:
        """Decide it, and explain the decision."""
        if self.role.trust is None:
            return self._explain_missing_role()
        reasons = [
            self._explain_refusal(finding, actions)
            for finding, actions in self._findings
            if finding.kind != "allow"
        ]
        reasons += self._check_sts_rules()
        half = next((one.half for one in self._decisions.values() if not one.allowed), None)
        half = half or (reasons[0].half if reasons else None)
        return Explanation(half, tuple(reasons), self._find_allowing(), tuple(self._find_notes()))

    def _explain_missing_role(self) -> Explanation:
        remedy = "Run `pulumi up` if the grant isn't deployed; otherwise check the path and case."
        text = f"there is no role {self.role.arn}"
        reason = Reason("destination", "no_role", text, (remedy,), (ASSUME_ROLE,))
        return Explanation("destination", (reason,), {})

    @cached_property
    def _decisions(self) -> dict[str, Decision]:
        return self.decide_for(self.request)

    def decide_for(self, request: RequestContext) -> dict[str, Decision]:
        """Decide each action of the call as another request."""
        caller, trust, role = self.principal.caller, self.role.trust, self.role
        if trust is None:
            return {}
        keys = request.build_condition_keys(caller, account=role.account, tags=self.principal.tags)
        return {
            action: decide(caller, Request(action, role.arn, keys), trust)
            for action in request.actions
        }

    @cached_property
    def _findings(self) -> list[tuple[Finding, tuple[str, ...]]]:
        """Each finding with the actions that it is the same for."""
        merged: dict[Finding, tuple[Finding, tuple[str, ...]]] = {}
        for action, decision in self._decisions.items():
            for finding in decision.findings:
                # The text may name the action.
                key = replace(finding, text="")
                first, actions = merged.get(key, (finding, ()))
                merged[key] = first, (*actions, action)
        return list(merged.values())

    def _explain_refusal(self, finding: Finding, actions: tuple[str, ...]) -> Reason:
        text, remedies = describe_refusal(finding, actions, self)
        return Reason(
            finding.half,
            finding.kind,
            text,
            remedies,
            actions,
            finding.policy,
            finding.statement,
            finding.element,
            finding.unmet,
        )

    def _check_sts_rules(self) -> Iterator[Reason]:
        """Check what STS refuses apart from the policies.

        Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        inherited, duration = self.request.inherited_identity, self.request.duration or 0
        if inherited and self.request.source_identity not in (None, inherited):
            text = f"the calling session's source identity is {inherited}, and can't be changed"
            remedy = "Leave the source identity out of the call."
            yield Reason("source", "source_identity", text, (remedy,))
        chained, longest = limits.CHAINED_SESSION_SECONDS, self.role.max_session_duration
        if self.principal.caller.kind == "AssumedRole" and duration > chained:
            text = f"a role session can start sessions of up to {chained} s (role chaining), not "
            remedy = f"Request at most {chained} s, or call as a user."
            yield Reason("source", "chaining", f"{text}{duration} s", (remedy,))
        elif duration > longest:
            text = f"the role's sessions last up to {longest} s (MaxSessionDuration), not "
            remedy = f"Request at most {longest} s, or raise the role's maxSessionDuration."
            yield Reason("destination", "duration", f"{text}{duration} s", (remedy,))

    def _find_allowing(self) -> dict[AccountSide, str]:
        allowing: dict[AccountSide, str] = {}
        for half in HALVES:
            statements = [
                f"{finding.policy}, statement {finding.statement}"
                for finding, _ in self._findings
                if finding.kind == "allow" and finding.half == half
            ]
            if statements:
                allowing[half] = " and ".join(statements)
        if self.principal.caller.account == self.role.account and "source" not in allowing:
            allowing["source"] = (
                "no policy is needed: caller and role are in one account, and the trust policy "
                "decides"
            )
        return allowing

    def _find_notes(self) -> Iterator[str]:
        kind, switches = self.principal.caller.kind, self.who.can_switch_role
        if self._lacks_path():
            yield (
                f"The path of role {self.who.name} isn't known here, and the grant trusts roles by "
                f"it: name the role as role/PATH/{self.who.name}, or pass --live."
            )
        if kind != "User" and self.request.mfa_age is not None:
            yield "A role session carries no MFA, whatever its user passed: --mfa has no effect."
        if switches and self._needs_external_id():
            yield (
                "Switching roles in the console can't pass an external ID: use the AWS CLI or an "
                "SDK for this role."
            )
        elif switches and not _fits_console(self.role.arn):
            yield (
                "Switching roles in the console takes a path and name of up to "
                f"{limits.SWITCH_ROLE_NAME_LENGTH} characters, and this role's is longer."
            )
        if kind == "AssumedRole":
            console = "" if switches else ", and can't switch roles in the console"
            yield f"A role session can start sessions of up to an hour (role chaining){console}."

    def _lacks_path(self) -> bool:
        """Whether the trust in a role may hang on its path, which a session's ARN lacks."""
        who = self.who
        is_known = self.has_live_caller or who.path is not None
        if self.documents is None or who.kind not in ("role", "session") or is_known:
            return False
        kinds = {half.kind for half in self.documents.principals}
        return not MANY_ROLES.isdisjoint(kinds) and not who.find_halves(self.documents)

    def _needs_external_id(self) -> bool:
        """Whether the trust policy refuses the call without one."""
        decisions = self.decide_for(replace(self.request, external_id=None)).values()
        findings = [finding for decision in decisions for finding in decision.findings]
        return any(
            unmet.key.lower() == "sts:externalid" for finding in findings for unmet in finding.unmet
        )


def _fits_console(role: str) -> bool:
    arn = arns.parse_arn(role)
    name = f"{arn.path}{arn.name}".removeprefix("/") if arn else ""
    return len(name) <= limits.SWITCH_ROLE_NAME_LENGTH
