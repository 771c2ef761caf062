"""The tool on a terminal of its own; and in this process, to see it fail."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Protocol, Self

import click
from click.testing import CliRunner

from cross_account_access.cli.main import cli

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

INTERRUPT = "\x03"

# In a session of its own, a process has no controlling terminal until it asks for one.
_START = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, sys.argv[1:])"
)


class Place(Protocol):
    """Where the tool runs: its folder, and its environment."""

    @property
    def folder(self) -> Path: ...

    @property
    def environment(self) -> dict[str, str]: ...


class Terminal:
    """The tool run on a terminal; its stdout is kept apart, as a pipe."""

    def __init__(self, stage: Place, *args: str, **environment: str) -> None:
        self._master, slave = os.openpty()
        tool = [sys.executable, "-m", "cross_account_access.cli", *args]
        self.process = subprocess.Popen(  # noqa: S603 - the tool, with what the tests say
            [sys.executable, "-c", _START, *tool],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            start_new_session=True,
            env={**stage.environment, **environment},
            cwd=stage.folder,
        )
        os.close(slave)
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        os.close(self._master)

    def wait_for(self, text: str, seconds: float = 30) -> None:
        """Read the screen until a text is on it."""
        until = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self._master], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"{text!r} isn't in {self.seen!r}"
            self.seen += self._read()

    def type(self, text: str) -> None:
        """Type on the keyboard; \\x03 is Ctrl-C.

        That is pressed again after a while, as a person does: Python has a moment just before it
        reads in which a signal is noticed only when there is something to read.
        """
        os.write(self._master, text.encode())
        for _ in range(10) if text == INTERRUPT else ():
            try:
                self.process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                os.write(self._master, text.encode())
            else:
                return

    def end(self, seconds: float = 30) -> tuple[int, str]:
        """Wait for the process; returns its exit code and stdout."""
        stdout, _ = self.process.communicate(timeout=seconds)
        while select.select([self._master], [], [], 0)[0] and (more := self._read()):
            self.seen += more
        return self.process.returncode, stdout.decode()

    def _read(self) -> str:
        try:
            return os.read(self._master, 10_000).decode()
        except OSError:  # the other end is closed
            return ""


def failing(stage: Place, *args: str, **environment: str) -> tuple[int, str, str]:
    """Run the tool in this process until it fails, quicker than as one of its own.

    Returns:
        The exit code, the message, and what is on stdout.
    """
    none = dict.fromkeys(name for name in os.environ if name.startswith("AWS_"))
    result = CliRunner(env={**none, **stage.environment, **environment}).invoke(
        cli, args, standalone_mode=False
    )
    error = result.exception
    assert isinstance(error, click.ClickException), error
    return getattr(error, "code", error.exit_code), error.format_message(), result.stdout
