"""Which actions, resources and conditions an identity policy is taken with."""

from __future__ import annotations

from typing import Any

import pytest

from cross_account_access.errors import Refusal
from cross_account_access.iam.policy_elements import parse_operator
from tests.unit.iam.test_identity_policy import find_code, policy


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("s3.s:ListBucket", None),
        ("service-prefix:action-name", None),
        ("iam: asdf safdsf af ", None),
        ("*", None),
        ("*:*", None),
        ("ec2:*", None),
        ("s3:?et*", None),
        ("*:Untag*", "invalid-action-service"),
        ("s*:List*", "invalid-action-service"),
        ("s?:ListBucket", "invalid-action-service"),
        ("a a:ListBucket", "invalid-action-service"),
        ("s_3:ListBucket", "invalid-action-service"),
        (":ListBucket", "invalid-action-service"),
        ("s3:List:Bucket", "action-with-colons"),
        ("s3*", "invalid-action"),
        ("**", "invalid-action"),
        ("s3:", "invalid-action"),
        ("", "invalid-action"),
    ],
)
@pytest.mark.parametrize("element", ["Action", "NotAction"])
def test_an_action_names_its_service(element: str, action: str, code: str | None) -> None:
    changed = {"Action": ...} | {element: ["iam:GetUser", action]}
    assert find_code(policy(**changed)) == code


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html, and
# what moto's authors saw AWS answer (moto's tests/test_iam/test_iam_policies.py).
@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ("*", None),
        ("arn:aws:s3:::my-bucket/*", None),
        ("arn:*:s3:::my-bucket", None),
        ("arn:aws-us-gov:s3:::my-bucket", None),
        ("arn:aws-iso-b:s3:::my-bucket", None),
        ("arn:aws:fdsasf", None),
        ("arn:aws:s33:::my bucket", None),
        ("arn:aws:ec2:region:account-id:instance/*", None),
        ("arn:aws:ec2:us-*:11111111111?:instance/*", None),
        ("arn:aws:s3:::${aws:username}/*", None),
        ("arn:aws:s3:::${aws:PrincipalTag/team, 'a:b'}/${*}", None),
        ("arn:*:kms:*:${aws:PrincipalAccount}:key/*", None),
        ("arn:aws:s3:::${open", None),
        ("arn:aws:s3:*:*:accesspoint/*", None),
        ("arn:aws:cloudformation:us-west-2:aws:transform/Serverless-2016-10-31", None),
        ("arn:aws:iam::*:*", None),
        ("arn:aws:iam::111111111111:root", None),
        ("arn:aws:iam::aws:policy/*", None),
        ("arn:aws:iam::*:role-template/x", None),
        ("my-bucket/*", "invalid-resource"),
        ("s3*", "invalid-resource"),
        ("", "invalid-resource"),
        ("**", "invalid-resource"),
        ("arn", "invalid-resource"),
        ("s3:::my-bucket", "invalid-resource"),
        ("*:aws:s3:::my-bucket", "invalid-resource"),
        ("arn:s3:::my-bucket", "invalid-resource-partition"),
        ("arn:aws*:s3:::my-bucket", "invalid-resource-partition"),
        ("arn:error:s3:::my-bucket", "invalid-resource-partition"),
        ("arn:${aws:x}:s3:::my-bucket", "invalid-resource-partition"),
        ("arn:aws", "invalid-resource-service"),
        ("arn:aws:*::my-bucket:*", "invalid-resource-service"),
        ("arn:aws:*:*:111111111111:*", "invalid-resource-service"),
        ("arn:aws:s?:::my-bucket", "invalid-resource-service"),
        ("arn:aws:*", "invalid-resource-service"),
        ("arn:aws::::my-bucket", "invalid-resource-service"),
        ("arn:aws:s3::my-bucket", "invalid-resource-form"),
        ("arn:aws:ec2:us-east-1:<ACCOUNT_ID>:instance/*", "invalid-resource-form"),
        ("arn:aws:ec2:us-east-1:ACCOUNT_ID:instance/*", "invalid-resource-form"),
        ("arn:aws:ec2:us east:111111111111:instance/*", "invalid-resource-form"),
        ("arn:aws:ec2:us-east-1:${open:instance/*", "invalid-resource-form"),
        ("arn:aws:ec2:us-east-1:${AWS::AccountId}:instance/*", "cloudformation-variable"),
        ("arn:${AWS::Partition}:s3:::my-bucket", "cloudformation-variable"),
        ("arn:aws:s3:::${AWS::StackName}-data", "cloudformation-variable"),
        ("arn:aws:iam:us-east-1:111111111111:role/x", "resource-with-region"),
        ("arn:aws:iam:*:role/x", "resource-with-region"),
        ("arn:aws:s3:us-east-1::my-bucket", "resource-with-region"),
        ("arn:aws:iam:::my-bucket", "invalid-iam-resource"),
        ("arn:aws:iam::111111111111:role*", "invalid-iam-resource"),
        ("arn:aws:iam", "invalid-iam-resource"),
    ],
)
@pytest.mark.parametrize("element", ["Resource", "NotResource"])
def test_a_resource_is_an_arn_of_one_service(element: str, resource: str, code: str | None) -> None:
    changed = {"Resource": ...} | {element: ["*", resource]}
    assert find_code(policy(**changed)) == code


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"x": {}}, None),
        ({"x": {}, "StringEqual": {}}, None),
        ({"DateGreaterThan": {"a": []}}, None),
        ({"ForAllValues:Null": {"aws:TagKeys": "false"}}, None),
        ({"ForAnyValue:Null": {"aws:TagKeys": [True]}}, None),
        ({"StringEqual": {"aws:x": "y"}}, "unknown-operator"),
        ({"stringequals": {"aws:x": "y"}}, "unknown-operator"),
        ({"NullIfExists": {"aws:x": "true"}}, "unknown-operator"),
        ({"ForAnyValue:NullIfExists": {"aws:x": "true"}}, "unknown-operator"),
        ({"ForAnyValue::StringEqualsIfExists": {"aws:x": "y"}}, "unknown-operator"),
        ({"StringEquals": {"aws:x": "${AWS::Region}"}}, "cloudformation-variable"),
        ({"NumericEquals": {"aws:x": "abc"}, "Bool": {"aws:x": "abc"}}, None),
        ({"IpAddress": {"aws:SourceIp": "abc"}, "BinaryEquals": {"x:y": "?"}}, None),
        *(
            ({operator: {"aws:CurrentTime": date}}, None)
            for operator in ("DateGreaterThan", "ForAllValues:DateNotEqualsIfExists")
            for date in (
                *("2026-12-31T18:00:00Z", "2026-12-31", "2026", "01T", "1767225600", 1767225600),
                *("2016-12-13t2:00:00.593194+23", "2016-12-13T21:20:37.593194+00:00"),
                *("-292275054", "2016-1-3T02:00Z", "2016-12-13T21:20:37-05:00"),
            )
        ),
        *(
            ({operator: {"aws:CurrentTime": ["2026-12-31", date]}}, "invalid-condition-date")
            for operator in ("DateLessThan", "DateEqualsIfExists", "ForAnyValue:DateLessThanEquals")
            for date in (
                *("abc", "", "234-13", "2026-02-32", "2026-12-31 18:00", "1.5", True),
                *("2016-12-13t2:00:00.593194+1", "2016-12-13t2:00:00.1999999999+10:59"),
                *("2016-12-13T24:00:00Z", "${aws:CurrentTime}", "2016-12-13T21:20:37Z+1"),
            )
        ),
    ],
)
def test_a_condition_has_one_of_iams_operators(condition: dict[str, Any], code: str | None) -> None:
    assert find_code(policy(Condition=condition)) == code


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("StringEqual", "StringEquals"),
        ("stringequals", "StringEquals"),
        ("bool", "Bool"),
        ("IpAdress", "IpAddress"),
        ("DateLess", "DateLessThan"),
        ("StringEqualsIfExist", "StringEqualsIfExists"),
        ("ForAnyValues:StringLike", "ForAnyValue:StringLike"),
        ("ForAnyValue::StringEqualsIfExists", "ForAnyValue:StringEqualsIfExists"),
        ("NullIfExists", "Null"),
        ("ForAllValues:NullIfExists", "ForAllValues:Null"),
        ("x", None),
        ("", None),
    ],
)
def test_a_misspelt_operator_gets_the_nearest_right_one(name: str, nearest: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        parse_operator(name)
    assert refused.value.remedy == (f"Did you mean {nearest}?" if nearest else "")
    if nearest:
        assert parse_operator(nearest).name == nearest
