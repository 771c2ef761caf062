"""A trusted principal that is deleted and made again: AWS no longer lets it in, and the next
update does. An account in the place of another one gets what that one had."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pulumi import automation

from tests.engine.conftest import POLICY, ROLE, Step, outcome

if TYPE_CHECKING:
    from tests.engine.conftest import Project, Run

pytestmark = pytest.mark.engine

ATTACHMENT = "aws:iam/userPolicyAttachment:UserPolicyAttachment"

GRANTS = {"deploy": {"principals": [{"user": "alice"}]}, "audit": {"principals": [{"user": "bob"}]}}


def make_again(project: Project, user: str) -> list[str]:
    """Delete a user and make it again; returns the policies that were attached to it."""
    iam = project.iam(project.source)
    for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    attached = [
        found["PolicyArn"]
        for found in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]
    ]
    for policy in attached:
        iam.detach_user_policy(UserName=user, PolicyArn=policy)
    iam.delete_user(UserName=user)
    project.user(user)
    return attached


def replace(type_: str, name: str) -> list[Step]:
    """The steps of a replacement."""
    return [Step(op, type_, name) for op in ("create-replacement", "delete-replaced", "replace")]


def forget_triggers(run: Run) -> None:
    """Give a stack the state that it had before attachments and providers were replaced."""
    state = json.loads(run.cli("stack", "export", "--show-secrets"))["deployment"]
    triggers = [resource.pop("replacementTrigger", None) for resource in state["resources"]]
    assert len([*filter(None, triggers)]) == len(GRANTS) + len(("source", "destination"))
    run.stack.import_stack(automation.Deployment(version=3, deployment=state))


def test_a_user_that_was_made_again_is_let_in_by_the_next_up_and_a_preview_shows_how(
    project: Project,
) -> None:
    for user in ("alice", "bob"):
        project.user(user)
    run = project.deployed(project.config(GRANTS))
    run.up()
    forget_triggers(run)
    assert run.up() == []
    assert outcome(project.keys("alice"), project.role_arn("deploy")) == "allowed"

    assert make_again(project, "alice") != []
    update = Step("update", ROLE, "access-deploy", ("assumeRolePolicy",))
    heal = sorted([*replace(ATTACHMENT, "access-user-alice"), update])
    assert run.preview() == heal
    assert run.up() == heal
    assert run.preview() == []
    assert outcome(project.keys("alice"), project.role_arn("deploy")) == "allowed"
    assert outcome(project.keys("bob"), project.role_arn("audit")) == "allowed"


def test_an_attachment_of_a_user_trusted_by_name_is_renewed_by_an_up_with_refresh(
    project: Project,
) -> None:
    project.user("alice")
    by_name = {"principals": [{"user": "alice", "trustBy": "name"}]}
    run = project.deployed(project.config({"deploy": by_name}))
    run.up()

    assert make_again(project, "alice") != []
    assert run.preview() == []
    run.up(refresh=True)
    assert outcome(project.keys("alice"), project.role_arn("deploy")) == "allowed"


def test_another_account_in_the_config_gets_the_role_and_the_former_one_has_none(
    project: Project,
) -> None:
    project.user("alice")
    config = project.config({"deploy": GRANTS["deploy"]})
    run = project.deployed(config)
    run.up()
    former, project.destination = project.destination, f"5{project.destination[1:]}"
    run.configure(config | {"destination": project.connection(project.destination)})

    moved = [
        *replace(ROLE, "access-deploy"),
        *replace("pulumi:providers:aws", "destination"),
        Step("update", POLICY, "access-user-alice", ("policy",)),
    ]
    assert run.preview() == sorted(moved)
    assert run.up() == sorted(moved)
    assert project.iam(former).list_roles()["Roles"] == []
    assert outcome(project.keys("alice"), project.role_arn("deploy")) == "allowed"
    assert run.preview() == []
