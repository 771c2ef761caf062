"""`python -m sandbox up` and `preview`: what they make, print and end with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws.server import client
from tests.sandbox.commands import DESTINATION, SOURCE, connection, document, project, sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from sandbox.aws.server import Sandbox

ACCESS, GRANT, TRUSTED = (
    f"cross-account-access:index:{name}"
    for name in ("CrossAccountAccess", "AssumeRoleGrant", "TrustedRole")
)


@pytest.fixture(scope="module")
def up(running: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The dev stack's `up --json`."""
    running.reset()
    return sandbox("up", project(tmp_path_factory.mktemp("dev"), running.endpoint), "--json")


@dataclass
class TwoRuns:
    """What `up` printed the first time, IAM after each of two runs, and who is left with keys."""

    printed: str
    entities: list[dict[str, dict[str, Any]]]
    users: dict[str, list[object]]


@pytest.fixture(scope="module")
def two_runs(running: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    running.reset()
    folder = project(tmp_path_factory.mktemp("dev"), running.endpoint)
    runs = TwoRuns("", [], {})
    for _ in range(2):
        up = sandbox("up", folder)
        assert up.exit_code == 0, up.stderr
        runs.printed = runs.printed or up.stdout
        runs.entities.append(
            {account: read_iam(running, account) for account in (SOURCE, DESTINATION)}
        )
    iam = client("iam", running.endpoint, account=SOURCE)
    for name in (user["UserName"] for user in iam.list_users()["Users"]):
        keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        runs.users[name] = [*keys, *iam.list_mfa_devices(UserName=name)["MFADevices"]]
    return runs


@pytest.fixture(scope="module")
def preview(running: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, list[Any]]:
    """The dev stack's `preview --json`, and what was asked of AWS."""
    running.reset()
    folder = project(tmp_path_factory.mktemp("dev"), running.endpoint)
    return sandbox("preview", folder, "--json"), running.requests


def list_writes(requests: list[Any], account: str) -> set[str]:
    """What was asked to change in an account."""
    return {
        request.action
        for request in requests
        if request.account == account
        and not request.action.startswith(("Get", "List", "AssumeRole"))
    }


def read_iam(accounts: Sandbox, account: str) -> dict[str, Any]:
    """IAM as it is in an account, with the one version of each policy that is in force."""
    details = client("iam", accounts.endpoint, account=account).get_account_authorization_details(
        Filter=["User", "Role", "LocalManagedPolicy"]
    )
    entities: list[Any] = [*details["UserDetailList"], *details["RoleDetailList"]]
    for policy in details["Policies"]:
        (in_force,) = (
            version for version in policy["PolicyVersionList"] if version["IsDefaultVersion"]
        )
        entities.append(
            {
                "Arn": policy["Arn"],
                "CreateDate": policy["CreateDate"],
                "Document": in_force["Document"],
            }
        )
    return {entity["Arn"]: entity for entity in entities}


class TestUp:
    def test_json_is_one_document_of_the_documented_shape(self, up: Result) -> None:
        assert up.exit_code == 0
        told = document(up)
        assert list(told) == ["engine", "outputs", "resources", "proof", "unproven"]
        assert told["engine"] == "in-process"
        assert list(told["outputs"]) == ["documents", "grants"]
        assert told["outputs"]["documents"] == "[secret]"
        for resource in told["resources"]:
            assert list(resource) == ["type", "name", "parent", "account", "inputs", "outputs"]
        for attempt in told["proof"]:
            assert list(attempt) == ["grant", "caller", "attempt", "expected", "observed", "reason"]

    def test_every_resource_of_the_dev_stack_is_told_with_its_parent_and_account(
        self, up: Result
    ) -> None:
        expected: set[tuple[str, str, str | None, str | None]] = {
            ("aws", "source", None, SOURCE),
            ("aws", "destination", None, DESTINATION),
            ("CrossAccountAccess", "access", None, None),
        }
        for grant, policy in (
            ("deploy", "PowerUserAccess"),
            ("read-only", "ReadOnlyAccess"),
            ("partner-audit", "SecurityAudit"),
        ):
            name, half = f"access-{grant}", f"{TRUSTED}::access-{grant}"
            expected |= {
                ("TrustedRole", name, f"{ACCESS}::access", None),
                ("Role", name, half, DESTINATION),
                ("RolePolicyAttachment", f"{name}-aws-{policy}", half, DESTINATION),
            }
        inline = "access-deploy-inline-pass-service-roles"
        expected.add(("RolePolicy", inline, f"{TRUSTED}::access-deploy", DESTINATION))
        for principal in ("role-ci", "user-alice", "user-auditor", "user-bob"):
            kind = "Role" if principal == "role-ci" else "User"
            name, half = f"access-{principal}", f"{GRANT}::access-{principal}"
            expected |= {
                ("AssumeRoleGrant", name, f"{ACCESS}::access", None),
                ("Policy", name, half, SOURCE),
                (f"{kind}PolicyAttachment", name, half, SOURCE),
            }
        assert {
            (made["type"].rpartition(":")[2], made["name"], made["parent"], made["account"])
            for made in document(up)["resources"]
        } == expected

    def test_what_was_given_and_what_came_of_it_is_told(self, up: Result) -> None:
        (role,) = (
            found
            for found in document(up)["resources"]
            if found["type"] == "aws:iam/role:Role" and found["name"] == "access-read-only"
        )
        assert role["inputs"]["maxSessionDuration"] == 14400
        assert json.loads(role["inputs"]["assumeRolePolicy"])["Statement"][0]["Principal"] == {
            "AWS": [f"arn:aws:iam::{SOURCE}:user/{name}" for name in ("alice", "bob")]
        }
        assert role["outputs"]["arn"] == f"arn:aws:iam::{DESTINATION}:role/read-only"
        told = document(up)["outputs"]["grants"]["read-only"]
        assert role["outputs"]["uniqueId"] == told["roleUniqueId"]
        assert told["roleArn"] == role["outputs"]["arn"]

    def test_the_proof_tries_each_principal_and_each_condition_unmet(self, up: Result) -> None:
        proof = document(up)["proof"]
        tried = [
            (found["grant"], found["caller"].split("::")[1], found["attempt"], found["observed"])
            for found in proof
        ]
        ci = f"{SOURCE}:assumed-role/ci/sandbox"
        outsiders = {
            grant: [
                (grant, f"{SOURCE}:user/sandbox-outsider", "untrusted, same account", "refused"),
                (
                    grant,
                    "999999999999:user/sandbox-stranger",
                    "untrusted, another account",
                    "refused",
                ),
            ]
            for grant in ("deploy", "partner-audit", "read-only")
        }
        assert tried == [
            ("deploy", ci, "assumes the role", "allowed"),
            *outsiders["deploy"],
            ("deploy", ci, "session too long", "refused"),
            ("partner-audit", f"{SOURCE}:user/partners/auditor", "assumes the role", "allowed"),
            *outsiders["partner-audit"],
            ("partner-audit", f"{SOURCE}:user/partners/auditor", "no external ID", "refused"),
            ("partner-audit", f"{SOURCE}:user/partners/auditor", "wrong external ID", "refused"),
            ("partner-audit", f"{SOURCE}:user/partners/auditor", "session too long", "refused"),
            ("read-only", f"{SOURCE}:user/alice", "assumes the role", "allowed"),
            ("read-only", f"{SOURCE}:user/bob", "assumes the role", "allowed"),
            *outsiders["read-only"],
            ("read-only", f"{SOURCE}:user/alice", "no MFA", "refused"),
            ("read-only", f"{SOURCE}:user/alice", "session too long", "refused"),
        ]
        assert all(found["expected"] == found["observed"] and found["reason"] for found in proof)
        assert proof[0]["reason"] == f"became arn:aws:sts::{DESTINATION}:assumed-role/deploy/proof"

    def test_nothing_but_json_is_on_stdout_and_the_summary_is_on_stderr(self, up: Result) -> None:
        assert up.stdout.startswith("{")
        assert up.stderr.startswith("16 of 16 ")


def test_without_json_two_tables_are_printed(two_runs: TwoRuns) -> None:
    resources, proof = (table.splitlines() for table in two_runs.printed.split("\n\n"))
    assert [line.split() for line in resources[:2]] == [
        ["account", "type", "name"],
        [SOURCE, "Policy", "access-role-ci"],
    ]
    assert len(resources) == 1 + 15
    assert proof[0].split() == ["grant", "caller", "attempt", "result"]
    assert proof[1].split("  ")[0] == "deploy"
    assert proof[1].endswith("assumes the role            allowed")
    assert proof[2] == f"    became arn:aws:sts::{DESTINATION}:assumed-role/deploy/proof"
    assert max(map(len, two_runs.printed.splitlines())) <= 100


def test_a_second_up_on_accounts_that_go_on_changes_nothing(two_runs: TwoRuns) -> None:
    first, second = two_runs.entities
    assert first == second
    assert [len(account) for account in first.values()] == [11, 3]


def test_the_peoples_keys_and_devices_are_taken_back(two_runs: TwoRuns) -> None:
    names = ["alice", "auditor", "bob", "sandbox-nobody", "sandbox-operator", "sandbox-outsider"]
    assert two_runs.users == {name: [] for name in names}


class TestPreview:
    def test_it_makes_nothing_but_the_people(self, preview: tuple[Result, list[Any]]) -> None:
        result, requests = preview
        assert result.exit_code == 0
        assert list(document(result)) == ["engine", "outputs", "resources"]
        assert list_writes(requests, DESTINATION) == set()
        assert list_writes(requests, SOURCE) == {
            "CreateUser",
            "CreateRole",
            "PutUserPolicy",
            "UpdateAssumeRolePolicy",
            "CreateAccessKey",
            "DeleteAccessKey",
            "CreateVirtualMFADevice",
            "EnableMFADevice",
            "DeactivateMFADevice",
            "DeleteVirtualMFADevice",
        }
        assert result.stderr == "25 resources would exist (engine: in-process).\n"

    def test_it_shows_the_same_resources_as_up_and_what_it_cannot_know(
        self, up: Result, preview: tuple[Result, list[Any]]
    ) -> None:
        planned = document(preview[0])["resources"]
        same = [
            sorted(
                [resource[key] for key in ("type", "name", "parent", "account")]
                for resource in resources
                if resource["parent"]
            )
            for resources in (planned, document(up)["resources"])
        ]
        assert same[0] == same[1]
        inputs = {(resource["type"], resource["name"]): resource["inputs"] for resource in planned}
        policy = inputs["aws:iam/policy:Policy", "access-user-alice"]["policy"]
        assert ":role/read-only" in policy
        attachment = inputs[
            "aws:iam/userPolicyAttachment:UserPolicyAttachment", "access-user-alice"
        ]
        assert attachment["policyArn"] == "[unknown]"
        trust = json.loads(inputs["aws:iam/role:Role", "access-deploy"]["assumeRolePolicy"])
        assert trust["Statement"][0]["Principal"] == {
            "AWS": [f"arn:aws:iam::{SOURCE}:role/team/ci"]
        }

    def test_without_json_a_table_is_printed(self, accounts: Sandbox, tmp_path: Path) -> None:
        result = sandbox("preview", project(tmp_path, accounts.endpoint))
        assert result.exit_code == 0
        lines = [line.split() for line in result.stdout.splitlines()]
        assert lines[0] == ["account", "type", "name"]
        assert [DESTINATION, "Role", "access-deploy"] in lines
        assert len(lines) == 1 + 15


def test_a_failed_proof_makes_the_command_fail_and_is_printed_all_the_same(
    accounts: Sandbox, tmp_path: Path
) -> None:
    iam = client("iam", accounts.endpoint, account=SOURCE)
    iam.create_user(UserName="bob")
    deny = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
    }
    iam.put_user_policy(UserName="bob", PolicyName="deny", PolicyDocument=json.dumps(deny))
    up = sandbox("up", project(tmp_path, accounts.endpoint), "--json")
    assert up.exit_code == 1
    assert up.stderr.startswith("15 of 16 ")
    failed = [
        (attempt["caller"], attempt["attempt"])
        for attempt in document(up)["proof"]
        if attempt["expected"] != attempt["observed"]
    ]
    assert failed == [(f"arn:aws:iam::{SOURCE}:user/bob", "assumes the role")]


