"""The record of the last runs."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cross_account_access.cli.fleet.run_lock import hold_run_lock, make_run_folder
from cross_account_access.cli.fleet.run_record import RunRecord, StackRecord, get_machine, get_start
from cross_account_access.cli.terminal import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def test_what_was_not_done_is_unfinished_however_the_run_ended(tmp_path: Path) -> None:
    record = RunRecord(tmp_path)
    record.begin("up", ["done", "failed", "running", "waiting"])
    for stack in ("done", "failed", "running"):
        record.start(stack, os.getpid())
    record.finish("done", done=True)
    record.finish("failed", done=False)
    # As another process reads it, after this one was killed.
    assert RunRecord(tmp_path).list_unfinished("up") == ["failed", "running", "waiting"]
    assert RunRecord(tmp_path).list_unfinished("destroy") == []


def test_a_run_of_some_stacks_keeps_what_became_of_the_others(tmp_path: Path) -> None:
    record = RunRecord(tmp_path)
    record.begin("up", ["one", "two"])
    record.finish("two", done=False)
    record.begin("up", ["one"])
    record.finish("one", done=True)
    assert RunRecord(tmp_path).list_unfinished("up") == ["two"]
    record.begin("destroy", ["two"])
    assert record.list_unfinished("up") == []


def test_a_process_is_alive_until_it_ends(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    RunRecord(tmp_path).begin("up", ["one"])
    record = RunRecord(tmp_path)
    record.start("one", sleeper.pid)
    record.begin("up", ["one"])  # the next run doesn't forget it
    kept = RunRecord(tmp_path).get("one")
    assert kept is not None
    assert kept.is_alive
    for change in (
        {"started": "1"},  # the process ID of another process
        {"machine": "another"},
        {"pid": None},
    ):
        assert not replace(kept, **change).is_alive
    sleeper.kill()
    sleeper.wait()
    assert not kept.is_alive
    assert kept.is_here


def test_a_zombie_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert get_start(process.pid) is None


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    folder = make_run_folder(tmp_path)
    RunRecord(folder).begin("up", ["one"])
    assert stat.S_IMODE((folder / "last-run.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 2, "stacks": {}}',
        '{"format": 1}',
        '{"format": 1, "stacks": []}',
        '{"format": 1, "stacks": {"one": {"pid": 1}}}',
        '{"format": 1, "stacks": {"one": 7}}',
        "\udcff",
    ],
)
def test_a_file_of_another_form_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "last-run.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    assert RunRecord(tmp_path).list_unfinished("up") == []


def test_only_one_run_changes_stacks_and_its_end_frees_the_lock(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path;"
        "from cross_account_access.cli.fleet.run_lock import hold_run_lock\n"
        "with hold_run_lock(Path(sys.argv[1])): print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen(  # noqa: S603 - Python
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(Failure), hold_run_lock(tmp_path):
            pass
        other.kill()
    with hold_run_lock(tmp_path):
        pass


def test_a_machine_is_itself() -> None:
    assert StackRecord("up", "running", 1, "0", get_machine()).is_here
