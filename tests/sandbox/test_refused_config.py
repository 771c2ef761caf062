"""`python -m sandbox` refuses bad config before AWS is asked anything: exit code, stderr and JSON.

What is refused is proved in tests/unit/config, but for what only the sandbox refuses.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click import unstyle
from click.testing import CliRunner

import stack_config
from cross_account_access import InvalidInput
from sandbox.__main__ import main
from sandbox.aws.server import Sandbox
from sandbox.deploy import stack
from tests.sandbox.commands import ROOT, project
from tests.unit.config.bad_config import GOOD, REMOVED, Bad

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from click.testing import Result

HERE = "http://127.0.0.1:4577"
SECURE = {"secure": "v1:AAAAAAAA:BBBBBBBBBBBBBBBB"}


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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("project"))


def with_endpoint(config: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    changed = copy.deepcopy(dict(config))
    for side in ("source", "destination"):
        changed[side] = {"endpoint": endpoint, "region": "us-east-1", **changed[side]}
    return changed


def write(folder: Path, config: Mapping[str, Any]) -> None:
    values = {f"cross-account-access:{key}": value for key, value in config.items()}
    text = yaml.safe_dump({"config": values}, allow_unicode=True)
    (folder / "Pulumi.bad.yaml").write_text(text, encoding="utf-8")


def command(folder: Path, *more: str, verb: str = "up", name: str = "bad") -> list[str]:
    return [verb, "--cwd", str(folder), "--stack", name, "--engine", "in-process", *more]


def invoke(folder: Path, *more: str, **options: str) -> Result:
    return CliRunner().invoke(main, command(folder, *more, **options), catch_exceptions=False)


def read_errors(result: Result) -> list[dict[str, str]]:
    """The errors in the JSON document, which stderr has as lines."""
    errors: list[dict[str, str]] = json.loads(result.stdout)["errors"]
    assert result.exit_code == 2
    assert unstyle(result.stderr) == "".join(f"refused {one['message']}\n" for one in errors)
    assert "hunter2" not in result.output
    return errors


SEVERAL = {
    "grants.deploy.role.path": "team",
    "grants.deploy.principals[0].role": "c i",
    "grants.read.conditions.mfa": "yes",
    "source.secretkey": "hunter2",
    "side": "left",
    "destination.accountId": None,
}


@pytest.mark.parametrize("verb", ["up", "preview"])
def test_everything_that_is_bad_is_reported_at_once_and_aws_is_asked_nothing(
    verb: str, folder: Path, sandbox: Sandbox
) -> None:
    config = with_endpoint(Bad("several", "", SEVERAL).config, sandbox.endpoint)
    write(folder, config)
    errors = read_errors(invoke(folder, "--json", verb=verb))
    with pytest.raises(InvalidInput) as refused:
        stack_config.check(config)
    assert errors == [problem.as_dict() for problem in refused.value.problems]
    assert len(errors) == len(SEVERAL)
    assert sandbox.requests == []


def test_without_json_a_person_reads_the_messages_on_stderr(folder: Path, sandbox: Sandbox) -> None:
    write(folder, {"side": "left"})
    result = invoke(folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert unstyle(result.stderr).count("refused cross-account-access:") == 2
    assert sandbox.requests == []


@pytest.mark.parametrize("name", ["a [red]b", "a \\[b]", ":key: x", "[/] x", "a" * 400])
def test_a_message_is_printed_letter_by_letter(name: str, folder: Path) -> None:
    write(folder, with_endpoint(GOOD | {"grants": {name: GOOD["grants"]["deploy"]}}, HERE))
    (error,) = read_errors(invoke(folder, "--json"))
    assert error["path"] == f"cross-account-access:grants.{name}"


@pytest.mark.parametrize("name", ["\x1b[2J", "a\x07", "\u202egrant", "a\x9b1m"])
def test_what_is_invisible_is_spelt_out(name: str, folder: Path) -> None:
    write(folder, with_endpoint(GOOD | {name: "x", "grants": {name: {}}}, HERE))
    result = invoke(folder)
    assert result.exit_code == 2
    assert name not in result.output
    assert ascii(name)[1:-1] in result.stderr


def test_what_yaml_takes_for_a_date_is_text_as_the_pulumi_cli_has_it(
    folder: Path, sandbox: Sandbox
) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    condition = {"DateLessThan": {"aws:CurrentTime": date(2030, 1, 1)}}
    policy = {"Version": date(2012, 10, 17), "Statement": [statement | {"Condition": condition}]}
    role = {
        "name": date(2030, 1, 1),
        "tags": {"since": date(2030, 1, 2)},
        "inlinePolicies": {"read": policy},
    }
    config = Bad("dates", "", {"grants.deploy.role": role}).config
    write(folder, with_endpoint(config, sandbox.endpoint))
    result = invoke(folder, "--json")
    assert result.exit_code == 0, result.stderr
    made = {one["name"]: one["inputs"] for one in json.loads(result.stdout)["resources"]}
    assert made["access-deploy"]["name"] == "2030-01-01"
    assert made["access-deploy"]["tags"] == {"since": "2030-01-02"}
    written = json.loads(made["access-deploy-inline-read"]["policy"])
    assert written["Version"] == "2012-10-17"
    assert written["Statement"][0]["Condition"]["DateLessThan"]["aws:CurrentTime"] == "2030-01-01"


# What `pulumi up` takes and the sandbox doesn't


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"source.endpoint": REMOVED, "destination.endpoint": REMOVED}, "source.endpoint"),
        ({"destination.endpoint": REMOVED}, "destination.endpoint"),
        ({"source.endpoint": "https://iam.amazonaws.com"}, "source.endpoint"),
        ({"source.endpoint": "http://10.0.0.1:4577"}, "source.endpoint"),
        ({"source.endpoint": "http://0.0.0.0:4577"}, "source.endpoint"),
        ({"source.endpoint": "http://127.0.0.1.example.org"}, "source.endpoint"),
        ({"source.endpoint": "http://2130706433"}, "source.endpoint"),
        ({"destination.endpoint": "http://127.0.0.1:4578"}, "destination.endpoint"),
        ({"source.secretKey": SECURE}, "source.secretKey"),
        ({"grants.audit.conditions.externalId": SECURE}, "grants.audit.conditions.externalId"),
        ({"grants": SECURE}, "grants"),
        ({"grants.deploy.principals[0]": SECURE}, "grants.deploy.principals[0]"),
    ],
)
def test_what_is_not_for_the_sandbox_is_refused(
    change: dict[str, Any], path: str, folder: Path
) -> None:
    config = with_endpoint(GOOD, HERE)
    write(folder, Bad("not here", "", change).change_config(config))
    with pytest.raises(InvalidInput) as refused:
        stack.load(folder, "bad")
    (problem,) = refused.value.problems
    assert problem.path == f"cross-account-access:{path}"
    assert "AAAAAAAA" not in problem.message


def test_an_encrypted_value_is_refused_with_the_way_out(folder: Path) -> None:
    write(folder, with_endpoint(GOOD, HERE) | {"tags": {"cost": SECURE}})
    (error,) = read_errors(invoke(folder, "--json"))
    assert error["path"] == "cross-account-access:tags.cost"
    assert "python -m sandbox serve" in error["message"]


def test_an_account_without_its_id_is_refused(folder: Path, sandbox: Sandbox) -> None:
    config = with_endpoint(GOOD, sandbox.endpoint)
    del config["source"]["accountId"]
    write(folder, config)
    (error,) = read_errors(invoke(folder, "--json"))
    assert error["path"] == "cross-account-access:source.accountId"
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("config: {a", "Pulumi.bad.yaml, line 1"),
        (
            'config:\n  cross-account-access:source: {secretKey: "hunter2}\n',
            "Pulumi.bad.yaml, line 3",
        ),
        ("config:\n\tside: both\n", "Pulumi.bad.yaml, line 2"),
        (
            "config:\n  cross-account-access:grants:\n    a: {}\n    b: {}\n    a: {}\n",
            "Pulumi.bad.yaml, line 5",
        ),
        ("config: " + "[" * 5000, "Pulumi.bad.yaml"),
        ("config: " + "{a: " * 5000, "Pulumi.bad.yaml"),
        ("config: &a {side: *a}\n", "Pulumi.bad.yaml"),
        ("config: {grants: &a [*a]}\n", "Pulumi.bad.yaml"),
        ("config: {grants: \x00}\n", "Pulumi.bad.yaml"),
        ("- config\n", "Pulumi.bad.yaml: config"),
        ("config\n", "Pulumi.bad.yaml: config"),
        ("config: [side]\n", "Pulumi.bad.yaml: config"),
        ("", "cross-account-access:grants"),
        ("config:\n", "cross-account-access:grants"),
        (
            "config: {4711: x, grants: {a: {principals: [{user: b}]}}}\n",
            "cross-account-access:4711",
        ),
    ],
)
def test_a_bad_file_is_refused(text: str, path: str, folder: Path) -> None:
    (folder / "Pulumi.bad.yaml").write_text(text, encoding="utf-8")
    (error,) = read_errors(invoke(folder, "--json"))
    assert error["path"] == path


def test_a_stack_or_project_that_does_not_exist_is_bad_input(folder: Path, tmp_path: Path) -> None:
    (error,) = read_errors(invoke(folder, "--json", name="nowhere"))
    assert error["path"] == "--stack"
    (tmp_path / "Pulumi.bad.yaml").write_text("config: {}", encoding="utf-8")
    (error,) = read_errors(invoke(tmp_path, "--json"))
    assert error["path"] == "--cwd"


def test_the_process_ends_with_2_and_one_document_on_stdout(folder: Path) -> None:
    write(folder, {"side": "left"})
    line = [sys.executable, "-m", "sandbox", *command(folder, "--json")]
    ended = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert ended.returncode == 2
    assert len(json.loads(ended.stdout)["errors"]) == 2
