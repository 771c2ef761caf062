"""GitHub Actions gets into a role of another account: the jobs of one environment of a repository.

The job's token lets it into a role of the source account, and that role into the deploy role.
"""

import pulumi
import pulumi_aws as aws

from cross_account_access import Conditions, CrossAccountAccess, Grant, Principal, RoleSettings

ISSUER, AUDIENCE = "token.actions.githubusercontent.com", "sts.amazonaws.com"
# Of a repository that was made or renamed since 15 July 2026, the subject has the owner's and the
# repository's ID too: repo:example@1234/shop@5678:environment:production.
SUBJECT = "repo:example/shop:environment:production"
# The tags of aws-actions/configure-aws-credentials: the first seven always, the others since 6.2.
TAGS = [
    *("GitHub", "Repository", "Workflow", "Action", "Actor", "Commit", "Branch"),
    *("EventName", "BaseRef", "HeadRef", "RunId", "Job", "TriggeringActor"),
]

people = aws.Provider("people", profile="people", region="us-east-1")
production = aws.Provider("production", profile="production", region="us-east-1")
in_people = pulumi.ResourceOptions(provider=people)

# An account has one provider for a URL. Where yours is there already, look it up instead:
# aws.iam.get_open_id_connect_provider_output.
github = aws.iam.OpenIdConnectProvider(
    "github", url=f"https://{ISSUER}", client_id_lists=[AUDIENCE], opts=in_people
)
job = aws.iam.Role(
    "job",
    assume_role_policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": github.arn},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {
                        "StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": SUBJECT}
                    },
                }
            ],
        }
    ),
    opts=in_people,
)

access = CrossAccountAccess(
    "github",
    source_provider=people,
    destination_provider=production,
    grants={
        "deploy": Grant(
            principals=[Principal(arn=job.arn, label="job")],
            role=RoleSettings(managed_policies=["PowerUserAccess"]),
            conditions=Conditions(allow_session_tags=TAGS),
        )
    },
)

pulumi.export("job_role", job.arn)
pulumi.export("deploy_role", access.role_arns["deploy"])
