"""The CloudFormation template of a handoff.

It has no Fn::Sub, so that `${aws:username}` in a policy stays a policy variable.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cross_account_access.text_format import join_words

from .handoff_half import AttachedPolicy, HandoffHalf
from .text_escapes import refuse_text
from .yaml_text import render_yaml

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
_DYNAMIC_REFERENCE = re.compile(r"\{\{\s*resolve\s*:", re.IGNORECASE)
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
_FUNCTION = re.compile("Ref|Fn::.*", re.DOTALL)


def render_template(half: HandoffHalf) -> str:
    """Render the template that deploys the half, as YAML.

    Raises:
        InputError: If CloudFormation would replace a text or an object of the half by another.
    """
    sources = join_words(half.documents.source_account_ids, "and")
    head = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Access from account {sources} to account "
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
    else:
        resources = {"Role": _build_role(half)}
        head["Outputs"] = {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}}
    _check_literal(head, resources)
    return render_yaml({**head, "Resources": resources})


def _check_literal(head: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
    """Refuse what CloudFormation would replace; functions in the head are the template's own."""
    for text, _ in (*_list_texts(head), *_list_texts(resources)):
        if _DYNAMIC_REFERENCE.search(text):
            rule = "must not have a dynamic reference, {{resolve:…}}: CloudFormation would replace"
            raise refuse_text(text, f"{rule} it, by a secret if the reference names one")
    for text, is_key in _list_texts(resources):
        if is_key and _FUNCTION.fullmatch(text):
            raise refuse_text(text, "must not be a key: it is a function of CloudFormation")


def _list_texts(value: Any) -> Iterator[tuple[str, bool]]:
    """List the texts in a document, and whether each is a key."""
    match value:
        case str():
            yield value, False
        case Mapping():
            for key, inner in value.items():
                yield from ((key, True), *_list_texts(inner))
        case list():
            for inner in value:
                yield from _list_texts(inner)


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
