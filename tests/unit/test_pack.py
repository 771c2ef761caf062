"""How a principal's roles are dealt out to the ten policies that attach to it."""

from __future__ import annotations

from random import Random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access import policies
from cross_account_access.conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from cross_account_access.errors import Refusal
from cross_account_access.grants import GrantModel
from cross_account_access.model import read
from cross_account_access.policies import Reach
from tests.unit.reading import DESTINATION, refusal

Roles = dict[str, Reach]
Actions = tuple[str, ...]

SHORTEST = len("arn:aws:iam::000000000000:role/000000")
LONGEST = len(f"arn:aws-us-gov:iam::{'0' * 12}:role/{'p' * 510}/{'n' * 64}")


ONE_KIND: tuple[Actions, ...] = ((ASSUME_ROLE,),)
EVERY_KIND: tuple[Actions, ...] = (
    *ONE_KIND,
    (ASSUME_ROLE, SET_SOURCE_IDENTITY),
    (ASSUME_ROLE, TAG_SESSION),
    (ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION),
)


def reach(number: int, length: int, actions: Actions = (ASSUME_ROLE,)) -> Reach:
    """A role whose ARN has this length."""
    return Reach(f"arn:aws:iam::000000000000:role/{number}".ljust(length, "x"), actions)


def some_roles(count: int, shortest: int, longest: int, seed: int, kinds: tuple[Actions, ...] = ONE_KIND) -> Roles:
    """A repeatable sample of roles with ARNs of these lengths."""
    random = Random(f"{count} {shortest} {longest} {seed}")  # noqa: S311 - not for secrets
    return {
        f"role-{number}": reach(number, random.randint(shortest, longest), random.choice(kinds))
        for number in random.sample(range(10**6), count)
    }


SEEDS = st.integers(0, 10**6)
ROLES = st.builds(
    some_roles,
    st.integers(1, 120),
    st.just(SHORTEST),
    st.sampled_from([60, 102, LONGEST]),
    SEEDS,
    st.sampled_from([ONE_KIND, EVERY_KIND]),
)
# Around what one policy holds.
ROLES_OF_ONE = st.builds(some_roles, st.integers(75, 100), st.just(SHORTEST), st.just(102), SEEDS)


def documents(roles: Roles, dealt: list[tuple[str, ...]]) -> list[str]:
    """The policies."""
    return [policies.assume_role_policy([roles[name] for name in names]) for names in dealt]


def changed(before: list[tuple[str, ...]], after: list[tuple[str, ...]]) -> int:
    return sum(one != other for one, other in zip(before, after, strict=True))


@given(ROLES)
def test_every_role_is_dealt_once_and_every_policy_is_within_its_quota(roles: Roles) -> None:
    dealt = policies.pack(roles)
    assert sorted(name for names in dealt for name in names) == sorted(roles)
    assert all(len(document) <= 6144 for document in documents(roles, dealt))
    assert len(dealt) <= 10


@given(st.data(), ROLES)
def test_the_roles_in_another_order_are_dealt_the_same_way(data: st.DataObject, roles: Roles) -> None:
    shuffled = dict(data.draw(st.permutations(list(roles.items()))))
    assert policies.pack(shuffled) == policies.pack(roles)


@given(ROLES_OF_ONE)
def test_there_is_one_policy_exactly_while_one_is_enough(roles: Roles) -> None:
    try:
        documents(roles, [tuple(roles)])
    except Refusal:
        assert len(policies.pack(roles)) > 1
    else:
        assert policies.pack(roles) == [tuple(sorted(roles))]


def test_one_policy_is_filled_to_its_last_character() -> None:
    roles = {f"role-{n}": reach(n, 100) for n in range(58)}
    room = 6144 - len(documents(roles, [tuple(roles)])[0])
    assert 0 < room < 100
    full = roles | {"role-0": reach(0, 100 + room)}
    assert len(documents(full, policies.pack(full))[0]) == 6144
    assert len(policies.pack(roles | {"role-0": reach(0, 100 + room + 1)})) == 2