@pytest.mark.parametrize("side", ["source", "destination"])
def test_a_stack_of_one_side_is_proved_with_the_other_owners_half(
    side: str, accounts: Sandbox, tmp_path: Path
) -> None:
    ids = {"source": SOURCE, "destination": DESTINATION}
    connections: dict[str, Any] = {
        name: connection(account, accounts.endpoint) if name == side else {"accountId": account}
        for name, account in ids.items()
    }
    up = sandbox("up", project(tmp_path, accounts.endpoint, side=side, **connections), "--json")
    assert up.exit_code == 0, up.stderr
    told = document(up)
    assert {found["account"] for found in told["resources"]} == {ids[side], None}
    assert all(found["expected"] == found["observed"] for found in told["proof"])
    assert len(told["proof"]) == 16


def test_the_other_owners_half_follows_the_stack(accounts: Sandbox, tmp_path: Path) -> None:
    one_side: dict[str, Any] = {"side": "source", "destination": {"accountId": DESTINATION}}
    for user in ("alice", "bob"):
        grants = {
            "deploy": {"principals": [{"user": user}], "conditions": {"externalId": f"for-{user}"}}
        }
        up = sandbox(
            "up", project(tmp_path, accounts.endpoint, grants=grants, **one_side), "--json"
        )
        assert up.exit_code == 0, up.stderr
        assert document(up)["proof"][0]["caller"] == f"arn:aws:iam::{SOURCE}:user/{user}"


def test_an_endpoint_off_the_loopback_range_is_refused_before_anything_is_made(
    tmp_path: Path,
) -> None:
    up = sandbox("up", project(tmp_path, "https://sts.amazonaws.com"), "--json")
    assert up.exit_code == 2
    (error, *_) = document(up)["errors"]
    assert error["path"] == "cross-account-access:source.endpoint"
    assert error["value"] == '"https://sts.amazonaws.com"'
    assert error["code"] == "not-on-loopback"
