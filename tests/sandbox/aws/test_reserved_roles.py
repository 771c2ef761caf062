"""Roles that only AWS's own services make and change: Identity Center's and service-linked ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws.trust_saving import trust
from tests.sandbox.conftest import SOURCE, document, refusal

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

    from tests.sandbox.conftest import Stage

READING = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = trust({"AWS": SOURCE})
PERMISSION_SET = "AWSReservedSSO_Reader_0123456789abcdef"
LINKED = "AWSServiceRoleForAutoScaling"


def as_identity_center(iam: IAMClient, **call: Any) -> None:
    """Make a role as Identity Center does."""

    def add(request: Any, **_: object) -> None:
        request.headers["X-Sandbox-Aws-Service"] = "sso.amazonaws.com"

    iam.meta.events.register("before-send.iam.CreateRole", add)
    iam.create_role(AssumeRolePolicyDocument=TRUST, **call)
    iam.meta.events.unregister("before-send.iam.CreateRole", add)


@pytest.fixture
def reserved(stage: Stage) -> IAMClient:
    """The source account with a role of each kind, and an ordinary one."""
    iam = stage.source
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    as_identity_center(iam, RoleName=PERMISSION_SET, Path=path)
    iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")
    iam.create_role(RoleName="ordinary", Path="/aws/", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="profile")
    return iam


CHANGES: dict[str, dict[str, Any]] = {
    "attach_role_policy": {"PolicyArn": READING},
    "detach_role_policy": {"PolicyArn": READING},
    "put_role_policy": {"PolicyName": "p", "PolicyDocument": document(Action="s3:*", Resource="*")},
    "delete_role_policy": {"PolicyName": "p"},
    "put_role_permissions_boundary": {"PermissionsBoundary": READING},
    "delete_role_permissions_boundary": {},
    "update_assume_role_policy": {"PolicyDocument": TRUST},
    "update_role": {"MaxSessionDuration": 7200},
    "add_role_to_instance_profile": {"InstanceProfileName": "profile"},
    "remove_role_from_instance_profile": {"InstanceProfileName": "profile"},
    "delete_role": {},
}


@pytest.mark.parametrize("name", [PERMISSION_SET, LINKED])
@pytest.mark.parametrize("change", CHANGES)
def test_a_reserved_role_is_not_changed(reserved: IAMClient, name: str, change: str) -> None:
    before = reserved.get_role(RoleName=name)["Role"]
    found = refusal(lambda: getattr(reserved, change)(RoleName=name, **CHANGES[change]))
    assert (found.code, found.status) == ("UnmodifiableEntity", 400)
    assert found.message == (
        f"Cannot perform the operation on the protected role '{name}' - "
        "this role is only modifiable by AWS"
    )
    assert reserved.get_role(RoleName=name)["Role"] == before
    assert not reserved.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert not reserved.list_role_policies(RoleName=name)["PolicyNames"]


def test_an_ordinary_role_is(reserved: IAMClient) -> None:
    order = sorted(CHANGES, key=lambda change: (change == "delete_role",))
    for change in order:
        getattr(reserved, change)(RoleName="ordinary", **CHANGES[change])


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-service-linked-role.html
@pytest.mark.parametrize("change", ["update_role", "update_role_description"])
def test_only_a_service_linked_roles_description_is_changed(
    reserved: IAMClient, change: str
) -> None:
    getattr(reserved, change)(RoleName=LINKED, Description="new")
    assert reserved.get_role(RoleName=LINKED)["Role"]["Description"] == "new"
    found = refusal(lambda: getattr(reserved, change)(RoleName=PERMISSION_SET, Description="new"))
    assert found.code == "UnmodifiableEntity"


@pytest.mark.parametrize("name", [PERMISSION_SET, LINKED])
def test_a_reserved_role_may_be_read_and_tagged(reserved: IAMClient, name: str) -> None:
    reserved.tag_role(RoleName=name, Tags=[{"Key": "team", "Value": "red"}])
    assert reserved.list_role_tags(RoleName=name)["Tags"] == [{"Key": "team", "Value": "red"}]
    reserved.untag_role(RoleName=name, TagKeys=["team"])


@pytest.mark.parametrize(
    "path",
    [
        "/aws-reserved/",
        "/aws-reserved/sso.amazonaws.com/",
        "/aws-reserved/sso.amazonaws.com/eu-west-1/",
        "/aws-service-role/",
        "/aws-service-role/autoscaling.amazonaws.com/",
    ],
)
def test_no_other_role_is_made_at_a_reserved_path(stage: Stage, path: str) -> None:
    found = refusal(
        lambda: stage.source.create_role(RoleName="x", Path=path, AssumeRolePolicyDocument=TRUST)
    )
    assert found.code == "InvalidInput"
    assert stage.source.list_roles()["Roles"] == []


@pytest.mark.parametrize("path", ["/", "/aws/", "/service-role/", "/team/aws-reserved/"])
def test_other_paths_are_free(stage: Stage, path: str) -> None:
    stage.source.create_role(RoleName="x", Path=path, AssumeRolePolicyDocument=TRUST)


@pytest.mark.parametrize(
    "service", ["nosuch", "amazonaws.com", "ec2.example.com", "*.amazonaws.com"]
)
def test_a_service_linked_role_is_of_a_service(stage: Stage, service: str) -> None:
    found = refusal(lambda: stage.source.create_service_linked_role(AWSServiceName=service))
    assert found.code in ("InvalidInput", "ValidationError")


def test_a_service_linked_role_is_deleted_as_one(reserved: IAMClient) -> None:
    for name in (PERMISSION_SET, "ordinary"):
        found = refusal(lambda name=name: reserved.delete_service_linked_role(RoleName=name))  # type: ignore[misc]
        assert found.code == "NoSuchEntity"
    reserved.delete_service_linked_role(RoleName=LINKED)
    assert refusal(lambda: reserved.get_role(RoleName=LINKED)).code == "NoSuchEntity"
