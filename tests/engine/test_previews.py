"""The previews on docs/previews.md are what the engine prints; `UPDATE_SNAPSHOTS=1` writes them
anew.

Engines and AWS plugins differ in what they add, such as warnings and properties that AWS makes up.
So only what a change must look like is compared: the steps, the changed properties of what is
updated, the changed outputs, the counts, and what the program says.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from tests.engine.conftest import ROOT, Project
from tests.engine.test_healing import make_again

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sandbox.aws.server import Sandbox
    from tests.engine.conftest import Run

pytestmark = pytest.mark.engine

PAGE = ROOT / "docs" / "previews.md"
SOURCE, DESTINATION = "111111111111", "222222222222"

_BLOCK = "```{}\n(.*?)```\n"
_PREVIEW = re.compile(f"(?<=<!-- preview -->\n){_BLOCK.format('')}", re.DOTALL)
# Rows of what doesn't change, which plugins' warnings are at, and the places of those warnings.
_PROGRESS = re.compile(
    r"^@ .*\n|^    \S+:\S+ \S+ .*\n|^.*: using pulumi-resource-aws from .*\n", re.MULTILINE
)
_EMPTY = re.compile(r"^  \S+ \(\S+\):\n+(?=Outputs:)|^Diagnostics:\n(?=\s*Outputs:)", re.MULTILINE)
# What differs in every run: unique IDs, their digests, versions, ends of names, IDs of providers.
_RANDOM = re.compile(
    r"(?<=AROA)[A-Z0-9]{17}|(?<=Trust)[0-9a-f]{12}|(?<=version )[0-9a-f]{6}(-[a-z2-7]{2})?"
    r"|(?<=-)[0-9a-f]{7}\b|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_OPERATION = r"(create|update|replace|delete|create-replacement|delete-original|import)"
_ROW = re.compile(rf" *[-+~]+ +(\S+) (\S+) {_OPERATION}\b")
_HEADER = re.compile(rf" *[-+~]+ ?(\S+): \({_OPERATION}\)")


class Essence(NamedTuple):
    """What of a preview is the same with every engine."""

    steps: dict[tuple[str, str, str], list[str]]
    outputs: list[str]
    counts: list[str]
    said: list[str]


def read_section(title: str) -> str:
    page = PAGE.read_text(encoding="utf-8")
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def read_block(title: str, language: str) -> str:
    (block,) = re.findall(_BLOCK.format(language), read_section(title), re.DOTALL)
    return str(block)


def read_grants(title: str) -> dict[str, Any]:
    grants: dict[str, Any] = yaml.safe_load(read_block(title, "yaml"))
    return grants


def read_preview(title: str) -> str:
    (golden,) = _PREVIEW.findall(read_section(title))
    return str(golden)


def write_preview(title: str, text: str) -> None:
    page, section = PAGE.read_text(encoding="utf-8"), read_section(title)
    written = _PREVIEW.sub(lambda _: f"```\n{text}```\n", section)
    PAGE.write_text(page.replace(section, written), encoding="utf-8")


def clean(text: str) -> str:
    """The engine's text without its progress, and without what its plugins warn of.

    Without `--diff` it prints a resource's row again at each warning.
    """
    lines: dict[str, None] = {}
    changes, outputs = re.split(r"(?m)^(?= *--outputs:--$|Outputs:$)", _PROGRESS.sub("", text))
    if outputs.startswith("Outputs:"):
        rows = (row[0] if (row := _ROW.match(line)) else line for line in changes.splitlines())
        lines.update(dict.fromkeys(rows))
        changes = "\n".join(lines) + "\n"
    return _EMPTY.sub("", _EMPTY.sub("", changes + outputs)).strip() + "\n"


def steady(line: str) -> str:
    """A line with one run's random texts numbered, so that it shows which are the same."""
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return numbers.setdefault(match[0], f"#{len(numbers)}")

    return " ".join(_RANDOM.sub(number, line).split())


def find_essence(text: str) -> Essence:
    changes, _, rest = re.split(r"( *--outputs:--|Outputs:)\n", text)
    outputs, counts = rest.split("Resources:\n")
    marked = [line for line in outputs.splitlines() if line.lstrip()[:1] in {"+", "-", "~"}]
    return Essence(
        dict(_list_steps(changes)),
        [*map(steady, marked or outputs.splitlines())],
        [*map(steady, counts.splitlines())],
        re.findall(r"(?m)^ +(grant .*)", changes),
    )


def _list_steps(text: str) -> Iterator[tuple[tuple[str, str, str], list[str]]]:
    """Each step, with the changed properties of what is updated."""
    for row in _ROW.finditer(text):
        yield (row[3], row[1], row[2]), []
    headers = [*_HEADER.finditer(text)]
    starts = [header.start() for header in headers]
    for header, end in zip(headers, [*starts, len(text)][1:], strict=False):
        own = text[header.end() : end]
        urn = re.search(r"\[urn=.*::(.+)\]", own)
        assert urn
        lines = [line for line in own.splitlines() if re.match(r" +[-+~] ", line)]
        certain = [line for line in lines if "[unknown]" not in line and "[secret]" not in line]
        is_update = header[2] == "update"
        yield (header[2], header[1], urn[1]), [*map(steady, certain)] if is_update else []


def preview(run: Run, title: str, *options: str) -> Essence:
    """What a preview shows; it becomes the page's one where snapshots are updated."""
    text = clean(run.cli("preview", "--color", "never", "--suppress-progress", *options))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        write_preview(title, text)
    return find_essence(text)


def check(shown: dict[str, Essence]) -> None:
    """Compare with the page, everything at once: a run takes its time."""
    assert shown == {title: find_essence(read_preview(title)) for title in shown}


@pytest.fixture
def project(tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox) -> Project:
    """The page's two accounts, empty."""
    sandbox.reset()
    return Project(tmp_path, engine, sandbox, (SOURCE, DESTINATION))


def test_the_page_shows_what_previews_of_changes_show(project: Project) -> None:
    project.user()
    run = project.deployed(project.config(read_grants("Create")), "dev")
    shown = {"Create": preview(run, "Create")}
    run.up()
    for title in ("Add a role", "Change a duration", "Rename a grant"):
        run.configure(project.config(read_grants(title)))
        shown[title] = preview(run, title, *([] if "Rename" in title else ["--diff"]))
    title = "A user was deleted and re-created"
    run.configure(project.config(read_grants(title)))
    make_again(project, "alice")
    shown[title] = preview(run, title, "--diff")
    check(shown)


def test_the_page_shows_what_the_preview_of_a_rotated_external_id_shows(project: Project) -> None:
    project.user("auditor", "/partners/")
    title = "Rotate a secret external ID"
    run = project.deployed(project.config(read_grants(title)), "dev")
    run.set_secret("grants.partner-audit.conditions.externalId", "partner-7f3a")
    run.up()
    for command in read_block(title, "sh").splitlines():
        run.cli(*shlex.split(command)[1:])
    shown = preview(run, title, "--diff")
    text = read_preview(title)
    assert not {"partner-7f3a", "partner-9c1d"} & set(re.findall(r"partner-\w{4}\b", text))
    check({title: shown})
