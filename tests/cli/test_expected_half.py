"""A half has one form, whether it comes from a grant's documents or from AWS."""

from typing import Any

from cross_account_access.cli.expected_half import build_destination_half
from cross_account_access.iam.policy_normalization import normalize_policy

TRUST = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}


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
