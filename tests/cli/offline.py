"""The tool in this process on a stack's outputs, without credentials, network or browser."""

from __future__ import annotations

import io
import json
import os
import sys
import webbrowser
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn
from unittest.mock import patch

import botocore.exceptions
import botocore.session

from cross_account_access.cli.exec import exec_command
from cross_account_access.cli.main import main
from tests.cli.handoff.everything import records
from tests.sandbox.commands import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cross_account_access.grants.documents import GrantDocuments

GRANT = "read-only"
FILE = "outputs.json"
COMMANDS: dict[str, tuple[str, ...]] = {
    "verify": ("verify", GRANT),
    "explain": ("explain", "alice", GRANT),
    "profile": ("profile", GRANT, "--mfa-serial", f"arn:aws:iam::{SOURCE}:mfa/alice", "--dry-run"),
    "open": ("open", GRANT),
    "exec": ("exec", GRANT, "--outputs", FILE, "--", "true"),
    "revoke": ("revoke", GRANT),
    "handoff": ("handoff", GRANT, "--for", "destination", "--to", "handed"),
    "map": ("map",),
}


@dataclass(frozen=True)
class Ran:
    """What a command did.

    Attributes:
        opened: What the browser was told to open.
    """

    code: int
    out: str
    err: str
    opened: tuple[str, ...]


class _Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise botocore.exceptions.NoCredentialsError


def _never(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("a command must not run here")


@contextmanager
def offline(folder: Path) -> Iterator[None]:
    """Leave nothing to call: no AWS, and no process that takes this one's place."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(folder),
        "TERM": "xterm-256color",
    }
    keys = "[default]\naws_access_key_id = x\naws_secret_access_key = x\n"
    (folder / "credentials").write_text(keys, encoding="utf-8")
    with (
        patch.dict(os.environ, environment, clear=True),
        patch.object(botocore.session.Session, "create_client", _refuse),
        patch.object(exec_command, "replace_process", _never),
        chdir(folder),
    ):
        yield


def run(
    *args: str,
    stdin: bytes = b"",
    terminal: bool = False,
    stdout: io.StringIO | None = None,
    **environment: str,
) -> Ran:
    """Run the tool; the outputs are in `outputs.json` unless the arguments say where."""
    opened: list[str] = []

    def start_browser(url: str) -> bool:
        opened.append(url)
        return True

    out, err = stdout or _Stream(terminal=terminal), _Stream(terminal=terminal)
    is_command = not args[0].startswith("--") and "--outputs" not in args
    where = ("--outputs", FILE) if is_command else ()
    with (
        patch.dict(os.environ, environment),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        patch.object(webbrowser, "open", start_browser),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = main([*args, *where])
    return Ran(code, out.getvalue(), err.getvalue(), tuple(opened))


def outputs(record: GrantDocuments | None = None) -> dict[str, Any]:
    """A stack's output `grants`, as the program exports it, with one grant.

    Args:
        record: Its record; by default of a grant in examples.
    """
    record = record or records()[GRANT]
    return {
        GRANT: {
            "roleArn": record.role.arn,
            "roleName": record.role.name,
            "roleUniqueId": "AROA0000000000000001",
            "switchRoleUrl": "https://signin.aws.amazon.com/switchrole?account=222222222222",
            "cliProfile": f"[profile {GRANT}]\nrole_arn = {record.role.arn}\n",
            "assumeRoleCommand": f"aws sts assume-role --role-arn {record.role.arn}",
            "sourceAccountId": record.source_account_id,
            "destinationAccountId": record.destination_account_id,
            "documents": record.as_json(),
        }
    }


def write(folder: Path, grants: Any) -> None:
    """Write a stack's outputs with these grants."""
    text = json.dumps({"grants": grants, "other": ["x", 1]})
    (folder / FILE).write_text(text, encoding="utf-8")
