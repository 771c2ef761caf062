"""The trust policy of a destination role: who may assume it, under which conditions."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.iam import limits
from cross_account_access.iam.identity_policy import VERSION, render_document
from cross_account_access.iam.policy_patterns import escape_brackets
from cross_account_access.iam.quotas import TRUST_POLICY_CHARACTERS, Quota
from cross_account_access.iam.request import ASSUMING_KEYS

from .condition_values import Block, merge_blocks
from .conditions import ASSUME_ROLE, ConditionsModel
from .model import Unresolved
from .principals import EVERYBODY, PrincipalModel, get_reserved_role_pattern

_DIGEST_LENGTH = 12
_Required = tuple[tuple[str, ...], Block]
"""What a statement allows, and under which conditions."""


def build_trust_policy(
    principals: Sequence[PrincipalModel],
    conditions: ConditionsModel | None,
    partition: str,
    account: str,
    own_role: str | None = None,
    quota: Quota = TRUST_POLICY_CHARACTERS.at_maximum,
) -> str:
    """Build the trust policy of exactly these principals.

    Principals under the same conditions share a statement: one each would reach the quota at ten.
    AWS stores a user's or role's unique ID, so the trust in a re-created one is dead: the `Sid` has
    a digest of the known IDs, which changes the document, and an update repairs it.

    Args:
        principals: Who is trusted, all of them known.
        conditions: The conditions of all of them; what a principal's own name replaces these.
        partition: The source account's partition.
        account: Its ID.
        own_role: The role's ARN, where it may assume itself.
        quota: How long the document may be; AWS's maximum where the accounts' limits aren't known.

    Raises:
        Refusal: If a principal is in another account, an exclusion denies one, or the document
            exceeds the quota.

    Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    statements = _trust_itself(own_role, conditions) if own_role else {}
    for position, principal in enumerate(principals):
        required = _list_required(get_effective_conditions(principal, conditions))
        with locate(position):
            element, scope = principal.build_trust_element(partition, account)
            _check_scope(principal.display_name, required[0][1], scope)
        for key, statement in _share_statements(element, scope, required):
            statements.setdefault(key, statement).add(principal, element, scope)
    excluded = _find_excluded(principals, partition, account, own_role)
    return check_size(_render_statements(statements, excluded), len(principals), quota)


def _share_statements(
    element: str, scope: Block, required: Sequence[_Required]
) -> Iterator[tuple[str, "_Statement"]]:
    """A principal's statements, each with a key that is the same for all who share it."""
    # Exact ARNs share a statement, as do those that the same keys scope down.
    shared = element if scope or element.endswith(":root") else ""
    for actions, block in required:
        keys = [[name, *keys] for name, keys in scope.items()]
        yield json.dumps([shared, keys, actions, block]), _Statement(actions, block)


def _list_required(conditions: ConditionsModel | None) -> list[_Required]:
    """List the actions and the conditions of a principal's statements.

    There are two where a condition is on a key that AWS has for sts:AssumeRole alone: under it the
    other actions would be refused. Whoever calls must be allowed all of the call's actions.

    Source:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
    """
    if conditions is None:
        return [((ASSUME_ROLE,), {})]
    block = replace_unresolved(conditions.build_block(), "")
    others = _leave_out(block, ASSUMING_KEYS)
    if len(conditions.actions) == 1 or others == block:
        return [(conditions.actions, block)]
    return [((ASSUME_ROLE,), block), (conditions.actions[1:], others)]


def _leave_out(block: Block, lowered: Collection[str]) -> Block:
    """Leave the conditions on some keys out of a block, also those whose values are variables."""
    kept = {
        operator: {
            key: value
            for key, value in keys.items()
            if key.lower() not in lowered
            and not any(f"${{{name}" in json.dumps(value).lower() for name in lowered)
        }
        for operator, keys in block.items()
    }
    return {operator: keys for operator, keys in kept.items() if keys}


