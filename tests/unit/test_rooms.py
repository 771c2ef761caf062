"""Imports between the rooms point only down, and what is pure stays so."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = "cross_account_access"
# From the top down; each may import itself and what stands below it.
ROOMS = (
    "program",
    "sandbox",
    "sandbox.proof",
    "sandbox.deploy",
    "sandbox.aws",
    "stack_config",
    "cli",
    "config",
    "components",
    "wiring",
    "grants",
    "iam",
    "errors",
)
# Those that use the components only as data.
DATA = {
    "cli": {"config", "grants", "iam", "errors"},
    "config": {"grants", "iam", "errors"},
    "sandbox.aws": {"iam", "errors"},
}


def room_of(module: str) -> str | None:
    """The room that a module is in; None for those of others."""
    match module.split("."):
        case ["__main__"]:
            return "program"
        case ["stack_config", *_]:
            return "stack_config"
        case ["sandbox", "proof" | "deploy" | "aws" as room, *_]:
            return f"sandbox.{room}"
        case ["sandbox", *_]:
            return "sandbox"
        case [package, "cli" | "config" | "wiring" | "grants" | "iam" | "errors" as room, *_] if (
            package == PACKAGE
        ):
            return room
        case [package, "__version__" | "text_format", *_] if package == PACKAGE:
            return "errors"
        case [package, "args"] if package == PACKAGE:
            return "wiring"  # what users give; the components and their wiring know it
        case [package, *_] if package == PACKAGE:
            return "components"
    return None


def sources() -> Iterator[tuple[str, Path]]:
    """Every module of the product, by its name."""
    for folder in (ROOT / "components" / PACKAGE, ROOT / "sandbox"):
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path
    yield "__main__", ROOT / "__main__.py"
    yield "stack_config", ROOT / "stack_config.py"


MODULES = dict(sources())


def imports(module: str) -> Iterator[str]:
    """What a module imports, a module or a name in one."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            start = [*above, node.module] if node.level else [node.module]
            base = ".".join(part for part in start if part)
            yield from (f"{base}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    own = room_of(module)
    assert own is not None
    below = {own, *ROOMS[ROOMS.index(own) :]}
    allowed = {own} | DATA[own] if own in DATA else below
    targets = {name: room for name in imports(module) if (room := room_of(name))}
    assert {name: room for name, room in targets.items() if room not in allowed} == {}


@pytest.mark.parametrize(
    "module", [name for name in MODULES if room_of(name) in {"config", "grants", "iam", "errors"}]
)
def test_what_is_plain_data_is_pure(module: str) -> None:
    outside = {name.split(".")[0] for name in imports(module)}
    assert not outside & {"pulumi", "pulumi_aws", "boto3", "botocore", "moto", "click", "rich"}


def test_no_two_modules_or_classes_have_one_name() -> None:
    modules = Counter(
        name.rpartition(".")[2]
        for name, path in MODULES.items()
        if path.stem not in {"__init__", "__main__"}
    )
    classes = Counter(
        node.name
        for path in MODULES.values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in (modules + classes).items() if count > 1] == []


@pytest.mark.parametrize(
    "module", [name for name, path in MODULES.items() if path.stem == "__init__"]
)
def test_a_room_says_what_lives_there(module: str) -> None:
    if MODULES[module].parent.name in {PACKAGE, "sandbox"}:
        return
    assert ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8")))
