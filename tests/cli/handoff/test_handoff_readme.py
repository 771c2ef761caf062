"""Every command of a handoff's README runs as it stands there, one after the other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cross_account_access.iam.policy_normalization import normalize_policy
from sandbox.deploy.stack import load
from sandbox.proof.people import make_people
from tests.cli.conftest import Stage, deploy
from tests.cli.handoff.applied_handoffs import ACCOUNTS
from tests.cli.handoff.aws_shim import aws_on_path
from tests.cli.handoff.everything import DEPLOYED, SIDES, hand_off

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.aws.server import Sandbox

# Of Terraform and CloudFormation here only what the shell, the folder and the options decide; what
# they make is tested with the templates.
TERRAFORM = """#!/bin/sh
case $1 in init | apply | destroy) ;; *) exit 64 ;; esac
[ $# = 1 ] && grep -q 'region *= "us-east-1"' main.tf
"""
PULUMI = """#!/bin/sh
case "$*" in
  version) echo v3.270.0 ;;
  *--show-name*) echo dev ;;
  *"--stack dev"*) cat outputs.json ;;
  *) exit 64 ;;
esac
"""


@dataclass(frozen=True)
class Owner:
    """The owner of an account, with a handoff and the programs that its README names."""

    stage: Stage
    path: str
    side: str

    @property
    def folder(self) -> Path:
        return self.stage.folder / f"for-{self.side}"

    def blocks(self) -> list[str]:
        """The README's commands, in their order."""
        readme = (self.folder / "README.md").read_text(encoding="utf-8")
        return re.findall(r"^```sh\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)

    def bash(self, commands: str, folder: Path) -> str:
        """Run commands with credentials of the account, no more; returns what they print."""
        account = ACCOUNTS[self.side]
        environment = {
            name: text
            for name, text in self.stage.environment.items()
            if not name.startswith("AWS_") or name == "AWS_ENDPOINT_URL"
        } | {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "sandbox"}
        done = subprocess.run(  # noqa: S603 - what handoff wrote
            ["bash", "-euo", "pipefail", "-c", commands],  # noqa: S607 - whichever bash there is
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=folder,
            env=environment | {"PATH": f"{self.path}:{environment['PATH']}"},
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def stage(accounts: Sandbox) -> Iterator[tuple[Stage, str]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = stack.enter_context(contextmanager(deploy)(accounts, folder, grants=DEPLOYED))
        programs = folder / "bin"
        programs.mkdir()
        tool = f'#!/bin/sh\nexec "{sys.executable}" -m cross_account_access.cli "$@"\n'
        stand_ins = {"terraform": TERRAFORM, "pulumi": PULUMI, "cross-account-access": tool}
        for name, text in stand_ins.items():
            (programs / name).write_text(text, encoding="utf-8")
            (programs / name).chmod(0o700)
        path = stack.enter_context(aws_on_path(programs, accounts.endpoint))
        accounts.reset()
        settings = load(folder, "dev").settings
        stack.enter_context(make_people(accounts.endpoint, settings, keep=True))
        yield stage, path


@pytest.fixture(params=SIDES)
def owner(stage: tuple[Stage, str], request: pytest.FixtureRequest) -> Owner:
    return Owner(*stage, request.param)


def test_every_command_runs_as_it_stands(owner: Owner) -> None:
    hand_off(one_sided(owner), owner.folder, "rich", "--for", owner.side)
    script, template, terraform, check, verify, undo, *others = owner.blocks()
    # Elsewhere CloudFormation's delete-stack succeeds, and the access stays.
    readme = (owner.folder / "README.md").read_text(encoding="utf-8")
    assert "After CloudFormation, in the stack's Region" in readme
    owner.bash(script, owner.folder)
    for commands in (template, terraform, *others):
        owner.bash(commands, owner.folder)
    check_half(owner, check)
    assert verify.startswith("cross-account-access verify rich --checksum sha256:")
    told = owner.bash(verify, owner.stage.folder)
    assert "No finding" in told
    assert "handed over" not in told  # it was read, and is the same
    owner.bash(undo, owner.folder)
    made = [role["RoleName"] for role in owner.stage.destination.list_roles()["Roles"]]
    policies = owner.stage.source.list_policies(Scope="Local")["Policies"]
    assert "rich" not in f"{made} {policies}"


def one_sided(owner: Owner) -> Path:
    """Let the outputs be those of a stack that makes the other half."""
    record = json.loads(owner.stage.grants["rich"]["documents"])
    if owner.side == "destination":
        record["side"], record["role"]["uniqueId"] = "source", None
    else:
        unmade = {"uniqueId": None, "policyArn": None, "policy": None}
        record["side"] = "destination"
        record["principals"] = [half | unmade for half in record["principals"]]
    text = json.dumps(record, separators=(",", ":"))
    owner.stage.outputs.write_text(json.dumps({"documents": {"rich": text}}), encoding="utf-8")
    return owner.stage.outputs


def check_half(owner: Owner, commands: str) -> None:
    told = owner.bash(commands, owner.folder)
    if owner.side == "source":
        assert {*told.split()} == {"allowed"}
        return
    document, _ = json.JSONDecoder().raw_decode(told)
    written = json.loads((owner.folder / "trust-policy.json").read_text(encoding="utf-8"))
    assert normalize_policy(document) == normalize_policy(written)
