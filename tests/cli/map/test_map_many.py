"""A map of many accounts shows what is alike once, with its accounts, and loses nothing by that."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from cross_account_access.cli.map.access_map import AccessMap, Home, describe_homes
from cross_account_access.cli.map.map_builder import build_access_map
from cross_account_access.cli.map.map_json import render_json
from cross_account_access.cli.map.mermaid import exceeds_mermaid_limits, render_mermaid
from cross_account_access.cli.map.page import render_page
from cross_account_access.cli.map.role_groups import group_roles
from cross_account_access.cli.map.tree import build_tree
from tests.cli.map.maps import SOURCE, chain, fleet, of_config

if TYPE_CHECKING:
    from cross_account_access.grants.documents import GrantDocuments


def draw(access: AccessMap) -> str:
    """The tree in a terminal that is wide enough."""
    text = StringIO()
    Console(file=text, width=400).print(build_tree(access))
    return text.getvalue()


def change(record: GrantDocuments, **role: Any) -> GrantDocuments:
    return record.model_copy(update={"role": record.role.model_copy(update=role)})


def group(grants: list[tuple[str, GrantDocuments]]) -> AccessMap:
    return group_roles(build_access_map(grants))


def list_groups(access: AccessMap) -> list[tuple[str, int]]:
    """Each role's name, and how many accounts have it."""
    return [(node.name, len(node.homes)) for node, _ in access.roles]


@pytest.mark.parametrize(
    ("destinations", "grants", "expected"),
    [
        (12, 1, [("grant-1", 12)]),
        (100, 3, [("grant-1", 100), ("grant-2", 99), ("grant-3", 100)]),
        (1, 1, [("grant-1", 1)]),
    ],
)
def test_a_role_in_many_accounts_is_shown_once(
    destinations: int, grants: int, expected: list[tuple[str, int]]
) -> None:
    assert sorted(list_groups(group(fleet(destinations, grants)))) == expected


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_by_grouping(seed: int) -> None:
    flat = build_access_map(fleet(7 + seed, 4))
    grouped = group_roles(flat)
    expanded = {
        (edge.principal, home, grouped.nodes[edge.role].name, edge.conditions, edge.session)
        for edge in grouped.edges
        for home in grouped.nodes[edge.role].homes
    }
    assert expanded == {
        (edge.principal, flat.nodes[edge.role].home, flat.nodes[edge.role].name, *rest)
        for edge in flat.edges
        for rest in [(edge.conditions, edge.session)]
    }
    assert grouped.summary == flat.summary


