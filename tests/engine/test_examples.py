"""Every example, by its own files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from examples.__main__ import (
    EXAMPLES,
    FLEET,
    PROFILES,
    build_environment,
    create_stack,
    list_examples,
    list_projects,
)
from sandbox.aws.server import client
from sandbox.deploy.stack import load
from sandbox.proof.person import OPERATOR, PersonMaker, make_session_sts
from tests.engine.conftest import ROOT, outcome
from tests.unsigned_tokens import build_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from types_boto3_sts import STSClient

    from sandbox.aws.server import Sandbox

CONFIGS = sorted(path for path in EXAMPLES.glob("*/Pulumi.*.yaml") if path.parent != FLEET)
NO_KEYS = {"AccessKeyId": "none", "SecretAccessKey": "none", "SessionToken": None}
ACCOUNT = {name: PROFILES[name] for name in ("people", "production", "staging")}


@pytest.mark.parametrize(
    "config", CONFIGS, ids=[f"{config.parent.name}-{config.name}" for config in CONFIGS]
)
def test_an_examples_config_lets_in_whom_it_says_and_nobody_else(
    config: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.reset()
    local = tmp_path / config.name
    text = re.sub(r"http://127\.0\.0\.1:\d+", sandbox.endpoint, config.read_text(encoding="utf-8"))
    local.write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "up",
        "--engine",
        "in-process",
        "--json",
        "--config-file",
        str(local),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    proof = told["proof"]
    wrong = [attempt for attempt in proof if attempt["expected"] != attempt["observed"]]
    assert {attempt["observed"] for attempt in wrong} <= {"not tried"}
    assert {attempt["grant"] for attempt in wrong} == set(told["unproven"])
    # Raw conditions and another time can't be met here.
    assert set(told["unproven"]) <= {"raw", "window"}
    assert {attempt["grant"] for attempt in proof} == set(load(ROOT, "dev", local).settings.grants)


class Programs:
    """Deploys an example's own programs with the Pulumi CLI."""

    def __init__(self, folder: Path, engine: Mapping[str, str], sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.variables = {**engine, **build_environment(folder, sandbox.endpoint)}

    def up(self, name: str) -> dict[str, Any]:
        """Deploy all its projects: their outputs; a second preview is empty."""
        outputs: dict[str, Any] = {}
        stacks = [
            create_stack(project, self.folder / project.name, self.variables, ROOT / "components")
            for project in list_projects(EXAMPLES / name)
        ]
        for stack in stacks:
            outputs |= {
                key: output.value for key, output in stack.up(color="never").outputs.items()
            }
        stacks[-1].preview(color="never", expect_no_changes=True)
        return outputs

    def session(self, role_arn: str) -> STSClient:
        """A session of a role of the people's account, which its owner's user assumes."""
        iam = client("iam", self.sandbox.endpoint, account=ACCOUNT["people"])
        iam.create_user(UserName=OPERATOR)
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        allow = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=OPERATOR, PolicyName="all", PolicyDocument=allow)
        key = iam.create_access_key(UserName=OPERATOR)["AccessKey"]
        owner = make_session_sts(self.sandbox.endpoint, {**key, "SessionToken": None})
        assumed = owner.assume_role(RoleArn=role_arn, RoleSessionName="test")
        return make_session_sts(self.sandbox.endpoint, assumed["Credentials"])


@pytest.fixture
def programs(tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox) -> Programs:
    sandbox.reset()
    return Programs(tmp_path, engine, sandbox)


@pytest.mark.engine
def test_embedded_in_a_program_its_own_role_gets_in(programs: Programs) -> None:
    outputs = programs.up("python-embedding")
    assert outputs["longest_session"] == 3600
    assert outcome(programs.session(outputs["ci_role"]), outputs["release_role"]) == "allowed"
    iam = client("iam", programs.sandbox.endpoint, account=ACCOUNT["production"])
    attached = iam.list_attached_role_policies(RoleName="release")["AttachedPolicies"]
    assert [policy["PolicyName"].rpartition("-")[0] for policy in attached] == ["releases"]


@pytest.mark.engine
def test_two_teams_let_a_role_in_each_by_its_half(programs: Programs) -> None:
    outputs = programs.up("two-teams")
    assert outcome(programs.session(outputs["ci_arn"]), outputs["role_arn"]) == "allowed"


@pytest.mark.engine
def test_a_hub_reaches_twelve_spokes_by_one_policy_of_its_group(programs: Programs) -> None:
    outputs = programs.up("hub-and-spokes")
    spokes = sorted({*PROFILES} - {"people"})
    assert len(spokes) == 12
    assert outputs["roles"] == {
        spoke: f"arn:aws:iam::{PROFILES[spoke]}:role/operate" for spoke in spokes
    }
    assert all(PROFILES[spoke] in outputs["switch_role_urls"][spoke] for spoke in spokes)
    iam = client("iam", programs.sandbox.endpoint, account=ACCOUNT["people"])
    attached = iam.list_attached_group_policies(GroupName="operators")["AttachedPolicies"]
    assert len(attached) == 1
    member = PersonMaker(programs.sandbox.endpoint, ACCOUNT["people"], "us-east-1").make_user(
        "member", mfa=True
    )
    iam.add_user_to_group(GroupName="operators", UserName="member")
    for arn in outputs["roles"].values():
        assert outcome(member.sts, arn, **member.mfa_parameters()) == "allowed"
        assert outcome(member.sts, arn) == "AccessDenied"


@pytest.mark.engine
def test_a_job_of_github_gets_in_by_a_provider_that_the_engine_makes(programs: Programs) -> None:
    outputs = programs.up("github-actions")
    sts = make_session_sts(programs.sandbox.endpoint, NO_KEYS)
    reply = sts.assume_role_with_web_identity(
        RoleArn=outputs["job_role"],
        RoleSessionName="GitHubActions",
        WebIdentityToken=build_token("repo:example/shop:environment:production"),
    )
    job = make_session_sts(programs.sandbox.endpoint, reply["Credentials"])
    tags = [{"Key": "GitHub", "Value": "Actions"}, {"Key": "Branch", "Value": "refs/heads/main"}]
    assert outcome(job, outputs["deploy_role"], Tags=tags) == "allowed"
    other = [*tags, {"Key": "team", "Value": "red"}]
    assert outcome(job, outputs["deploy_role"], Tags=other) == "AccessDenied"


def test_every_example_is_run_and_told_of() -> None:
    elsewhere = {"eks-pod-identity"}  # tests/sandbox/test_federated_examples.py
    here = {config.parent.name for config in CONFIGS} | {
        "python-embedding",
        "two-teams",
        "hub-and-spokes",
        "fleet",
        "github-actions",
    }
    by_languages = {"yaml", "typescript", "go"}
    assert set(list_examples()) == here | elsewhere | by_languages
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in list_examples() if f"({name}/" not in readme] == []
