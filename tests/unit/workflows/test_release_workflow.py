"""What was tested and attested is what a release publishes."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.doc_pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
DIST = {"name": "dist", "path": "dist"}
TAG = {"TAG": "${{ github.ref_name }}"}
RELEASE: dict[str, tuple[Any, Any, list[tuple[str, Any]]]] = {
    "build": (
        None,
        None,
        [
            ("make release", TAG),
            ("make docs", None),
            ("actions/upload-artifact", DIST | {"if-no-files-found": "error"}),
            ("actions/upload-pages-artifact", {"path": "site"}),
        ],
    ),
    "attest": (
        ["test", "build"],
        None,
        [
            ("actions/download-artifact", DIST),
            (
                "actions/attest",
                {
                    "subject-path": "dist/python/*\ndist/plugin/*\n"
                    "dist/sbom.cdx.json\ndist/schema.json\n"
                },
            ),
            (
                "actions/attest",
                {"subject-path": "dist/python/*", "sbom-path": "dist/sbom.cdx.json"},
            ),
        ],
    ),
    "pypi": (
        "attest",
        "pypi",
        [
            ("actions/download-artifact", DIST),
            ("pypa/gh-action-pypi-publish", {"packages-dir": "dist/python"}),
        ],
    ),
    "github": (
        "pypi",
        None,
        [
            ("actions/download-artifact", DIST),
            ("make github-release", {**TAG, "GH_TOKEN": "${{ github.token }}"}),
        ],
    ),
    "site": ("pypi", "github-pages", [("actions/deploy-pages", None)]),
}
"""By a job of the release: what it waits for, its environment, and what its steps are given."""


@pytest.mark.parametrize("name", RELEASE)
def test_what_was_tested_and_attested_is_published_and_nothing_else(name: str) -> None:
    assert WORKFLOW["concurrency"] == {"group": "release", "cancel-in-progress": False}
    assert WORKFLOW["jobs"].keys() == {"test", *RELEASE}
    assert WORKFLOW["jobs"]["test"]["uses"] == "$/.github/workflows/test.yml"
    job = WORKFLOW["jobs"][name]
    steps = [
        (step.get("run") or step["uses"].partition("@")[0], step.get("env") or step.get("with"))
        for step in job["steps"]
    ]
    prepared = ("actions/checkout", "actions/setup-python")
    steps = [step for step in steps if step[0] not in prepared]
    environment = job.get("environment", {}).get("name")
    assert (job.get("needs"), environment, steps) == RELEASE[name]


def test_every_file_of_a_release_is_attested() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ngithub-release:")[2]
    published = set(re.findall(r"dist/[\w./*]+", recipe.partition("\n\n")[0])) - {"dist/notes.md"}
    attested = RELEASE["attest"][2][1][1]["subject-path"].split()
    assert published == set(attested)


def test_a_release_on_github_has_the_notes_and_every_file(tmp_path: Path) -> None:
    (tmp_path / "gh").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    (tmp_path / "gh").chmod(0o755)
    tag = "v1.2.3$(id)"
    command = ["make", "-s", "-C", str(ROOT), "github-release"]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TAG": tag}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    words = told.stdout.splitlines()
    assert words[:4] == ["release", "create", tag, "--verify-tag"]
    assert words[words.index("--notes-file") + 1] == "dist/notes.md"
    assert {"dist/sbom.cdx.json", "dist/schema.json"} < set(words)
    for kind in ("python", "plugin"):
        assert any(word.startswith(f"dist/{kind}/") for word in words)
