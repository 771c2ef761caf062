"""The CloudFormation template.

Policies stand in it as they are: without Fn::Sub, `${aws:username}` in them stays IAM's own.
"""

from typing import Any

from .handoff_half import Attached, Side
from .yaml_text import as_yaml


def template(side: Side) -> str:
    """The template that makes the side, as YAML."""
    found = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Access from account {side.documents.source_account_id} to account "
        f"{side.documents.destination_account_id}, {side.half} side",
        "Rules": {
            "Account": {
                "Assertions": [
                    {
                        "Assert": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, side.account]},
                        "AssertDescription": f"This template is for account {side.account}",
                    }
                ]
            }
        },
    }
    if side.half == "source":
        resources = {
            f"Policy{number}": _policy(one) for number, one in enumerate(side.attached, start=1)
        }
        return as_yaml({**found, "Resources": resources})
    outputs = {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}}
    return as_yaml({**found, "Resources": {"Role": _role(side)}, "Outputs": outputs})


def _role(side: Side) -> dict[str, Any]:
    role = side.documents.role
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


def _policy(policy: Attached) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": policy.name,
            "PolicyDocument": policy.document,
            f"{policy.kind.capitalize()}s": [policy.holder],
        },
    }
