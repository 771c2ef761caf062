"""Runs on many stacks, with a stand-in for the Pulumi CLI."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from cross_account_access.cli.terminal import ExitCode
from tests.cli.fleet.fleet_projects import ALL, HUB, LOCKED, FleetProject, results
from tests.hostile_outputs import HOSTILE_VALUES

if TYPE_CHECKING:
    from pathlib import Path

CREATED = {"summaryEvent": {"resourceChanges": {"create": 3, "same": 1}}}


# --- Order ----------------------------------------------------------------------------------------


def times(project: FleetProject, verb: str) -> dict[str, float]:
    return {call["stack"]: call["time"] for call in project.calls(verb)}


def test_destinations_come_before_sources_on_up(project: FleetProject) -> None:
    slow = {"seconds": 0.5}
    project.plan(**{"up/production": slow, "up/staging": slow})
    assert project.run("up", "--yes", "--parallel", "3").exit_code == ExitCode.DONE
    at = times(project, "up")
    assert at["people"] - max(at["production"], at["staging"]) >= 0.5
    assert abs(at["production"] - at["staging"]) < 0.5


def test_sources_come_before_destinations_on_destroy(project: FleetProject) -> None:
    project.plan(stacks=ALL, **{"destroy/people": {"seconds": 0.5}})
    assert project.run("destroy", "--yes", "--parallel", "3").exit_code == ExitCode.DONE
    at = times(project, "destroy")
    assert min(at["production"], at["staging"]) - at["people"] >= 0.5


def test_at_most_so_many_run_at_once(project: FleetProject) -> None:
    slow = {"seconds": 0.4}
    project.plan(stacks=ALL, **{f"preview/{stack}": slow for stack in ALL})
    project.run("preview", "--parallel", "1")
    at = sorted(times(project, "preview").values())
    assert min(later - earlier for earlier, later in itertools.pairwise(at)) >= 0.4


# --- What is run ----------------------------------------------------------------------------------


def test_missing_stacks_are_created_and_never_selected(project: FleetProject) -> None:
    project.plan(stacks=["people"])
    project.run("up", "--yes")
    assert sorted(project.list_called("stack init")) == [
        ("stack init", "production"),
        ("stack init", "staging"),
    ]
    assert all("--no-select" in call["arguments"] for call in project.calls("stack init"))
    assert not project.calls("stack select")


def test_a_stacks_own_secrets_provider_is_kept(project: FleetProject) -> None:
    file = project.folder / "Pulumi.people.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"secretsprovider: awskms://alias/fleet\n{text}", encoding="utf-8")
    project.run("up", "people", "--yes")
    [init] = project.calls("stack init")
    assert init["arguments"][-2:] == ["--secrets-provider", "awskms://alias/fleet"]


def test_a_preview_creates_no_stack_in_the_backend(project: FleetProject) -> None:
    project.plan(stacks=["people"], **{"preview/staging": {"events": [CREATED]}})
    done = project.run("preview", "--json")
    assert done.exit_code == ExitCode.DONE
    new = [call for call in project.calls("preview") if "--config-file" in call["arguments"]]
    assert sorted(call["stack"] for call in new) == ["production", "staging"]
    [staging] = [stack for stack in done.document["stacks"] if stack["stack"] == "staging"]
    assert (staging["message"], staging["changes"]["create"]) == ("new stack", 3)
    assert "encryptionsalt" not in (project.folder / "Pulumi.staging.yaml").read_text()


def test_what_is_not_there_is_not_destroyed(project: FleetProject) -> None:
    project.plan(stacks=["people"])
    done = project.run("destroy", "--yes", "--json")
    assert done.exit_code == ExitCode.DONE
    assert results(done.document) == {"people": "done", "production": "absent", "staging": "absent"}
    assert project.list_called("destroy") == [("destroy", "people")]


def test_a_stack_whose_account_left_is_destroyed_only_if_it_is_named(project: FleetProject) -> None:
    config = (project.folder / "Pulumi.people.yaml").read_text().replace("people", "left")
    (project.folder / "Pulumi.left.yaml").write_text(config)
    project.plan(stacks=[*ALL, "left", "pair"])
    project.run("destroy", "--yes")
    assert ("destroy", "left") not in project.list_called("destroy")
    assert project.run("destroy", "left", "--yes").exit_code == ExitCode.DONE
    assert project.list_called("destroy")[-1] == ("destroy", "left")
    assert project.run("up", "left", "--yes").exit_code == ExitCode.WRONG_INPUT
    assert project.run("destroy", "pair", "--yes").exit_code == ExitCode.WRONG_INPUT


# --- Failures -------------------------------------------------------------------------------------

REFUSED = {
    "code": 255,
    "events": [
        {"diagnosticEvent": {"severity": "error", "message": "EntityAlreadyExists: deploy"}}
    ],
}


def test_a_failure_stops_no_other_and_is_told_and_taken_up_again(project: FleetProject) -> None:
    project.plan(stacks=ALL, **{"up/production": REFUSED})
    done = project.run("up", "--yes", "--json")
    assert done.exit_code == ExitCode.NO
    assert results(done.document) == {"production": "failed", "staging": "done", "people": "done"}
    [failed] = [stack for stack in done.document["stacks"] if stack["result"] == "failed"]
    assert failed["message"] == "EntityAlreadyExists: deploy"
    assert "imports" in failed["remedy"]
    assert failed["log"].endswith("production.up.log")

    project.plan(stacks=ALL)
    again = project.run("up", "--failed", "--yes", "--json")
    assert (again.exit_code, results(again.document)) == (ExitCode.DONE, {"production": "done"})
    nothing = project.run("up", "--failed", "--yes", "--json")
    assert (nothing.exit_code, nothing.document["stacks"]) == (ExitCode.DONE, [])
    told = project.run("up", "--failed", "--yes").stdout
    assert told == "Nothing to do: the last run left none of these stacks unfinished.\n"


def test_a_fault_at_one_stack_stops_no_other(project: FleetProject) -> None:
    # What the CLI has never answered.
    project.plan(stacks=ALL, states={"production": [1]})
    done = project.run("up", "--yes", "--json")
    assert done.exit_code == ExitCode.NO
    assert results(done.document) == {"production": "failed", "staging": "done", "people": "done"}


def test_a_stack_that_was_never_deployed_has_no_state(project: FleetProject) -> None:
    project.plan(stacks=ALL, states={"production": {"version": 3, "deployment": None}})
    assert project.run("up", "--yes").exit_code == ExitCode.DONE


def test_the_table_says_what_failed_and_where_its_log_is(project: FleetProject) -> None:
    project.plan(stacks=ALL, **{"up/production": REFUSED, "up/staging": {"events": [CREATED]}})
    lines = project.run("up", "--yes").stdout.splitlines()
    assert lines[0].split() == ["stack", "result", "+", "~", "+-", "-", "=", "seconds"]
    assert lines[2].split()[:7] == ["staging", "done", "3", "0", "0", "0", "1"]
    assert "production: EntityAlreadyExists: deploy" in lines
    assert any(line.strip().startswith("Log: ") for line in lines)
    assert "--failed" in lines[-1]


def test_the_log_has_all_that_pulumi_printed_for_its_owner_only(project: FleetProject) -> None:
    project.plan(stacks=ALL, **{"up/people": {"text": "Updating (people):", "error": "warning"}})
    project.run("up", "people", "--yes")
    log = project.folder / ".fleet" / "people.up.log"
    assert {*log.read_text().split("\n")} >= {"Updating (people):", "warning"}
    assert log.stat().st_mode & 0o777 == 0o600
    # The events hold the config.
    assert not list(log.parent.glob("*events*"))


def test_no_text_of_pulumis_reaches_the_terminal_as_it_is(project: FleetProject) -> None:
    # In pieces, for a message is shortened.
    pieces = [HOSTILE_VALUES[start : start + 10] for start in range(0, len(HOSTILE_VALUES), 10)]
    steps = [
        {
            "code": 1,
            "events": [{"diagnosticEvent": {"severity": "error", "message": " ".join(one)}}],
        }
        for one in pieces
    ]
    for step, value in zip(steps, HOSTILE_VALUES, strict=False):
        project.plan(stacks=[*ALL, value], **{"up/people": step})
        options = ("--json",) if steps.index(step) % 2 else ()
        done = project.run("up", "people", "--yes", *options)
        for text in (done.stdout, done.stderr):
            assert all(char.isprintable() or char == "\n" for char in text)


def test_a_lock_of_somebody_else_is_told_and_stays(project: FleetProject) -> None:
    project.plan(stacks=ALL, **{"up/people": LOCKED})
    done = project.run("up", "people", "--yes", "--json")
    [people] = done.document["stacks"]
    assert people["message"] == "the stack is locked by somebody@elsewhere (process 7)"
    assert "pulumi cancel -s people" in people["remedy"]
    assert not project.calls("cancel")


# --- Before any stack -----------------------------------------------------------------------------


def refused(project: FleetProject, *arguments: str, **environment: str | None) -> str:
    done = project.run(*arguments, **environment)
    assert done.stdout == ""
    assert not project.calls("up", "stack init", "preview", "destroy")
    assert len(done.stderr.splitlines()) <= 2
    return f"{done.exit_code} {done.stderr}"


def test_without_the_cli_there_is_one_message(project: FleetProject) -> None:
    (project.fake / "pulumi").unlink()
    told = refused(project, "up", "--yes", PATH=str(project.fake))
    assert told.startswith(f"{ExitCode.UNAVAILABLE:d} ")
    assert "Pulumi CLI" in told


def test_without_a_login_there_is_one_message(project: FleetProject) -> None:
    error = "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"
    project.plan(**{"stack ls/": {"code": 255, "error": error}})
    told = refused(project, "up", "--yes")
    assert told.startswith(f"{ExitCode.UNAVAILABLE:d} ")
    assert "pulumi login" in told


@pytest.mark.parametrize(
    ("url", "settings", "is_missing"),
    [
        ("file:///state", "", True),
        ("s3://bucket", "secretsprovider: passphrase\n", True),
        ("s3://bucket", "secretsprovider: awskms://alias/x\n", False),
        ("https://app.pulumi.com/me", "", False),
    ],
)
def test_without_the_passphrase_there_is_one_message(
    project: FleetProject, url: str, settings: str, *, is_missing: bool
) -> None:
    for file in project.folder.glob("Pulumi.*.yaml"):
        file.write_text(settings + file.read_text(encoding="utf-8"), encoding="utf-8")
    project.plan(stacks=ALL, url=url)
    if is_missing:
        told = refused(project, "up", "--yes", PULUMI_CONFIG_PASSPHRASE=None)
        assert told.startswith(f"{ExitCode.UNAVAILABLE:d} ")
        assert "PULUMI_CONFIG_PASSPHRASE" in told
    else:
        done = project.run("up", "--yes", PULUMI_CONFIG_PASSPHRASE=None)
        assert done.exit_code == ExitCode.DONE


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("up",), "--yes"),
        (("destroy",), "--yes"),
        (("up", "nowhere", "--yes"), "nowhere"),
        (("up", "--yes", "--file", "none.yaml"), "none.yaml"),
    ],
)
def test_a_wrong_command_line_is_refused(
    project: FleetProject, arguments: tuple[str, ...], word: str
) -> None:
    told = refused(project, *arguments)
    assert told.startswith(f"{ExitCode.WRONG_INPUT:d} ")
    assert word in told


def test_a_missing_or_wrong_stack_file_is_refused(project: FleetProject) -> None:
    file = project.folder / "Pulumi.staging.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('["staging"]', '["staging", "people"]'), encoding="utf-8")
    assert "Pulumi.staging.yaml: cross-account-access:only" in refused(project, "up", "--yes")
    file.unlink()
    assert "fleet init" in refused(project, "preview")


def test_a_broken_access_file_is_refused_once(tmp_path: Path) -> None:
    broken = {**HUB, "accounts": {**HUB["accounts"], "idle": {"accountId": "444444444444"}}}
    project = FleetProject.make(tmp_path, broken)
    told = refused(project, "up", "--yes")
    assert "access.yaml: accounts.idle" in told
    assert project.calls() == []
