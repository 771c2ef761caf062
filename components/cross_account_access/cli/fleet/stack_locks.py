"""The lock that an update holds on its stack, and when it can be lifted without harm."""

import re
import socket
from dataclasses import dataclass

from .run_record import StackRecord

_LOCKED = re.compile(r"the stack is currently locked by (\d+) lock")
_OWNER = re.compile(r"created by (?P<user>[^\n]*?)@(?P<host>[^\s@]*) \(pid (?P<pid>\d+)\)")
_BUSY = re.compile(r"\[409\] Conflict: Another update is currently in progress")


@dataclass(frozen=True)
class StackLock:
    """A lock on a stack, as the Pulumi CLI tells of it.

    Attributes:
        owners: Who holds it, each with user, host and process ID; empty where it isn't said.
    """

    owners: tuple[tuple[str, str, int], ...]

    def is_left_by(self, record: StackRecord | None) -> bool:
        """Whether it is provably what a killed run of `fleet` left on this machine."""
        if record is None or not record.is_here or record.is_alive or len(self.owners) != 1:
            return False
        ((_, host, pid),) = self.owners
        return host == socket.gethostname() and pid == record.pid

    def describe(self) -> str:
        """Who holds it."""
        if not self.owners:
            return "another update of the stack is in progress"
        names = [f"{user}@{host} (process {pid})" for user, host, pid in self.owners]
        return f"the stack is locked by {', '.join(names)}"


def find_lock(output: str) -> StackLock | None:
    """Find what a command says of a lock that kept it from running; None if it says nothing."""
    if not _LOCKED.search(output):
        return StackLock(()) if _BUSY.search(output) else None
    owners = tuple((m["user"], m["host"], int(m["pid"])) for m in _OWNER.finditer(output))
    return StackLock(owners)
