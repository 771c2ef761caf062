"""What AWS's IAM refuses and moto takes, action by action.

Lengths and patterns are in `constraints`, which sees every call; what isn't in the table below goes
to moto as it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws import (
    constraints,
    entities,
    identity_providers,
    mfa_devices,
    policy_simulation,
    saved_policies,
    tag_checks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.iam_request import Check, IamRequest

CHECKS: Mapping[str, tuple[Check, ...]] = {
    # Users
    "CreateUser": (
        entities.check_create_user,
        entities.check_boundary,
        entities.keep_user_boundary,
        tag_checks.check_tags,
    ),
    "GetUser": (entities.default_to_caller,),
    "UpdateUser": (entities.check_update_user,),
    "DeleteUser": (entities.check_delete_user,),
    "PutUserPermissionsBoundary": (entities.check_boundary, entities.put_user_boundary),
    "DeleteUserPermissionsBoundary": (entities.delete_user_boundary,),
    "TagUser": (tag_checks.build_tagging_check("user"),),
    "CreateAccessKey": (entities.default_to_caller,),
    "ListAccessKeys": (entities.default_to_caller,),
    "ListMFADevices": (entities.default_to_caller,),
    "ListServiceSpecificCredentials": (entities.answer_service_credentials,),
    "EnableMFADevice": (mfa_devices.check_enable_device,),
    "DeleteVirtualMFADevice": (mfa_devices.check_delete_device,),
    # Roles
    "CreateRole": (entities.check_create_role, entities.check_boundary, tag_checks.check_tags),
    "CreateServiceLinkedRole": (entities.check_create_service_linked_role,),
    "DeleteServiceLinkedRole": (entities.check_delete_service_linked_role,),
    "UpdateAssumeRolePolicy": (entities.save_trust_policy,),
    "UpdateRole": (entities.keep_description,),
    "DeleteRole": (entities.check_delete_role,),
    "PutRolePermissionsBoundary": (entities.check_boundary,),
    "TagRole": (tag_checks.build_tagging_check("role"),),
    # Groups
    "CreateGroup": (entities.check_create_group,),
    "UpdateGroup": (entities.check_update_group,),
    "DeleteGroup": (entities.check_delete_group,),
    "AddUserToGroup": (entities.check_join_group,),
    # Identity providers
    "CreateOpenIDConnectProvider": (
        identity_providers.check_create_provider,
        tag_checks.check_tags,
    ),
    "AddClientIDToOpenIDConnectProvider": (identity_providers.add_client_id,),
    "RemoveClientIDFromOpenIDConnectProvider": (identity_providers.remove_client_id,),
    # Policies
    "CreatePolicy": (saved_policies.check_create_policy, tag_checks.check_tags),
    "CreatePolicyVersion": (saved_policies.check_create_version,),
    "DeletePolicy": (saved_policies.check_delete_policy,),
    "ListPolicies": (saved_policies.load_aws_policies,),
    "SimulatePrincipalPolicy": (policy_simulation.answer_simulation,),
    "TagPolicy": (tag_checks.build_tagging_check("policy"),),
    **{
        f"Put{kind.title()}Policy": (saved_policies.build_inline_policy_check(kind),)
        for kind in ("user", "group", "role")
    },
    **{
        f"Attach{kind.title()}Policy": (saved_policies.build_attachment_check(kind),)
        for kind in ("user", "group", "role")
    },
}


def check_iam_request(request: IamRequest) -> None:
    """Check a call of IAM, and prepare what is to be done after it.

    Raises:
        AwsError: what AWS would refuse it with.
    """
    for value in request.params.values():
        if value.startswith(request.accounts.aws_policy_prefix):
            request.accounts.load_aws_policy(request.account, value)
    # AWS's own model of IAM says for which actions on a role there is this error.
    errors = constraints.load_service_model("iam").operation_model(request.action).error_shapes
    if any(error.name == "UnmodifiableEntityException" for error in errors):
        entities.check_is_modifiable(request)
    for one in CHECKS.get(request.action, ()):
        one(request)
