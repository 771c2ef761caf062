"""One account of people, the hub, and the accounts that they reach: a component and a role each."""

import pulumi
import pulumi_aws as aws

from cross_account_access import Conditions, CrossAccountAccess, Grant, Principal, RoleSettings

# Each spoke's AWS CLI profile.
SPOKES = ("production", "staging")

GRANTS = {
    "operate": Grant(
        principals=[Principal(group="operators")],
        role=RoleSettings(managed_policies=["ReadOnlyAccess"], max_session_duration=14400),
        conditions=Conditions(mfa=True),
    )
}

hub = aws.Provider("hub", profile="people", region="us-east-1")
operators = aws.iam.Group("operators", name="operators", opts=pulumi.ResourceOptions(provider=hub))

for spoke in SPOKES:
    access = CrossAccountAccess(
        spoke,
        source_provider=hub,
        destination_provider=aws.Provider(spoke, profile=spoke, region="us-east-1"),
        grants=GRANTS,
        opts=pulumi.ResourceOptions(depends_on=[operators]),
    )
    operate = access.granted["operate"]
    pulumi.export(f"{spoke}_role", operate.role_arn)
    pulumi.export(f"{spoke}_switch_role_url", operate.switch_role_url)
