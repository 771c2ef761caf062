"""The page that follows one grant through the code names files and functions that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "components" / "cross_account_access"
PAGE = (ROOT / "docs" / "one-grant.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^\| \d+ \| `([^`]+)` \| (.+) \|$", PAGE, re.MULTILINE)


def names_in(path: Path) -> set[str]:
    """The classes and functions of a module, methods as CLASS.METHOD, too."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if hasattr(part, "name")}
    return names


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_each_step_names_what_its_file_has(number: int) -> None:
    file, text = STEPS[number]
    own = names_in(PACKAGE / file)
    named = set(re.findall(r"`([A-Z]\w+(?:\.\w+)?|[a-z]+_\w+)`", text))
    assert named & own, f"step {number + 1} names nothing of {file}"


def test_all_that_is_named_is_somewhere() -> None:
    known = set().union(*map(names_in, PACKAGE.rglob("*.py")))
    words = re.findall(r"`([A-Z]\w+(?:\.\w+)?)`", PAGE)
    policy_words = {"Condition", "Bool", "StringEquals"}
    assert {word for word in words if word not in known} <= policy_words
