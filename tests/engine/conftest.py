"""Stacks that the real Pulumi engine brings up on emulated accounts, each stack with two accounts
of its own."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pulumi
import pytest
import yaml
from botocore.exceptions import ClientError
from pulumi import automation

from cross_account_access import CrossAccountAccess, CrossAccountAccessArgs
from cross_account_access.config.connection import Connection
from cross_account_access.config.settings import NAMESPACE
from cross_account_access.grants.model import read_model
from sandbox.aws.server import Sandbox, client
from sandbox.deploy.pulumi_engine import NoEngineError, find
from sandbox.proof.person import make_session_sts
from stack_config import make_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pulumi_aws as aws
    from types_boto3_iam import IAMClient
    from types_boto3_sts import STSClient

    from sandbox.aws.server import RequestRecord

ROOT = Path(__file__).parents[2]
PROGRAM = ("__main__.py", "stack_config.py")
PASSPHRASE = "of the engine's tests"

AMBIENT = "888888888888"
"""The account of the credentials that lie about: what no provider of ours does is done there, and
seen."""

TRUSTED_ROLE = "cross-account-access:index:TrustedRole"
ROLE, POLICY = "aws:iam/role:Role", "aws:iam/policy:Policy"

_accounts = itertools.count(100_000_000_001)


class Step(NamedTuple):
    """What the engine does, or would do, with one resource."""

    op: str
    type: str
    name: str
    changed: tuple[str, ...] = ()


class Run:
    """A stack, and what the engine does with it."""

    def __init__(self, stack: automation.Stack, config: Mapping[str, Any]) -> None:
        self.stack = stack
        self.told = ""
        self._folder = Path(stack.workspace.work_dir)
        self.configure(config)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Replace the stack's config, as somebody who edits its file does."""
        file = self._folder / f"Pulumi.{self.stack.name}.yaml"
        settings = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None
        full = {key if ":" in key else f"{NAMESPACE}:{key}": value for key, value in config.items()}
        file.write_text(
            yaml.safe_dump((settings or {}) | {"config": full}, sort_keys=False), encoding="utf-8"
        )

    def set_secret(self, path: str, value: str) -> None:
        """`pulumi config set --secret --path`."""
        self.stack.set_config(
            f"{NAMESPACE}:{path}", automation.ConfigValue(value, secret=True), path=True
        )

    def up(self, **options: Any) -> list[Step]:
        """`pulumi up`; returns what was changed."""
        events: list[automation.EngineEvent] = []
        result = self.stack.up(on_event=events.append, color="never", **options)
        self.told = result.stdout + result.stderr
        return _changes(events)

    def preview(self, **options: Any) -> list[Step]:
        """`pulumi preview`; returns what would be changed."""
        events: list[automation.EngineEvent] = []
        result = self.stack.preview(on_event=events.append, color="never", **options)
        self.told = result.stdout + result.stderr
        return _changes(events)

    def destroy(self) -> None:
        self.stack.destroy(color="never")

    def fails(self, verb: Callable[[], object]) -> str:
        """All that the engine says of a run that fails, which it must."""
        with pytest.raises(automation.CommandError) as caught:
            verb()
        return str(caught.value)

    @property
    def outputs(self) -> dict[str, Any]:
        return {name: output.value for name, output in self.stack.outputs().items()}

    def cli(self, *arguments: str) -> str:
        """What a command of the Pulumi CLI prints."""
        workspace = self.stack.workspace
        command = [*arguments, "--stack", self.stack.name]
        return workspace.pulumi_command.run(command, workspace.work_dir, workspace.env_vars).stdout

    def resources(self) -> list[dict[str, Any]]:
        """The stack's state."""
        found: list[dict[str, Any]] = json.loads(self.cli("stack", "export"))["deployment"][
            "resources"
        ]
        return found


def _changes(events: list[automation.EngineEvent]) -> list[Step]:
    steps = set()
    for event in events:
        if event.resource_pre_event is None:
            continue
        step = event.resource_pre_event.metadata
        if step.op.value not in {"same", "read", "refresh"}:
            changed = tuple(sorted(step.diffs or ()))
            steps.add(Step(step.op.value, step.type, step.urn.rpartition("::")[2], changed))
    return sorted(steps)


