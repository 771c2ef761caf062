"""SimulatePrincipalPolicy: what a user's, group's or role's own policies decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import DESTINATION, SOURCE, document, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.sandbox.conftest import Stage

ROLE, OTHER = (f"arn:aws:iam::{DESTINATION}:role/{name}" for name in ("deploy", "other"))
ALICE = f"arn:aws:iam::{SOURCE}:user/team/alice"
MAY_DEPLOY = {"Action": "sts:AssumeRole", "Resource": ROLE}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
WITH_MFA = MAY_DEPLOY | {"Condition": MFA}
DENY = {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}
TAGGED = {"Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/${aws:PrincipalTag/team}"}
OF_ACCOUNT = {
    "Action": "sts:AssumeRole",
    "Resource": "arn:aws:iam::*:role/deploy",
    "Condition": {"StringEquals": {"aws:ResourceAccount": [DESTINATION]}},
}
NAMED = MAY_DEPLOY | {"Condition": {"StringEquals": {"aws:username": "alice"}}}


def entry(key: str, *values: str, kind: str = "string") -> dict[str, Any]:
    return {"ContextKeyName": key, "ContextKeyValues": [*values], "ContextKeyType": kind}


def save(stage: Stage, statements: list[Mapping[str, Any]]) -> None:
    """Alice with an inline policy for each of these statements."""
    stage.source.create_user(UserName="alice", Path="/team/")
    for number, statement in enumerate(statements):
        stage.source.put_user_policy(
            UserName="alice", PolicyName=f"p{number}", PolicyDocument=document(**statement)
        )


def simulate(stage: Stage, arn: str = ALICE, **more: Any) -> dict[str, Any]:
    """The one result of assuming a role."""
    asked = {"ActionNames": ["sts:AssumeRole"], "ResourceArns": [ROLE]} | more
    answer: Any = stage.source.simulate_principal_policy(PolicySourceArn=arn, **asked)
    assert answer["IsTruncated"] is False
    [result] = answer["EvaluationResults"]
    return dict(result)


CASES: tuple[tuple[list[Any], list[Any], str, list[str]], ...] = (
    ([], [], "implicitDeny", []),
    ([MAY_DEPLOY], [], "allowed", []),
    ([MAY_DEPLOY | {"Resource": OTHER}], [], "implicitDeny", []),
    ([MAY_DEPLOY | {"Action": "sts:TagSession"}], [], "implicitDeny", []),
    ([MAY_DEPLOY, DENY], [], "explicitDeny", []),
    ([DENY], [], "explicitDeny", []),
    ([WITH_MFA], [], "implicitDeny", ["aws:MultiFactorAuthPresent"]),
    ([WITH_MFA], [entry("AWS:multifactorauthpresent", "true", kind="boolean")], "allowed", []),
    ([WITH_MFA], [entry("aws:MultiFactorAuthPresent", "false")], "implicitDeny", []),
    ([TAGGED], [], "implicitDeny", ["aws:PrincipalTag/team"]),
    ([TAGGED], [entry("aws:PrincipalTag/team", "deploy")], "allowed", []),
    ([OF_ACCOUNT], [], "allowed", []),
    ([NAMED], [], "allowed", []),
    (
        [MAY_DEPLOY | {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}}],
        [entry("aws:TagKeys", "a", "c", kind="stringList")],
        "implicitDeny",
        [],
    ),
)


@pytest.mark.parametrize(("statements", "entries", "decision", "missing"), CASES)
def test_a_users_own_policies_decide(
    statements: list[Any], entries: list[Any], decision: str, missing: list[str], stage: Stage
) -> None:
    save(stage, statements)
    result = simulate(stage, ContextEntries=entries)
    assert (result["EvalDecision"], result["MissingContextValues"]) == (decision, missing)
    [of_role] = result["ResourceSpecificResults"]
    assert of_role["EvalResourceName"] == ROLE
    assert (of_role["EvalResourceDecision"], of_role["MissingContextValues"]) == (decision, missing)
    assert bool(result["MatchedStatements"]) == (decision != "implicitDeny")


def test_the_strictest_decision_of_all_resources_is_the_actions(stage: Stage) -> None:
    save(stage, [MAY_DEPLOY])
    result = simulate(stage, ResourceArns=[ROLE, OTHER])
    assert (result["EvalResourceName"], result["EvalDecision"]) == ("*", "implicitDeny")
    assert {
        one["EvalResourceName"]: one["EvalResourceDecision"]
        for one in result["ResourceSpecificResults"]
    } == {ROLE: "allowed", OTHER: "implicitDeny"}


def test_without_resources_only_a_policy_of_all_resources_allows(stage: Stage) -> None:
    save(stage, [MAY_DEPLOY, {"Action": "iam:GetUser", "Resource": "*"}])
    answer: Any = stage.source.simulate_principal_policy(
        PolicySourceArn=ALICE, ActionNames=["sts:AssumeRole", "iam:GetUser"]
    )
    decisions = {one["EvalActionName"]: one["EvalDecision"] for one in answer["EvaluationResults"]}
    assert decisions == {"sts:AssumeRole": "implicitDeny", "iam:GetUser": "allowed"}
    assert all("ResourceSpecificResults" not in one for one in answer["EvaluationResults"])


def test_policies_of_groups_and_managed_ones_are_named_as_awss_simulator_does(stage: Stage) -> None:
    save(stage, [MAY_DEPLOY])
    iam = stage.source
    iam.create_group(GroupName="ops")
    iam.add_user_to_group(GroupName="ops", UserName="alice")
    iam.put_group_policy(GroupName="ops", PolicyName="g", PolicyDocument=document(**MAY_DEPLOY))
    made = iam.create_policy(PolicyName="m", Path="/x/", PolicyDocument=document(**MAY_DEPLOY))
    iam.attach_user_policy(UserName="alice", PolicyArn=made["Policy"]["Arn"])
    input_list = [document(**MAY_DEPLOY)]
    result = simulate(stage, PolicyInputList=input_list)
    assert {one["SourcePolicyId"] for one in result["MatchedStatements"]} == {
        "user_alice_p0",
        "group_ops_g",
        "m",
        "PolicyInputList.1",
    }
    of_group = simulate(stage, f"arn:aws:iam::{SOURCE}:group/ops")
    assert of_group["EvalDecision"] == "allowed"
    assert [one["SourcePolicyId"] for one in of_group["MatchedStatements"]] == ["group_ops_g"]


def test_a_permissions_boundary_limits_a_role(stage: Stage) -> None:
    arn = stage.role("ci", trusts=SOURCE, account=SOURCE, may="sts:AssumeRole", Path="/team/")
    assert simulate(stage, arn)["EvalDecision"] == "allowed"
    for statement, decision, allowed in (
        (MAY_DEPLOY, "allowed", True),
        (MAY_DEPLOY | {"Resource": OTHER}, "implicitDeny", False),
        (DENY, "explicitDeny", False),
    ):
        boundary = [document(**statement)]
        result = simulate(stage, arn, PermissionsBoundaryPolicyInputList=boundary)
        assert result["EvalDecision"] == decision
        detail = result["PermissionsBoundaryDecisionDetail"]
        assert detail == {"AllowedByPermissionsBoundary": allowed}


@pytest.mark.parametrize(
    ("arn", "more", "code"),
    [
        (ALICE.replace("alice", "bob"), {}, "NoSuchEntity"),
        (ALICE.replace("/team", ""), {}, "NoSuchEntity"),
        (ALICE.replace(SOURCE, DESTINATION), {}, "NoSuchEntity"),
        (f"arn:aws:sts::{SOURCE}:assumed-role/ci/x", {}, "InvalidInput"),
        (ALICE, {"ActionNames": ["sts:Assume*"]}, "InvalidInput"),
        (ALICE, {"PolicyInputList": ["{}"]}, "InvalidInput"),
        (ALICE, {"ContextEntries": [entry("aws:userid")]}, "InvalidInput"),
        (ALICE, {"ContextEntries": [entry("aws:userid", "a", "b")]}, "InvalidInput"),
        (ALICE, {"PermissionsBoundaryPolicyInputList": ["{}", "{}"]}, "InvalidInput"),
        (ALICE, {"ResourcePolicy": document(**MAY_DEPLOY)}, "NotImplemented"),
        (ALICE, {"CallerArn": ALICE}, "NotImplemented"),
        ("alice", {}, "ValidationError"),
    ],
)
def test_what_it_cannot_simulate_is_refused(
    arn: str, more: dict[str, Any], code: str, stage: Stage
) -> None:
    save(stage, [MAY_DEPLOY])
    assert refusal(lambda: simulate(stage, arn, **more)).code == code
