"""The examples whose callers have no key of their own: a job of GitHub's, and a pod in EKS.

Their programs are deployed in process, and everybody gets in or not as they say.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws
import pytest
import yaml

from examples.__main__ import EXAMPLES, PROFILES
from sandbox.aws.iam_request import AWS_SERVICE
from sandbox.deploy import in_process
from tests.sandbox.conftest import DESTINATION, SOURCE, administrator, document, refusal
from tests.unsigned_tokens import build_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.server import Sandbox
    from tests.sandbox.conftest import Stage

SUBJECT = "repo:example/shop:environment:production"
# As aws-actions/configure-aws-credentials passes them for a pull request.
JOB_TAGS = {
    "GitHub": "Actions",
    "Repository": "example/shop",
    "Workflow": "deploy",
    "Action": "__aws-actions_configure-aws-credentials",
    "Actor": "dependabot_bot_",
    "Commit": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "Branch": "refs/pull/7/merge",
    "EventName": "pull_request",
    "BaseRef": "main",
    "HeadRef": "topic",
    "RunId": "1658821493",
    "Job": "deploy",
    "TriggeringActor": "octocat",
}
FIRST_TAGS = dict(list(JOB_TAGS.items())[:7])
CLUSTER = f"arn:aws:eks:us-east-1:{SOURCE}:cluster/main"
POD_TAGS = {
    "eks-cluster-arn": CLUSTER,
    "eks-cluster-name": "main",
    "kubernetes-namespace": "payments",
    "kubernetes-service-account": "ledger",
    "kubernetes-pod-name": "ledger-5d9c7b6f-x2x7p",
    "kubernetes-pod-uid": "b2fa3d4e-0b0c-4f8e-9d35-0ac0ffee0000",
}


@pytest.fixture(scope="module")
def stage(running: Sandbox, _stage: Stage) -> Stage:
    """Both programs, deployed once."""
    running.reset()
    return _stage


@pytest.fixture(scope="module")
def roles(stage: Stage) -> dict[str, str]:
    """The programs' roles, by their outputs' names."""
    endpoint = stage.sandbox.endpoint

    class EmulatedProvider(aws.Provider):
        def __init__(self, name: str, *, profile: str, region: str) -> None:
            endpoints: Any = [{"iam": endpoint, "sts": endpoint}]
            key = PROFILES[profile]
            super().__init__(
                name, region=region, endpoints=endpoints, access_key=key, secret_key="sandbox"
            )

    outputs: dict[str, str] = {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        # As it is, but for where its profiles lead.
        monkeypatch.setattr(aws, "Provider", EmulatedProvider)
        for name in ("github-actions", "eks-pod-identity"):
            program = EXAMPLES / name / "__main__.py"
            outputs |= in_process.deploy(program, name, "dev", {}, preview=False).outputs
    return outputs


def tagged(tags: Mapping[str, str], *, transitive: bool = False) -> dict[str, Any]:
    """An AssumeRole call's tags."""
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"Tags": listed} | ({"TransitiveTagKeys": [*tags]} if transitive else {})


