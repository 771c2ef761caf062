"""Runs that are interrupted or killed, with a stand-in for the Pulumi CLI."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.fleet.detached_pulumi import DetachedPulumi, NotStartedError
from cross_account_access.cli.terminal import ExitCode
from tests.cli.fleet.fleet_projects import ALL, LOCKED, FleetProject, results

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_reaches_each_stack_once_and_all_is_told(
    project: FleetProject, number: signal.Signals
) -> None:
    slow = {"seconds": 60}
    project.plan(stacks=ALL, **{"up/production": slow, "up/staging": slow})
    tool = project.start("up", "--yes", "--parallel", "2")
    project.wait_for("up", count=2)
    tool.send_signal(number)
    out, _ = tool.communicate(timeout=30)
    assert tool.returncode == ExitCode.INTERRUPTED
    assert len(project.calls("interrupted")) == 2
    assert [line.split()[:2] for line in out.splitlines()[1:4]] == [
        ["production", "interrupted"],
        ["staging", "interrupted"],
        ["people", "not"],
    ]
    project.plan(stacks=ALL)
    again = project.run("up", "--failed", "--yes", "--json")
    assert results(again.document) == dict.fromkeys(ALL, "done")


def test_a_stack_that_is_interrupted_before_its_update_has_not_failed(
    project: FleetProject,
) -> None:
    project.plan(stacks=ALL[1:], **{f"stack init/{ALL[0]}": {"seconds": 60}})
    process = project.start("up", ALL[0], "--yes", "--json")
    project.wait_for("stack init")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED
    assert results(json.loads(out)) == {ALL[0]: "interrupted"}


def run_fake(pulumi: DetachedPulumi, folder: Path) -> int:
    """Run an update to its log."""
    arguments = ["up", "--stack", "people"]
    log = folder / "up.log"
    ignore: Any = lambda *_: None  # noqa: E731
    return pulumi.run_to_log(arguments, folder, {}, log, on_start=ignore, on_poll=ignore)


def test_after_an_interrupt_nothing_is_started_that_would_not_hear_of_it(
    project: FleetProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    pulumi = DetachedPulumi()
    assert run_fake(pulumi, project.folder) == 0
    pulumi.interrupt()
    with pytest.raises(NotStartedError):
        run_fake(pulumi, project.folder)
    with pytest.raises(NotStartedError):
        pulumi.run(["stack", "init", "people"], str(project.folder), {})
    assert project.list_called("up", "stack init") == [("up", "people")]


def test_what_has_to_be_put_right_is_done_after_an_interrupt_too(
    project: FleetProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    pulumi = DetachedPulumi()
    pulumi.interrupt()
    delete = ["state", "delete", "urn", "--stack", "people"]
    pulumi.run(delete, str(project.folder), {}, whole=True)
    assert project.list_called() == [("state delete", "people")]


def test_an_update_that_an_interrupt_forestalled_is_told_as_interrupted(
    project: FleetProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interrupt comes after the stack was looked at, and before its update."""
    export = DetachedPulumi.run

    def run(pulumi: DetachedPulumi, args: list[str], *others: Any, **options: Any) -> Any:
        result = export(pulumi, args, *others, **options)
        if args[:2] == ["stack", "export"]:
            pulumi.interrupt()
        return result

    monkeypatch.setattr(DetachedPulumi, "run", run)
    project.plan(stacks=ALL)
    done = project.run("up", "people", "--yes", "--json")
    assert done.exit_code == ExitCode.INTERRUPTED
    assert results(done.document) == {"people": "interrupted"}
    assert not project.calls("up")


def test_pulumi_outlives_a_killed_run_and_the_next_one_waits_for_it(project: FleetProject) -> None:
    project.plan(stacks=ALL, **{"up/production": [{"seconds": 3, "text": "ended well"}, {}]})
    tool = project.start("up", "production", "--yes")
    project.wait_for("up")
    tool.kill()
    tool.communicate()
    began = time.monotonic()
    done = project.run("up", "--failed", "--yes", "--json")
    assert results(done.document) == {"production": "done"}
    assert "waiting for process" in done.stderr
    first, second = project.calls("up")
    assert second["time"] - first["time"] >= 3
    assert time.monotonic() - began < 30


def test_a_killed_runs_own_lock_is_lifted(project: FleetProject) -> None:
    project.plan(stacks=ALL, **{"up/production": {"seconds": 60}})
    tool = project.start("up", "production", "--yes")
    project.wait_for("up")
    tool.kill()
    tool.communicate()
    [killed] = project.calls("up")
    os.kill(killed["pid"], signal.SIGKILL)
    owner = f"me@{socket.gethostname()} (pid {killed['pid']})"
    locked = {**LOCKED, "error": LOCKED["error"].replace("somebody@elsewhere (pid 7)", owner)}
    project.plan(stacks=ALL, **{"up/production": [{}, locked, {}]})
    done = project.run("up", "--failed", "--yes", "--json")
    assert results(done.document) == {"production": "done"}
    assert project.list_called("cancel") == [("cancel", "production")]
