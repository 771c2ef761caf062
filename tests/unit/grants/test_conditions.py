"""The condition block of a trust policy.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.errors import InvalidInput
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.model import Unresolved, read_model
from tests.unit.reading import QUOTES, messages

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
AGE = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
EXTERNAL_ID = {"StringEquals": {"sts:ExternalId": "partner-7f3a"}}


@pytest.mark.parametrize(
    ("conditions", "block"),
    [
        ({"mfa": True}, MFA),
        ({"mfa_max_age": 3600}, MFA | AGE),
        ({"mfa": True, "mfa_max_age": 3600}, MFA | AGE),
        ({"external_id": "partner-7f3a"}, EXTERNAL_ID),
        ({"mfa": False, "external_id": "partner-7f3a"}, EXTERNAL_ID),
        (
            {"external_id": "partner-7f3a", "mfa_max_age": 3600, "mfa": True},
            MFA | AGE | EXTERNAL_ID,
        ),
        ({"mfa": False}, {}),
    ],
)
def test_the_block_is_exactly_what_was_asked_for(
    conditions: dict[str, Any], block: dict[str, Any]
) -> None:
    built = read_model(ConditionsModel, conditions).build_block()
    assert built == block
    assert json.dumps(built) == json.dumps(block), "the order is fixed"


@pytest.mark.parametrize(
    ("conditions", "needs"),
    [
        ({"mfa": True}, True),
        ({"mfa_max_age": 1}, True),
        ({"mfa": False}, False),
        ({"external_id": "ab"}, False),
    ],
)
def test_mfas_age_asks_for_mfa(conditions: dict[str, Any], needs: bool) -> None:
    assert read_model(ConditionsModel, conditions).needs_mfa is needs


CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "mfa": st.just(True),
        "mfa_max_age": st.integers(1, 129600),
        "external_id": st.from_regex(
            r"[\w+=,.@:/-]{2,1224}", fullmatch=True, alphabet=st.characters(codec="ascii")
        ),
    },
).filter(bool)


@given(CONDITIONS)
def test_no_operator_lets_an_absent_key_pass(conditions: dict[str, Any]) -> None:
    block = read_model(ConditionsModel, conditions).build_block()
    # BoolIfExists would let long-term access keys in: https://docs.aws.amazon.com/IAM/latest/UserGuide/
    # reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
    assert set(block) <= {"Bool", "NumericLessThan", "StringEquals"}
    asks_for_mfa = bool({"mfa", "mfa_max_age"} & set(conditions))
    assert block.get("Bool") == ({"aws:MultiFactorAuthPresent": "true"} if asks_for_mfa else None)
    assert block.get("StringEquals", {}).get("sts:ExternalId") == conditions.get("external_id")
    assert all(isinstance(value, str) for keys in block.values() for value in keys.values())


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (
            {},
            (
                "here: conditions must not be empty: what was meant to be in them may have got lost. "
                "Name at least one, or leave the key out"
            ),
        ),
        ({"mfa": "true"}, 'here.mfa: "true": this must be true or false. Leave the quotes out'),
        ({"mfa": 1}, "here.mfa: 1: this must be true or false."),
        (
            {"mfa_max_age": 0},
            (
                "here.mfa_max_age: 0: an MFA's age must be 1 to 129600 whole seconds "
                "(credentials of GetSessionToken last 36 hours at most)."
            ),
        ),
        (
            {"mfa": False, "mfa_max_age": 60},
            "here.mfa: false: an MFA's age can't be asked for where MFA is not. Leave one of them out",
        ),
        (
            {"external_id": "x"},
            "here.external_id: [secret]: an external ID must have 2–1224 characters: letters, digits and _+=,.@:/-.",
        ),
        (
            {"external_id": 1234},
            f"here.external_id: [secret]: an external ID must be a string. {QUOTES}",
        ),
        (
            {"external_id": None},
            "here.external_id: null: a key has a value. Give it one, or leave it out",
        ),
    ],
)
def test_a_wrong_condition_is_refused(conditions: dict[str, Any], message: str) -> None:
    assert messages(ConditionsModel, conditions, path="here") == [message]


def test_an_external_id_that_is_not_known_yet_is_in_the_block() -> None:
    later = Unresolved()
    assert read_model(ConditionsModel, {"external_id": later}).build_block() == {
        "StringEquals": {"sts:ExternalId": later}
    }


@pytest.mark.parametrize("key", ["mfa", "mfa_max_age"])
def test_mfa_must_be_plain(key: str) -> None:
    assert messages(ConditionsModel, {key: Unresolved()})[0].startswith(
        f"{key}: <an Output>: this must be plain: "
    )


@pytest.mark.parametrize(
    "operator", ["BoolIfExists", "ForAllValues:Bool", "StringNotEquals", "NumericNotEquals"]
)
def test_a_raw_operator_that_an_absent_key_meets_is_refused_on_the_mfa_keys(operator: str) -> None:
    with pytest.raises(InvalidInput, match="the MFA keys are absent from requests by access keys"):
        read_model(ConditionsModel, {"raw": {operator: {"aws:MultiFactorAuthPresent": ["true"]}}})
