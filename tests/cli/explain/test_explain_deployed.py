"""`explain` on a deployed stack: by documents, by the accounts, and where AWS doesn't answer."""

from __future__ import annotations

import json
import re
import shlex
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

from cross_account_access.cli import aws_access
from tests.cli.conftest import ROOT, restoring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Stage

OUTPUTS = ("--outputs", "outputs.json")
BOTH = ("--live", "--source-profile", "source", "--destination-profile", "destination")


def test_the_outputs_are_read_from_stdin_and_the_answer_is_json(deployed: Stage) -> None:
    text = deployed.outputs.read_text(encoding="utf-8")
    command = ("explain", "auditor", "partner-audit", "--outputs", "-", "--json")
    done = deployed.call(*command, stdin=text)
    assert (done.returncode, done.stderr) == (1, "")
    (reason,) = json.loads(done.stdout)["halves"]["destination"]["reasons"]
    (condition,) = reason["conditions"]
    assert (condition["key"], condition["required"]) == ("sts:ExternalId", ["(not shown)"])
    assert "partner-7f3a" in text
    assert "partner-7f3a" not in done.stdout


def test_the_accounts_allow_as_the_documents_do(deployed: Stage) -> None:
    answers = []
    for basis in ((), BOTH):
        done = deployed.call("explain", "ci", "deploy", *OUTPUTS, *basis)
        assert (done.returncode, done.stderr) == (0, "")
        first, _, *others = done.stdout.splitlines()
        answers.append([first, *others])
    assert answers[0] == answers[1]


def test_a_policy_that_was_detached_is_missed_in_the_account_only(deployed: Stage) -> None:
    attached = deployed.source.list_attached_user_policies(UserName="alice")["AttachedPolicies"]
    command = ("explain", "alice", "read-only", "--mfa", "--json", *OUTPUTS)
    with restoring(deployed):
        deployed.source.detach_user_policy(UserName="alice", PolicyArn=attached[0]["PolicyArn"])
        assert deployed.call(*command).returncode == 0
        done = deployed.call(*command, *BOTH)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["half"]) == (1, "source")
    assert "pulumi up --refresh" in answer["remedies"][0]


WRONG = {
    "too little": (("alice",), "'GRANT'"),
    "no number": (("alice", "read-only", "--duration", "long"), "'long'"),
    "a session too short": (("alice", "read-only", "--duration", "899"), "900<=x<=43200"),
    "a session too long": (("alice", "read-only", "--duration", "43201"), "900<=x<=43200"),
    "no such file": (("alice", "read-only", "--outputs", "missing.json"), "missing.json"),
}


@pytest.mark.parametrize(("arguments", "part"), WRONG.values(), ids=WRONG)
def test_wrong_input_ends_with_2(arguments: tuple[str, ...], part: str, deployed: Stage) -> None:
    done = deployed.call("explain", *arguments, *OUTPUTS)
    assert (done.returncode, done.stdout) == (2, "")
    assert part in done.stderr


def test_no_credentials_end_with_3(deployed: Stage) -> None:
    done = deployed.call("explain", "alice", "read-only", *OUTPUTS, "--live")
    assert (done.returncode, done.stdout) == (3, "")
    assert "no AWS credentials" in done.stderr
    assert "--profile" in done.stderr


# Where AWS answers otherwise


ERROR = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
    "</ErrorResponse>"
)


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
        ("InvalidClientTokenId", "The credentials are not valid: check the profile."),
        ("Throttling", "AWS throttles: try again in a minute."),
    ],
    indirect=["failing"],
)
def test_an_error_of_aws_has_a_remedy(
    failing: str, remedy: str, deployed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={})
    monkeypatch.setattr(aws_access.AwsAccess.client, "__defaults__", (once,))
    command = ("explain", "alice", "read-only", *OUTPUTS, *BOTH, "--json")
    done = deployed.call(*command, "--endpoint-url", failing)
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["remedy"] == remedy


def test_the_transcripts_in_the_documentation_are_the_real_output(deployed: Stage) -> None:
    page = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n\$ cross-account-access (explain .+)\n((?:.*\n)+?)```", page)
    assert len(blocks) == 3
    for line, printed in blocks:
        assert deployed.call(*shlex.split(line)).stdout == printed
