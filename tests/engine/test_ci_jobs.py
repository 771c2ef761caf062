"""The jobs of the fleet's GitHub workflow and GitLab pipeline, each by its own commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from examples.__main__ import FLEET, prepare_fleet
from sandbox.aws.server import client
from sandbox.proof.person import ASSUME_ANYTHING, OPERATOR, make_session_sts
from tests.engine.conftest import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_sts import STSClient

    from sandbox.aws.server import Sandbox

pytestmark = pytest.mark.engine

ACCOUNTS: dict[str, str] = {
    name: account["accountId"]
    for name, account in yaml.safe_load((FLEET / "access.yaml").read_text("utf-8"))[
        "accounts"
    ].items()
}


class Runner:
    """A CI's runner, with the repository at its main branch and a session of the CI's account."""

    def __init__(self, folder: Path, engine: Mapping[str, str], sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        _, variables = prepare_fleet(folder, sandbox.endpoint)
        path = engine.get("PATH", os.environ["PATH"])
        tools = os.pathsep.join([str(Path(sys.prefix, "bin")), path])
        self._environment = {**os.environ, **engine, **variables, "PATH": tools}

    def run(self, script: str, folder: str = ".", **variables: str) -> str:
        """Run a step as both CIs do: by bash, which ends at the first error."""
        done = subprocess.run(  # noqa: S603
            ["/bin/bash", "-eo", "pipefail", "-c", script],
            cwd=self.folder / folder,
            env=self._environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def session(self, account: str, role: str) -> STSClient:
        """A session of an account's role, which its owner's user assumes."""
        iam = client("iam", self.sandbox.endpoint, account=ACCOUNTS[account])
        iam.create_user(UserName=OPERATOR)
        iam.put_user_policy(UserName=OPERATOR, PolicyName="all", PolicyDocument=ASSUME_ANYTHING)
        key = iam.create_access_key(UserName=OPERATOR)["AccessKey"]
        owner = make_session_sts(self.sandbox.endpoint, {**key, "SessionToken": None})
        arn = f"arn:aws:iam::{ACCOUNTS[account]}:role/{role}"
        assumed = owner.assume_role(RoleArn=arn, RoleSessionName="test")
        return make_session_sts(self.sandbox.endpoint, assumed["Credentials"])


@pytest.fixture
def runner(tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox) -> Runner:
    sandbox.reset()
    return Runner(tmp_path, engine, sandbox)


def read_jobs(file: str) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load((FLEET / file).read_text(encoding="utf-8"))
    return jobs


def run_github_job(runner: Runner, workflow: Mapping[str, Any], job: str) -> Iterator[str]:
    """Run the last step of each job of a matrix, one after another: the matrix's stacks."""
    outputs = runner.folder / f"outputs of {job}"
    step = workflow["jobs"]["stacks"]["steps"][-1]
    runner.run(step["run"], workflow["env"]["PROJECT"], GITHUB_OUTPUT=str(outputs))
    values = dict(line.split("=", 1) for line in outputs.read_text("utf-8").splitlines())
    matrix = re.fullmatch(
        r"\$\{\{ fromJSON\(needs\.stacks\.outputs\.(\w+)\) \}\}",
        workflow["jobs"][job]["strategy"]["matrix"],
    )
    assert matrix
    assert workflow["jobs"][job]["env"]["STACK"] == "${{ matrix.stack }}"
    command = workflow["jobs"][job]["steps"][-1]["run"]
    for entry in json.loads(values[matrix[1]])["include"]:
        yield entry["stack"]
        runner.run(command, workflow["env"]["PROJECT"], STACK=entry["stack"])


def run_gitlab_pipeline(runner: Runner, trigger: str) -> list[str]:
    """Run the parent's script and the first job of each stage of the pipeline that it writes: what
    the jobs print.
    """
    pipeline = read_jobs("gitlab-ci.yml")
    variables = pipeline[trigger]["variables"]
    (script,) = (line for line in pipeline["stacks"]["script"] if "fleet stacks" in line)
    runner.run(script)
    child = json.loads((runner.folder / "stacks.yml").read_text("utf-8"))
    (template,) = child["include"]
    job = yaml.safe_load((runner.folder / template["local"]).read_text("utf-8"))
    printed = []
    for stage in child["stages"]:
        jobs = [one for one in child.values() if isinstance(one, dict) and one["stage"] == stage]
        (command,) = job[jobs[0]["extends"]]["script"]
        printed.append(runner.run(command, **variables, **jobs[0]["variables"]))
    return printed


def test_each_job_of_the_matrix_deploys_its_stack_and_together_they_let_in(runner: Runner) -> None:
    workflow = read_jobs("github-workflow.yml")
    first = list(run_github_job(runner, workflow, "deploy"))
    later = list(run_github_job(runner, workflow, "deploy-later"))
    assert sorted(first + later) == sorted(ACCOUNTS)
    assert sorted(later) == ["ci", "people"]
    deployer = runner.session("ci", "deployer")
    expected = {
        ("shop-production", "deploy"): "allowed",
        ("data-staging", "deploy"): "allowed",
        ("data-production", "release-data"): "allowed",
        ("data-production", "deploy"): "AccessDenied",  # excluded: there is no such role
        ("shop-production", "operate"): "AccessDenied",
    }
    observed = {
        (account, role): outcome(deployer, f"arn:aws:iam::{ACCOUNTS[account]}:role/{role}")
        for account, role in expected
    }
    assert observed == expected
    # A preview and the other CI find nothing left to do.
    previews = run_github_job(runner, workflow, "preview")
    assert [next(previews), next(previews)] == first[:2]
    reports = run_gitlab_pipeline(runner, "deploy")
    assert len(reports) == 2
    for report in reports:
        assert re.search(r" done +0  0   0  0 ", report), report
