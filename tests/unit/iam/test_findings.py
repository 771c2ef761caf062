"""What a decision rests on: both halves of it, whatever decides, and never an external ID."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cross_account_access.iam.evaluator import Policy, Request, decide
from cross_account_access.iam.operators import HIDDEN, UnmetCondition
from tests.unit.iam.test_decision_reasons import BARE, BOB, BOB_ARN, LAX, NO_MFA, ROLE, trusts

if TYPE_CHECKING:
    from cross_account_access.iam.evaluator import Caller
    from cross_account_access.iam.findings import Finding


def list_findings(*trust: dict[str, Any], caller: Caller = BOB, **context: str) -> list[Finding]:
    document = {"Version": "2012-10-17", "Statement": list(trust)}
    keys = {key.replace("_", ":"): value for key, value in context.items()}
    return list(
        decide(
            caller, Request("sts:AssumeRole", ROLE, keys), Policy("trust policy", document)
        ).findings
    )


def test_both_halves_that_allow_are_findings() -> None:
    assert [
        (item.half, item.kind, item.policy, item.statement) for item in list_findings(trusts())
    ] == [
        ("source", "allow", "inline policy admin", 1),
        ("destination", "allow", "trust policy", 1),
    ]


def test_the_half_that_allows_stands_beside_the_one_that_refuses() -> None:
    refusing, allowing = sorted(
        list_findings(trusts(), caller=BARE), key=lambda item: item.kind == "allow"
    )
    assert (refusing.half, refusing.kind, refusing.policy, refusing.element) == (
        "source",
        "identity",
        None,
        None,
    )
    assert (allowing.half, allowing.kind) == ("destination", "allow")


def test_each_unmet_condition_is_listed() -> None:
    trust = trusts(
        Bool={"aws:MultiFactorAuthPresent": "true"},
        StringEquals={"sts:RoleSessionName": ["a", "b"]},
    )
    refusing = list_findings(trust, sts_RoleSessionName="c")[0]
    assert (refusing.kind, refusing.statement, refusing.element) == ("trust", 1, "condition")
    named = 'sts:RoleSessionName is "c", StringEquals requires "a" or "b"'
    assert refusing.unmet == (
        UnmetCondition("Bool", "aws:MultiFactorAuthPresent", (), ("true",), NO_MFA),
        UnmetCondition("StringEquals", "sts:RoleSessionName", ("c",), ("a", "b"), named),
    )


def test_an_external_id_is_hidden() -> None:
    item = list_findings(
        trusts(StringEquals={"sts:ExternalId": "secret-1"}), sts_ExternalId="secret-2"
    )[0]
    assert (item.unmet[0].actual, item.unmet[0].required) == ((HIDDEN,), (HIDDEN,))
    assert "secret" not in repr(item)
    unwanted = list_findings(trusts(Null={"sts:ExternalId": "true"}), sts_ExternalId="secret-2")[0]
    assert (unwanted.unmet[0].actual, unwanted.unmet[0].required) == ((HIDDEN,), ("true",))


def test_a_deny_has_its_conditions_and_stands_beside_what_allows() -> None:
    deny = trusts("*", NotIpAddress={"aws:SourceIp": "192.0.2.0/24"}) | {"Effect": "Deny"}
    denied = list_findings(trusts(), deny)
    assert [(item.half, item.kind, item.statement) for item in denied] == [
        ("destination", "deny", 2),
        ("source", "allow", 1),
        ("destination", "allow", 1),
    ]
    assert denied[0].condition_keys == ("aws:SourceIp",)


def test_the_element_that_does_not_match_is_named() -> None:
    elsewhere = replace(
        BOB,
        identity_policies=(Policy("inline policy near", {"Statement": LAX | {"Resource": "x"}}),),
    )
    assert list_findings(trusts(), caller=elsewhere)[0].element == "resource"
    assert list_findings(trusts(action="sts:TagSession"))[0].element == "action"
    stranger = list_findings(trusts(["AIDAGONE", BOB_ARN + "2"]))[0]
    assert (stranger.element, stranger.statement, stranger.dead_ids) == (
        "principal",
        None,
        ("AIDAGONE",),
    )
