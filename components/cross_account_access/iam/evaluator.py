"""Decide sts:AssumeRole, and what may go with it, as AWS does.

`decide` takes who calls, what is called and the role's trust policy, all as plain data, and says
whether AWS would allow it, which half refuses and why. The logic is that of the IAM User Guide:

- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
- https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

Service and resource control policies of an organization are not part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Any

from .findings import ELEMENTS, AccountSide, Finding, Kind
from .operators import (
    Context,
    Operator,
    Unmet,
    Variables,
    as_list,
    escape_brackets,
    find_unmet,
    match_resource,
)

_KINDS = {"user": "User", "assumed-role": "AssumedRole", "root": "Account"}
_WITH_VARIABLES = "2012-10-17"  # the version of the policy language that has policy variables


@dataclass(frozen=True)
class Policy:
    """A policy document and what to call it."""

    name: str
    """For messages: "inline policy NAME", "managed policy ARN", "trust policy"."""
    document: Mapping[str, Any]
    """The parsed JSON."""


@dataclass(frozen=True)
class Caller:
    """Whoever makes the request: an IAM user, a role's session or an account's root user."""

    arn: str
    """As get-caller-identity says it: arn:aws:iam::1…:user/x, arn:aws:iam::1…:root, or
    arn:aws:sts::1…:assumed-role/ROLE/SESSION."""
    unique_id: str
    """AIDA… of a user, AROA…:SESSION of a role's session, the account's id of the root user."""
    principal_arn: str
    """aws:PrincipalArn: the user's or root's ARN, and for a session its role's, with the path."""
    identity_policies: tuple[Policy, ...] = ()
    """All that are attached to the user or the role, and to the user's groups."""
    permissions_boundary: Policy | None = None
    session_policies: tuple[Policy, ...] = ()

    @property
    def account(self) -> str:
        """The 12 digits of the account that the caller belongs to."""
        return self.arn.split(":")[4]

    @property
    def kind(self) -> str:
        """aws:PrincipalType; ValueError for an ARN that belongs to none of the three kinds."""
        resource = self.arn.split(":", 5)[5]
        kind = _KINDS.get(resource.partition("/")[0])
        if kind is None:
            raise ValueError(f"{self.arn} is no user, no role's session and no root user")
        return kind


@dataclass(frozen=True)
class Request:
    """One action on one role."""

    action: str
    """sts:AssumeRole, sts:TagSession or sts:SetSourceIdentity: a call that passes session tags or a
    source identity is decided once for each."""
    resource: str
    """The role's ARN."""
    context: Mapping[str, str | tuple[str, ...]]
    """Condition keys, a tuple for a multivalued one; one that isn't there is absent. What follows
    from the caller (aws:PrincipalArn, aws:username and their like) is filled in where absent."""


@dataclass(frozen=True)
class Decision:
    """AWS's answer."""

    allowed: bool
    half: AccountSide | None
    """Which half refuses: the caller's policies or the role's trust. None if allowed. Where both
    do, it is the source, and the reason tells of both."""
    reason: str
    """In plain words, for a person. It never holds an external ID."""
    findings: tuple[Finding, ...] = field(default=(), compare=False)
    """All that allows and refuses in both halves, also what the answer no longer depends on. A half without a refusing
    one allows."""


class _PrincipalMatch(IntEnum):
    """How closely a trust policy's statement names the caller.

    Inside one account this decides which of the caller's own policies still matter:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    """

    NOBODY = 0
    ACCOUNT = 1  # the account's own policies decide who in it
    ROLE = 2  # the role of the caller's session: its boundary and session policies still limit it
    CALLER = 3  # the user or session itself, or everyone: granted directly


