"""The lock on a stack: whose it is, and when it is lifted."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from cross_account_access.cli.fleet.run_record import StackRecord, get_machine, get_start
from cross_account_access.cli.fleet.stack_locks import StackLock, find_lock

HOST = socket.gethostname()
# What the CLI 3.274 prints.
ONE = (
    "error: the stack is currently locked by {count} lock(s). Either wait for the other "
    "process(es) to end or delete the lock file with `pulumi cancel`.\n{owners}"
)
OWNER = (
    "  file:///state/.pulumi/locks/organization/p/s/01c57360.json?no_tmp_dir=true: created by "
    "{user}@{host} (pid {pid}) at 2026-11-27T17:57:28Z\n"
)
CLOUD = (
    "error: [409] Conflict: Another update is currently in progress.\nTo learn more about possible "
    "reasons and resolution, visit https://www.pulumi.com/docs/troubleshooting/#conflict"
)


def locked(*owners: tuple[str, str, int]) -> str:
    lines = "".join(OWNER.format(user=user, host=host, pid=pid) for user, host, pid in owners)
    return f"Updating (s):\n{ONE.format(count=len(owners), owners=lines)}"


@pytest.mark.parametrize(
    ("output", "lock"),
    [
        (locked(("root", "vm", 15288)), StackLock((("root", "vm", 15288),))),
        (locked(("me", "a", 1), ("a@b", "c.d", 2)), StackLock((("me", "a", 1), ("a@b", "c.d", 2)))),
        (CLOUD, StackLock(())),
        ("error: update failed", None),
        ("", None),
    ],
)
def test_a_lock_is_read(output: str, lock: StackLock | None) -> None:
    assert find_lock(output) == lock


@pytest.fixture(scope="module")
def ended() -> int:
    """The ID of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def record(pid: int, started: str | None = "1", machine: str | None = None) -> StackRecord:
    return StackRecord("up", "running", pid, started, machine or get_machine())


def test_a_dead_runs_own_lock_is_lifted(ended: int) -> None:
    assert StackLock((("me", HOST, ended),)).is_left_by(record(ended))


def test_no_other_lock_is_lifted(ended: int) -> None:
    own, alive = ("me", HOST, ended), os.getpid()
    others = {
        "no record": (StackLock((own,)), None),
        "another process": (StackLock((("me", HOST, ended + 1),)), record(ended)),
        "another host": (StackLock((("me", "other", ended),)), record(ended)),
        "a record of another host": (StackLock((own,)), record(ended, machine="other")),
        "two locks": (StackLock((own, ("me", HOST, 1))), record(ended)),
        "of a cloud": (StackLock(()), record(ended)),
        "alive": (StackLock((("me", HOST, alive),)), record(alive, get_start(alive))),
    }
    assert [name for name, (lock, left) in others.items() if lock.is_left_by(left)] == []
