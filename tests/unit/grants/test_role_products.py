"""How a principal's roles of many accounts are said by their names and accounts."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cross_account_access.errors import Refusal
from cross_account_access.grants.packing import pack_roles
from cross_account_access.grants.policies import (
    AssumableRole,
    build_assume_role_policy,
    build_planned_policy,
)
from cross_account_access.iam.evaluator import Caller, Policy, Request, decide
from tests.unit.grants.role_fleets import (
    ACTIONS,
    SEEDS,
    SOME,
    Fleet,
    arn_of,
    id_of,
    irregular,
    longest,
    regular,
)
from tests.unit.reading import SOURCE

IRREGULAR = st.builds(
    irregular,
    st.integers(1, 60),
    st.integers(1, 6),
    st.sampled_from([0.2, 0.5, 0.9, 1.0]),
    st.sampled_from([1, 2, 3]),
    SEEDS,
)
MOST = st.sampled_from([1, 2, 3, 10])


def documents_or_none(fleet: Fleet, most: int) -> list[str]:
    """The documents; none where the roles don't fit."""
    try:
        return fleet.documents(most)
    except Refusal as refused:
        assert refused.code == "too-many-roles"  # noqa: PT017 - otherwise there are documents
        return []


# --- Exactly the roles ----------------------------------------------------------------------------


def attach(documents: list[str]) -> Caller:
    """Alice with these policies."""
    alice = f"arn:aws:iam::{SOURCE}:user/alice"
    attached = tuple(Policy("managed policy", json.loads(document)) for document in documents)
    return Caller(alice, "AIDAALICE", alice, attached)


def is_allowed(caller: Caller, action: str, arn: str) -> bool:
    """Whether AWS lets her do it, where the role's trust policy lets everyone of her account."""
    trust = {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": list(ACTIONS[2])}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    return decide(caller, Request(action, arn, {}), Policy("trust policy", document)).allowed


@settings(max_examples=8, deadline=None)
@given(IRREGULAR, st.sampled_from([1, 2]))
@example(irregular(60, 4, 0.9, 1, 0), 1)  # by names and accounts
def test_exactly_the_roles_of_a_fleet_may_be_assumed(fleet: Fleet, most: int) -> None:
    documents = documents_or_none(fleet, most)
    if not documents:
        return
    accounts = {account for account, _ in fleet.granted} | {"account-7"}
    names = {name for _, name in fleet.granted}
    alice = attach(documents)
    neighbours = names | {name.replace("/team/", "/") for name in names} | {"/role-", "/team/x"}
    for account in accounts:
        for name in neighbours:
            arn = arn_of(account, name)
            allowed = [action for action in ACTIONS[2] if is_allowed(alice, action, arn)]
            assert allowed == list(fleet.granted.get((account, name), ()))


@SOME
@given(IRREGULAR, MOST)
def test_every_role_is_in_one_policy_and_every_policy_within_its_quota(
    fleet: Fleet, most: int
) -> None:
    documents = documents_or_none(fleet, most)
    assert len(documents) <= most
    for document in documents:
        assert sum(not letter.isspace() for letter in document) <= 6144
    if documents:
        plans = fleet.plan(most)
        assert sorted(name for plan in plans for name in plan.roles) == sorted(fleet.planned)


@SOME
@given(st.data(), IRREGULAR, MOST)
def test_the_same_fleet_in_any_order_gives_the_same_bytes(
    data: st.DataObject, fleet: Fleet, most: int
) -> None:
    shuffled = Fleet(dict(data.draw(st.permutations(list(fleet.granted.items())))))
    assert documents_or_none(shuffled, most) == documents_or_none(fleet, most)


def test_what_a_policy_of_names_and_accounts_says() -> None:
    fleet = regular(range(70), 2)
    (document,) = fleet.documents(1)
    names = [f"arn:aws:iam::*:role/team/{'r' * 12}{name}" for name in range(2)]
    assert json.loads(document) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": names,
                "Condition": {
                    "StringEquals": {
                        "aws:ResourceAccount": [id_of(f"account-{number}") for number in range(70)]
                    }
                },
            }
        ],
    }


