"""What AWS's IAM refuses and moto takes, action by action.

Lengths and patterns are in `sandbox.constraints`, which sees every call; what isn't in the table below goes to
moto as it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws import entities, mfa_devices, saved_policies, tags
from sandbox.aws.accounts import AWS_POLICY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.iam_request import Check, IamRequest

CHECKS: Mapping[str, tuple[Check, ...]] = {
    # Users
    "CreateUser": (
        entities.may_create_user,
        entities.boundary_must_exist,
        entities.keep_user_boundary,
        tags.are_valid,
    ),
    "GetUser": (entities.of_the_caller,),
    "UpdateUser": (entities.may_update_user,),
    "DeleteUser": (entities.may_delete_user,),
    "PutUserPermissionsBoundary": (entities.boundary_must_exist, entities.put_user_boundary),
    "DeleteUserPermissionsBoundary": (entities.delete_user_boundary,),
    "TagUser": (tags.may_tag("user"),),
    "CreateAccessKey": (entities.of_the_caller,),
    "ListAccessKeys": (entities.of_the_caller,),
    "ListMFADevices": (entities.of_the_caller,),
    "ListServiceSpecificCredentials": (entities.has_no_service_credentials,),
    "EnableMFADevice": (mfa_devices.may_enable,),
    "DeleteVirtualMFADevice": (mfa_devices.may_delete,),
    # Roles
    "CreateRole": (entities.may_create_role, entities.boundary_must_exist, tags.are_valid),
    "UpdateAssumeRolePolicy": (entities.save_trust,),
    "UpdateRole": (entities.keep_description,),
    "DeleteRole": (entities.may_delete_role,),
    "PutRolePermissionsBoundary": (entities.boundary_must_exist,),
    "TagRole": (tags.may_tag("role"),),
    # Groups
    "CreateGroup": (entities.may_create_group,),
    "UpdateGroup": (entities.may_update_group,),
    "DeleteGroup": (entities.may_delete_group,),
    "AddUserToGroup": (entities.may_join_group,),
    # Policies
    "CreatePolicy": (saved_policies.may_create_policy, tags.are_valid),
    "CreatePolicyVersion": (saved_policies.may_create_version,),
    "DeletePolicy": (saved_policies.may_delete_policy,),
    "ListPolicies": (saved_policies.load_aws_policies,),
    "TagPolicy": (tags.may_tag("policy"),),
    **{
        f"Put{kind.title()}Policy": (saved_policies.may_put_policy(kind),)
        for kind in ("user", "group", "role")
    },
    **{
        f"Attach{kind.title()}Policy": (saved_policies.may_attach(kind),)
        for kind in ("user", "group", "role")
    },
}


def check(request: IamRequest) -> None:
    """Check a call of IAM, and prepare what is to be done after it.

    Raises:
        AwsError: what AWS would refuse it with.
    """
    for value in request.params.values():
        if value.startswith(AWS_POLICY_PREFIX):
            request.accounts.load_aws_policy(request.account, value)
    for one in CHECKS.get(request.action, ()):
        one(request)
