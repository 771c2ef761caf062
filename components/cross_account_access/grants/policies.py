"""The source's policies: what they allow, and how briefly they say it.

The same roles give the same bytes, whatever their order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from cross_account_access.errors import Refusal
from cross_account_access.iam import arns, limits
from cross_account_access.iam.identity_policy import VERSION, render_document

from .conditions import ASSUME_ROLE

QUOTES_AND_COMMA = 3
"""What a string takes in a document beside its own characters."""

_ACCOUNT_ID_LENGTH = 12

GroupedBy = Literal["account", "name"]
"""Which roles a `RoleProduct` brings together: those of accounts that have the same roles, or those
of names that are in the same accounts."""


@dataclass(frozen=True)
class AssumableRole:
    """A role that a principal may assume, as the source's policy allows it.

    Attributes:
        arn: The role's ARN.
        actions: What is allowed on it, `sts:AssumeRole` first.
        account: A key of the role's account while its ID, and so the ARN, isn't known.
    """

    arn: str
    actions: tuple[str, ...] = (ASSUME_ROLE,)
    account: str | None = None

    @cached_property
    def place(self) -> tuple[str, str] | None:
        """Its account, and its ARN with * for that; None where the ARN isn't known."""
        parsed = arns.parse_arn(self.arn)
        if parsed is None:
            return None
        anywhere = arns.IamArn(parsed.partition, "*", parsed.kind, parsed.path, parsed.name)
        return self.account or parsed.account, str(anywhere)


@dataclass(frozen=True)
class RoleProduct:
    """Roles on which the same is allowed: each of some names in each of some accounts.

    One statement says them by their names and their accounts, which is shorter than their ARNs
    where there are many, and means the same: nothing else is at that name in those accounts.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount

    Attributes:
        actions: What is allowed.
        names: The roles' ARNs with * for the account.
        accounts: The accounts' IDs, or keys of them.
    """

    actions: tuple[str, ...]
    names: frozenset[str]
    accounts: frozenset[str]

    def __or__(self, other: "RoleProduct") -> "RoleProduct":
        """Both together, which have the same names or the same accounts."""
        return RoleProduct(self.actions, self.names | other.names, self.accounts | other.accounts)

    @property
    def roles(self) -> list[AssumableRole]:
        """The roles, each by its ARN."""
        return [
            AssumableRole(name.replace("::*:", f"::{account}:", 1), self.actions)
            for name in self.names
            for account in self.accounts
        ]

    @cached_property
    def characters(self) -> int:
        """How many it takes in a document, its statement included where it has one of its own."""
        return min(self._characters)

    @property
    def is_shorter(self) -> bool:
        """Whether it is shorter than its roles' ARNs."""
        plain, compact = self._characters
        return compact < plain

    @property
    def _characters(self) -> tuple[int, int]:
        strings = sum(len(name) + QUOTES_AND_COMMA for name in self.names)
        more = _ACCOUNT_ID_LENGTH - len("*")
        plain = len(self.accounts) * (strings + len(self.names) * more)
        account = _ACCOUNT_ID_LENGTH + QUOTES_AND_COMMA
        return plain, _count_frame(self.actions) + strings + len(self.accounts) * account

    def build_statement(self) -> dict[str, Any]:
        """The statement that says it by names and accounts."""
        condition = {"StringEquals": {"aws:ResourceAccount": sorted(self.accounts)}}
        return {**_allow(self.actions, self.names), "Condition": condition}


@lru_cache
def _count_frame(actions: tuple[str, ...]) -> int:
    return len(render_document(RoleProduct(actions, frozenset(), frozenset()).build_statement()))


def group_roles(roles: Iterable[AssumableRole], by: GroupedBy) -> list[RoleProduct]:
    """Bring roles together in products, each role in one; those without a place are left out."""
    others: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for role in roles:
        if role.place is not None:
            account, name = role.place
            key, other = (account, name) if by == "account" else (name, account)
            others.setdefault((role.actions, key), set()).add(other)
    keys: dict[tuple[tuple[str, ...], frozenset[str]], set[str]] = {}
    for (actions, key), together in others.items():
        keys.setdefault((actions, frozenset(together)), set()).add(key)
    return [
        RoleProduct(actions, shared, frozenset(found))
        if by == "account"
        else RoleProduct(actions, frozenset(found), shared)
        for (actions, shared), found in keys.items()
    ]


@dataclass(frozen=True)
class PolicyPlan:
    """Which roles a policy allows, by the names they have in the plan, and how it says them.

    Attributes:
        arns: The roles whose ARNs it has.
        grouped: Those that it says as products, wherever that is shorter.
        by: What these products bring together.
    """

    arns: tuple[str, ...]
    grouped: tuple[str, ...] = ()
    by: GroupedBy = "account"

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles of the policy."""
        return tuple(sorted((*self.arns, *self.grouped)))


def build_assume_role_policy(roles: Iterable[AssumableRole]) -> str:
    """Build the source's identity policy: assume the roles, set what their conditions require.

    Raises:
        Refusal: If the document is larger than a managed policy may be.
    """
    return _check_size(render_policy(roles))


def build_planned_policy(plan: PolicyPlan, roles: Mapping[str, AssumableRole]) -> str:
    """Build a policy as it was planned, once its roles' ARNs are known.

    Args:
        plan: The plan.
        roles: The roles by the names that they have in the plan.

    Raises:
        Refusal: If the document is larger than a managed policy may be.
    """
    grouped = {roles[name] for name in plan.grouped}
    products = group_roles(grouped, plan.by)
    if {role for product in products for role in product.roles} != grouped:
        raise ValueError("a policy must allow its own roles and no other")
    plain = {role for product in products if not product.is_shorter for role in product.roles}
    return _check_size(
        render_policy(
            plain.union(roles[name] for name in plan.arns),
            [product for product in products if product.is_shorter],
        )
    )


def _check_size(document: str) -> str:
    if (size := limits.count_characters(document)) > limits.MANAGED_POLICY_QUOTA:
        raise Refusal(
            f"a managed policy must have at most {limits.MANAGED_POLICY_QUOTA} characters, white "
            f"space not counted; this one has {size}",
            code="managed-policy-too-long",
        )
    return document


def render_policy(roles: Iterable[AssumableRole], products: Iterable[RoleProduct] = ()) -> str:
    """Render the document, whatever its size: roles by their ARNs, then products."""
    resources: dict[tuple[str, ...], set[str]] = {}
    for role in roles:
        resources.setdefault(role.actions, set()).add(role.arn)
    statements = [_allow(actions, found) for actions, found in sorted(resources.items())]
    statements += sorted((one.build_statement() for one in products), key=render_document)
    return render_document({"Version": VERSION, "Statement": statements})


def _allow(actions: tuple[str, ...], resources: Iterable[str]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": actions[0] if len(actions) == 1 else list(actions),
        "Resource": sorted(resources),
    }
