"""Why a role may or may not be assumed: AWS's decision, and each half of it in plain words with what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam import arns, limits
from cross_account_access.iam.evaluator import Caller, Decision, Policy, Request, decide
from cross_account_access.iam.findings import AccountSide, Finding
from cross_account_access.iam.operators import UnmetCondition

from .principal_ref import PrincipalRef
from .remedies import told
from .request_context import RequestContext
from .sources import CallerWithPolicies, Role

HALVES: tuple[AccountSide, AccountSide] = ("source", "destination")
_ASSUME_ROLE = "sts:AssumeRole"


@dataclass(frozen=True)
class Reason:
    """Why one half refuses.

    Attributes:
        half: Which.
        kind: What refuses: a finding's kind, or `no_role`, `source_identity`, `duration`, `chaining`.
        actions: Of which actions the call is made.
        policy: The policy that it rests on, or that comes nearest.
        statement: Its statement, counted from 1.
        element: What of it doesn't match.
        conditions: Which conditions aren't met.
        text: The same in plain words.
        remedies: What to do.
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
        """For `--json`."""
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
        half: Which half refuses; the source where both do, None if it is allowed.
        reasons: Why, all of them, both halves'.
        allowing: What allows in a half: its statements, or why none is needed.
        notes: What else is good to know.
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
        """What to do, each thing once."""
        return list(dict.fromkeys(remedy for reason in self.reasons for remedy in reason.remedies))

    def of(self, half: AccountSide) -> list[Reason]:
        """Why a half refuses; nothing if it doesn't."""
        return [reason for reason in self.reasons if reason.half == half]


def explain(
    who: PrincipalRef,
    calling: CallerWithPolicies,
    role: Role,
    asked: RequestContext,
    documents: GrantDocuments | None = None,
) -> Explanation:
    """Decide whether a caller may assume a role, and tell why.

    Args:
        who: Who calls, as it was asked.
        calling: The same with its policies.
        role: The role.
        asked: Under which circumstances.
        documents: The grant that made it, for what to do about it.
    """
    if role.trust is None:
        reason = Reason(
            "destination",
            "no_role",
            f"there is no role {role.arn}",
            (
                "Run `pulumi up` if the grant was never deployed; compare path and capitals if it was.",
            ),
            (_ASSUME_ROLE,),
        )
        return Explanation("destination", (reason,), {})
    decisions = _decisions(calling, role, role.trust, asked)
    found = _merged(
        (action, finding) for action, decision in decisions for finding in decision.findings
    )
    refusals = [
        _reason(actions, finding, who, calling, role, documents)
        for finding, actions in found
        if finding.kind != "allow"
    ]
    refusals += _rules(calling.caller, role, asked)
    half = next((decision.half for _, decision in decisions if not decision.allowed), None)
    half = half or (refusals[0].half if refusals else None)
    allowing = _allowing(found, calling.caller, role)
    return Explanation(
        half, tuple(refusals), allowing, tuple(_notes(who, calling, role, role.trust, asked))
    )


def _decisions(
    calling: CallerWithPolicies, role: Role, trust: Policy, asked: RequestContext
) -> list[tuple[str, Decision]]:
    user = calling.caller.kind == "User"
    context = asked.context(user=user, account=role.arn.split(":")[4], tags=calling.tags)
    return [
        (action, decide(calling.caller, Request(action, role.arn, context), trust))
        for action in asked.actions
    ]


def _merged(found: Iterable[tuple[str, Finding]]) -> list[tuple[Finding, tuple[str, ...]]]:
    """What is the same for several of the call's actions, once."""
    merged: dict[Finding, tuple[Finding, tuple[str, ...]]] = {}
    for action, finding in found:
        # Its text may tell the action.
        same = replace(finding, text="")
        first, actions = merged.get(same, (finding, ()))
        merged[same] = first, (*actions, action)
    return list(merged.values())


def _reason(
    actions: tuple[str, ...],
    finding: Finding,
    who: PrincipalRef,
    calling: CallerWithPolicies,
    role: Role,
    documents: GrantDocuments | None,
) -> Reason:
    text, remedies = told(finding, actions, who, calling, role, documents)
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


def _rules(caller: Caller, role: Role, asked: RequestContext) -> list[Reason]:
    """What STS refuses beside the policies.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    refused: list[Reason] = []
    if asked.inherited_identity and asked.source_identity not in (None, asked.inherited_identity):
        text = f"the calling session's source identity is {asked.inherited_identity}, and can't be changed"
        refused.append(
            Reason(
                "source", "source_identity", text, ("Leave the source identity out of the call.",)
            )
        )
    duration = asked.duration or 0
    if caller.kind == "AssumedRole" and duration > limits.CHAINED_SESSION_SECONDS:
        text = f"a role's session gets a session of {limits.CHAINED_SESSION_SECONDS} s at most (role chaining), not "
        remedy = f"Ask for {limits.CHAINED_SESSION_SECONDS} s at most, or call as a user."
        refused.append(Reason("source", "chaining", f"{text}{duration} s", (remedy,)))
    elif duration > role.max_session_duration:
        text = f"the role's sessions last {role.max_session_duration} s at most (MaxSessionDuration), not {duration} s"
        remedy = f"Ask for {role.max_session_duration} s at most, or raise the role's maxSessionDuration."
        refused.append(Reason("destination", "duration", text, (remedy,)))
    return refused


def _allowing(
    found: Iterable[tuple[Finding, tuple[str, ...]]], caller: Caller, role: Role
) -> dict[AccountSide, str]:
    allowing: dict[AccountSide, str] = {}
    for half in HALVES:
        statements = [item for item, _ in found if item.kind == "allow" and item.half == half]
        if statements:
            allowing[half] = " and ".join(
                f"{item.policy}, statement {item.statement}" for item in statements
            )
    if caller.account == role.arn.split(":")[4] and "source" not in allowing:
        allowing["source"] = (
            "nothing is needed of it: caller and role are of one account, and the trust decides"
        )
    return allowing


def _notes(
    who: PrincipalRef, calling: CallerWithPolicies, role: Role, trust: Policy, asked: RequestContext
) -> Iterable[str]:
    caller = calling.caller
    if caller.kind != "User" and asked.mfa_age is not None:
        yield "A role's session carries no MFA, whatever its user gave: --mfa is without effect."
    if who.switches and _needs_external_id(calling, role, trust, asked):
        yield (
            "The console's switch-role can't give an external ID, so that this role can't be had there: it takes the "
            "AWS CLI or an SDK."
        )
    elif who.switches and not _short_enough(role):
        yield "The console's switch-role takes 64 characters of path and name, and this role's has more."
    if caller.kind == "AssumedRole":
        closed = "" if who.switches else ", and the console's switch-role is closed to it"
        yield f"A role's session gets sessions of an hour at most (role chaining){closed}."


def _short_enough(role: Role) -> bool:
    arn = arns.parse_arn(role.arn)
    return (
        arn is None
        or len(f"{arn.path}{arn.name}".removeprefix("/")) <= limits.SWITCH_ROLE_NAME_LENGTH
    )


def _needs_external_id(
    calling: CallerWithPolicies, role: Role, trust: Policy, asked: RequestContext
) -> bool:
    """Whether the trust refuses what comes without one."""
    decisions = _decisions(calling, role, trust, replace(asked, external_id=None))
    findings = [finding for _, decision in decisions for finding in decision.findings]
    return any(
        unmet.key.lower() == "sts:externalid" for finding in findings for unmet in finding.unmet
    )
