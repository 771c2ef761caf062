"""The parameters of AssumeRole: what AWS's front door refuses before anybody decides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import DESTINATION, SOURCE, administrator, document, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

ROLE = f"arn:aws:iam::{DESTINATION}:role/deploy"


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"RoleSessionName": "x"}, "roleSessionName"),
        ({"RoleSessionName": "x" * 65}, "roleSessionName"),
        ({"RoleSessionName": "with space"}, "roleSessionName"),
        ({"RoleSessionName": "ümlaut"}, "roleSessionName"),
        ({"ExternalId": "x"}, "externalId"),
        ({"ExternalId": "x" * 1225}, "externalId"),
        ({"ExternalId": "with space"}, "externalId"),
        ({"DurationSeconds": 899}, "durationSeconds"),
        ({"DurationSeconds": 43201}, "durationSeconds"),
        ({"TokenCode": "12345"}, "tokenCode"),
        ({"TokenCode": "abcdef"}, "tokenCode"),
        ({"SourceIdentity": "x"}, "sourceIdentity"),
        ({"Tags": [{"Key": "", "Value": "x"}]}, "tags.1.member.key"),
        (
            {"Tags": [{"Key": "ok", "Value": "x"}, {"Key": "k" * 129, "Value": "x"}]},
            "tags.2.member.key",
        ),
        ({"Tags": [{"Key": "k", "Value": "v" * 257}]}, "tags.1.member.value"),
        ({"Tags": [{"Key": "k!", "Value": ""}]}, "tags.1.member.key"),
        ({"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(51)]}, "tags"),
        ({"RoleArn": "deploy"}, "roleArn"),
    ],
)
def test_what_the_model_forbids_is_refused(stage: Stage, more: dict[str, Any], place: str) -> None:
    more = {"RoleArn": stage.role(trusts=SOURCE), "RoleSessionName": "session"} | more
    found = refusal(lambda: stage.sts(administrator(SOURCE)).assume_role(**more))
    assert (found.code, found.status) == ("ValidationError", 400)
    start = rf"\d validation errors? detected: Value at '{re.escape(place)}' failed to satisfy "
    assert re.match(start, found.message)


@pytest.mark.parametrize(
    "more",
    [
        {"RoleSessionName": "x" * 64},
        {"RoleSessionName": "a_1+=,.@-"},
        {"ExternalId": "x" * 1224},
        {"DurationSeconds": 900},
        {"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(50)]},
        {"Tags": [{"Key": "Straße 1_.:/=+-@", "Value": "ü" * 256}]},
        {"Tags": [{"Key": f"k{number:0127}", "Value": "v" * 256} for number in range(50)]},
        {"Policy": document(Action=f"s3:{'x' * 1953}", Resource="*")},
        {"Tags": []},
    ],
)
def test_what_the_model_allows_is_taken(stage: Stage, more: dict[str, Any]) -> None:
    arn = stage.role(trusts=SOURCE, actions="sts:*")
    assert stage.session(administrator(SOURCE), arn, **more)


def test_all_that_is_wrong_is_told_at_once(stage: Stage) -> None:
    arn = stage.role(trusts=SOURCE)
    found = stage.refused(administrator(SOURCE), arn, RoleSessionName="x" * 65, DurationSeconds=1)
    assert found.message == (
        "2 validation errors detected: Value at 'roleSessionName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64; Value at 'durationSeconds' failed to "
        "satisfy constraint: Member must have value greater than or equal to 900"
    )


def test_what_is_required_may_not_be_left_out(stage: Stage) -> None:
    sts: Any = stage.sts(administrator(SOURCE))
    found = refusal(lambda: sts.assume_role(RoleArn=ROLE))
    assert "'roleSessionName' failed" in found.message
    assert found.message.endswith("Member must not be null")


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{DESTINATION}:user/deploy",
        f"arn:aws:sts::{DESTINATION}:assumed-role/deploy/session",
        "arn:aws:iam::1234:role/deploy",
        "x" * 20,
    ],
)
def test_what_is_no_roles_arn_is_invalid(stage: Stage, arn: str) -> None:
    found = stage.refused(administrator(SOURCE), arn)
    assert (found.code, found.message) == ("ValidationError", f"{arn} is invalid")


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (
            ["team", "TEAM"],
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        (["aws:team"], "Tag keys that start with aws: are reserved for AWS: aws:team"),
    ],
)
def test_tags_must_differ_and_not_be_awss(stage: Stage, tags: list[str], message: str) -> None:
    arn = stage.role(trusts=SOURCE, actions="sts:*")
    found = stage.refused(
        administrator(SOURCE), arn, Tags=[{"Key": key, "Value": "x"} for key in tags]
    )
    assert (found.code, found.message) == ("InvalidParameterValue", message)


def test_transitive_keys_must_be_among_the_tags(stage: Stage) -> None:
    arn = stage.role(trusts=SOURCE, actions="sts:*")
    tags = [{"Key": "team", "Value": "red"}]
    assert stage.session(administrator(SOURCE), arn, Tags=tags, TransitiveTagKeys=["Team"])
    found = stage.refused(administrator(SOURCE), arn, Tags=tags, TransitiveTagKeys=["site"])
    assert found.code == "InvalidParameterValue"
    assert (
        found.message == "The specified transitive tag key must be included in the requested tags."
    )


def test_a_source_identity_may_not_look_like_awss(stage: Stage) -> None:
    # The pattern has no colon, so that AWS's own prefix can't come through it.
    found = stage.refused(administrator(SOURCE), stage.role(trusts=SOURCE), SourceIdentity="aws:x")
    assert found.code == "ValidationError"


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("{", "MalformedPolicyDocument"),
        (document(Action="s3:*"), "MalformedPolicyDocument"),
        (document(Action="s3:*", Resource="*", Principal="*"), "MalformedPolicyDocument"),
        (document(Action=f"s3:{'x' * 1954}", Resource="*"), "PackedPolicyTooLarge"),
    ],
)
def test_a_wrong_session_policy_is_refused(stage: Stage, policy: str, code: str) -> None:
    found = stage.refused(administrator(SOURCE), stage.role(trusts=SOURCE), Policy=policy)
    assert found.code == code


def test_session_policies_must_exist_and_be_ten_at_most(stage: Stage) -> None:
    arn = stage.role(trusts=SOURCE)
    reading = {"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    assert stage.session(administrator(SOURCE), arn, PolicyArns=[reading] * 10)
    assert (
        stage.refused(administrator(SOURCE), arn, PolicyArns=[reading] * 11).code
        == "ValidationError"
    )
    missing = {"arn": f"arn:aws:iam::{DESTINATION}:policy/missing"}
    found = stage.refused(administrator(SOURCE), arn, PolicyArns=[missing])
    assert found.code == "MalformedPolicyDocument"


def test_authorization_comes_before_what_only_the_trusted_may_know(stage: Stage) -> None:
    alice, arn = stage.user(may=None), stage.role(trusts=SOURCE)
    assert stage.refused(alice, arn, DurationSeconds=43200).code == "AccessDenied"
