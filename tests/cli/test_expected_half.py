"""A half has one form, whether it comes from a grant's documents or from AWS."""

from typing import Any

import pytest

from cross_account_access.cli.expected_half import build_destination_half, build_expected_half
from cross_account_access.iam.policy_normalization import compute_checksum, normalize_policy
from tests.unit.grants.test_record_reading import write

TRUST: dict[str, Any] = {
    "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
}


def build(**changed: Any) -> dict[str, Any]:
    role: dict[str, Any] = {
        "trust_policy": TRUST,
        "inline_policies": {},
        "managed_policies": ["b", "a"],
        "permissions_boundary": None,
        "max_session_duration": None,
    }
    return build_destination_half(**role | changed)


def test_spelling_order_and_defaults_make_no_other_half() -> None:
    assert build() == build(
        trust_policy=normalize_policy(TRUST),
        managed_policies=["a", "b", "b"],
        max_session_duration=3600,
    )


def test_a_managed_policy_less_makes_another_half() -> None:
    assert build() != build(managed_policies=["a"])


def trust_with(condition: dict[str, Any]) -> dict[str, Any]:
    return {"Statement": {**TRUST["Statement"], "Condition": condition}}


@pytest.mark.parametrize("key", ["sts:ExternalId", "STS:EXTERNALID"])
@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "ForAnyValue:StringEquals"])
@pytest.mark.parametrize("other", ["0815", ["0815"], "x" * 1224])
def test_from_the_half_no_external_id_can_be_guessed(key: str, operator: str, other: Any) -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    half = build(trust_policy=trust_with({operator: {key: "4711"}, **mfa}))
    assert "4711" not in str(half)
    assert half == build(trust_policy=trust_with({operator: {key: other}, **mfa}))


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"StringEquals": {"sts:ExternalId": ["4711", "0815"]}},
        {"StringNotEquals": {"sts:ExternalId": "4711"}},
        {"StringEquals": {"sts:RoleSessionName": "4711"}},
        {"StringEquals": {"sts:ExternalId": "4711", "aws:username": "x"}},
    ],
)
def test_a_condition_more_or_less_makes_another_half(other: dict[str, Any]) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "4711"}}
    assert build(trust_policy=trust_with(condition)) != build(trust_policy=trust_with(other))


@pytest.mark.parametrize("other", ["0815", "5000"])
def test_the_order_of_statements_tells_nothing_of_external_ids(other: str) -> None:
    def trust(external_id: str) -> dict[str, Any]:
        of_alice, of_bob = (
            {**TRUST["Statement"], "Principal": {"AWS": name}, "Condition": condition}
            for name, condition in (
                ("alice", {"StringEquals": {"sts:ExternalId": external_id}}),
                ("bob", {"StringEquals": {"sts:ExternalId": "4711"}}),
            )
        )
        return {"Statement": [of_alice, of_bob]}

    assert build(trust_policy=trust("1000")) == build(trust_policy=trust(other))


@pytest.mark.parametrize("principals", [["alice"], ["alice", "bob"], ["alice", "bob", "carol"]])
def test_a_grants_checksum_does_not_depend_on_its_external_ids(principals: list[str]) -> None:
    def checksum(*external_ids: str) -> str:
        trusted = [
            {"user": name, "conditions": {"external_id": external_id}}
            for name, external_id in zip(principals, external_ids, strict=False)
        ]
        record = write({"principals": trusted})
        return compute_checksum(build_expected_half(record, "destination"))

    assert checksum("4711", "4712", "4713") == checksum("99", "08", "15")


def test_from_an_inline_policy_no_external_id_can_be_guessed() -> None:
    def inline(external_id: str) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        condition = {"StringEquals": {"sts:ExternalId": external_id}}
        return {"chain": {"Statement": {**statement, "Condition": condition}}}

    assert build(inline_policies=inline("4711")) == build(inline_policies=inline("0815"))
