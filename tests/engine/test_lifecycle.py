"""What exists is taken over, what is renamed stays, and what a component is told of its resources
holds for all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from cross_account_access import CrossAccountAccess
from tests.engine.conftest import POLICY, ROLE, Step, document, in_this_order, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Project

pytestmark = pytest.mark.engine

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
AUDIT = "arn:aws:iam::aws:policy/SecurityAudit"
ALICE: dict[str, Any] = {"principals": [{"user": "alice"}]}
INLINE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
ATTACHMENT, USER_ATTACHMENT = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
)


def access(
    project: Project, name: str, grants: Any, *, options: Any = None, **args: Any
) -> Callable[[], None]:
    """A program of one component."""

    def program() -> None:
        given: Any = {"grants": grants, **providers(project), **args}
        CrossAccountAccess(name, given, options)

    return program


def providers(project: Project) -> dict[str, Any]:
    return {
        f"{side}_provider": project.provider(getattr(project, side), side)
        for side in ("source", "destination")
    }


# --- Adoption -------------------------------------------------------------------------------------


def made_by_hand(project: Project) -> str:
    """What somebody made by hand: a role with a policy, and a user's right to assume it. Returns
    that policy's ARN."""
    project.user()
    source, destination = project.iam(project.source), project.iam(project.destination)
    trust = {"Effect": "Allow", "Principal": {"AWS": project.source}, "Action": "sts:AssumeRole"}
    destination.create_role(RoleName="deploy", AssumeRolePolicyDocument=document(trust))
    destination.attach_role_policy(RoleName="deploy", PolicyArn=READ_ONLY)
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    policy = source.create_policy(PolicyName="to-production", PolicyDocument=document(allow))[
        "Policy"
    ]["Arn"]
    source.attach_user_policy(UserName="alice", PolicyArn=policy)
    return policy


def test_what_was_made_by_hand_is_taken_over_and_then_nothing_changes(project: Project) -> None:
    policy = made_by_hand(project)
    before = project.accounts()
    grants = {"deploy": {**ALICE, "role": {"managedPolicies": ["ReadOnlyAccess"]}}}
    imports = {
        "Role/access-deploy": "deploy",
        "RolePolicyAttachment/access-deploy-aws-ReadOnlyAccess": f"deploy/{READ_ONLY}",
        "Policy/access-user-alice": policy,
        "UserPolicyAttachment/access-user-alice": f"alice/{policy}",
    }
    run = project.deployed(project.config(grants, imports=imports))
    done = [step for step in run.up() if step.type.startswith("aws:")]
    imported = [("import", kind) for kind in (ROLE, ATTACHMENT, POLICY, USER_ATTACHMENT)]
    # The documents become what the grant says.
    assert sorted(step[:2] for step in done) == sorted(
        [*imported, ("update", ROLE), ("update", POLICY)]
    )
    after = project.accounts()
    assert {account: set(found) for account, found in after.items()} == {
        a: set(found) for a, found in before.items()
    }
    role_arn = project.role_arn("deploy")
    role, by_hand = after[project.destination][role_arn], before[project.destination][role_arn]
    assert role["RoleId"] == by_hand["RoleId"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": [f"arn:aws:iam::{project.source}:user/alice"]}
    versions = after[project.source][policy]["PolicyVersionList"]
    allowed = next(version["Document"] for version in versions if version["IsDefaultVersion"])
    assert allowed["Statement"][0]["Resource"] == [role_arn]
    assert outcome(project.keys(), role_arn) == "allowed"

    run.configure(project.config(grants))
    run.preview(expect_no_changes=True)


def test_what_there_is_not_is_not_taken_over_and_nothing_is_made(project: Project) -> None:
    project.user()
    run = project.deployed(
        project.config({"deploy": ALICE}, imports={"Role/access-deploy": "nowhere"})
    )
    assert "'nowhere' does not exist" in run.fails(run.up)
    assert project.writes() == [("source", "CreateUser")]


def test_an_adopted_role_is_told_of_whole_and_can_be_protected_and_given_back(
    project: Project,
) -> None:
    made_by_hand(project)
    iam = project.iam(project.destination)
    iam.attach_role_policy(RoleName="deploy", PolicyArn=ADMINISTRATOR)
    iam.put_role_policy(RoleName="deploy", PolicyName="legacy", PolicyDocument=json.dumps(INLINE))
    role = {"managedPolicies": ["ReadOnlyAccess", "SecurityAudit"]}
    imports = {
        "Role/access-deploy": "deploy",
        "RolePolicyAttachment/access-deploy-aws-ReadOnlyAccess": f"deploy/{READ_ONLY}",
    }
    grant = {**ALICE, "role": role, "retain": True}
    run = project.deployed(project.config({"deploy": grant}, imports=imports))
    run.preview()
    assert f"has managed policy {ADMINISTRATOR}; inline policy legacy, which" in run.told
    run.up()
    assert attached(iam) == {ADMINISTRATOR, AUDIT, READ_ONLY}

    # Retained as it is, it still loses what is taken from it.
    grant = {**grant, "role": {"managedPolicies": ["ReadOnlyAccess"]}, "protect": True}
    run.configure(project.config({"deploy": grant}))
    run.up()
    assert attached(iam) == {ADMINISTRATOR, READ_ONLY}
    before = project.accounts()[project.destination]
    project.from_here()
    assert "because it is protected" in run.fails(run.stack.preview_destroy)
    run.configure(project.config({"deploy": {**grant, "protect": False}}))
    run.up()
    run.destroy()
    assert project.accounts()[project.destination] == before
    assert project.writes() == [("source", "DetachUserPolicy"), ("source", "DeletePolicy")]


def attached(iam: Any) -> set[str]:
    policies = iam.list_attached_role_policies(RoleName="deploy")["AttachedPolicies"]
    return {policy["PolicyArn"] for policy in policies}


# --- Other names ----------------------------------------------------------------------------------


def test_a_renamed_grant_that_keeps_its_roles_name_changes_nothing(project: Project) -> None:
    project.user()
    role: dict[str, Any] = {
        "managedPolicies": ["ReadOnlyAccess"],
        "inlinePolicies": {"read": INLINE},
    }
    run = project.deployed(project.config({"deploy": {**ALICE, "role": role}}))
    run.up()
    project.from_here()
    release = {**ALICE, "role": {**role, "name": "deploy"}}
    run.configure(project.config({"release": {**release, "formerly": ["deploy"]}}))
    assert run.up() == []
    assert project.writes() == []
    # Afterwards the former name may go.
    run.configure(project.config({"release": release}))
    run.preview(expect_no_changes=True)


def test_a_grant_that_moves_to_another_component_keeps_its_role(project: Project) -> None:
    project.user()
    project.user("bob")
    bob = {"principals": [{"user": "bob"}]}

    def both(first: dict[str, Any], second: dict[str, Any]) -> Callable[[], None]:
        def program() -> None:
            shared: Any = providers(project)
            CrossAccountAccess("old", shared | {"grants": first})
            CrossAccountAccess("new", shared | {"grants": second})

        return program

    run = project.program(both({"deploy": ALICE, "one": bob}, {"two": bob}))
    run.up()
    before = project.accounts()[project.destination]
    alice = project.keys()
    project.from_here()
    run.stack.workspace.program = both(
        {"one": bob}, {"two": bob, "deploy": {**ALICE, "formerly": ["old/deploy"]}}
    )
    # A principal's policy is its component's own, for it holds that component's other roles too.
    moved = ("cross-account-access:index:AssumeRoleGrant", POLICY, USER_ATTACHMENT)
    creates = [Step("create", kind, "new-user-alice") for kind in moved]
    assert sorted(run.up()) == sorted(
        [*creates, *[Step("delete", kind, "old-user-alice") for kind in moved]]
    )
    assert in_this_order(
        project.writes(), ("source", "AttachUserPolicy"), ("source", "DetachUserPolicy")
    )
    after = project.accounts()[project.destination]
    assert {arn: role["RoleId"] for arn, role in after.items()} == {
        arn: r["RoleId"] for arn, r in before.items()
    }
    assert outcome(alice, project.role_arn("deploy")) == "allowed"


def test_a_component_under_another_name_with_an_alias_changes_nothing(project: Project) -> None:
    project.user()
    run = project.program(access(project, "team", {"deploy": ALICE}))
    run.up()
    options = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="team")])
    run.stack.workspace.program = access(project, "platform", {"deploy": ALICE}, options=options)
    assert run.preview() == []


