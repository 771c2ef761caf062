"""`exec` in this process: its command runs as a child, whose output and exit code are passed on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NoReturn

import click
import pytest

from cross_account_access.cli.exec import child_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@pytest.fixture(autouse=True)
def _child_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(program: str, command: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
        streams: Any = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL}
        done = subprocess.run(  # noqa: S603 - the tests' own commands
            command, executable=program, env=variables, check=False, **streams
        )
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        raise click.exceptions.Exit(done.returncode)

    monkeypatch.setattr(os, "execve", run)
    monkeypatch.setattr(child_process, "_IGNORED", ())


class _Throttling(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        error = b"<Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
        body = b"<ErrorResponse>" + error + b"</ErrorResponse>"
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