@given(st.integers(1, 160), SEEDS)
def test_one_role_more_or_less_changes_at_most_one_policy_more_than_are_full(count: int, seed: int) -> None:
    """Where ARNs are of one length, while the number of policies stays as it is.

    The new role goes into a policy; if that has room, nobody else moves. If it is full, the last role that got into it
    moves on to its own next choice, and so on. Roles choose in one fixed order, so that a chain only meets policies
    that are full from there on, none of them twice, and ends at the first one with room: full ones + 1.
    """
    length = 200
    fewer = some_roles(count, length, length, seed)
    before, after = policies.pack(fewer), policies.pack(fewer | {"one-more": reach(10**6, length)})
    if len(before) == len(after):
        most = (6144 - len(policies.assume_role_policy([Reach("")])) + len('"",')) // (length + 3)
        full = sum(len(roles) == most for roles in before)
        assert 1 <= changed(before, after) <= full + 1


@given(ROLES, st.sampled_from(EVERY_KIND))
def test_a_role_that_gets_another_condition_stays_in_its_policy_while_kinds_stay(
    roles: Roles, actions: Actions
) -> None:
    name = min(roles)
    kinds = {role.actions for other, role in roles.items() if other != name}
    if kinds >= {actions, roles[name].actions}:
        assert policies.pack(roles | {name: Reach(roles[name].arn, actions)}) == policies.pack(roles)


def test_one_role_more_changes_few_policies_of_many() -> None:
    """With ARNs of mixed lengths a full policy may send on several roles, and no bound below all policies holds always.

    Measured over this sample: 1.3 of up to 7 policies on average, 3 at most.
    """
    samples = [some_roles(count, 45, 102, seed) for count in (80, 100, 150, 200, 300, 400, 500) for seed in range(6)]
    pairs = [(policies.pack(roles), policies.pack(roles | {"one-more": reach(10**6, 74)})) for roles in samples]
    changes = [changed(before, after) for before, after in pairs if len(before) == len(after)]
    assert len(changes) > 35
    assert max(len(before) for before, _ in pairs) >= 7
    assert mean(changes) <= 1.4
    assert max(changes) <= 3


def test_a_policy_more_moves_no_more_roles_than_it_must() -> None:
    """A role keeps its order of preference, so that a policy more takes some roles and leaves the others."""
    moved = []
    for seed in range(20):
        roles = some_roles(57, 102, 102, seed)
        before, after = policies.pack(roles), policies.pack({**roles, "a": reach(10**6, 102), "b": reach(10**7, 102)})
        assert (len(before), len(after)) == (1, 2)
        moved.append(len(set(before[0]) - set(after[0])))
    assert 20 <= mean(moved) <= 40, "about half, as it must be where one policy becomes two"


def test_500_roles_with_names_of_64_characters_fit_in_ten_policies() -> None:
    names = [f"{n:03}".ljust(64, "x") for n in range(500)]
    grant = read(GrantModel, {"principals": [{"user": "alice"}]})
    dealt = policies.pack({name: Reach(grant.longest_role_arn(name)) for name in names})
    assert len(dealt) <= 10
    for partition in ("aws", "aws-us-gov"):
        for in_it in dealt:
            roles = [Reach(grant.role_arn(name, partition, DESTINATION)) for name in in_it]
            assert len(policies.assume_role_policy(roles)) <= 6144


def test_roles_that_ten_policies_do_not_hold_are_refused() -> None:
    assert len(policies.pack({f"role-{n}": reach(n, 105) for n in range(560)})) == 10
    refused = refusal(policies.pack, {f"role-{n}": reach(n, 105) for n in range(561)})
    assert refused.rule == (
        "10 managed policies of 6144 characters attach to one principal, and the ARNs of 561 roles don't fit in them"
    )
    assert refused.remedy == (
        "Shorten the roles' names or paths, or let the principal reach a role from which the others are reached"
    )


@pytest.mark.parametrize(
    ("role", "partition"),
    [({}, "aws-us-gov"), ({"path": "/team/"}, "aws-us-gov"), ({"name": "x" * 64}, "aws-us-gov"), ({}, "aws")],
)
def test_a_roles_arn_is_never_longer_than_was_reckoned(role: dict[str, str], partition: str) -> None:
    grant = read(GrantModel, {"principals": [{"user": "alice"}], "role": role})
    assert len(grant.role_arn("deploy", partition, DESTINATION)) <= len(grant.longest_role_arn("deploy"))
    assert len(grant.role_arn("deploy", "aws-us-gov", DESTINATION)) == len(grant.longest_role_arn("deploy"))
