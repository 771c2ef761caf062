"""The project of templates/python in an environment of its own, with the built wheel: its tests,
its types and its CI."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from examples.__main__ import FLEET, ROOT
from tests.distribution import build
from tests.new_project import CACHES, TEMPLATE, fill_template

if TYPE_CHECKING:
    from collections.abc import Sequence

UV = (sys.executable, "-m", "uv")
WORKFLOW = TEMPLATE / ".github" / "workflows" / "access.yml"
README = (TEMPLATE / "README.md").read_text(encoding="utf-8")
INSTALL, TEST, CHECK_TYPES = re.findall(r"^\.venv/bin/.*$", README, re.MULTILINE)
"""The commands that the project's README shows."""


ADMINISTRATOR = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def attempt(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command, with nothing of this tree on Python's path."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTEST_ADDOPTS")}
    return subprocess.run(  # noqa: S603
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def run(command: Sequence[str | Path], folder: Path) -> None:
    done = attempt(command, folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The new project, with what its README installs."""
    dist = build(tmp_path_factory.mktemp("dist"))
    project = fill_template(tmp_path_factory.mktemp("new") / "project")
    run([*UV, "venv", "-q", "-p", sys.executable, ".venv"], project)
    # uv installs from its cache, where pip takes half a minute.
    pip, *arguments = shlex.split(INSTALL)
    assert pip == ".venv/bin/pip"
    constraints = str(ROOT / "constraints.txt")
    own = ["--python", ".venv/bin/python", "--find-links", str(dist), "-c", constraints]
    run([*UV, "pip", *arguments, *own], project)
    return project


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    shutil.copytree(project, tmp_path / "copy", ignore=CACHES)
    (tmp_path / "copy" / ".venv").symlink_to(project / ".venv")
    return tmp_path / "copy"


def edit(file: Path, old: str, new: str) -> None:
    """Replace what stands in a file once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_nothing_is_left_to_fill_in(project: Path) -> None:
    files = [file for file in fill_template(project.parent / "again").rglob("*") if file.is_file()]
    assert [file.name for file in files if re.search(r"\$\{(?!\{)", file.read_text("utf-8"))] == []


def test_its_unit_tests_pass(project: Path) -> None:
    run(shlex.split(TEST), project)


@pytest.mark.parametrize(
    ("old", "new", "failed"),
    [
        ('conditions={"mfa": True},', "", ["test_alice_is_refused_without_mfa"]),
        ('{"mfa": True}', '{"mfa": True, "source_ips": ["192.0.2.1/32"]}', ["test_alice_gets_in"]),
        ("Principal(user=user)", 'Principal(user="bob")', ["test_bob"]),
        ("ReadOnlyAccess", "AdministratorAccess", ["test_the_role_can_only_read"]),
        (
            "RoleSettings(",
            f"RoleSettings(inline_policies={{'more': {ADMINISTRATOR}}}, ",
            ["test_the_role_can_only_read"],
        ),
    ],
    ids=["no MFA", "another condition", "another user", "more permissions", "an inline policy"],
)
def test_its_unit_tests_notice_who_gets_in_or_what_the_role_may(
    old: str, new: str, failed: list[str], copy: Path
) -> None:
    edit(copy / "__main__.py", old, new)
    done = attempt([*shlex.split(TEST), "-q", "-rf"], copy)
    assert done.returncode == 1
    names = re.findall(r"^FAILED test_access\.py::(\w+)", done.stdout, re.MULTILINE)
    assert [name for name in failed if not any(one.startswith(name) for one in names)] == []


# Of pulumi_aws only what is used is read, as for this tree: all of it takes most of a minute.
MYPY = ["--config-file", str(ROOT / "pyproject.toml")]
PYRIGHT = [sys.executable, "-m", "basedpyright", "--pythonpath", ".venv/bin/python"]


@pytest.mark.parametrize(
    "checker", [[*shlex.split(CHECK_TYPES), *MYPY], PYRIGHT], ids=["mypy", "pyright"]
)
def test_its_types_are_clean_and_a_wrong_one_is_found(checker: list[str], copy: Path) -> None:
    strict = json.dumps({"typeCheckingMode": "strict", "exclude": [".venv"]})
    (copy / "pyrightconfig.json").write_text(strict, encoding="utf-8")
    run(checker, copy)
    edit(copy / "__main__.py", "user=user", "user=1")
    done = attempt(checker, copy)
    assert (done.returncode, done.stdout.count("__main__.py:")) == (1, 1)


class TestWorkflow:
    """The CI file that a new project has."""

    text = WORKFLOW.read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]

    @pytest.mark.parametrize(
        "check",
        [
            ("check-jsonschema", "--builtin-schema", "vendor.github-workflows"),
            ("check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout"),
            ("zizmor", "--offline", "--no-progress", "--persona", "pedantic"),
        ],
        ids=" ".join,
    )
    def test_it_is_valid_and_safe(self, check: tuple[str, ...]) -> None:
        tool, *options = check
        run([Path(sys.executable).with_name(tool), *options, WORKFLOW], ROOT)

    def test_it_runs_what_the_readme_and_pulumi_new_show(self) -> None:
        commands = [step["run"] for step in self.jobs["test"]["steps"] if "run" in step]
        assert commands == [f"python -m venv .venv && {INSTALL}", TEST, CHECK_TYPES]
        template = yaml.safe_load((TEMPLATE / "Pulumi.yaml").read_text("utf-8"))["template"]
        assert template["quickstart"].split("\n    ")[1:] == [INSTALL, TEST]

    def test_its_actions_are_pinned_to_the_commits_that_the_fleets_are(self) -> None:
        fleet = (FLEET / "github-workflow.yml").read_text(encoding="utf-8")
        pinned = set(re.findall(r"uses: (\S+@[0-9a-f]{40} # v[\d.]+)$", fleet, re.MULTILINE))
        assert set(re.findall(r"uses: (.*)$", self.text, re.MULTILINE)) == pinned

    def test_it_previews_by_the_profiles_that_the_config_names(self) -> None:
        config = yaml.safe_load((TEMPLATE / "Pulumi.yaml").read_text("utf-8"))["template"]["config"]
        steps = [step.get("with", {}) for step in self.jobs["preview"]["steps"]]
        written = [given for given in steps if "aws-profile" in given]
        assert [(one["aws-profile"], one["role-to-assume"]) for one in written] == [
            (config["sourceProfile"]["default"], "${{ vars.SOURCE_ROLE }}"),
            (config["destinationProfile"]["default"], "${{ vars.DESTINATION_ROLE }}"),
        ]
        assert {one["aws-region"] for one in written} == {config["region"]["default"]}

    def test_the_readme_names_every_variable_and_secret_that_it_reads(self) -> None:
        read = set(re.findall(r"\b(?:vars|secrets)\.(\w+)", self.text))
        assert len(read) == 6
        assert read == set(re.findall(r"`([A-Z]+_[A-Z_]+)`", README))
