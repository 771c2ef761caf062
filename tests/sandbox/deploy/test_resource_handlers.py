"""What the in-process engine makes of each resource, the first time and again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.server import client
from sandbox.deploy import resource_handlers
from tests.sandbox.conftest import DESTINATION, SOURCE, document

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/policy:Policy"
ROOT = f"arn:aws:iam::{SOURCE}:root"
TRUST = document(Action="sts:AssumeRole", Principal={"AWS": ROOT})


@pytest.fixture
def clients(stage: Stage) -> resource_handlers.AccountClients:
    endpoint = stage.sandbox.endpoint
    return resource_handlers.AccountClients(
        client("iam", endpoint, account=DESTINATION), client("sts", endpoint, account=DESTINATION)
    )


def role(clients: resource_handlers.AccountClients, **inputs: Any) -> Any:
    resource_handlers.make_resource(
        ROLE, clients.iam, {"name": "deploy", "assumeRolePolicy": TRUST} | inputs
    )
    return clients.iam.get_role(RoleName="deploy")["Role"]


def test_a_role_is_made_with_all_that_was_given(clients: resource_handlers.AccountClients) -> None:
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    made = resource_handlers.make_resource(
        ROLE,
        clients.iam,
        {
            "name": "deploy",
            "path": "/team/",
            "description": "Deploys",
            "maxSessionDuration": 7200.0,
            "assumeRolePolicy": TRUST,
            "permissionsBoundary": boundary,
            "tags": {"owner": "platform"},
        },
    )
    found: Any = clients.iam.get_role(RoleName="deploy")["Role"]
    assert made.id == "deploy"
    assert made.properties == {"arn": found["Arn"], "uniqueId": found["RoleId"], "name": "deploy"}
    assert found["Arn"] == f"arn:aws:iam::{DESTINATION}:role/team/deploy"
    assert (found["Description"], found["MaxSessionDuration"]) == ("Deploys", 7200)
    assert found["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert found["Tags"] == [{"Key": "owner", "Value": "platform"}]


def test_a_role_that_is_there_is_brought_up_to_date(
    clients: resource_handlers.AccountClients,
) -> None:
    before = role(
        clients, description="Deploys", maxSessionDuration=7200, tags={"owner": "platform"}
    )
    trust = document(Action="sts:AssumeRole", Principal={"AWS": ROOT}, Sid="Again")
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    found = role(
        clients, assumeRolePolicy=trust, permissionsBoundary=boundary, tags={"owner": "audit"}
    )
    assert found["RoleId"] == before["RoleId"]
    assert (found.get("Description", ""), found["MaxSessionDuration"]) == ("", 3600)
    assert found["AssumeRolePolicyDocument"] == json.loads(trust)
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert found["Tags"] == [{"Key": "owner", "Value": "audit"}]


def test_a_policy_takes_any_number_of_changes(clients: resource_handlers.AccountClients) -> None:
    documents = [
        document(Action="sts:AssumeRole", Resource=f"arn:aws:iam::{SOURCE}:role/r{n}")
        for n in range(8)
    ]
    arns = {
        resource_handlers.make_resource(POLICY, clients.iam, {"name": "may", "policy": policy}).id
        for policy in documents
    }
    (arn,) = arns
    assert arn == f"arn:aws:iam::{DESTINATION}:policy/may"
    version = clients.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = clients.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"][
        "Document"
    ]
    assert found == json.loads(documents[-1])
    assert len(clients.iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 5


def test_attachments_and_inline_policies_may_be_made_twice(
    clients: resource_handlers.AccountClients,
) -> None:
    role(clients)
    clients.iam.create_user(UserName="alice")
    arn = resource_handlers.make_resource(
        POLICY, clients.iam, {"name": "may", "policy": document(Action="s3:*", Resource="*")}
    ).id
    inline = document(Action="sqs:*", Resource="*")
    for _ in range(2):
        for kind, inputs in (
            (
                "aws:iam/userPolicyAttachment:UserPolicyAttachment",
                {"user": "alice", "policyArn": arn},
            ),
            (
                "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                {"role": "deploy", "policyArn": arn},
            ),
            (
                "aws:iam/policyAttachment:PolicyAttachment",
                {"users": ["alice"], "roles": [], "policyArn": arn},
            ),
            (
                "aws:iam/rolePolicy:RolePolicy",
                {"role": "deploy", "name": "inline", "policy": inline},
            ),
        ):
            resource_handlers.make_resource(kind, clients.iam, inputs)
    attached = [{"PolicyName": "may", "PolicyArn": arn}]
    assert clients.iam.list_attached_user_policies(UserName="alice")["AttachedPolicies"] == attached
    assert (
        clients.iam.list_attached_role_policies(RoleName="deploy")["AttachedPolicies"] == attached
    )
    found = clients.iam.get_role_policy(RoleName="deploy", PolicyName="inline")["PolicyDocument"]
    assert found == json.loads(inline)


def test_lookups_answer_as_the_provider_does(clients: resource_handlers.AccountClients) -> None:
    user = clients.iam.create_user(UserName="alice", Path="/team/")["User"]
    made = role(clients)
    assert resource_handlers.look_up("aws:iam/getUser:getUser", clients, {"userName": "alice"}) == {
        "id": user["UserId"],
        "arn": f"arn:aws:iam::{DESTINATION}:user/team/alice",
        "userId": user["UserId"],
        "userName": "alice",
    }
    assert (
        resource_handlers.look_up("aws:iam/getRole:getRole", clients, {"name": "deploy"})[
            "uniqueId"
        ]
        == made["RoleId"]
    )
    found = resource_handlers.look_up("aws:index/getCallerIdentity:getCallerIdentity", clients, {})
    assert found["accountId"] == DESTINATION
    listed = resource_handlers.look_up("aws:iam/getUsers:getUsers", clients, {})
    assert listed["arns"] == [user["Arn"]]
    listed = resource_handlers.look_up("aws:iam/getRoles:getRoles", clients, {})
    assert listed["arns"] == [made["Arn"]]
    policy = {"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    found = resource_handlers.look_up("aws:iam/getPolicy:getPolicy", clients, policy)
    assert (found["arn"], found["name"]) == (policy["arn"], "ReadOnlyAccess")
    for function, missing in (
        ("aws:iam/getUser:getUser", {"userName": "bob"}),
        ("aws:iam/getPolicy:getPolicy", {"arn": "arn:aws:iam::aws:policy/ReadOnlyAcess"}),
    ):
        with pytest.raises(ClientError, match="NoSuchEntity"):
            resource_handlers.look_up(function, clients, missing)


def test_what_is_no_resource_of_the_project_is_not_made(
    clients: resource_handlers.AccountClients,
) -> None:
    with pytest.raises(
        resource_handlers.UnsupportedResourceError,
        match=r"^aws:s3/bucket:Bucket is not made in process, only aws:iam/role:Role, ",
    ):
        resource_handlers.make_resource("aws:s3/bucket:Bucket", clients.iam, {})


def test_an_input_that_is_missing_is_no_unknown_resource(
    clients: resource_handlers.AccountClients,
) -> None:
    with pytest.raises(KeyError, match="name"):
        resource_handlers.make_resource(ROLE, clients.iam, {"assumeRolePolicy": TRUST})


def test_an_identity_provider_is_made_and_its_audiences_are_brought_up_to_date(
    clients: resource_handlers.AccountClients,
) -> None:
    kind = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    inputs = {"url": "https://oidc.example.com/id/A1", "clientIdLists": ["a", "b"]}
    arn = f"arn:aws:iam::{DESTINATION}:oidc-provider/oidc.example.com/id/A1"
    for client_ids in (["a", "b"], ["b", "c"]):
        made = resource_handlers.make_resource(
            kind, clients.iam, inputs | {"clientIdLists": client_ids}
        )
        assert (made.id, made.properties) == (arn, {"arn": arn})
        found = clients.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        assert found["ClientIDList"] == client_ids
