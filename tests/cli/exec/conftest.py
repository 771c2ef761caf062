"""`exec` in this process: its command runs as a child, whose output and exit code are passed on."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click
import pytest

from cross_account_access.cli.exec import child_process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@pytest.fixture(autouse=True)
def _child_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(program: str, command: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
        streams: Any = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL}
        done = subprocess.run(  # noqa: S603 - the tests' own commands
            command, executable=program, env=variables, check=False, **streams
        )
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        raise click.exceptions.Exit(done.returncode)

    monkeypatch.setattr(os, "execve", run)
    monkeypatch.setattr(child_process, "_IGNORED", ())
