"""No group of skipped tests stays silent."""

from __future__ import annotations

import pytest

from tests.conftest import summarize_skips


def skipped(name: str, reason: str) -> pytest.TestReport:
    why = ("file.py", 1, f"Skipped: {reason}")
    return pytest.TestReport(name, ("file.py", 1, ""), {}, "skipped", why, "setup")


def test_skips_are_grouped_by_folder_and_reason() -> None:
    whole = pytest.CollectReport("tests/d/test_d.py", "skipped", ("", 1, "Skipped: no B"), None)
    reports = [skipped(f"tests/e/test_e.py::test[{n}/x]", "no A") for n in range(2)]
    assert summarize_skips([*reports, skipped("tests/e/test_f.py::test", "no B"), whole]) == [
        "tests/d: 1 module: no B",
        "tests/e: 2 tests: no A",
        "tests/e: 1 test: no B",
    ]
