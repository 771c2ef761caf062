"""How a principal's roles are dealt out to the ten policies that attach to it."""

from __future__ import annotations

import json
from random import Random
from statistics import mean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cross_account_access.errors import Refusal
from cross_account_access.grants import policies
from cross_account_access.grants.assume_role_grant import RolePlace
from cross_account_access.grants.conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.packing import pack_roles
from cross_account_access.grants.policies import AssumableRole

Roles = dict[str, AssumableRole]
Dealt = list[tuple[str, ...]]

SHORTEST = len("arn:aws:iam::000000000000:role/x")
LONGEST = len(f"arn:aws-us-gov:iam::{'0' * 12}:role/{'p' * 510}/{'n' * 64}")
# The longest ARN of a role without a path.
PLAIN = len(f"arn:aws-us-gov:iam::{'0' * 12}:role/{'n' * 64}")
ACTIONS = [
    (ASSUME_ROLE,),
    (ASSUME_ROLE, TAG_SESSION),
    (ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION),
]

SOME = settings(max_examples=30, deadline=None)


def role(number: int, length: int, actions: tuple[str, ...] = (ASSUME_ROLE,)) -> AssumableRole:
    return AssumableRole(f"arn:aws:iam::{number:012}:role/".ljust(length, "x"), actions)


def some_roles(count: int, shortest: int, longest: int, kinds: int, seed: int) -> Roles:
    """A repeatable sample of roles."""
    random = Random(f"{count} {shortest} {longest} {kinds} {seed}")  # noqa: S311 - not for secrets
    return {
        f"role-{number}": role(
            number, random.randint(shortest, longest), random.choice(ACTIONS[:kinds])
        )
        for number in random.sample(range(10**6), count)
    }


SEEDS = st.integers(0, 10**6)
KINDS = st.sampled_from([1, 2, 3])
ROLES = st.builds(
    some_roles,
    st.integers(1, 120),
    st.just(SHORTEST),
    st.sampled_from([60, PLAIN, 400, LONGEST]),
    KINDS,
    SEEDS,
)


def pack(roles: Roles) -> Dealt:
    plans = pack_roles(roles)
    assert not any(plan.grouped for plan in plans)
    return [plan.roles for plan in plans]


def documents(roles: Roles, dealt: Dealt) -> list[str]:
    return [policies.build_assume_role_policy(roles[name] for name in names) for names in dealt]


def counted(document: str) -> int:
    """As AWS counts: all but white space."""
    return sum(not letter.isspace() for letter in document)


def changed(before: Dealt, after: Dealt) -> int:
    """How many policies have another document, or are made or deleted."""
    most = max(len(before), len(after))
    padded = [dealt + [()] * (most - len(dealt)) for dealt in (before, after)]
    return sum(one != other for one, other in zip(*padded, strict=True))


# --- Every role is in one policy ------------------------------------------------------------------


@SOME
@given(ROLES)
def test_every_role_is_dealt_once_and_every_policy_is_within_its_quota(roles: Roles) -> None:
    dealt = pack(roles)
    assert sorted(name for names in dealt for name in names) == sorted(roles)
    assert len(dealt) <= 10
    assert all(counted(document) <= 6144 for document in documents(roles, dealt))


@SOME
@given(ROLES)
def test_a_policy_allows_on_each_of_its_roles_what_it_asks_for_and_nothing_more(
    roles: Roles,
) -> None:
    dealt = pack(roles)
    for names, document in zip(dealt, documents(roles, dealt), strict=True):
        found: list[tuple[str, tuple[str, ...]]] = []
        statements: list[dict[str, Any]] = json.loads(document)["Statement"]
        for statement in statements:
            assert statement["Effect"] == "Allow"
            actions = statement["Action"]
            asked = (actions,) if isinstance(actions, str) else tuple(actions)
            found += [(arn, asked) for arn in statement["Resource"]]
        assert sorted(found) == sorted((roles[name].arn, roles[name].actions) for name in names)
        # Roles of the same actions share a statement.
        assert len(statements) == len({roles[name].actions for name in names})


@SOME
@given(st.data(), ROLES)
def test_the_roles_in_another_order_are_dealt_the_same_way(
    data: st.DataObject, roles: Roles
) -> None:
    shuffled = dict(data.draw(st.permutations(list(roles.items()))))
    dealt = pack(roles)
    assert pack(shuffled) == dealt
    assert documents(shuffled, dealt) == documents(roles, dealt)


# --- As few policies as hold them -----------------------------------------------------------------


@SOME
@given(st.builds(some_roles, st.integers(50, 110), st.just(SHORTEST), st.just(PLAIN), KINDS, SEEDS))
def test_there_is_one_policy_exactly_while_one_is_enough(roles: Roles) -> None:
    try:
        documents(roles, [tuple(roles)])
    except Refusal:
        assert len(pack(roles)) > 1
    else:
        assert pack(roles) == [tuple(sorted(roles))]


@pytest.mark.parametrize("kinds", [1, 2, 3])
def test_one_policy_is_filled_to_its_last_character(kinds: int) -> None:
    roles = {f"role-{number}": role(number, 100, ACTIONS[number % kinds]) for number in range(54)}
    room = 6144 - counted(documents(roles, [tuple(roles)])[0])
    assert 0 < room < 540
    full = roles | {"role-0": role(0, 100 + room)}
    assert len(pack(full)) == 1
    assert counted(documents(full, pack(full))[0]) == 6144
    assert len(pack(roles | {"role-0": role(0, 100 + room + 1)})) == 2


