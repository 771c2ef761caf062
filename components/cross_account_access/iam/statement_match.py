"""How far each statement of a policy applies to a request."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Any

from .findings import AccountSide, Finding, FindingKind, StatementElement
from .operators import Operator, UnmetCondition, find_unmet_conditions
from .policy_document import list_conditions, list_principals, list_statements, list_values
from .policy_grammar import VERSION
from .policy_patterns import NAMED_SERVICE, ContextKeys, Variables, escape_brackets, match_resource
from .request import Caller, OutsideCaller, Policy, Request

# In the order in which they are compared.
_ELEMENTS: tuple[StatementElement, ...] = ("principal", "action", "resource", "condition")


class PrincipalMatch(IntEnum):
    """How closely a trust policy's statement names the caller.

    Inside one account this decides which of the caller's own policies still matter:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    """

    NOBODY = 0
    ACCOUNT = 1  # the account's own policies decide who in it
    ROLE = 2  # the role of the caller's session: its boundary and session policies still limit it
    CALLER = 3  # the user or session itself, or everyone: granted directly


@dataclass(frozen=True)
class StatementMatch:
    """How far one statement applies to a request."""

    policy: str
    number: int
    effect: str
    principal: PrincipalMatch
    matched_elements: int
    """How many of principal, action, resource and condition match before the first that doesn't."""
    mismatches: tuple[str | UnmetCondition, ...]
    """Why that one doesn't; nothing if the statement applies."""
    condition_keys: tuple[str, ...]

    @property
    def location(self) -> str:
        """Which statement of which policy it is, for a person."""
        return _name_statement(self.policy, self.number)

    @property
    def applies(self) -> bool:
        """Whether all elements match."""
        return not self.mismatches

    @property
    def closeness(self) -> tuple[int, int]:
        """How near it comes to applying, to be compared."""
        return self.matched_elements, -len(self.mismatches)

    def __str__(self) -> str:
        return f"{self.location}: {'; '.join(map(str, self.mismatches))}"

    def make_finding(self, half: AccountSide, kind: FindingKind, text: str) -> Finding:
        """Return the finding that rests on this statement."""
        finding = Finding(half, kind, text, self.policy, self.number)
        if kind == "deny":
            return replace(finding, condition_keys=self.condition_keys)
        if self.applies:
            return finding
        unmet = tuple(item for item in self.mismatches if isinstance(item, UnmetCondition))
        return replace(finding, element=_ELEMENTS[self.matched_elements], unmet=unmet)


def match_statements(
    policy: Policy,
    caller: Caller | OutsideCaller,
    request: Request,
    context: ContextKeys,
    *,
    is_trust: bool,
) -> list[StatementMatch]:
    """Match every statement of a policy; ValueError for one that AWS would not have saved."""
    variables = context if policy.document.get("Version") == VERSION else None
    matches: list[StatementMatch] = []
    for number, statement in enumerate(list_statements(policy.document), start=1):
        keys = _check_statement(statement, _name_statement(policy.name, number))
        # An identity policy applies to whom it is attached to.
        principal = match_principal(statement, caller) if is_trust else PrincipalMatch.CALLER
        mismatches: tuple[str | UnmetCondition, ...]
        if principal is PrincipalMatch.NOBODY:
            matched, mismatches = 0, (f"it does not cover {caller.arn}",)
        else:
            matched, mismatches = _match_elements(
                statement, request, context, variables, is_trust=is_trust
            )
        effect = statement["Effect"]
        matches.append(
            StatementMatch(policy.name, number, effect, principal, matched, mismatches, keys)
        )
    return matches


def _check_statement(statement: Mapping[str, Any], location: str) -> tuple[str, ...]:
    """Refuse a statement that isn't IAM's, whoever calls, and return its condition keys."""
    effect = statement.get("Effect")
    if effect not in {"Allow", "Deny"}:
        raise ValueError(f"{location}: Effect must be Allow or Deny, not {effect!r}")
    conditions = list_conditions(statement.get("Condition", {}))
    for condition in conditions:
        Operator.parse(condition.operator)
    return tuple(condition.key for condition in conditions)


def select_applicable(matches: Iterable[StatementMatch], effect: str) -> list[StatementMatch]:
    """Return the statements with that effect that apply to the request."""
    return [match for match in matches if match.effect == effect and match.applies]


