"""`up` and `preview` beside other commands, and on accounts that go away under them."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from sandbox.aws.server import Sandbox, client
from tests.sandbox.commands import SOURCE, endpoint_of, project, sandbox
from tests.sandbox.test_serving import running

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

GRANTS = {"deploy": {"principals": [{"user": "alice"}], "conditions": {"mfa": True}}}


def check_failed(result: Result, *words: str) -> None:
    """The command ended with one message that has these words."""
    assert (result.exit_code, result.stdout) == (1, "")
    message = result.stderr.splitlines()[-1]
    assert message.startswith("Error: ")
    assert [word for word in words if word not in message] == []
    assert "Traceback" not in result.output


@pytest.mark.parametrize("owner", ["up", "preview"])
@pytest.mark.parametrize("verb", ["up", "preview"])
def test_the_accounts_of_another_command_are_left_alone(
    verb: str, owner: str, tmp_path: Path
) -> None:
    with Sandbox(used_by=f"python -m sandbox {owner}") as theirs:
        folder = project(tmp_path, theirs.endpoint, grants=GRANTS)
        found = sandbox(verb, folder, "--json")
        check_failed(
            found, f"another `python -m sandbox {owner}` runs at", theirs.endpoint, "serve --port"
        )
        assert theirs.requests == []


def test_an_up_that_keeps_its_accounts_is_not_disturbed(tmp_path: Path) -> None:
    folder = project(tmp_path, grants=GRANTS)
    endpoint = endpoint_of(folder)
    with running("up", "-C", str(folder), "--engine", "in-process", "--keep") as first:
        first.line("^The accounts run at ")
        iam = client("iam", endpoint, account=SOURCE)
        before = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
        assert len(before) == 3
        check_failed(sandbox("up", folder), "another `python -m sandbox up` runs at", endpoint)
        with running("serve", "--port", endpoint.rpartition(":")[2]) as serve:
            assert serve.process.wait(30) == 1
        (line,) = serve.lines
        assert "another `python -m sandbox up` runs at" in line
        assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == before
        assert first.interrupt() == 0


def test_two_at_once_beside_serve_do_not_disturb_each_other(tmp_path: Path) -> None:
    folder = project(tmp_path, grants=GRANTS)
    with running("serve", "--port", endpoint_of(folder).rpartition(":")[2]) as serve:
        serve.line("^Emulated accounts at ")
        command = ("up", "-C", str(folder), "--engine", "in-process", "--keep")
        with running(*command) as first, running(*command) as second:
            for up in (first, second):
                up.line("^5 of 5 attempts had the expected result")
                up.line("^The accounts run at ")
            assert (first.interrupt(), second.interrupt()) == (0, 0)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n\r\n{", b"SSH-2.0-OpenSSH_9.6\r\n"])
def test_what_is_no_sandbox_is_said_to_be_none(answer: bytes, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def serve() -> None:
            while True:
                try:
                    connection, _ = other.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        port = other.getsockname()[1]
        found = sandbox("up", project(tmp_path, f"http://127.0.0.1:{port}", grants=GRANTS))
        other.shutdown(socket.SHUT_RDWR)
    check_failed(found, f"port {port} is in use by another program, which is no sandbox")


KILL = """
import os, signal, socket, time
os.kill({pid}, signal.SIGKILL)
while True:
    try:
        socket.create_connection(("127.0.0.1", {port})).close()
    except OSError:
        break
    time.sleep(0.01)
"""


@pytest.mark.parametrize("verb", ["up", "preview"])
@pytest.mark.parametrize("when", ["before the deployment", "after it"])
def test_accounts_that_vanish_are_reported(verb: str, when: str, tmp_path: Path) -> None:
    folder = project(tmp_path, grants=GRANTS)
    port = endpoint_of(folder).rpartition(":")[2]
    with running("serve", "--port", port) as serve:
        serve.line("^Emulated accounts at ")
        program = folder / "__main__.py"
        text, kill = (
            program.read_text(encoding="utf-8"),
            KILL.format(pid=serve.process.pid, port=port),
        )
        program.write_text(
            kill + text if when == "before the deployment" else text + kill, encoding="utf-8"
        )
        found = sandbox(verb, folder, "--json")
    check_failed(found, "the accounts no longer answer", f":{port}", "Run the command again")
