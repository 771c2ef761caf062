"""The components inside a program that makes more than they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import AssumeRoleGrant, TrustedRole
from tests.engine.conftest import AMBIENT, document, outcome

if TYPE_CHECKING:
    from tests.engine.conftest import Project

pytestmark = pytest.mark.engine

NO_DEFAULT_PROVIDERS = {"pulumi:disable-default-providers": ["aws"]}


def kind_of(urn: str) -> str:
    """A resource's type without its package: `Role`."""
    return urn.split("::")[-2].rpartition(":")[2]


def test_users_of_the_same_program_are_let_in_and_previewed_before_they_exist(
    project: Project,
) -> None:
    def program() -> None:
        source = project.provider(project.source, "source")
        alice, bob = (
            aws.iam.User(name, path="/team/", opts=pulumi.ResourceOptions(provider=source))
            for name in ("alice", "bob")
        )
        grants = {
            "deploy": {
                "principals": [
                    {"user": alice.name, "label": "alice"},
                    {"arn": bob.arn, "label": "bob"},
                ]
            }
        }
        project.access(grants, source_provider=source)
        pulumi.export("users", [alice.name, bob.name])

    run = project.program(program)
    planned = run.preview()
    assert {step.op for step in planned} == {"create"}
    assert project.writes() == []

    assert [step[:3] for step in run.up()] == [step[:3] for step in planned]
    users = run.outputs["users"]
    assert [outcome(project.keys(user), project.role_arn("deploy")) for user in users] == [
        "allowed",
        "allowed",
    ]
    run.preview(expect_no_changes=True)


def user_of_the_role(project: Project) -> None:
    """A program whose last resource uses the role's ARN."""
    source = project.provider(project.source, "source")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    role = {
        "managed_policies": ["ReadOnlyAccess"],
        "inline_policies": {"read": document(statement)},
    }
    grants = {"deploy": {"principals": [{"user": "alice"}], "role": role}}
    access = project.access(grants, source_provider=source)
    aws.iam.UserPolicy(
        "uses-the-role",
        user="alice",
        policy=access.role_arns["deploy"].apply(
            lambda arn: document({"Effect": "Deny", "Action": "sts:TagSession", "Resource": arn})
        ),
        opts=pulumi.ResourceOptions(provider=source),
    )


def test_whoever_gets_a_roles_arn_gets_it_once_both_halves_stand(project: Project) -> None:
    project.user()
    run = project.program(lambda: user_of_the_role(project))
    project.from_here()
    run.up()
    writes = project.writes()
    assert sorted(writes[:-1]) == [
        ("destination", "AttachRolePolicy"),
        ("destination", "CreateRole"),
        ("destination", "PutRolePolicy"),
        ("source", "AttachUserPolicy"),
        ("source", "CreatePolicy"),
    ]
    assert writes[-1] == ("source", "PutUserPolicy")
    assert outcome(project.keys(), project.role_arn("deploy")) == "allowed"

    # The order above could be luck: what the engine remembers to wait for is none.
    awaited = {
        found["urn"].rpartition("::")[2]: {kind_of(urn) for urn in found.get("dependencies", ())}
        for found in run.resources()
        if kind_of(found["urn"]) in {"Policy", "UserPolicy"}
    }
    destination = {"Role", "RolePolicyAttachment", "RolePolicy"}
    assert awaited["access-user-alice"] == destination
    assert awaited["uses-the-role"] == destination | {"UserPolicyAttachment"}


def test_everything_works_without_default_providers(project: Project) -> None:
    for user in ("alice", "bob"):
        project.user(user)

    def program() -> None:
        source, destination = (
            project.provider(getattr(project, side), side) for side in ("source", "destination")
        )
        project.access(
            {
                "deploy": {
                    "principals": [{"user": "alice"}],
                    "role": {"permissions_boundary": "ReadOnlyAccess"},
                }
            },
            source_provider=source,
            destination_provider=destination,
        )
        role = TrustedRole(
            "audit",
            {
                "principals": [{"user": "bob"}],
                "source_account_id": project.source,
                "role": {"name": "audit", "managed_policies": ["SecurityAudit"]},
            },
            pulumi.ResourceOptions(provider=destination),
        )
        AssumeRoleGrant(
            "audit",
            {"principal": {"user": "bob"}, "role_arns": {"audit": role.role_arn}},
            pulumi.ResourceOptions(provider=source),
        )

    run = project.program(program, NO_DEFAULT_PROVIDERS)
    run.preview()
    run.up()
    assert outcome(project.keys("alice"), project.role_arn("deploy")) == "allowed"
    assert outcome(project.keys("bob"), project.role_arn("audit")) == "allowed"
    assert outcome(project.keys("bob"), project.role_arn("deploy")) == "AccessDenied"
    assert project.asked(AMBIENT) == []


def test_without_default_providers_a_resource_that_names_none_is_refused(project: Project) -> None:
    """Else the test before this one would prove nothing."""
    program = "import pulumi_aws as aws\naws.iam.User('alice')\n"
    run = project.deployed(project.config({}) | NO_DEFAULT_PROVIDERS, program=program)
    assert "aws:iam/user:User::alice" in run.fails(run.preview)
