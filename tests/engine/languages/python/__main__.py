"""The package as `pulumi package add` makes it for a Python program: made of its schema."""

import pulumi
import pulumi_aws as aws
import pulumi_cross_account_access as access

people = aws.Provider("people", profile="people", region="us-east-1")
production = aws.Provider("production", profile="production", region="us-east-1")
alice = aws.iam.User("alice", opts=pulumi.ResourceOptions(provider=people))

team = access.CrossAccountAccess(
    "team",
    source_provider=people,
    destination_provider=production,
    grants={
        "read-only": {
            "principals": [{"user": alice.name, "label": "alice", "trust_by": access.TrustBy.ID}],
            "role": {"managed_policies": ["ReadOnlyAccess"]},
            "conditions": {"mfa": True},
        }
    },
)
audit = access.TrustedRole(
    "audit",
    source_account_id="111111111111",
    principals=[{"arn": alice.arn, "unique_id": alice.unique_id, "label": "alice"}],
    role={"name": "audit", "managed_policies": ["SecurityAudit"]},
    opts=pulumi.ResourceOptions(provider=production),
)
access.AssumeRoleGrant(
    "audit-alice",
    principal={"user": alice.name, "label": "alice"},
    role_arns={"audit": audit.role_arn},
    opts=pulumi.ResourceOptions(provider=people),
)
everywhere = access.MultiAccountAccess(
    "everywhere",
    accounts={
        "people": {"provider": people},
        "production": {"provider": production, "groups": ["workloads"]},
        "staging": {"account_id": "333333333333", "groups": ["workloads"]},
    },
    grants={
        "view": {
            "source": "people",
            "destinations": ["workloads"],
            "principals": [{"user": alice.name, "label": "alice"}],
            "role": {"managed_policies": ["job-function/ViewOnlyAccess"]},
        }
    },
)

pulumi.export("user", alice.name)
pulumi.export("roleArn", team.role_arns["read-only"])
pulumi.export("switchRoleUrl", team.switch_role_urls["read-only"])
pulumi.export("auditRoleArn", audit.role_arn)
pulumi.export("viewRoleArns", everywhere.role_arns["view"])
