"""How many stacks are deployed at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cross_account_access.cli.fleet import parallelism
from cross_account_access.cli.fleet.parallelism import (
    MEMORY_OF_A_STACK,
    choose_parallelism,
    count_cores,
    read_free_memory,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("chosen", "stacks", "cores", "fitting", "number"),
    [
        (None, 10, 4, 8, 4),
        (None, 10, 8, 3.9, 3),
        (None, 10, 8, 0.5, 1),
        (None, 2, 8, 8, 2),
        (None, 10, 4, None, 4),
        (6, 10, 2, 2, 6),
        (6, 3, 2, 2, 3),
    ],
)
def test_as_many_as_cores_and_free_memory_allow(
    chosen: int | None,
    stacks: int,
    cores: int,
    fitting: float | None,
    number: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = None if fitting is None else int(fitting * MEMORY_OF_A_STACK)
    monkeypatch.setattr(parallelism, "count_cores", lambda: cores)
    monkeypatch.setattr(parallelism, "read_free_memory", lambda: memory)
    assert choose_parallelism(chosen, stacks).number == number


MEMINFO = "MemTotal: 8000000 kB\nMemFree: 10 kB\nMemAvailable: 4096 kB\n"


@pytest.mark.parametrize(
    ("meminfo", "limit", "used", "free"),
    [
        (MEMINFO, None, None, 4096 * 1024),
        (MEMINFO, "max", "1", 4096 * 1024),
        (MEMINFO, "5000", "3000", 2000),
        (MEMINFO, "5000", "6000", 0),
        (None, "5000", "3000", 2000),
        (None, None, None, None),
        ("MemAvailable:\n", None, None, None),
        ("Nothing\n", "many", "1", None),
    ],
)
def test_free_memory(
    tmp_path: Path, meminfo: str | None, limit: str | None, used: str | None, free: int | None
) -> None:
    for name, text in (("meminfo", meminfo), ("memory.max", limit), ("memory.current", used)):
        if text is not None:
            (tmp_path / name).write_text(text, encoding="ascii")
    assert read_free_memory(tmp_path / "meminfo", tmp_path) == free


@pytest.mark.parametrize(
    ("stat", "free"),
    [
        ("anon 7\nfile 2500\ninactive_file 1500\n", 3500),
        ("anon 7\n", 2000),
        ("inactive_file x\n", 2000),
    ],
)
def test_a_containers_files_in_memory_are_free_memory(tmp_path: Path, stat: str, free: int) -> None:
    files = {"memory.max": "5000", "memory.current": "3000", "memory.stat": stat}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    assert read_free_memory(tmp_path / "meminfo", tmp_path) == free


def test_a_process_has_a_core() -> None:
    assert count_cores() >= 1
