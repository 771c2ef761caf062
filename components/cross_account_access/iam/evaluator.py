"""Decide sts:AssumeRole, and what may go with it, as AWS does.

`decide` takes who calls, what is called and the role's trust policy, all as plain data, and returns
whether AWS would allow it, which half refuses and why. The logic is that of the IAM User Guide:

- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
- https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

Service and resource control policies of an organization are not part of it.
"""

from dataclasses import dataclass, field

from .findings import AccountSide, Finding, FindingKind
from .policy_document import list_principals, list_statements
from .policy_patterns import ContextKeys
from .request import Caller, OutsideCaller, Policy, Request, build_context
from .statement_match import (
    PrincipalMatch,
    StatementMatch,
    find_closest_allow,
    match_statements,
    select_applicable,
)

__all__ = ["Caller", "Decision", "OutsideCaller", "Policy", "Request", "decide", "decide_by_trust"]


@dataclass(frozen=True)
class Decision:
    """AWS's answer."""

    allowed: bool
    half: AccountSide | None
    """Which half refuses: the caller's policies or the role's trust policy. None if allowed. Where
    both do, it is the source, and the reason names both."""
    reason: str
    """For a person. It never holds an external ID."""
    findings: tuple[Finding, ...] = field(default=(), compare=False)
    """All that allows and refuses in both halves, also what the answer no longer depends on. A half
    without a refusing one allows."""


@dataclass(frozen=True)
class _SourceMatches:
    """How the statements of the caller's own policies match the request."""

    identity: list[StatementMatch]
    boundary: list[StatementMatch]
    session: list[StatementMatch]


def decide(caller: Caller, request: Request, trust_policy: Policy) -> Decision:
    """Decide a request as AWS does; ValueError for a policy that AWS would not have saved.

    An explicit deny anywhere wins. Across accounts the caller's policies and the role's trust
    policy must both allow. Inside one account the trust policy alone suffices where it names the
    caller, and where it names the account the caller's policies must allow too. Unlike other
    resources, a role must be opened by its own policy: nothing else makes up for it.
    """
    if finding := _find_refusal_of_any_policy(caller, request):
        return Decision(False, finding.half, finding.text, (finding,))
    context = build_context(caller, request)
    source = _match_source(caller, request, context)
    trust = match_statements(trust_policy, caller, request, context, is_trust=True)
    denials = [
        *_find_denials("source", [*source.identity, *source.boundary, *source.session]),
        *_find_denials("destination", trust),
    ]
    allowing = select_applicable(trust, "Allow")
    trusted = max(allowing, key=lambda match: match.principal, default=None)
    refusals = _find_source_refusals(caller, request, trusted, source)
    if not trusted:
        refusals.append(_find_trust_refusal(trust_policy, caller, trust))
    allows = [
        match.make_finding("source", "allow", match.location)
        for match in select_applicable(source.identity, "Allow")[:1]
    ]
    if trusted:
        allows.append(trusted.make_finding("destination", "allow", trusted.location))
    findings = (*denials, *refusals, *allows)
    if denials:
        return Decision(False, denials[0].half, denials[0].text, findings)
    if refusals:
        reason = "; and ".join(finding.text for finding in refusals)
        return Decision(False, refusals[0].half, reason, findings)
    reason = f"allowed by {' and '.join(finding.text for finding in allows)}"
    return Decision(True, None, reason, findings)


def decide_by_trust(caller: OutsideCaller, request: Request, trust_policy: Policy) -> Decision:
    """Decide a request of a caller without policies: the role's trust policy alone must allow it.

    - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html
    - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

    Raises:
        ValueError: For a policy that AWS would not have saved.
    """
    context = {"aws:resourceaccount": request.resource.split(":")[4], **request.own_context}
    trust = match_statements(trust_policy, caller, request, context, is_trust=True)
    if denials := _find_denials("destination", trust):
        return Decision(False, "destination", denials[0].text, tuple(denials))
    if allowing := select_applicable(trust, "Allow"):
        allow = allowing[0].make_finding("destination", "allow", allowing[0].location)
        return Decision(True, None, f"allowed by {allow.text}", (allow,))
    if closest := find_closest_allow(trust, matched_elements=1):
        finding = closest.make_finding("destination", "trust", str(closest))
    else:
        text = f"the {trust_policy.name} names no principal that is {caller.arn}"
        finding = Finding("destination", "trust", text, trust_policy.name, element="principal")
    return Decision(False, "destination", finding.text, (finding,))


