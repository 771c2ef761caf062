"""`exec`: a command with the role's credentials, and nothing of the tool's own in its way."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.utils import JSONFileCache

from cross_account_access.cli import mfa_code
from cross_account_access.cli.exec import child_process, role_session
from cross_account_access.cli.terminal import ExitCode
from sandbox.aws.mfa import totp
from tests.cli.terminals import INTERRUPT, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Stage

OUTPUTS = ("--outputs", "outputs.json")
TELL = (
    "import json, os; "
    "print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('AWS_')}))"
)
PYTHON = (sys.executable, "-c")
AS_ALICE = ("exec", "read-only", *OUTPUTS, "--profile", "alice", "--", "echo", "ran")
AS_CI = ("exec", "deploy", *OUTPUTS, "--profile", "ci")
PROMPT = "Enter MFA code for arn:aws:iam::111111111111:mfa/sandbox-alice: "


@pytest.fixture(autouse=True)
def cache(deployed: Stage) -> Iterator[Path]:
    """The AWS CLI's cache, empty."""
    folder = deployed.folder / ".aws"
    shutil.rmtree(folder, ignore_errors=True)
    yield folder / "cli" / "cache"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def config(deployed: Stage) -> Iterator[Path]:
    """The AWS CLI's config, empty again afterwards."""
    file = deployed.folder / "aws" / "config"
    yield file
    file.write_text("", encoding="utf-8")


def code(stage: Stage) -> str:
    device = stage.everybody.callers["user-alice"].mfa
    assert device
    return totp(device[1])


@contextmanager
def counting(stage: Stage) -> Iterator[list[str]]:
    """What AWS was asked meanwhile, when that is over."""
    asked: list[str] = []
    before = len(stage.sandbox.requests)
    yield asked
    asked += [request.action for request in stage.sandbox.requests[before:]]


# --- As a process ---------------------------------------------------------------------------------


def test_the_command_has_the_roles_credentials_and_its_streams(deployed: Stage) -> None:
    args = ("exec", "deploy", *OUTPUTS, "--region", "eu-west-1", "--", *PYTHON)
    done = deployed.run(
        *args, f"{TELL}; print(input())", stdin="typed\n", AWS_PROFILE="ci", AWS_SECURITY_TOKEN="x"
    )
    assert (done.returncode, done.stderr) == (0, "")
    printed, typed = done.stdout.splitlines()
    variables = json.loads(printed)
    assert typed == "typed"
    assert not {"AWS_PROFILE", "AWS_SECURITY_TOKEN"} & variables.keys()
    assert {variables["AWS_REGION"], variables["AWS_DEFAULT_REGION"]} == {"eu-west-1"}
    assert variables["AWS_ENDPOINT_URL"] == deployed.sandbox.endpoint
    session = boto3.Session(
        variables["AWS_ACCESS_KEY_ID"],
        variables["AWS_SECRET_ACCESS_KEY"],
        variables["AWS_SESSION_TOKEN"],
        "us-east-1",
    )
    arn = session.client("sts", endpoint_url=deployed.sandbox.endpoint).get_caller_identity()["Arn"]
    assert arn.startswith("arn:aws:sts::222222222222:assumed-role/deploy/")


def test_an_mfa_code_is_asked_for_once(deployed: Stage, cache: Path) -> None:
    with counting(deployed) as asked, Terminal(deployed, *AS_ALICE) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(f"{code(deployed)}\n")
        assert terminal.end() == (0, "ran\n")
    assert asked.count("AssumeRole") == 1
    (kept,) = cache.iterdir()
    assert kept.stat().st_mode & 0o077 == 0

    with counting(deployed) as asked:
        again = deployed.call(*AS_ALICE)
    assert (again.returncode, again.stdout, again.stderr) == (0, "ran\n", "")
    assert "AssumeRole" not in asked

    session = json.loads(kept.read_text(encoding="utf-8"))
    session["Credentials"]["Expiration"] = "2020-01-01T00:00:00UTC"
    kept.write_text(json.dumps(session), encoding="utf-8")
    without = deployed.run(*AS_ALICE)
    assert without.returncode == ExitCode.UNAVAILABLE
    assert "an MFA code is required, and there is no terminal" in without.stderr


def test_ctrl_c_at_the_prompt_ends_it(deployed: Stage, cache: Path) -> None:
    with Terminal(deployed, *AS_ALICE) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(INTERRUPT)
        assert terminal.end() == (ExitCode.INTERRUPTED, "")
    assert "Interrupted." in terminal.seen
    assert not cache.exists()


