"""Handoffs of a deployed stack, and accounts on which their AWS CLI commands were run."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.cli.handoff.everything import Made, hand_off, record, rights_of, role_of
from tests.sandbox.commands import DESTINATION, SOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.proof.role_attempts import ProofAttempt
    from tests.cli.conftest import Stage

ACCOUNTS = {"source": SOURCE, "destination": DESTINATION}


@dataclass
class Applied:
    """What the stack made, and what its handoffs made on fresh accounts afterwards."""

    stage: Stage
    path: str
    by_pulumi: Made
    by_commands: Made
    proof: list[ProofAttempt]

    def folder(self, grant: str, side: str) -> Path:
        return self.stage.folder / "handoffs" / f"{grant}-{side}"

    def sh(
        self, folder: Path, account: str, script: str = "commands.sh"
    ) -> subprocess.CompletedProcess[str]:
        """Run a script with an administrator's credentials of an account, from somewhere else."""
        return run_script(self.stage, folder / script, account, self.path)


def run_script(
    stage: Stage, script: Path, account: str, path: str = ""
) -> subprocess.CompletedProcess[str]:
    keys = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "sandbox"}
    searched = f"{path}:{stage.environment['PATH']}" if path else stage.environment["PATH"]
    return subprocess.run(  # noqa: S603 - what handoff wrote
        ["sh", str(script)],  # noqa: S607 - whichever sh there is
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd="/",
        env={**stage.environment, **keys, "PATH": searched},
    )


def changed(applied: Applied, tmp_path: Path, side: str, change: Any) -> Path:
    """A handoff of the grant `rich` whose outputs say something else."""
    documents = record(applied.stage, "rich")
    text = change(documents).as_json()
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({"documents": {"rich": text}}), encoding="utf-8")
    hand_off(outputs, tmp_path / "to", "--for", side)
    return tmp_path / "to"


def undo(applied: Applied, side: str, folder: Path) -> None:
    """Run what the README of the grant `rich` says."""
    readme = (applied.folder("rich", side) / "README.md").read_text(encoding="utf-8")
    found = re.search("```sh\n(.*?)```", readme.partition("## How to undo it")[2], re.DOTALL)
    assert found is not None
    (folder / "undo.sh").write_text(f"set -e\n{found[1]}", encoding="utf-8")
    done = applied.sh(folder, ACCOUNTS[side], "undo.sh")
    assert done.returncode == 0, done.stderr


def as_before(applied: Applied) -> None:
    """Both halves of the grant `rich`, on which the tests work, are as first deployed."""
    assert role_of(applied.stage.destination, "rich-role") == applied.by_commands.roles["rich-role"]
    for holder in (("user", "alice"), ("role", "ci")):
        found = rights_of(applied.stage.source, *holder)
        assert sorted(map(str, found)) == sorted(map(str, applied.by_commands.rights[holder]))


def apply_handoff(applied: Applied, grant: str, side: str) -> None:
    """Hand a grant's half off, and run its commands if there are any."""
    folder = applied.folder(grant, side)
    hand_off(applied.stage.outputs, folder, grant, "--for", side)
    if (folder / "commands.sh").exists():
        done = applied.sh(folder, ACCOUNTS[side])
        assert done.returncode == 0, f"{grant}, {side}: {done.stderr}"
