"""`verify` run in this process on a deployed stack, and what it found."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from cross_account_access.cli.main import cli
from cross_account_access.cli.terminal import Failure
from cross_account_access.cli.verify.analyzer import Analyzer
from sandbox.aws.mfa import totp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Stage

CALLERS = {"deploy": "ci", "partner-audit": "auditor", "read-only": "alice"}


def mfa_code(stage: Stage, user: str = "alice") -> str:
    """What the user's MFA device shows."""
    caller = next(
        caller
        for caller in stage.everybody.callers.values()
        if caller.arn.endswith(f":user/{user}")
    )
    assert caller.mfa is not None
    return totp(caller.mfa[1])


class AccessAnalyzer:
    """Access Analyzer, which the sandbox lacks; it says of every document what it is told to say."""

    def __init__(self, *told: dict[str, str]) -> None:
        self.told = told
        self.asked: list[dict[str, str]] = []

    def validate_policy(self, **asked: str) -> dict[str, Any]:
        self.asked.append(asked)
        return {"findings": [*self.told]}


def verify(
    stage: Stage, *options: str, analyzer: AccessAnalyzer | None = None
) -> tuple[int, dict[str, Any]]:
    """Run it; returns the exit code and what it printed as JSON."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Analyzer, "_client", lambda _: analyzer or AccessAnalyzer())
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, text in stage.environment.items():
            patch.setenv(name, text)
        arguments = [
            "verify",
            "--outputs",
            str(stage.outputs),
            "--timeout",
            "0",
            "--json",
            *options,
        ]
        done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    if isinstance(done.exception, Failure):
        return done.exception.code, json.loads(done.stdout)
    if done.exception is not None:
        raise done.exception
    return int(done.return_value or 0), json.loads(done.stdout)


def by_caller(stage: Stage, grant: str, *options: str) -> tuple[int, dict[str, Any]]:
    """The same for one grant, by one of its principals, with MFA where it has that."""
    caller = CALLERS[grant]
    mfa = ["--mfa-code", mfa_code(stage)] if caller == "alice" else []
    reading = ["--source-profile", "source", "--destination-profile", "destination"]
    code, told = verify(stage, "--profile", caller, grant, *reading, *mfa, *options)
    [result] = told["grants"]
    return code, result


def codes(result: dict[str, Any]) -> list[str]:
    """The codes of a result's findings."""
    return [finding["code"] for finding in result["findings"]]


@contextmanager
def kept(stage: Stage) -> Iterator[None]:
    """Put the accounts and the profiles back afterwards: deploying anew takes seconds."""
    front = stage.sandbox._get_app()
    credentials = stage.folder / "aws" / "credentials"
    text = credentials.read_text(encoding="utf-8")
    # In one copy, for the accounts share AWS's own policies.
    saved = deepcopy({account: vars(iam) for account, iam in front.state.accounts.list_used()})
    sessions = dict(front.state.sessions._by_key)
    try:
        yield
    finally:
        with front.lock:
            for account, state in saved.items():
                front.state.accounts.get_iam(account).__dict__.update(state)
            front.state.sessions._by_key = sessions
        credentials.write_text(text, encoding="utf-8")
