"""The programs that a registry shows, with the package from a git URL, as a registry has it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from pulumi import automation

import cross_account_access
from examples.__main__ import EXAMPLES, PROFILES, build_environment
from sandbox.aws.server import client
from tests.doc_pages import read_blocks
from tests.engine.conftest import ROOT
from tests.engine.git_server import HOST, make_repository, serve_repositories
from tests.engine.test_languages import missing, planned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.aws.server import Sandbox

pytestmark = pytest.mark.engine

NAME = "cross-account-access"
REPOSITORY = f"{NAME}/{NAME}.git"
VERSION = f"v{cross_account_access.__version__}"
PACKAGE = f"{HOST}/{REPOSITORY}/components"
PROGRAMS = {block.language: block.text for block in read_blocks("docs/_index.md")}
CHECKED = {
    "typescript": ("index.ts", ["package.json", "tsconfig.json"], ["npx", "tsc", "--noEmit"]),
    "go": ("main.go", ["go.mod"], ["go", "vet", "./..."]),
}
"""The file of a language's program, the files beside it, and what checks its types."""


@pytest.fixture(scope="module")
def variables(
    tmp_path_factory: pytest.TempPathFactory, engine: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """The environment of a CLI that reaches the package's repository, which has one tag."""
    root = tmp_path_factory.mktemp("git") / "repositories"
    make_repository(root, REPOSITORY, ROOT / "components", VERSION)
    try:
        with serve_repositories(root) as trusted:
            yield {**engine, "SSL_CERT_FILE": str(trusted)}
    except PermissionError:
        pytest.skip("port 443, which a git URL means, isn't for this user")
    home = Path(engine.get("PULUMI_HOME") or Path.home() / ".pulumi")
    for plugin in (home / "plugins").glob(f"resource-{HOST}_*"):
        shutil.rmtree(plugin) if plugin.is_dir() else plugin.unlink()


def pulumi(work: Path, variables: Mapping[str, str], *arguments: str) -> None:
    command = automation.PulumiCommand(variables.get("PULUMI_HOME"))
    command.run(list(arguments), str(work), dict(variables))


def test_the_yaml_program_is_deployed_after_pulumi_install(
    tmp_path: Path, variables: Mapping[str, str], sandbox: Sandbox
) -> None:
    sandbox.reset()
    people = client("iam", sandbox.endpoint, account=PROFILES["people"])
    people.create_user(UserName="alice")
    environment = {**variables, **build_environment(tmp_path, sandbox.endpoint)}
    work = tmp_path / "access"
    work.mkdir()
    program = PROGRAMS["yaml"].replace("https://github.com/", f"https://{HOST}/")
    assert PACKAGE in program
    (work / "Pulumi.yaml").write_text(program, encoding="utf-8")
    pulumi(work, environment, "install")

    options = automation.LocalWorkspaceOptions(
        pulumi_command=automation.PulumiCommand(environment.get("PULUMI_HOME")),
        env_vars=environment,
    )
    stack = automation.create_stack("dev", work_dir=str(work), opts=options)
    assert planned(stack.preview(color="never")) == {"create"}
    production = PROFILES["production"]
    role_arn = stack.up(color="never").outputs["roleArn"].value
    assert role_arn == f"arn:aws:iam::{production}:role/read-only"
    stack.destroy(color="never")


@pytest.mark.parametrize("language", CHECKED)
def test_a_programs_types_are_right_in_a_fresh_clone_after_pulumi_install(
    language: str, tmp_path: Path, variables: Mapping[str, str]
) -> None:
    if reason := missing(language, tmp_path):
        pytest.skip(reason)
    file, beside, check = CHECKED[language]
    work, clone = tmp_path / "work", tmp_path / "clone"
    for folder in (work, clone):
        folder.mkdir()
    (work / file).write_text(PROGRAMS[language], encoding="utf-8")
    for name in (*beside, "Pulumi.yaml"):
        shutil.copy(EXAMPLES / language / name, work)
    settings = yaml.safe_load((work / "Pulumi.yaml").read_text(encoding="utf-8"))
    del settings["packages"]
    (work / "Pulumi.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    pulumi(work, variables, "package", "add", f"https://{PACKAGE}@{VERSION}")
    added = yaml.safe_load((work / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert added == {**settings, "packages": {NAME: f"{PACKAGE}@{VERSION}"}}

    for name in (*beside, file, "Pulumi.yaml"):
        shutil.copy(work / name, clone)
    pulumi(clone, variables, "install", "--no-plugins")
    done = subprocess.run(  # noqa: S603
        check, cwd=clone, check=False, capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stdout + done.stderr
