"""The trust policy of a destination role: who may assume it, under which conditions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cross_account_access.errors import Refusal, locate
from cross_account_access.iam import limits
from cross_account_access.iam.identity_policy import VERSION, render_document
from cross_account_access.iam.quotas import TRUST_POLICY_CHARACTERS, Quota

from .condition_values import Block
from .conditions import ASSUME_ROLE, ConditionsModel, merge_blocks
from .model import Unresolved
from .principals import EVERYBODY, PrincipalModel

_DIGEST_LENGTH = 12


def build_trust_policy(
    principals: Sequence[PrincipalModel],
    conditions: ConditionsModel | None,
    partition: str,
    account: str,
    quota: Quota = TRUST_POLICY_CHARACTERS.at_maximum,
) -> str:
    """Build the trust policy of exactly these principals.

    Principals under the same conditions share a statement: a statement each would reach the quota
    at ten. AWS stores a user's or role's unique ID, so the trust in a re-created one is dead. The
    `Sid` has a digest of the known IDs: that changes the document, and an update repairs it.

    Args:
        principals: Who is trusted, all of them known.
        conditions: The conditions of all of them; what a principal's own name replaces these.
        partition: The source account's partition.
        account: Its ID.
        quota: How long the document may be; AWS's maximum where the accounts' limits aren't known.

    Raises:
        Refusal: If a principal is in another account, or the document exceeds the quota.

    Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    statements: dict[str, _Statement] = {}
    for position, principal in enumerate(principals):
        with locate(position):
            element, scope = principal.build_trust_element(partition, account)
            effective = get_effective_conditions(principal, conditions)
            block = replace_unresolved(effective.build_block(), "") if effective else {}
            _check_scope(principal, block, scope)
        # Exact ARNs share a statement, as do those that the same keys scope down.
        shared = element if scope or element.endswith(":root") else ""
        actions = effective.actions if effective else (ASSUME_ROLE,)
        key = json.dumps([shared, [[name, *keys] for name, keys in scope.items()], actions, block])
        statements.setdefault(key, _Statement(actions, block)).add(principal, element, scope)
    return check_size(_render_statements(statements), len(principals), quota)


def _render_statements(statements: Mapping[str, "_Statement"]) -> str:
    alone = len(statements) == 1
    rendered = [statement.render(alone=alone) for _, statement in sorted(statements.items())]
    return render_document({"Version": VERSION, "Statement": rendered})


def check_size(document: str, principals: int, quota: Quota) -> str:
    """Check that a trust policy of so many principals is no longer than it may be.

    Raises:
        Refusal: If it is longer.
    """
    if (size := limits.count_characters(document)) > quota.most:
        statements = len(json.loads(document)["Statement"])
        raised = f". {quota.remedy}" if quota.remedy else ""
        raise Refusal(
            f"a trust policy must have at most {quota.most:,} characters, {quota.origin}; this one "
            f"has {size:,}, white space not counted: {principals} principals in {statements} "
            f"statement{'s' if statements > 1 else ''}",
            code="trust-policy-too-long",
            remedy="Make two grants, each with a role of its own; give principals the same "
            "conditions, so that they share a statement; or trust a group, which counts once"
            + raised,
        )
    return document


@dataclass
class _Statement:
    actions: tuple[str, ...]
    conditions: Block
    principals: set[str] = field(default_factory=set)
    scopes: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    unique_ids: set[str] = field(default_factory=set)

    def add(self, principal: PrincipalModel, element: str, scope: Block) -> None:
        self.principals.add(element)
        for operator, keys in scope.items():
            for key, value in keys.items():
                self.scopes.setdefault((operator, key), set()).add(value)
        if isinstance(principal.unique_id, str):
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


def _check_scope(principal: PrincipalModel, block: Block, scope: Block) -> None:
    """Refuse a condition on a key by which the trust policy already scopes the principal down."""
    try:
        merge_blocks(block, scope)
    except Refusal as refusal:
        raise Refusal(
            refusal.rule,
            code="condition-of-principal",
            remedy="Leave it out of the conditions: the principal itself sets it",
            value=principal.display_name,
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
