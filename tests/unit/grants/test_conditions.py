"""The condition block of a trust policy.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.model import Unresolved, read_model
from tests.unit.reading import codes

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


def test_an_external_id_that_is_not_known_yet_is_in_the_block() -> None:
    later = Unresolved()
    assert read_model(ConditionsModel, {"external_id": later}).build_block() == {
        "StringEquals": {"sts:ExternalId": later}
    }


@pytest.mark.parametrize("key", ["mfa", "mfa_max_age"])
def test_mfa_must_be_plain(key: str) -> None:
    assert codes(ConditionsModel, {key: Unresolved()}) == [("output-not-allowed", key)]


# --- Raw conditions -------------------------------------------------------------------------------


def write_raw(operator: str, key: str, values: Any) -> str:
    raw = {"raw": {operator: {key: values}}}
    return json.dumps(read_model(ConditionsModel, raw).build_block())


TAG_KEYS = st.text("abzÄßж9 _.:/=+-@", min_size=1, max_size=128).map(str.strip).filter(bool)
WHOLE = st.integers(1 - 2**53, 2**53 - 1)


@given(TAG_KEYS, st.text("abÄ*?$ \"\\'", max_size=9) | st.booleans() | WHOLE)
def test_one_value_is_the_same_bytes_as_a_list_of_its_text(tag: str, value: Any) -> None:
    key = f"aws:PrincipalTag/{'x' if tag.lower().startswith('aws:') else ''}{tag[:127]}".strip()
    text = value if isinstance(value, str) else json.dumps(value)
    assert write_raw("StringLike", key, value) == json.dumps({"StringLike": {key: [text]}})
    assert write_raw("StringLike", key, [value, text]) == write_raw("StringLike", key, [text])
    if type(value) is int:
        assert write_raw("NumericEquals", key, float(value)) == write_raw(
            "NumericEquals", key, text
        )


@pytest.mark.parametrize(
    "key",
    [
        *("aws:PrincipalTag/Cost Center", "aws:RequestTag/Größe", "aws:ResourceTag/a - b"),
        *("iam:ResourceTag/Cost Center", "AWS:PRINCIPALTAG/x y", "s3:ExistingObjectTag/x y"),
        *("ssm:resourceTag/x y", "rds:db-tag/x y", "aws:ResourceTag/aws:cloudformation:stack-name"),
        *("aws:PrincipalTag//", "aws:PrincipalTag/:", f"aws:PrincipalTag/{'x' * 126} y"[:145]),
        *("aws:PrincipalTag/コスト センター", "aws:PrincipalTag/a\u00a0b", "aws:x,y"),
    ],
)
def test_a_condition_key_may_end_with_any_key_of_a_tag(key: str) -> None:
    assert write_raw("StringLike", key, "x") == json.dumps({"StringLike": {key: ["x"]}})
