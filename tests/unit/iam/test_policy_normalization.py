"""Documents that mean the same have one form, and documents that don't have two."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cross_account_access.iam.policy_normalization import (
    compute_checksum,
    normalize_policy,
    normalize_statement,
)

ALICE, ROOT = "arn:aws:iam::111111111111:user/alice", "arn:aws:iam::111111111111:root"
STATEMENT: dict[str, Any] = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"AWS": [ALICE, ROOT]},
    "Condition": {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "StringEquals": {"sts:ExternalId": ["x1", "y2"]},
    },
}
TRUST = {"Version": "2012-10-17", "Statement": [STATEMENT]}


def change(**elements: Any) -> dict[str, Any]:
    """The trust policy with other elements in its statement."""
    return {**TRUST, "Statement": [STATEMENT | elements]}


SAME = {
    "JSON text": json.dumps(TRUST, indent=4),
    "a statement without its list": TRUST | {"Statement": STATEMENT},
    "the order of principals, and a root user for its account": change(
        Principal={"AWS": ["111111111111", ALICE]}
    ),
    "an action's case": change(Action=["sts:assumerole"]),
    "an action twice": change(Action=["sts:AssumeRole", "sts:AssumeRole"]),
    "the order and case of conditions, and a boolean": change(
        Condition={
            "StringEquals": {"STS:externalid": ["y2", "x1"]},
            "Bool": {"aws:multifactorauthpresent": True},
        }
    ),
    "normalized before": normalize_policy(TRUST),
}


@pytest.mark.parametrize("same", SAME.values(), ids=SAME)
def test_what_means_the_same_is_the_same(same: Any) -> None:
    assert normalize_policy(same) == normalize_policy(TRUST)
    assert compute_checksum(normalize_policy(same)) == compute_checksum(normalize_policy(TRUST))


OTHER: dict[str, dict[str, Any]] = {
    "no condition": change(Condition={}),
    "an effect": change(Effect="Deny"),
    "a Sid": change(Sid="Other"),
    "one principal less": change(Principal={"AWS": ALICE}),
    "a principal's kind": change(Principal={"AWS": ALICE, "Service": "111111111111"}),
    "a value's case": change(
        Condition=STATEMENT["Condition"] | {"StringEquals": {"sts:ExternalId": ["x1", "Y2"]}}
    ),
    "a version": {**TRUST, "Version": "2008-10-17"},
    "a statement twice": {**TRUST, "Statement": [STATEMENT, STATEMENT]},
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_what_means_something_else_differs(other: dict[str, Any]) -> None:
    assert normalize_policy(other) != normalize_policy(TRUST)
    assert compute_checksum(normalize_policy(other)) != compute_checksum(normalize_policy(TRUST))


@pytest.mark.parametrize("everyone", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
def test_everyone_is_written_in_one_way(everyone: object) -> None:
    assert normalize_statement({"Principal": everyone}) == {"Principal": {"AWS": ["*"]}}


def test_a_key_that_stands_twice_in_different_case_stays_two_conditions() -> None:
    keys = {"sts:RoleSessionName": ["a*"], "STS:RoleSessionName": ["*b"]}
    condition = {"Condition": {"StringLike": keys}}
    assert normalize_statement(condition) == condition


@pytest.mark.parametrize("text", ["", "[]", "null", "{"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"policy|Expecting"):
        normalize_policy(text)


def test_a_checksum_is_a_sha256() -> None:
    assert compute_checksum({}) == (
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )
