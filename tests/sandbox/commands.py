"""Hands to run `python -m sandbox` with, on a copy of the project."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import yaml
from click.testing import CliRunner

from cross_account_access.config.settings import NAMESPACE
from sandbox.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.testing import Result

ROOT = Path(__file__).parents[2]
SOURCE, DESTINATION = "111111111111", "222222222222"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _copy_program(folder: Path) -> None:
    for name in ("Pulumi.yaml", "__main__.py", "stack_config.py"):
        shutil.copy(ROOT / name, folder)


def project(folder: Path, endpoint: str | None = None, **config: Any) -> Path:
    """A copy of the project, its dev stack at this endpoint (a free port), with this config."""
    _copy_program(folder)
    endpoint = endpoint or f"http://127.0.0.1:{free_port()}"
    text = (
        (ROOT / "Pulumi.dev.yaml")
        .read_text(encoding="utf-8")
        .replace("http://127.0.0.1:4577", endpoint)
    )
    stack = yaml.safe_load(text)
    stack["config"] |= {f"{NAMESPACE}:{key}": value for key, value in config.items()}
    (folder / "Pulumi.dev.yaml").write_text(
        yaml.safe_dump(stack, sort_keys=False), encoding="utf-8"
    )
    return folder


def fleet(
    folder: Path,
    endpoint: str,
    accounts: Mapping[str, Mapping[str, Any]],
    grants: Mapping[str, Any],
    **config: Any,
) -> Path:
    """A copy of the project, its dev stack among these accounts, which an access file has.

    The accounts' connections are added to what is given of them, but for what is None there.
    """
    _copy_program(folder)
    connected = {}
    for name, given in accounts.items():
        account = connection(account_id(name), endpoint) | dict(given)
        connected[name] = {key: value for key, value in account.items() if value is not None}
    shared = {"accounts": connected, "grants": dict(grants)}
    config = {"file": "access.yaml"} | config
    file = folder / config["file"]
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(shared), encoding="utf-8")
    own = {f"{NAMESPACE}:{key}": value for key, value in config.items()}
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": own}), encoding="utf-8")
    return folder


def account_id(name: str) -> str:
    """The ID of an account of that name."""
    return f"{100_000_000_000 + crc32(name.encode()):012}"


def endpoint_of(folder: Path) -> str:
    """Where a project's dev stack is deployed."""
    stack = yaml.safe_load((folder / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    return str(stack["config"][f"{NAMESPACE}:source"]["endpoint"])


def connection(account: str, endpoint: str) -> dict[str, Any]:
    return {
        "accountId": account,
        "region": "us-east-1",
        "accessKey": account,
        "secretKey": "sandbox",
        "endpoint": endpoint,
    }


def sandbox(verb: str, folder: Path, *options: str, engine: str = "in-process") -> Result:
    """Run the command in this process."""
    runner = CliRunner(env={"COLUMNS": "100"})
    return runner.invoke(main, [verb, "-C", str(folder), "--engine", engine, *options])


def document(result: Result) -> dict[str, Any]:
    """The JSON document that a command printed."""
    found: dict[str, Any] = json.loads(result.stdout)
    return found
