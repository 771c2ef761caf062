"""The Pulumi CLI by Pulumi's Automation API, in processes that outlive this one.

The Automation API's own pipes would end an update in the middle if the tool is killed: Pulumi gets
SIGPIPE. Here it writes to files. It runs in a process group of its own, so that Ctrl-C reaches it
once, from here.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock
from typing import Any

from pulumi import automation
from pulumi.automation.errors import create_command_error

from cross_account_access.cli.terminal import Failure

from .run_lock import open_private

_POLL_SECONDS = 0.1
_VARIABLES = {
    "PULUMI_AUTOMATION_API": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DEBUG_COMMANDS": "true",  # for --event-log
}


class NotStartedError(Exception):
    """A command wasn't started, for the run was interrupted before."""


class DetachedPulumi(automation.PulumiCommand):
    """Runs the Pulumi CLI.

    Attributes:
        interrupted: Set when no more is to be started.
    """

    def __init__(self) -> None:
        super().__init__()
        self.interrupted = Event()
        self._running: set[subprocess.Popen[Any]] = set()
        self._lock = Lock()

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: object = None,
        on_error: object = None,
        *,
        whole: bool = False,
    ) -> automation.CommandResult:
        """Run a short command, as the Automation API does.

        Args:
            args: Its arguments.
            cwd: The project's folder.
            additional_env: Further variables of its environment.
            on_output: Not used.
            on_error: Not used.
            whole: Whether it runs to its end also if the run is interrupted.

        Raises:
            automation.CommandError: If it fails.
            NotStartedError: If the run was interrupted before.
        """
        del on_output, on_error  # of long commands; those run by `run_to_log`
        pipe = subprocess.PIPE
        process = self._start(args, cwd, additional_env, pipe, pipe, whole=whole)
        try:
            out, err = process.communicate()
        finally:
            self._end(process)
        result = automation.CommandResult(out, err, process.returncode)
        if process.returncode:
            raise create_command_error(result)
        return result

    def run_to_log(
        self,
        args: Sequence[str],
        cwd: Path,
        variables: Mapping[str, str],
        log: Path,
        *,
        on_start: Callable[[int], None],
        on_poll: Callable[[], None],
    ) -> int:
        """Run a long command, with all its output in a file, and return its exit code.

        Args:
            args: Its arguments.
            cwd: The project's folder.
            variables: Further variables of its environment.
            log: The file.
            on_start: Called with the process's ID.
            on_poll: Called again and again until it has ended.

        Raises:
            NotStartedError: If the run was interrupted before.
        """
        with open_private(log) as file:
            process = self._start(list(args), str(cwd), variables, file, subprocess.STDOUT)
            try:
                on_start(process.pid)
                while process.poll() is None:
                    on_poll()
                    time.sleep(_POLL_SECONDS)
            finally:
                self._end(process)
        return process.returncode

    def interrupt(self) -> None:
        """Ask every running command to end gracefully, and start no more."""
        self.interrupted.set()
        with self._lock:
            for process in self._running:
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT)

    def _start(
        self,
        args: Sequence[str],
        cwd: str,
        variables: Mapping[str, str],
        out: Any,
        err: Any,
        *,
        whole: bool = False,
    ) -> "subprocess.Popen[Any]":
        with self._lock:
            # What is started from here on gets the signal that is sent next.
            if self.interrupted.is_set() and not whole:
                raise NotStartedError
            process = subprocess.Popen(  # noqa: S603 - Pulumi, with arguments of ours
                [self.command, "--non-interactive", *args],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=cwd,
                env={**os.environ, **variables, **_VARIABLES},
                encoding="utf-8",
                errors="replace",
                process_group=0 if os.name == "posix" else None,
            )
            if not whole:
                self._running.add(process)
        return process

    def _end(self, process: "subprocess.Popen[Any]") -> None:
        with self._lock:
            self._running.discard(process)


def find_pulumi() -> DetachedPulumi:
    """Find the Pulumi CLI.

    Raises:
        Failure: If it isn't there, or is too old.
    """
    try:
        return DetachedPulumi()
    except FileNotFoundError:
        raise Failure(
            "the Pulumi CLI is not here, and `fleet` runs it for every stack",
            remedy="Install it: https://www.pulumi.com/docs/iac/download-install/",
        ) from None
    except automation.InvalidVersionError as error:
        raise Failure(f"the Pulumi CLI is too old: {error}", remedy="Update it.") from None
    except (OSError, subprocess.SubprocessError) as error:
        raise Failure(f"the Pulumi CLI doesn't run: {error}") from None
