"""The destination account's team: a role that trusts what the other team's stack tells."""

import pulumi
import pulumi_aws as aws

from cross_account_access import TrustedRole

people = pulumi.StackReference("organization/two-teams-people/dev")

role = TrustedRole(
    "deploy",
    {
        "source_account_id": "111111111111",
        "principals": [
            {
                "arn": people.require_output("ci_arn"),
                "unique_id": people.require_output("ci_unique_id"),
                "label": "ci",
            },
        ],
        "role": {"name": "deploy", "managed_policies": ["PowerUserAccess"]},
    },
    pulumi.ResourceOptions(
        provider=aws.Provider("production", profile="production", region="us-east-1")
    ),
)
pulumi.export("role_arn", role.role_arn)
