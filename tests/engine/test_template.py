"""templates/python, taken by `pulumi new` as docs/embedding.md says: from a folder and from git."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from shlex import quote
from typing import TYPE_CHECKING

import pytest
import yaml

from examples.__main__ import PROFILES, build_environment
from sandbox.aws.server import client
from sandbox.proof.person import PersonMaker
from tests.distribution import build
from tests.doc_pages import read_blocks
from tests.engine.conftest import ROOT, outcome
from tests.engine.git_server import HOST, make_repository, serve_repositories
from tests.new_project import DESCRIPTION, NAME, TEMPLATE, fill_template
from tests.sandbox.commands import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.aws.server import Sandbox

pytestmark = pytest.mark.engine

FROM_FOLDER, FROM_GIT, _ = (
    block.text
    for block in read_blocks("docs/embedding.md")
    if block.heading == "Start from the template"
)
SOURCE, DESTINATION = PROFILES["people"], PROFILES["production"]
PROJECT = f"--yes --name {NAME} --description {quote(DESCRIPTION)}"
STACK = f"--stack dev --config sourceAccountId={SOURCE} --config destinationAccountId={DESTINATION}"


def run(script: str, folder: Path, variables: Mapping[str, str]) -> str:
    """Run commands, which end at the first error."""
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_page(
    commands: str, repository: str, answers: str, folder: Path, variables: Mapping[str, str]
) -> str:
    """Run the page's commands as they stand, for `pulumi new` with what it asks at a terminal."""
    new = re.compile(r"^pulumi new [A-Z_]+/templates/python$", re.MULTILINE)
    assert new.search(commands)
    template = quote(f"{repository}/templates/python")
    commands = new.sub(lambda _: f"pulumi new {template} {PROJECT} {answers}", commands)
    return run(commands.replace("pulumi up", "pulumi up --yes"), folder, variables)


@pytest.fixture
def variables(tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox) -> dict[str, str]:
    """The environment of somebody with the emulated accounts' profiles and the package's wheel."""
    links = [os.environ.get("PIP_FIND_LINKS", ""), str(build(tmp_path / "dist"))]
    return {
        **engine,
        **build_environment(tmp_path / "accounts", sandbox.endpoint),
        "PIP_FIND_LINKS": " ".join(links),
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PULUMI_PYTHON_CMD": sys.executable,
    }


def test_the_pages_commands_make_a_project_that_deploys_and_lets_in_whom_its_test_says(
    tmp_path: Path, sandbox: Sandbox, variables: Mapping[str, str]
) -> None:
    sandbox.reset()
    people = PersonMaker(sandbox.endpoint, SOURCE, "us-east-1")
    alice, bob = (people.make_user(name, mfa=True) for name in ("alice", "bob"))
    assert "4 passed" in run_page(FROM_FOLDER, str(ROOT), STACK, tmp_path, variables)

    project = tmp_path / "access"
    role = run("pulumi stack output role_arn", project, variables).strip()
    assert role == f"arn:aws:iam::{DESTINATION}:role/read-only"
    assert outcome(alice.sts, role, **alice.mfa_parameters()) == "allowed"
    assert outcome(alice.sts, role) == "AccessDenied"
    assert outcome(bob.sts, role, **bob.mfa_parameters()) == "AccessDenied"

    run("pulumi preview --expect-no-changes && pulumi destroy --yes", project, variables)
    assert client("iam", sandbox.endpoint, account=DESTINATION).list_roles()["Roles"] == []


@pytest.mark.parametrize("tree", ["", "/tree/v0.1.0"])
def test_a_git_url_gives_the_same_project(
    tree: str, tmp_path: Path, engine: Mapping[str, str]
) -> None:
    repositories, project = tmp_path / "git", tmp_path / "project"
    project.mkdir()
    make_repository(repositories, "owner/access.git", TEMPLATE.parent, "v0.1.0")
    port = free_port()
    with serve_repositories(repositories, port) as trusted:
        url = f"https://{HOST}:{port}/owner/access{tree}"
        run_page(
            FROM_GIT, url, "--generate-only", project, {**engine, "SSL_CERT_FILE": str(trusted)}
        )
    assert read_files(project) == read_files(fill_template(tmp_path / "filled"))


def read_files(project: Path) -> dict[str, object]:
    """A project's files by their paths; its Pulumi.yaml without the template's address."""
    files: dict[str, object] = {
        str(file.relative_to(project)): file.read_bytes()
        for file in project.rglob("*")
        if file.is_file()
    }
    settings = yaml.safe_load((project / "Pulumi.yaml").read_text("utf-8"))
    return files | {"Pulumi.yaml": {**settings, "config": None}}
