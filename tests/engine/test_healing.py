"""A trusted principal that is deleted and made again: AWS no longer lets it in, and the next
update does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import ROLE, Step, outcome

if TYPE_CHECKING:
    from tests.engine.conftest import Project

pytestmark = pytest.mark.engine

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


def test_a_user_that_was_made_again_is_let_in_by_the_next_up(project: Project) -> None:
    for user in ("alice", "bob"):
        project.user(user)
    run = project.deployed(project.config(GRANTS))
    run.up()
    assert outcome(project.keys("alice"), project.role_arn("deploy")) == "allowed"

    for policy in make_again(project, "alice"):
        project.iam(project.source).attach_user_policy(UserName="alice", PolicyArn=policy)
    alice = project.keys("alice")
    assert outcome(alice, project.role_arn("deploy")) == "AccessDenied"

    heal = Step("update", ROLE, "access-deploy", ("assumeRolePolicy",))
    assert run.preview() == [heal]
    assert run.up() == [heal]
    assert outcome(alice, project.role_arn("deploy")) == "allowed"
    assert outcome(project.keys("bob"), project.role_arn("audit")) == "allowed"


def test_a_user_that_was_made_again_without_its_policies_is_let_in_by_an_up_with_refresh(
    project: Project,
) -> None:
    project.user("alice")
    run = project.deployed(project.config({"deploy": GRANTS["deploy"]}))
    run.up()

    assert make_again(project, "alice") != []
    run.up(refresh=True)
    assert outcome(project.keys("alice"), project.role_arn("deploy")) == "allowed"
