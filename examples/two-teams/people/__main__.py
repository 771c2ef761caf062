"""The source account's team: its CI role, and that role's right to assume the other team's role."""

import json

import pulumi
import pulumi_aws as aws

from cross_account_access import AssumeRoleGrant, Principal

in_people = pulumi.ResourceOptions(
    provider=aws.Provider("people", profile="people", region="us-east-1")
)

ci = aws.iam.Role(
    "ci",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "111111111111"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
    opts=in_people,
)
AssumeRoleGrant(
    "ci",
    principal=Principal(role=ci.name, label="ci"),
    # The ARN that the teams agreed on; the role doesn't exist yet.
    role_arns={"deploy": "arn:aws:iam::222222222222:role/deploy"},
    opts=in_people,
)

# For the other team: whom to trust. The unique ID lets it notice when the role is re-created.
pulumi.export("ci_arn", ci.arn)
pulumi.export("ci_unique_id", ci.unique_id)
