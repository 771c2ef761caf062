"""For each kind of principal and each condition: the right caller gets in, and wrong ones don't.

Both policies are the stack's own. A wrong caller's account allows it everything, unless that right
is what it lacks: then the source's half refuses.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.principals import IDENTITY_KEYS
from tests.unit.grants import allowed_conditions, grant_conditions, grant_principals
from tests.unit.grants.callers import Case, Wrong, ask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cross_account_access.iam.evaluator import Caller

ROOT = Path(__file__).parents[3]
CASES = [*grant_principals.CASES, *grant_conditions.CASES, *allowed_conditions.CASES]
BY_CONDITION = {case.what: case for case in grant_conditions.CASES}


def rows(found: Iterable[tuple[Case, str, Any]]) -> list[Any]:
    return [pytest.param(case, what, id=f"{case.what}: {fact}") for case, fact, what in found]


RIGHT = rows(
    (case, fact, (caller, context))
    for case in CASES
    for fact, (caller, context) in {"the right caller": (case.right, {}), **case.also}.items()
)
WRONG = rows((case, fact, wrong) for case in CASES for fact, wrong in case.wrong.items())


@pytest.mark.parametrize(("case", "right"), RIGHT)
def test_the_right_caller_gets_in_with_the_policy_that_the_stack_makes(
    case: Case, right: tuple[Caller, dict[str, Any]]
) -> None:
    caller, context = right
    decision = ask(case.trust(), case.entitled(caller), case.met | context)
    assert decision.allowed, decision.reason


@pytest.mark.parametrize(("case", "wrong"), WRONG)
def test_a_wrong_caller_does_not(case: Case, wrong: Wrong) -> None:
    decision = ask(case.trust(), wrong.who or case.right, case.context(wrong))
    assert not decision.allowed, decision.reason
    assert decision.half == wrong.half, decision.reason


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_the_wrong_callers_of_a_case_are_three_at_least_and_refused_for_different_reasons(
    case: Case,
) -> None:
    reasons = {
        ask(case.trust(), wrong.who or case.right, case.context(wrong)).reason
        for wrong in case.wrong.values()
    }
    assert len(reasons) >= 3


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_nobody_gets_in_by_the_other_half_alone(case: Case) -> None:
    """The source's policy is for one role, and the trust for whoever else is allowed it."""
    caller = case.entitled(case.right)
    assert ask(case.trust(), caller, case.met).allowed
    closed = type(case.trust())("trust policy", {"Version": "2012-10-17", "Statement": []})
    assert ask(closed, caller, case.met).half == "destination"


def test_every_kind_of_principal_and_every_condition_is_in_the_table() -> None:
    principals = [principal for case in CASES for principal in case.grant["principals"]]
    assert set(chain.from_iterable(principals)) >= set(IDENTITY_KEYS) | {"trust_by", "conditions"}
    conditions = {key for case in CASES for key in case.grant.get("conditions", {})}
    assert conditions == set(ConditionsModel.model_fields)
    assert len(WRONG) >= 3 * len(CASES)
