"""`explain`, `map`, `profile`, `open` and `exec` on stacks of many accounts."""

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
