"""What an attacker writes into the outputs of many accounts' stacks reaches nobody either."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.terminal import ExitCode
from tests.cli.offline import offline, run
from tests.cli.test_hostile_outputs import OBEYED
from tests.hostile_outputs import HOSTILE_VALUES, find_strings, replace_string
from tests.many_records import GRANT, build_record, write_policies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STAGING = f"{GRANT}@staging"
COMMANDS: dict[str, tuple[str, ...]] = {
    "verify": ("verify", GRANT),
    "explain": ("explain", "alice", STAGING),
    "profile": ("profile", STAGING, "--dry-run"),
    "open": ("open", STAGING),
    "exec": ("exec", STAGING, "--outputs", "outputs.json", "--", "true"),
    "revoke": ("revoke", STAGING),
    "handoff": ("handoff", GRANT, "--for", "destination", "--to", "handed"),
    "map": ("map",),
    "page": ("map", "--to", "map.html"),
    "json": ("map", "--json"),
}
RECORDS = {
    name: json.loads(build_record(account=name).as_json()) for name in ("production", "staging")
}
POLICIES = {arn: json.loads(text) for arn, text in write_policies().items()}
WORLD = {"records": RECORDS, "policies": POLICIES}
PLACES = find_strings(WORLD)
PAIRS = list(product(PLACES, HOSTILE_VALUES))
STRIDE = 101


def build_outputs(world: Any) -> dict[str, Any]:
    """A stack's outputs with these records and policies."""
    accounts = {
        name: {"roleArn": "x", "documents": json.dumps(record, separators=(",", ":"))}
        for name, record in world["records"].items()
    }
    policies = {arn: json.dumps(document) for arn, document in world["policies"].items()}
    return {"grants": {GRANT: accounts}, "policies": policies}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with offline(tmp_path):
        yield tmp_path


def write(folder: Path, outputs: Any) -> None:
    (folder / "outputs.json").write_text(json.dumps(outputs), encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_take_these_outputs(folder: Path, command: str) -> None:
    write(folder, build_outputs(WORLD))
    ran = run(*COMMANDS[command])
    assert ran.code != ExitCode.WRONG_INPUT, ran


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_what_a_terminal_obeys(folder: Path, command: str) -> None:
    seen = set()
    for place, value in PAIRS[[*COMMANDS].index(command) :: STRIDE]:
        write(folder, build_outputs(replace_string(WORLD, place, value)))
        ran = run(*COMMANDS[command], terminal=True, NO_COLOR="1")
        assert not OBEYED.search(ran.out + ran.err), ran
        assert ran.code in set(ExitCode) - {ExitCode.CRASHED}, ran
        seen.add(place)
    assert seen == set(PLACES)


@pytest.mark.parametrize("kind", ["grant", "account", "arn"])
def test_names_in_outputs_reach_no_terminal(folder: Path, kind: str) -> None:
    outputs = build_outputs(WORLD)
    accounts = outputs["grants"][GRANT]
    for value in HOSTILE_VALUES:
        changed: dict[str, Any] = {
            "grant": {**outputs, "grants": {value: accounts}},
            "account": {**outputs, "grants": {GRANT: {value: {"documents": '{"format":1'}}}},
            "arn": {**outputs, "policies": {f"arn:{value}": None}},
        }[kind]
        write(folder, changed)
        ran = run("map", terminal=True, NO_COLOR="1")
        assert not OBEYED.search(ran.out + ran.err), ran
        assert ran.code == (ExitCode.DONE if kind == "grant" else ExitCode.WRONG_INPUT), ran


@pytest.mark.parametrize("name", [value for value in HOSTILE_VALUES if len(value) <= 64])
def test_no_name_leads_a_handoff_out_of_its_folder(folder: Path, name: str) -> None:
    """Whatever grant and account are called in the outputs."""
    for key in ("grant", "account"):
        world = replace_string(WORLD, ("records", "staging", key), name)
        other = replace_string(world, ("records", "production", key), name)
        write(folder, build_outputs(other))
        before = {*folder.rglob("*")}
        ran = run("handoff", "--for", "destination", "--to", "handed")
        made = {*folder.rglob("*")} - before
        assert all((folder / "handed") in (file, *file.parents) for file in made), made
        assert ran.code in (ExitCode.DONE, ExitCode.WRONG_INPUT)
