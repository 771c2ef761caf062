"""Bad config: how the accounts are reached."""

from __future__ import annotations

from tests.unit.config.bad_config import OTHER, REMOVED, SOURCE, Bad

PULUMI = f"arn:aws:iam::{SOURCE}:role/pulumi"

CONNECTIONS = [
    Bad(
        "one side without the other account's ID",
        "missing-account-id",
        {"destination": {}, "side": "source"},
        path="destination.accountId",
    ),
    Bad(
        "the other side without the one's ID",
        "missing-account-id",
        {"source": {}, "side": "destination"},
        path="source.accountId",
    ),
    Bad("an account ID of 11 digits", "account-id-too-short", {"source.accountId": "11111111111"}),
    Bad("an account ID that is null", "null-value", {"source.accountId": None}),
    Bad(
        "source equal to destination",
        "same-account",
        {"destination.accountId": SOURCE, "destination.accessKey": SOURCE},
    ),
    Bad(
        "credentials of another account than configured",
        "credentials-of-other-account",
        {"source.accountId": OTHER},
    ),
    Bad(
        "credentials of the other account",
        "credentials-of-other-account",
        {"destination.accessKey": SOURCE},
        path="destination.accountId",
    ),
    Bad(
        "a role to assume in another account than configured",
        "credentials-of-other-account",
        {"source.assumeRole": {"roleArn": f"arn:aws:iam::{OTHER}:role/x"}},
        path="source.accountId",
    ),
    Bad("two ways of credentials at once", "profile-and-access-key", {"source.profile": "people"}),
    Bad(
        "an access key ID without its secret key",
        "incomplete-access-key",
        {"source.secretKey": REMOVED},
    ),
    Bad(
        "a secret key without its access key ID",
        "incomplete-access-key",
        {"source.accessKey": REMOVED},
    ),
    Bad(
        "a token alone",
        "incomplete-access-key",
        {"source.accessKey": REMOVED, "source.secretKey": REMOVED, "source.token": "t0k3n"},
    ),
    Bad("an access key ID too short", "access-key-id-too-short", {"source.accessKey": "AKIA"}),
    Bad(
        "a secret key with a space", "invalid-secret-key-or-token", {"source.secretKey": "sand box"}
    ),
    Bad(
        "an empty profile", "profile-too-short", {"source.profile": "", "source.accountId": SOURCE}
    ),
    Bad("a region's name for people", "invalid-region", {"source.region": "Ireland"}),
    Bad("a misspelt secret key", "unknown-key", {"source.secretkey": "hunter2"}),
    Bad("a misspelt account ID", "unknown-key", {"source.acountId": SOURCE}),
    Bad("a connection that is null", "null-value", {"source": None}),
    Bad("a connection that is text", "not-object", {"source": "people"}),
    Bad(
        "a connection that is text with a secret in it",
        "not-object",
        {"source": "{accessKey: AKIAIOSFODNN7EXAMPLE}"},
    ),
    Bad(
        "a role to assume without its ARN",
        "missing-key",
        {"source.assumeRole": {"externalId": "partner-7f3a"}},
        path="source.assumeRole.roleArn",
    ),
    Bad(
        "a role to assume by its name", "invalid-role-arn", {"source.assumeRole.roleArn": "pulumi"}
    ),
    Bad(
        "a session to assume",
        "invalid-role-arn",
        {"source.assumeRole.roleArn": f"arn:aws:sts::{SOURCE}:assumed-role/pulumi/me"},
    ),
    Bad(
        "a session's name of one character",
        "session-name-too-short",
        {"source.assumeRole.sessionName": "x", "source.assumeRole.roleArn": PULUMI},
    ),
    Bad(
        "an external ID of one character for it",
        "external-id-too-short",
        {"source.assumeRole.externalId": "x", "source.assumeRole.roleArn": PULUMI},
    ),
    Bad(
        "an endpoint without its scheme",
        "invalid-endpoint",
        {"source.endpoint": "127.0.0.1:4577", "destination.endpoint": "http://127.0.0.1:4577"},
    ),
    Bad(
        "an endpoint with a path",
        "invalid-endpoint",
        {"source.endpoint": "http://127.0.0.1:4577/iam"},
    ),
    Bad(
        "an endpoint's port above 65535",
        "invalid-endpoint",
        {"source.endpoint": "http://127.0.0.1:65536"},
    ),
    Bad(
        "an endpoint with a password",
        "invalid-endpoint",
        {"source.endpoint": "http://me:hunter2@127.0.0.1:4577"},
    ),
    Bad("a port for an endpoint", "invalid-endpoint", {"source.endpoint": 4577}),
    Bad(
        "a region of another partition than the source's",
        "two-partitions",
        {"destination.region": "us-gov-west-1", "source.region": "us-east-1"},
    ),
    Bad(
        "a role to assume of another partition than the region",
        "two-partitions",
        {
            "source.assumeRole.roleArn": f"arn:aws-cn:iam::{SOURCE}:role/pulumi",
            "source.region": "us-east-1",
        },
    ),
    Bad(
        "a policy of another partition than the regions",
        "policy-in-other-partition",
        {
            "grants.deploy.role.managedPolicies": ["arn:aws-cn:iam::aws:policy/ReadOnlyAccess"],
            "source.region": "us-east-1",
        },
        path="grants.deploy.role.managedPolicies[0]",
    ),
    Bad(
        "a principal of another partition than the regions",
        "principal-in-other-partition",
        {
            "grants.deploy.principals[0]": {"arn": f"arn:aws-us-gov:iam::{SOURCE}:user/alice"},
            "source.region": "us-east-1",
        },
    ),
]
