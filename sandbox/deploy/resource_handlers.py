"""What the Pulumi AWS provider does with the resources and lookups of this project, by boto3.

Every resource is made, or brought up to date where it exists already.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import TagTypeDef
    from types_boto3_sts import STSClient

Properties = Mapping[str, Any]
_NEW_VERSIONS = 5


@dataclass(frozen=True)
class AccountClients:
    """An account's APIs, with the credentials of its provider."""

    iam: "IAMClient"
    sts: "STSClient"


@dataclass(frozen=True)
class MadeResource:
    """A resource as AWS has it: its ID, and its properties besides the inputs."""

    id: str
    properties: dict[str, Any]


class UnsupportedResourceError(Exception):
    """The resource or lookup is none of this project's; only the real engine knows it."""


def make_resource(kind: str, iam: "IAMClient", inputs: Properties) -> MadeResource:
    """Make a resource of type `kind`, such as `aws:iam/role:Role`; its `name` is set where it has
    one.

    Raises:
        UnsupportedResourceError: If it is of a type that isn't carried out here.
        botocore.exceptions.ClientError: What AWS refuses.
    """
    if kind not in _MAKERS:
        raise UnsupportedResourceError(
            f"{kind} is not made in process, only {', '.join(_MAKERS)}; use the Pulumi CLI"
        )
    return _MAKERS[kind](iam, inputs)


def look_up(token: str, clients: AccountClients, args: Properties) -> dict[str, Any]:
    """Answer a lookup, such as `aws:iam/getUser:getUser`.

    Raises:
        UnsupportedResourceError: If it isn't carried out here.
        botocore.exceptions.ClientError: What AWS refuses.
    """
    match token:
        case "aws:index/getCallerIdentity:getCallerIdentity":
            identity = clients.sts.get_caller_identity()
            account, user_id = identity["Account"], identity["UserId"]
            return {"id": account, "accountId": account, "arn": identity["Arn"], "userId": user_id}
        case "aws:iam/getUser:getUser":
            user = clients.iam.get_user(UserName=args["userName"])["User"]
            return {
                "id": user["UserId"],
                "arn": user["Arn"],
                "userId": user["UserId"],
                "userName": user["UserName"],
            }
        case "aws:iam/getRole:getRole":
            role = clients.iam.get_role(RoleName=args["name"])["Role"]
            return {
                "id": role["RoleName"],
                "arn": role["Arn"],
                "uniqueId": role["RoleId"],
                "name": role["RoleName"],
            }
        case "aws:iam/getPolicy:getPolicy" if "arn" in args:
            policy = clients.iam.get_policy(PolicyArn=args["arn"])["Policy"]
            return {"id": policy["Arn"], "arn": policy["Arn"], "name": policy["PolicyName"]}
        case "aws:iam/getUsers:getUsers":
            return {"arns": [user["Arn"] for user in clients.iam.list_users()["Users"]]}
        case "aws:iam/getRoles:getRoles":
            return {"arns": [role["Arn"] for role in clients.iam.list_roles()["Roles"]]}
        case _:
            raise UnsupportedResourceError(
                f"{token} is not looked up in process; use the Pulumi CLI"
            )


def takes_name(kind: str) -> bool:
    """Whether Pulumi names resources of this type where the program doesn't."""
    return kind in {"aws:iam/role:Role", "aws:iam/policy:Policy"}


def _make_role(iam: "IAMClient", inputs: Properties) -> MadeResource:
    name = inputs["name"]
    optional = _select(
        inputs,
        Description="description",
        MaxSessionDuration="maxSessionDuration",
        PermissionsBoundary="permissionsBoundary",
    )
    if "MaxSessionDuration" in optional:
        optional["MaxSessionDuration"] = int(optional["MaxSessionDuration"])
    tags = _list_tags(inputs)
    try:
        role = iam.create_role(
            RoleName=name,
            Path=inputs.get("path", "/"),
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Tags=tags,
            **optional,
        )["Role"]
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=inputs["assumeRolePolicy"])
        iam.update_role(
            RoleName=name,
            Description=inputs.get("description", ""),
            MaxSessionDuration=int(inputs.get("maxSessionDuration", 3600)),
        )
        if "PermissionsBoundary" in optional:
            iam.put_role_permissions_boundary(
                RoleName=name, PermissionsBoundary=optional["PermissionsBoundary"]
            )
        if tags:
            iam.tag_role(RoleName=name, Tags=tags)
        role = iam.get_role(RoleName=name)["Role"]
    return MadeResource(name, {"arn": role["Arn"], "uniqueId": role["RoleId"], "name": name})