DIFFERENCES: dict[str, Any] = {
    "permissions": lambda one: change(one, managed_policies=["arn:aws:iam::aws:policy/Other"]),
    "session": lambda one: change(one, max_session_duration=7200),
    "description": lambda one: change(one, description="other"),
    "tags": lambda one: change(one, tags={"owner": "other"}),
    "made": lambda one: one.model_copy(update={"made": [SOURCE]}),
    "trust": lambda one: change(
        one,
        trust_policy={
            **one.role.trust_policy,
            "Statement": [
                {**statement, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
                for statement in one.role.trust_policy["Statement"]
            ],
        },
    ),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_role_that_differs_stands_apart(difference: str) -> None:
    (first, odd), *others = fleet(5)
    grants = [(first, DIFFERENCES[difference](odd)), *others]
    assert sorted(count for _, count in list_groups(group(grants))) == [1, 4]


def test_roles_of_pairs_are_never_grouped() -> None:
    pairs = [
        (f"stack-{digit}", record)
        for digit in "23"
        for record in of_config({"same": {"principals": [{"user": "a"}]}}, destination=digit * 12)
    ]
    assert list_groups(group(pairs)) == [("same", 1), ("same", 1)]
    assert group_roles(chain()) == chain()


def test_a_role_that_may_assume_another_stands_apart() -> None:
    grants = fleet(4)
    hub = grants[0][1]
    onward = of_config(
        {"onward": {"principals": [{"role": "grant-1"}]}},
        source=hub.destination_account_id,
        destination="999999999999",
    )
    access = group([*grants, *(("onward", record) for record in onward)])
    assert sorted(list_groups(access)) == [("grant-1", 1), ("grant-1", 3), ("onward", 1)]


def test_the_stacks_of_destinations_are_one_picture() -> None:
    """Each makes its own part; the stack of people makes all of theirs."""
    grants = [
        (stack, record.model_copy(update={"made": [account], "side": side}))
        for _, record in fleet(6)
        for stack, account, side in (
            ("people", SOURCE, "source"),
            (str(record.account), record.destination_account_id, "destination"),
        )
    ]
    access = group(grants)
    assert list_groups(access) == [("grant-1", 6)]
    assert {edge.half for edge in access.edges} == {"both"}
    assert all(len(edge.origins) == 7 for edge in access.edges)
    assert render_page(access).count("<td>grant-1</td>") == 2
    assert draw(access).count(" (grant-1)") == 2


def test_a_grant_of_one_stack_is_named_with_it_beside_others() -> None:
    """Pairs' grants of one name are not one grant."""
    pairs = [
        (stack, record)
        for stack in ("dev", "prod")
        for record in of_config({"same": {"principals": [{"user": "alice"}]}})
    ]
    access = group([*fleet(2), *pairs])
    page, text = render_page(access), draw(access)
    for stack, grant in (("hub", "grant-1"), ("dev", "same"), ("prod", "same")):
        assert f"{grant} of {stack}" in page
        assert f"{stack} {grant}" in text


@pytest.mark.parametrize(
    ("made", "half", "text"),
    [
        ([SOURCE, "200000000001"], "both", ""),
        ([SOURCE], "source", "only the source half is in these stacks"),
        (["200000000001"], "destination", "only the destination half is in these stacks"),
    ],
)
def test_a_missing_half_is_told(made: list[str], half: str, text: str) -> None:
    ((stack, record),) = fleet(1)
    access = group([(stack, record.model_copy(update={"made": made, "side": half}))])
    assert {(edge.half, edge.missing_half) for edge in access.edges} == {(half, text)}


@pytest.mark.parametrize(("count", "named"), [(2, 2), (12, 12), (13, 12), (300, 12)])
def test_of_very_many_accounts_the_first_are_named(count: int, named: int) -> None:
    homes = [Home("account", f"{n:012}", f"team-{n}") for n in range(count)]
    text = describe_homes(homes)
    assert text.startswith(f"{count} accounts: team-0, team-1")
    assert text.count("team-") == named
    assert text.endswith(f", {count - named} more") == (count > named)


@pytest.mark.parametrize("count", [2, 24, 25, 300])
def test_the_page_lists_every_account(count: int) -> None:
    page = render_page(group(fleet(count)))
    for number in range(1, count + 1):
        assert f"team-{number:03} {200_000_000_000 + number}" in page
    (opened,) = {*re.findall(r'<details class="accounts"( open)?><summary>Which', page)}
    assert bool(opened) == (count <= 24)
    assert len(page) < 40_000 + 700 * count


def test_hundreds_of_accounts_fit_into_each_form() -> None:
    access = group(fleet(300, 5))
    assert len(access.edges) == 14
    assert len(access.places) == 3
    text = render_mermaid(access)
    assert not exceeds_mermaid_limits(text, access)
    assert text.count("subgraph") == 3
    assert len(build_tree(access).children) == 1


def test_json_lists_each_role_with_its_accounts_name() -> None:
    flat = build_access_map(fleet(3))
    found = render_json(flat)
    assert [(role["account"], role["accountName"]) for role in found["roles"]] == [
        (f"20000000000{number}", f"team-00{number}") for number in (1, 2, 3)
    ]
    assert len(found["access"]) == 6
    assert all("accountName" not in principal for principal in found["principals"])
