"""The destination account's team: a role that trusts the CI role of the other team's stack."""

import pulumi
import pulumi_aws as aws

from cross_account_access import Principal, RoleSettings, TrustedRole

people = pulumi.StackReference("organization/two-teams-people/dev")

role = TrustedRole(
    "deploy",
    source_account_id="111111111111",
    principals=[
        Principal(
            arn=people.require_output("ci_arn"),
            unique_id=people.require_output("ci_unique_id"),
            label="ci",
        )
    ],
    role=RoleSettings(name="deploy", managed_policies=["PowerUserAccess"]),
    opts=pulumi.ResourceOptions(
        provider=aws.Provider("production", profile="production", region="us-east-1")
    ),
)
pulumi.export("role_arn", role.role_arn)
