"""Programs of other languages, each with the package added to it by the Pulumi CLI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pulumi import automation

from examples.__main__ import EXAMPLES, PROFILES, build_environment, create_stack
from sandbox.aws.server import client
from sandbox.proof.person import make_session_sts
from tests.engine.conftest import ROOT, outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.server import Sandbox

pytestmark = pytest.mark.engine

PROGRAMS = {
    "yaml": EXAMPLES / "yaml",
    "typescript": EXAMPLES / "typescript",
    "go": EXAMPLES / "go",
    "python": Path(__file__).parent / "languages" / "python",
}
NEEDS = {
    "yaml": ["pulumi-language-yaml"],
    "typescript": ["npm"],
    "go": ["pulumi-language-go", "go"],
    "python": ["pulumi-language-python"],
}
SNAPSHOT = Path(__file__).parent / "languages" / "resources.txt"
ROLES = ["audit", "read-only", "view"]
GO_MODULE = "github.com/pulumi/pulumi-aws/sdk/v7"


def missing(language: str, work: Path) -> str | None:
    """What keeps a language's program from running here."""
    for command in NEEDS[language]:
        if not shutil.which(command):
            return f"{command} isn't installed"
    if language == "go":
        shutil.copy(PROGRAMS["go"] / "go.mod", work)
        download = ["go", "mod", "download", GO_MODULE]
        if subprocess.run(download, cwd=work, capture_output=True, check=False).returncode:  # noqa: S603
            return f"no Go module {GO_MODULE} is to be had"
    return None


def installed(folder: Path, *packages: str) -> None:
    """A virtual environment in the folder; `uv` makes it from its cache, where Pulumi's own pip
    would download."""
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "--seed", folder / "venv"], check=True)  # noqa: S603
    python = folder / "venv" / "bin" / "python"
    subprocess.run([*uv, "pip", "install", "-q", "--python", python, *packages], check=True)  # noqa: S603


@pytest.fixture(scope="module")
def components(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package's folder, for Pulumi writes into it."""
    copy = tmp_path_factory.mktemp("package") / "components"
    shutil.copytree(ROOT / "components", copy, ignore=shutil.ignore_patterns("__pycache__", "venv"))
    installed(copy, "-r", str(copy / "requirements.txt"), "hatchling")
    return copy


def planned(result: automation.PreviewResult) -> set[str]:
    """What a preview would do."""
    return {str(kind) for kind, count in result.change_summary.items() if count}


def made(sandbox: Sandbox) -> dict[str, list[str]]:
    """The names of the one account's users and of the other's roles."""
    people, production = (
        client("iam", sandbox.endpoint, account=PROFILES[name]) for name in ("people", "production")
    )
    return {
        "people": sorted(user["UserName"] for user in people.list_users()["Users"]),
        "production": sorted(role["RoleName"] for role in production.list_roles()["Roles"]),
    }


def resources(stack: automation.Stack) -> str:
    """What stands in the stack, but for the packages' own providers: each one's provider, type,
    name and parent."""
    lines = []
    for made in (stack.export_stack().deployment or {})["resources"]:
        kind, name = made["urn"].split("::")[2:]
        if kind == "pulumi:pulumi:Stack" or (
            kind.startswith("pulumi:providers:") and name.startswith("default")
        ):
            continue
        provider = made.get("provider", "").split("::")[3:4]
        *_, parent_kind, parent = made["parent"].split("::")
        of = "the stack" if parent_kind == "pulumi:pulumi:Stack" else parent
        lines.append(
            f"{(provider or ['(no provider)'])[0]} {kind.rpartition('$')[2]} {name} of {of}\n"
        )
    return "".join(sorted(lines))


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_program_deploys_each_component_in_the_two_accounts(
    language: str, tmp_path: Path, components: Path, engine: Mapping[str, str], sandbox: Sandbox
) -> None:
    if reason := missing(language, tmp_path):
        pytest.skip(reason)
    sandbox.reset()
    variables: dict[str, str] = {**engine, **build_environment(tmp_path / "work", sandbox.endpoint)}
    if language == "python":
        installed(tmp_path / "work", "-r", str(components / "requirements.txt"))
        variables["VIRTUALENV"] = str(tmp_path / "work" / "venv")
    stack = create_stack(PROGRAMS[language], tmp_path / "work" / language, variables, components)

    assert planned(stack.preview(color="never")) == {"create"}
    assert made(sandbox) == {"people": [], "production": []}

    outputs = {name: output.value for name, output in stack.up(color="never").outputs.items()}
    production = PROFILES["production"]
    assert outputs["roleArn"] == f"arn:aws:iam::{production}:role/read-only"
    assert outputs["auditRoleArn"] == f"arn:aws:iam::{production}:role/audit"
    assert f"account={production}" in outputs["switchRoleUrl"]
    assert outputs["viewRoleArns"] == {
        name: f"arn:aws:iam::{PROFILES[name]}:role/view" for name in ("production", "staging")
    }
    assert made(sandbox) == {"people": [outputs["user"]], "production": ROLES}

    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(resources(stack), encoding="utf-8")
    assert resources(stack) == SNAPSHOT.read_text(encoding="utf-8")

    people = client("iam", sandbox.endpoint, account=PROFILES["people"])
    key = people.create_access_key(UserName=outputs["user"])["AccessKey"]
    alice = make_session_sts(sandbox.endpoint, {**key, "SessionToken": None})
    assert outcome(alice, outputs["auditRoleArn"]) == "allowed"
    assert outcome(alice, outputs["viewRoleArns"]["production"]) == "allowed"
    assert outcome(alice, outputs["roleArn"]) == "AccessDenied", "she isn't signed in by MFA"
    people.delete_access_key(UserName=outputs["user"], AccessKeyId=key["AccessKeyId"])

    stack.preview(color="never", expect_no_changes=True)
    stack.destroy(color="never")
    assert made(sandbox) == {"people": [], "production": []}


def test_a_fresh_clone_of_a_program_gets_its_sdk_by_pulumi_install(
    tmp_path: Path, components: Path, engine: Mapping[str, str], sandbox: Sandbox
) -> None:
    sandbox.reset()
    variables = {**engine, **build_environment(tmp_path / "work", sandbox.endpoint)}
    clone = tmp_path / "clone"
    shutil.copytree(PROGRAMS["yaml"], clone)
    program = (clone / "Pulumi.yaml").read_text(encoding="utf-8")
    path = os.path.relpath(components, clone)
    assert program.count("../../components") == 1
    (clone / "Pulumi.yaml").write_text(program.replace("../../components", path), encoding="utf-8")
    command = automation.PulumiCommand(variables.get("PULUMI_HOME"))
    command.run(["install"], str(clone), variables)
    options = automation.LocalWorkspaceOptions(pulumi_command=command, env_vars=variables)
    stack = automation.create_stack("dev", work_dir=str(clone), opts=options)
    assert planned(stack.preview(color="never")) == {"create"}
