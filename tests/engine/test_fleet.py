"""The stacks of many accounts, deployed together by `cross-account-access fleet`."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cross_account_access.cli.terminal import ExitCode
from sandbox.aws.server import Sandbox, client
from tests.engine.conftest import PASSPHRASE, PROGRAM, ROOT, document, iam_state
from tests.engine.held_endpoint import HeldEndpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from types_boto3_iam import IAMClient

pytestmark = pytest.mark.engine

_numbers = itertools.count(900_000_000_001)
TRUST = document(
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
)


@dataclass
class EngineFleet:
    """A project of many accounts, each of them empty but for the principals.

    Attributes:
        folder: The project's folder.
        sandbox: Where the accounts are.
        environment: The tool's environment.
        ids: Each account's ID by its name.
        grants: The grants.
        endpoint: What the providers call instead of AWS.
    """

    folder: Path
    sandbox: Sandbox
    environment: dict[str, str]
    ids: dict[str, str]
    grants: dict[str, Any]
    endpoint: str = ""
    untouched: dict[str, Any] = field(default_factory=dict)

    def write(self) -> None:
        """Write the access file."""
        accounts = {
            name: {
                "accountId": account,
                "region": "us-east-1",
                "accessKey": account,
                "secretKey": "sandbox",
                "endpoint": self.endpoint or self.sandbox.endpoint,
                "groups": [] if name in ("people", "ci") else ["workloads"],
            }
            for name, account in self.ids.items()
        }
        text = yaml.safe_dump({"accounts": accounts, "grants": self.grants})
        (self.folder / "access.yaml").write_text(text, encoding="utf-8")

    def add(self, name: str) -> None:
        """Add an account."""
        self.ids[name] = str(next(_numbers))
        self.write()
        self.untouched[name] = self.read_iam(name)

    def iam(self, name: str) -> IAMClient:
        """IAM of an account."""
        return client("iam", self.sandbox.endpoint, account=self.ids[name])

    def read_iam(self, name: str) -> dict[str, Any]:
        """All of IAM in an account."""
        return iam_state(self.iam(name))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `fleet`, each stack's result as JSON."""
        return subprocess.Popen(  # noqa: S603 - the tool
            [sys.executable, "-m", "cross_account_access.cli", "fleet", *arguments, "--json"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = ExitCode.DONE) -> dict[str, dict[str, Any]]:
        """Run `fleet`; returns each stack's result."""
        tool = self.start(*arguments)
        out, err = tool.communicate(timeout=300)
        assert tool.returncode == code, out + err
        stacks = json.loads(out).get("stacks", [])
        return {stack["stack"]: stack for stack in stacks}

    def read_record(self) -> dict[str, Any]:
        """What the last run's record has of each stack."""
        text = (self.folder / ".fleet" / "last-run.json").read_text(encoding="utf-8")
        stacks: dict[str, Any] = json.loads(text)["stacks"]
        return stacks

    def list_made(self) -> dict[str, tuple[list[str], int]]:
        """The roles that each account has more than at first, and how many attached policies."""
        made = {}
        for name, before in self.untouched.items():
            new = {arn: one for arn, one in self.read_iam(name).items() if arn not in before}
            policies = [one for arn, one in new.items() if ":policy/" in arn]
            assert all(one["AttachmentCount"] == 1 for one in policies)
            roles = sorted(one["RoleName"] for arn, one in new.items() if ":role/" in arn)
            made[name] = roles, len(policies)
        return made


def outcomes(results: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    return {name: stack["result"] for name, stack in results.items()}


def changes(results: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, int]]:
    """What was changed in each stack where anything was."""
    changed = {
        name: {how: count for how, count in stack["changes"].items() if count and how != "same"}
        for name, stack in results.items()
    }
    return {name: counts for name, counts in changed.items() if counts}


def make_fleet(
    folder: Path, engine: Mapping[str, str], sandbox: Sandbox, *names: str
) -> EngineFleet:
    """People, who look at all workloads; CI deploys to them, if it is among the names."""
    (folder / "state").mkdir()
    work = folder / "project"
    work.mkdir()
    for file in PROGRAM:
        shutil.copy(ROOT / file, work)
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    project["runtime"]["options"]["virtualenv"] = sys.prefix
    (work / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    environment = (
        os.environ
        | dict(engine)
        | {
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )
    ids = {name: str(next(_numbers)) for name in names}
    look = {"principals": [{"user": "alice"}], "source": "people", "destinations": ["workloads"]}
    grants: dict[str, Any] = {"look": look}
    fleet = EngineFleet(work, sandbox, environment, ids, grants)
    fleet.iam("people").create_user(UserName="alice")
    if "ci" in names:
        fleet.iam("ci").create_role(RoleName="deployer", AssumeRolePolicyDocument=TRUST)
        grants["deploy"] = {**look, "source": "ci", "principals": [{"role": "deployer"}]}
    fleet.untouched = {name: fleet.read_iam(name) for name in names}
    fleet.write()
    fleet.run("init")
    return fleet


def test_five_accounts_are_deployed_changed_and_destroyed(
    tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox
) -> None:
    spokes = ("dev", "production", "staging")
    fleet = make_fleet(tmp_path, engine, sandbox, "people", "ci", *spokes)
    assert set(outcomes(fleet.run("up", "--yes")).values()) == {"done"}
    role_names = ["deploy", "look"]
    made: dict[str, tuple[list[str], int]] = {"people": ([], 1), "ci": ([], 1)}
    assert fleet.list_made() == made | dict.fromkeys(spokes, (role_names, 0))

    again = fleet.run("up", "--yes")
    assert (set(outcomes(again).values()), changes(again)) == ({"done"}, {})

    # An account more: its stack is made, and a document changes in each account of principals.
    fleet.add("sandbox")
    fleet.run("init")
    added = changes(fleet.run("up", "--yes"))
    assert {name: set(counts) for name, counts in added.items()} == {
        "sandbox": {"create"},
        "people": {"update"},
        "ci": {"update"},
    }
    assert fleet.list_made() == made | dict.fromkeys((*spokes, "sandbox"), (role_names, 0))

    assert set(outcomes(fleet.run("destroy", "--yes")).values()) == {"done"}
    assert {name: fleet.read_iam(name) for name in fleet.ids} == fleet.untouched


def test_one_failing_account_stops_no_other_and_is_taken_up_again(
    tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox
) -> None:
    fleet = make_fleet(tmp_path, engine, sandbox, "people", "production", "staging")
    # Somebody made a role of that name by hand.
    fleet.iam("staging").create_role(RoleName="look", AssumeRolePolicyDocument=TRUST)
    results = fleet.run("up", "--yes", code=ExitCode.NO)
    assert outcomes(results) == {"people": "done", "production": "done", "staging": "failed"}
    assert "EntityAlreadyExists" in results["staging"]["message"]
    assert "imports" in results["staging"]["remedy"]
    assert (fleet.folder / results["staging"]["log"]).exists()

    fleet.iam("staging").delete_role(RoleName="look")
    assert outcomes(fleet.run("up", "--failed", "--yes")) == {"staging": "done"}
    made = fleet.list_made()
    assert made == {"people": ([], 1), "production": (["look"], 0), "staging": (["look"], 0)}


@pytest.mark.parametrize(
    ("action", "stack"), [("CreateRole", "production"), ("CreatePolicy", "people")]
)
def test_what_a_killed_update_made_is_neither_orphaned_nor_made_twice(
    action: str, stack: str, tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox
) -> None:
    fleet = make_fleet(tmp_path, engine, sandbox, "people", "production")
    with HeldEndpoint(sandbox.endpoint, action) as held:
        fleet.endpoint = held.url
        fleet.write()
        tool = fleet.start("up", "--yes")
        assert held.held.wait(120)
        tool.kill()
        tool.communicate()
        running = fleet.read_record()[stack]
        assert running["state"] == "running"
        os.kill(running["pid"], signal.SIGKILL)
        held.release()
        results = fleet.run("up", "--failed", "--yes")
        assert results[stack]["result"] == "done"
        assert fleet.list_made() == {"people": ([], 1), "production": (["look"], 0)}
        fleet.run("destroy", "--yes")
    assert {name: fleet.read_iam(name) for name in fleet.ids} == fleet.untouched


def test_after_an_interrupt_what_was_begun_is_finished_and_the_rest_is_taken_up_again(
    tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox
) -> None:
    fleet = make_fleet(tmp_path, engine, sandbox, "people", "production")
    with HeldEndpoint(sandbox.endpoint, "CreateRole") as held:
        fleet.endpoint = held.url
        fleet.write()
        tool = fleet.start("up", "--yes")
        assert held.held.wait(120)
        tool.send_signal(signal.SIGINT)
        held.release()
        out, _ = tool.communicate(timeout=120)
        assert tool.returncode == ExitCode.INTERRUPTED
        results = {stack["stack"]: stack for stack in json.loads(out)["stacks"]}
        assert outcomes(results) == {"production": "interrupted", "people": "not started"}
        assert set(outcomes(fleet.run("up", "--failed", "--yes")).values()) == {"done"}
    assert fleet.list_made() == {"people": ([], 1), "production": (["look"], 0)}


def test_a_role_that_was_there_before_a_killed_update_stays_as_it_was(
    tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox
) -> None:
    fleet = make_fleet(tmp_path, engine, sandbox, "people", "production")
    fleet.iam("production").create_role(RoleName="look", AssumeRolePolicyDocument=TRUST)
    before = fleet.read_iam("production")
    with HeldEndpoint(sandbox.endpoint, "CreateRole") as held:
        fleet.endpoint = held.url
        fleet.write()
        tool = fleet.start("up", "production", "--yes")
        assert held.held.wait(120)
        tool.kill()
        tool.communicate()
        os.kill(fleet.read_record()["production"]["pid"], signal.SIGKILL)
        held.release()
        results = fleet.run("up", "--failed", "--yes", code=ExitCode.NO)
        assert "EntityAlreadyExists" in results["production"]["message"]
        fleet.run("destroy", "production", "--yes")
    assert fleet.read_iam("production") == before
