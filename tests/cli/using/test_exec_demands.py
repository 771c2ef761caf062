"""A grant that asks much of the call: `exec` brings it all, and a profile that couldn't isn't written."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.terminal import ExitCode
from tests.cli.conftest import deploy
from tests.cli.terminals import failing

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
    tell = "import os; print(os.environ['AWS_ACCESS_KEY_ID'])"
    args = (
        "exec",
        "tagged",
        *OUTPUTS,
        "--profile",
        "alice",
        "--session-tag",
        "team=red",
        "--",
        sys.executable,
        "-c",
        tell,
    )
    done = demanding.run(*args)
    assert (done.returncode, done.stderr) == (0, "")
    session = demanding.sandbox._state.sessions.get(done.stdout.strip())
    assert session
    assert (session.name, session.source_identity) == ("alice-tagged", "alice")
    assert (session.tags, session.transitive_tag_keys) == ({"team": "red", "cost": "42"}, ("team",))
    assert session.expires - session.issued == 7200


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_everybody_comes_in_by_their_own_statement(demanding: Stage, who: str) -> None:
    done = demanding.run("exec", "either", *OUTPUTS, "--profile", who, "--", "echo", "ran")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (
            ("exec", "tagged", "--profile", "alice", "--", "true"),
            ExitCode.WRONG_INPUT,
            "grant tagged requires the session tag team, one of blue, red\nGive --session-tag team=VALUE.",
        ),
        (
            ("exec", "tagged", "--profile", "alice", "--session-tag", "team=green", "--", "true"),
            ExitCode.NO,
            "AWS refuses grant",
        ),
        (
            ("profile", "tagged", "--source-profile", "alice", "--yes"),
            ExitCode.NO,
            "grant tagged requires a source identity, which a profile of the AWS CLI can't give\n`cross-account-access",
        ),
    ],
)
def test_what_cannot_be_brought_is_told(
    demanding: Stage,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    code: ExitCode,
    message: str,
) -> None:
    monkeypatch.chdir(demanding.folder)
    ended, told, _ = failing(demanding, *args[:2], *OUTPUTS, *args[2:])
    assert (ended, told[: len(message)]) == (code, message)
    assert "id-0f3b" not in told


@pytest.mark.parametrize(("who", "external_id"), [("alice", False), ("bob", True)])
def test_the_profile_is_for_whoever_has_the_source_profile(
    demanding: Stage, who: str, external_id: bool
) -> None:
    done = demanding.run(
        "profile", *OUTPUTS, "--source-profile", who, "--prefix", f"{who}-", "--yes", "--json"
    )
    told = json.loads(done.stdout)
    assert [one["profile"] for one in told["profiles"]] == [f"{who}-either"]
    assert [one["grant"] for one in told["skipped"]] == ["named", "tagged"]
    written = (demanding.folder / "aws" / "config").read_text(encoding="utf-8")
    assert (
        "external_id = id-b0b" in written.partition(f"[profile {who}-either]")[2]
    ) is external_id


def test_the_session_name_is_said_once(demanding: Stage) -> None:
    args = ("profile", "named", *OUTPUTS, "--prefix", "carol-", "--yes")
    first = demanding.run(*args, "--source-profile", "carol", "--session-name", "ticket-01")
    assert "+role_session_name = ticket-01\n" in first.stdout
    assert demanding.run(*args).stdout.startswith("Nothing to do: ")
    other = demanding.run(*args, "--session-name", "ticket-02")
    assert "-role_session_name = ticket-01\n+role_session_name = ticket-02\n" in other.stdout
