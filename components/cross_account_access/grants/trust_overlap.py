"""Principals that get in by another one's statement too, and so past what narrows them down.

A trust policy can't name a group, only its whole account: a user beside the group in the same grant
has the right to assume the role, and would need none of its own conditions. Of a role session the
role has the right, and so all its sessions.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import permutations
from typing import Any

from cross_account_access.errors import Key, Refusal
from cross_account_access.iam import limits
from cross_account_access.iam.operators import Operator
from cross_account_access.iam.policy_document import to_list
from cross_account_access.iam.policy_patterns import escape_brackets

from .condition_values import Block, merge_blocks
from .conditions import SET_CONTEXT, SET_SOURCE_IDENTITY, TAG_SESSION, ConditionsModel
from .model import Unresolved
from .principal_kinds import MANY_ROLES, TRAITS
from .principals import PrincipalModel
from .role_patterns import can_match_alike, matches_all_of
from .trust import get_effective_conditions

_TAG_BOUNDS = ("aws:TagKeys", "sts:TransitiveTagKeys")


def check_overlaps(
    principals: Sequence[PrincipalModel], conditions: ConditionsModel | None
) -> None:
    """Check that no statement of the trust policy lets in more than another one narrows down to.

    Args:
        principals: A grant's principals. Conditions that are unresolved are passed over.
        conditions: The grant's conditions.

    Raises:
        Refusal: If a principal's statement lets another one in, without all of its conditions, or
            with all sessions of a role of which one is named.

    Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    effective = [get_effective_conditions(principal, conditions) for principal in principals]
    for position, other in permutations(range(len(principals)), 2):
        own, others = effective[position], effective[other]
        if not covers(principals[position], principals[other]):
            continue
        if own and own.needs_mfa and not _may_have_mfa(principals[other]):
            continue
        _check_session(principals[position], principals[other], other)
        _check_allowed(principals[position], own, principals[other], others, position)
        required = _build_required(others, own)
        if missing := list_missing(_build_block(principals[position], own), required):
            wide, narrow = (_describe(principals[one]) for one in (position, other))
            raise Refusal(
                "must have every condition of the principals that the trust in it lets in too; it "
                f"lacks {', '.join(missing)}",
                code="conditions-bypassed",
                # The names stand here, for a remedy is left out where they are secret.
                remedy=f"The trust in {wide} lets {narrow} in: give both the same conditions, or "
                f"{narrow} a grant of its own",
                where=(Key("principals"), position),
                value=principals[position].display_name,
            )


def _check_allowed(
    principal: PrincipalModel,
    own: ConditionsModel | None,
    other: PrincipalModel,
    others: ConditionsModel | None,
    position: int,
) -> None:
    """Refuse a principal whose statement allows another one to set what its own doesn't."""
    actions = others.actions if others else ()
    for action, allows in (
        (SET_CONTEXT, own and own.allow_identity_context),
        (SET_SOURCE_IDENTITY, own and own.allow_source_identity),
        (TAG_SESSION, own and own.allow_session_tags),
    ):
        if allows and action not in actions:
            raise Refusal(
                f"must not allow {action} to principals that the trust in it lets in too and whose "
                "own conditions don't allow it",
                code="allowance-widened",
                remedy=f"The trust in {_describe(principal)} lets {_describe(other)} in: give both "
                f"the same conditions, or {_describe(other)} a grant of its own",
                where=(Key("principals"), position),
                value=principal.display_name,
            )


def _check_session(principal: PrincipalModel, session: PrincipalModel, position: int) -> None:
    """Refuse a session that is covered by trust in more than its role."""
    if session.kind != "session" or principal.kind == "role":
        return
    raise Refusal(
        "a session must have a grant of its own where a group, roles by a pattern or path that its "
        "role may match, or its whole account or organization, is trusted too: all sessions of its "
        "role would get in",
        code="session-bypassed",
        remedy=f"The trust in {_describe(principal)} lets them in: move {_describe(session)} to "
        "another grant, or name its role in its place",
        where=(Key("principals"), position),
        value=session.display_name,
    )


def covers(principal: PrincipalModel, other: PrincipalModel) -> bool:
    """Whether the trust in a principal also names callers of another principal.

    Whoever is named more narrowly may have fewer conditions: a user beside its account. But a role
    and its session cover each other, for whoever assumes a role chooses the session's name.
    """
    whole = principal.kind in ("organization", "organizational_unit")
    if principal.source != other.source and not whole:
        return False
    match principal.kind:
        case "group" | "account":
            return other.kind not in ("organization", "organizational_unit")
        case "organization" | "organizational_unit":
            if other.kind in ("organization", "organizational_unit"):
                own, others = (f"{str(one.identity).rstrip('/')}/" for one in (principal, other))
                return others.startswith(own)
            return True  # nobody knows which organization the source account is in
        case "role" | "session":
            role = _get_role_name(principal)
            return principal.kind != other.kind and role == _get_role_name(other) is not None
        case "role_pattern" | "path":
            return _matches_role_of(principal, other)
        case _:
            return False


