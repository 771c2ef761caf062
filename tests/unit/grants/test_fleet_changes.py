"""How few policies of a principal change with its accounts and grants."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from statistics import mean
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from cross_account_access.grants.packing import pack_roles
from tests.unit.grants.role_fleets import ACTIONS, SEEDS, Fleet, irregular, regular

if TYPE_CHECKING:
    from cross_account_access.grants.policies import PolicyPlan

# --- One account or one grant more or less --------------------------------------------------------


def changes(before: list[str], after: list[str]) -> int:
    """How many policies have another document, or are made or deleted."""
    most = max(len(before), len(after))
    padded = [documents + [""] * (most - len(documents)) for documents in (before, after)]
    return sum(one != other for one, other in zip(*padded, strict=True))


def count_accounts(plan: PolicyPlan) -> int:
    return len({name.partition("@")[2] for name in plan.roles})


@settings(max_examples=8, deadline=None)
@given(st.integers(300, 900), st.integers(4, 6), SEEDS)  # fewer accounts fit by their ARNs
def test_an_account_more_or_less_changes_one_policy_more_than_are_full(
    accounts: int, names: int, seed: int
) -> None:
    """Where each account has the same roles, while form and number of policies stay.

    Its roles go into one policy. If that is full, the last account that got into it moves on to
    its own next choice, and so on: a chain that only meets full policies, none of them twice.
    """
    random = Random(seed)  # noqa: S311 - not for secrets
    *numbers, one_more = random.sample(range(10**6), accounts + 1)
    fewer, more = regular(numbers, names), regular([*numbers, one_more], names)
    before, after = fewer.plan(), more.plan()
    forms = {bool(plan.grouped) for plan in (*before, *after)}
    if len(before) == len(after) and forms == {True}:
        most = max(map(count_accounts, before))
        full = sum(count_accounts(plan) == most for plan in before)
        assert 1 <= changes(fewer.documents(), more.documents()) <= full + 1


def test_while_one_policy_is_enough_its_name_stays_and_it_alone_changes() -> None:
    for accounts in range(150, 280, 25):
        before, after = regular(range(accounts), 5), regular(range(accounts + 1), 5)
        assert [len(fleet.plan(3)) for fleet in (before, after)] == [1, 1]
        assert changes(before.documents(3), after.documents(3)) == 1


def test_an_account_more_or_less_changes_few_policies_of_many() -> None:
    """Where accounts differ, no bound below all policies always holds.

    In this sample an account more with two roles changes two of six policies, once three.
    """
    counts = []
    for seed in range(3, 6):
        for names, density in ((5, 1.0), (8, 0.9), (12, 0.5)):
            fewer = irregular(250, names, density, 1, seed)
            more = fewer | regular([7], 2)
            before, after = fewer.documents(10), more.documents(10)
            if len(before) == len(after) and any(plan.grouped for plan in fewer.plan()):
                counts.append(changes(before, after))
    assert len(counts) >= 6
    assert mean(counts) <= 2.2
    assert max(counts) <= 3


def test_a_policy_more_takes_accounts_of_the_others_and_exchanges_few_among_them() -> None:
    places = []
    for accounts, policies in ((700, 2), (800, 3)):
        plans = regular(range(accounts), 5).plan()
        assert len(plans) == policies
        places.append({name: place for place, plan in enumerate(plans) for name in plan.roles})
    before, after = places
    exchanged = [name for name in before if after[name] not in (before[name], 2)]
    assert len(exchanged) < len(before) / 20


def test_a_grant_more_changes_the_policies_of_its_accounts() -> None:
    fewer = regular(range(600), 5)
    granted = {(f"account-{number}", "/team/more"): ACTIONS[0] for number in range(3)}
    more = fewer | Fleet(granted)
    before, after = fewer.documents(), more.documents()
    assert len(before) == len(after) == 2
    holding = {
        position
        for position, plan in enumerate(fewer.plan())
        if any(name.endswith(f"@{account}") for name in plan.roles for account, _ in granted)
    }
    changed = {position for position in range(2) if before[position] != after[position]}
    assert changed == holding


def test_the_accounts_ids_decide_nothing() -> None:
    """A stack that knows them plans as one that doesn't."""
    fleet = regular(range(400), 5)
    known = {
        name: replace(role, account=name.partition("@")[2]) for name, role in fleet.resolved.items()
    }
    assert [plan.roles for plan in pack_roles(known, 5)] == [plan.roles for plan in fleet.plan(5)]
