"""Runs that are interrupted or killed, with a stand-in for the Pulumi CLI."""

from __future__ import annotations

import json
import os
import signal
import socket
import time

import pytest

from cross_account_access.cli.terminal import ExitCode
from tests.cli.fleet.fleet_projects import ALL, LOCKED, FleetProject, results


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