def _matches_role_of(principal: PrincipalModel, other: PrincipalModel) -> bool:
    """Whether a pattern matches a role of another principal, and isn't the wider of two patterns.

    Of two that only overlap, each lets in callers of the other.
    """
    (own,), others = principal.matching_roles, other.matching_roles
    if not any(can_match_alike(own, one) for one in others):
        return False
    if other.kind not in MANY_ROLES:
        return True
    return matches_all_of(own, others[0]) or not matches_all_of(others[0], own)


def list_missing(block: Block, required: Block) -> list[str]:
    """The conditions, by their keys, that one block requires and another doesn't."""
    own = {(name, key.lower()): values for name, key, values in _list_conditions(block)}
    missing = set()
    for name, key, values in _list_conditions(required):
        having = own.get((name, key.lower())) or _get_alike(own, name, key.lower())
        if having is None or not _is_as_strict(Operator.parse(name), having, values):
            missing.add(key)
    return sorted(missing)


def _build_required(conditions: ConditionsModel | None, wider: ConditionsModel | None) -> Block:
    """Build what a wider statement must require, so that it opens no more than this one.

    What bounds tags or contexts is no matter where the wider one allows none at all: each of a
    call's actions needs a statement that allows it.
    """
    if conditions is None:
        return {}
    # Whoever allows a context at all bounds it so.
    bounds = {("ForAllValues:ArnEquals", "sts:RequestContextProviders")}
    if not conditions.session_tags and TAG_SESSION not in (wider.actions if wider else ()):
        bounds |= {("ForAllValues:StringEquals", key) for key in _TAG_BOUNDS}
    return {
        operator: {key: value for key, value in keys.items() if (operator, key) not in bounds}
        for operator, keys in conditions.build_block().items()
    }


def _list_conditions(block: Block) -> Iterator[tuple[str, str, list[Any]]]:
    for name, keys in block.items():
        for key, values in keys.items():
            yield name, key, to_list(values)


def _get_alike(own: Mapping[tuple[str, str], list[Any]], name: str, key: str) -> list[Any] | None:
    """Get a key's values under the other one of StringEquals and StringLike, which compare alike.

    Which of them a tag has depends on its values: a pattern among them makes it StringLike.
    """
    if name == "StringLike":
        return own.get(("StringEquals", key))
    patterns = own.get(("StringLike", key)) if name == "StringEquals" else None
    texts = [value for value in patterns or () if isinstance(value, str)]
    return None if any(map(limits.has_wildcard, texts)) else patterns


def _is_as_strict(operator: Operator, values: list[Any], required: list[Any]) -> bool:
    if any(isinstance(value, Unresolved) for value in (*values, *required)):
        return True  # it is compared again once it is known
    if operator.negated:
        return set(required) <= set(values)
    if operator.name == "StringLike":
        return all(value in required or _fits_any(value, required) for value in values)
    limit = operator.base.removesuffix("Equals")
    if limit.endswith("Than"):
        reaches = Operator.parse(f"{limit}Equals")
        return all(reaches.holds(value, required, None) for value in values)
    return set(values) <= set(required)


def _fits_any(value: str, patterns: list[str]) -> bool:
    """Whether a text without wildcards matches one of the patterns, or all texts do."""
    plain = not limits.has_wildcard(value) and "${" not in value
    return "*" in patterns or (
        plain and any(fnmatchcase(value, escape_brackets(pattern)) for pattern in patterns)
    )


def _build_block(principal: PrincipalModel, conditions: ConditionsModel | None) -> Block:
    """Build what a principal's statement asks for; of an organization that its members are."""
    block = conditions.build_block() if conditions else {}
    if principal.organization is None:
        return block
    return merge_blocks(block, {"StringEquals": {"aws:PrincipalOrgID": principal.organization}})


def _may_have_mfa(principal: PrincipalModel) -> bool:
    """Whether a statement with MFA may let it in; an unknown kind is looked at again later."""
    return principal.kind is not None and TRAITS[principal.kind].mfa != "no"


def _get_role_name(principal: PrincipalModel) -> str | None:
    if principal.session is not None:
        return principal.session.partition("/")[0].lower()
    return principal.entity.name.lower() if principal.entity else None


def _describe(principal: PrincipalModel) -> str:
    return f"{(principal.kind or 'principal').replace('_', ' ')} {principal.display_name}"
