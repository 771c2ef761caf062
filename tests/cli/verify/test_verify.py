"""`verify` on a deployed stack that nothing happened to: each caller, wrong ones, and what keeps it from asking."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click
import pytest

from cross_account_access.cli import policy_normalization as normal
from cross_account_access.grants.documents import GrantDocuments
from tests.cli.verify.verifying import (
    CALLERS,
    AccessAnalyzer,
    by_caller,
    codes,
    kept,
    mfa_code,
    verify,
)

if TYPE_CHECKING:
    from collections.abc import Callable
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
    tried = [attempt["attempt"] for attempt in result["attempts"]]
    expected = {
        "deploy": ["assumes the role", "a session of 3601 s"],
        "partner-audit": ["assumes the role", "without the external ID", "a session of 3601 s"],
        "read-only": ["without MFA", "assumes the role", "a session of 14401 s"],
    }
    assert tried == expected[grant]


# --- Who calls ------------------------------------------------------------------------------------


def test_without_a_name_the_grants_of_the_caller_are_verified(deployed: Stage) -> None:
    code, told = verify(deployed, "--profile", "auditor")
    assert (code, told["findings"]) == (0, 0)
    assert [result["grant"] for result in told["grants"]] == ["partner-audit"]
    assert told["caller"] == "arn:aws:iam::111111111111:user/partners/auditor"


def test_the_session_that_was_assumed_reads_the_destination(deployed: Stage) -> None:
    _, told = verify(deployed, "--profile", "auditor")
    [result] = told["grants"]
    assert result["notChecked"] == []
    assert set(result["checksums"]) == {"source", "destination"}


@pytest.mark.parametrize("caller", ["outsider", "nobody", "stranger", "alice", "source"])
def test_others_are_proven_to_be_refused(deployed: Stage, caller: str) -> None:
    code, told = verify(deployed, "--profile", caller, "deploy")
    [result] = told["grants"]
    assert (code, codes(result), result["became"]) == (0, [], None)
    assert [attempt["observed"] for attempt in result["attempts"]] == ["refused"]


def test_what_is_not_read_is_told(deployed: Stage) -> None:
    options = ("--profile", "outsider", "deploy")
    code, told = verify(deployed, *options)
    assert code == 0
    assert told["grants"][0]["notChecked"] == [
        {
            "what": "what role deploy of account 222222222222 has",
            "why": "the credentials are of another account; --destination-profile NAME gives others",
            "permission": None,
        }
    ]
    assert verify(deployed, *options, "--strict")[0] == 3


def test_without_a_code_the_refusal_alone_is_proven(deployed: Stage) -> None:
    code, told = verify(deployed, "--profile", "alice")
    [result] = told["grants"]
    assert (code, codes(result)) == (0, [])
    assert [attempt["attempt"] for attempt in result["attempts"]] == ["without MFA"]
    assert "--mfa-code" in result["notChecked"][0]["why"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (
            ["--profile", "outsider"],
            2,
            "no grant names arn:aws:iam::111111111111:user/sandbox-outsider",
        ),
        (["--profile", "alice", "nothing"], 2, "there is no grant nothing"),
        (["--profile", "who"], 2, "there is no AWS profile who"),
        (["--profile", "alice", "--source-profile", "who"], 2, "there is no AWS profile who"),
        (
            ["--profile", "alice", "--source-profile", "stranger"],
            2,
            "not of the source, 111111111111",
        ),
        (
            ["--profile", "alice", "--destination-profile", "source"],
            2,
            "not of the destination, 222222222222",
        ),
        (["--profile", "alice", "--mfa-code", "000000"], 3, "MultiFactorAuthentication failed"),
        (
            [
                "--profile",
                "alice",
                "--mfa-code",
                "000000",
                "--mfa-serial",
                "arn:aws:iam::111111111111:mfa/x",
            ],
            3,
            "mfa/x",
        ),
        (
            ["--checksum", f"sha256:{'0' * 64}", "--profile", "alice"],
            2,
            "a checksum is of one grant, and 3 are meant",
        ),
        (["--profile", "alice", "--session-tag", "x"], 2, "--session-tag x: a tag is KEY=VALUE"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(
    deployed: Stage, options: list[str], code: int, message: str
) -> None:
    found, told = verify(deployed, *options)
    assert found == code
    assert message in told["error"]["message"]


@pytest.mark.parametrize("options", [["--checksum", "no-such-file"], ["--timeout", "-1"]], ids=str)
def test_a_wrong_option_is_refused(deployed: Stage, options: list[str]) -> None:
    with pytest.raises(click.BadParameter):
        verify(deployed, *options)


def test_a_parameter_can_be_given(deployed: Stage) -> None:
    code, told = verify(deployed, "--profile", "ci", "--session-name", "my-release")
    assert code == 0
    assert told["grants"][0]["became"].endswith("/my-release")
    for text in ("a-wrong-one", "not valid!"):
        code, told = verify(deployed, "--profile", "auditor", "--external-id", text)
        assert (code, codes(told["grants"][0])) == (1, ["access-refused"])
        assert text not in str(told)


def test_what_a_grant_does_not_ask_for_need_not_be_given(deployed: Stage) -> None:
    code, told = verify(deployed, "--profile", "ci", "--external-id", "of-another-grant")
    assert (code, told["findings"]) == (0, 0)
    assert [attempt["attempt"] for attempt in told["grants"][0]["attempts"]] == [
        "assumes the role",
        "a session of 3601 s",
    ]


def test_a_stranger_who_gets_in_is_a_finding(deployed: Stage) -> None:
    trust = documents(deployed, "deploy").role.trust_policy
    trust["Statement"][0]["Principal"]["AWS"] = "*"
    with kept(deployed):
        deployed.destination.update_assume_role_policy(
            RoleName="deploy", PolicyDocument=json.dumps(trust)
        )
        code, told = verify(deployed, "--profile", "stranger", "deploy")
    assert (code, codes(told["grants"][0])) == (1, ["stranger-allowed"])
    assert "user/sandbox-stranger is no principal" in told["grants"][0]["findings"][0]["message"]


def test_a_code_helps_where_a_principals_own_policies_ask_for_mfa(deployed: Stage) -> None:
    condition = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    denial = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    text = json.dumps({"Version": "2012-10-17", "Statement": denial})
    with kept(deployed):
        deployed.source.put_user_policy(UserName="auditor", PolicyName="mfa", PolicyDocument=text)
        code, told = verify(deployed, "--profile", "auditor")
        assert (code, codes(told["grants"][0])) == (1, ["access-refused"])
        assert "aws:MultiFactorAuthPresent" in str(told["grants"][0]["notChecked"])
        code, told = verify(
            deployed, "--profile", "auditor", "--mfa-code", mfa_code(deployed, "partners/auditor")
        )
    assert (code, codes(told["grants"][0])) == (0, [])


# --- Access Analyzer ------------------------------------------------------------------------------


def analyzer_says(kind: str) -> AccessAnalyzer:
    return AccessAnalyzer(
        {
            "findingType": kind,
            "issueCode": "SOME_ISSUE",
            "findingDetails": "Mind this.",
            "learnMoreLink": "https://x",
        }
    )


@pytest.mark.parametrize(
    ("kind", "findings", "remarks"),
    [("SECURITY_WARNING", 2, 0), ("ERROR", 2, 0), ("SUGGESTION", 0, 2)],
)
def test_access_analyzer_is_asked(deployed: Stage, kind: str, findings: int, remarks: int) -> None:
    analyzer = analyzer_says(kind)
    code, told = verify(deployed, "--profile", "ci", analyzer=analyzer)
    [result] = told["grants"]
    assert code == (1 if findings else 0)
    assert codes(result) == ["access-analyzer"] * findings
    assert len(result["remarks"]) == remarks
    assert {asked["policyType"] for asked in analyzer.asked} == {
        "RESOURCE_POLICY",
        "IDENTITY_POLICY",
    }


# --- What was handed over -------------------------------------------------------------------------


@pytest.mark.parametrize("half", ["source", "destination"])
def test_a_checksum_of_what_stands_is_recognized(
    deployed: Stage, tmp_path: Path, half: AccountSide
) -> None:
    checksum = normal.compute_checksum(
        normal.build_expected_half(documents(deployed, "deploy"), half)
    )
    file = tmp_path / "CHECKSUM"
    file.write_text(f"{half}: {checksum}\n", encoding="utf-8")
    for text in (checksum, str(file)):
        code, result = by_caller(deployed, "deploy", "--checksum", text)
        assert (code, codes(result), result["checksums"][half]) == (0, [], checksum)


def test_a_checksum_of_something_else_is_told(deployed: Stage) -> None:
    code, result = by_caller(deployed, "deploy", "--checksum", f"sha256:{'0' * 64}")
    assert (code, codes(result)) == (1, ["handoff-outdated"])


# --- As a process ---------------------------------------------------------------------------------


def run(stage: Stage, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return stage.run(
        "verify",
        "--outputs",
        str(stage.outputs),
        "--timeout",
        "0",
        *options,
        seconds=60,
        **environment,
    )


def test_a_person_reads_what_was_proven(deployed: Stage) -> None:
    done = run(deployed, "--profile", "auditor")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "As arn:aws:iam::111111111111:user/partners/auditor",
        "",
        "partner-audit  arn:aws:iam::222222222222:role/partner-audit",
        "  ok       assumes the role: became arn:aws:sts::222222222222:assumed-role/partner-audit/verify",
        "  ok       without the external ID: refused",
        "  ok       a session of 3601 s: refused",
        "",
        "  unknown  not checked: what Access Analyzer says of the documents: it can't be asked here: InternalFailure",
        "No finding; 1 not checked.",
    ]
    assert done.stderr == ""


def test_without_a_stack_nothing_is_asked(deployed: Stage) -> None:
    done = deployed.run("verify", "--profile", "alice")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no stack is given" in done.stderr


def test_without_credentials_that_is_said(deployed: Stage) -> None:
    done = run(deployed, "--json")
    assert done.returncode == 3
    assert "no AWS credentials" in json.loads(done.stdout)["error"]["message"]
    assert "--profile" in done.stderr


def test_expired_credentials_are_told_as_that(deployed: Stage) -> None:
    world = deployed.sandbox._get_app().state
    clock = world.clock
    world.clock = lambda: clock() + 7200
    try:
        done = run(deployed, "--profile", "ci")
    finally:
        world.clock = clock
    assert done.returncode == 3
    assert "The credentials have expired: sign in again." in done.stderr
    assert "Traceback" not in done.stderr


# What IAM or STS answers, in the process's own botocore: the sandbox authorizes nothing but AssumeRole.
ANSWERING = """
import os
import botocore.client

