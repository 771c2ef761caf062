"""The state of stacks in a bucket of a server that speaks S3: here moto's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.commands import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.engine

BUCKET = "example-pulumi-state"
PROJECT = f"""
name: state
runtime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}
"""
PROGRAM = """
import os, pathlib, time, pulumi
pulumi.export("secret", pulumi.Output.secret("hush"))
pathlib.Path(os.environ["STARTED"]).touch()
while "WAIT" in os.environ:
    time.sleep(0.1)
"""


def wait_until(happened: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.1)


def ask(url: str, method: str = "GET") -> str:
    request = urllib.request.Request(url, method=method)  # noqa: S310 - the server's own
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return str(answer.read(), "utf-8")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The URL of an S3 server with a bucket."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603
    url = f"http://127.0.0.1:{port}"

    def is_up() -> bool:
        try:
            ask(f"{url}/{BUCKET}", "PUT")
        except OSError:
            return False
        return True

    try:
        wait_until(is_up)
        yield url
    finally:
        running.terminate()
        running.wait()


class Checkout:
    """A CI's checkout of a project: without what an earlier run left in it."""

    def __init__(self, folder: Path, engine: Mapping[str, str], server: str) -> None:
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
        (folder / "__main__.py").write_text(PROGRAM, encoding="utf-8")
        self.folder = folder
        self.started = folder / "started"
        query = f"region=us-east-1&endpoint={server}&use_path_style=true"
        self._environment = {
            **os.environ,
            **engine,
            "PULUMI_BACKEND_URL": f"s3://{BUCKET}/access?{query}",
            "PULUMI_CONFIG_PASSPHRASE": "of this test",
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "STARTED": str(self.started),
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603
            ["pulumi", *words, "--non-interactive", "--color", "never"],  # noqa: S607
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def begin_update(self, stack: str) -> subprocess.Popen[bytes]:
        """Begin an update that doesn't end by itself, and wait until its program runs."""
        self.started.unlink(missing_ok=True)
        running = subprocess.Popen(  # noqa: S603
            ["pulumi", "up", "--yes", "--skip-preview", "--stack", stack],  # noqa: S607
            cwd=self.folder,
            env=self._environment | {"WAIT": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(self.started.exists)
        return running


def test_stacks_in_a_bucket_are_locked_and_survive_a_killed_update(
    tmp_path: Path, engine: Mapping[str, str], server: str
) -> None:
    first = Checkout(tmp_path / "first", engine, server)
    for stack in ("people", "production"):
        assert first.run("stack", "init", stack).returncode == 0
    up = ("up", "--yes", "--skip-preview", "--stack", "production")
    assert first.run(*up).returncode == 0
    assert "access/.pulumi/stacks/state/production.json" in ask(f"{server}/{BUCKET}?list-type=2")

    # Another checkout has no salt of the stack's, and reads its secrets all the same.
    second = Checkout(tmp_path / "second", engine, server)
    assert second.run(*up).returncode == 0
    output = second.run("stack", "output", "secret", "--show-secrets", "--stack", "production")
    assert output.stdout.strip() == "hush"

    running = first.begin_update("production")
    refused = second.run(*up)
    assert refused.returncode != 0
    assert "the stack is currently locked by 1 lock(s)" in refused.stderr
    assert second.run("up", "--yes", "--skip-preview", "--stack", "people").returncode == 0

    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert "is currently locked" in second.run(*up).stderr
    assert second.run("cancel", "--yes", "--stack", "production").returncode == 0
    assert second.run(*up).returncode == 0
