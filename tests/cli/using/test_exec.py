"""`exec`: a command with the role's credentials, and nothing of the tool's own in its way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.utils import JSONFileCache

from cross_account_access.cli.terminal import ExitCode
from cross_account_access.cli.using import running
from sandbox.aws.mfa import totp
from tests.cli.terminals import INTERRUPT, Terminal, failing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Stage

OUTPUTS = ("--outputs", "outputs.json")
TELL = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('AWS_')}))"
PYTHON = (sys.executable, "-c")
PROMPT = "Enter MFA code for arn:aws:iam::111111111111:mfa/sandbox-alice: "


@pytest.fixture(autouse=True)
def cache(deployed: Stage) -> Iterator[Path]:
    """The AWS CLI's cache, empty."""
    folder = deployed.folder / ".aws"
    shutil.rmtree(folder, ignore_errors=True)
    yield folder / "cli" / "cache"
    shutil.rmtree(folder, ignore_errors=True)


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


def test_the_command_has_the_roles_credentials_and_its_streams(deployed: Stage) -> None:
    args = (
        "exec",
        "deploy",
        *OUTPUTS,
        "--region",
        "eu-west-1",
        "--",
        *PYTHON,
        f"{TELL}; print(input())",
    )
    done = deployed.run(*args, stdin="typed\n", AWS_PROFILE="ci", AWS_SECURITY_TOKEN="old")
    assert (done.returncode, done.stderr) == (0, "")
    told, typed = done.stdout.splitlines()
    found = json.loads(told)
    assert typed == "typed"
    assert "AWS_PROFILE" not in found
    assert "AWS_SECURITY_TOKEN" not in found
    assert (found["AWS_REGION"], found["AWS_DEFAULT_REGION"]) == ("eu-west-1", "eu-west-1")
    assert found["AWS_ENDPOINT_URL"] == deployed.sandbox.endpoint
    session = boto3.Session(
        found["AWS_ACCESS_KEY_ID"],
        found["AWS_SECRET_ACCESS_KEY"],
        found["AWS_SESSION_TOKEN"],
        "us-east-1",
    )
    arn = session.client("sts", endpoint_url=deployed.sandbox.endpoint).get_caller_identity()["Arn"]
    assert arn.startswith("arn:aws:sts::222222222222:assumed-role/deploy/")


def test_an_mfa_code_is_asked_for_once(deployed: Stage, cache: Path) -> None:
    args = ("exec", "read-only", *OUTPUTS, "--profile", "alice", "--", *PYTHON, "print('ran')")
    with counting(deployed) as asked, Terminal(deployed, *args) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(f"{code(deployed)}\n")
        assert terminal.end() == (0, "ran\n")
    assert asked.count("AssumeRole") == 1
    (kept,) = cache.iterdir()
    assert kept.stat().st_mode & 0o077 == 0

    with counting(deployed) as asked:
        again = deployed.run(*args)
    assert (again.returncode, again.stdout, again.stderr) == (0, "ran\n", "")
    assert "AssumeRole" not in asked

    session = json.loads(kept.read_text(encoding="utf-8"))
    session["Credentials"]["Expiration"] = "2020-01-01T00:00:00UTC"
    kept.write_text(json.dumps(session), encoding="utf-8")
    without = deployed.run(*args)
    assert without.returncode == ExitCode.UNAVAILABLE
    assert without.stderr.startswith(
        "Error: an MFA code is needed, and there is no terminal to ask for it\n"
    )


def test_nobody_gets_a_session_of_anothers(deployed: Stage) -> None:
    for who, expected in (("ci", 0), ("outsider", ExitCode.NO)):
        done = deployed.run("exec", "deploy", *OUTPUTS, "--profile", who, "--", "true")
        assert done.returncode == expected, done.stderr


