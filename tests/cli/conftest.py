"""The dev stack deployed on emulated accounts, its people with profiles of their own, and the tool run as a process."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from cross_account_access.cli.main import main
from sandbox.aws.server import Sandbox, client
from sandbox.deploy import in_process
from sandbox.deploy.stack import load
from sandbox.proof.people import People, make_people
from stack_config import NAMESPACE
from tests.sandbox.commands import DESTINATION, SOURCE, project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_iam import IAMClient

ROOT = Path(__file__).parents[2]


@dataclass
class Stage:
    """A deployed stack.

    Attributes:
        sandbox: Where it is deployed.
        folder: A folder for the test's files, with the AWS CLI's config in `aws/`.
        everybody: Who can call.
        grants: The stack's output `grants`.
    """

    sandbox: Sandbox
    folder: Path
    everybody: People
    grants: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)

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
            patch.object(sys, "argv", ["cross-account-access", *args]),
            chdir(self.folder),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = main()
        return subprocess.CompletedProcess(args, code, out.getvalue(), err.getvalue())

    def profile(self, name: str, keys: Mapping[str, str]) -> None:
        """Add a profile with these keys, as the AWS CLI has it."""
        told = "".join(f"{key} = {value}\n" for key, value in keys.items())
        with (self.folder / "aws" / "credentials").open("a", encoding="utf-8") as file:
            file.write(f"[{name}]\n{told}\n")


def deploy(sandbox: Sandbox, folder: Path, **config: Any) -> Iterator[Stage]:
    """Deploy the dev stack in process, with these keys of its config replaced; its people last until the end.

    The profiles: `alice`, `bob`, `auditor`, `ci` (a session), `outsider`, `nobody`, `stranger`, and the administrators
    `source` and `destination`.
    """
    sandbox.reset()
    stack = load(project(folder, sandbox.endpoint, **config), "dev")
    with make_people(sandbox.endpoint, stack.settings, keep=True) as everybody:
        done = in_process.deploy(
            folder / "__main__.py", NAMESPACE, "dev", stack.config, preview=False
        )
        (folder / "outputs.json").write_text(json.dumps(done.outputs), encoding="utf-8")
        (folder / "aws").mkdir(exist_ok=True)
        config_file, credentials = folder / "aws" / "config", folder / "aws" / "credentials"
        config_file.write_text("", encoding="utf-8")
        credentials.write_text("", encoding="utf-8")
        stage = Stage(
            sandbox,
            folder,
            everybody,
            done.outputs["grants"],
            _environment(sandbox, config_file, credentials),
        )
        others = {
            "outsider": everybody.outsider,
            "nobody": everybody.nobody,
            "stranger": everybody.stranger,
        }
        for key, caller in {**everybody.callers, **others}.items():
            stage.profile(key.partition("-")[2] or key, caller.credentials)
        for name, account in (("source", SOURCE), ("destination", DESTINATION)):
            stage.profile(name, {"aws_access_key_id": account, "aws_secret_access_key": "sandbox"})
        yield stage


def _environment(sandbox: Sandbox, config: Path, credentials: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": sandbox.endpoint,
        "AWS_REGION": "us-east-1",
        "HOME": str(config.parent.parent),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "components")]),
    }


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> Iterator[None]:
    """Ctrl-C reaches the tool also where the tests run with it ignored, as in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def accounts() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def deployed(accounts: Sandbox) -> Iterator[Stage]:
    """The dev stack as it was deployed; its tests change nothing in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield from deploy(accounts, Path(folder))


@pytest.fixture
def own(accounts: Sandbox, tmp_path: Path) -> Iterator[Stage]:
    """The dev stack deployed afresh, for a test that damages it."""
    yield from deploy(accounts, tmp_path)