def _make_policy(iam: "IAMClient", inputs: Properties) -> MadeResource:
    name, path, document = inputs["name"], inputs.get("path", "/"), inputs["policy"]
    try:
        arn = iam.create_policy(
            PolicyName=name, Path=path, PolicyDocument=document, Tags=_list_tags(inputs)
        )["Policy"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        pages = iam.get_paginator("list_policies").paginate(Scope="Local")
        arn = next(
            policy["Arn"]
            for page in pages
            for policy in page["Policies"]
            if policy["PolicyName"] == name
        )
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) == _NEW_VERSIONS:
            oldest = min(
                (v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"]
            )
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    return MadeResource(arn, {"arn": arn, "name": name})


def _build_attacher(kind: str) -> Callable[["IAMClient", Properties], MadeResource]:
    """The handler of the attachment of a policy to a `user`, `role` or `group`."""

    def attach(iam: "IAMClient", inputs: Properties) -> MadeResource:
        holder, policy = inputs[kind], inputs["policyArn"]
        call: Callable[..., object] = getattr(iam, f"attach_{kind}_policy")
        call(**{f"{kind.title()}Name": holder, "PolicyArn": policy})
        return MadeResource(f"{holder}/{policy}", {})

    return attach


def _attach_to_all(iam: "IAMClient", inputs: Properties) -> MadeResource:
    for user in inputs.get("users", []):
        iam.attach_user_policy(UserName=user, PolicyArn=inputs["policyArn"])
    for role in inputs.get("roles", []):
        iam.attach_role_policy(RoleName=role, PolicyArn=inputs["policyArn"])
    return MadeResource(f"attachment/{inputs['policyArn']}", {})


def _put_role_policy(iam: "IAMClient", inputs: Properties) -> MadeResource:
    iam.put_role_policy(
        RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
    )
    return MadeResource(f"{inputs['role']}:{inputs['name']}", {})


def _make_identity_provider(iam: "IAMClient", inputs: Properties) -> MadeResource:
    url, client_ids = inputs["url"], inputs["clientIdLists"]
    thumbprints = inputs.get("thumbprintLists", [])
    try:
        arn = iam.create_open_id_connect_provider(
            Url=url, ClientIDList=client_ids, ThumbprintList=thumbprints, Tags=_list_tags(inputs)
        )["OpenIDConnectProviderArn"]
    except iam.exceptions.EntityAlreadyExistsException:
        providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        end = f":oidc-provider/{url.removeprefix('https://')}"
        arn = next(one["Arn"] for one in providers if one["Arn"].endswith(end))
        there = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
        for client_id in client_ids:
            iam.add_client_id_to_open_id_connect_provider(
                OpenIDConnectProviderArn=arn, ClientID=client_id
            )
        for client_id in {*there} - {*client_ids}:
            iam.remove_client_id_from_open_id_connect_provider(
                OpenIDConnectProviderArn=arn, ClientID=client_id
            )
    return MadeResource(arn, {"arn": arn})


def _list_tags(inputs: Properties) -> "list[TagTypeDef]":
    return [{"Key": key, "Value": value} for key, value in sorted(inputs.get("tags", {}).items())]


def _select(inputs: Properties, **names: str) -> dict[str, Any]:
    return {parameter: inputs[name] for parameter, name in names.items() if inputs.get(name)}


_MAKERS: dict[str, Callable[["IAMClient", Properties], MadeResource]] = {
    "aws:iam/role:Role": _make_role,
    "aws:iam/policy:Policy": _make_policy,
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": _build_attacher("user"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _build_attacher("role"),
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": _build_attacher("group"),
    "aws:iam/policyAttachment:PolicyAttachment": _attach_to_all,
    "aws:iam/rolePolicy:RolePolicy": _put_role_policy,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _make_identity_provider,
}
