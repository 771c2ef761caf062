"""The dev stack on emulated accounts, its people with profiles, and the tool run on it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from cross_account_access.cli.main import main
from cross_account_access.config.settings import NAMESPACE
from sandbox.aws.server import Sandbox, SandboxError, client
from sandbox.deploy import in_process
from sandbox.deploy.stack import load
from sandbox.proof.people import People, make_people
from tests.sandbox.commands import DESTINATION, SOURCE, project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_iam import IAMClient

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Deployment:
    """A stack as it was deployed, which can be put back: deploying takes seconds.

    Attributes:
        outputs: The stack's outputs.
        everybody: Who can call.
        world: The accounts, sessions and organizations.
    """

    outputs: dict[str, Any]
    everybody: People
    world: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]

    def restore(self, sandbox: Sandbox) -> None:
        """Put the accounts back."""
        front = sandbox._get_app()
        # In one copy, for the accounts share AWS's own policies.
        accounts, sessions, organizations = deepcopy(self.world)
        with front.lock:
            front.state.reset()
            for account, state in accounts.items():
                front.state.accounts.get_iam(account).__dict__.update(state)
            front.state.sessions._by_key.update(sessions)
            front.state.organizations.update(organizations)


@dataclass
class Stage:
    """A deployed stack.

    Attributes:
        sandbox: Where it is deployed.
        folder: A folder for the test's files, with the AWS CLI's config in `aws/`.
        deployment: What was deployed.
        environment: The tool's environment.
    """

    sandbox: Sandbox
    folder: Path
    deployment: Deployment
    environment: dict[str, str]

    @property
    def everybody(self) -> People:
        """Who can call."""
        return self.deployment.everybody

    @property
    def grants(self) -> dict[str, Any]:
        """Each grant's outputs and its record, together as stacks once had them."""
        told = self.deployment.outputs
        return {
            name: {**grant, "documents": told["documents"][name]}
            for name, grant in told["grants"].items()
        }

    @property
    def outputs(self) -> Path:
        """The file with the stack's outputs."""
        return self.folder / "outputs.json"

    @property
    def source(self) -> IAMClient:
        """IAM of the source account, as its administrator."""
        return client("iam", self.sandbox.endpoint, account=SOURCE)

    @property
    def destination(self) -> IAMClient:
        """IAM of the destination account, as its administrator."""
        return client("iam", self.sandbox.endpoint, account=DESTINATION)

    def run(
        self, *args: str, stdin: str | None = None, seconds: float = 60, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the tool as a process of its own, without a terminal."""
        return subprocess.run(  # noqa: S603 - the tool, with what the tests say
            [sys.executable, "-m", "cross_account_access.cli", *args],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**self.environment, **environment},
            cwd=self.folder,
        )

    def call(
        self, *args: str, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the tool in this process, as `run` does but quicker."""
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, {**self.environment, **environment}, clear=True),
            patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
            chdir(self.folder),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = main(args)
        return subprocess.CompletedProcess(args, code, out.getvalue(), err.getvalue())

    def profile(self, name: str, keys: Mapping[str, str]) -> None:
        """Add a profile with these keys, as the AWS CLI has it."""
        told = "".join(f"{key} = {value}\n" for key, value in keys.items())
        with (self.folder / "aws" / "credentials").open("a", encoding="utf-8") as file:
            file.write(f"[{name}]\n{told}\n")

    def restore(self) -> None:
        """Put accounts, profiles and outputs back as they were deployed."""
        self.deployment.restore(self.sandbox)
        self.outputs.write_text(json.dumps(self.deployment.outputs), encoding="utf-8")
        (self.folder / "aws").mkdir(exist_ok=True)
        for name in ("config", "credentials"):
            (self.folder / "aws" / name).write_text("", encoding="utf-8")
        people = self.everybody
        others = {
            "outsider": people.outsiders["source"],
            "nobody": people.nobodies["source"],
            "stranger": people.stranger,
            # As the keys of the others begin with their kinds.
            **{f"-{name.rpartition('/')[2]}": one for (_, name), one in people.excluded.items()},
        }
        for key, caller in {**people.callers, **others}.items():
            self.profile(key.partition("-")[2] or key, caller.credentials)
        for name, account in (("source", SOURCE), ("destination", DESTINATION)):
            self.profile(name, {"aws_access_key_id": account, "aws_secret_access_key": "sandbox"})


_deployments: dict[tuple[str, str], Deployment] = {}


def deploy(sandbox: Sandbox, folder: Path, **config: Any) -> Iterator[Stage]:
    """Deploy the dev stack in process, with these keys of its config replaced; once in a session.

    The profiles: `alice`, `bob`, `auditor`, `ci` (a session), `outsider`, `nobody`, `stranger`,
    whoever is excluded, and the administrators `source` and `destination`.
    """
    project(folder, sandbox.endpoint, **config)
    key = (sandbox.endpoint, json.dumps(config, sort_keys=True))
    if key not in _deployments:
        _deployments[key] = _deploy(sandbox, folder)
    stage = Stage(sandbox, folder, _deployments[key], _environment(sandbox, folder / "aws"))
    stage.restore()
    yield stage


def _deploy(sandbox: Sandbox, folder: Path) -> Deployment:
    sandbox.reset()
    stack = load(folder, "dev")
    with make_people(sandbox.endpoint, stack.settings, keep=True) as everybody:
        done = in_process.deploy(
            folder / "__main__.py", NAMESPACE, "dev", stack.config, preview=False
        )
    world = sandbox._get_app().state
    accounts = {account: vars(iam) for account, iam in world.accounts.list_used()}
    saved = deepcopy((accounts, world.sessions._by_key, world.organizations))
    return Deployment(done.revealed, everybody, saved)


@contextmanager
def restoring(stage: Stage) -> Iterator[None]:
    """Put the stage back afterwards."""
    try:
        yield
    finally:
        stage.restore()


def _environment(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": sandbox.endpoint,
        "AWS_REGION": "us-east-1",
        "HOME": str(folder.parent),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "components")]),
    }


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> Iterator[None]:
    """Ctrl-C reaches the tool also where the tests ignore it, as in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def _plain_environment() -> Iterator[None]:
    """The width and the styles of the terminal, or of pytest's workers, change no output."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
            environment.delenv(name, raising=False)
        yield


_ports: list[int] = [0]


@pytest.fixture(scope="module")
def accounts() -> Iterator[Sandbox]:
    """Emulated accounts, at one address for all modules, so that deployments can be put back."""
    try:
        running = Sandbox(_ports[-1]).start()
    except SandboxError:
        running = Sandbox().start()  # somebody has taken the port meanwhile
    _ports.append(int(running.endpoint.rpartition(":")[2]))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def deployed(accounts: Sandbox) -> Iterator[Stage]:
    """The dev stack as it was deployed; its tests change nothing in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield from deploy(accounts, Path(folder))


@pytest.fixture
def own(accounts: Sandbox, tmp_path: Path) -> Iterator[Stage]:
    """The dev stack as it was deployed, for a test that damages it."""
    yield from deploy(accounts, tmp_path)
