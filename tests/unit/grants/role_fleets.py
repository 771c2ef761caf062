"""Fleets of accounts in which a principal may assume roles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st

from cross_account_access.grants.assume_role_grant import RolePlace
from cross_account_access.grants.conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from cross_account_access.grants.packing import pack_roles
from cross_account_access.grants.policies import AssumableRole, PolicyPlan, build_planned_policy

if TYPE_CHECKING:
    from collections.abc import Iterable

Roles = dict[str, AssumableRole]
Actions = tuple[str, ...]

ACTIONS: list[Actions] = [
    (ASSUME_ROLE,),
    (ASSUME_ROLE, TAG_SESSION),
    (ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION),
]
SEEDS = st.integers(0, 10**6)
SOME = settings(max_examples=25, deadline=None)


def id_of(account: str) -> str:
    return f"{900000000000 + int(account.removeprefix('account-')):012}"


@dataclass(frozen=True)
class Fleet:
    """What a principal may assume: by account and name, the actions."""

    granted: dict[tuple[str, str], Actions]

    @cached_property
    def planned(self) -> Roles:
        """The roles as they are planned, whose accounts' IDs nobody knows."""
        return {
            f"{name}@{account}": AssumableRole(
                RolePlace(account, name).longest_arn, actions, account
            )
            for (account, name), actions in self.granted.items()
        }

    @cached_property
    def resolved(self) -> Roles:
        """The same with their ARNs."""
        return {
            f"{name}@{account}": AssumableRole(arn_of(account, name), actions)
            for (account, name), actions in self.granted.items()
        }

    def plan(self, most: int = 10) -> list[PolicyPlan]:
        """The plan, which is made once: it takes most of the tests' time."""
        if most not in self._plans:
            self._plans[most] = pack_roles(self.planned, most)
        return self._plans[most]

    @cached_property
    def _plans(self) -> dict[int, list[PolicyPlan]]:
        return {}

    def documents(self, most: int = 10) -> list[str]:
        resolved = self.resolved
        return [build_planned_policy(plan, resolved) for plan in self.plan(most)]

    def __or__(self, other: Fleet) -> Fleet:
        return Fleet(self.granted | other.granted)


def arn_of(account: str, name: str, partition: str = "aws") -> str:
    return f"arn:{partition}:iam::{id_of(account)}:role{name}"


def regular(accounts: Iterable[int], names: int, width: int = 12) -> Fleet:
    """The same roles in each account."""
    return Fleet(
        {
            (f"account-{account}", f"/team/{'r' * width}{name}"): ACTIONS[0]
            for account in accounts
            for name in range(names)
        }
    )


def irregular(accounts: int, names: int, density: float, kinds: int, seed: int) -> Fleet:
    """Each role in accounts of its own choice; what is allowed on it differs, too."""
    random = Random(f"{accounts} {names} {density} {kinds} {seed}")  # noqa: S311 - not for secrets
    return Fleet(
        {
            (f"account-{account}", f"{random.choice(['/', '/team/'])}role-{name}"): random.choice(
                ACTIONS[:kinds]
            )
            for account in random.sample(range(10**6), accounts)
            for name in range(names)
            if random.random() < density
        }
        or {("account-1", "/role"): ACTIONS[0]}
    )


def longest(accounts: int, names: int) -> Fleet:
    """Roles with the longest names, on which everything is allowed."""
    return Fleet(
        {
            (f"account-{account}", f"/{f'{name:02}'.ljust(64, 'x')}"): ACTIONS[2]
            for account in range(accounts)
            for name in range(names)
        }
    )
