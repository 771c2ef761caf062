"""The source account's team: its CI role, and that role's right to assume the other team's role."""

import json

import pulumi
import pulumi_aws as aws

from cross_account_access import AssumeRoleGrant

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
    {
        "principal": {"role": ci.name, "label": "ci"},
        # What the teams agreed on; nothing is there yet.
        "role_arns": {"deploy": "arn:aws:iam::222222222222:role/deploy"},
    },
    in_people,
)

# For the other team: whom to trust. The unique id lets it notice when the role is made anew.
pulumi.export("ci_arn", ci.arn)
pulumi.export("ci_unique_id", ci.unique_id)
