"""A grant that requires much: `exec` brings it, and a profile that could not is not written."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.terminal import ExitCode
from tests.cli.conftest import deploy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.aws.server import Sandbox
    from tests.cli.conftest import Stage

OUTPUTS = ("--outputs", "outputs.json")
GRANTS: dict[str, Any] = {
    "tagged": {
        "principals": [{"user": "alice"}],
        "role": {"managedPolicies": ["ReadOnlyAccess"], "maxSessionDuration": 7200},
        "conditions": {
            "externalId": "id-0f3b",
            "sessionNames": ["${aws:username}-*"],
            "sourceIdentities": ["alice"],
            "sessionTags": {"team": ["blue", "red"], "cost": ["42"]},
            "transitiveTagKeys": ["team"],
        },
    },
    "named": {
        "principals": [{"user": "carol"}],
        "role": {"managedPolicies": ["ReadOnlyAccess"]},
        "conditions": {"sessionNames": ["ticket-??"]},
    },
    "either": {
        "principals": [{"user": "alice"}, {"user": "bob", "conditions": {"externalId": "id-b0b"}}],
        "role": {"managedPolicies": ["ReadOnlyAccess"]},
    },
}


@pytest.fixture(scope="module")
def demanding(accounts: Sandbox) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        yield from deploy(accounts, Path(folder), grants=GRANTS)


def test_the_call_brings_what_the_trust_policy_asks_for(demanding: Stage) -> None:
    args = ("exec", "tagged", *OUTPUTS, "--profile", "alice", "--session-tag", "team=red", "--")
    done = demanding.call(*args, "printenv", "AWS_ACCESS_KEY_ID")
    assert (done.returncode, done.stderr) == (0, "")
    session = demanding.sandbox._state.sessions.get(done.stdout.strip())
    assert session
    assert (session.name, session.source_identity) == ("alice-tagged", "alice")
    assert (session.tags, session.transitive_tag_keys) == ({"team": "red", "cost": "42"}, ("team",))
    assert session.expires - session.issued == 7200


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_everybody_comes_in_by_their_own_statement(demanding: Stage, who: str) -> None:
    done = demanding.call("exec", "either", *OUTPUTS, "--profile", who, "--", "echo", "ran")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (
            ("exec", "tagged", *OUTPUTS, "--profile", "alice", "--", "true"),
            ExitCode.WRONG_INPUT,
            "Pass --session-tag team=VALUE.",
        ),
        (
            (
                *("exec", "tagged", *OUTPUTS, "--profile", "alice"),
                *("--session-tag", "team=green", "--", "true"),
            ),
            ExitCode.NO,
            "sts:AssumeRole",
        ),
        (
            ("profile", "tagged", *OUTPUTS, "--source-profile", "alice", "--yes"),
            ExitCode.NO,
            "grant tagged requires a source identity",
        ),
    ],
)
def test_what_cannot_be_brought_is_told(
    demanding: Stage, args: tuple[str, ...], code: ExitCode, message: str
) -> None:
    done = demanding.call(*args)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "id-0f3b" not in done.stderr


@pytest.mark.parametrize(("who", "external_id"), [("alice", False), ("bob", True)])
def test_the_profile_is_for_whoever_has_the_source_profile(
    demanding: Stage, who: str, external_id: bool
) -> None:
    args = ("--source-profile", who, "--prefix", f"{who}-", "--yes", "--json")
    printed = json.loads(demanding.call("profile", *OUTPUTS, *args).stdout)
    assert [one["profile"] for one in printed["profiles"]] == [f"{who}-either"]
    assert [one["grant"] for one in printed["skipped"]] == ["named", "tagged"]
    config = (demanding.folder / "aws" / "config").read_text(encoding="utf-8")
    assert ("external_id = id-b0b" in config.partition(f"[profile {who}-either]")[2]) is external_id


def test_the_session_name_is_said_once(demanding: Stage) -> None:
    args = ("profile", "named", *OUTPUTS, "--prefix", "carol-", "--yes")
    first = demanding.call(*args, "--source-profile", "carol", "--session-name", "ticket-01")
    assert "+role_session_name = ticket-01\n" in first.stdout
    assert demanding.call(*args).stdout.startswith("No changes: ")
    other = demanding.call(*args, "--session-name", "ticket-02")
    assert "-role_session_name = ticket-01\n+role_session_name = ticket-02\n" in other.stdout
