"""An AWS service assumes a role: its name in the trust, its tags, and what its session may then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws.iam_request import AWS_SERVICE
from tests.sandbox.conftest import SOURCE, administrator, document, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Refusal, Stage

PODS = "pods.eks.amazonaws.com"
BOTH = ["sts:AssumeRole", "sts:TagSession"]
TAGS: dict[str, Any] = {"Tags": [{"Key": "team", "Value": "red"}], "TransitiveTagKeys": ["team"]}


def make_role(
    stage: Stage, principal: object, actions: object = BOTH, condition: object = None
) -> str:
    policy = document(Principal=principal, Action=actions, Condition=condition or {})
    made = stage.source.create_role(RoleName="pod", AssumeRolePolicyDocument=policy)
    return made["Role"]["Arn"]


def assume(stage: Stage, role: str, service: str = PODS, **more: Any) -> dict[str, Any]:
    sts = stage.sts(administrator(SOURCE), {AWS_SERVICE: service})
    reply = sts.assume_role(RoleArn=role, RoleSessionName="session", **more)
    return dict(reply["Credentials"])


def refused(stage: Stage, role: str, service: str = PODS, **more: Any) -> Refusal:
    return refusal(lambda: assume(stage, role, service, **more))


@pytest.mark.parametrize("more", [{}, TAGS], ids=["plain", "tagged"])
def test_a_trusted_service_is_let_in(stage: Stage, more: dict[str, Any]) -> None:
    keys = assume(stage, make_role(stage, {"Service": PODS}), **more)
    arn = f"arn:aws:sts::{SOURCE}:assumed-role/pod/session"
    assert stage.sts(keys).get_caller_identity()["Arn"] == arn


def test_another_service_and_the_account_itself_are_refused(stage: Stage) -> None:
    role = make_role(stage, {"Service": PODS})
    found = refused(stage, role, "ec2.amazonaws.com")
    assert (found.code, found.half) == ("AccessDenied", "destination")
    assert "ec2.amazonaws.com" in found.message
    assert stage.refused(administrator(SOURCE), role).half == "destination"
    assert stage.refused(stage.user(), role).half == "destination"


def test_a_trusted_account_lets_no_service_in(stage: Stage) -> None:
    assert refused(stage, make_role(stage, {"AWS": SOURCE})).half == "destination"


def test_its_tags_need_permission(stage: Stage) -> None:
    role = make_role(stage, {"Service": PODS}, "sts:AssumeRole")
    assert assume(stage, role)
    assert "sts:TagSession" in refused(stage, role, **TAGS).message


@pytest.mark.parametrize(
    ("condition", "let_in"),
    [
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, True),
        ({"StringEquals": {"aws:PrincipalServiceName": PODS}}, True),
        ({"StringEquals": {"aws:RequestTag/team": "red"}}, True),
        ({"StringEquals": {"aws:RequestTag/team": "blue"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": SOURCE}}, False),
    ],
)
def test_its_call_has_a_services_condition_keys(
    stage: Stage, condition: dict[str, Any], *, let_in: bool
) -> None:
    role = make_role(stage, {"Service": PODS}, condition=condition)
    if let_in:
        assert assume(stage, role, **TAGS)
    else:
        assert refused(stage, role, **TAGS).half == "destination"
