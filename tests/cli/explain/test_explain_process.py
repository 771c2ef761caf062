"""`explain` as a process: by documents, by what stands there, and where nobody answers."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config
from click.testing import CliRunner

from cross_account_access.cli import accounts as cli_accounts
from cross_account_access.cli.main import cli
from cross_account_access.cli.terminal import Failure
from tests.cli.verify.verifying import kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Stage

ROOT = Path(__file__).parents[3]
OUTPUTS = ("--outputs", "outputs.json")
BOTH = ("--live", "--source-profile", "source", "--destination-profile", "destination")


def test_a_refusal_and_what_to_do_about_it(deployed: Stage) -> None:
    ended = deployed.run("explain", "alice", "read-only", *OUTPUTS)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.startswith(
        "refused: user alice (111111111111) may not assume read-only (222222222222)\n"
    )
    assert "✗ destination 222222222222  trust policy, statement 1: the caller must" in ended.stdout
    assert "What to do\n  - Sign in with MFA" in ended.stdout


def test_the_outputs_are_read_from_stdin_and_the_answer_is_json(deployed: Stage) -> None:
    text = deployed.outputs.read_text(encoding="utf-8")
    ended = deployed.run(
        "explain", "auditor", "partner-audit", "--outputs", "-", "--json", stdin=text
    )
    assert (ended.returncode, ended.stderr) == (1, "")
    answer = json.loads(ended.stdout)
    (reason,) = answer["halves"]["destination"]["reasons"]
    assert reason["conditions"] == [
        {
            "key": "sts:ExternalId",
            "operator": "StringEquals",
            "given": [],
            "required": ["(not shown)"],
        }
    ]
    assert "partner-7f3a" in text
    assert "partner-7f3a" not in ended.stdout


def test_what_stands_there_allows_as_the_documents_do(deployed: Stage) -> None:
    lines = []
    for basis in ((), BOTH):
        ended = deployed.run("explain", "ci", "deploy", *OUTPUTS, *basis)
        assert (ended.returncode, ended.stderr) == (0, "")
        first, _, *others = ended.stdout.splitlines()
        lines.append([first, *others])
    assert lines[0] == lines[1]


def test_a_policy_that_was_detached_is_found_in_the_account_alone(deployed: Stage) -> None:
    (arn,) = [
        p["PolicyArn"]
        for p in deployed.source.list_attached_user_policies(UserName="alice")["AttachedPolicies"]
    ]
    asked = ("explain", "alice", "read-only", "--mfa", *OUTPUTS)
    with kept(deployed):
        deployed.source.detach_user_policy(UserName="alice", PolicyArn=arn)
        assert deployed.run(*asked).returncode == 0
        ended = deployed.run(*asked, *BOTH)
    assert ended.returncode == 1
    assert (
        "✗ source      111111111111  no policy of user alice allows sts:AssumeRole" in ended.stdout
    )
    assert "- Run `pulumi up --refresh`" in ended.stdout


WRONG = {
    "no such grant": (("alice", "nothing"), "there is no grant and no role nothing"),
    "too little": (("alice",), "Missing argument 'GRANT'"),
    "no number": (("alice", "read-only", "--duration", "long"), "'long' is not a valid integer"),
    "a session too short": (
        ("alice", "read-only", "--duration", "899"),
        "899 is not in the range 900<=x<=43200",
    ),
    "a session too long": (
        ("alice", "read-only", "--duration", "43201"),
        "43201 is not in the range 900<=x<=43200",
    ),
    "no such file": (
        ("alice", "read-only", "--outputs", "missing.json"),
        "missing.json: No such file",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_ends_with_2(arguments: tuple[str, ...], message: str, deployed: Stage) -> None:
    ended = deployed.run("explain", *arguments, *OUTPUTS)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_credentials_end_with_3(deployed: Stage) -> None:
    ended = deployed.run("explain", "alice", "read-only", *OUTPUTS, "--live")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "there are no AWS credentials" in ended.stderr
    assert "--profile" in ended.stderr


# Where AWS answers otherwise


ERROR = """<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{code}!</Message></Error></ErrorResponse>"""


@pytest.fixture
def failing(request: pytest.FixtureRequest) -> Iterator[str]:
    """Something that answers every call with one error."""
    body = ERROR.format(code=request.param).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("failing", "remedy"),
    [
        ("ExpiredToken", "The credentials have expired: sign in again."),
        ("InvalidClientTokenId", "The credentials are not valid: another profile may be meant."),
        ("Throttling", "AWS throttles: try again in a minute."),
    ],
    indirect=["failing"],
)
def test_an_error_of_aws_is_told_with_what_to_do(
    failing: str, remedy: str, deployed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, deployed.environment[name])
    once = Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={})
    monkeypatch.setattr(cli_accounts, "_RETRYING", once)
    line = [
        "explain",
        "alice",
        "read-only",
        "--outputs",
        str(deployed.outputs),
        *BOTH,
        "--endpoint-url",
        failing,
    ]
    result = CliRunner().invoke(cli, line, standalone_mode=False)
    assert isinstance(result.exception, Failure)
    assert (result.exception.code, result.exception.remedy) == (3, remedy)
    assert result.stdout == ""


def test_ctrl_c_ends_with_130(deployed: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        line = [
            sys.executable,
            "-m",
            "cross_account_access.cli",
            "explain",
            "alice",
            "read-only",
            *OUTPUTS,
            *BOTH,
        ]
        process = subprocess.Popen(  # noqa: S603 - the tool
            [*line, "--endpoint-url", endpoint, "--json"],
            cwd=deployed.folder,
            env=deployed.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            connection, _ = silent.accept()
            os.kill(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=30)
            connection.close()
    assert (process.returncode, out, err.strip()) == (130, "", "Interrupted.")


def test_the_transcript_in_the_documentation_is_the_real_output(deployed: Stage) -> None:
    page = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n\$ cross-account-access (explain .+)\n((?:.*\n)+?)```", page)
    assert len(blocks) == 3
    for line, printed in blocks:
        assert deployed.run(*shlex.split(line)).stdout == printed


def test_the_help_teaches(deployed: Stage) -> None:
    text = deployed.run("explain", "--help").stdout
    assert "cross-account-access explain alice read-only --stack dev --mfa\n" in text
    assert "It assumes nothing, changes nothing" in " ".join(text.split())