# --- What a component is told of its children's life ----------------------------------------------


def test_a_protected_component_protects_all_that_it_makes(project: Project) -> None:
    project.user()
    options = pulumi.ResourceOptions(protect=True)
    grants = {"deploy": {**ALICE, "role": {"managed_policies": ["ReadOnlyAccess"]}}}
    run = project.program(access(project, "team", grants, options=options))
    run.up()
    made = [found for found in run.resources() if found["type"].startswith("aws:iam/")]
    assert len(made) == 4
    assert all(found["protect"] for found in made)
    project.from_here()
    assert "is protected" in run.fails(run.destroy)
    assert project.writes() == []


def test_what_a_component_retains_outlives_its_stack(project: Project) -> None:
    project.user()
    options = pulumi.ResourceOptions(retain_on_delete=True)
    run = project.program(access(project, "team", {"deploy": ALICE}, options=options))
    run.up()
    before = project.accounts()
    run.destroy()
    left = run.stack.export_stack().deployment or {}
    assert left.get("resources", []) == []
    assert project.accounts() == before
    assert outcome(project.keys(), project.role_arn("deploy")) == "allowed"


def test_tags_and_transforms_reach_everything_and_what_is_to_be_ignored_is(
    project: Project,
) -> None:
    project.user()

    def described(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ not in {ROLE, POLICY}:
            return None
        moved = {"path": "/managed/"} if args.type_ == ROLE else {}
        return pulumi.ResourceTransformResult(
            {**args.props, "description": f"of {args.name}", **moved}, args.opts
        )

    options = pulumi.ResourceOptions(ignore_changes=["tags"], transforms=[described])
    grants = {"deploy": {**ALICE, "role": {"tags": {"Owner": "delivery"}}}}
    run = project.program(
        access(project, "team", grants, options=options, tags={"owner": "platform", "cost": "7"})
    )
    run.up()
    role = project.iam(project.destination).get_role(RoleName="deploy")["Role"]
    assert role["Description"] == "of team-deploy"
    assert tags(role) == {"Owner": "delivery", "cost": "7"}
    source = project.iam(project.source)
    (attached,) = source.list_attached_user_policies(UserName="alice")["AttachedPolicies"]
    policy = source.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]
    assert policy["Description"] == "of team-user-alice"
    assert tags(policy) == {"owner": "platform", "cost": "7"}
    assert outcome(project.keys(), project.role_arn("managed/deploy")) == "allowed"

    run.stack.workspace.program = access(
        project, "team", grants, options=options, tags={"owner": "somebody"}
    )
    assert run.preview() == []


def tags(entity: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in entity["Tags"]}
