"""Random fleets, and who should get in where: read from the raw args, without any policy."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product
from typing import Any

MEMBERS = {"g1": {"u1"}, "g2": {"u1", "u2"}}
"""The groups of each account, with their users."""
OUTSIDE = "999999999999"
"""An account that no grant names, with users and roles of the same names."""
_IPS = ("203.0.113.7", "198.51.100.1")
_CONDITIONS: tuple[dict[str, Any], ...] = (
    {},
    {"external_id": "id-1"},
    {"external_id": "id-2"},
    {"source_ips": [_IPS[0]]},
    {"external_id": "id-1", "source_ips": [_IPS[0]]},
)
_OWN: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"mfa": True},
    {"external_id": "id-2"},
    {"source_ips": [_IPS[1]]},
)
_NAMES = (
    *({"user": "u1"}, {"user": "u2"}, {"role": "r1"}, {"role": "r2"}),
    *({"group": "g1"}, {"group": "g2"}, {"session": "r1/s1"}),
)


@dataclass(frozen=True)
class Asker:
    """A user, or a session of a role."""

    account: str
    name: str
    session: str = ""

    @property
    def groups(self) -> set[str]:
        return (
            set() if self.session else {group for group in MEMBERS if self.name in MEMBERS[group]}
        )


@dataclass(frozen=True)
class Call:
    """What a request comes with."""

    external_id: str | None
    mfa: bool
    ip: str

    @property
    def context(self) -> dict[str, Any]:
        given = {"sts:ExternalId": self.external_id, "aws:SourceIp": self.ip}
        given["aws:MultiFactorAuthPresent"] = "true" if self.mfa else None
        return {key: value for key, value in given.items() if value is not None}


CALLS = [Call(*values) for values in product((None, "id-1", "id-2"), (False, True), _IPS)]


def list_askers(account: str) -> list[Asker]:
    """Everybody of an account."""
    users = [Asker(account, name) for name in ("u1", "u2")]
    return users + [Asker(account, role, f"s{n}") for role in ("r1", "r2") for n in (1, 2)]


def draw_fleet(seed: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Accounts and grants as the component takes them, but for providers; and the accounts' IDs."""
    chance = random.Random(seed)  # noqa: S311 - to repeat it
    names = [f"a{number}" for number in range(chance.randint(2, 8))]
    groups = {name: chance.sample(["x", "y", "z"], chance.randint(0, 2)) for name in names}
    grants = {f"grant-{number}": _draw_grant(chance, groups) for number in range(4)}
    fleet = {
        "accounts": {name: {"groups": own} for name, own in groups.items()},
        "grants": {name: grant for name, grant in grants.items() if grant},
    }
    used = {name for grant in fleet["grants"].values() for name in _list_used(fleet, grant)}
    fleet["accounts"] = {name: one for name, one in fleet["accounts"].items() if name in used}
    left = used | {group for name in used for group in groups[name]}
    for grant in fleet["grants"].values():
        grant["exclude"] = [name for name in grant["exclude"] if name in left]
    ids = {name: f"{chance.randrange(10**11):012}" for name in sorted(used)}
    return fleet, ids


def _draw_grant(chance: random.Random, groups: dict[str, list[str]]) -> dict[str, Any] | None:
    known = [*groups, *sorted({group for own in groups.values() for group in own})]
    grant: dict[str, Any] = {
        "destinations": chance.sample(known, chance.randint(1, min(3, len(known)))),
        "exclude": chance.sample(known, chance.choice([0, 0, 1])),
        "conditions": chance.choice(_CONDITIONS),
        "role": {"name": chance.choice(["reader", "writer", "admin", "auditor"])},
    }
    fleet = {"accounts": {name: {"groups": own} for name, own in groups.items()}}
    destinations = find_destinations(fleet, grant)
    sources = [name for name in groups if name not in destinations]
    if not destinations or not sources:
        return None
    grant["source"] = chance.choice(sources)
    grant["principals"] = []
    for name in chance.sample(_NAMES, chance.randint(1, 4)):
        principal: dict[str, Any] = dict(name)
        if chance.random() < 0.4:
            principal["source"] = chance.choice(sources)
        own = chance.choice(_OWN)
        if own and not ("mfa" in own and {"role", "session"} & set(name)):
            principal["conditions"] = own
        grant["principals"].append(principal)
    return {key: value for key, value in grant.items() if value or key == "exclude"}


def _list_used(fleet: dict[str, Any], grant: dict[str, Any]) -> set[str]:
    sources = {principal.get("source", grant["source"]) for principal in grant["principals"]}
    return find_destinations(fleet, grant) | sources


def find_destinations(fleet: dict[str, Any], grant: dict[str, Any]) -> set[str]:
    """The accounts that have a grant's role."""

    def named(names: list[str]) -> set[str]:
        return {
            account
            for account, settings in fleet["accounts"].items()
            if account in names or set(settings["groups"]) & set(names)
        }

    return named(grant["destinations"]) - named(grant["exclude"])


def should_get_in(
    grant: dict[str, Any], ids: dict[str, str], who: Asker, call: Call, *, omnipotent: bool = False
) -> bool:
    """Whether a grant lets somebody in, in each of its destinations.

    Args:
        grant: The grant.
        ids: The accounts' IDs.
        who: Who asks.
        call: With what.
        omnipotent: Whether its own account allows it everything, not what the grants say.
    """
    own = [
        principal
        for principal in grant["principals"]
        if ids[principal.get("source", grant["source"])] == who.account
    ]
    # Trust in a group is trust in its account: whom the grant gives a right there gets in by it.
    by_group = omnipotent or any(_gives_right(principal, who) for principal in own)
    return any(
        (by_group if "group" in principal else _names(principal, who))
        and _meets(grant.get("conditions", {}) | principal.get("conditions", {}), call)
        for principal in own
    )


def _names(principal: dict[str, Any], who: Asker) -> bool:
    if not who.session:
        return principal.get("user") == who.name
    named = principal.get("role"), principal.get("session")
    return who.name == named[0] or f"{who.name}/{who.session}" == named[1]


def _gives_right(principal: dict[str, Any], who: Asker) -> bool:
    return _names(principal, who) or principal.get("group") in who.groups


def _meets(conditions: dict[str, Any], call: Call) -> bool:
    return (
        conditions.get("external_id") in (None, call.external_id)
        and (call.mfa or not conditions.get("mfa"))
        and call.ip in conditions.get("source_ips", _IPS)
    )
