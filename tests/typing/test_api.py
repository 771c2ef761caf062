"""The public API's types, as a program's author meets them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import cross_account_access
from cross_account_access import testing

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("module", "file"), [(cross_account_access, "api.py"), (testing, "testing_api.py")]
)
def test_the_programs_use_all_that_is_public(module: Any, file: str) -> None:
    text = (HERE / file).read_text(encoding="utf-8")
    assert [name for name in module.__all__ if not re.search(rf"\b{name}\b", text)] == []


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
