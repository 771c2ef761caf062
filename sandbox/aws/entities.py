"""Users, roles and groups: unique names, quotas, delete conflicts, unique IDs, renames."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cross_account_access.iam.quotas import TRUST_POLICY_CHARACTERS
from sandbox.aws import saved_trust
from sandbox.aws.credentials import ADMINISTRATOR
from sandbox.aws.moto_accounts import Entity, get_boundary_arn, make_unique_id
from sandbox.aws.query_protocol import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.aws.iam_request import IamRequest

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
USERS, ROLES, GROUPS, GROUPS_PER_USER = 5000, 1000, 300, 10

_SERVICE_LINKED = "/aws-service-role/"
_RESERVED_PATHS = (_SERVICE_LINKED, "/aws-reserved/")
_SERVICE = re.compile(r"([a-z0-9-]+\.)+amazonaws\.com(\.cn)?")


def check_quota(name: str, most: int, existing: int) -> None:
    """Refuse one more of what there are already `most`.

    Raises:
        AwsError: LimitExceeded, with the quota's name.
    """
    if existing >= most:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for {name}: {most}")


def _check_name_is_free(kind: str, name: str, names: Iterable[str]) -> None:
    if any(other.lower() == name.lower() for other in names):
        raise AwsError("EntityAlreadyExists", f"{kind} with name {name} already exists.")


def _make_conflict(what: str) -> AwsError:
    return AwsError("DeleteConflict", f"Cannot delete entity, must {what} first.")


# Users


def check_create_user(request: IamRequest) -> None:
    _check_name_is_free("User", request.get("UserName"), [*request.iam.users, ADMINISTRATOR])
    check_quota("UsersPerAccount", USERS, len(request.iam.users))

    def finish(body: bytes) -> bytes:
        user = request.get_user()
        user.permissions_boundary_arn = None
        return _replace_unique_id(user, "AIDA", request.account, body)

    request.afterwards.append(finish)


def _replace_unique_id(entity: Entity, prefix: str, account: str, body: bytes) -> bytes:
    """Give moto's new entity an id as IAM's are, in its state and in its answer."""
    before, entity.id = entity.id, make_unique_id(account, prefix)
    return body.replace(before.encode(), entity.id.encode())


def check_update_user(request: IamRequest) -> None:
    user = request.get_user()
    if new_name := request.get("NewUserName"):
        _check_name_is_free(
            "User",
            new_name,
            [*(name for name in request.iam.users if name != user.name), ADMINISTRATOR],
        )
    before, tags = user.arn, request.accounts.get_tags(user)

    def follow() -> None:
        # moto keys tags by ARN and access keys by name, and forgets both.
        tagger = request.iam.tagger
        tagger.delete_all_tags_for_resource(before)
        tagger.tag_resource(user.arn, [{"Key": key, "Value": value} for key, value in tags.items()])
        for key in user.access_keys:
            key.user_name = user.name
        saved_trust.rename_principal(before, user.arn, request.accounts)

    request.then(follow)


def check_delete_user(request: IamRequest) -> None:
    user = request.get_user()
    if user.password:
        raise _make_conflict("delete login profile")
    if user.access_keys:
        raise _make_conflict("delete access keys")
    if user.mfa_devices:
        raise _make_conflict("delete MFA device")
    if request.accounts.get_groups(request.account, user):
        raise _make_conflict("remove users from group")
    _check_has_no_policies(user)
    request.then(lambda: saved_trust.forget_principal(user, request.accounts))


def _check_has_no_policies(holder: Entity) -> None:
    if holder.managed_policies:
        raise _make_conflict("detach all policies")
    if holder.policies:
        raise _make_conflict("delete policies")


def default_to_caller(request: IamRequest) -> None:
    """Where UserName may be left out, it is the caller's own.

    Raises:
        AwsError: ValidationError when the caller is no user.
    """
    if request.get("UserName"):
        return
    identity = request.identity
    if identity.kind == "user" and identity.principal is not None:
        request.params["UserName"] = identity.principal.name
    elif identity.kind == "administrator" and request.action == "GetUser":
        name = identity.arn.rpartition("/")[2]
        user = {"Path": "/", "UserName": name, "UserId": identity.unique_id, "Arn": identity.arn}
        request.answer({"User": user | {"CreateDate": "2026-01-01T00:00:00Z"}})
    else:
        raise AwsError(
            "ValidationError", "Must specify userName when calling with non-User credentials"
        )


def answer_service_credentials(request: IamRequest) -> None:
    """ListServiceSpecificCredentials: always empty. moto lacks it; Pulumi calls it."""
    if request.get("UserName"):
        request.get_user()
    request.answer({"ServiceSpecificCredentials": []})


# Roles


def check_create_role(request: IamRequest) -> None:
    if request.get("Path").startswith(_RESERVED_PATHS) and not request.by_aws:
        # That AWS refuses it is documented, with which code isn't.
        text = f"The path {request.get('Path')} is reserved for roles that AWS creates."
        raise AwsError("InvalidInput", text)
    _check_name_is_free(
        "Role", request.get("RoleName"), (role.name for role in request.iam.roles.values())
    )
    check_quota("RolesPerAccount", ROLES, len(request.iam.roles))
    document = request.get("AssumeRolePolicyDocument")
    request.params["AssumeRolePolicyDocument"] = saved_trust.check_trust_policy(
        document, request.accounts, request.hold, request.get_quota(TRUST_POLICY_CHARACTERS)
    )


def check_is_modifiable(request: IamRequest) -> None:
    """Refuse to change a role that only AWS's own services change.

    - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-service-linked-role.html
    - https://docs.aws.amazon.com/singlesignon/latest/userguide/troubleshooting.html

    Raises:
        AwsError: UnmodifiableEntity.
    """
    role = request.accounts.find_role(request.account, request.get("RoleName"))
    if role is None or request.by_aws or not role.path.startswith(_RESERVED_PATHS):
        return
    # The description alone of a service-linked role may be changed.
    is_description = request.action.startswith("UpdateRole") and not request.get(
        "MaxSessionDuration"
    )
    if not (is_description and role.path.startswith(_SERVICE_LINKED)):
        text = f"Cannot perform the operation on the protected role '{role.name}' - "
        raise AwsError("UnmodifiableEntity", f"{text}this role is only modifiable by AWS")


def check_create_service_linked_role(request: IamRequest) -> None:
    if not _SERVICE.fullmatch(request.get("AWSServiceName")):
        text = f"{request.get('AWSServiceName')} is not a service that has service-linked roles."
        raise AwsError("InvalidInput", text)


def check_delete_service_linked_role(request: IamRequest) -> None:
    role = request.get_role()
    if not role.path.startswith(_SERVICE_LINKED):
        text = f"There is no service-linked role with name {role.name}."
        raise AwsError("NoSuchEntity", text)
    request.then(lambda: saved_trust.forget_principal(role, request.accounts))


def save_trust_policy(request: IamRequest) -> None:
    """UpdateAssumeRolePolicy, without moto: its validator refuses what AWS accepts."""
    role = request.get_role()
    role.assume_role_policy_document = saved_trust.check_trust_policy(
        request.get("PolicyDocument"),
        request.accounts,
        request.hold,
        request.get_quota(TRUST_POLICY_CHARACTERS),
    )
    request.answer()


def keep_description(request: IamRequest) -> None:
    """UpdateRole leaves a description alone that it isn't given; moto empties it."""
    description = request.get_role().description
    if "Description" not in request.params and description:
        request.params["Description"] = description


