"""`handoff` on stacks of many accounts: each part that they don't make, in a folder of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.fleets import CI, PEOPLE, STAGING, name_both_alice

if TYPE_CHECKING:
    from tests.cli.fleets import FleetStage

EVERY_DESTINATION = ["development", "production", "staging"]


@pytest.mark.parametrize(
    ("grant", "stack", "options", "expected"),
    [
        (
            "read-only",
            "people",
            (),
            {
                name
                for account in EVERY_DESTINATION
                for name in (f"read-only@{account}", f"read-only@{account}-for-{CI}")
            },
        ),
        (
            "read-only",
            "people",
            ("--for", "destination"),
            {f"read-only@{account}" for account in EVERY_DESTINATION},
        ),
        (
            "read-only@staging",
            "staging",
            (),
            {f"read-only@staging-for-{account}" for account in (PEOPLE, CI)},
        ),
        ("deploy@production", "ci", (), {"."}),
        ("deploy@production", "production", (), {"."}),
        ("read-only@production", "people", ("--for", "destination"), {"."}),
    ],
)
def test_every_part_that_is_not_made_has_a_folder(
    many: FleetStage,
    grant: str,
    stack: str,
    options: tuple[str, ...],
    expected: set[str],
    tmp_path: Any,
) -> None:
    for _ in range(2):  # the second replaces the first
        done = many.call(
            "handoff", grant, "--outputs", f"{stack}.json", "--to", str(tmp_path / "to"), *options
        )
        assert done.returncode == 0, done.stderr
    written = {
        str(file.parent.relative_to(tmp_path / "to")) for file in tmp_path.rglob("handoff.json")
    }
    assert written == expected
    assert (tmp_path / "to").stat().st_mode & 0o077 == 0


def test_a_source_gets_the_policies_of_its_own_principals(many: FleetStage, tmp_path: Any) -> None:
    many.call(
        "handoff", "read-only@staging", "--outputs", "staging.json", "--to", str(tmp_path / "to")
    )
    for account, policy in ((PEOPLE, "policy-user-alice.json"), (CI, "policy-role-deployer.json")):
        folder = tmp_path / "to" / f"read-only@staging-for-{account}"
        assert [file.name for file in folder.glob("policy-*")] == [policy]
        readme = (folder / "README.md").read_text(encoding="utf-8")
        assert "verify read-only@staging --checksum" in readme
        assert account in readme
    assert f"arn:aws:iam::{STAGING}:role/read-only" in (folder / policy).read_text("utf-8")


def test_a_destination_is_told_of_which_account_each_principal_is(
    many: FleetStage, tmp_path: Any
) -> None:
    (many.folder / "same.json").write_text(name_both_alice(many), encoding="utf-8")
    to = ("--for", "destination", "--to", str(tmp_path / "to"))
    many.call("handoff", "read-only@staging", "--outputs", "same.json", *to)
    readme = (tmp_path / "to" / "README.md").read_text(encoding="utf-8")
    assert f"Accounts {PEOPLE} and {CI} ask you to create" in readme
    for account in (PEOPLE, CI):
        assert f"- user `alice` of account {account}: one IAM user\n" in readme


def test_the_folder_of_one_part_is_not_mixed_with_others(many: FleetStage, tmp_path: Any) -> None:
    to = ("--outputs", "people.json", "--to", str(tmp_path / "to"))
    assert many.call("handoff", "read-only@staging", *to, "--for", "destination").returncode == 0
    refused = many.call("handoff", "read-only", *to)
    assert refused.returncode == 2
    assert "holds the handoff of one half" in refused.stderr


def test_stacks_that_contradict_each_other_hand_nothing_over(
    many: FleetStage, tmp_path: Any
) -> None:
    """One of them wasn't deployed since the grant has changed, and which isn't known."""
    stale = json.dumps(many.parts["people"]).replace("7200", "3600")
    (many.folder / "stale.json").write_text(stale, encoding="utf-8")
    outputs = ("--outputs", "people.json", "--outputs", "stale.json")
    for grant in ("read-only", "read-only@staging"):
        done = many.call("handoff", grant, *outputs, "--to", str(tmp_path / "to"))
        assert done.returncode == 2
        assert "these are of people.json, stale.json" in done.stderr
    assert not (tmp_path / "to").exists()


def test_all_parts_are_handed_over_or_none(many: FleetStage, tmp_path: Any) -> None:
    to = tmp_path / "to"
    command = ("handoff", "read-only", "--to", str(to), "--for", "destination")
    assert many.call(*command, "--outputs", "people.json").returncode == 0
    readmes = sorted(to.rglob("README.md"))
    readmes[-1].write_text("edited", encoding="utf-8")
    before = [readme.read_text(encoding="utf-8") for readme in readmes]
    changed = json.dumps(many.parts["people"]).replace("7200", "3600")
    (many.folder / "changed.json").write_text(changed, encoding="utf-8")
    done = many.call(*command, "--outputs", "changed.json")
    assert done.returncode == 2
    assert "Nothing was written." in done.stderr
    assert [readme.read_text(encoding="utf-8") for readme in readmes] == before


def test_two_parts_of_one_folder_are_refused(many: FleetStage, tmp_path: Any) -> None:
    text = json.dumps(many.parts["people"])
    for form in ('"{}"', '\\"{}\\"'):
        text = text.replace(form.format("staging"), form.format(f"production-for-{CI}"))
    (many.folder / "clash.json").write_text(text, encoding="utf-8")
    done = many.call(
        "handoff", "read-only", "--outputs", "clash.json", "--to", str(tmp_path / "to")
    )
    assert done.returncode == 2
    assert "would have one folder" in done.stderr
    assert not (tmp_path / "to").exists()


def test_nothing_is_handed_over_where_the_stacks_make_all(many: FleetStage) -> None:
    done = many.call("handoff", "read-only", *many.every_part, "--to", "all")
    assert (done.returncode, done.stderr) == (
        2,
        (
            "Error: the stack makes every part of grant read-only\n"
            "Choose the half to hand over: --for source or --for destination.\n"
        ),
    )