@dataclass(frozen=True)
class _Match:
    """How far one statement applies to a request."""

    policy: str
    number: int
    effect: str
    reach: _PrincipalMatch
    steps: int
    """Of the elements principal, action, resource and condition: how many match, in this order."""
    unmatched: tuple[str | Unmet, ...]
    """Why the first of the others doesn't; nothing if the statement applies."""
    condition_keys: tuple[str, ...]

    @property
    def where(self) -> str:
        return _where(self.policy, self.number)

    @property
    def applies(self) -> bool:
        return not self.unmatched

    @property
    def nearness(self) -> tuple[int, int]:
        return self.steps, -len(self.unmatched)

    def __str__(self) -> str:
        return f"{self.where}: {'; '.join(map(str, self.unmatched))}"

    def finding(self, half: AccountSide, kind: Kind, text: str) -> Finding:
        found = Finding(half, kind, text, self.policy, self.number)
        if kind == "deny":
            return replace(found, condition_keys=self.condition_keys)
        if self.applies:
            return found
        conditions = tuple(item for item in self.unmatched if isinstance(item, Unmet))
        return replace(found, element=ELEMENTS[self.steps], unmet=conditions)


def _where(policy: str, number: int) -> str:
    return f"{policy}, statement {number}"


def decide(caller: Caller, request: Request, trust_policy: Policy) -> Decision:
    """Decide a request as AWS does; ValueError for a policy that AWS would not have saved.

    An explicit deny anywhere wins. Across accounts the caller's policies and the role's trust must
    both allow. Inside one account the trust alone suffices where it names the caller, and where it
    names the account the caller's policies must allow too. A trust that doesn't allow is never
    made up for: unlike other resources, a role must be opened by its own policy.
    """
    if barred := _barred(caller, request):
        return barred
    context = _context(caller, request)
    boundary = [caller.permissions_boundary] if caller.permissions_boundary else []
    identity, limit, session = (
        [match for policy in policies for match in _matches(policy, caller, request, context)]
        for policies in (caller.identity_policies, boundary, caller.session_policies)
    )
    trust = _matches(trust_policy, caller, request, context, trust=True)
    own = _applying([*identity, *limit, *session], "Deny")
    denials = [match.finding("source", "deny", _denied(match)) for match in own]
    denials += [
        match.finding("destination", "deny", _denied(match)) for match in _applying(trust, "Deny")
    ]

    grant = max(_applying(trust, "Allow"), key=lambda match: match.reach, default=None)
    if request.resource.split(":")[4] != caller.account:
        asked = (
            _PrincipalMatch.ACCOUNT
        )  # across accounts, the caller's own policies always have a say
    else:
        asked = grant.reach if grant else _PrincipalMatch.CALLER
    refusals = _source_refusals(caller, request, asked, (identity, limit, session))
    if not grant:
        refusals.append(_untrusted(trust_policy, caller, trust))
    allows = [
        match.finding("source", "allow", match.where) for match in _applying(identity, "Allow")[:1]
    ]
    allows += [grant.finding("destination", "allow", grant.where)] if grant else []
    findings = (*denials, *refusals, *allows)
    if denials:
        return Decision(False, denials[0].half, denials[0].text, findings)
    if refusals:
        return Decision(
            False, refusals[0].half, "; and ".join(finding.text for finding in refusals), findings
        )
    return Decision(
        True, None, f"allowed by {' and '.join(finding.text for finding in allows)}", findings
    )


def _denied(match: _Match) -> str:
    return f"explicit deny in {match.where}"


def _barred(caller: Caller, request: Request) -> Decision | None:
    """Return the answer where no policy has a say."""
    if caller.kind == "Account":
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        reason = f"{caller.arn} is a root user, and none can assume a role"
        return Decision(False, "source", reason, (Finding("source", "root_user", reason),))
    if request.resource.split(":")[1] != caller.arn.split(":")[1]:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_compare-resource-policies.html
        reason = f"{request.resource} is in another partition than {caller.arn}"
        return Decision(
            False, "destination", reason, (Finding("destination", "partition", reason),)
        )
    return None


