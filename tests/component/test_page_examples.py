"""The programs on the pages, run as they stand on mocks of two accounts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.component.test_docstring_examples import ACCOUNTS, FENCE, MOCKED

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "components/README.md", "docs/embedding.md"])
def test_a_pages_program_makes_both_halves(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    (program,) = re.findall(rf"{FENCE}python\n(.*?){FENCE}", text, re.DOTALL)
    command = [sys.executable, "-W", "ignore", "-c", MOCKED]
    done = subprocess.run(  # noqa: S603
        command, input=program, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert {account for *_, account in json.loads(done.stdout)} == set(ACCOUNTS.values())