class TestGithubActions:
    @staticmethod
    def sign_in(stage: Stage, roles: Mapping[str, str], subject: str = SUBJECT) -> dict[str, Any]:
        """The job's first step: the session that its token gives it."""
        sts = stage.sts({"AccessKeyId": "none", "SecretAccessKey": "none"})
        reply = sts.assume_role_with_web_identity(
            RoleArn=roles["job_role"],
            RoleSessionName="GitHubActions",
            WebIdentityToken=build_token(subject),
        )
        return dict(reply["Credentials"])

    def test_a_job_gets_in_with_the_actions_tags_with_fewer_and_with_none(
        self, stage: Stage, roles: Mapping[str, str]
    ) -> None:
        job = self.sign_in(stage, roles)
        for tags in (JOB_TAGS, FIRST_TAGS, {"Repository": "example/shop"}):
            assert stage.session(job, roles["deploy_role"], **tagged(tags))
        # As `role-skip-session-tagging` has it.
        session = stage.session(job, roles["deploy_role"], RoleSessionName="GitHubActions")
        arn = roles["deploy_role"].replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
        assert stage.sts(session).get_caller_identity()["Arn"] == f"{arn}/GitHubActions"

    @pytest.mark.parametrize(
        "subject",
        [
            "repo:example/other:environment:production",
            "repo:example/shop:environment:staging",
            "repo:example/shop:ref:refs/heads/main",
            "repo:example/shop:pull_request",
            "repo:example@1234/shop@5678:environment:production",
        ],
    )
    def test_another_jobs_token_is_refused(
        self, stage: Stage, roles: Mapping[str, str], subject: str
    ) -> None:
        found = refusal(lambda: self.sign_in(stage, roles, subject))
        assert (found.code, found.half) == ("AccessDenied", "destination")

    def test_a_tag_beside_the_actions_own_is_refused(
        self, stage: Stage, roles: Mapping[str, str]
    ) -> None:
        job = self.sign_in(stage, roles)
        for tags in (FIRST_TAGS | {"Environment": "x"}, JOB_TAGS | {"team": "x"}, {"branch": "x"}):
            found = stage.refused(job, roles["deploy_role"], **tagged(tags))
            assert (found.code, found.half) == ("AccessDenied", "destination")
            assert "aws:TagKeys" in (found.reason or "")
        # What the action's `transitive-tag-keys` does isn't bounded here.
        assert stage.session(job, roles["deploy_role"], **tagged(FIRST_TAGS, transitive=True))

    def test_nobody_else_of_the_source_account_gets_in(
        self, stage: Stage, roles: Mapping[str, str]
    ) -> None:
        other = stage.role("other-job", trusts=SOURCE, account=SOURCE, may="sts:*")
        for keys in (stage.user("eve"), stage.session(administrator(SOURCE), other)):
            for more in ({}, tagged(FIRST_TAGS)):
                found = stage.refused(keys, roles["deploy_role"], **more)
                assert (found.code, found.half) == ("AccessDenied", "destination")
        assert stage.refused(administrator(SOURCE), roles["job_role"]).half == "destination"

    def test_its_workflow_takes_both_steps_in_the_environment_that_is_trusted(self) -> None:
        file = EXAMPLES / "github-actions" / "workflow.yml"
        schema = ("check_jsonschema", "--builtin-schema", "vendor.github-workflows")
        command = [sys.executable, "-m", *schema, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stdout + done.stderr
        workflow = yaml.safe_load(file.read_text("utf-8"))
        assert workflow["permissions"]["id-token"] == "write"
        job = workflow["jobs"]["deploy"]
        assert SUBJECT.endswith(f":environment:{job['environment']}")
        steps = [step for step in job["steps"] if "configure-aws" in step.get("uses", "")]
        assert [step["with"].get("role-chaining", False) for step in steps] == [False, True]
        page = (EXAMPLES.parent / "docs" / "ci.md").read_text("utf-8")
        _, shown = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        assert yaml.safe_load(shown) == steps
        program = (EXAMPLES / "github-actions" / "__main__.py").read_text("utf-8")
        for key in JOB_TAGS:
            assert f"`{key}`" in page
            assert f'"{key}"' in program


class TestEksPodIdentity:
    @staticmethod
    def start_pod(
        stage: Stage, role: str, tags: Mapping[str, str], service: str = "pods.eks.amazonaws.com"
    ) -> dict[str, Any]:
        """The pod's first session, as EKS assumes it."""
        sts = stage.sts(administrator(SOURCE), {AWS_SERVICE: service})
        more = tagged(tags, transitive=True) if tags else {}
        reply = sts.assume_role(RoleArn=role, RoleSessionName="eks-main-ledger", **more)
        return dict(reply["Credentials"])

    def assume_target(
        self, stage: Stage, roles: Mapping[str, str], tags: Mapping[str, str], **more: Any
    ) -> dict[str, Any]:
        """The second session, as EKS assumes it with the first one's tags and an external ID."""
        keys = self.start_pod(stage, roles["pod_role"], tags)
        more = {"ExternalId": f"us-east-1/{SOURCE}/main/payments/ledger"} | more
        return stage.session(keys, roles["target_role"], **more)

    def test_a_pod_of_the_namespace_gets_in_with_its_six_tags(
        self, stage: Stage, roles: Mapping[str, str]
    ) -> None:
        session = self.assume_target(stage, roles, POD_TAGS)
        assert stage.sts(session).get_caller_identity()["Account"] == DESTINATION

    @pytest.mark.parametrize(
        "tags",
        [
            POD_TAGS | {"kubernetes-namespace": "shop"},
            POD_TAGS | {"kubernetes-namespace": "Payments"},
            POD_TAGS | {"kubernetes-namespace": "payments-2"},
            {key: tag for key, tag in POD_TAGS.items() if key != "kubernetes-namespace"},
            {},
            POD_TAGS | {"team": "red"},
        ],
        ids=["another", "another case", "longer", "untold", "no tags", "a seventh tag"],
    )
    def test_another_pod_is_refused(
        self, stage: Stage, roles: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        found = refusal(lambda: self.assume_target(stage, roles, tags))
        assert (found.code, found.half) == ("AccessDenied", "destination")

    def test_a_tag_that_the_pod_itself_adds_is_refused(
        self, stage: Stage, roles: Mapping[str, str]
    ) -> None:
        keys = self.start_pod(stage, roles["pod_role"], POD_TAGS)
        found = stage.refused(keys, roles["target_role"], **tagged({"team": "red"}))
        assert "aws:TagKeys" in (found.reason or "")
        found = stage.refused(keys, roles["target_role"], **tagged(POD_TAGS))
        assert found.code == "InvalidParameterValue"

    def test_the_pods_role_is_for_pods_alone(self, stage: Stage, roles: Mapping[str, str]) -> None:
        found = refusal(
            lambda: self.start_pod(stage, roles["pod_role"], POD_TAGS, "ec2.amazonaws.com")
        )
        assert (found.code, found.half) == ("AccessDenied", "destination")
        assert stage.refused(stage.user("mallory"), roles["pod_role"]).half == "destination"

    def test_another_role_of_pods_is_refused_by_the_target(
        self, stage: Stage, roles: Mapping[str, str]
    ) -> None:
        trust = document(
            Principal={"Service": "pods.eks.amazonaws.com"},
            Action=["sts:AssumeRole", "sts:TagSession"],
        )
        stage.source.create_role(RoleName="other-pod", AssumeRolePolicyDocument=trust)
        policy = document(Action="sts:*", Resource="*")
        stage.source.put_role_policy(RoleName="other-pod", PolicyName="p", PolicyDocument=policy)
        keys = self.start_pod(stage, f"arn:aws:iam::{SOURCE}:role/other-pod", POD_TAGS)
        assert stage.refused(keys, roles["target_role"]).half == "destination"
