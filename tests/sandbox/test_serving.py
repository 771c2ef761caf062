"""Accounts that go on: `python -m sandbox serve`, and `up --keep`."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from click.testing import CliRunner

import sandbox.__main__ as sandbox_command
from cross_account_access.cli.stacks import StackSource, load_grants
from sandbox.aws.mfa import accepts
from sandbox.aws.server import Sandbox, SandboxError, client, is_sandbox
from tests.sandbox.commands import (
    DESTINATION,
    ROOT,
    SOURCE,
    account_id,
    document,
    endpoint_of,
    fleet,
    free_port,
    project,
    sandbox,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


class Process:
    """A command that runs until it is interrupted, and the lines that it has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self.process = process
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self._more.notify_all()

    def line(self, pattern: str) -> re.Match[str]:
        """Wait for a line."""
        with self._more:
            assert self._more.wait_for(
                lambda: any(re.search(pattern, line) for line in self.lines), 60
            ), self.lines
            return next(found for line in self.lines if (found := re.search(pattern, line)))

    def interrupt(self, name: signal.Signals = signal.SIGINT) -> int:
        """Press Ctrl-C; returns the exit code."""
        self.process.send_signal(name)
        code = self.process.wait(30)
        self._reader.join()
        return code


@contextmanager
def running(*arguments: str) -> Iterator[Process]:
    with subprocess.Popen(  # noqa: S603 - this very Python
        [sys.executable, "-m", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        started = Process(process)
        try:
            yield started
        finally:
            if process.poll() is None:
                process.kill()
            started._reader.join()


def test_serve_runs_until_it_is_stopped_and_keeps_its_port_for_itself() -> None:
    port = free_port()
    with running("serve", "--port", str(port)) as serve:
        serve.line(rf"^Emulated accounts at http://127\.0\.0\.1:{port}, until Ctrl-C\.$")
        assert is_sandbox(f"http://127.0.0.1:{port}")
        with running("serve", "--port", str(port)) as second:
            assert second.process.wait(30) == 1
        (line,) = second.lines
        assert line.startswith(f"Error: port {port} is in use by another sandbox")
        assert serve.interrupt(signal.SIGTERM) == 0
    assert not is_sandbox(f"http://127.0.0.1:{port}")
    assert "Traceback" not in "\n".join(serve.lines)


def test_two_runs_of_up_work_on_the_served_accounts_and_leave_them_there(tmp_path: Path) -> None:
    folder = project(tmp_path)
    with running("serve", "--port", endpoint_of(folder).rpartition(":")[2]) as serve:
        serve.line("^Emulated accounts at ")
        first, second = (sandbox("up", folder, "--json") for _ in range(2))
        assert (first.exit_code, second.exit_code) == (0, 0)
        assert document(first)["outputs"] == document(second)["outputs"]
        iam = client("iam", endpoint_of(folder), account=DESTINATION)
        assert {role["RoleName"] for role in iam.list_roles()["Roles"]} == {
            "deploy",
            "partner-audit",
            "read-only",
        }
        assert serve.interrupt() == 0
    log = "\n".join(serve.lines)
    assert "Traceback" not in log
    assert "sts:ExternalId is absent" in log
    assert "partner-7f3a" not in log


def check_mfa_command(up: Process, user: str, endpoint: str) -> None:
    """The command that `up` prints for a user prints a code of the seed beside it."""
    command, seed = up.line(
        rf"^  python -m (sandbox mfa {user} --account {SOURCE})  # its MFA code; seed (.*)$"
    ).groups()
    _, *arguments = command.split()
    runner = CliRunner(env={"AWS_ENDPOINT_URL": endpoint})
    printed = runner.invoke(sandbox_command.main, arguments)
    assert printed.stderr == ""
    assert accepts(seed, printed.stdout.removesuffix("\n"), time.time())


def test_keep_leaves_the_accounts_up_and_what_it_says_works(tmp_path: Path) -> None:
    folder = project(tmp_path)
    with running("up", "-C", str(folder), "--engine", "in-process", "--keep") as up:
        # The AWS CLI's version 1 reads AWS_DEFAULT_REGION alone.
        variables = r"^  export AWS_ENDPOINT_URL=(\S+) AWS_DEFAULT_REGION=(\S+)$"
        endpoint, region = up.line(variables).groups()
        assert endpoint == endpoint_of(folder)
        pattern = (
            r"^  AWS_ACCESS_KEY_ID=(\S+) AWS_SECRET_ACCESS_KEY=(\S+) "
            r"aws sts get-caller-identity  # (\S+user/%s)$"
        )
        key, secret, arn = up.line(pattern % "partners/auditor").groups()
        sts = boto3.Session(
            aws_access_key_id=key, aws_secret_access_key=secret, region_name=region
        ).client("sts", endpoint_url=endpoint, config=Config(proxies={}))
        assert (
            sts.get_caller_identity()["Arn"]
            == arn
            == f"arn:aws:iam::{SOURCE}:user/partners/auditor"
        )
        assumed = sts.assume_role(
            RoleArn=f"arn:aws:iam::{DESTINATION}:role/partner-audit",
            RoleSessionName="me",
            ExternalId="partner-7f3a",
        )
        assert (
            assumed["AssumedRoleUser"]["Arn"]
            == f"arn:aws:sts::{DESTINATION}:assumed-role/partner-audit/me"
        )
        for user in ("alice", "bob"):
            up.line(pattern % user)
            check_mfa_command(up, user, endpoint)
        outputs = up.line(r"^  cross-account-access map --outputs (\S+)  #").group(1)
        made = [Path(outputs), *(folder / ".sandbox").iterdir(), folder / ".sandbox"]
        assert [path for path in made if path.stat().st_mode & 0o077] == []
        grants = load_grants(StackSource((), (outputs,), tmp_path))
        assert [grant.name for grant in grants] == ["deploy", "partner-audit", "read-only"]
        assert up.interrupt() == 0
    assert not is_sandbox(endpoint)
    assert "Traceback" not in "\n".join(up.lines)


def test_keep_says_how_to_use_each_of_many_accounts(tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    grants = {
        "read": {
            "source": "people",
            "destinations": ["production", "staging"],
            "principals": [{"user": "alice"}],
        }
    }
    names = ("people", "production", "staging")
    folder = fleet(tmp_path, endpoint, {name: {} for name in names}, grants)
    with running("up", "-C", str(folder), "--engine", "in-process", "--keep") as up:
        listed = up.line(r"^  AWS_ACCESS_KEY_ID=ACCOUNT_ID AWS_SECRET_ACCESS_KEY=(\S+) .*: (.*)$")
        secret, accounts = listed.groups()
        assert accounts == ", ".join(f"{name} {account_id(name)}" for name in names)
        for name in names[1:]:
            iam = boto3.Session(
                aws_access_key_id=account_id(name),
                aws_secret_access_key=secret,
                region_name="us-east-1",
            ).client("iam", endpoint_url=endpoint, config=Config(proxies={}))
            assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["read"]
        assert up.interrupt() == 0


def test_accounts_of_its_own_are_gone_afterwards(tmp_path: Path) -> None:
    folder = project(tmp_path)
    assert sandbox("preview", folder).exit_code == 0
    assert not is_sandbox(endpoint_of(folder))


def test_fresh_accounts_have_the_stacks_quota_of_policies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas: list[dict[str, int]] = []

    class RecordedSandbox(Sandbox):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            quotas.append(options["quotas"])
            super().__init__(*arguments, **options)

    monkeypatch.setattr(sandbox_command, "Sandbox", RecordedSandbox)
    assert sandbox("preview", project(tmp_path, limits={"policiesPerUser": 12})).exit_code == 0
    assert quotas == [{"policies_per_user": 12}]


def test_a_port_that_another_program_uses_is_reported(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        up = sandbox("up", project(tmp_path, f"http://127.0.0.1:{port}"))
    assert (up.exit_code, up.stdout) == (1, "")
    assert up.stderr.startswith(f"Error: port {port} is in use by another program, which is no s")


def long_named_users(count: int) -> dict[str, Any]:
    """A grant to users whose ARNs take some 240 characters each."""
    users = [{"user": f"{'p' * 200}/user-{number}"} for number in range(count)]
    return {"look": {"principals": users, "role": {"managedPolicies": ["ReadOnlyAccess"]}}}


def test_a_stack_with_a_raised_quota_is_deployed_and_proved_on_accounts_that_have_it(
    tmp_path: Path,
) -> None:
    grants = long_named_users(9)
    refused = sandbox("up", project(tmp_path, grants=grants), "--json")
    assert refused.exit_code == 2
    (error,) = document(refused)["errors"]
    assert error["code"] == "trust-policy-too-long"
    raised = {"trustPolicyCharacters": 4096}
    up = sandbox("up", project(tmp_path, grants=grants, limits=raised), "--json")
    assert up.exit_code == 0, up.stderr
    proof = document(up)["proof"]
    assert {one["observed"] for one in proof} == {"allowed", "refused"}
    assert all(one["observed"] == one["expected"] for one in proof)


def test_accounts_whose_quota_is_not_raised_refuse_what_the_stack_takes_it_for(
    tmp_path: Path,
) -> None:
    port = free_port()
    folder = project(
        tmp_path,
        f"http://127.0.0.1:{port}",
        grants=long_named_users(9),
        limits={"trustPolicyCharacters": 4096},
    )
    with Sandbox(port):
        up = sandbox("up", folder)
    assert up.exit_code == 1
    assert "Cannot exceed quota for ACLSizePerRole: 2048" in up.stderr


def test_serve_takes_the_three_quotas(monkeypatch: pytest.MonkeyPatch) -> None:
    quotas: list[dict[str, int]] = []

    class RefusedSandbox(Sandbox):
        def __init__(self, *_: Any, **options: Any) -> None:
            quotas.append(options["quotas"])
            raise SandboxError("not today")

    monkeypatch.setattr(sandbox_command, "Sandbox", RefusedSandbox)

    def serve(*options: str) -> int:
        return CliRunner().invoke(sandbox_command.main, ["serve", *options]).exit_code

    raised = ("--trust-policy-characters=4096", "--policies-per-user=15", "--policies-per-role=25")
    default = {"trust_policy_characters": 2048, "policies_per_user": 10, "policies_per_role": 10}
    assert [serve(), serve(*raised)] == [1, 1]
    assert quotas == [
        default,
        {"trust_policy_characters": 4096, "policies_per_user": 15, "policies_per_role": 25},
    ]
    refused = (
        "--trust-policy-characters=8193",
        "--policies-per-user=21",
        "--policies-per-role=26",
        "--policies-per-principal=12",
    )
    assert [serve(option) for option in refused] == [2, 2, 2, 2]
