"""What `exec` asks AWS for, and what it says when AWS refuses: the very call, and no other."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cross_account_access.cli.caller import CallerSession
from cross_account_access.cli.terminal import ExitCode
from sandbox.aws.mfa import totp
from tests.cli.conftest import deploy, restoring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.aws.server import Sandbox
    from tests.cli.conftest import Stage

OUTPUTS = ("--outputs", "outputs.json")
PRINT = (sys.executable, "-c", "import json, os; print(json.dumps({**os.environ}))")
EXTERNAL_ID = "id-0f3b"
GRANTS: dict[str, Any] = {
    "long": {
        "principals": [{"user": "alice"}],
        "role": {"managedPolicies": ["ReadOnlyAccess"], "maxSessionDuration": 43200},
        "conditions": {
            "externalId": EXTERNAL_ID,
            "sourceIdentities": ["alice"],
            "sessionTags": {"team": ["blue team"]},
            "transitiveTagKeys": ["team"],
        },
    },
    "mfa": {
        "principals": [{"user": "alice"}],
        "role": {"managedPolicies": ["ReadOnlyAccess"], "maxSessionDuration": 43200},
        "conditions": {"mfa": True},
    },
}
DENY = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}
WITHOUT_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


@pytest.fixture(scope="module")
def stage(accounts: Sandbox) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        yield from deploy(accounts, Path(folder), grants=GRANTS)


@pytest.fixture(autouse=True)
def _restored(stage: Stage) -> Iterator[None]:
    with restoring(stage):
        yield
    shutil.rmtree(stage.folder / ".aws", ignore_errors=True)


def get_keys_of_alice(stage: Stage) -> None:
    """Add the profile `temporary`, with keys of GetSessionToken."""
    person = stage.everybody.callers["user-alice"]
    keys: Any = person.credentials
    sts = boto3.client("sts", "us-east-1", endpoint_url=stage.sandbox.endpoint, **keys)
    issued = sts.get_session_token()["Credentials"]
    stage.profile(
        "temporary",
        {
            "aws_access_key_id": issued["AccessKeyId"],
            "aws_secret_access_key": issued["SecretAccessKey"],
            "aws_session_token": issued["SessionToken"],
        },
    )


def deny(stage: Stage, **statement: Any) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**DENY, **statement}]})
    stage.source.put_user_policy(UserName="alice", PolicyName="no", PolicyDocument=document)


# --- The session ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "seconds"), [("alice", 43200), ("temporary", 3600)])
def test_a_session_is_as_long_as_its_caller_may_have_and_has_its_name(
    stage: Stage, who: str, seconds: int
) -> None:
    get_keys_of_alice(stage)
    # The second time it comes from the cache.
    for _ in range(2):
        done = stage.call("exec", "long", *OUTPUTS, "--profile", who, "--", *PRINT)
        assert (done.returncode, done.stderr) == (0, "")
        variables = json.loads(done.stdout)
        session = stage.sandbox._state.sessions.get(variables["AWS_ACCESS_KEY_ID"])
        assert session
        assert session.expires - session.issued == seconds
        assert session.name == "alice"
        text = variables["AWS_CREDENTIAL_EXPIRATION"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
        assert abs(datetime.fromisoformat(text).timestamp() - session.expires) < 2


@pytest.mark.parametrize(
    ("who", "seconds", "refused"),
    [
        ("temporary", 900, False),
        ("temporary", 3600, False),
        ("temporary", 3601, True),
        ("temporary", 43200, True),
        ("alice", 3601, False),
    ],
)
def test_more_than_an_hour_is_refused_for_temporary_credentials_with_the_reason(
    stage: Stage, who: str, seconds: int, refused: bool
) -> None:
    get_keys_of_alice(stage)
    duration = ("--duration", str(seconds))
    done = stage.call("exec", "long", *OUTPUTS, "--profile", who, *duration, "--", "true")
    assert (done.returncode, done.stdout) == (ExitCode.WRONG_INPUT if refused else 0, "")
    assert ("GetSessionToken" in done.stderr) is refused


def test_the_profile_of_the_command_line_comes_before_one_that_is_missing(stage: Stage) -> None:
    args = ("exec", "long", *OUTPUTS, "--profile", "alice", "--", "echo", "ran")
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        done = stage.call(*args, **{name: "missing"})
        assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


# --- The command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("deploy", "true"),
        ("deploy", "aws", "s3", "ls"),
        ("deploy", "aws", "s3", "ls", "--profile", "x"),
        ("deploy", "aws", "--", "s3"),
        ("deploy", "sh", "-c", "exit 0"),
        ("deploy", "sh", "--", "-c", "exit 0"),
        ("--", "deploy", "true"),
        ("deploy",),
    ],
)
def test_the_command_follows_two_dashes(stage: Stage, words: tuple[str, ...]) -> None:
    done = stage.call("exec", *OUTPUTS, "--profile", "alice", *words)
    assert (done.returncode, done.stdout) == (ExitCode.WRONG_INPUT, "")
    assert "the command must follow --" in done.stderr or "No such option" in done.stderr


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("echo", "--profile", "x"), "--profile x"),
        (("echo", "--", "-h", "--json"), "-- -h --json"),
        (("printf", "%s", "--"), "--"),
    ],
)
def test_the_commands_own_options_stay_its_own(
    stage: Stage, words: tuple[str, ...], printed: str
) -> None:
    done = stage.call("exec", "long", *OUTPUTS, "--profile", "alice", "--", *words)
    assert (done.returncode, done.stdout.strip()) == (0, printed)


def test_help_needs_no_command(stage: Stage) -> None:
    for option in ("-h", "--help"):
        done = stage.call("exec", option)
        assert done.returncode == 0
        assert "-- COMMAND..." in done.stdout


def test_the_commands_stdin_is_never_taken_for_a_code(stage: Stage) -> None:
    """The caller's own profile assumes a role with MFA, for which botocore asks by itself."""
    device = stage.everybody.callers["user-alice"].mfa
    assert device
    (stage.folder / "aws" / "config").write_text(
        "[profile chain]\nrole_arn = arn:aws:iam::222222222222:role/mfa\nsource_profile = alice\n"
        f"mfa_serial = {device[0]}\n",
        encoding="utf-8",
    )
    args = ("exec", "long", *OUTPUTS, "--profile", "chain", "--", "cat")
    done = stage.run(*args, stdin=f"{totp(device[1])}\n")
    assert (done.returncode, done.stdout) == (ExitCode.UNAVAILABLE, "")
    assert "there is no terminal to enter it" in done.stderr
    assert "Warning" not in done.stderr