call = botocore.client.BaseClient._make_api_call
refused = dict(item.split("=") for item in os.environ["REFUSED"].split(","))


def answer(self, operation, parameters):
    if code := refused.get(operation):
        raise botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "so it is"}}, operation)
    return call(self, operation, parameters)


botocore.client.BaseClient._make_api_call = answer
"""


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("answering")
    (folder / "sitecustomize.py").write_text(ANSWERING, encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize(
    ("refused", "what", "permission"),
    [
        ("GetRole=AccessDenied", "role deploy of account 222222222222", "iam:GetRole on deploy"),
        (
            "ListRolePolicies=AccessDenied",
            "role ci of account 111111111111",
            "iam:ListRolePolicies on ci",
        ),
        (
            "GetPolicyVersion=AccessDenied",
            "role ci of account 111111111111",
            "iam:GetPolicyVersion on arn:aws:iam::1",
        ),
    ],
)
def test_a_permission_that_lacks_is_named(
    deployed: Stage, answering: str, refused: str, what: str, permission: str
) -> None:
    path = os.pathsep.join([answering, deployed.environment["PYTHONPATH"]])
    done = run(deployed, "--profile", "ci", PYTHONPATH=path, REFUSED=refused)
    assert done.returncode == 0, done.stderr
    assert f"not checked: what {what} has: the credentials lack {permission}" in done.stdout
    assert "became arn:aws:sts::222222222222:assumed-role/deploy/verify" in done.stdout


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        ("AssumeRole=Throttling", "AWS throttles: try again in a minute."),
        ("GetRole=ThrottlingException", "AWS throttles: try again in a minute."),
        ("GetCallerIdentity=InvalidClientTokenId", "The credentials are not valid"),
    ],
)
def test_what_keeps_aws_from_answering_ends_it(
    deployed: Stage, answering: str, refused: str, told: str
) -> None:
    path = os.pathsep.join([answering, deployed.environment["PYTHONPATH"]])
    done = run(deployed, "--profile", "ci", "--json", PYTHONPATH=path, REFUSED=refused)
    assert done.returncode == 3
    assert told in json.loads(done.stdout)["error"]["remedy"]
    assert "Traceback" not in done.stderr


def test_it_can_be_interrupted_while_it_waits(deployed: Stage, answering: str) -> None:
    path = os.pathsep.join([answering, deployed.environment["PYTHONPATH"]])
    command = [
        sys.executable,
        "-m",
        "cross_account_access.cli",
        "verify",
        "--outputs",
        str(deployed.outputs),
    ]
    asked = len(deployed.sandbox.requests)
    before = {file: file.read_bytes() for file in deployed.folder.rglob("*") if file.is_file()}
    environment = deployed.environment | {"PYTHONPATH": path, "REFUSED": "AssumeRole=AccessDenied"}
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603 - the tool
        [*command, "--profile", "ci", "--timeout", "60"],
        env=environment,
        stdout=pipe,
        stderr=pipe,
        text=True,
    ) as process:
        wait_for(
            lambda: any(
                one.action == "GetPolicyVersion" for one in deployed.sandbox.requests[asked:]
            )
        )
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""
    assert err.strip().endswith("Interrupted.")
    assert "Traceback" not in err
    after = {file: file.read_bytes() for file in deployed.folder.rglob("*") if file.is_file()}
    assert after == before


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def test_the_help_teaches(deployed: Stage) -> None:
    done = deployed.run("verify", "--help")
    assert done.returncode == 0
    assert "It changes nothing" in " ".join(done.stdout.split())
    assert "cross-account-access verify --stack dev --profile alice" in done.stdout
