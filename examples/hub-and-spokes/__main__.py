"""One account of people, the hub, and twelve accounts that they reach: one component for all."""

import pulumi
import pulumi_aws as aws

from cross_account_access import (
    AccountSettings,
    Conditions,
    Grant,
    MultiAccountAccess,
    Principal,
    RoleSettings,
)

# Each spoke's AWS CLI profile.
SPOKES = (
    *("analytics", "billing", "catalog", "checkout", "data", "network"),
    *("payments", "production", "search", "security", "staging", "website"),
)

hub = aws.Provider("hub", profile="people", region="us-east-1")
operators = aws.iam.Group("operators", name="operators", opts=pulumi.ResourceOptions(provider=hub))

accounts: dict[str, AccountSettings] = {"people": {"provider": hub}}
for spoke in SPOKES:
    provider = aws.Provider(spoke, profile=spoke, region="us-east-1")
    accounts[spoke] = {"provider": provider, "groups": ["spokes"]}

access = MultiAccountAccess(
    "team",
    accounts=accounts,
    grants={
        "operate": Grant(
            source="people",
            destinations=["spokes"],
            principals=[Principal(group="operators")],
            role=RoleSettings(managed_policies=["ReadOnlyAccess"], max_session_duration=14400),
            conditions=Conditions(mfa=True),
        )
    },
    opts=pulumi.ResourceOptions(depends_on=[operators]),
)
pulumi.export("roles", access.role_arns["operate"])
pulumi.export("switch_role_urls", access.switch_role_urls["operate"])
