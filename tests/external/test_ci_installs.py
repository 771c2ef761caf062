"""What the CI examples install can be installed together, as pip finds it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from examples.__main__ import FLEET, ROOT

FILES = ("github-workflow.yml", "gitlab-ci.yml", "gitlab-stack.yml")
INSTALLS = sorted(
    {
        line
        for name in FILES
        for line in re.findall(r"pip install (.+)", (FLEET / name).read_text(encoding="utf-8"))
    }
)


def test_every_ci_installs_something() -> None:
    assert len(INSTALLS) == 2


@pytest.mark.parametrize("arguments", INSTALLS)
def test_what_a_ci_installs_goes_together(arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", *shlex.split(arguments)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr
