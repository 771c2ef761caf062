"""The stacks' config: written where it is missing, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cross_account_access.cli.terminal import ExitCode
from tests.cli.fleet.fleet_projects import ALL, HUB, FleetProject
from tests.hostile_outputs import HOSTILE_VALUES

if TYPE_CHECKING:
    from pathlib import Path

FILE, ONLY = "cross-account-access:file", "cross-account-access:only"


def read(project: FleetProject, stack: str) -> Any:
    return yaml.safe_load((project.folder / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))


def test_each_missing_config_is_written_once(tmp_path: Path) -> None:
    project = FleetProject.make(tmp_path)
    done = project.run("init", "--json")
    assert done.exit_code == ExitCode.DONE
    names = [f"Pulumi.{stack}.yaml" for stack in ("production", "staging", "people")]
    assert done.document["written"] == names
    for stack in ("production", "staging", "people"):
        assert read(project, stack) == {"config": {FILE: "access.yaml", ONLY: [stack]}}
    again = project.run("init", "--json").document
    assert (again["written"], again["kept"], again["different"]) == ([], names, {})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"config: {{{FILE}: other.yaml, {ONLY}: [staging]}}", FILE),
        (f"config: {{{FILE}: access.yaml, {ONLY}: [production]}}", ONLY),
        (f"config: {{{FILE}: access.yaml, {ONLY}: [staging, people]}}", ONLY),
        (f"config: {{{FILE}: access.yaml}}", ONLY),
        ("config: {}", FILE),
        ("", FILE),
        ("[1, 2]", FILE),
        ("a: [", "YAML"),
    ],
)
def test_what_is_different_is_told_and_left(tmp_path: Path, text: str, key: str) -> None:
    project = FleetProject.make(tmp_path)
    file = project.folder / "Pulumi.staging.yaml"
    file.write_text(text, encoding="utf-8")
    done = project.run("init", "--json")
    assert done.exit_code == ExitCode.NO
    assert key in done.document["different"]["Pulumi.staging.yaml"]
    assert file.read_text(encoding="utf-8") == text


def test_what_else_a_config_has_is_its_own(tmp_path: Path) -> None:
    project = FleetProject.make(tmp_path)
    file = project.folder / "Pulumi.staging.yaml"
    config = {
        FILE: "access.yaml",
        ONLY: ["staging"],
        "cross-account-access:partner": {"secure": "v1:x"},
    }
    file.write_text(yaml.safe_dump({"encryptionsalt": "v1:y", "config": config}), encoding="utf-8")
    assert "Pulumi.staging.yaml" in project.run("init", "--json").document["kept"]


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    project = FleetProject.make(tmp_path)
    target = tmp_path / "elsewhere.yaml"
    (project.folder / "Pulumi.staging.yaml").symlink_to(target)
    assert project.run("init").exit_code == ExitCode.NO
    assert not target.exists()


def test_stacks_without_an_account_are_told_and_stay(tmp_path: Path) -> None:
    project = FleetProject.make(tmp_path)
    left = project.folder / "Pulumi.left.yaml"
    left.write_text(f"config: {{{FILE}: access.yaml, {ONLY}: [left]}}", encoding="utf-8")
    (project.folder / "Pulumi.pair.yaml").write_text("config: {}", encoding="utf-8")
    project.plan(stacks=["people", "organization/gone", "left", "pair"])
    done = project.run("init", "--json")
    assert done.document["orphans"] == {
        "gone": "the backend",
        "left": "Pulumi.left.yaml and the backend",
    }
    assert left.exists()
    assert project.list_called() == [("stack ls", "")]


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes"), ("destroy", "--yes")])
def test_every_run_on_all_stacks_tells_of_those_without_an_account(
    project: FleetProject, command: tuple[str, ...]
) -> None:
    config = f"config: {{{FILE}: access.yaml, {ONLY}: [left]}}"
    (project.folder / "Pulumi.left.yaml").write_text(config, encoding="utf-8")
    project.plan(stacks=["gone", "left", *ALL])
    told = [line for line in project.run(*command).stderr.splitlines() if "No account" in line]
    gone, left = "No account: stack gone, in", "No account: stack left, in Pulumi.left.yaml and"
    needless = "If it isn't needed any more:"
    destroy, rm = "cross-account-access fleet destroy left", ", then pulumi stack rm"
    assert told == [
        f"{gone} the backend. {needless} pulumi destroy -s gone{rm} gone",
        f"{left} the backend. {needless} {destroy}{rm} left",
    ]
    done = project.run(*command, "--json")
    assert done.document["orphans"].keys() == {"gone", "left"}
    assert "No account" not in done.stderr
    assert "No account" not in project.run(*command, "people").stderr
    assert {"gone", "left"}.isdisjoint(stack for _, stack in project.list_called())


def test_a_stacks_name_from_the_backend_reaches_no_terminal_as_it_is(tmp_path: Path) -> None:
    project = FleetProject.make(tmp_path)
    project.plan(stacks=HOSTILE_VALUES)
    for options in ((), ("--json",)):
        text = project.run("init", *options).stdout
        assert all(char.isprintable() or char == "\n" for char in text)


def test_files_are_written_without_a_backend(tmp_path: Path) -> None:
    project = FleetProject.make(tmp_path)
    project.plan(**{"stack ls/": {"code": 255, "error": "error: PULUMI_ACCESS_TOKEN must be set"}})
    done = project.run("init")
    assert done.exit_code == ExitCode.DONE
    assert "PULUMI_ACCESS_TOKEN must be set" in done.stderr
    assert (project.folder / "Pulumi.people.yaml").exists()


def test_a_broken_access_file_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    broken = {**HUB, "grants": {"deploy": {"source": "nobody"}}}
    project = FleetProject.make(tmp_path, broken)
    done = project.run("init")
    assert done.exit_code == ExitCode.WRONG_INPUT
    assert "access.yaml: grants.deploy" in done.stderr
    assert project.calls() == []
    assert not list(project.folder.glob("Pulumi.*.yaml"))
