"""The pods of one Kubernetes namespace get into a role of another account: EKS Pod Identity, with a
target role.

EKS assumes the pod's role with six session tags, all transitive, and then the target role.
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html
"""

import json

import pulumi
import pulumi_aws as aws

from cross_account_access import Conditions, CrossAccountAccess, Grant, Principal, RoleSettings

NAMESPACE, SERVICE_ACCOUNT = "payments", "ledger"

people = aws.Provider("people", profile="people", region="us-east-1")
production = aws.Provider("production", profile="production", region="us-east-1")
in_people = pulumi.ResourceOptions(provider=people)

pod = aws.iam.Role(
    "pod",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "pods.eks.amazonaws.com"},
                    "Action": ["sts:AssumeRole", "sts:TagSession"],
                }
            ],
        }
    ),
    opts=in_people,
)

access = CrossAccountAccess(
    "payments",
    source_provider=people,
    destination_provider=production,
    grants={
        "ledger": Grant(
            principals=[Principal(arn=pod.arn, label="pod")],
            role=RoleSettings(managed_policies=["AmazonDynamoDBReadOnlyAccess"]),
            conditions=Conditions(
                session_tags={"kubernetes-namespace": [NAMESPACE]},
                allow_session_tags=[
                    *("eks-cluster-arn", "eks-cluster-name", "kubernetes-service-account"),
                    *("kubernetes-pod-name", "kubernetes-pod-uid"),
                ],
            ),
        )
    },
)

# The cluster is yours: `pulumi config set cluster NAME`. It is in the account of the pod's role.
if cluster := pulumi.Config().get("cluster"):
    aws.eks.PodIdentityAssociation(
        "ledger",
        cluster_name=cluster,
        namespace=NAMESPACE,
        service_account=SERVICE_ACCOUNT,
        role_arn=pod.arn,
        target_role_arn=access.role_arns["ledger"],
        opts=in_people,
    )

pulumi.export("pod_role", pod.arn)
pulumi.export("target_role", access.role_arns["ledger"])
