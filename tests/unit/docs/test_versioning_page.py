"""The page about versions promises what the package's metadata says, and names files that exist."""

from __future__ import annotations

import re

import pytest

from docs.schema_pages import LANGUAGES
from tests.distribution import PROJECT
from tests.doc_pages import ROOT

PAGE = (ROOT / "docs" / "versioning.md").read_text(encoding="utf-8")
TABLE = dict(
    re.findall(r"^\| (\w[\w-]*)(?:, for the tool)? \| ([\w>=<.,* ]+) \|$", PAGE, re.MULTILINE)
)
NEEDS = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["cli"]]


def test_the_supported_pythons_are_those_that_the_metadata_names() -> None:
    pythons = [name for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)]
    assert TABLE["Python"].split(", ") == [name.rpartition(" ")[2] for name in pythons]


@pytest.mark.parametrize("need", NEEDS)
def test_a_supported_range_is_the_one_that_installers_keep_to(need: str) -> None:
    name = re.split("[><=~]", need)[0]
    assert TABLE[name] == need.removeprefix(name)


def test_every_range_is_of_something_that_the_package_needs() -> None:
    names = {re.split("[><=~]", need)[0] for need in NEEDS}
    ranges = {name for name, versions in TABLE.items() if re.search("[<>]", versions)}
    assert ranges == names


def test_what_is_public_is_written_down_in_files_that_exist() -> None:
    section = PAGE.partition("## What is public")[2].partition("\n## ")[0]
    files = re.findall(r"`(\w+/[\w./-]+)`", section)
    assert len(files) >= 4
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_the_languages_that_are_tried_are_those_of_the_examples() -> None:
    tried, untried = re.findall(r"(?:run programs in|For) (.*?)(?:\.| the package has)", PAGE)
    folders = {folder.name for folder in (ROOT / "examples").iterdir()} | {"python"}
    titles = [language.title for language in LANGUAGES]
    expected = {title for title in titles if title.lower() in folders}
    assert set(re.split(", | and ", tried)) == expected
    assert set(re.split(", | and ", untried)) == set(titles) - expected


def test_a_newer_python_is_not_refused() -> None:
    assert PROJECT["requires-python"].startswith(">=")
    assert "," not in PROJECT["requires-python"]
