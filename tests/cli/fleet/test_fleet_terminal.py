"""Runs on a terminal: they ask, and show how far they are."""

from __future__ import annotations

import os
import signal

import pytest

from cross_account_access.cli.terminal import ExitCode
from tests.cli.fleet.fleet_projects import ALL, FleetProject
from tests.cli.terminals import INTERRUPT, Terminal


@pytest.mark.parametrize(("answer", "code"), [("y\n", ExitCode.DONE), ("\n", ExitCode.NO)])
def test_up_shows_a_preview_and_asks(project: FleetProject, answer: str, code: ExitCode) -> None:
    project.plan(stacks=[*ALL, "gone"])
    with Terminal(project, "fleet", "up") as terminal:
        terminal.wait_for("Deploy these stacks?")
        assert len(project.calls("preview")) == 3
        assert not project.calls("up")
        terminal.type(answer)
        assert terminal.process.wait(30) == code
    assert len(project.calls("up")) == (3 if code == ExitCode.DONE else 0)
    assert terminal.seen.count("No account: stack gone") == 1


@pytest.mark.parametrize(("answer", "code"), [("y\n", ExitCode.DONE), ("n\n", ExitCode.NO)])
def test_destroy_names_the_stacks_and_asks(
    project: FleetProject, answer: str, code: ExitCode
) -> None:
    project.plan(stacks=ALL)
    with Terminal(project, "fleet", "destroy", "people", "staging") as terminal:
        terminal.wait_for("Destroy everything in staging, people?")
        assert not project.calls("destroy")
        terminal.type(answer)
        assert terminal.process.wait(30) == code
    assert len(project.calls("destroy")) == (2 if code == ExitCode.DONE else 0)


def test_progress_is_live_and_ctrl_c_reaches_each_stack_once(project: FleetProject) -> None:
    slow = {"seconds": 60}
    project.plan(stacks=ALL, **{"up/production": slow, "up/staging": slow})
    with Terminal(project, "fleet", "up", "--yes", "--parallel", "2") as terminal:
        terminal.wait_for("0 of 3")
        terminal.wait_for("production  up")
        project.wait_for("up", count=2)
        terminal.type(INTERRUPT)
        assert terminal.process.wait(30) == ExitCode.INTERRUPTED
    # Ctrl-C of a terminal goes to its whole foreground process group, of which Pulumi is none.
    assert len(project.calls("interrupted")) == 2


def test_ctrl_c_is_answered_at_once(project: FleetProject) -> None:
    stubborn = {"seconds": 2, "stubborn": True}
    project.plan(stacks=ALL, **{"up/production": stubborn, "up/staging": stubborn})
    with Terminal(project, "fleet", "up", "--yes", "--parallel", "2") as terminal:
        project.wait_for("up", count=2)
        os.kill(terminal.process.pid, signal.SIGINT)
        terminal.wait_for("Waiting for 2 stacks to finish what they have begun; Ctrl-C again ends")
        assert not project.calls("interrupted")
        assert terminal.process.wait(30) == ExitCode.INTERRUPTED
    assert len(project.calls("interrupted")) == 2
    assert terminal.seen.count("Waiting for") == 1


def test_nothing_to_go_on_with_is_not_asked_about(project: FleetProject) -> None:
    project.plan(stacks=ALL)
    with Terminal(project, "fleet", "up", "--failed") as terminal:
        assert terminal.process.wait(30) == ExitCode.DONE
    assert not project.calls("preview")
