"""A CI role in one account that writes to a bucket in another."""

import json

import pulumi
import pulumi_aws as aws

from cross_account_access import CrossAccountAccess, Grant, Principal, RoleSettings

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
    source_provider=people,
    destination_provider=production,
    grants={
        "release": Grant(
            # A name that is an Output needs a plain label: resources are named by it.
            principals=[Principal(role=ci.name, label="ci")],
            role=RoleSettings(managed_policy_arns={"releases": releases.arn}),
        )
    },
)

pulumi.export("ci_role", ci.arn)
release = access.granted["release"]
pulumi.export("release_role", release.role_arn)
pulumi.export("longest_session", release.longest_session)
