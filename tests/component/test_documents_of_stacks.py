"""No document changes unnoticed: the trust policies, source policies and records of each stack are
those of its committed file, byte for byte.

A changed trust policy is an update in the account of every user of that form, and a changed record
makes an older `verify` report drift.
"""

from __future__ import annotations

import json
import os
import runpy
from difflib import unified_diff
from typing import TYPE_CHECKING

import pulumi
import pytest
import yaml

import stack_config
from cross_account_access.config.settings import NAMESPACE
from tests.component.harness import run
from tests.component.test_snapshots import (
    PROGRAMS,
    PROJECT,
    PROVIDERS,
    SNAPSHOTS,
    STACKS,
    UPDATE,
    AnotherStack,
)
from tests.component.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from cross_account_access.config.settings import Settings
    from tests.component.engine_record import Run

DOCUMENTS = SNAPSHOTS / "documents"
KEYS = ("assumeRolePolicy", "policy")


def list_documents(found: Run, records: dict[str, str]) -> dict[str, str]:
    """Every document that is deployed, and every record of a grant, by what has it."""
    deployed = {
        f"{made.type.rpartition(':')[2]} {made.name}": str(made.inputs[key])
        for made in found.made
        for key in KEYS
        if key in made.inputs
    }
    return deployed | {f"record {name}": record for name, record in records.items()}


def make_world(settings: Settings) -> World:
    """Accounts that have the principals of a stack."""
    entities = [entity for grant in settings.grants.values() for entity in grant.entities]
    ids = {name: str(account) for name, account in settings.account_ids.items()}
    return World(
        users={one.name: one.path for one in entities if one.kind == "user"},
        roles={one.name: one.path for one in entities if one.kind == "role"},
        accounts=ids,
    )


def deploy_stack(file: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(pulumi, "get_root_directory", lambda: str(file.parent))
    given = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    own = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in given.items()}
    config = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()
    }
    found = run(
        lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__") and None,
        world=make_world(stack_config.check(own, folder=file.parent)),
        config=config,
    )
    return list_documents(found, found.outputs["documents"])


def run_program(file: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(pulumi, "StackReference", AnotherStack)
    found = run(lambda: runpy.run_path(str(file)) and None, world=World(accounts=PROVIDERS))
    records: dict[str, str] = {}
    for component, outputs in found.registered.items():
        for name, record in (outputs.get("documents") or {}).items():
            of_accounts = record if isinstance(record, dict) else {"": record}
            for account, one in of_accounts.items():
                records[f"{component.rpartition('::')[2]} {name}@{account}".rstrip("@")] = one
    return list_documents(found, records)


def check(name: str, documents: dict[str, str]) -> None:
    assert documents
    now = json.dumps(documents, indent=1, sort_keys=True) + "\n"
    file = DOCUMENTS / f"{name}.json"
    if os.environ.get(UPDATE):
        DOCUMENTS.mkdir(exist_ok=True)
        file.write_text(now, encoding="utf-8")
    committed = file.read_text(encoding="utf-8") if file.exists() else ""
    difference = "".join(
        unified_diff(committed.splitlines(True), now.splitlines(True), file.name, "now", n=0)
    )
    assert now == committed, (
        f"{name} has other documents than before, so that users' stacks change:\n{difference}"
        f"If that is meant, write the file anew with {UPDATE}=1, and say so in CHANGELOG.md"
    )


@pytest.mark.parametrize("name", sorted(STACKS))
def test_a_stack_has_the_documents_of_its_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check(name, deploy_stack(STACKS[name], monkeypatch))


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_has_the_documents_of_its_file(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(name, run_program(PROGRAMS[name], monkeypatch))


def test_every_file_of_documents_is_a_stacks_or_a_programs() -> None:
    assert {file.stem for file in DOCUMENTS.iterdir()} == {*STACKS, *PROGRAMS}