def test_a_signal_reaches_the_command(deployed: Stage) -> None:
    handler = "signal.signal(signal.SIGINT, lambda *_: sys.exit(42))"
    script = f"import signal, sys; {handler}; print('ready', flush=True); signal.pause()"
    tool = [sys.executable, "-m", "cross_account_access.cli", *AS_CI, "--", *PYTHON, script]
    with subprocess.Popen(  # noqa: S603 - the tool
        tool, env=deployed.environment, cwd=deployed.folder, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 42


def test_the_command_does_not_ignore_sigpipe_as_python_does(deployed: Stage) -> None:
    done = deployed.run(*AS_CI, "--", "sh", "-c", "kill -PIPE $$; exit 1")
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


@pytest.mark.usefixtures("config")
def test_a_profile_that_assumes_a_role_itself_asks_for_its_code_once(
    deployed: Stage, cache: Path
) -> None:
    """From alice to read-only, and from there on: AWS refuses, with the second role's reason."""
    written = deployed.call("profile", "read-only", *OUTPUTS, "--source-profile", "alice", "--yes")
    assert written.returncode == 0, written.stderr
    args = ("exec", "deploy", *OUTPUTS, "--profile", "read-only", "--", "true")
    with Terminal(deployed, *args) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(f"{code(deployed)}\n")
        assert terminal.end() == (ExitCode.NO, ""), terminal.seen
    assert "assumed-role/read-only/" in terminal.seen
    assert len(list(cache.iterdir())) == 1
    again = deployed.call(*args)
    assert again.returncode == ExitCode.NO
    assert "assumed-role/read-only/" in again.stderr


# --- In this process ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected", "screen"),
    [
        (EOFError, ExitCode.INTERRUPTED, "Interrupted."),
        ("000000", ExitCode.NO, "Wait for the next code"),
    ],
)
def test_without_the_right_code_nothing_runs_and_nothing_is_kept(
    deployed: Stage,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: Any,
    expected: ExitCode,
    screen: str,
) -> None:
    def answer(_: str) -> str:
        if typed is EOFError:
            raise EOFError
        return str(typed)

    monkeypatch.setattr(mfa_code, "_has_terminal", lambda: True)
    monkeypatch.setattr(getpass, "getpass", answer)
    done = deployed.call(*AS_ALICE)
    assert (done.returncode, done.stdout) == (expected, "")
    assert screen in done.stderr
    assert not cache.exists()


def test_nobody_gets_a_session_of_anothers(deployed: Stage) -> None:
    for who, expected in (("ci", 0), ("outsider", ExitCode.NO)):
        done = deployed.call("exec", "deploy", *OUTPUTS, "--profile", who, "--", "true")
        assert done.returncode == expected, done.stderr