def test_the_session_is_the_one_that_the_cli_has_for_the_profile(
    deployed: Stage, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where AWS is then stands in the config, for with an endpoint on the command line sessions are kept apart."""
    environment = {
        name: text for name, text in deployed.environment.items() if name != "AWS_ENDPOINT_URL"
    }
    stage = replace(deployed, environment={**environment, "AWS_DEFAULT_REGION": "us-east-1"})
    config = deployed.folder / "aws" / "config"
    here = f"endpoint_url = {deployed.sandbox.endpoint}\n"
    config.write_text(f"[profile alice]\n{here}", encoding="utf-8")
    written = stage.run("profile", "read-only", *OUTPUTS, "--source-profile", "alice", "--yes")
    assert written.returncode == 0, written.stderr
    config.write_text(config.read_text(encoding="utf-8") + here, encoding="utf-8")

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    cli = botocore.session.Session(profile="read-only")
    provider = cli.get_component("credential_provider").get_provider("assume-role")
    provider.cache = JSONFileCache(str(cache))
    provider._prompter = lambda _: code(deployed)
    found = cli.get_credentials()
    assert found
    keys = found.get_frozen_credentials()

    with counting(deployed) as asked:
        done = stage.run("exec", "read-only", *OUTPUTS, "--profile", "alice", "--", *PYTHON, TELL)
    config.write_text("", encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["AWS_ACCESS_KEY_ID"] == keys.access_key
    assert "AssumeRole" not in asked


@pytest.mark.parametrize(
    ("typed", "expected", "screen"),
    [
        (INTERRUPT, ExitCode.INTERRUPTED, "Interrupted."),
        ("\x04", ExitCode.INTERRUPTED, "Interrupted."),
        ("000000\n", ExitCode.NO, "Wait for the next code"),
    ],
)
def test_without_the_right_code_nothing_runs_and_nothing_is_kept(
    deployed: Stage, cache: Path, typed: str, expected: ExitCode, screen: str
) -> None:
    args = ("exec", "read-only", *OUTPUTS, "--profile", "alice", "--", *PYTHON, "print('ran')")
    with Terminal(deployed, *args) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(typed)
        assert terminal.end() == (expected, "")
    assert screen in terminal.seen
    assert not cache.exists()


@pytest.mark.parametrize(
    ("command", "expected", "message"),
    [
        (("sh", "-c", "exit 7"), 7, ""),
        (("sh", "-c", "kill -TERM $$"), -signal.SIGTERM, ""),
        # Python ignores SIGPIPE, and the command must not.
        (("sh", "-c", "kill -PIPE $$; exit 1"), -signal.SIGPIPE, ""),
        (("no-such-command",), 127, "Error: there is no command no-such-command\n"),
        (("./outputs.json",), 126, "Error: ./outputs.json can't be executed\n"),
    ],
)
def test_the_exit_code_is_the_commands(
    deployed: Stage, command: tuple[str, ...], expected: int, message: str
) -> None:
    done = deployed.run("exec", "deploy", *OUTPUTS, "--profile", "ci", "--", *command)
    assert (done.returncode, done.stdout, done.stderr) == (expected, "", message)


def test_a_signal_reaches_the_command(deployed: Stage) -> None:
    trap = "import signal, sys; signal.signal(signal.SIGINT, lambda *_: sys.exit(42)); print('ready', flush=True)"
    words = [
        sys.executable,
        "-m",
        "cross_account_access.cli",
        "exec",
        "deploy",
        *OUTPUTS,
        "--profile",
        "ci",
        "--",
    ]
    words += [*PYTHON, f"{trap}; signal.pause()"]
    with subprocess.Popen(  # noqa: S603 - the tool
        words, env=deployed.environment, cwd=deployed.folder, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 42


def test_where_the_cache_cannot_be_written_the_command_runs(deployed: Stage) -> None:
    done = deployed.run(
        "exec", "deploy", *OUTPUTS, "--profile", "ci", "--", "echo", "ran", HOME="/dev/null"
    )
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert done.stderr == "The session is not kept for the next run: Not a directory\n"


class _Throttling(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def throttling() -> Iterator[str]:
    """AWS that throttles."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Throttling) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_throttled_it_says_so(deployed: Stage, throttling: str) -> None:
    args = (
        "exec",
        "deploy",
        *OUTPUTS,
        "--profile",
        "ci",
        "--endpoint-url",
        throttling,
        "--",
        "true",
    )
    done = deployed.run(*args, AWS_MAX_ATTEMPTS="1")
    assert (done.returncode, done.stdout) == (ExitCode.UNAVAILABLE, "")
    assert done.stderr == (
        "Error: cannot assume the role of deploy: Throttling: Rate exceeded\n"
        "AWS throttles: try again in a minute.\n"
    )


def test_expired_credentials_are_told(deployed: Stage) -> None:
    world = deployed.sandbox._state
    clock = world.clock
    try:
        world.clock = lambda: clock() + 7200
        done = deployed.run("exec", "deploy", *OUTPUTS, "--profile", "ci", "--json", "--", "true")
    finally:
        world.clock = clock
    assert done.returncode == ExitCode.UNAVAILABLE
    assert json.loads(done.stdout)["error"] == {
        "message": "cannot assume the role of deploy: ExpiredToken: "
        "The security token included in the request is expired",
        "remedy": "The credentials have expired: sign in again.",
    }


@pytest.mark.parametrize(
    ("args", "expected", "message"),
    [
        (("deploy", "--", "true"), ExitCode.WRONG_INPUT, "no stack is given"),
        (("nope", *OUTPUTS, "--", "true"), ExitCode.WRONG_INPUT, "there is no grant nope"),
        (
            ("deploy", *OUTPUTS, "--session-tag", "x", "--", "true"),
            ExitCode.WRONG_INPUT,
            "--session-tag x: must be KEY=VALUE",
        ),
        (
            ("deploy", *OUTPUTS, "--profile", "none", "--", "true"),
            ExitCode.WRONG_INPUT,
            "there is no AWS profile none",
        ),
        (
            ("deploy", *OUTPUTS, "--", "true"),
            ExitCode.UNAVAILABLE,
            "there are no AWS credentials",
        ),
        (
            ("deploy", *OUTPUTS, "--profile", "alice", "--", "true"),
            ExitCode.NO,
            "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:role/deploy\nWhy: `",
        ),
        (
            ("partner-audit", *OUTPUTS, "--profile", "auditor", "--duration", "7200", "--", "true"),
            ExitCode.WRONG_INPUT,
            "AWS can't give a session of grant partner-audit: The requested DurationSeconds exceeds",
        ),
        (
            ("read-only", *OUTPUTS, "--profile", "ci", "--", "true"),
            ExitCode.NO,
            "grant read-only requires MFA, and arn:aws:sts::111111111111:assumed-role/ci/sandbox, a role's session",
        ),
        (
            (
                "deploy",
                *OUTPUTS,
                "--profile",
                "ci",
                "--endpoint-url",
                "http://127.0.0.1:1",
                "--",
                "true",
            ),
            ExitCode.UNAVAILABLE,
            "cannot assume the role of deploy: Could not connect",
        ),
    ],
)
def test_what_keeps_the_command_from_running_is_told(
    deployed: Stage,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    expected: ExitCode,
    message: str,
) -> None:
    monkeypatch.chdir(deployed.folder)
    ended, told, stdout = failing(deployed, "exec", *args, AWS_MAX_ATTEMPTS="1")
    assert (ended, stdout) == (expected, "")
    assert message in told
    assert "partner-7f3a" not in told


def test_a_refusal_names_the_command_that_tells_why(deployed: Stage) -> None:
    refused = deployed.run("exec", "deploy", *OUTPUTS, "--profile", "alice", "--", "true")
    _, command, _ = refused.stderr.split("`")
    words = command.split()
    assert words == [
        "cross-account-access",
        "explain",
        "arn:aws:iam::111111111111:user/alice",
        "deploy",
        *OUTPUTS,
    ]
    explained = deployed.run(*words[1:])
    assert (explained.returncode, explained.stderr) == (ExitCode.NO, ""), explained.stderr


def test_a_config_that_is_none_is_told_without_its_lines(
    deployed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(deployed.folder)
    file = deployed.folder / "broken"
    file.write_text("[default]\ns3cret-line\n", encoding="utf-8")
    for profile in ([], ["--profile", "ci"]):
        args = ("exec", "deploy", *OUTPUTS, *profile, "--", "true")
        ended, told, _ = failing(deployed, *args, AWS_CONFIG_FILE=str(file))
        assert (ended, told) == (
            ExitCode.WRONG_INPUT,
            f"the AWS CLI's config {file} cannot be parsed\nCorrect the file.",
        )


def test_a_profile_that_assumes_a_role_itself_asks_for_its_code_once(
    deployed: Stage, cache: Path
) -> None:
    """From alice to read-only, and from there on: AWS refuses, with the second role's reason."""
    config = deployed.folder / "aws" / "config"
    written = deployed.run("profile", "read-only", *OUTPUTS, "--source-profile", "alice", "--yes")
    assert written.returncode == 0, written.stderr
    args = ("exec", "deploy", *OUTPUTS, "--profile", "read-only", "--", "true")
    try:
        with Terminal(deployed, *args) as terminal:
            terminal.wait_for(PROMPT)
            terminal.type(f"{code(deployed)}\n")
            assert terminal.end() == (ExitCode.NO, ""), terminal.seen
        assert "assumed-role/read-only/" in terminal.seen
        assert len(list(cache.iterdir())) == 1
        again = deployed.run(*args)
        assert again.returncode == ExitCode.NO
        assert "assumed-role/read-only/" in again.stderr
    finally:
        config.write_text("", encoding="utf-8")


def test_where_a_process_cannot_become_another_it_waits() -> None:
    """Windows' way."""
    words = [sys.executable, "-c", "import os, sys; sys.exit(int(os.environ['CODE']))"]
    assert running.wait(words[0], words, {**os.environ, "CODE": "7"}) == 7
