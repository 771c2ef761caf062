"""What a refusal looks like: its type, codes and paths, and that nothing came of the refused args.

Sentences that config can't provoke stand in snapshots/messages.txt, for review. All component tests
together write it anew: `UPDATE_SNAPSHOTS=1 pytest -n 0 tests/component`.
"""

from __future__ import annotations

import os
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
from pulumi.errors import InputPropertiesError

from tests.component.harness import refused

if TYPE_CHECKING:
    from cross_account_access import Problem
    from tests.component.engine_record import Run
    from tests.component.harness import Program
    from tests.component.world import World

MESSAGES = Path(__file__).parent / "snapshots" / "messages.txt"
MESSAGES_OF_CONFIG = Path(__file__).parents[1] / "unit" / "config" / "messages.txt"

PathAndCode = tuple[str, str]

_rows: set[str] = set()


def report(
    program: Program, *, preview: bool = False, world: World | None = None
) -> tuple[str, list[PathAndCode], Run]:
    """The refused component and its problems; one line and one property error a problem."""
    error, found = refused(program, preview=preview, world=world)
    assert isinstance(error, pulumi.RunError)
    assert isinstance(error, InputPropertiesError)
    first, *lines = str(error).split("\n")
    assert lines == [f"  {problem.message}" for problem in error.problems]
    assert first.endswith(" was refused:")
    assert error.message == str(error)
    assert error.errors == [
        {"property_path": problem.path, "reason": problem.message} for problem in error.problems
    ]
    for problem in error.problems:
        check_message(problem)
    pairs = [(problem.path, problem.code) for problem in error.problems]
    return first.removesuffix(" was refused:"), pairs, found


def refused_at_once(
    program: Program, component: str, *expected: PathAndCode, preview: bool = False
) -> None:
    """Assert that args are refused for exactly this before anything is made or asked."""
    refused_component, problems, found = report(program, preview=preview)
    assert (refused_component, problems) == (component, list(expected))
    # The component's own registration may be under way already; nothing else is.
    assert found.kinds() <= {component.partition(" ")[0]}
    assert found.calls == []


def check_message(problem: Problem) -> None:
    """Assert that a problem's message was reviewed."""
    assert problem.code, problem.message
    if problem.code in _read_codes_of_config():
        return
    row = f"[{problem.code}] {problem.message}".replace(version("pulumi-aws"), "VERSION")
    if os.environ.get("UPDATE_SNAPSHOTS"):
        _rows.add(row)
        MESSAGES.write_text("".join(f"{row}\n" for row in sorted(_rows)), encoding="utf-8")
    assert row in MESSAGES.read_text(encoding="utf-8").splitlines()


@cache
def _read_codes_of_config() -> set[str]:
    text = MESSAGES_OF_CONFIG.read_text(encoding="utf-8")
    return set(re.findall(r"^  \[([a-z-]+)\]", text, re.MULTILINE))
