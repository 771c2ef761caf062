"""Condition keys as they reach a trust policy: the right value is let in, no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.model import read_model
from tests.sandbox.conftest import DESTINATION, SOURCE, document

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

ALICE = f"arn:aws:iam::{SOURCE}:user/alice"


def check(stage: Stage, key: str, right: object, wrong: object, **more: Any) -> None:
    alice = more.pop("keys", None) or stage.user()
    operator = more.pop("operator", "StringEquals")
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    let_in = stage.role("right", trusts=SOURCE, condition={operator: {key: right}}, actions=actions)
    kept_out = stage.role(
        "wrong", trusts=SOURCE, condition={operator: {key: wrong}}, actions=actions
    )
    headers = more.pop("headers", None)
    more = {"RoleSessionName": "session"} | more
    assert stage.sts(alice, headers).assume_role(RoleArn=let_in, **more)
    assert stage.refused(alice, kept_out, headers=headers, **more).half == "destination"


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("sts:RoleSessionName", "session", "other"),
        ("aws:PrincipalArn", ALICE, f"arn:aws:iam::{SOURCE}:user/bob"),
        ("aws:PrincipalAccount", SOURCE, DESTINATION),
        ("aws:PrincipalType", "User", "AssumedRole"),
        ("aws:username", "alice", "bob"),
        ("aws:SecureTransport", "true", "false"),
        ("aws:SourceIp", "127.0.0.1", "127.0.0.2"),
        ("aws:RequestedRegion", "us-east-1", "eu-west-1"),
        ("aws:ResourceAccount", DESTINATION, SOURCE),
        ("aws:ViaAWSService", "false", "true"),
        ("aws:PrincipalTag/team", "red", "blue"),
        ("aws:principaltag/Team", "red", "blue"),
        ("aws:PrincipalTag/Cost Center", "7", "8"),
        ("aws:principaltag/COST center", "7", "red"),
        ("sts:RoleSessionName", ["session${aws:PrincipalTag/Small print, ''}", "x"], "${*}"),
    ],
)
def test_of_every_call(stage: Stage, key: str, right: object, wrong: object) -> None:
    keys = stage.user(Tags=[{"Key": "team", "Value": "red"}, {"Key": "Cost Center", "Value": "7"}])
    check(stage, key, right, wrong, keys=keys)


def test_a_raw_condition_on_a_tag_whose_key_has_a_space(stage: Stage) -> None:
    raw = {
        "StringEquals": {"aws:PrincipalTag/Cost Center": "7"},
        "StringLike": {"sts:RoleSessionName": "cost-${aws:PrincipalTag/Cost Center}"},
        "Bool": {"aws:SecureTransport": True},
    }
    block = read_model(ConditionsModel, {"raw": raw}).build_block()
    arn = stage.role(trusts=SOURCE, condition=block)

    def tag(name: str, key: str = "Cost Center", value: str = "7") -> dict[str, str]:
        return stage.user(name, Tags=[{"Key": key, "Value": value}])

    for name, key in (("alice", "Cost Center"), ("bob", "cost center")):
        sts = stage.sts(tag(name, key))
        assert sts.assume_role(RoleArn=arn, RoleSessionName="cost-7")
    for keys, session in (
        (tag("carol", value="8"), "cost-8"),
        (tag("dora", key="CostCenter"), "cost-7"),
        (tag("eve", key="Cost-Center"), "cost-7"),
        (stage.user("frank"), "cost-7"),
        (tag("grace"), "cost-8"),
    ):
        assert stage.refused(keys, arn, RoleSessionName=session).half == "destination"


@pytest.mark.parametrize(
    "key",
    [
        *(
            "sts:ExternalId",
            "sts:SourceIdentity",
            "aws:SourceIdentity",
            "aws:TagKeys",
            "sts:TransitiveTagKeys",
        ),
        *(
            "aws:MultiFactorAuthPresent",
            "aws:MultiFactorAuthAge",
            "aws:TokenIssueTime",
            "aws:PrincipalOrgID",
        ),
        *("aws:PrincipalOrgPaths", "aws:PrincipalTag/team", "aws:RequestTag/team", "aws:SourceVpc"),
        *("aws:SourceVpce", "aws:VpcSourceIp"),
    ],
)
def test_absent_from_a_plain_call_of_a_user(stage: Stage, key: str) -> None:
    check(stage, key, "true", "false", operator="Null")


def test_user_agent(stage: Stage) -> None:
    check(stage, "aws:UserAgent", "*Boto3*", "*aws-cli*", operator="StringLike")


def test_time(stage: Stage) -> None:
    now = datetime.now(UTC)
    past, future = (now + timedelta(hours=hours) for hours in (-1, 1))
    for key in ("aws:CurrentTime", "aws:EpochTime"):
        stage.sandbox.reset()
        check(stage, key, future.isoformat(), past.isoformat(), operator="DateLessThan")


def test_time_goes_by_the_sandboxs_clock(stage: Stage) -> None:
    stage.clock.offset = 7200
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    arn = stage.role(trusts=SOURCE, condition={"DateLessThan": {"aws:CurrentTime": soon}})
    assert stage.refused(stage.user(), arn).half == "destination"


def test_external_id(stage: Stage) -> None:
    check(stage, "sts:ExternalId", "a:b/c", "another", ExternalId="a:b/c")


def test_source_identity(stage: Stage) -> None:
    check(stage, "sts:SourceIdentity", "alice", "bob", SourceIdentity="alice")


@pytest.mark.parametrize(
    ("key", "right", "wrong", "operator"),
    [
        ("aws:RequestTag/team", "red", "blue", "StringEquals"),
        ("aws:TagKeys", ["team", "site"], ["team"], "ForAllValues:StringEquals"),
        ("sts:TransitiveTagKeys", ["site"], ["team"], "ForAllValues:StringEquals"),
    ],
)
def test_session_tags(stage: Stage, key: str, right: object, wrong: object, operator: str) -> None:
    tags = [{"Key": "team", "Value": "red"}, {"Key": "site", "Value": "x"}]
    check(stage, key, right, wrong, operator=operator, Tags=tags, TransitiveTagKeys=["site"])


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("aws:RequestTag/Größe =+-@", "7", "8"),
        ("aws:RequestTag/GRÖẞE =+-@", "7", "8"),
        ("aws:TagKeys", ["Größe =+-@"], ["Größe"]),
    ],
)
def test_session_tags_whose_keys_have_spaces(
    stage: Stage, key: str, right: object, wrong: object
) -> None:
    operator = "ForAllValues:StringEquals" if key == "aws:TagKeys" else "StringEquals"
    check(stage, key, right, wrong, operator=operator, Tags=[{"Key": "Größe =+-@", "Value": "7"}])


def test_another_source_address_may_be_told(stage: Stage) -> None:
    headers = {"X-Sandbox-Source-Ip": "203.0.113.7"}
    check(
        stage,
        "aws:SourceIp",
        "203.0.113.0/24",
        "127.0.0.0/8",
        operator="IpAddress",
        headers=headers,
    )


def test_what_is_no_address_is_refused(stage: Stage) -> None:
    found = stage.refused(
        stage.user(), stage.role(trusts=SOURCE), headers={"X-Sandbox-Source-Ip": "nowhere"}
    )
    assert found.code == "ValidationError"
    assert found.message == "X-Sandbox-Source-Ip: 'nowhere' must be an IP address"


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("aws:SourceVpc", "vpc-1", "vpc-2"),
        ("aws:SourceVpce", "vpce-1", "vpce-2"),
        ("aws:VpcSourceIp", "10.0.0.1", "10.0.0.2"),
    ],
)
def test_through_a_vpc_endpoint(stage: Stage, key: str, right: str, wrong: str) -> None:
    headers = {
        "X-Sandbox-Source-Vpc": "vpc-1",
        "X-Sandbox-Source-Vpce": "vpce-1",
        "X-Sandbox-Source-Ip": "10.0.0.1",
    }
    check(stage, key, right, wrong, headers=headers)


def test_through_a_vpc_endpoint_no_public_address_is_known(stage: Stage) -> None:
    headers = {"X-Sandbox-Source-Vpc": "vpc-1"}
    check(stage, "aws:SourceIp", "true", "false", operator="Null", headers=headers)


def test_organization(stage: Stage) -> None:
    stage.sandbox.set_organization(SOURCE, "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/")
    check(stage, "aws:PrincipalOrgID", "o-a1b2c3d4e5", "o-zzzzzzzzzz")


def test_organization_of_the_role(stage: Stage) -> None:
    stage.sandbox.set_organization(DESTINATION, "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/")
    check(stage, "aws:ResourceOrgID", "o-a1b2c3d4e5", "o-zzzzzzzzzz")


def test_organization_path_of_the_role(stage: Stage) -> None:
    stage.sandbox.set_organization(SOURCE, "o-zzzzzzzzzz", "o-zzzzzzzzzz/r-ab12/")
    stage.sandbox.set_organization(DESTINATION, "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/")
    check(
        stage,
        "aws:ResourceOrgPaths",
        "o-a1b2c3d4e5/r-ab12/*",
        "o-zzzzzzzzzz/*",
        operator="ForAnyValue:StringLike",
    )


@pytest.mark.parametrize("key", ["aws:ResourceOrgID", "aws:ResourceOrgPaths"])
def test_a_role_outside_every_organization(stage: Stage, key: str) -> None:
    stage.sandbox.set_organization(SOURCE, "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/")
    check(stage, key, "true", "false", operator="Null")


def test_organization_path(stage: Stage) -> None:
    path = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/"
    stage.sandbox.set_organization(SOURCE, "o-a1b2c3d4e5", path)
    check(
        stage,
        "aws:PrincipalOrgPaths",
        "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*",
        "o-a1b2c3d4e5/r-ab12/ou-ab12-99999999/*",
        operator="ForAnyValue:StringLike",
    )


def test_organization_paths_are_multivalued(stage: Stage) -> None:
    path = "o-a1b2c3d4e5/r-ab12/"
    stage.sandbox.set_organization(SOURCE, "o-a1b2c3d4e5", path)
    for operator, let_in in (("ForAnyValue:StringEquals", True), ("StringEquals", False)):
        arn = stage.role(
            operator[:6], trusts=SOURCE, condition={operator: {"aws:PrincipalOrgPaths": path}}
        )
        if let_in:
            assert stage.session(stage.user(), arn)
        else:
            assert "multivalued" in (stage.refused(stage.user("bob"), arn).reason or "")


def test_tags_of_the_role_that_is_assumed(stage: Stage) -> None:
    red = stage.role("red", trusts=SOURCE, Tags=[{"Key": "my team", "Value": "red"}])
    blue = stage.role("blue", trusts=SOURCE, Tags=[{"Key": "my team", "Value": "blue"}])
    alice = stage.user(may=None)
    for key in ("aws:ResourceTag/my team", "iam:ResourceTag/My Team"):
        condition = {"StringEquals": {key: "red"}}
        text = document(Action="sts:AssumeRole", Resource="*", Condition=condition)
        stage.source.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=text)
        assert stage.session(alice, red)
        assert stage.refused(alice, blue).half == "source"


def test_a_users_tags_follow_its_new_name(stage: Stage) -> None:
    alice = stage.user(Tags=[{"Key": "team", "Value": "red"}])
    stage.source.update_user(UserName="alice", NewUserName="alicia")
    assert stage.source.list_user_tags(UserName="alicia")["Tags"] == [
        {"Key": "team", "Value": "red"}
    ]
    check(stage, "aws:PrincipalTag/team", "red", "blue", keys=alice)
