"""Documents that mean the same have one form, and documents that don't have two."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cross_account_access.cli import policy_normalization as normal


def policy(**statement: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **statement}],
    }


TRUST = policy(
    Principal={"AWS": ["arn:aws:iam::111111111111:user/a", "arn:aws:iam::111111111111:root"]},
    Condition={
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "StringEquals": {"sts:ExternalId": ["x1", "y2"]},
    },
)


@pytest.mark.parametrize(
    "same",
    [
        json.dumps(TRUST, indent=4),
        TRUST | {"Statement": TRUST["Statement"][0]},
        policy(
            Principal={"AWS": ["111111111111", "arn:aws:iam::111111111111:user/a"]},
            Action=["sts:assumerole"],
            Condition={
                "StringEquals": {"STS:externalid": ["y2", "x1"]},
                "Bool": {"aws:multifactorauthpresent": True},
            },
        ),
        policy(**{**TRUST["Statement"][0], "Action": ["sts:AssumeRole", "sts:AssumeRole"]}),
    ],
    ids=["text", "one statement", "orders, cases and root", "twice"],
)
def test_what_means_the_same_is_the_same(same: Any) -> None:
    assert normal.normalize_policy(same) == normal.normalize_policy(TRUST)


@pytest.mark.parametrize(
    "other",
    [
        policy(Principal=TRUST["Statement"][0]["Principal"]),
        policy(**{**TRUST["Statement"][0], "Effect": "Deny"}),
        policy(**{**TRUST["Statement"][0], "Sid": "Other"}),
        policy(**{**TRUST["Statement"][0], "Principal": {"AWS": "111111111111"}}),
        policy(**{**TRUST["Statement"][0], "Principal": {"Service": "111111111111"}}),
        policy(
            **{
                **TRUST["Statement"][0],
                "Condition": {"StringEquals": {"sts:ExternalId": ["x1", "Y2"]}},
            }
        ),
        {**TRUST, "Version": "2008-10-17"},
        {**TRUST, "Statement": TRUST["Statement"] * 2},
    ],
    ids=[
        "condition",
        "effect",
        "Sid",
        "principal",
        "service",
        "value's case",
        "version",
        "statements",
    ],
)
def test_what_means_something_else_is_told_apart(other: Any) -> None:
    assert normal.normalize_policy(other) != normal.normalize_policy(TRUST)


def test_everybody_is_one_whichever_way_it_is_written() -> None:
    texts = ("*", {"AWS": "*"}, {"AWS": ["*"]})
    assert (
        len(
            {
                normal.render_canonical(normal.normalize_policy(policy(Principal=text)))
                for text in texts
            }
        )
        == 1
    )


def test_a_key_that_stands_twice_in_two_cases_stays_two_conditions() -> None:
    twice = policy(
        Condition={"StringLike": {"sts:RoleSessionName": "a*", "STS:RoleSessionName": "*b"}}
    )
    assert len(normal.normalize_policy(twice)["Statement"][0]["Condition"]["StringLike"]) == 2


@pytest.mark.parametrize("text", ["", "[]", "null", "{"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"policy|Expecting"):
        normal.normalize_policy(text)


def test_normalizing_twice_changes_nothing() -> None:
    once = normal.normalize_policy(TRUST)
    assert normal.normalize_policy(once) == once


def test_a_checksum_tells_halves_apart_and_not_their_spelling() -> None:
    whole: dict[str, Any] = {
        "inline_policies": {},
        "permissions_boundary": None,
        "max_session_duration": None,
    }
    one = normal.build_destination_half(trust_policy=TRUST, managed_policies=["b", "a"], **whole)
    same = normal.build_destination_half(
        trust_policy=normal.normalize_policy(TRUST),
        managed_policies=["a", "b"],
        **whole | {"max_session_duration": 3600},
    )
    other = normal.build_destination_half(trust_policy=TRUST, managed_policies=["a"], **whole)
    assert (
        normal.compute_checksum(one)
        == normal.compute_checksum(same)
        != normal.compute_checksum(other)
    )
    assert normal.compute_checksum(one).startswith("sha256:")
