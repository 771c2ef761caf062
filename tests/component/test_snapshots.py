"""No resource is made, moved or renamed unnoticed: each stack's resources are those of its
committed snapshot.

A resource whose type, name or parent changes is another one to Pulumi: users' stacks delete the
old and make a new one.
"""

from __future__ import annotations

import os
import runpy
import shutil
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
import yaml

from cross_account_access.config.settings import NAMESPACE
from examples.__main__ import EXAMPLES, FLEET, PROFILES
from sandbox.aws.server import Sandbox
from sandbox.deploy import in_process
from sandbox.deploy.stack import load
from sandbox.proof.people import make_people
from tests.component.harness import run
from tests.component.world import World
from tests.fleet_example import emulate_accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]
SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE = "UPDATE_SNAPSHOTS"
STACKS = {"dev": PROJECT / "Pulumi.dev.yaml"} | {
    f"{file.parent.name}-{file.stem.removeprefix('Pulumi.')}": file
    for file in EXAMPLES.glob("*/Pulumi.*.yaml")
}
PROGRAMS = {
    "-".join(file.relative_to(EXAMPLES).parts[:-1]): file
    for file in EXAMPLES.glob("*/**/__main__.py")
}
PROVIDERS = PROFILES | {"hub": PROFILES["people"]}
TOLD = {"ci_arn": "arn:aws:iam::111111111111:role/ci", "ci_unique_id": "AROA0123456789ABCDEF"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def line(account: str | None, kind: str, name: str, parent: str | None) -> str:
    """A resource in one line: its provider's account, its type and name, and whose child it is."""
    return f"{account or '(no account)'} {kind} {name} of {parent or 'the stack'}"


def made_by_stack(file: Path, sandbox: Sandbox, folder: Path) -> list[str]:
    """What a preview of the stack would make."""
    sandbox.reset()
    for name in ("Pulumi.yaml", "__main__.py", "stack_config.py"):
        shutil.copy(PROJECT / name, folder)
    if file.parent == FLEET:
        access = yaml.safe_dump(emulate_accounts(sandbox.endpoint))
        (folder / "access.yaml").write_text(access, encoding="utf-8")
    config = folder / file.name
    text = file.read_text(encoding="utf-8").replace("http://127.0.0.1:4577", sandbox.endpoint)
    config.write_text(text, encoding="utf-8")
    stack = load(folder, "snapshot", config)
    with make_people(stack.endpoint, stack.settings, keep=False):
        found = in_process.deploy(
            folder / "__main__.py", NAMESPACE, stack.name, stack.config, preview=True
        )
    return [line(made.account, made.type, made.name, made.parent) for made in found.resources]


class AnotherStack:
    """In the place of a `pulumi.StackReference`: what the other team's stack tells."""

    def __init__(self, _name: str) -> None:
        pass

    def require_output(self, key: str) -> pulumi.Output[str]:
        return pulumi.Output.from_input(TOLD[key])


def made_by_program(file: Path) -> list[str]:
    """What a program of its own makes."""

    def program() -> dict[str, Any]:
        runpy.run_path(str(file))
        return {}

    def parent(key: str) -> str | None:
        return None if key.startswith("pulumi:pulumi:Stack::") else key

    found = run(program, world=World(accounts=PROVIDERS))
    return [
        line(PROVIDERS.get(made.provider), made.type, made.name, parent(made.parent))
        for made in found.made
    ]


def check(name: str, made: list[str]) -> None:
    now = "".join(f"{told}\n" for told in sorted(made))
    snapshot = SNAPSHOTS / f"{name}.txt"
    if os.environ.get(UPDATE):
        snapshot.write_text(now, encoding="utf-8")
    committed = snapshot.read_text(encoding="utf-8") if snapshot.exists() else ""
    difference = "".join(
        unified_diff(committed.splitlines(True), now.splitlines(True), snapshot.name, "now", n=0)
    )
    assert now == committed, (
        f"{name} makes other resources than before, so that users' stacks delete and make some:\n"
        f"{difference}"
        f"If that is meant, write the snapshot anew with {UPDATE}=1, and say so in CHANGELOG.md"
    )


@pytest.mark.parametrize("name", sorted(STACKS))
def test_a_stack_makes_the_resources_of_its_snapshot(
    name: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    check(name, made_by_stack(STACKS[name], sandbox, tmp_path))


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_makes_the_resources_of_its_snapshot(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulumi, "StackReference", AnotherStack)
    check(name, made_by_program(PROGRAMS[name]))


def test_every_snapshot_is_a_stacks_or_a_programs() -> None:
    assert {file.stem for file in SNAPSHOTS.glob("*.txt")} == {*STACKS, *PROGRAMS, "messages"}


def test_a_change_is_told_by_the_lines_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(UPDATE, raising=False)
    committed = (SNAPSHOTS / "dev.txt").read_text(encoding="utf-8").splitlines()
    role = next(told for told in committed if "role:Role" in told)
    with pytest.raises(AssertionError) as found:
        check(
            "dev",
            [told for told in committed if told != role] + [role.replace("access-", "other-")],
        )
    changed = [
        told for told in map(str.strip, str(found.value).splitlines()) if told[:2] in ("-2", "+2")
    ]
    assert changed == [f"-{role}", f"+{role.replace('access-', 'other-')}"]
