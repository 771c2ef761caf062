"""Conditions in plain words, also those that only raw conditions and policies by hand have."""

from __future__ import annotations

from typing import Any

import pytest

from cross_account_access.cli.explain.words import block
from cross_account_access.iam.operators import find_unmet_conditions

MFA, TAGS = "aws:MultiFactorAuthPresent", "aws:TagKeys"
SAID: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "MFA forbidden": (
        {"Bool": {MFA: "false"}},
        {MFA: "true"},
        f"{MFA} must meet Bool false, here it is true ({MFA})",
    ),
    "MFA in whatever way": (
        {"Null": {MFA: "false"}},
        {},
        f"MFA is required, and the caller came without it ({MFA})",
    ),
    "MFA at all": (
        {"Null": {MFA: "true"}},
        {MFA: "true"},
        f"{MFA} is forbidden, here it is true ({MFA})",
    ),
    "a key that must be there": (
        {"Null": {"aws:SourceIp": "false"}},
        {},
        "aws:SourceIp must be present, and it is absent (aws:SourceIp)",
    ),
    "an external ID in whatever form": (
        {"Null": {"sts:ExternalId": "false"}},
        {},
        "an external ID is required, and none was given (sts:ExternalId)",
    ),
    "an external ID at all": (
        {"Null": {"sts:ExternalId": "true"}},
        {"sts:ExternalId": "secret-1"},
        "sts:ExternalId is forbidden, here it is (not shown) (sts:ExternalId)",
    ),
    "another external ID": (
        {"StringNotEquals": {"sts:ExternalId": "secret-1"}},
        {"sts:ExternalId": "secret-1"},
        "sts:ExternalId (not shown) is forbidden, here it is (not shown) (sts:ExternalId)",
    ),
    "an address that is barred": (
        {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"aws:SourceIp": "192.0.2.1"},
        "aws:SourceIp 192.0.2.0/24 is forbidden, here it is 192.0.2.1 (aws:SourceIp)",
    ),
    "tag keys without a set operator": (
        {"StringEquals": {TAGS: "team"}},
        {TAGS: ("team",)},
        f"{TAGS} must meet StringEquals team, here it is team ({TAGS})",
    ),
    "a key that nobody knows": (
        {"StringEquals": {"aws:Other": ["a", "b"]}},
        {},
        "aws:Other must meet StringEquals a or b, and it is absent (aws:Other)",
    ),
    "a key in other letters": (
        {"StringLike": {"STS:roleSessionName": "a*"}},
        {"sts:rolesessionname": "b"},
        "the session must be called a*, here it is b (STS:roleSessionName)",
    ),
    "two keys with one meaning": (
        {"Bool": {MFA: "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "60"}},
        {},
        f"MFA is required, and the caller came without it ({MFA}, aws:MultiFactorAuthAge)",
    ),
}


@pytest.mark.parametrize(("condition", "context", "text"), SAID.values(), ids=SAID)
def test_a_condition_is_told(condition: dict[str, Any], context: dict[str, Any], text: str) -> None:
    given = {key.lower(): value for key, value in context.items()}
    told = block(find_unmet_conditions(condition, given, given), user=True)
    assert told.plain == text
    assert told.remedies
    assert "secret" not in told.plain + " ".join(told.remedies)
