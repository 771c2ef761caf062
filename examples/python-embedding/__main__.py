"""A program that makes a CI role and a bucket's policy, and lets the one get at the other across accounts."""

import json

import pulumi
import pulumi_aws as aws

from cross_account_access import CrossAccountAccess

people = aws.Provider("people", profile="people", region="us-east-1")
production = aws.Provider("production", profile="production", region="us-east-1")

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
    opts=pulumi.ResourceOptions(provider=people),
)
releases = aws.iam.Policy(
    "releases",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::releases/*"}
            ],
        }
    ),
    opts=pulumi.ResourceOptions(provider=production),
)

access = CrossAccountAccess(
    "ci",
    {
        "source_provider": people,
        "destination_provider": production,
        "grants": {
            "release": {
                # A name that is an Output needs a plain label: resources are called by it.
                "principals": [{"role": ci.name, "label": "ci"}],
                "role": {"managed_policy_arns": {"releases": releases.arn}},
            },
        },
    },
)

pulumi.export("ci_role", ci.arn)
pulumi.export("release_role", access.role_arns["release"])
pulumi.export("longest_session", access.granted["release"].longest_session)
