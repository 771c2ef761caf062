"""An external ID that the conditions have in `raw`: what it means for URL, profile and command."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.grants.test_usage import NEEDS_ID, USAGE, under

if TYPE_CHECKING:
    from cross_account_access.grants.conditions import ConditionsModel


def raw(operator: str, *values: str, key: str = "sts:ExternalId") -> ConditionsModel:
    return under(raw={operator: {key: list(values)}})


SPELLINGS = ["sts:ExternalId", "sts:externalid", "STS:EXTERNALID"]
REQUIRE_IT = [
    "StringEquals",
    "StringLike",
    "StringEqualsIgnoreCase",
    "ForAnyValue:StringEquals",
    "ForAnyValue:StringLike",
    # AWS applies it to each value, and there is none.
    "ForAnyValue:StringEqualsIfExists",
]
NOT_REQUIRE_IT = [
    *("StringEqualsIfExists", "StringLikeIfExists"),
    *("ForAllValues:StringEquals", "ForAllValues:StringLike"),
]
NOT_EQUAL = ["StringNotEquals", "StringNotLike", "ForAllValues:StringNotEquals"]


@pytest.mark.parametrize("key", SPELLINGS)
@pytest.mark.parametrize("operator", REQUIRE_IT)
def test_an_external_id_that_raw_requires_keeps_from_switching(operator: str, key: str) -> None:
    usage = replace(USAGE, conditions=raw(operator, "partner-7f3a", key=key))
    assert NEEDS_ID in (usage.no_switch_role or "")
    assert usage.switch_role_url is None
    assert "external_id = partner-7f3a\n" in usage.cli_profile
    assert " --external-id partner-7f3a" in usage.assume_role_command


@pytest.mark.parametrize("operator", NOT_REQUIRE_IT)
def test_an_external_id_that_may_be_left_out_is_given_and_a_person_can_switch(
    operator: str,
) -> None:
    usage = replace(USAGE, conditions=raw(operator, "partner-7f3a"))
    assert usage.switch_role_url
    assert "external_id = partner-7f3a\n" in usage.cli_profile


@pytest.mark.parametrize("operator", NOT_EQUAL)
def test_an_external_id_that_is_forbidden_is_not_given(operator: str) -> None:
    usage = replace(USAGE, conditions=raw(operator, "partner-7f3a"))
    assert usage.switch_role_url
    assert "partner" not in usage.cli_profile + usage.assume_role_command


@pytest.mark.parametrize(
    ("conditions", "external_id"),
    [
        (raw("StringEquals", "b-2", "a-1"), "a-1"),
        (raw("StringLike", "a*", "b-2"), "b-2"),
        (raw("StringLike", "partner-*"), None),
        (raw("StringLike", "partner-?"), None),
        (raw("StringEquals", "${aws:username}"), None),
        (raw("StringEquals", "two words"), None),
        (raw("Null", "false"), None),
    ],
)
def test_where_raw_requires_an_external_id_an_exact_one_is_given(
    conditions: ConditionsModel, external_id: str | None
) -> None:
    usage = replace(USAGE, conditions=conditions)
    assert NEEDS_ID in (usage.no_switch_role or "")
    assert ("external_id = " in usage.cli_profile) is (external_id is not None)
    assert f" --external-id {external_id}" in usage.assume_role_command or external_id is None
    assert "--external-id" not in usage.assume_role_command or external_id is not None


def test_no_external_id_allowed_by_raw_lets_a_person_switch() -> None:
    assert replace(USAGE, conditions=raw("Null", "true")).switch_role_url


def test_the_external_id_of_the_grant_is_given_before_one_of_raw() -> None:
    both = under(external_id="mine", raw={"StringLike": {"sts:ExternalId": ["m*", "more"]}})
    assert "external_id = mine\n" in replace(USAGE, conditions=both).cli_profile
