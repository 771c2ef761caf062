"""How a principal's roles are distributed over as few policies as hold them.

Always in the same way, so that a role more or less changes few documents.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Literal, NamedTuple

from cross_account_access.errors import Refusal
from cross_account_access.iam import limits
from cross_account_access.iam.quotas import POLICIES_PER_USER

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


class _Form(NamedTuple):
    """A way to distribute roles that are said by names and accounts."""

    together: Literal["account", "name", "role"]
    """Whose roles stay together in one policy."""
    by: GroupedBy
    near: bool = False
    """Whether those prefer the same policies that share statements."""


# Where several need equally few policies, the first: there an account more changes the fewest.
_FORMS = (
    _Form("account", by="account"),
    _Form("account", by="account", near=True),  # accounts differ in their roles
    _Form("name", by="name"),  # roles of an account are too many for a policy
    _Form("role", by="name", near=True),  # accounts of a name are too many for a policy
)


@dataclass(frozen=True)
class _Item:
    """Roles that stay together in one policy.

    Attributes:
        key: What its turn is made from.
        prefers: What its order of preference among the policies is made from.
        roles: The roles' names.
        characters: What they take that are written as ARNs.
        products: The others, by what they share with those of another item.
    """

    key: str
    prefers: str
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
    roles: Mapping[str, AssumableRole], most: int = POLICIES_PER_USER.default
) -> list[PolicyPlan]:
    """Distribute roles over as few policies as hold them.

    The policies have the roles' ARNs wherever that many policies hold these. Otherwise they have
    products of names and accounts, in the form that needs the fewest policies.

    The name of a role (or of its account) gives its order of preference among the policies, and it
    goes to the first that has room. So one more or less changes few policies, and moves none while
    one is enough.
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
    plain = _Distribution([_write_arn(name, role) for name, role in roles.items()], room)
    for count in range(1, most + 1):
        if policies := plain.distribute(count):
            return [PolicyPlan(_list_roles(one.items)) for one in policies]
    grouped = {form: _Distribution(_group(roles, form), room) for form in _FORMS}
    for count in range(1, most + 1):
        for form, distribution in grouped.items():
            if policies := distribution.distribute(count):
                return [_plan_products(one.items, form.by) for one in policies]
    compact = min(distribution.characters for distribution in grouped.values())
    raise _refuse(len(roles), most, room, plain.characters, compact)


def _count_room(roles: Mapping[str, AssumableRole]) -> int:
    # Every policy keeps room for a statement of each combination of actions.
    frame = render_policy(AssumableRole("", role.actions) for role in roles.values())
    # The frame has an empty ARN's quotes in each statement, whose last ARN has no comma.
    statements = len({role.actions for role in roles.values()})
    room = limits.MANAGED_POLICY_QUOTA - limits.count_characters(frame)
    return room + statements * QUOTES_AND_COMMA


def _write_arn(name: str, role: AssumableRole) -> _Item:
    return _Item(name, name, (name,), len(role.arn) + QUOTES_AND_COMMA)


def _group(roles: Mapping[str, AssumableRole], form: _Form) -> list[_Item]:
    """The roles that stay together; those without a place by themselves."""
    together: dict[str, list[str]] = {}
    items = []
    for name, role in roles.items():
        if role.place is None:
            items.append(_write_arn(name, role))
        else:
            account, anywhere = role.place
            keys = {"account": account, "name": anywhere, "role": f"{account} {anywhere}"}
            together.setdefault(keys[form.together], []).append(name)
    return [*items, *(_build_item(key, names, roles, form) for key, names in together.items())]


def _build_item(
    key: str, names: list[str], roles: Mapping[str, AssumableRole], form: _Form
) -> _Item:
    products = group_roles((roles[name] for name in names), form.by)
    shared = {
        (one.actions, one.accounts if form.together == "name" else one.names): one
        for one in products
    }
    anywhere = " ".join(sorted({name for one in products for name in one.names}))
    return _Item(key, anywhere if form.near else key, tuple(names), products=shared)


class _Distribution:
    """Items that are to be distributed over policies with room for so many characters."""

    def __init__(self, items: list[_Item], room: int) -> None:
        self._items = sorted(items, key=lambda item: _hash_key(item.key, "order"))
        self._room = room

    @cached_property
    def characters(self) -> int:
        """What the items would take in one policy: at least what they take in several."""
        merged: dict[_Shared, RoleProduct] = {}
        for item in self._items:
            for shared, product in item.products.items():
                merged[shared] = merged[shared] | product if shared in merged else product
        plain = sum(item.characters for item in self._items)
        return plain + sum(product.characters for product in merged.values())

    def distribute(self, count: int) -> list[_Policy] | None:
        """Distribute them over so many policies; None if these don't hold them."""
        if self.characters > count * self._room:
            return None
        policies = [_Policy(self._room) for _ in range(count)]
        orders: dict[str, list[int]] = {}
        for item in self._items:
            if item.prefers not in orders:
                orders[item.prefers] = _order_policies(item.prefers, count)
            if not any(policies[policy].add(item) for policy in orders[item.prefers]):
                return None
        return policies


def _order_policies(key: str, count: int) -> list[int]:
    return sorted(range(count), key=lambda policy: _hash_key(key, str(policy)))


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


def _refuse(roles: int, most: int, room: int, plain: int, compact: int) -> Refusal:
    shorter = f", and {compact} by names and accounts" if compact < plain else ""
    return Refusal(
        f"{roles} roles must fit in the managed policies that may attach to the principal, {most} "
        f"of {limits.MANAGED_POLICY_QUOTA} characters: their ARNs take {plain} "
        f"characters{shorter}; there is room for {most} × {room}",
        code="too-many-roles",
        remedy="Shorten the roles' names or paths, give roles of many accounts the same name, or "
        "let the principal assume a role that may assume the others",
    )
