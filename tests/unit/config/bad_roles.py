"""Bad config: roles and their permissions."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.config.bad_config import DESTINATION, OTHER, REMOVED, SOURCE, Bad

ROLE = "grants.deploy.role"
INLINE = f"{ROLE}.inlinePolicies.pass"
STATEMENT = f"{INLINE}.Statement[0]"
THIRD = f"arn:aws:iam::{OTHER}:policy/x"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def policy(**changes: object) -> dict[str, Any]:
    """A policy with one statement, some of whose elements are changed or removed."""
    statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", **changes}
    kept = {element: value for element, value in statement.items() if value is not REMOVED}
    return {"Version": "2012-10-17", "Statement": [kept]}


ROLES = [
    Bad("a name with a space", "invalid-role-name", {f"{ROLE}.name": "the role"}),
    Bad("a number for a name", "role-name-not-string", {f"{ROLE}.name": 4711}),
    Bad("a name that is null", "null-value", {f"{ROLE}.name": None}),
    Bad("a path without slashes", "invalid-path", {f"{ROLE}.path": "team"}),
    Bad(
        "a path that makes the source's policy a pattern",
        "path-with-wildcard",
        {f"{ROLE}.path": "/*/"},
    ),
    Bad(
        "a path with a policy variable", "path-with-wildcard", {f"{ROLE}.path": "/${aws:username}/"}
    ),
    Bad("a path of AWS's own", "reserved-path", {f"{ROLE}.path": "/aws-service-role/x/"}),
    Bad(
        "a description with an escape sequence",
        "invalid-description",
        {f"{ROLE}.description": "Deploys.\x9b31m"},
    ),
    Bad(
        "a description of 1001 characters",
        "description-too-long",
        {f"{ROLE}.description": "x" * 1001},
    ),
    Bad(
        "a session a second too short",
        "maximum-session-duration-out-of-range",
        {f"{ROLE}.maxSessionDuration": 3599},
    ),
    Bad(
        "a session a second too long",
        "maximum-session-duration-out-of-range",
        {f"{ROLE}.maxSessionDuration": 43201},
    ),
    Bad(
        "a session with a unit",
        "maximum-session-duration-not-integer",
        {f"{ROLE}.maxSessionDuration": "4h"},
    ),
    Bad(
        "a session in quotes",
        "maximum-session-duration-not-integer",
        {f"{ROLE}.maxSessionDuration": "3600"},
    ),
    Bad("a role that is text", "not-object", {ROLE: "deploy"}),
    Bad("a misspelt setting", "unknown-key", {f"{ROLE}.managedPolicy": []}),
    Bad("a setting in snake_case", "unknown-key", {f"{ROLE}.max_session_duration": 7200}),
    Bad("a tag that AWS keeps to itself", "reserved-tag-key", {f"{ROLE}.tags.aws:owner": "me"}),
    Bad(
        "tags of one key, ignoring case",
        "repeated-tag-key",
        {f"{ROLE}.tags": {"Owner": "a", "owner": "b"}},
        path=f"{ROLE}.tags.owner",
    ),
    Bad("a number for a tag", "tag-value-not-string", {f"{ROLE}.tags.cost": 4711}),
    Bad("a number for a tag's key", "tag-key-not-string", {f"{ROLE}.tags.4711": "cost"}),
    Bad(
        "tags as CloudFormation has them",
        "tags-not-map",
        {f"{ROLE}.tags": [{"Key": "a", "Value": "b"}]},
    ),
    Bad("51 tags", "too-many-tags", {f"{ROLE}.tags": {f"k{number}": "" for number in range(51)}}),
    Bad("a tag's key of 129 characters", "tag-key-too-long", {f"{ROLE}.tags.{'k' * 129}": ""}),
    Bad("a tag with a semicolon", "invalid-tag-value", {f"{ROLE}.tags.a": "b;c"}),
    Bad(
        "managed policies that are text", "not-list", {f"{ROLE}.managedPolicies": "ReadOnlyAccess"}
    ),
    Bad("managed policies that are null", "null-value", {f"{ROLE}.managedPolicies": None}),
    Bad(
        "a managed policy's name with a space",
        "invalid-policy-name",
        {f"{ROLE}.managedPolicies": ["Read Only"]},
        path=f"{ROLE}.managedPolicies[0]",
    ),
    Bad(
        "a managed policy without its path",
        "managed-policy-without-path",
        {f"{ROLE}.managedPolicies": ["ViewOnlyAccess"]},
        path=f"{ROLE}.managedPolicies[0]",
    ),
    Bad(
        "a boundary of service-linked roles",
        "service-linked-policy",
        {f"{ROLE}.permissionsBoundary": "aws-service-role/AWSSupportServiceRolePolicy"},
    ),
    Bad(
        "a boundary's ARN without its path",
        "managed-policy-without-path",
        {f"{ROLE}.permissionsBoundary": "arn:aws-cn:iam::aws:policy/SystemAdministrator"},
    ),
    Bad(
        "a managed policy's path with a space",
        "invalid-policy-path",
        {f"{ROLE}.managedPolicies": ["job function/X"]},
        path=f"{ROLE}.managedPolicies[0]",
    ),
    Bad(
        "a managed policy that is a number",
        "invalid-managed-policy",
        {f"{ROLE}.managedPolicies": [5]},
        path=f"{ROLE}.managedPolicies[0]",
    ),
    Bad(
        "a role's ARN for a policy",
        "invalid-managed-policy-arn",
        {f"{ROLE}.managedPolicies": [f"arn:aws:iam::{DESTINATION}:role/x"]},
        path=f"{ROLE}.managedPolicies[0]",
    ),
    Bad(
        "a policy twice",
        "repeated-managed-policy",
        {f"{ROLE}.managedPolicies": ["A", "B", "A"]},
        path=f"{ROLE}.managedPolicies[2]",
    ),
    Bad(
        "a policy by name and by ARN",
        "repeated-managed-policy",
        {f"{ROLE}.managedPolicies": ["ReadOnlyAccess", READ_ONLY]},
        path=f"{ROLE}.managedPolicies[1]",
    ),
    Bad(
        "a policy of another account",
        "policy-in-other-account",
        {f"{ROLE}.managedPolicies": [THIRD]},
        path=f"{ROLE}.managedPolicies[0]",
    ),
    Bad(
        "a policy of the source account",
        "policy-in-other-account",
        {f"{ROLE}.managedPolicies": [f"arn:aws:iam::{SOURCE}:policy/x"]},
        path=f"{ROLE}.managedPolicies[0]",
    ),
    Bad(
        "26 policies",
        "too-many-managed-policies",
        {f"{ROLE}.managedPolicies": [f"P{number}" for number in range(26)]},
    ),
    Bad(
        "a labelled policy's name for its ARN",
        "invalid-managed-policy-arn",
        {f"{ROLE}.managedPolicyArns.own": "ReadOnlyAccess"},
    ),
    Bad(
        "a labelled policy of another account",
        "policy-in-other-account",
        {f"{ROLE}.managedPolicyArns.own": THIRD},
    ),
    Bad(
        "a policy's label with a space",
        "invalid-label",
        {f"{ROLE}.managedPolicyArns.my own": READ_ONLY},
    ),
    Bad("labelled policies in a list", "not-map", {f"{ROLE}.managedPolicyArns": [READ_ONLY]}),
    Bad(
        "a boundary's name with a space",
        "invalid-policy-name",
        {f"{ROLE}.permissionsBoundary": "the boundary"},
    ),
    Bad(
        "a boundary of another account",
        "policy-in-other-account",
        {f"{ROLE}.permissionsBoundary": THIRD},
    ),
    Bad("an inline policy that is no JSON", "invalid-json", {INLINE: "iam:PassRole"}),
    Bad(
        "an inline policy with an escaped line end",
        "control-character",
        {INLINE: json.dumps(policy(Resource="arn:aws:s3:::x/\n"))},
        path=f"{INLINE}.Statement[0].Resource",
    ),
    Bad("an inline policy that is null", "invalid-policy", {INLINE: None}),
    Bad(
        "an inline policy that is a statement", "unknown-policy-key", {f"{INLINE}.Effect": "Allow"}
    ),
    Bad(
        "an inline policy without statements",
        "no-statement",
        {INLINE: {"Version": "2012-10-17"}},
        path=f"{INLINE}.Statement",
    ),
    Bad(
        "a version of another day",
        "invalid-policy-version",
        {INLINE: {"Version": "2012-10-18", "Statement": []}},
        path=f"{INLINE}.Version",
    ),
    Bad(
        "an effect in small letters",
        "invalid-effect",
        {INLINE: policy(Effect="allow")},
        path=f"{STATEMENT}.Effect",
    ),
    Bad("no action", "no-action", {INLINE: policy(Action=REMOVED)}, path=STATEMENT),
    Bad(
        "an action without its service",
        "invalid-action",
        {INLINE: policy(Action="PassRole")},
        path=f"{STATEMENT}.Action",
    ),
    Bad(
        "resources both ways",
        "element-or-its-opposite",
        {INLINE: policy(NotResource="*")},
        path=STATEMENT,
    ),
    Bad(
        "a resource that is no ARN",
        "invalid-resource",
        {INLINE: policy(Resource=["bucket"])},
        path=f"{STATEMENT}.Resource",
    ),
    *(
        Bad(
            f"a resource such as {resource}",
            code,
            {INLINE: policy(Resource=["*", resource])},
            path=f"{STATEMENT}.Resource",
        )
        for resource, code in (
            ("my-bucket/*", "invalid-resource"),
            ("s3*", "invalid-resource"),
            ("arn:aws:s3:::${AWS::AccountId}-logs", "cloudformation-variable"),
            ("arn:s3:::my-bucket", "invalid-resource-partition"),
            ("arn:aws:*:::my-bucket", "invalid-resource-service"),
            ("arn:aws:s3::my-bucket", "invalid-resource-form"),
            ("arn:aws:s3:us-east-1::my-bucket", "resource-with-region"),
            ("arn:aws:iam::111111111111:deploy", "invalid-iam-resource"),
        )
    ),
    *(
        Bad(
            f"an action such as {action}",
            code,
            {INLINE: policy(Action=action)},
            path=f"{STATEMENT}.Action",
        )
        for action, code in (
            ("*:Untag*", "invalid-action-service"),
            ("s3:Get:Object", "action-with-colons"),
        )
    ),
    Bad(
        "a misspelt operator in an inline policy",
        "unknown-operator",
        {INLINE: policy(Condition={"StringEqual": {"aws:PrincipalTag/team": "red"}})},
        path=f"{STATEMENT}.Condition.StringEqual",
    ),
    Bad(
        "a date that is none in an inline policy",
        "invalid-condition-date",
        {INLINE: policy(Condition={"DateLessThan": {"aws:CurrentTime": "tomorrow"}})},
        path=f"{STATEMENT}.Condition.DateLessThan.aws:CurrentTime",
    ),
    Bad(
        "repeated Sids behind empty ones",
        "repeated-sid",
        {
            INLINE: {
                "Version": "2012-10-17",
                "Statement": [policy(Sid=sid)["Statement"][0] for sid in ("", "", "Read", "Read")],
            }
        },
        path=f"{INLINE}.Statement",
    ),
    Bad(
        "a principal in an inline policy",
        "principal-in-identity-policy",
        {INLINE: policy(Principal="*")},
        path=f"{STATEMENT}.Principal",
    ),
    Bad(
        "a misspelt key in a statement",
        "unknown-statement-key",
        {INLINE: policy(Conditions={})},
        path=f"{STATEMENT}.Conditions",
    ),
    Bad(
        "an inline policy's name with a space",
        "invalid-policy-name",
        {f"{ROLE}.inlinePolicies.pass roles": policy()},
    ),
    Bad(
        "inline policies of 10241 characters",
        "inline-policies-too-long",
        {f"{ROLE}.inlinePolicies": {"a": policy(Resource="arn:aws:s3:::" + "x" * 10133)}},
    ),
]
