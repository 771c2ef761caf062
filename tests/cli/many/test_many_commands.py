"""`explain`, `map`, `handoff`, `profile`, `open` and `exec` on stacks of many accounts."""

from __future__ import annotations

import json
from configparser import RawConfigParser
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.fleets import CI, EXTERNAL_ID, PEOPLE, PRODUCTION, STAGING, name_both_alice

if TYPE_CHECKING:
    from tests.cli.fleets import FleetStage

EVERY_DESTINATION = ["development", "production", "staging"]


def run_json(many: FleetStage, *args: str) -> Any:
    return json.loads(many.call(*args, "--json").stdout)


# --- explain --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "grant", "options", "half"),
    [
        ("alice", "read-only@production", (), None),
        ("alice", "read-only-production", (), None),
        ("alice", f"arn:aws:iam::{PRODUCTION}:role/read-only", (), None),
        (f"arn:aws:iam::{PEOPLE}:user/alice", "read-only@staging", (), None),
        (f"arn:aws:iam::{CI}:user/alice", "read-only@staging", (), "source"),
        ("deployer", "read-only@development", (), None),
        ("deployer", "deploy@development", ("--external-id", "-"), None),
        ("deployer", "deploy@development", (), "destination"),
        ("alice", "deploy@production", ("--external-id", EXTERNAL_ID), None),
        (
            f"arn:aws:iam::{PEOPLE}:user/alice",
            "deploy@production",
            ("--external-id", "-"),
            "source",
        ),
        ("mallory", "read-only@production", (), "source"),
    ],
)
def test_a_caller_of_any_account_is_explained(
    many: FleetStage, who: str, grant: str, options: tuple[str, ...], half: str | None
) -> None:
    report = run_json(many, "explain", who, grant, *many.every_part, *options)
    assert (report["half"], report["allowed"]) == (half, half is None)


@pytest.mark.parametrize(
    ("stack", "source", "destination"),
    [("people", True, True), ("ci", None, True), ("production", None, True)],
)
def test_the_policies_of_another_stack_are_not_known(
    many: FleetStage, stack: str, source: bool | None, destination: bool
) -> None:
    """A stack of one part has every trust policy, but only its own account's policies."""
    outputs = ("--outputs", f"{stack}.json")
    report = run_json(many, "explain", "alice", "read-only@production", *outputs)
    assert report["halves"]["destination"]["allows"] is destination
    assert report["halves"]["source"]["allows"] is bool(source)
    assert report["caller"]["policiesKnown"] is bool(source)


@pytest.mark.parametrize("name", ["read-only", "deploy"])
def test_explain_says_which_destinations_there_are(many: FleetStage, name: str) -> None:
    done = many.call("explain", "alice", name, "--outputs", "ci.json")
    assert done.returncode == 2
    assert f"{name}@production of ci.json" in done.stderr
    assert "GRANT@ACCOUNT" in done.stderr


def test_a_principal_of_several_accounts_must_be_named_by_its_arn(many: FleetStage) -> None:
    text = name_both_alice(many)
    (many.folder / "same.json").write_text(text, encoding="utf-8")
    done = many.call("explain", "alice", "read-only@staging", "--outputs", "same.json")
    assert f"user/alice is in several accounts: {PEOPLE}, {CI}" in done.stderr
    assert f"arn:aws:iam::{CI}:user/alice" in done.stderr


def test_live_accounts_are_explained(many: FleetStage) -> None:
    readers = ("--source-profile", "ci", "--destination-profile", "staging")
    report = run_json(
        many, "explain", "deployer", "read-only@staging", *many.every_part, "--live", *readers
    )
    assert (report["allowed"], report["basis"]) == (True, "accounts")


# --- map ------------------------------------------------------------------------------------------


def test_the_map_of_all_stacks_is_one_picture(many: FleetStage) -> None:
    found = run_json(many, "map", *many.every_part)
    assert len(found["roles"]) == 5
    assert {role["accountName"] for role in found["roles"]} == {*EVERY_DESTINATION}
    assert len(found["access"]) == 10
    assert {edge["half"] for edge in found["access"]} == {"both"}


@pytest.mark.parametrize(
    ("stack", "halves"),
    [
        ("people", {"source", "neither"}),
        ("ci", {"source", "neither"}),
        ("production", {"destination"}),
    ],
)
def test_the_map_of_one_stack_says_which_half_it_makes(
    many: FleetStage, stack: str, halves: set[str]
) -> None:
    found = run_json(many, "map", "--outputs", f"{stack}.json")
    assert {edge["half"] for edge in found["access"]} == halves


