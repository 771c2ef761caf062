"""Which stacks there are, what each makes, and in which order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.cli.fleet.fleet_plan import plan_stacks
from cross_account_access.config.settings import FleetSettings
from cross_account_access.grants.model import read_model
from tests.cli.fleet.fleet_projects import HUB

A, B, C, D = "abcd"


def plan(grants: dict[str, Any], accounts: str = "abcd") -> dict[str, Any]:
    """The stacks by name, of grants given as SOURCE, DESTINATIONS and a principal."""
    used = {name for grant in grants.values() for name in (grant[0], *grant[1])}
    content = {
        "accounts": {name: {"accountId": f"{ord(name):012}"} for name in accounts if name in used},
        "grants": {
            name: {"source": source, "destinations": list(destinations), "principals": [principal]}
            for name, (source, destinations, principal) in grants.items()
        },
    }
    fleet = read_model(FleetSettings, content, path="", spelling="camelCase")
    return {stack.name: stack for stack in plan_stacks(fleet)}


ALICE, CI = {"user": "alice"}, {"role": "ci"}


@pytest.mark.parametrize(
    ("grants", "waves"),
    [
        pytest.param({"g": (A, "bc", ALICE)}, {B: 1, C: 1, A: 2}, id="a hub after its spokes"),
        pytest.param(
            {"g": (A, "b", ALICE), "h": (B, "c", CI)}, {C: 1, B: 2, A: 3}, id="a chain from its end"
        ),
        pytest.param(
            {"ci": (A, "b", ALICE), "h": (B, "c", CI)},
            {B: 1, C: 2, A: 3},
            id="a role that another grant makes, before the trust that names it",
        ),
        pytest.param(
            {"g": (A, "b", ALICE), "h": (B, "a", ALICE)},
            {A: 1, B: 1},
            id="two that are both, together",
        ),
        pytest.param(
            {
                "g": (A, "b", ALICE),
                "h": (B, "a", ALICE),
                "i": (A, "c", ALICE),
                "j": (D, "a", ALICE),
            },
            {C: 1, A: 2, B: 2, D: 3},
            id="a cycle between its spoke and its hub",
        ),
        pytest.param(
            {"ci": (A, "b", ALICE), "h": (B, "a", CI)},
            {B: 1, A: 2},
            id="a cycle by what must exist first",
        ),
    ],
)
def test_waves(grants: dict[str, Any], waves: dict[str, int]) -> None:
    assert {name: stack.wave for name, stack in plan(grants).items()} == waves


def test_a_stack_makes_roles_of_destinations_and_policies_of_sources() -> None:
    fleet = read_model(FleetSettings, HUB, path="", spelling="camelCase")
    assert [(stack.name, stack.account_id, stack.makes) for stack in plan_stacks(fleet)] == [
        ("production", "222222222222", "2 roles"),
        ("staging", "333333333333", "1 role"),
        ("people", "111111111111", "2 principals' policies"),
    ]


def test_an_account_whose_part_is_nothing_has_no_stack() -> None:
    stacks = plan({"g": (A, "b", {"account": f"{ord(A):012}"})})
    assert list(stacks) == [B]


edges = st.tuples(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"), min_size=1))


@given(st.lists(edges, min_size=1, max_size=6))
def test_a_policy_follows_the_roles_that_it_names(drawn: list[tuple[str, set[str]]]) -> None:
    grants = {
        f"g{number}": (source, "".join(sorted(others - {source})), ALICE)
        for number, (source, others) in enumerate(drawn)
        if others - {source}
    }
    if not grants:
        return
    waves = {name: stack.wave for name, stack in plan(grants, "abcdef").items()}
    assert sorted(set(waves.values())) == list(range(1, max(waves.values()) + 1))
    follows = {(s, d) for s, others, _ in grants.values() for d in others}
    closure = set(follows)
    for middle in "abcdef":
        closure |= {(s, d) for s, m in closure if m == middle for n, d in closure if n == middle}
    for source, destination in follows:
        if (destination, source) in closure:
            assert waves[source] == waves[destination]
        else:
            assert waves[source] > waves[destination]