def test_the_session_is_the_one_that_the_cli_has_for_the_profile(
    deployed: Stage, cache: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox stands for AWS here: sessions of a configured endpoint are kept apart."""
    monkeypatch.setattr(role_session, "get_endpoint", lambda *_: None)
    environment = {
        name: text for name, text in deployed.environment.items() if name != "AWS_ENDPOINT_URL"
    }
    stage = replace(deployed, environment={**environment, "AWS_DEFAULT_REGION": "us-east-1"})
    here = f"endpoint_url = {deployed.sandbox.endpoint}\n"
    config.write_text(f"[profile alice]\n{here}", encoding="utf-8")
    written = stage.call("profile", "read-only", *OUTPUTS, "--source-profile", "alice", "--yes")
    assert written.returncode == 0, written.stderr
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    cli = botocore.session.Session(profile="read-only")
    provider = cli.get_component("credential_provider").get_provider("assume-role")
    provider.cache = JSONFileCache(str(cache))
    provider._prompter = lambda _: code(deployed)
    credentials = cli.get_credentials()
    assert credentials
    access_key = credentials.get_frozen_credentials().access_key

    with counting(deployed) as asked:
        done = stage.call(*AS_ALICE[:-2], *PYTHON, TELL)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["AWS_ACCESS_KEY_ID"] == access_key
    assert "AssumeRole" not in asked


@pytest.mark.parametrize(
    ("command", "expected", "message"),
    [
        (("sh", "-c", "exit 7"), 7, ""),
        (("no-such-command",), 127, "Error: there is no command no-such-command\n"),
        (("./outputs.json",), 126, "Error: ./outputs.json can't be executed\n"),
    ],
)
def test_the_exit_code_is_the_commands(
    deployed: Stage, command: tuple[str, ...], expected: int, message: str
) -> None:
    done = deployed.call(*AS_CI, "--", *command)
    assert (done.returncode, done.stdout, done.stderr) == (expected, "", message)


def test_where_the_cache_cannot_be_written_the_command_runs(deployed: Stage) -> None:
    done = deployed.call(*AS_CI, "--", "echo", "ran", HOME="/dev/null")
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert "Not a directory" in done.stderr


def test_throttled_it_says_so(deployed: Stage, throttling: str) -> None:
    done = deployed.call(*AS_CI, "--endpoint-url", throttling, "--", "true", AWS_MAX_ATTEMPTS="1")
    assert (done.returncode, done.stdout) == (ExitCode.UNAVAILABLE, "")
    assert "Throttling: Rate exceeded" in done.stderr


def test_a_failure_as_json_tells_of_expired_credentials(deployed: Stage) -> None:
    world = deployed.sandbox._state
    clock = world.clock
    try:
        world.clock = lambda: clock() + 7200
        done = deployed.call(*AS_CI, "--json", "--", "true")
    finally:
        world.clock = clock
    assert done.returncode == ExitCode.UNAVAILABLE
    error = json.loads(done.stdout)["error"]
    assert "ExpiredToken" in error["message"]
    assert error["remedy"]


@pytest.mark.parametrize(
    ("args", "expected", "message"),
    [
        (("deploy",), ExitCode.WRONG_INPUT, "no stack is given"),
        (("deploy", *OUTPUTS, "--session-name", "x y"), ExitCode.WRONG_INPUT, "--session-name x y"),
        (
            ("deploy", *OUTPUTS, "--mfa-serial", "arn:aws:iam::111111111111:u2f/user/a/key"),
            ExitCode.WRONG_INPUT,
            "a security key shows no codes",
        ),
        (("deploy", *OUTPUTS, "--session-tag", "x"), ExitCode.WRONG_INPUT, "--session-tag x"),
        (("deploy", *OUTPUTS, "--profile", "none"), ExitCode.WRONG_INPUT, "AWS profile none"),
        (("deploy", *OUTPUTS), ExitCode.UNAVAILABLE, "no AWS credentials"),
        (
            ("partner-audit", *OUTPUTS, "--profile", "auditor", "--duration", "7200"),
            ExitCode.WRONG_INPUT,
            "The requested DurationSeconds exceeds",
        ),
        (("read-only", *OUTPUTS, "--profile", "ci"), ExitCode.NO, "grant read-only requires MFA"),
        (
            ("deploy", *OUTPUTS, "--profile", "ci", "--endpoint-url", "http://127.0.0.1:1"),
            ExitCode.UNAVAILABLE,
            "Could not connect",
        ),
    ],
)
def test_what_keeps_the_command_from_running_is_told(
    deployed: Stage, args: tuple[str, ...], expected: ExitCode, message: str
) -> None:
    done = deployed.call("exec", *args, "--", "true", AWS_MAX_ATTEMPTS="1")
    assert (done.returncode, done.stdout) == (expected, "")
    assert message in done.stderr
    assert "partner-7f3a" not in done.stderr


def test_a_refusal_names_the_command_that_tells_why(deployed: Stage) -> None:
    refused = deployed.call("exec", "deploy", *OUTPUTS, "--profile", "alice", "--", "true")
    assert refused.returncode == ExitCode.NO
    _, command, rest = refused.stderr.split("`")
    assert "--live" in rest
    tool, *words = command.split()
    alice = "arn:aws:iam::111111111111:user/alice"
    options = ("--profile", "alice", "--session-name", "alice")
    assert (tool, words) == (
        "cross-account-access",
        ["explain", alice, "deploy", *OUTPUTS, *options],
    )
    explained = deployed.call(*words)
    assert (explained.returncode, explained.stderr) == (ExitCode.NO, "")


def test_a_broken_config_is_told_without_its_lines(deployed: Stage) -> None:
    file = deployed.folder / "broken"
    file.write_text("[default]\ns3cret-line\n", encoding="utf-8")
    for profile in ((), ("--profile", "ci")):
        args = ("exec", "deploy", *OUTPUTS, *profile, "--", "true")
        done = deployed.call(*args, AWS_CONFIG_FILE=str(file))
        assert done.returncode == ExitCode.WRONG_INPUT
        assert str(file) in done.stderr
        assert "s3cret" not in done.stderr


def test_where_a_process_cannot_become_another_it_waits() -> None:
    """Windows' way."""
    words = [sys.executable, "-c", "import os, sys; sys.exit(int(os.environ['CODE']))"]
    assert child_process.run_child(words[0], words, {**os.environ, "CODE": "7"}) == 7