def _find_refusal_of_any_policy(caller: Caller, request: Request) -> Finding | None:
    if caller.kind == "Account":
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        reason = f"{caller.arn} is a root user, and none can assume a role"
        return Finding("source", "root_user", reason)
    if request.resource.split(":")[1] != caller.partition:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_compare-resource-policies.html
        reason = f"{request.resource} is in another partition than {caller.arn}"
        return Finding("destination", "partition", reason)
    return None


def _match_source(caller: Caller, request: Request, context: ContextKeys) -> _SourceMatches:
    boundary = (caller.permissions_boundary,) if caller.permissions_boundary else ()
    identity, limits, session = (
        [
            match
            for policy in policies
            for match in match_statements(policy, caller, request, context, is_trust=False)
        ]
        for policies in (caller.identity_policies, boundary, caller.session_policies)
    )
    return _SourceMatches(identity, limits, session)


def _find_denials(half: AccountSide, matches: list[StatementMatch]) -> list[Finding]:
    return [
        match.make_finding(half, "deny", f"explicit deny in {match.location}")
        for match in select_applicable(matches, "Deny")
    ]


def _find_source_refusals(
    caller: Caller, request: Request, trusted: StatementMatch | None, source: _SourceMatches
) -> list[Finding]:
    """Return why the caller's own policies don't allow, as far as they matter."""
    if request.resource.split(":")[4] != caller.account:
        trust = PrincipalMatch.ACCOUNT  # across accounts, the caller's policies must always allow
    else:
        trust = trusted.principal if trusted else PrincipalMatch.CALLER
    what = f"{request.action} on {request.resource}"
    refusals: list[Finding] = []
    if trust is PrincipalMatch.ACCOUNT:
        text = f"no identity policy of {caller.arn} allows {what}"
        refusals += _require_allow("identity", text, source.identity)
    if trust is not PrincipalMatch.CALLER and (boundary := caller.permissions_boundary):
        name = f"the permissions boundary of {caller.arn}, {boundary.name},"
        refusals += _require_allow("boundary", f"{name} does not allow {what}", source.boundary)
    if trust is not PrincipalMatch.CALLER and caller.session_policies:
        text = f"no session policy of {caller.arn} allows {what}"
        refusals += _require_allow("session", text, source.session)
    return refusals


def _require_allow(kind: FindingKind, text: str, matches: list[StatementMatch]) -> list[Finding]:
    """Return the text and the statement closest to an allow, unless one of them allows."""
    if select_applicable(matches, "Allow"):
        return []
    if closest := find_closest_allow(matches, matched_elements=2):
        return [closest.make_finding("source", kind, f"{text} ({closest})")]
    return [Finding("source", kind, text)]


def _find_trust_refusal(policy: Policy, caller: Caller, matches: list[StatementMatch]) -> Finding:
    if closest := find_closest_allow(matches, matched_elements=1):
        return closest.make_finding("destination", "trust", str(closest))
    text = f"the {policy.name} names no principal that is {caller.arn}"
    names = {
        name
        for statement in list_statements(policy.document)
        for name in list_principals(statement.get("Principal"))
    }
    ids = tuple(sorted(name for name in names if name.startswith(("AIDA", "AROA"))))
    if ids:
        text += (
            f": it names {', '.join(ids)} by unique ID. A user or role that is deleted and "
            f"re-created gets a new one, here {caller.unique_id}"
        )
    return Finding("destination", "trust", text, policy.name, element="principal", dead_ids=ids)
