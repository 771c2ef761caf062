"""How many stacks are deployed at once."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MEMORY_OF_A_STACK = 700 * 2**20
"""What one takes, measured: the Pulumi CLI, the program, the AWS plugin, which starts once for each
account that the stack contacts."""

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_NO_CGROUP_LIMIT = "max"


@dataclass(frozen=True)
class Parallelism:
    """How many stacks at once, and why.

    Attributes:
        number: How many.
        reason: What decided it, in words.
    """

    number: int
    reason: str


def choose_parallelism(chosen: int | None, stacks: int) -> Parallelism:
    """As chosen, otherwise as many as cores and free memory allow.

    Args:
        chosen: The number that the person chose, if any.
        stacks: How many stacks there are.
    """
    if chosen is not None:
        return Parallelism(min(chosen, stacks), "as --parallel says")
    cores, memory = count_cores(), read_free_memory()
    if memory is None:
        return Parallelism(min(cores, stacks), f"{cores} cores")
    fitting = max(memory // MEMORY_OF_A_STACK, 1)
    free = f"{memory / 2**30:.1f} GiB of free memory"
    return Parallelism(min(cores, fitting, stacks), f"{cores} cores, {free}")


def count_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # of macOS and Windows
        return os.cpu_count() or 1


def read_free_memory(meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP) -> int | None:
    """The free memory in bytes, in the container too; None where the system has no /proc."""
    free: list[int] = []
    with suppress(OSError, ValueError, IndexError, StopIteration):
        lines = meminfo.read_text(encoding="ascii").splitlines()
        available = next(line for line in lines if line.startswith("MemAvailable:"))
        free.append(int(available.split()[1]) * 1024)
    with suppress(OSError, ValueError):
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        if limit != _NO_CGROUP_LIMIT:
            used = int((cgroup / "memory.current").read_text(encoding="ascii"))
            free.append(max(int(limit) - used + _read_reclaimable(cgroup), 0))
    return min(free, default=None)


def _read_reclaimable(cgroup: Path) -> int:
    """The bytes of a container's files in memory that the kernel gives up first. They count as
    used, so that a CI's container that has just installed something would seem full.
    """
    with suppress(OSError, ValueError, IndexError, StopIteration):
        lines = (cgroup / "memory.stat").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("inactive_file ")).split()[1])
    return 0