def _trust_itself(role: str, conditions: ConditionsModel | None) -> dict[str, "_Statement"]:
    """Let a role assume itself, under the grant's conditions but for MFA, which it can't carry.

    A role that doesn't exist yet can't be a Principal: its account is one, scoped down to its ARN.
    """
    required = _list_required(conditions.without_mfa() if conditions else None)
    scope: Block = {"ArnLike": {"aws:PrincipalArn": role}}
    _check_scope("the role itself", required[0][1], scope)
    root = f"{role.partition(':role/')[0]}:root"
    statements = dict(_share_statements(root, scope, required))
    for statement in statements.values():
        statement.add(None, root, scope)
    return statements


def build_exclusion_statements(patterns: Collection[str]) -> list[dict[str, Any]]:
    """Build the statement that denies whoever is excluded, if anybody is.

    A deny, not a condition of those who are allowed, keeps them out whichever statement names them.
    A caller's `aws:PrincipalArn` is its user's ARN, or that of its session's role with the path.

    Args:
        patterns: Of `aws:PrincipalArn`.

    Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    if not patterns:
        return []
    return [
        {
            "Sid": "Except",
            "Effect": "Deny",
            "Principal": {"AWS": EVERYBODY},
            "Action": ASSUME_ROLE,
            "Condition": {"ArnLike": {"aws:PrincipalArn": sorted({*patterns})}},
        }
    ]


def _find_excluded(
    principals: Sequence[PrincipalModel], partition: str, account: str, own_role: str | None
) -> list[str]:
    excluded: list[str] = []
    for position, principal in enumerate(principals):
        with locate(position):
            patterns = principal.build_exclusions(partition, account)
        for number, pattern in enumerate(patterns):
            if isinstance(principal.except_[number], Unresolved):
                continue
            with locate(position, Key("except_"), number):
                _check_not_trusted(pattern, principals, partition, account, own_role)
        excluded += patterns
    return excluded


def _check_not_trusted(
    pattern: str,
    principals: Sequence[PrincipalModel],
    partition: str,
    account: str,
    own_role: str | None,
) -> None:
    """Refuse to exclude a principal that the same trust policy names."""
    if own_role and fnmatchcase(own_role, escape_brackets(pattern)):
        raise _refuse_exclusion("the setting by which the role may assume itself")
    for principal in principals:
        if _denies(pattern, principal, partition, account):
            trusted = f"{str(principal.kind).replace('_', ' ')} {principal.display_name}"
            raise _refuse_exclusion(f"{trusted} from the principals")


def _refuse_exclusion(other: str) -> Refusal:
    return Refusal(
        "must not exclude a principal of the same grant, for the trust policy would deny what it "
        "allows",
        code="excluded-principal-trusted",
        remedy=f"Remove it here, or {other}",
    )


def _denies(pattern: str, principal: PrincipalModel, partition: str, account: str) -> bool:
    """Whether a pattern denies a principal that is trusted by its name."""
    account = principal.source or account
    whose, name = pattern.split(":")[4], pattern.rpartition("/")[2]
    if principal.entity and principal.kind != "group":
        arn = principal.entity.build_arn(partition, account)
        return fnmatchcase(arn, escape_brackets(pattern))
    if whose not in ("*", account) or ":user/" in pattern:
        return False
    if principal.session is not None:  # at whatever path its role is
        return name == principal.session.partition("/")[0]
    return principal.permission_set is not None and fnmatchcase(
        name, get_reserved_role_pattern(principal.permission_set)
    )


def _render_statements(statements: Mapping[str, "_Statement"], excluded: Collection[str]) -> str:
    alone = len(statements) == 1
    rendered = [statement.render(alone=alone) for _, statement in sorted(statements.items())]
    rendered += build_exclusion_statements(excluded)
    return render_document({"Version": VERSION, "Statement": rendered})


_MAKE_TWO_GRANTS = (
    "Make two grants, each with a role of its own; give principals the same conditions, so that "
    "they share a statement; or trust a group, which counts once"
)
# Two grants that divide the exclusions would each let in whom the other one excludes.
_EXCLUDE_FEWER = (
    "Exclude fewer, or by names, which are shorter than ARNs; or make two grants that divide the "
    "principals, each with a role of its own and with all exclusions"
)


def check_size(document: str, principals: int, quota: Quota) -> str:
    """Check that a trust policy of so many principals is no longer than it may be.

    Raises:
        Refusal: If it is longer.
    """
    if (size := limits.count_characters(document)) > quota.most:
        effects = [statement["Effect"] for statement in json.loads(document)["Statement"]]
        remedy = _EXCLUDE_FEWER if "Deny" in effects else _MAKE_TWO_GRANTS
        raised = f". {quota.remedy}" if quota.remedy else ""
        raise Refusal(
            f"a trust policy must have at most {quota.most:,} characters, {quota.origin}; this one "
            f"has {size:,}, white space not counted: {principals} "
            f"principal{'s' if principals > 1 else ''} in {len(effects)} "
            f"statement{'s' if len(effects) > 1 else ''}",
            code="trust-policy-too-long",
            remedy=f"{remedy}{raised}",
        )
    return document


@dataclass
class _Statement:
    actions: tuple[str, ...]
    conditions: Block
    principals: set[str] = field(default_factory=set)
    scopes: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    unique_ids: set[str] = field(default_factory=set)

    def add(self, principal: PrincipalModel | None, element: str, scope: Block) -> None:
        self.principals.add(element)
        for operator, keys in scope.items():
            for key, value in keys.items():
                self.scopes.setdefault((operator, key), set()).add(value)
        if principal and isinstance(principal.unique_id, str):
            self.unique_ids.add(principal.unique_id)

    def render(self, *, alone: bool) -> dict[str, Any]:
        scope: Block = {}
        for (operator, key), values in self.scopes.items():
            scope.setdefault(operator, {})[key] = (
                sorted(values) if len(values) > 1 else next(iter(values))
            )
        block = merge_blocks(self.conditions, scope)
        hashed = sorted(self.unique_ids)
        if not alone:
            hashed.append(json.dumps([sorted(self.principals), block]))
        digest = sha256("\n".join(hashed).encode()).hexdigest()[:_DIGEST_LENGTH] if hashed else ""
        principals = sorted(self.principals)
        statement: dict[str, Any] = {
            "Sid": f"Trust{digest}",
            "Effect": "Allow",
            "Principal": {"AWS": EVERYBODY if principals == [EVERYBODY] else principals},
            "Action": self.actions[0] if len(self.actions) == 1 else list(self.actions),
        }
        return statement | ({"Condition": block} if block else {})


def _check_scope(principal: str, block: Block, scope: Block) -> None:
    """Refuse a condition on a key by which the trust policy already scopes the principal down."""
    try:
        merge_blocks(block, scope)
    except Refusal as refusal:
        raise Refusal(
            refusal.rule,
            code="condition-of-principal",
            remedy="Leave it out of the conditions: the principal itself sets it",
            value=principal,
        ) from None


def get_effective_conditions(
    principal: PrincipalModel, conditions: ConditionsModel | None
) -> ConditionsModel | None:
    """Get the conditions of one principal of a grant: the grant's, merged with its own."""
    return conditions.merge(principal.conditions) if conditions else principal.conditions


def get_allowed_actions(
    principal: PrincipalModel, conditions: ConditionsModel | None
) -> tuple[str, ...]:
    """Get the actions that both sides allow to one principal of a grant."""
    effective = get_effective_conditions(principal, conditions)
    return effective.actions if effective else (ASSUME_ROLE,)


def replace_unresolved(value: Any, text: str) -> Any:
    """Put a text in the place of each unknown value."""
    if isinstance(value, dict):
        return {key: replace_unresolved(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [replace_unresolved(inner, text) for inner in value]
    return text if isinstance(value, Unresolved) else value