class Project:
    """Two accounts, and a folder for a stack that connects them."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        sandbox: Sandbox,
        accounts: tuple[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.source, self.destination = accounts or (str(next(_accounts)), str(next(_accounts)))
        self._asked_before = 0
        self._command = automation.PulumiCommand(environment.get("PULUMI_HOME"))
        self._environment = dict(environment) | {
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "AWS_ENDPOINT_URL": sandbox.endpoint,
            "AWS_ACCESS_KEY_ID": AMBIENT,
            "AWS_SECRET_ACCESS_KEY": "ambient",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def connection(self, account: str) -> dict[str, Any]:
        """An account's connection, as the config has it."""
        return {
            "accountId": account,
            "region": "us-east-1",
            "accessKey": account,
            "secretKey": "sandbox",
            "endpoint": self.sandbox.endpoint,
        }

    def config(self, grants: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """The real program's config."""
        source, destination = self.connection(self.source), self.connection(self.destination)
        return {"source": source, "destination": destination, "grants": grants} | more

    def deployed(
        self, config: Mapping[str, Any], name: str = "test", program: str | None = None
    ) -> Run:
        """A stack of the real program, or of another text in its place."""
        work = self._work(name)
        for file in PROGRAM:
            shutil.copy(ROOT / file, work)
        if program is not None:
            (work / "__main__.py").write_text(program, encoding="utf-8")
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
        project["runtime"]["options"]["virtualenv"] = sys.prefix
        (work / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
        options = self._options()
        return Run(automation.create_stack(name, work_dir=str(work), opts=options), config)

    def program(self, run: Callable[[], object], config: Mapping[str, Any] | None = None) -> Run:
        """A stack of a function of the test's own. It must not fail: Pulumi leaves its event loop
        open then."""
        options = self._options(work_dir=str(self._work("own")))
        stack = automation.create_stack("own", "of-a-test", program=run, opts=options)  # type: ignore[arg-type]
        return Run(stack, config or {})

    def provider(self, account: str, name: str, **more: Any) -> aws.Provider:
        """An explicit provider, as the real program makes it."""
        connection = {**self.connection(account), **more}
        return make_provider(read_model(Connection, connection, spelling="camelCase"), name)

    def access(
        self, grants: Mapping[str, Any], name: str = "access", **more: Any
    ) -> CrossAccountAccess:
        """The component, inside a program; its outputs are the stack's."""
        args: CrossAccountAccessArgs = {
            "grants": dict(grants),
            "source_provider": more.pop("source_provider", None)
            or self.provider(self.source, "source"),
            "destination_provider": more.pop("destination_provider", None)
            or self.provider(self.destination, "destination"),
        }
        access = CrossAccountAccess(name, args, **more)
        pulumi.export("role_arns", access.role_arns)
        return access

    def iam(self, account: str) -> IAMClient:
        return client("iam", self.sandbox.endpoint, account=account)

    def user(self, name: str = "alice", path: str = "/") -> None:
        self.iam(self.source).create_user(UserName=name, Path=path)

    def keys(self, user: str = "alice") -> STSClient:
        """STS as a user of the source account."""
        key = self.iam(self.source).create_access_key(UserName=user)["AccessKey"]
        return make_session_sts(self.sandbox.endpoint, {**key, "SessionToken": None})

    def role_arn(self, name: str) -> str:
        return f"arn:aws:iam::{self.destination}:role/{name}"

    def accounts(self) -> dict[str, dict[str, Any]]:
        """All of IAM in both accounts."""
        return {
            account: iam_state(self.iam(account)) for account in (self.source, self.destination)
        }

    def from_here(self) -> None:
        """Leave out of `asked` and `writes` what was asked for until now."""
        self._asked_before = len(self.sandbox.requests)

    def asked(self, account: str) -> list[str]:
        """The actions that an account was asked for, in their order."""
        return [request.action for request in self._requests() if request.account == account]

    def writes(self) -> list[tuple[str, str]]:
        """What changed IAM in the two accounts or in the ambient one: side and action, in their
        order."""
        sides = {self.source: "source", self.destination: "destination", AMBIENT: "ambient"}
        return [
            (sides[request.account], request.action)
            for request in self._requests()
            if request.account in sides
            and request.service == "iam"
            and not request.action.startswith(("Get", "List"))
        ]

    def _requests(self) -> list[RequestRecord]:
        return self.sandbox.requests[self._asked_before :]

    def _options(self, **more: Any) -> automation.LocalWorkspaceOptions:
        return automation.LocalWorkspaceOptions(
            pulumi_command=self._command, env_vars=self._environment, **more
        )

    def _work(self, name: str) -> Path:
        (self.folder / "state").mkdir(exist_ok=True)
        work = self.folder / name
        work.mkdir()
        return work


def iam_state(iam: IAMClient) -> dict[str, Any]:
    """An account's users, groups, roles and own policies, each by its ARN."""
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["User", "Group", "Role", "LocalManagedPolicy"]
    )
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    entities: list[Any] = [entity for page in pages for kind in lists for entity in page[kind]]  # type: ignore[literal-required]
    return {entity["Arn"]: entity for entity in entities}


def outcome(sts: STSClient, role_arn: str, **parameters: Any) -> str:
    """What comes of assuming a role: `allowed`, or the error's code."""
    try:
        sts.assume_role(RoleArn=role_arn, RoleSessionName="test", **parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"


def in_this_order(writes: list[tuple[str, str]], *expected: tuple[str, str]) -> bool:
    """Whether each of these was asked for once, in this order."""
    return [write for write in writes if write in expected] == list(expected)


def document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@cache
def _found() -> Mapping[str, str] | NoEngineError:
    try:
        return find(ROOT, install=False, tell=print)
    except NoEngineError as missing:
        return missing


def pytest_runtest_setup() -> None:
    """Skip this folder's tests where there is no engine: from one place, so that pytest tells them
    in one line."""
    if isinstance(missing := _found(), NoEngineError):
        pytest.skip(f"the engine's tests need the Pulumi CLI and its AWS plugin: {missing}")


@pytest.fixture(scope="session")
def engine() -> Mapping[str, str]:
    """The environment of the Pulumi CLI."""
    found = _found()
    assert not isinstance(found, NoEngineError)
    return found


@pytest.fixture(scope="session")
def _clean_environment() -> Iterator[None]:
    """Without whatever the person's own environment tells Pulumi or the AWS provider."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in os.environ:
            if variable.startswith(("AWS_", "PULUMI_")) and variable != "PULUMI_HOME":
                patch.delenv(variable)
        for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(variable, os.devnull)
        yield


@pytest.fixture(scope="module")
def sandbox(_clean_environment: None) -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox) -> Project:
    """Two empty accounts and a stack's folder."""
    return Project(tmp_path, engine, sandbox)
