"""What a change of a trust policy does: wider, narrower, dead, or nothing."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.verify.trust_drift import compare_trust_policies

if TYPE_CHECKING:
    from collections.abc import Callable

ALICE, BOB, ROOT = (
    f"arn:aws:iam::111111111111:{name}" for name in ("user/alice", "user/bob", "root")
)
COST = "aws:PrincipalTag/Cost Center"
ALICE_ID, OTHER_ID = "AIDAAAAAAAAAAAAAAAAA1", "AROABBBBBBBBBBBBBBBB2"
MEANT: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Trust1",
            "Effect": "Allow",
            "Principal": {"AWS": [ALICE, BOB]},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:ExternalId": ["one", "two"]},
                "StringNotLike": {"aws:PrincipalArn": ["a", "b"]},
                "StringLike": {COST: ["7", "8"]},
                "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
                "DateGreaterThanEquals": {"aws:CurrentTime": "2026-06-01T00:00:00Z"},
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
            },
        },
        {
            "Sid": "Trust2",
            "Effect": "Allow",
            "Principal": {"AWS": ROOT},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/x"}},
        },
    ],
}


def condition(operator: str, key: str, value: Any) -> Callable[[list[dict[str, Any]]], object]:
    return lambda found: found[0]["Condition"].update({operator: {key: value}})


WIDER: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "principal": lambda found: found[0]["Principal"]["AWS"].append(
        "arn:aws:iam::111111111111:user/eve"
    ),
    "another principal": lambda found: found[0].update(
        Principal={"AWS": [ALICE, "arn:aws:iam::111111111111:user/eve"]}
    ),
    "everybody": lambda found: found[1].update(Principal="*"),
    "service": lambda found: found[0]["Principal"].update(Service="ec2.amazonaws.com"),
    "action": lambda found: found[0].update(Action="sts:*"),
    "all conditions": lambda found: found[0].pop("Condition"),
    "narrowing gone": lambda found: found[1].pop("Condition"),
    "narrowing loosened": lambda found: found[1].update(
        Condition={"ArnLike": {"aws:PrincipalArn": "*"}}
    ),
    "external ID more": condition("StringEquals", "sts:ExternalId", ["one", "two", "three"]),
    "external ID exchanged": condition("StringEquals", "sts:ExternalId", ["one", "three"]),
    "negated value less": condition("StringNotLike", "aws:PrincipalArn", "a"),
    "tag's value more": condition("StringLike", COST, ["7", "8", "9"]),
    "tag's key without its space": condition("StringLike", COST.replace(" ", ""), ["7", "8"]),
    "larger age": condition("NumericLessThan", "aws:MultiFactorAuthAge", "36000"),
    "earlier": condition("DateGreaterThanEquals", "aws:CurrentTime", "2026-05-01T00:00:00Z"),
    "no MFA": condition("Bool", "aws:MultiFactorAuthPresent", "false"),
    "IfExists": lambda found: found[0]["Condition"].update(
        BoolIfExists=found[0]["Condition"].pop("Bool")
    ),
    "statement": lambda found: found.append(
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    ),
}
NARROWER: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "principal": lambda found: found[0].update(Principal={"AWS": ALICE}),
    "external ID": condition("StringEquals", "sts:ExternalId", "one"),
    "negated value": condition("StringNotLike", "aws:PrincipalArn", ["a", "b", "c"]),
    "tag's value": condition("StringLike", "aws:principaltag/cost center", "7"),
    "smaller age": condition("NumericLessThan", "aws:MultiFactorAuthAge", "900"),
    "later": condition("DateGreaterThanEquals", "aws:CurrentTime", "2026-07-01T00:00:00Z"),
    "statement": lambda found: found.pop(),
    "condition": condition("IpAddress", "aws:SourceIp", "192.0.2.0/24"),
    "denial": lambda found: found.append(
        {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    ),
    "denied": lambda found: found[0].update(Effect="Deny"),
}
SAME: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "order": lambda found: found.reverse(),
    "root": lambda found: found[1].update(Principal={"AWS": "111111111111"}),
    "key's case": condition("StringLike", COST.upper(), ["8", "7"]),
    "lists": lambda found: found[1].update(Action=["STS:assumerole"]),
}


def after(change: Callable[[list[dict[str, Any]]], object]) -> dict[str, Any]:
    changed = deepcopy(MEANT)
    change(changed["Statement"])
    return changed


@pytest.mark.parametrize("change", WIDER)
def test_what_lets_in_more_is_wider(change: str) -> None:
    found = compare_trust_policies(MEANT, after(WIDER[change]), {})
    assert found.wider
    assert not found.dead
    assert "three" not in str(found)


@pytest.mark.parametrize("change", NARROWER)
def test_what_lets_in_less_is_narrower(change: str) -> None:
    found = compare_trust_policies(MEANT, after(NARROWER[change]), {})
    assert found.narrower
    assert not found.wider


@pytest.mark.parametrize("change", SAME)
def test_what_means_the_same_is_no_drift(change: str) -> None:
    found = compare_trust_policies(MEANT, after(SAME[change]), {})
    assert (found.wider, found.narrower, found.dead, found.cosmetic) == ([], [], [], False)


def test_a_denial_is_compared_the_other_way_round() -> None:
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"x:y": "true"}},
    }
    before = after(lambda found: found.append(denial))
    found = compare_trust_policies(before, MEANT, {})
    assert found.wider == ["a statement that denies * is missing"]
    assert not found.narrower


def excluding(*names: str, **more: Any) -> dict[str, Any]:
    """The policy with a deny of these names."""
    arns = [f"arn:aws:iam::111111111111:*/{name}" for name in names]
    return after(
        lambda found: found.append(
            {
                "Sid": "Except",
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnLike": {"aws:PrincipalArn": arns}},
                **more,
            }
        )
    )


_OTHER_WORDS = "condition ArnLike aws:PrincipalArn has "
LESS_EXCLUDED: dict[str, tuple[dict[str, Any], str]] = {
    "the deny is gone": (MEANT, "a statement that denies arn:aws:iam::111111111111:*/eve, "),
    "one less": (excluding("eve"), _OTHER_WORDS),
    "one exchanged": (excluding("eve", "bob"), _OTHER_WORDS),
    "another action": (excluding("eve", "mallory", Action="sts:TagSession"), "action sts:assumer"),
    "an allow": (excluding("eve", "mallory", Effect="Allow"), "a statement's effect is now Allow"),
    "of one account's": (
        excluding("eve", "mallory", Principal={"AWS": "333333333333"}),
        "principal * is missing",
    ),
    "if more is met": (
        excluding(
            "eve",
            "mallory",
            Condition={
                "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:*/*"},
                "Bool": {"aws:SecureTransport": "false"},
            },
        ),
        "condition Bool aws:SecureTransport is extra",
    ),
}


@pytest.mark.parametrize("change", LESS_EXCLUDED)
def test_a_deny_of_less_lets_in_more(change: str) -> None:
    there, text = LESS_EXCLUDED[change]
    found = compare_trust_policies(excluding("eve", "mallory"), there, {})
    assert any(one.startswith(text) for one in found.wider), found


def test_a_deny_of_more_lets_in_less() -> None:
    before = excluding("eve")
    for there in (excluding("eve", "bob"), excluding("eve", Action=["sts:AssumeRole", "*"])):
        found = compare_trust_policies(before, there, {})
        assert found.narrower
        assert not found.wider
    found = compare_trust_policies(MEANT, before, {})
    assert found.narrower == ["an extra statement denies arn:aws:iam::111111111111:*/eve"]


@pytest.mark.parametrize(("unique_id", "arns"), [(ALICE_ID, {ALICE_ID: ALICE}), (OTHER_ID, {})])
def test_an_id_in_an_arns_place_is_dead_and_nothing_else(
    unique_id: str, arns: dict[str, str]
) -> None:
    there = after(lambda found: found[0].update(Principal={"AWS": [unique_id, BOB]}))
    found = compare_trust_policies(MEANT, there, arns)
    assert (found.dead, found.wider, found.narrower) == ([unique_id], [], [])


def test_beside_a_dead_id_other_drift_is_seen() -> None:
    def change(found: list[dict[str, Any]]) -> None:
        found[0]["Principal"] = {"AWS": [ALICE_ID, BOB, "arn:aws:iam::111111111111:user/eve"]}

    found = compare_trust_policies(MEANT, after(change), {ALICE_ID: ALICE})
    assert found.dead == [ALICE_ID]
    assert found.wider == ["principal arn:aws:iam::111111111111:user/eve is extra"]


@pytest.mark.parametrize("element", ["Sid", "Version"])
def test_words_alone_are_other(element: str) -> None:
    there = deepcopy(MEANT)
    if element == "Version":
        del there["Version"]
    else:
        there["Statement"][0]["Sid"] = "Else"
    found = compare_trust_policies(MEANT, there, {})
    assert (found.wider, found.narrower, found.cosmetic) == ([], [], True)


def test_a_missing_statement_is_told_from_the_one_that_lets_the_principal_in() -> None:
    tags = {"Effect": "Allow", "Principal": {"AWS": [ALICE]}, "Action": "sts:TagSession"}
    before = after(lambda found: found.append(tags))
    found = compare_trust_policies(before, MEANT, {})
    assert found.narrower == [f"a statement that allows {ALICE} sts:tagsession is missing"]
    assert not found.wider