# --- A refusal ------------------------------------------------------------------------------------


def follow_hint(stage: Stage, stderr: str, *more: str) -> Any:
    """Run the command that the hint names, and return what it explains."""
    tool, *words = shlex.split(stderr.split("`")[1])
    assert tool == "cross-account-access"
    explained = stage.call(*words, *more, "--json")
    assert explained.returncode in (ExitCode.DONE, ExitCode.NO), explained
    assert EXTERNAL_ID not in explained.stdout
    return json.loads(explained.stdout)


def test_the_hint_explains_the_call_that_was_made_and_not_one_with_less(stage: Stage) -> None:
    deny(stage)
    done = stage.call("exec", "long", *OUTPUTS, "--profile", "alice", "--", "true")
    assert done.returncode == ExitCode.NO
    assert EXTERNAL_ID not in done.stderr
    # The stack knows of no reason: the call has all that the trust policy requires.
    assert follow_hint(stage, done.stderr)["allowed"]
    profiles = ("--source-profile", "source", "--destination-profile", "destination")
    live = follow_hint(stage, done.stderr, "--live", *profiles)
    assert (live["allowed"], live["half"]) == (False, "source")
    assert "inline policy no" in json.dumps(live)
    assert "--live" in done.stderr


def test_temporary_credentials_may_have_been_got_without_mfa(stage: Stage) -> None:
    get_keys_of_alice(stage)
    done = stage.call("exec", "mfa", *OUTPUTS, "--profile", "temporary", "--", "true")
    assert done.returncode == ExitCode.NO
    assert "sign in with MFA" in done.stderr
    assert follow_hint(stage, done.stderr)["allowed"]