def check_delete_role(request: IamRequest) -> None:
    role = request.get_role()
    if any(role in profile.roles for profile in request.iam.instance_profiles.values()):
        raise _make_conflict("remove roles from instance profile")
    _check_has_no_policies(role)
    request.then(lambda: saved_trust.forget_principal(role, request.accounts))


# Groups


def check_create_group(request: IamRequest) -> None:
    _check_name_is_free("Group", request.get("GroupName"), request.iam.groups)
    check_quota("GroupsPerAccount", GROUPS, len(request.iam.groups))
    request.afterwards.append(
        lambda body: _replace_unique_id(request.get_group(), "AGPA", request.account, body)
    )


def check_update_group(request: IamRequest) -> None:
    group = request.get_group()
    if new_name := request.get("NewGroupName"):
        _check_name_is_free(
            "Group", new_name, (name for name in request.iam.groups if name != group.name)
        )
    if new_path := request.get("NewPath"):
        # moto changes a path only together with a name.
        request.then(lambda: setattr(group, "path", new_path))


def check_delete_group(request: IamRequest) -> None:
    group = request.get_group()
    if group.users:
        raise _make_conflict("remove users from group")
    _check_has_no_policies(group)


def check_join_group(request: IamRequest) -> None:
    user, group = request.get_user(), request.get_group()
    groups = request.accounts.get_groups(request.account, user)
    if group not in groups:
        check_quota("GroupsPerUser", GROUPS_PER_USER, len(groups))


# Permissions boundaries, which moto has of roles only


def check_boundary(request: IamRequest) -> None:
    arn = request.get("PermissionsBoundary")
    if not arn:
        return
    if not arn.startswith("arn:") or ":policy/" not in arn:
        raise AwsError("ValidationError", f"ARN {arn} is not valid.")
    if request.accounts.find_managed_policy(request.account, arn) is None:
        raise AwsError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")


def keep_user_boundary(request: IamRequest) -> None:
    """Let a new user have its boundary, which moto drops."""
    if arn := request.get("PermissionsBoundary"):
        request.then(lambda: set_user_boundary(request.get_user(), arn))


def put_user_boundary(request: IamRequest) -> None:
    set_user_boundary(request.get_user(), request.get("PermissionsBoundary"))
    request.answer()


def delete_user_boundary(request: IamRequest) -> None:
    user = request.get_user()
    if get_boundary_arn(user) is None:
        raise AwsError(
            "NoSuchEntity", f"The user with name {user.name} has no permissions boundary."
        )
    set_user_boundary(user, None)
    request.answer()


def set_user_boundary(user: Entity, arn: str | None) -> None:
    user.permissions_boundary_arn = arn
    # What GetUser shows: moto's serializer takes every attribute that is named like a response
    # element.
    kind = "PermissionsBoundaryPolicy"
    user.permissions_boundary = arn and {
        "PermissionsBoundaryType": kind,
        "PermissionsBoundaryArn": arn,
    }
