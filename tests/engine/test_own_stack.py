"""What docs/sandbox.md shows under "Your own stack", done as it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cli.handoff.aws_shim import aws_on_path
from tests.cli.terminals import Terminal
from tests.engine.conftest import ROOT
from tests.sandbox.commands import free_port
from tests.sandbox.test_serving import running

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("_clean_environment")]

PAGE = ROOT / "docs" / "sandbox.md"
EXEC = ".venv/bin/cross-account-access exec"


@dataclass(frozen=True)
class Shell:
    """A folder, and a shell's variables in it."""

    folder: Path
    environment: dict[str, str]

    def run(self, script: str) -> str:
        """Run commands, and keep the variables that they export; returns what they print."""
        # A person answers the question whether to update.
        script = script.replace("pulumi up", "pulumi up --yes")
        done = subprocess.run(  # noqa: S603 - the page's commands
            ["sh", "-ec", f"{script}\nenv -0 > .environment"],  # noqa: S607 - whichever sh there is
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        kept = (self.folder / ".environment").read_text(encoding="utf-8").split("\0")
        for name, _, value in (line.partition("=") for line in kept if line):
            self.environment[name] = value
        return done.stdout


def read_blocks(port: int) -> list[str]:
    """The section's blocks, the accounts at this port."""
    section = PAGE.read_text("utf-8").partition("\n## Your own stack\n")[2].partition("\n## ")[0]
    return re.findall("```[a-z]+\n(.*?)```", section.replace("4577", str(port)), re.DOTALL)


def test_own_grants_are_tried_with_an_mfa_code_as_the_page_says(
    tmp_path: Path, engine: Mapping[str, str]
) -> None:
    port = free_port()
    serve, config, create, use, _ = read_blocks(port)
    folder = tmp_path / "project"
    (folder / "state").mkdir(parents=True)
    for name in ("Pulumi.yaml", "__main__.py", "stack_config.py"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "Pulumi.mine.yaml").write_text(config, encoding="utf-8")
    assert serve == ".venv/bin/python -m sandbox serve\n"
    as_alice, tool = use.strip().split(EXEC)
    with (
        running("serve", "--port", str(port)) as accounts,
        aws_on_path(tmp_path, f"http://127.0.0.1:{port}") as path,
    ):
        accounts.line("^Emulated accounts at ")
        own = {
            "HOME": str(tmp_path),
            "PATH": f"{path}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "mine",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'components'}",
        }
        shell = Shell(folder, {**os.environ, **engine, **own})
        shell.run(create)
        code = shell.run(as_alice).strip()
        assert re.fullmatch("[0-9]{6}", code)
        with Terminal(shell, "exec", *tool.split()) as terminal:
            terminal.wait_for("MFA code")
            terminal.type(f"{code}\n")
            status, printed = terminal.end()
    assert status == 0, terminal.seen
    role = "arn:aws:sts::222222222222:assumed-role/read-only/"
    assert json.loads(printed)["Arn"].startswith(role)
