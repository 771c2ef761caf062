"""The public API's types, as a program's author meets them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import cross_account_access

ROOT = Path(__file__).parents[2]
API = Path(__file__).parent / "api.py"


def test_the_program_uses_all_that_is_public() -> None:
    text = API.read_text(encoding="utf-8")
    assert [
        name for name in cross_account_access.__all__ if not re.search(rf"\b{name}\b", text)
    ] == []


@pytest.mark.skipif(
    find_spec("basedpyright") is None,
    reason="basedpyright isn't installed: pip install -r requirements-dev.txt",
)
def test_pyright_finds_no_fault_with_it_or_the_examples() -> None:
    """That it finds the faults that are there, the last lines of the program make sure: each
    ignore must be needed."""
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout
