"""The stacks of a fleet: which there are, what each makes, and in which order."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from cross_account_access.grants.fleet_set import FleetSet
from cross_account_access.grants.principals import PrincipalModel

_Edges: TypeAlias = Mapping[str, set[str]]


@dataclass(frozen=True)
class FleetStack:
    """One stack, which makes the part of one account.

    Attributes:
        name: The account's name, which is the stack's.
        account_id: The account's ID; None where the file has none.
        roles: How many roles it makes.
        policies: For how many principals it makes policies.
        wave: The stacks of a wave can be deployed together, after all earlier waves.
    """

    name: str
    account_id: str | None
    roles: int
    policies: int
    wave: int

    @property
    def makes(self) -> str:
        """What it makes, in words."""
        parts = [
            f"{number} {noun if number == 1 else plural}"
            for number, noun, plural in (
                (self.roles, "role", "roles"),
                (self.policies, "principal's policies", "principals' policies"),
            )
            if number
        ]
        return ", ".join(parts)

    def as_json(self) -> dict[str, object]:
        """The stack for `--json`."""
        return {
            "stack": self.name,
            "accountId": self.account_id,
            "wave": self.wave,
            "roles": self.roles,
            "principals": self.policies,
        }


def plan_stacks(fleet: FleetSet) -> list[FleetStack]:
    """The stacks of a fleet, by wave and name: one for each account with a part of a grant."""
    roles = Counter(account for _, account in fleet.roles)
    principals = _collect_principals(fleet)
    accounts = sorted({*roles, *principals})
    waves = _compute_waves(accounts, *_find_dependencies(fleet))
    stacks = [
        FleetStack(
            account,
            fleet.account_ids[account],
            roles[account],
            len(principals[account]),
            waves[account],
        )
        for account in accounts
    ]
    return sorted(stacks, key=lambda stack: (stack.wave, stack.name))


def _collect_principals(fleet: FleetSet) -> Mapping[str, set[str]]:
    """The principals of each account to which policies are attached."""
    principals: dict[str, set[str]] = defaultdict(set)
    for grant in fleet.grants.values():
        for principal in grant.principals:
            if principal.attached and principal.key:
                principals[grant.source_of(principal)].add(principal.key)
    return principals


def _find_dependencies(fleet: FleetSet) -> tuple[_Edges, _Edges]:
    """Which accounts an account's part follows, and which of them it can't do without.

    A policy that names a role follows it. A trust policy can't name a role before there is one,
    which matters where another grant makes a principal's role.
    """
    follows: dict[str, set[str]] = defaultdict(set)
    needs: dict[str, set[str]] = defaultdict(set)
    made = {(account, fleet.grants[name].role_name(name).lower()) for name, account in fleet.roles}
    for name, account in fleet.roles:
        grant = fleet.grants[name]
        for principal in grant.principals:
            source = grant.source_of(principal)
            follows[source].add(account)
            if (source, _get_role_name(principal)) in made:
                needs[account].add(source)
    return follows, needs


def _get_role_name(principal: PrincipalModel) -> str | None:
    entity = principal.entity
    return entity.name.lower() if entity and entity.kind == "role" else None


def _compute_waves(accounts: Iterable[str], follows: _Edges, needs: _Edges) -> dict[str, int]:
    """Number the waves from 1. Accounts that follow one another are ordered by need alone."""
    names = list(accounts)
    both = {name: follows.get(name, set()) | needs.get(name, set()) for name in names}
    reach = _compute_reach(names, both)
    needed = _compute_reach(names, needs)
    waves: dict[str, int] = {}
    # What reaches fewer accounts comes first; those of a cycle reach the same ones.
    for name in sorted(names, key=lambda name: (len(reach[name]), len(needed[name]), name)):
        earlier = [
            waves[other]
            for other in reach[name] - {name}
            if name not in reach[other] or (other in needed[name] and name not in needed[other])
        ]
        waves[name] = max(earlier, default=0) + 1
    return waves


def _compute_reach(names: Iterable[str], edges: _Edges) -> dict[str, set[str]]:
    """Each account, with all that it depends on."""
    reach: dict[str, set[str]] = {}
    for name in names:
        reached, pending = {name}, [name]
        while pending:
            new = edges.get(pending.pop(), set()) - reached
            reached |= new
            pending.extend(new)
        reach[name] = reached
    return reach