@pytest.mark.parametrize(
    ("damage", "key"),
    [
        ({"StringEquals": {"sts:ExternalId": "id-new"}}, "sts:ExternalId"),
        ({"StringEquals": {"aws:RequestTag/team": "red"}}, "aws:RequestTag/team"),
        ({"StringEquals": {"sts:SourceIdentity": "bob"}}, "sts:SourceIdentity"),
        ({"StringEquals": {"sts:RoleSessionName": "bob"}}, "sts:RoleSessionName"),
    ],
)
def test_live_the_hint_names_the_cause_that_the_call_has(
    stage: Stage, damage: dict[str, Any], key: str
) -> None:
    role: Any = stage.destination.get_role(RoleName="long")["Role"]
    trust = role["AssumeRolePolicyDocument"]
    for statement in trust["Statement"]:
        for operator, keys in damage.items():
            statement["Condition"].setdefault(operator, {}).update(keys)
    stage.destination.update_assume_role_policy(RoleName="long", PolicyDocument=json.dumps(trust))
    done = stage.call("exec", "long", *OUTPUTS, "--profile", "alice", "--", "true")
    assert done.returncode == ExitCode.NO
    profiles = ("--source-profile", "source", "--destination-profile", "destination")
    live = follow_hint(stage, done.stderr, "--live", *profiles)
    reasons = [one for half in live["halves"].values() for one in half["reasons"]]
    unmet = {one["key"] for reason in reasons for one in reason["conditions"]}
    assert unmet == {key}


@pytest.mark.parametrize(
    ("condition", "options", "helps"),
    [
        (WITHOUT_MFA, (), True),
        ({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "60"}}, ("--mfa-age", "600"), True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, ("--mfa",), False),
        ({"Null": {"aws:MultiFactorAuthAge": "true"}}, (), True),
        ({"StringEquals": {"aws:username": "alice"}}, (), False),
        ({}, (), False),
    ],
)
def test_a_deny_that_asks_about_mfa_is_told_with_the_remedy(
    stage: Stage, condition: dict[str, Any], options: tuple[str, ...], helps: bool
) -> None:
    deny(stage, Condition=condition) if condition else deny(stage)
    args = ("explain", "user/alice", "long", *OUTPUTS, "--live", "--external-id", "-")
    who = ("--source-profile", "source", "--destination-profile", "destination")
    call = ("--source-identity", "alice", "--session-tag", "team=blue team")
    done = stage.call(*args, *who, *call, "--transitive-tag-key", "team", *options)
    assert done.returncode == ExitCode.NO, done
    assert "denies" in done.stdout
    assert ("Sign in with MFA" in done.stdout) is helps


def test_the_grants_own_external_id_needs_a_grant(stage: Stage) -> None:
    arn = "arn:aws:iam::111111111111:user/alice"
    role = "arn:aws:iam::222222222222:role/long"
    done = stage.call("explain", arn, role, "--live", "--profile", "source", "--external-id", "-")
    assert done.returncode != ExitCode.DONE


def test_who_is_not_trusted_is_not_sent_for_an_mfa_device(
    deployed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CallerSession, "_mfa_devices", [])
    done = deployed.call("exec", "read-only", *OUTPUTS, "--profile", "outsider", "--", "true")
    assert done.returncode == ExitCode.NO
    assert "the trust policy of grant read-only doesn't allow arn:aws:iam::" in done.stderr
    assert "MFA device" not in done.stderr
