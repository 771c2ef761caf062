"""Hands to run `python -m sandbox` with, on a copy of the project."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from click.testing import CliRunner

from cross_account_access.config.settings import NAMESPACE
from sandbox.__main__ import main

if TYPE_CHECKING:
    from click.testing import Result

ROOT = Path(__file__).parents[2]
SOURCE, DESTINATION = "111111111111", "222222222222"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def project(folder: Path, endpoint: str | None = None, **config: Any) -> Path:
    """A copy of the project, its dev stack at this endpoint (a free port), with this config."""
    for name in ("Pulumi.yaml", "__main__.py", "stack_config.py"):
        shutil.copy(ROOT / name, folder)
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
