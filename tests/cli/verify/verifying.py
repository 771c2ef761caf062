"""`verify` run in this process on a deployed stack, and what it found."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from cross_account_access.cli.aws_access import AwsAccess, TemporaryAccess
from cross_account_access.cli.verify import access_analyzer
from sandbox.aws.mfa import totp

if TYPE_CHECKING:
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
    """Access Analyzer that has these findings about every document; the sandbox's has none."""

    def __init__(self, *findings: dict[str, str]) -> None:
        self.findings = findings
        self.requests: list[dict[str, str]] = []

    def validate_policy(self, **request: str) -> dict[str, Any]:
        self.requests.append(request)
        return {"findings": [*self.findings]}


_clients: dict[tuple[object, ...], Any] = {}


def _get_client(aws: AwsAccess, service: str, *_: object) -> Any:
    """A client that is made once for all tests: that takes longer than all that is asked of it."""
    profiles = Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).read_text(encoding="utf-8")
    keys = aws.keys.values() if isinstance(aws, TemporaryAccess) else [profiles]
    key = (service, aws.profile, os.environ["AWS_ENDPOINT_URL"], *keys)
    if key not in _clients:
        _clients[key] = _make_client(aws, service)
    return _clients[key]


_make_client = AwsAccess.client


def verify(
    stage: Stage, *options: str, analyzer: AccessAnalyzer | None = None
) -> tuple[int, dict[str, Any]]:
    """Run it; returns the exit code and what it printed as JSON."""
    command = ("verify", "--outputs", "outputs.json", "--timeout", "0", "--json")
    with (
        patch.object(access_analyzer.AccessAnalyzer, "_client", lambda _: analyzer)
        if analyzer
        else nullcontext(),
        patch.object(AwsAccess, "client", _get_client),
    ):
        done = stage.call(*command, *options)
    return done.returncode, json.loads(done.stdout)


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
