"""The record of the last runs: what became of each stack. It survives however a run ends."""

import json
import os
import socket
import tempfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from cross_account_access.cli.terminal import InputError

_FILE = "last-run.json"
_FORMAT = 1

RunState = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True)
class StackRecord:
    """What became of a stack in the last run that took it.

    Attributes:
        command: `up` or `destroy`.
        state: `waiting` until it begins; `running` until it ends, or for ever if the run is killed.
        pid: The process ID of its Pulumi CLI.
        started: When that process began, as the system has it.
        machine: Where it ran: process IDs mean something only there.
    """

    command: str
    state: RunState
    pid: int | None = None
    started: str | None = None
    machine: str | None = None

    @property
    def is_here(self) -> bool:
        """Whether its process ID is one of this machine's, since it was started."""
        return self.pid is not None and self.machine == get_machine()

    @property
    def is_alive(self) -> bool:
        """Whether its process is known to run."""
        return self.is_here and self.pid is not None and get_start(self.pid) == self.started


class RunRecord:
    """The record of a project's runs; each change is on disk when it is made."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._lock = Lock()
        self._stacks = _read(self._path)

    def get(self, stack: str) -> StackRecord | None:
        """What became of a stack; None where nothing is known."""
        return self._stacks.get(stack)

    def list_unfinished(self, command: str) -> list[str]:
        """The stacks that the command's last run left failed, or didn't finish."""
        return [
            name
            for name, record in sorted(self._stacks.items())
            if record.command == command and record.state != "done"
        ]

    def begin(self, command: str, stacks: Collection[str]) -> None:
        """Keep that a run begins. A process that may still run isn't forgotten."""
        with self._lock:
            for name in stacks:
                earlier = self._stacks.get(name) or StackRecord(command, "waiting")
                self._stacks[name] = replace(earlier, command=command, state="waiting")
            self._write()

    def start(self, stack: str, pid: int) -> None:
        """Keep that a stack's process has been started."""
        self._change(stack, state="running", pid=pid, started=get_start(pid), machine=get_machine())

    def finish(self, stack: str, *, done: bool) -> None:
        """Keep how a stack ended."""
        self._change(stack, state="done" if done else "failed")

    def _change(self, stack: str, **changes: Any) -> None:
        with self._lock:
            self._stacks[stack] = replace(self._stacks[stack], **changes)
            self._write()

    def _write(self) -> None:
        stacks = {name: asdict(record) for name, record in sorted(self._stacks.items())}
        text = json.dumps({"format": _FORMAT, "stacks": stacks}, indent=1)
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{_FILE}.")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except OSError as error:
            raise InputError(f"{self._path} can't be written: {error.strerror}") from None


def get_machine() -> str:
    """What tells this machine from others, from its containers, and from before a restart."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


def get_start(pid: int) -> str | None:
    """When a process began, in the system's own terms; None if there is no such process.

    A process ID is used again; its start tells the two apart. Where the system doesn't say, it is
    empty for every process that runs.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "" if not Path("/proc/self/stat").exists() and _is_running(pid) else None
    state, *fields = status.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(path: Path) -> dict[str, StackRecord]:
    """Read a record; a file of another form counts as none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            return {}
        return {name: StackRecord(**fields) for name, fields in content["stacks"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
