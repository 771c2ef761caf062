"""Random stacks among many accounts hold in the proof, whichever part of them a stack makes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.commands import account_id, document, fleet, sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.aws.server import Sandbox

NAMES = ("people", "ci", "tools", "production", "staging", "test", "data", "lab")
GROUPS = ("workloads", "internal")
PRINCIPALS: tuple[dict[str, Any], ...] = (
    {"user": "alice"},
    {"user": "bob", "trustBy": "name"},
    {"role": "team/deployer"},
    {"group": "developers"},
    {"session": "runner/build"},
)
CONDITIONS: tuple[dict[str, Any], ...] = (
    {},
    {"externalId": "customer-7f3a"},
    {"sourceIps": ["198.51.100.0/24"]},
    {"sessionNames": ["proof-*"], "sourceIdentities": ["team-*"]},
    {"sessionTags": {"team": ["blue"]}},
)


def draw_grant(random: Random, accounts: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """A grant among some of the accounts; None where it leaves no destination."""
    principals = random.sample(PRINCIPALS, random.randint(1, 3))
    sources = [random.choice(list(accounts)) for _ in principals]
    wide = {
        source
        for principal, source in zip(principals, sources, strict=True)
        if "group" in principal
    }
    if any(
        "session" in principal and source in wide
        for principal, source in zip(principals, sources, strict=True)
    ):
        return None  # it is refused: the trust in the group would let all its role's sessions in
    destinations = set(random.sample(list(accounts), random.randint(1, len(accounts) - 1)))
    named = sorted(destinations)
    if random.random() < 0.5:
        group = random.choice(GROUPS)
        members = {name for name, account in accounts.items() if group in account["groups"]}
        if members:
            destinations |= members
            named.append(group)
    excluded = destinations.intersection(sources)
    if random.random() < 0.5:
        excluded.add(random.choice(sorted(destinations)))
    if destinations == excluded:
        return None
    conditions = random.choice(CONDITIONS)
    return {
        "source": sources[0],
        "destinations": named,
        "exclude": sorted(excluded),
        "principals": [
            {**principal, "source": source}
            for principal, source in zip(principals, sources, strict=True)
        ],
        **({"conditions": conditions} if conditions else {}),
    }


def draw_fleet(random: Random) -> tuple[dict[str, Any], dict[str, Any], dict[str, set[str]]]:
    """Accounts, grants, and the accounts that have each grant's role."""
    accounts = {
        name: {"groups": [group for group in GROUPS if random.random() < 0.5]}
        for name in random.sample(NAMES, random.randint(2, len(NAMES)))
    }
    drawn = [draw_grant(random, accounts) for _ in range(random.randint(2, 5))]
    grants = {f"grant-{number}": grant for number, grant in enumerate(filter(None, drawn))}
    roles = {
        name: {
            account
            for account in accounts
            if {account, *accounts[account]["groups"]}.intersection(grant["destinations"])
        }.difference(grant["exclude"])
        for name, grant in grants.items()
    }
    used = set().union(*roles.values())
    used |= {one["source"] for grant in grants.values() for one in grant["principals"]}
    known = used | {group for name in used for group in accounts[name]["groups"]}
    for grant in grants.values():
        for key in ("destinations", "exclude"):
            grant[key] = [name for name in grant[key] if name in known]
    return {name: accounts[name] for name in accounts if name in used}, grants, roles


# Together these have every kind of principal and of conditions, in whole fleets and in parts.
@pytest.mark.parametrize("seed", [0, 1, 6, 7, 9, 10, 11])
def test_a_random_fleet_holds(seed: int, accounts: Sandbox, tmp_path: Path) -> None:
    random = Random(seed)  # noqa: S311 - the same fleets every time
    given, grants, roles = draw_fleet(random)
    while not grants:
        given, grants, roles = draw_fleet(random)
    some = random.sample(sorted(given), random.randint(1, len(given)))
    only = {} if random.random() < 0.3 else {"only": some}
    for name in set(given).difference(only.get("only", given)):
        given[name]["lookUp"] = random.random() < 0.5
    up = sandbox("up", fleet(tmp_path, accounts.endpoint, given, grants, **only), "--json")
    assert up.exit_code == 0, f"{up.stdout}{up.stderr}"
    told = document(up)
    made = set(only.get("only", given))
    # Everybody named is let in everywhere, and nobody else anywhere.
    expected = [
        (f"{name}@{account}", account_id(principal["source"]))
        for name, grant in grants.items()
        for account in roles[name]
        for principal in grant["principals"]
        if account in made or made.intersection(one["source"] for one in grant["principals"])
    ]
    allowed = [
        (one["grant"], one["caller"].split(":")[4])
        for one in told["proof"]
        if one["observed"] == "allowed"
    ]
    assert sorted(allowed) == sorted(expected)
    assert all(one["expected"] == one["observed"] for one in told["proof"])
