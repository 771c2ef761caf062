"""Every bad input is refused before AWS is asked anything, with a message that says field, value, rule and remedy."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click import unstyle
from click.testing import CliRunner, Result

from sandbox.__main__ import main
from sandbox.aws.server import Sandbox
from tests.unit.config import bad_conditions, bad_connections, bad_principals, bad_roles
from tests.unit.config.bad_input import ROOT, Bad, BadFile, changed, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TABLES = {
    "principals": bad_principals.PRINCIPALS,
    "conditions": bad_conditions.CONDITIONS,
    "role": bad_roles.SETTINGS,
    "policies": bad_roles.POLICIES,
    "grants": bad_connections.GRANTS,
    "connections": bad_connections.CONNECTIONS,
    "not in the sandbox": bad_connections.NOT_HERE,
}
CASES = {f"{table}: {case.what}": case for table, cases in TABLES.items() for case in cases}


@pytest.fixture(scope="module")
def _running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_running: Sandbox) -> Sandbox:
    """Empty accounts that nothing was asked of yet."""
    _running.reset()
    return _running


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project without stacks."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "__main__.py", "stack_config.py"):
        shutil.copy(ROOT / name, folder)
    return folder


def write(project: Path, config: Mapping[str, Any]) -> None:
    values = {f"cross-account-access:{key}": value for key, value in config.items()}
    text = yaml.safe_dump({"config": values}, allow_unicode=True)
    (project / "Pulumi.bad.yaml").write_text(text, encoding="utf-8")


def command(project: Path, *more: str, verb: str = "up", stack: str = "bad") -> list[str]:
    return [verb, "--cwd", str(project), "--stack", stack, "--engine", "in-process", *more]


def invoke(project: Path, *more: str, verb: str = "up") -> Result:
    return CliRunner().invoke(main, command(project, *more, verb=verb), catch_exceptions=False)


def test_the_good_config_that_the_table_changes_is_taken(project: Path, sandbox: Sandbox) -> None:
    write(project, changed({}, sandbox.endpoint))
    result = invoke(project, "--json")
    assert result.exit_code == 0, result.stderr
    assert len(json.loads(result.stdout)["proof"]) > 10
    assert any(request.action == "AssumeRole" for request in sandbox.requests)


def test_what_yaml_takes_for_a_date_is_text_as_the_pulumi_cli_has_it(
    project: Path, sandbox: Sandbox
) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    condition = {"DateLessThan": {"aws:CurrentTime": date(2030, 1, 1)}}
    policy = {"Version": date(2012, 10, 17), "Statement": [statement | {"Condition": condition}]}
    role = {
        "name": date(2030, 1, 1),
        "tags": {"since": date(2030, 1, 2)},
        "inlinePolicies": {"read": policy},
    }
    write(project, changed({"grants.deploy.role": role}, sandbox.endpoint))
    assert re.search(
        "since: 2030-01-02$",
        (project / "Pulumi.bad.yaml").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    result = invoke(project, "--json")
    assert result.exit_code == 0, result.stderr
    made = {found["name"]: found["inputs"] for found in json.loads(result.stdout)["resources"]}
    assert made["access-deploy"]["name"] == "2030-01-01"
    assert made["access-deploy"]["tags"] == {"since": "2030-01-02"}
    written = json.loads(made["access-deploy-inline-read"]["policy"])
    assert written["Version"] == "2012-10-17"
    assert written["Statement"][0]["Condition"]["DateLessThan"]["aws:CurrentTime"] == "2030-01-01"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bad_input_is_refused_before_aws_is_asked_anything(
    case: Bad, project: Path, sandbox: Sandbox
) -> None:
    write(project, changed(case.change, sandbox.endpoint))
    result = invoke(project, "--json")
    assert json.loads(result.stdout) == {"errors": [case.error]}
    assert unstyle(result.stderr) == f"refused {case.error['message']}\n"
    assert result.exit_code == 2
    assert sandbox.requests == []


@pytest.mark.parametrize(
    "case", bad_connections.FILES, ids=[case.what for case in bad_connections.FILES]
)
def test_a_bad_file_is_refused_before_aws_is_asked_anything(
    case: BadFile, project: Path, sandbox: Sandbox
) -> None:
    (project / "Pulumi.bad.yaml").write_text(case.text, encoding="utf-8")
    result = invoke(project, "--json")
    assert json.loads(result.stdout) == {"errors": [case.error]}
    assert unstyle(result.stderr) == f"refused {case.error['message']}\n"
    assert result.exit_code == 2
    assert "hunter2" not in result.output
    assert sandbox.requests == []


def test_the_table_has_what_was_asked_for() -> None:
    assert len(CASES) == sum(map(len, TABLES.values())) >= 80
    assert len({json.dumps(case.error) for case in CASES.values()}) >= 80


SEVERAL = {
    "grants.deploy.role.path": "team",
    "grants.deploy.principals[0].role": "c i",
    "grants.read-only.conditions.mfa": "yes",
    "source.secretkey": "hunter2",
    "side": "left",
    "destination.accountId": None,
}


@pytest.mark.parametrize("verb", ["up", "preview"])
def test_all_that_is_bad_is_told_at_once_sorted_by_path(
    verb: str, project: Path, sandbox: Sandbox
) -> None:
    write(project, changed(SEVERAL, sandbox.endpoint))
    result = invoke(project, "--json", verb=verb)
    errors = json.loads(result.stdout)["errors"]
    assert [error["path"] for error in errors] == sorted(
        f"cross-account-access:{path}" for path in SEVERAL
    )
    assert unstyle(result.stderr) == "".join(f"refused {error['message']}\n" for error in errors)
    assert "hunter2" not in result.output
    assert result.exit_code == 2
    assert sandbox.requests == []


def test_a_person_reads_the_messages_on_stderr_and_nothing_on_stdout(
    project: Path, sandbox: Sandbox
) -> None:
    case = CASES["grants: no grants"]
    write(project, changed(case.change, sandbox.endpoint))
    result = invoke(project)
    assert (result.exit_code, result.stdout) == (2, "")
    assert unstyle(result.stderr) == f"refused {case.error['message']}\n"


@pytest.mark.parametrize("name", ["a [red]b", "a \\[b]", ":key: x", "[/] x", "a" * 400])
def test_a_message_is_told_letter_by_letter(name: str, project: Path, sandbox: Sandbox) -> None:
    write(
        project, changed({"grants": {name: {"principals": [{"user": "alice"}]}}}, sandbox.endpoint)
    )
    result = invoke(project, "--json")
    value = json.dumps(name) if len(name) < 100 else f'"{"a" * 119}…'
    error = told(f"cross-account-access:grants.{name}", value, bad_connections.GRANT_NAME, "")
    assert json.loads(result.stdout) == {"errors": [error]}
    assert unstyle(result.stderr) == f"refused {error['message']}\n"


# As a command of its own


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603


def test_the_command_ends_with_2_and_one_document_on_stdout(project: Path) -> None:
    case = CASES["connections: source equal to destination"]
    write(project, changed(case.change, "http://127.0.0.1:4577"))
    ended = run(*command(project, "--json"))
    assert ended.returncode == 2
    assert json.loads(ended.stdout) == {"errors": [case.error]}
    assert unstyle(ended.stderr) == f"refused {case.error['message']}\n"


def test_the_command_without_json_says_nothing_on_stdout(project: Path) -> None:
    (project / "Pulumi.bad.yaml").write_text("config: {a", encoding="utf-8")
    ended = run(*command(project))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert unstyle(ended.stderr) == (
        "refused Pulumi.bad.yaml, line 1: must be valid YAML: expected ',' or '}', but got '<stream end>'.\n"
    )


def test_a_stack_that_there_is_not_is_bad_input(project: Path) -> None:
    ended = run(*command(project, "--json", stack="nowhere"))
    error = told(
        "--stack", "nowhere", "must name a stack with a file Pulumi.nowhere.yaml beside Pulumi.yaml", ""
    )
    assert (ended.returncode, json.loads(ended.stdout)) == (2, {"errors": [error]})


def test_a_folder_without_a_project_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.bad.yaml").write_text("config: {}", encoding="utf-8")
    ended = run(*command(tmp_path, "--json"))
    error = told("--cwd", str(tmp_path), "must be a Pulumi project's folder, with a file Pulumi.yaml", "")
    assert (ended.returncode, json.loads(ended.stdout)) == (2, {"errors": [error]})


def test_what_fails_for_another_reason_ends_with_1_and_a_clean_stdout(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        write(project, changed({}, f"http://127.0.0.1:{taken.getsockname()[1]}"))
        ended = run(*command(project, "--json"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "is taken by another program" in ended.stderr
    assert "Traceback" not in ended.stderr