def test_a_role_that_has_no_likes_is_said_by_its_arn_beside_the_others() -> None:
    alone = Fleet({("account-99", "/alone"): ACTIONS[1]})
    (document,) = (regular(range(70), 2) | alone).documents(1)
    first, second = json.loads(document)["Statement"]
    assert first["Resource"] == [arn_of("account-99", "/alone")]
    assert "Condition" not in first
    assert "Condition" in second


def test_a_role_of_an_unknown_account_is_said_by_its_arn_once_it_is_known() -> None:
    fleet = regular(range(70), 2)
    late = "arn:aws:iam::900000000001:role/team/late"
    (plan,) = pack_roles(fleet.planned | {"late": AssumableRole("r" * 60)}, 1)
    assert plan.arns == ("late",)
    document = build_planned_policy(plan, fleet.resolved | {"late": AssumableRole(late)})
    first, second = json.loads(document)["Statement"]
    assert first["Resource"] == [late]
    assert len(second["Resource"]) == 2


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_names_are_of_the_roles_own_partition(partition: str) -> None:
    fleet = regular(range(70), 2)
    (plan,) = fleet.plan(1)
    resolved = {
        f"{name}@{account}": AssumableRole(arn_of(account, name, partition))
        for account, name in fleet.granted
    }
    (statement,) = json.loads(build_planned_policy(plan, resolved))["Statement"]
    assert all(arn.startswith(f"arn:{partition}:iam::*:role/") for arn in statement["Resource"])


# --- Only where the ARNs don't fit ----------------------------------------------------------------


@SOME
@given(IRREGULAR, MOST)
def test_the_policies_have_the_arns_exactly_where_these_fit(fleet: Fleet, most: int) -> None:
    unknown = {
        name: AssumableRole("r" * len(role.arn), role.actions)
        for name, role in fleet.planned.items()
    }
    try:
        by_arn = [plan.roles for plan in pack_roles(unknown, most)]
    except Refusal:
        by_arn = None
    documents = documents_or_none(fleet, most)
    resolved = fleet.resolved
    if by_arn is not None:
        assert documents == [
            build_assume_role_policy(resolved[name] for name in names) for names in by_arn
        ]
    elif documents:
        assert all(plan.grouped for plan in fleet.plan(most) if plan.roles)


@pytest.mark.parametrize(
    ("fleet", "policies"),
    [
        (longest(300, 5), 1),
        (longest(100, 10), 1),
        (longest(1000, 20), 4),
        (longest(300, 60), 5),
        (irregular(300, 12, 0.5, 1, 0), 6),
        (irregular(400, 12, 0.5, 1, 0), 8),
        (irregular(500, 5, 0.8, 1, 0), 6),
        (
            Fleet(
                {
                    (f"account-{a}", f"/{n:03}".ljust(65, "x")): ACTIONS[0]
                    for a in range(10)
                    for n in range(200)
                }
            ),
            4,
        ),
        (irregular(300, 5, 1.0, 3, 0), 5),
    ],
    ids=[
        "300 x 5",
        "100 x 10",
        "1000 x 20",
        "300 x 60",
        "half of 300 x 12",
        "half of 400 x 12",
        "most of 500 x 5",
        "10 x 200",
        "three kinds",
    ],
)
def test_large_fleets_fit(fleet: Fleet, policies: int) -> None:
    assert len(fleet.documents()) == policies


def test_300_accounts_of_5_roles_are_planned_and_written_in_a_moment() -> None:
    fleet = longest(300, 5)
    planned, resolved = fleet.planned, fleet.resolved
    started = time.process_time()
    documents = [build_planned_policy(plan, resolved) for plan in pack_roles(planned)]
    assert time.process_time() - started < 1
    assert len(documents) == 1


def test_what_fits_in_no_form_is_refused_with_the_arithmetic() -> None:
    with pytest.raises(Refusal) as refused:
        longest(400, 40).plan(1)
    rule = refused.value.rule
    assert refused.value.code == "too-many-roles"
    assert rule.startswith("16000 roles must fit in the managed policies")
    assert "1 of 6144 characters" in rule
    assert f"their ARNs take {16000 * 105} characters" in rule
    assert "by names and accounts; there is room for 1 × " in rule
