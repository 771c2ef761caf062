"""Lets a user of the source account into a role of the destination account."""

import pulumi
import pulumi_aws as aws
from cross_account_access import CrossAccountAccess, Grant, Principal, RoleSettings

config = pulumi.Config()
source_account_id = config.require("sourceAccountId")
destination_account_id = config.require("destinationAccountId")
user = config.require("user")


def make_provider(account: str) -> aws.Provider:
    """Make the provider of an account, with the profile that the stack's config names."""
    return aws.Provider(
        account, profile=config.require(f"{account}Profile"), region=config.require("region")
    )


access = CrossAccountAccess(
    "access",
    source_provider=make_provider("source"),
    destination_provider=make_provider("destination"),
    # Credentials of any other account are refused before anything is made.
    source_account_id=source_account_id,
    destination_account_id=destination_account_id,
    grants={
        "read-only": Grant(
            principals=[Principal(user=user)],
            role=RoleSettings(managed_policies=["ReadOnlyAccess"]),
            conditions={"mfa": True},
        )
    },
)

pulumi.export("role_arn", access.granted["read-only"].role_arn)
# For the command-line tool, `cross-account-access`.
pulumi.export("grants", access.summaries)
pulumi.export("documents", pulumi.Output.secret(access.documents))
