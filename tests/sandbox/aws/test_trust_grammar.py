"""Trust policies on save: their grammar and size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws.trust_saving import ROOT, both_ways, saved, trust
from tests.sandbox.conftest import SOURCE, document, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage


SYNTAX = "Syntax errors in policy."
OTHER_ACTION = "AssumeRole policy may only specify STS AssumeRole actions."
LEGACY = "The policy failed legacy parsing"
NO_JSON = "This policy contains invalid Json"


def of_account(**more: Any) -> str:
    return trust({"AWS": SOURCE}, **more)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", NO_JSON),
        ("[" * 50_000, NO_JSON),
        ("[]", SYNTAX),
        ('{"Version": "2012-10-17", "Version": "2012-10-17"}', NO_JSON),
        ("{}", "Could not parse the policy: Statement is empty!"),
        ('{"Statement": []}', "Could not parse the policy: Statement is empty!"),
        ('{"Statement": ["x"]}', SYNTAX),
        ('{"Statement": [], "Sid": "x"}', SYNTAX),
        (of_account(version="2012-10-18"), "The policy must contain a valid version string"),
        (of_account(Resource="*"), "Has prohibited field Resource"),
        (of_account(NotResource="*"), "Has prohibited field NotResource"),
        (document(Action="sts:AssumeRole"), "Missing required field Principal"),
        (
            document(NotPrincipal={"AWS": SOURCE}, Action="sts:AssumeRole"),
            "AssumeRole policy must not contain NotPrincipal field.",
        ),
        (document(Principal={"AWS": SOURCE}), "Missing required field Action"),
        (of_account(Action=[]), "Missing required field Action"),
        (of_account(Action="*"), OTHER_ACTION),
        (of_account(Action="s3:*"), OTHER_ACTION),
        (of_account(Action=["sts:AssumeRole", "sts:TagSessions"]), OTHER_ACTION),
        (of_account(Action=1), SYNTAX),
        (of_account(Effect=None), "Missing required field Effect"),
        (of_account(Effect="allow"), "Invalid effect: allow"),
        (of_account(Other=1), SYNTAX),
        (of_account(Condition=[]), SYNTAX),
        (of_account(Condition={"StringEquals": "x"}), SYNTAX),
        (of_account(Condition={"Bool": {"aws:x": None}}), SYNTAX),
        (of_account(Condition={"Bool": {"aws:x": [{}]}}), SYNTAX),
        (
            of_account(Condition={"StringEqual": {"aws:x": "y"}}),
            "Invalid Condition type : StringEqual.",
        ),
        (
            of_account(Condition={"ForAnyValue:NullIfExists": {"aws:x": "true"}}),
            "Invalid Condition type : ForAnyValue:NullIfExists.",
        ),
        (of_account(Condition={"DateLessThan": {"aws:CurrentTime": "abc"}}), LEGACY),
        (of_account(Condition={"DateEqualsIfExists": {"aws:x": ["2026", "20x6"]}}), LEGACY),
        (document(Principal={"AWS": SOURCE}, NotAction="s3:*"), OTHER_ACTION),
        (of_account(NotAction="sts:AssumeRole"), SYNTAX),
    ],
)
def test_a_wrong_document_is_refused(stage: Stage, text: str, message: str) -> None:
    found = both_ways(stage, text)
    assert (found.code, found.status) == ("MalformedPolicyDocument", 400)
    assert found.message == message


@pytest.mark.parametrize("sid", ["with-dash", "with space", "ü", "a_b"])
def test_a_sid_has_letters_and_digits_only(stage: Stage, sid: str) -> None:
    found = both_ways(stage, of_account(Sid=sid))
    assert found.code == "MalformedPolicyDocument"
    assert found.message.startswith("Statement IDs (SID) must be alpha-numeric.")


def test_sids_must_differ(stage: Stage) -> None:
    statement = json.loads(of_account(Sid="one"))["Statement"][0]
    found = both_ways(
        stage, json.dumps({"Version": "2012-10-17", "Statement": [statement, statement]})
    )
    assert found.message == "Statement IDs (SID) in a single policy must be unique."


@pytest.mark.parametrize(
    "text",
    [
        trust({"AWS": ROOT}, Sid="aB1"),
        trust({"AWS": ROOT}, Sid=""),
        trust({"AWS": ROOT}, version="2008-10-17"),
        trust({"AWS": ROOT}, version=None),
        trust({"AWS": ROOT}, Effect="Deny"),
        trust({"AWS": ROOT}, Action=["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]),
        trust({"AWS": ROOT}, Action="STS:assumerole"),
        trust({"AWS": ROOT}, Action="sts:*"),
        trust({"AWS": ROOT}, Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}),
        trust({"AWS": ROOT}, Condition={"Bool": {"aws:MultiFactorAuthPresent": True}}),
        trust(
            {"AWS": ROOT},
            Condition={"ForAnyValue:StringLikeIfExists": {"aws:PrincipalOrgPaths": ["o-*"]}},
        ),
        trust({"AWS": ROOT}, Condition={"Null": {"aws:SourceIdentity": "false"}}),
        trust({"AWS": ROOT}, Condition={}),
        trust({"AWS": ROOT}, Condition={"x": {}}),
        trust({"AWS": ROOT}, Condition={"ForAllValues:Null": {"aws:TagKeys": "false"}}),
        trust({"AWS": ROOT}, Condition={"ForAnyValue:Null": {"aws:TagKeys": "false"}}),
        trust({"AWS": ROOT}, Condition={"DateLessThan": {"aws:CurrentTime": "2026-12-31"}}),
        document(Principal={"AWS": ROOT}, NotAction="sts:TagSession"),
        json.dumps({"Statement": json.loads(trust({"AWS": ROOT}))["Statement"][0]}),
    ],
)
def test_a_right_document_is_kept_as_written(stage: Stage, text: str) -> None:
    assert saved(stage, text) == json.loads(text)
    stage.destination.update_assume_role_policy(RoleName="deploy", PolicyDocument=of_account())
    stage.destination.update_assume_role_policy(RoleName="deploy", PolicyDocument=text)
    found: Any = stage.destination.get_role(RoleName="deploy")["Role"]["AssumeRolePolicyDocument"]
    assert found == json.loads(text)


@pytest.mark.parametrize(
    ("raised", "most"),
    [
        ({}, 2048),
        ({"trust_policy_characters": 4096}, 4096),
        ({"trust_policy_characters": 8192}, 8192),
        ({"policies_per_role": 25}, 2048),
    ],
    ids=str,
)
def test_its_quota_counts_characters_without_white_space(
    stage: Stage, raised: dict[str, int], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.sandbox._state, "quotas", raised)

    def text(size: int) -> str:
        empty = trust({"AWS": ROOT}, Condition={"StringEquals": {"sts:ExternalId": ""}})
        padding = "x" * (size - len("".join(empty.split())))
        return json.dumps(json.loads(empty.replace('""', f'"{padding}"')), indent=20)

    found = both_ways(stage, text(most + 1))
    assert (found.code, found.status) == ("LimitExceeded", 409)
    assert found.message == f"Cannot exceed quota for ACLSizePerRole: {most}"
    assert len(text(most)) > most
    assert saved(stage, text(most))


def test_a_missing_role_has_no_trust_to_save(stage: Stage) -> None:
    found = refusal(
        lambda: stage.destination.update_assume_role_policy(
            RoleName="missing", PolicyDocument=of_account()
        )
    )
    assert (found.code, found.status) == ("NoSuchEntity", 404)
    assert found.message == "The role with name missing cannot be found."
