"""What docs/many-accounts.md shows, done as it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pulumi import automation

from docs.generate import read_access_file
from examples.__main__ import PROFILES, build_environment
from sandbox.aws.server import client
from tests.engine.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.server import Sandbox

pytestmark = pytest.mark.engine

PAGE = ROOT / "docs" / "many-accounts.md"
PROJECT = f"""
name: moving
runtime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}
"""
SPOKES = ("production", "staging")
BEFORE = f"""
import pulumi
import pulumi_aws as aws
from cross_account_access import *

hub = aws.Provider("hub", profile="people", region="us-east-1")
spokes = {{name: aws.Provider(name, profile=name, region="us-east-1") for name in {SPOKES}}}
operate = Grant(principals=[Principal(group="operators")])
"""
PAIRS = """
for name, spoke in spokes.items():
    CrossAccountAccess(
        name, source_provider=hub, destination_provider=spoke, grants={"operate": operate}
    )
"""
TOGETHER = """
accounts = {"people": {"provider": hub}}
for name, spoke in spokes.items():
    accounts[name] = {"provider": spoke, "groups": ["spokes"]}
grants = {"operate": operate | {"source": "people", "destinations": ["spokes"]}}
"""


def make_people(sandbox: Sandbox, group: str) -> None:
    sandbox.reset()
    iam = client("iam", sandbox.endpoint, account=PROFILES["people"])
    iam.create_group(GroupName=group)
    iam.create_user(UserName="alice")


def hide_seconds(table: str) -> list[str]:
    """A table of results without its last column, which is another in each run."""
    return [re.sub(r" +(\d+|seconds) *$", "", line).rstrip() for line in table.strip().splitlines()]


def test_the_pages_fleet_is_deployed_as_it_shows(
    tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox
) -> None:
    make_people(sandbox, "developers")
    for name in ("Pulumi.yaml", "__main__.py", "stack_config.py"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "access.yaml").write_text(read_access_file(), encoding="utf-8")
    environment = {**os.environ, **engine, **build_environment(tmp_path, sandbox.endpoint)}
    section = PAGE.read_text("utf-8").partition("\n## An example\n")[2].partition("\n## ")[0]
    shown = section.rpartition("\n```\n")[0].rpartition("```\n")[2]
    printed = ""
    for command in re.findall(r"^cross-account-access (.*)$", section, re.MULTILINE):
        words = [*command.split(), *(["--yes"] if command == "fleet up" else [])]
        done = subprocess.run(  # noqa: S603
            [str(Path(sys.prefix, "bin", "cross-account-access")), *words],
            cwd=tmp_path,
            env=environment | {"COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        printed = done.stdout
    assert hide_seconds(printed) == hide_seconds(shown), printed


def test_moving_to_one_component_keeps_the_roles_and_attaches_before_it_detaches(
    tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox
) -> None:
    make_people(sandbox, "operators")
    section = PAGE.read_text("utf-8").partition("\n## Moving")[2]
    move = section.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
    program = tmp_path / "__main__.py"
    program.write_text(BEFORE + PAIRS, encoding="utf-8")
    options = automation.LocalWorkspaceOptions(
        pulumi_command=automation.PulumiCommand(engine.get("PULUMI_HOME")),
        env_vars={**engine, **build_environment(tmp_path, sandbox.endpoint)},
    )
    stack = automation.create_stack("dev", work_dir=str(tmp_path), opts=options)
    stack.up(color="never")
    program.write_text(BEFORE + TOGETHER + move, encoding="utf-8")
    before = len(sandbox.requests)
    stack.up(color="never")
    writes = [
        (request.account, request.action)
        for request in sandbox.requests[before:]
        if request.service == "iam" and not request.action.startswith(("Get", "List"))
    ]
    assert {account for account, _ in writes} == {PROFILES["people"]}
    actions = [action for _, action in writes]
    assert actions[:2] == ["CreatePolicy", "AttachGroupPolicy"]
    assert sorted(actions[2:]) == ["DeletePolicy"] * 2 + ["DetachGroupPolicy"] * 2
    stack.preview(color="never", expect_no_changes=True)
