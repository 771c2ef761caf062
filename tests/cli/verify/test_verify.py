"""`verify` on an undamaged stack: each caller, wrong ones, and what keeps it from asking AWS."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
import botocore.client
import pytest
from botocore.exceptions import ClientError

from cross_account_access.cli.expected_half import build_expected_half
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam.policy_normalization import compute_checksum
from tests.cli.conftest import restoring
from tests.cli.verify.verifying import CALLERS, AccessAnalyzer, by_caller, codes, mfa_code, verify

if TYPE_CHECKING:
    from pathlib import Path

    from cross_account_access.iam.findings import AccountSide
    from tests.cli.conftest import Stage


def documents(stage: Stage, grant: str) -> GrantDocuments:
    return GrantDocuments.model_validate_json(stage.grants[grant]["documents"])


@pytest.mark.parametrize("grant", CALLERS)
def test_an_undamaged_grant_has_no_finding(deployed: Stage, grant: str) -> None:
    code, result = by_caller(deployed, grant)
    assert (code, codes(result), result["notChecked"]) == (0, [], [])
    assert all(attempt["holds"] for attempt in result["attempts"])
    expected = {
        "deploy": ["assumes the role", "a session of 3601 s"],
        "partner-audit": ["assumes the role", "without the external ID", "a session of 3601 s"],
        # The code goes into keys of GetSessionToken, which AWS holds to an hour.
        "read-only": ["without MFA", "assumes the role", "a session of 3601 s"],
    }
    assert [attempt["attempt"] for attempt in result["attempts"]] == expected[grant]


# --- Who calls ------------------------------------------------------------------------------------


def test_without_a_name_the_callers_grants_are_verified(deployed: Stage) -> None:
    """The session that was assumed reads the destination."""
    code, report = verify(deployed, "--profile", "auditor")
    assert (code, report["findings"]) == (0, 0)
    assert report["caller"] == "arn:aws:iam::111111111111:user/partners/auditor"
    [result] = report["grants"]
    assert (result["grant"], result["notChecked"]) == ("partner-audit", [])
    assert set(result["checksums"]) == {"source", "destination"}


@pytest.mark.parametrize("caller", ["outsider", "nobody", "stranger", "alice", "source"])
def test_others_are_refused(deployed: Stage, caller: str) -> None:
    code, report = verify(deployed, "--profile", caller, "deploy")
    [result] = report["grants"]
    assert (code, codes(result), result["became"]) == (0, [], None)
    assert [attempt["observed"] for attempt in result["attempts"]] == ["refused"]


@pytest.mark.parametrize("caller", ["auditor", "ci", "outsider", "destination"])
def test_all_grants_are_verified_for_any_caller(deployed: Stage, caller: str) -> None:
    reading = ("--source-profile", "source", "--destination-profile", "destination")
    code, report = verify(deployed, "--all", "--profile", caller, *reading)
    assert (code, report["findings"]) == (0, 0)
    results = {result["grant"]: result for result in report["grants"]}
    assert results.keys() == CALLERS.keys()
    for grant, result in results.items():
        assert (result["became"] is not None) == (CALLERS[grant] == caller)
        # Whoever calls, both halves of every grant are read.
        assert set(result["checksums"]) == {"source", "destination"}


def test_what_is_not_read_is_reported(deployed: Stage) -> None:
    options = ("--profile", "outsider", "deploy")
    code, report = verify(deployed, *options)
    assert code == 0
    [unchecked] = report["grants"][0]["notChecked"]
    assert unchecked["what"] == "role deploy of account 222222222222"
    assert "--destination-profile" in unchecked["why"]
    assert verify(deployed, *options, "--strict")[0] == 3


def test_without_a_code_only_the_refusal_is_proved(deployed: Stage) -> None:
    code, report = verify(deployed, "--profile", "alice")
    [result] = report["grants"]
    assert (code, codes(result)) == (0, [])
    assert [attempt["attempt"] for attempt in result["attempts"]] == ["without MFA"]
    assert "--mfa-code" in result["notChecked"][0]["why"]


@pytest.mark.parametrize(
    ("options", "code", "part"),
    [
        ("--profile outsider", 2, "arn:aws:iam::111111111111:user/sandbox-outsider"),
        ("--profile alice nothing", 2, "nothing"),
        ("--profile who", 2, "who"),
        ("--profile alice --source-profile who", 2, "who"),
        ("--profile alice --source-profile stranger", 2, "--source-profile stranger"),
        ("--profile alice --destination-profile source", 2, "--destination-profile source"),
        ("--profile alice --mfa-code 000000", 3, "MultiFactorAuthentication failed"),
        (
            "--profile alice --mfa-code 000000 --mfa-serial arn:aws:iam::111111111111:mfa/x",
            3,
            "mfa/x",
        ),
        ("--profile alice --mfa-code 000000 --mfa-serial arn:aws:iam::1:mfa/x", 2, "mfa/x"),
        ("--profile alice --mfa-code 12345", 2, "six digits"),
        ("--profile ci --session-name x!", 2, "--session-name x!"),
        ("--profile auditor --external-id not/valid!", 2, "an external ID must have"),
        (f"--checksum sha256:{'0' * 64} --profile alice", 2, "--checksum"),
        (f"--checksum sha256:{'0' * 64} --profile alice --all", 2, "--checksum"),
        ("--profile alice --all deploy", 2, "--all must not be used with deploy"),
        ("--profile alice --session-tag x", 2, "--session-tag x"),
        ("", 3, "no AWS credentials"),
    ],
)
def test_wrong_input_is_reported(deployed: Stage, options: str, code: int, part: str) -> None:
    exit_code, report = verify(deployed, *options.split())
    assert exit_code == code
    assert part in report["error"]["message"]
    assert "not/valid!" not in str(report)


@pytest.mark.parametrize("options", ["--checksum no-such-file", "--timeout -1", "--profile alice"])
def test_a_wrong_option_is_refused(deployed: Stage, options: str) -> None:
    done = deployed.call("verify", *options.split())
    assert (done.returncode, done.stdout) == (2, "")


def test_a_parameter_can_be_given(deployed: Stage) -> None:
    code, report = verify(deployed, "--profile", "ci", "--session-name", "my-release")
    assert code == 0
    assert report["grants"][0]["became"].endswith("/my-release")
    code, report = verify(deployed, "--profile", "auditor", "--external-id", "a-wrong-one")
    assert (code, codes(report["grants"][0])) == (1, ["access-refused"])
    assert "a-wrong-one" not in str(report)


def test_what_a_grant_does_not_require_need_not_be_given(deployed: Stage) -> None:
    code, report = verify(deployed, "--profile", "ci", "--external-id", "of-another-grant")
    assert (code, report["findings"]) == (0, 0)
    attempts = [attempt["attempt"] for attempt in report["grants"][0]["attempts"]]
    assert attempts == ["assumes the role", "a session of 3601 s"]


def test_a_stranger_who_gets_in_is_a_finding(deployed: Stage) -> None:
    trust = documents(deployed, "deploy").role.trust_policy
    trust["Statement"][0]["Principal"]["AWS"] = "*"
    with restoring(deployed):
        deployed.destination.update_assume_role_policy(
            RoleName="deploy", PolicyDocument=json.dumps(trust)
        )
        code, report = verify(deployed, "--profile", "stranger", "deploy")
    assert (code, codes(report["grants"][0])) == (1, ["stranger-allowed"])
    assert "user/sandbox-stranger" in report["grants"][0]["findings"][0]["message"]


def test_a_code_helps_where_a_principals_own_policies_require_mfa(deployed: Stage) -> None:
    condition = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    denial = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    text = json.dumps({"Version": "2012-10-17", "Statement": denial})
    code_option = ("--mfa-code", mfa_code(deployed, "partners/auditor"))
    with restoring(deployed):
        deployed.source.put_user_policy(UserName="auditor", PolicyName="mfa", PolicyDocument=text)
        code, without = verify(deployed, "--profile", "auditor")
        code_with, with_mfa = verify(deployed, "--profile", "auditor", *code_option)
    assert (code, codes(without["grants"][0])) == (1, ["access-refused"])
    assert "aws:MultiFactorAuthPresent" in str(without["grants"][0]["notChecked"])
    assert (code_with, codes(with_mfa["grants"][0])) == (0, [])


# --- Access Analyzer and checksums ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "findings", "remarks"),
    [("SECURITY_WARNING", 2, 0), ("ERROR", 2, 0), ("SUGGESTION", 0, 2)],
)
def test_access_analyzer_is_asked(deployed: Stage, kind: str, findings: int, remarks: int) -> None:
    analyzer = AccessAnalyzer({"findingType": kind, "issueCode": "SOME_ISSUE"})
    code, report = verify(deployed, "--profile", "ci", analyzer=analyzer)
    [result] = report["grants"]
    assert code == (1 if findings else 0)
    assert codes(result) == ["access-analyzer"] * findings
    assert len(result["remarks"]) == remarks
    types = {request["policyType"] for request in analyzer.requests}
    assert types == {"RESOURCE_POLICY", "IDENTITY_POLICY"}


@pytest.mark.parametrize(("half", "as_file"), [("source", True), ("destination", False)])
def test_a_checksum_of_a_half_is_recognized(
    deployed: Stage, tmp_path: Path, half: AccountSide, as_file: bool
) -> None:
    expected = build_expected_half(documents(deployed, "deploy"), half)
    checksum = compute_checksum(expected)
    file = tmp_path / "CHECKSUM"
    file.write_text(f"{half}: {checksum}\n", encoding="utf-8")
    option = str(file) if as_file else checksum
    code, result = by_caller(deployed, "deploy", "--checksum", option)
    assert (code, codes(result), result["checksums"][half]) == (0, [], checksum)


def test_a_checksum_of_something_else_is_a_finding(deployed: Stage) -> None:
    code, result = by_caller(deployed, "deploy", "--checksum", f"sha256:{'0' * 64}")
    assert (code, codes(result)) == (1, ["handoff-outdated"])


# --- What AWS answers -----------------------------------------------------------------------------


def refusing(**refused: str) -> Any:
    """AWS that refuses these operations; the sandbox authorizes nothing but AssumeRole."""
    call = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined] # private

    def answer(self: object, operation: str, parameters: object) -> Any:
        if code := refused.get(operation):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
        return call(self, operation, parameters)

    return patch.object(botocore.client.BaseClient, "_make_api_call", answer)


@pytest.mark.parametrize(
    ("operation", "what", "resource"),
    [
        ("GetRole", "role deploy of account 222222222222", "deploy"),
        ("ListRolePolicies", "role ci of account 111111111111", "ci"),
        ("GetPolicyVersion", "role ci of account 111111111111", "arn:aws:iam::1"),
    ],
)
def test_a_missing_permission_is_named(
    deployed: Stage, operation: str, what: str, resource: str
) -> None:
    with refusing(**{operation: "AccessDenied"}):
        code, report = verify(deployed, "--profile", "ci")
    [result] = report["grants"]
    assert (code, bool(result["became"])) == (0, True)
    unchecked = next(one for one in result["notChecked"] if one["what"] == what)
    assert unchecked["permission"] == f"iam:{operation}"
    assert f"iam:{operation} on {resource}" in unchecked["why"]


def test_keys_of_get_session_token_verify_access_and_read_nothing(own: Stage) -> None:
    """Without MFA, IAM calls them invalid. What they assume lasts an hour at most."""
    user = own.source.create_access_key(UserName="auditor")["AccessKey"]
    sts = boto3.client(
        "sts",
        "us-east-1",
        endpoint_url=own.sandbox.endpoint,
        aws_access_key_id=user["AccessKeyId"],
        aws_secret_access_key=user["SecretAccessKey"],
    )
    keys = sts.get_session_token()["Credentials"]
    own.profile(
        "temporary",
        {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        },
    )
    for names in ([], ["partner-audit"]):
        code, report = verify(own, *names, "--profile", "temporary")
        assert (code, report["findings"]) == (0, 0)
        [result] = report["grants"]
        assert all(attempt["holds"] for attempt in result["attempts"])
        assert {one["permission"] for one in result["notChecked"]} == {"iam:GetUser"}


def test_a_users_own_keys_that_iam_calls_invalid_end_it(deployed: Stage) -> None:
    with refusing(GetUser="InvalidClientTokenId"):
        code, report = verify(deployed, "--profile", "auditor")
    assert code == 3
    assert "The credentials are not valid" in json.dumps(report)


@pytest.mark.parametrize(
    ("operation", "error", "remedy"),
    [
        ("AssumeRole", "Throttling", "AWS throttles: try again in a minute."),
        ("GetRole", "ThrottlingException", "AWS throttles: try again in a minute."),
        ("GetCallerIdentity", "InvalidClientTokenId", "The credentials are not valid"),
    ],
)
def test_what_keeps_aws_from_answering_ends_it(
    deployed: Stage, operation: str, error: str, remedy: str
) -> None:
    with refusing(**{operation: error}):
        code, report = verify(deployed, "--profile", "ci")
    assert code == 3
    assert remedy in report["error"]["remedy"]


def test_expired_credentials_are_reported(deployed: Stage) -> None:
    world = deployed.sandbox._get_app().state
    clock = world.clock
    with patch.object(world, "clock", lambda: clock() + 7200):
        code, report = verify(deployed, "--profile", "ci")
    assert code == 3
    assert report["error"]["remedy"] == "The credentials have expired: sign in again."


def test_it_can_be_interrupted_while_it_waits(deployed: Stage) -> None:
    tool = [sys.executable, "-m", "cross_account_access.cli", "verify", "--outputs", "outputs.json"]
    before = {file: file.read_bytes() for file in deployed.folder.rglob("*") if file.is_file()}
    seen = len(deployed.sandbox.requests)
    with subprocess.Popen(  # noqa: S603 - the tool
        [*tool, "--profile", "auditor", "--external-id", "a-wrong-one", "--timeout", "60"],
        env=deployed.environment,
        cwd=deployed.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        end = time.monotonic() + 30
        while all(one.action != "AssumeRole" for one in deployed.sandbox.requests[seen:]):
            assert time.monotonic() < end, "the role was never tried"
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err.strip().endswith("Interrupted.")
    assert "Traceback" not in err
    after = {file: file.read_bytes() for file in deployed.folder.rglob("*") if file.is_file()}
    assert after == before