# --- handoff --------------------------------------------------------------------------------------


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


# --- profile, open, exec --------------------------------------------------------------------------


def read_profiles(many: FleetStage) -> dict[str, dict[str, str]]:
    parser = RawConfigParser()
    parser.read(many.folder / "aws" / "config")
    return {name.removeprefix("profile "): dict(parser[name]) for name in parser.sections()}


def test_each_destination_has_a_profile(own_many: FleetStage) -> None:
    options = ("--source-profile", "alice", "--yes")
    done = own_many.call("profile", *own_many.every_part, *options)
    assert done.returncode == 0, done.stderr
    profiles = read_profiles(own_many)
    assert profiles.keys() - {"deployer"} == {f"read-only-{name}" for name in EVERY_DESTINATION}
    assert profiles["read-only-staging"] == {
        "role_arn": f"arn:aws:iam::{STAGING}:role/read-only",
        "source_profile": "alice",
        "role_session_name": "alice",
        "duration_seconds": "7200",
    }
    again = own_many.call("profile", "--outputs", "people.json", *options)
    assert again.stdout.startswith("No changes")


def test_profiles_have_the_external_id_and_a_prefix(own_many: FleetStage) -> None:
    options = ("--source-profile", "ci-alice", "--prefix", "x-", "--yes")
    own_many.call("profile", "deploy@production", *own_many.every_part, *options)
    assert read_profiles(own_many)["x-deploy-production"]["external_id"] == EXTERNAL_ID


def test_profiles_of_one_name_are_refused(own_many: FleetStage) -> None:
    """GRANT-ACCOUNT may be the same of two grants."""
    parts = json.dumps(own_many.parts["people"])
    changed = {"read-only": "read", "staging": "only-production"}
    other = parts
    for old, new in changed.items():
        for form in ('"{}"', '\\"{}\\"'):
            other = other.replace(form.format(old), form.format(new))
    other = other.replace("role/read-only", "role/read")
    (own_many.folder / "other.json").write_text(other, encoding="utf-8")
    done = own_many.call(
        "profile", *("--outputs", "people.json", "--outputs", "other.json"),
        "--source-profile", "alice", "--yes",
    )  # fmt: skip
    assert done.returncode == 2
    assert "must not share the profile read-only-production: GRANT-ACCOUNT is the same" in (
        done.stderr
    )


@pytest.mark.parametrize("name", ["read-only@production", "read-only-production"])
def test_the_console_shows_grant_and_account(many: FleetStage, name: str) -> None:
    assert many.call("open", name, *many.every_part).stdout == (
        f"https://signin.aws.amazon.com/switchrole?account={PRODUCTION}&roleName=read-only"
        "&displayName=read-only-production\n"
    )


def test_the_url_is_the_same_as_in_the_outputs(many: FleetStage) -> None:
    url = many.parts["production"]["grants"]["read-only"]["production"]["switchRoleUrl"]
    assert many.call("open", "--outputs", "production.json", "read-only").stdout == f"{url}\n"


@pytest.mark.parametrize("command", [("open",), ("exec", "--profile", "alice", "--", "true")])
def test_one_destination_must_be_named(many: FleetStage, command: tuple[str, ...]) -> None:
    verb, *rest = command
    done = many.call(verb, "read-only", "--outputs", "people.json", *rest)
    assert done.returncode == 2
    assert (
        "Name one: read-only@development, read-only@production, read-only@staging." in done.stderr
    )


@pytest.mark.parametrize(
    ("profile", "grant"),
    [
        ("alice", "read-only@staging"),
        ("ci-alice", "deploy-production"),
        ("deployer", "deploy@production"),
        ("deployer", "read-only@staging"),
    ],
)
def test_a_command_runs_with_the_role(many: FleetStage, profile: str, grant: str) -> None:
    code = "import os; print(os.environ['AWS_ACCESS_KEY_ID'][:4])"
    done = many.run(
        "exec", grant, *many.every_part, "--profile", profile, "--", "python3", "-c", code
    )
    assert (done.stdout, done.returncode) == ("ASIA\n", 0), done.stderr


def test_a_refusal_names_the_grant_with_its_account(many: FleetStage) -> None:
    done = many.run(
        "exec", "read-only@staging", *many.every_part, "--profile", "outsider", "--", "true"
    )
    assert done.returncode == 1
    assert "AWS denies grant read-only@staging" in done.stderr
    outputs = "--outputs staging.json --outputs people.json --outputs ci.json"
    assert f"explain arn:aws:iam::{PEOPLE}:user/outsider read-only@staging {outputs}" in done.stderr