def find_closest_allow(
    matches: Iterable[StatementMatch], *, matched_elements: int
) -> StatementMatch | None:
    """Return the Allow statement that comes nearest to applying, if that many elements match."""
    close = (
        match
        for match in matches
        if match.effect == "Allow" and match.matched_elements >= matched_elements
    )
    return max(close, key=lambda match: match.closeness, default=None)


def match_principal(statement: Mapping[str, Any], caller: Caller | OutsideCaller) -> PrincipalMatch:
    """Return how closely a trust policy's statement names the caller.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    if isinstance(caller, OutsideCaller):
        return _match_outside_caller(statement, caller)
    if "Principal" in statement:
        return _match_names(statement["Principal"], caller)
    if "NotPrincipal" not in statement:
        return PrincipalMatch.NOBODY
    # IAM saves no trust policy with NotPrincipal, so this leans to refusing, as its page does: a
    # deny spares only a user or session named itself, and none that has a permissions boundary.
    excepted = _match_names(statement["NotPrincipal"], caller)
    if statement["Effect"] == "Deny":
        spared = excepted is PrincipalMatch.CALLER and not caller.permissions_boundary
    else:
        spared = excepted is not PrincipalMatch.NOBODY
    return PrincipalMatch.NOBODY if spared else PrincipalMatch.CALLER


def _match_outside_caller(statement: Mapping[str, Any], caller: OutsideCaller) -> PrincipalMatch:
    principal = statement.get("Principal")
    # That everyone is let in, without a name, isn't documented, so this leans to refusing.
    is_denied = statement["Effect"] == "Deny" and "*" in list_principals(principal)
    is_named = caller.arn in list_principals(principal, caller.kind)
    return PrincipalMatch.CALLER if is_named or is_denied else PrincipalMatch.NOBODY


def _match_names(principal: Any, caller: Caller) -> PrincipalMatch:
    matches = (_match_name(name, caller) for name in list_principals(principal))
    return max(matches, default=PrincipalMatch.NOBODY)


def _match_name(name: str, caller: Caller) -> PrincipalMatch:
    # No wildcard but the lone * means anything here, and a group is no principal, so plain
    # equality is all there is. A unique ID is what is left of a deleted user's or role's ARN.
    if name in {"*", caller.arn, caller.unique_id}:
        return PrincipalMatch.CALLER
    if name in {caller.principal_arn, caller.unique_id.partition(":")[0]}:
        return PrincipalMatch.ROLE
    if name in {caller.account, f"arn:{caller.partition}:iam::{caller.account}:root"}:
        return PrincipalMatch.ACCOUNT
    return PrincipalMatch.NOBODY


def _match_elements(
    statement: Mapping[str, Any],
    request: Request,
    context: ContextKeys,
    variables: Variables,
    *,
    is_trust: bool,
) -> tuple[int, tuple[str | UnmetCondition, ...]]:
    def match_action(text: str) -> bool:
        return fnmatchcase(request.action.lower(), escape_brackets(text).lower())

    def match_role(text: str) -> bool:
        return match_resource(text, request.resource, variables)

    if not _match_element(statement, "Action", match_action):
        return 1, (f"it does not cover {request.action}",)
    # A trust policy has no Resource: it is attached to its role.
    if not _match_element(statement, "Resource", match_role, if_absent=is_trust):
        return 2, (f"it does not cover {request.resource}",)
    unmet = find_unmet_conditions(statement.get("Condition", {}), context, variables)
    return 3, tuple(unmet)


def _match_element(
    statement: Mapping[str, Any],
    element: str,
    match: Callable[[str], bool],
    *,
    if_absent: bool = False,
) -> bool:
    for key, must_match in ((element, True), (f"Not{element}", False)):
        if key not in statement:
            continue
        texts = list_values(statement[key])
        if not all(text == "*" or NAMED_SERVICE[element].fullmatch(text) for text in texts):
            # IAM saves no such statement, so this leans to refusing.
            return bool(statement["Effect"] == "Deny")
        return any(map(match, texts)) is must_match
    return if_absent


def _name_statement(policy: str, number: int) -> str:
    return f"{policy}, statement {number}"
