"""Says, at the end of a run, which tests could not run and what would let them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = summarize_skips(terminalreporter.stats.get("skipped", []))
    if lines:
        terminalreporter.section("tests that could not run")
        terminalreporter.write_line("\n".join(lines))


def summarize_skips(reports: Iterable[pytest.TestReport | pytest.CollectReport]) -> list[str]:
    """One line for each folder and reason; a file that is skipped as a whole is a module."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for report in reports:
        folder, _, _ = report.nodeid.partition("::")[0].rpartition("/")
        what = "module" if isinstance(report, pytest.CollectReport) else "test"
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        counts[folder, reason.removeprefix("Skipped: "), what] += 1
    return [
        f"{folder}: {count} {what}{'s'[: count > 1]}: {reason}"
        for (folder, reason, what), count in sorted(counts.items())
    ]
