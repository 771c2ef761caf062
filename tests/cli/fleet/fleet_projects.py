"""Projects of many accounts, with a stand-in for the Pulumi CLI."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import yaml
from click.testing import CliRunner

from cross_account_access.cli.main import main
from tests.cli.fleet import fake_pulumi

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HUB: dict[str, Any] = {
    "accounts": {
        "people": {"accountId": "111111111111"},
        "production": {"accountId": "222222222222", "groups": ["workloads"]},
        "staging": {"accountId": "333333333333", "groups": ["workloads"]},
    },
    "grants": {
        "read-only": {
            "source": "people",
            "destinations": ["workloads"],
            "principals": [{"user": "alice"}, {"group": "admins"}],
        },
        "deploy": {
            "source": "people",
            "destinations": ["production"],
            "principals": [{"user": "alice"}],
        },
    },
}
ALL = ["production", "staging", "people"]

LOCKED: dict[str, Any] = {
    "code": 255,
    "error": "error: the stack is currently locked by 1 lock(s). Either wait for the other "
    "process(es) to end or delete the lock file with `pulumi cancel`.\n  file:///s/x.json: created "
    "by somebody@elsewhere (pid 7) at 2026-11-27T17:57:28Z",
}


@dataclass(frozen=True)
class Done:
    """How the tool ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.stdout)


@dataclass(frozen=True)
class FleetProject:
    """A project, and the folder of the stand-in for the Pulumi CLI."""

    folder: Path
    fake: Path

    @classmethod
    def make(cls, folder: Path, content: Mapping[str, Any] = HUB) -> FleetProject:
        """Make a project with this access file, and no stack."""
        project, fake = folder / "project", folder / "fake"
        project.mkdir()
        fake.mkdir()
        (project / "Pulumi.yaml").write_text("name: cross-account-access\nruntime: python\n")
        (project / "access.yaml").write_text(yaml.safe_dump(dict(content)), encoding="utf-8")
        program = fake / "pulumi"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake_pulumi.__file__}" "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        made = cls(project, fake)
        made.plan()
        return made

    def plan(self, **plan: Any) -> None:
        """What the stand-in does from now on: by VERB/STACK, and what its backend has."""
        (self.fake / "plan.json").write_text(json.dumps(plan), encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """The tool's environment."""
        return {
            "PATH": f"{self.fake}{os.pathsep}{os.environ['PATH']}",
            "FAKE_PULUMI": str(self.fake),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "HOME": str(self.fake),
        }

    def run(self, *arguments: str, stdin: str | None = None, **environment: str | None) -> Done:
        """Run the tool in this process, which is quicker."""
        variables = {**self.environment, **environment}
        kept = {name: text for name, text in variables.items() if text is not None}
        with patch.dict(os.environ, kept), CliRunner().isolation(input=stdin) as (out, err, _):
            for name, text in variables.items():
                if text is None:
                    os.environ.pop(name, None)
            code = main(["fleet", *arguments, "--cwd", os.path.relpath(self.folder)])
            return Done(code, out.getvalue().decode(), err.getvalue().decode())

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the tool as a process of its own."""
        command = [sys.executable, "-m", "cross_account_access.cli", "fleet", *arguments]
        return subprocess.Popen(  # noqa: S603 - the tool
            [*command, "--cwd", str(self.folder)],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def calls(self, *verbs: str) -> list[dict[str, Any]]:
        """What the Pulumi CLI was called for."""
        calls = fake_pulumi.read_calls(self.fake)
        return [call for call in calls if not verbs or call["verb"] in verbs]

    def wait_for(self, *verbs: str, count: int = 1) -> None:
        """Wait until the Pulumi CLI was called so often."""
        until = time.monotonic() + 60
        while len(self.calls(*verbs)) < count:
            assert time.monotonic() < until
            time.sleep(0.05)

    def list_called(self, *verbs: str) -> list[tuple[str, str]]:
        """Verb and stack of each call, in their order."""
        return [(call["verb"], call["stack"]) for call in self.calls(*verbs)]


def results(document: Any) -> dict[str, str]:
    """What became of each stack, of a run's JSON."""
    return {stack["stack"]: stack["result"] for stack in document["stacks"]}
