"""The CloudFormation template of a handoff.

It has no Fn::Sub, so that `${aws:username}` in a policy stays a policy variable.
"""

from typing import Any

from .handoff_half import AttachedPolicy, HandoffHalf
from .yaml_text import render_yaml


def render_template(half: HandoffHalf) -> str:
    """Render the template that deploys the half, as YAML."""
    head = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Access from account {half.documents.source_account_id} to account "
        f"{half.documents.destination_account_id}, {half.side} side",
        "Rules": {
            "Account": {
                "Assertions": [
                    {
                        "Assert": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, half.account]},
                        "AssertDescription": f"This template is for account {half.account}",
                    }
                ]
            }
        },
    }
    if half.side == "source":
        resources = {
            f"Policy{number}": _build_policy(policy)
            for number, policy in enumerate(half.attached, start=1)
        }
        return render_yaml({**head, "Resources": resources})
    outputs = {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}}
    return render_yaml({**head, "Resources": {"Role": _build_role(half)}, "Outputs": outputs})


def _build_role(half: HandoffHalf) -> dict[str, Any]:
    role = half.documents.role
    optional = {
        "Description": role.description,
        "MaxSessionDuration": role.max_session_duration,
        "PermissionsBoundary": role.permissions_boundary,
        "ManagedPolicyArns": role.managed_policies,
        "Policies": [
            {"PolicyName": name, "PolicyDocument": role.inline_policies[name]}
            for name in sorted(role.inline_policies)
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(role.tags.items())],
    }
    properties = {
        "RoleName": role.name,
        "Path": role.path,
        "AssumeRolePolicyDocument": role.trust_policy,
        **{key: value for key, value in optional.items() if value},
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _build_policy(policy: AttachedPolicy) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": policy.name,
            "PolicyDocument": policy.document,
            f"{policy.kind.capitalize()}s": [policy.holder],
        },
    }