def _source_refusals(
    caller: Caller,
    request: Request,
    asked: _PrincipalMatch,
    matches: tuple[list[_Match], list[_Match], list[_Match]],
) -> list[Finding]:
    """Return why the caller's own policies don't allow, as far as the trust's reach asks for them."""
    identity, limit, session = matches
    what = f"{request.action} on {request.resource}"
    refusals: list[Finding] = []
    if asked is _PrincipalMatch.ACCOUNT:
        refusals += _refusal(
            "identity", f"no identity policy of {caller.arn} allows {what}", identity
        )
    if asked is not _PrincipalMatch.CALLER and caller.permissions_boundary:
        name = f"the permissions boundary of {caller.arn}, {caller.permissions_boundary.name},"
        refusals += _refusal("boundary", f"{name} does not allow {what}", limit)
    if asked is not _PrincipalMatch.CALLER and caller.session_policies:
        refusals += _refusal("session", f"no session policy of {caller.arn} allows {what}", session)
    return refusals


def _context(caller: Caller, request: Request) -> Context:
    """Return the request's condition keys in lower case, with those that follow from the caller.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    derived: dict[str, str | tuple[str, ...]] = {
        "aws:principalarn": caller.principal_arn,
        "aws:principalaccount": caller.account,
        "aws:principaltype": caller.kind,
        "aws:userid": caller.unique_id,
    }
    if caller.kind == "User":  # a role's session has no user name
        derived["aws:username"] = caller.arn.rpartition("/")[2]
    return derived | {key.lower(): value for key, value in request.context.items()}


# --- One policy -----------------------------------------------------------------------------------


def _matches(
    policy: Policy, caller: Caller, request: Request, context: Context, *, trust: bool = False
) -> list[_Match]:
    variables = context if policy.document.get("Version") == _WITH_VARIABLES else None
    matches: list[_Match] = []
    for number, statement in enumerate(_statements(policy), start=1):
        effect = statement.get("Effect")
        if effect not in {"Allow", "Deny"}:
            raise ValueError(
                f"{_where(policy.name, number)}: Effect is {effect!r}, not Allow or Deny"
            )
        for operator in statement.get("Condition", {}):
            Operator.named(operator)  # so that a wrong one is found, whoever asks
        # An identity policy speaks of whom it is attached to.
        reach = _reach(statement, caller) if trust else _PrincipalMatch.CALLER
        steps: int
        unmatched: tuple[str | Unmet, ...]
        if reach is _PrincipalMatch.NOBODY:
            steps, unmatched = 0, (f"it does not cover {caller.arn}",)
        else:
            steps, unmatched = _unmatched(statement, request, context, variables, trust=trust)
        keys = tuple(key for keys in statement.get("Condition", {}).values() for key in keys)
        matches.append(_Match(policy.name, number, effect, reach, steps, unmatched, keys))
    return matches


def _statements(policy: Policy) -> list[Mapping[str, Any]]:
    statements = policy.document.get("Statement", [])
    # A single statement may stand without its list.
    return [statements] if isinstance(statements, Mapping) else list(statements)


def _unmatched(
    statement: Mapping[str, Any],
    request: Request,
    context: Context,
    variables: Variables,
    *,
    trust: bool,
) -> tuple[int, tuple[str | Unmet, ...]]:
    def action(text: str) -> bool:
        return fnmatchcase(request.action.lower(), escape_brackets(text).lower())

    def resource(text: str) -> bool:
        return match_resource(text, request.resource, variables)

    if not _covered(statement, "Action", action):
        return 1, (f"it does not cover {request.action}",)
    # A trust policy has no Resource: it stands at its role.
    if not _covered(statement, "Resource", resource, missing=trust):
        return 2, (f"it does not cover {request.resource}",)
    return 3, tuple(find_unmet(statement.get("Condition", {}), context, variables))


def _covered(
    statement: Mapping[str, Any],
    element: str,
    matches: Callable[[str], bool],
    *,
    missing: bool = False,
) -> bool:
    if element in statement:
        return any(map(matches, as_list(statement[element])))
    if f"Not{element}" in statement:
        return not any(map(matches, as_list(statement[f"Not{element}"])))
    return missing


def _applying(matches: Iterable[_Match], effect: str) -> list[_Match]:
    return [match for match in matches if match.effect == effect and match.applies]


# --- Principals -----------------------------------------------------------------------------------


def _reach(statement: Mapping[str, Any], caller: Caller) -> _PrincipalMatch:
    """Say how closely a trust statement names the caller.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    if "Principal" in statement:
        return _closest(statement["Principal"], caller)
    if "NotPrincipal" not in statement:
        return _PrincipalMatch.NOBODY
    # IAM saves no trust policy with NotPrincipal, so this leans to refusing, as its page does: a
    # deny spares only a user or session named itself, and none that has a permissions boundary.
    named = _closest(statement["NotPrincipal"], caller)
    if statement["Effect"] == "Deny":
        spared = named is _PrincipalMatch.CALLER and not caller.permissions_boundary
    else:
        spared = named is not _PrincipalMatch.NOBODY
    return _PrincipalMatch.NOBODY if spared else _PrincipalMatch.CALLER