def test_500_roles_with_names_of_64_characters_fit_in_ten_policies() -> None:
    names = [f"{number:03}".ljust(64, "x") for number in range(500)]
    grant = read_model(GrantModel, {"principals": [{"user": "alice"}]})
    dealt = pack(
        {name: AssumableRole(RolePlace("", grant.role_place(name)).longest_arn) for name in names}
    )
    assert len(dealt) == 9
    assert sorted(name for in_it in dealt for name in in_it) == names
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        for in_it in dealt:
            found = [AssumableRole(grant.role_arn(name, partition, "2" * 12)) for name in in_it]
            assert counted(policies.build_assume_role_policy(found)) <= 6144


def test_500_roles_that_all_ask_for_all_actions_fit_too() -> None:
    dealt = pack({f"role-{number}": role(number, PLAIN, ACTIONS[2]) for number in range(500)})
    assert len(dealt) <= 10


def test_roles_that_ten_policies_do_not_hold_are_refused_with_the_arithmetic() -> None:
    unknown = AssumableRole("r" * 105)
    most = {f"role-{number}": unknown for number in range(560)}
    assert len(pack(most)) == 10
    with pytest.raises(Refusal) as refused:
        pack(most | {"one-more": unknown})
    assert refused.value.code == "too-many-roles"
    # Each policy holds 56, for a 57th has no room whole.
    assert f"their ARNs take {561 * 108} characters; there is room for 10 × 6048" in (
        refused.value.rule
    )
    assert 6048 // 108 == 56


@pytest.mark.parametrize(
    ("settings_of_role", "partition"),
    [
        ({}, "aws-us-gov"),
        ({"path": "/team/"}, "aws-us-gov"),
        ({"name": "x" * 64}, "aws-us-gov"),
        ({}, "aws"),
    ],
)
def test_a_roles_arn_is_never_longer_than_was_reckoned(
    settings_of_role: dict[str, str], partition: str
) -> None:
    grant = read_model(GrantModel, {"principals": [{"user": "alice"}], "role": settings_of_role})
    assert len(grant.role_arn("deploy", partition, "2" * 12)) <= len(
        RolePlace("", grant.role_place("deploy")).longest_arn
    )


# --- One role more or less ------------------------------------------------------------------------


@SOME
@given(
    st.builds(some_roles, st.integers(1, 55), st.just(SHORTEST), st.just(PLAIN), st.just(1), SEEDS)
)
def test_a_second_grant_changes_the_one_policy_and_moves_nothing(roles: Roles) -> None:
    before, after = (pack(roles), pack(roles | {"one-more": role(0, PLAIN)}))
    assert (len(before), len(after)) == (1, 1)
    assert set(after[0]) - set(before[0]) == {"one-more"}


@SOME
@given(ROLES, st.sampled_from(ACTIONS))
def test_a_role_that_gets_another_condition_stays_in_its_policy_while_kinds_stay(
    roles: Roles, actions: tuple[str, ...]
) -> None:
    name = min(roles)
    kinds = {role.actions for other, role in roles.items() if other != name}
    if kinds >= {actions, roles[name].actions}:
        assert pack(roles | {name: AssumableRole(roles[name].arn, actions)}) == pack(roles)


@SOME
@given(st.integers(1, 160), SEEDS)
def test_one_role_more_or_less_changes_at_most_one_policy_more_than_are_full(
    count: int, seed: int
) -> None:
    """Where ARNs are of one length, while the number of policies stays as it is.

    The new role goes into a policy; if that has room, nobody else moves. If it is full, the last
    role that got into it moves on to its own next choice, and so on. Roles choose in one fixed
    order, so that a chain only meets policies that are full from there on, none of them twice, and
    ends at the first one with room: full ones + 1.
    """
    length = 200
    fewer = some_roles(count, length, length, 1, seed)
    before, after = (pack(fewer), pack(fewer | {"one-more": role(0, length)}))
    if len(before) == len(after):
        most = max(len(names) for names in before)
        assert 1 <= changed(before, after) <= sum(len(names) == most for names in before) + 1


COUNTS = (60, 100, 150, 200, 300, 400, 500)


def test_one_role_more_or_less_changes_few_policies_of_many() -> None:
    """With ARNs of mixed lengths a full policy may send on several roles.

    So no bound below all policies always holds. In this sample it is 1.1 of up to 7 policies on
    average, 3 at most. A policy that changes is one update of one `Policy`; attachments stay.
    """
    samples = [some_roles(count, 45, PLAIN, 1, seed) for count in COUNTS for seed in range(6)]
    pairs = [(pack(roles), pack(roles | {"one-more": role(0, 74)})) for roles in samples]
    changes = [changed(before, after) for before, after in pairs if len(before) == len(after)]
    assert len(changes) >= 38
    assert max(len(before) for before, _ in pairs) >= 7
    assert mean(changes) <= 1.4
    assert max(changes) <= 3


def test_a_policy_more_moves_no_more_roles_than_it_must() -> None:
    """A role keeps its order of preference, so that a new policy takes only some roles."""
    moved = []
    for seed in range(20):
        fewer = some_roles(57, PLAIN, PLAIN, 1, seed)
        before, after = (pack(fewer), pack({**fewer, "a": role(0, PLAIN), "b": role(1, PLAIN)}))
        assert (len(before), len(after)) == (1, 2)
        moved.append(len(set(before[0]) - set(after[0])))
    assert 20 <= mean(moved) <= 40, "about half, as it must be where one policy becomes two"
