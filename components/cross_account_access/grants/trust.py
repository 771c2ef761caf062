"""The trust policy of a destination role: whom it lets in, under which conditions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cross_account_access.errors import Refusal, locate
from cross_account_access.iam import limits

from . import policies
from .conditions import ASSUME_ROLE, Block, ConditionsModel, merge_blocks
from .model import Unresolved
from .principals import EVERYBODY, PrincipalModel

_DIGEST = 12


def build_trust_policy(
    principals: Sequence[PrincipalModel],
    conditions: ConditionsModel | None,
    partition: str,
    account: str,
) -> str:
    """The trust policy of exactly these principals.

    Principals under the same conditions share a statement, for one each would burst the quota at ten. AWS keeps a
    user or role by its unique id, so that the trust of one that was deleted and made again is dead though its ARN is
    the same: a digest of the known ids in the statement's `Sid` makes that a change, and the update heals it.

    Args:
        principals: Who is trusted, all of them known.
        conditions: The conditions of all; a principal's own stand in their place.
        partition: The source account's partition.
        account: Its ID.

    Raises:
        Refusal: If a principal is of another account, or the document is larger than a trust policy may be.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    statements: dict[str, _Statement] = {}
    for position, principal in enumerate(principals):
        with locate(position):
            named, narrowing = principal.element(partition, account)
            under = get_effective_conditions(principal, conditions)
            asked = _with_placeholders(under.block()) if under else {}
            _check_apart(principal, asked, narrowing)
        # Exact ARNs share a statement; so do those that narrow the account down by the same key.
        wide = named if narrowing or named.endswith(":root") else ""
        actions = under.actions if under else (ASSUME_ROLE,)
        key = json.dumps(
            [wide, [[operator, *keys] for operator, keys in narrowing.items()], actions, asked]
        )
        statement = statements.setdefault(key, _Statement(actions, asked))
        statement.add(principal, named, narrowing)
    document = policies.render_document(
        {
            "Version": policies.VERSION,
            "Statement": [
                statement.render(alone=len(statements) == 1)
                for _, statement in sorted(statements.items())
            ],
        }
    )
    size = limits.count_characters(document)
    if size > limits.TRUST_POLICY_QUOTA:
        raise Refusal(
            f"a trust policy has at most {limits.TRUST_POLICY_QUOTA} characters without white space, this one {size}: "
            f"{len(principals)} principals in {len(statements)} statement{'s' if len(statements) > 1 else ''}",
            remedy="Make two grants of it, each with a role of its own; or give principals the same conditions, so "
            "that they share a statement; or trust a group, whose members are not listed",
        )
    return document


@dataclass
class _Statement:
    actions: tuple[str, ...]
    conditions: Block
    principals: set[str] = field(default_factory=set)
    narrowing: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    unique_ids: set[str] = field(default_factory=set)

    def add(self, principal: PrincipalModel, named: str, narrowing: Block) -> None:
        self.principals.add(named)
        for operator, keys in narrowing.items():
            for key, value in keys.items():
                self.narrowing.setdefault((operator, key), set()).add(value)
        if isinstance(principal.unique_id, str):
            self.unique_ids.add(principal.unique_id)

    def render(self, *, alone: bool) -> dict[str, Any]:
        narrowing: Block = {}
        for (operator, key), values in self.narrowing.items():
            narrowing.setdefault(operator, {})[key] = (
                sorted(values) if len(values) > 1 else next(iter(values))
            )
        block = merge_blocks(self.conditions, narrowing)
        told_apart = sorted(self.unique_ids)
        if not alone:
            told_apart.append(json.dumps([sorted(self.principals), block]))
        digest = sha256("\n".join(told_apart).encode()).hexdigest()[:_DIGEST] if told_apart else ""
        principals = sorted(self.principals)
        statement: dict[str, Any] = {
            "Sid": f"Trust{digest}",
            "Effect": "Allow",
            "Principal": {"AWS": EVERYBODY if principals == [EVERYBODY] else principals},
            "Action": self.actions[0] if len(self.actions) == 1 else list(self.actions),
        }
        return statement | ({"Condition": block} if block else {})


def _check_apart(principal: PrincipalModel, asked: Block, narrowing: Block) -> None:
    try:
        merge_blocks(asked, narrowing)
    except Refusal as refusal:
        remedy = "The principal itself says it: leave it out of the conditions"
        raise Refusal(
            refusal.rule, code=refusal.code, value=principal.display_name, remedy=remedy
        ) from None


def get_effective_conditions(
    principal: PrincipalModel, conditions: ConditionsModel | None
) -> ConditionsModel | None:
    """The conditions that hold for one principal of a grant."""
    return conditions.merged(principal.conditions) if conditions else principal.conditions


def get_allowed_actions(
    principal: PrincipalModel, conditions: ConditionsModel | None
) -> tuple[str, ...]:
    """The actions that both sides allow to one principal of a grant."""
    under = get_effective_conditions(principal, conditions)
    return under.actions if under else (ASSUME_ROLE,)


def _with_placeholders(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_placeholders(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_placeholders(inner) for inner in value]
    return "" if isinstance(value, Unresolved) else value
