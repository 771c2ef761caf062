"""How a principal's roles are distributed over as few policies as hold them.

Always in the same way, so that a role more or less changes few documents.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cross_account_access.errors import Refusal
from cross_account_access.iam import limits

from .policies import (
    QUOTES_AND_COMMA,
    AssumableRole,
    GroupedBy,
    PolicyPlan,
    RoleProduct,
    group_roles,
    render_policy,
)

_Actions = tuple[str, ...]
_Shared = tuple[_Actions, frozenset[str]]


@dataclass(frozen=True)
class _Item:
    """Roles that stay together in one policy.

    Attributes:
        key: What their order of preference among the policies is made from.
        roles: Their names.
        characters: What they take that are written as ARNs.
        products: The others, by what they share with those of another item.
    """

    key: str
    roles: tuple[str, ...]
    characters: int = 0
    products: Mapping[_Shared, RoleProduct] = field(default_factory=dict)


class _Policy:
    """A policy that is being filled."""

    def __init__(self, room: int) -> None:
        self._left = room
        self._products: dict[_Shared, RoleProduct] = {}
        self.items: list[_Item] = []

    def add(self, item: _Item) -> bool:
        """Add the item if there is room for it; return whether there is."""
        needed, merged = item.characters, {}
        for shared, product in item.products.items():
            existing = self._products.get(shared)
            merged[shared] = existing | product if existing else product
            needed += merged[shared].characters - (existing.characters if existing else 0)
        if needed > self._left:
            return False
        self._left -= needed
        self._products |= merged
        self.items.append(item)
        return True


def pack_roles(
    roles: Mapping[str, AssumableRole], most: int = limits.MANAGED_POLICIES_PER_PRINCIPAL
) -> list[PolicyPlan]:
    """Distribute roles over as few policies as hold them.

    The policies have the roles' ARNs wherever that many policies hold these. Otherwise they have
    products of names and accounts: either the roles of an account stay together, or those of a
    name, whichever needs fewer policies.

    A role's name (an account's, a path and name) gives its order of preference among the policies,
    and it goes to the first that has room. So one more or less changes few policies, and moves none
    while one is enough.
    Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998).

    Args:
        roles: The roles by name. In the place of an unknown ARN stands one of its maximum length.
        most: How many policies attach to the principal.

    Returns:
        What is in each policy; a policy may be empty.

    Raises:
        Refusal: If more policies are needed.
    """
    room = _count_room(roles)
    plain = [_write_arn(name, role) for name, role in roles.items()]
    for count in range(1, most + 1):
        if policies := _distribute(plain, count, room):
            return [PolicyPlan(_list_roles(one.items)) for one in policies]
    grouped: dict[GroupedBy, list[_Item]] = {
        "account": _group(roles, "account"),
        "name": _group(roles, "name"),
    }
    for count in range(1, most + 1):
        for by, items in grouped.items():
            if policies := _distribute(items, count, room):
                return [_plan_products(one.items, by) for one in policies]
    raise _refuse(len(roles), most, room, plain, grouped.values())


def _count_room(roles: Mapping[str, AssumableRole]) -> int:
    # Every policy keeps room for a statement of each combination of actions.
    frame = render_policy(AssumableRole("", role.actions) for role in roles.values())
    # The frame has an empty ARN's quotes in each statement, whose last ARN has no comma.
    statements = len({role.actions for role in roles.values()})
    room = limits.MANAGED_POLICY_QUOTA - limits.count_characters(frame)
    return room + statements * QUOTES_AND_COMMA


def _write_arn(name: str, role: AssumableRole) -> _Item:
    return _Item(name, (name,), len(role.arn) + QUOTES_AND_COMMA)


def _group(roles: Mapping[str, AssumableRole], by: GroupedBy) -> list[_Item]:
    """The roles of each account, or of each name; those without a place by themselves."""
    together: dict[str, list[str]] = {}
    items = []
    for name, role in roles.items():
        if role.place is None:
            items.append(_write_arn(name, role))
        else:
            together.setdefault(role.place[0 if by == "account" else 1], []).append(name)
    for key, names in together.items():
        products = group_roles((roles[name] for name in names), by)
        shared = {
            (one.actions, one.names if by == "account" else one.accounts): one for one in products
        }
        # With a space before it, no account's name is also a role's.
        items.append(_Item(f" {key}", tuple(names), products=shared))
    return items


def _distribute(items: list[_Item], count: int, room: int) -> list[_Policy] | None:
    policies = [_Policy(room) for _ in range(count)]
    for item in sorted(items, key=lambda item: _hash_key(item.key, "order")):
        preferred = sorted(range(count), key=lambda policy: _hash_key(item.key, str(policy)))
        if not any(policies[policy].add(item) for policy in preferred):
            return None
    return policies


def _hash_key(key: str, salt: str) -> bytes:
    return sha256(f"{salt}/{key}".encode()).digest()


def _plan_products(items: list[_Item], by: GroupedBy) -> PolicyPlan:
    return PolicyPlan(
        _list_roles([item for item in items if not item.products]),
        _list_roles([item for item in items if item.products]),
        by,
    )


def _list_roles(items: list[_Item]) -> tuple[str, ...]:
    return tuple(sorted(name for item in items for name in item.roles))


def _refuse(
    roles: int, most: int, room: int, plain: list[_Item], grouped: Iterable[list[_Item]]
) -> Refusal:
    compact = min(_count_together(items) for items in grouped)
    needed = sum(item.characters for item in plain)
    shorter = f", and {compact} by names and accounts" if compact < needed else ""
    return Refusal(
        f"{roles} roles must fit in {most} managed policies of {limits.MANAGED_POLICY_QUOTA} "
        f"characters, the most that attach to the principal: their ARNs take {needed} "
        f"characters{shorter}; there is room for {most} × {room}",
        code="too-many-roles",
        remedy="Shorten the roles' names or paths, give roles of many accounts the same name, or "
        "let the principal assume a role that may assume the others",
    )


def _count_together(items: list[_Item]) -> int:
    """What the items would take in one policy without a quota."""
    merged: dict[_Shared, RoleProduct] = {}
    for item in items:
        for shared, product in item.products.items():
            merged[shared] = merged[shared] | product if shared in merged else product
    plain = sum(item.characters for item in items)
    return plain + sum(product.characters for product in merged.values())
