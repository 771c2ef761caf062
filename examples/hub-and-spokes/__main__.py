"""One account of people, the hub, and the accounts that they reach: a component for each, and a role in each."""

import pulumi
import pulumi_aws as aws

from cross_account_access import CrossAccountAccess, Grant

# Each spoke's AWS CLI profile.
SPOKES = ("production", "staging")

GRANTS: dict[str, Grant] = {
    "operate": {
        "principals": [{"group": "operators"}],
        "role": {"managed_policies": ["ReadOnlyAccess"], "max_session_duration": 14400},
        "conditions": {"mfa": True},
    },
}

hub = aws.Provider("hub", profile="people", region="us-east-1")
operators = aws.iam.Group("operators", name="operators", opts=pulumi.ResourceOptions(provider=hub))

for spoke in SPOKES:
    access = CrossAccountAccess(
        spoke,
        {
            "source_provider": hub,
            "destination_provider": aws.Provider(spoke, profile=spoke, region="us-east-1"),
            "grants": GRANTS,
        },
        pulumi.ResourceOptions(depends_on=[operators]),
    )
    pulumi.export(f"{spoke}_role", access.role_arns["operate"])
    pulumi.export(f"{spoke}_switch_role_url", access.switch_role_urls["operate"])