def _closest(principal: Any, caller: Caller) -> _PrincipalMatch:
    return max((_named(name, caller) for name in _names(principal)), default=_PrincipalMatch.NOBODY)


def _names(principal: Any) -> list[str]:
    # Services and identity providers come by other ways than this caller.
    if isinstance(principal, Mapping):
        return as_list(principal.get("AWS", []))
    return ["*"] if principal == "*" else []


def _named(name: str, caller: Caller) -> _PrincipalMatch:
    # No wildcard but the lone * means anything here, and a group is no principal, so plain
    # equality is all there is. A unique id is what is left of a deleted user's or role's ARN.
    partition = caller.arn.split(":")[1]
    if name in {"*", caller.arn, caller.unique_id}:
        return _PrincipalMatch.CALLER
    if name in {caller.principal_arn, caller.unique_id.partition(":")[0]}:
        return _PrincipalMatch.ROLE
    if name in {caller.account, f"arn:{partition}:iam::{caller.account}:root"}:
        return _PrincipalMatch.ACCOUNT
    return _PrincipalMatch.NOBODY


# --- Reasons --------------------------------------------------------------------------------------


def _nearest(matches: Iterable[_Match], *, steps: int) -> _Match | None:
    """Return the Allow statement that comes nearest to applying, if it gets at least so far."""
    near = [match for match in matches if match.effect == "Allow" and match.steps >= steps]
    return max(near, key=lambda match: match.nearness, default=None)


def _refusal(kind: Kind, text: str, matches: list[_Match]) -> list[Finding]:
    """Return the text, and what comes nearest to an allow, unless one of the statements allows."""
    if _applying(matches, "Allow"):
        return []
    nearest = _nearest(matches, steps=2)
    return [
        nearest.finding("source", kind, f"{text} ({nearest})")
        if nearest
        else Finding("source", kind, text)
    ]


def _untrusted(policy: Policy, caller: Caller, matches: list[_Match]) -> Finding:
    if nearest := _nearest(matches, steps=1):
        return nearest.finding("destination", "trust", str(nearest))
    text = f"the {policy.name} names no principal that is {caller.arn}"
    names = {
        name for statement in _statements(policy) for name in _names(statement.get("Principal"))
    }
    ids = tuple(sorted(name for name in names if name.startswith(("AIDA", "AROA"))))
    if ids:
        text += (
            f": it names {', '.join(ids)} by unique id, and whoever is deleted and made again "
            f"has a new one, here {caller.unique_id}"
        )
    return Finding("destination", "trust", text, policy.name, element="principal", dead_ids=ids)
