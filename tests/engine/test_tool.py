"""`cross-account-access` on a stack that the engine has deployed, a secret among its outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.engine.conftest import Project

pytestmark = pytest.mark.engine

EXTERNAL_ID = "partner-4711-unlisted"


def run_tool(
    environment: Mapping[str, str], *arguments: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the tool
        [sys.executable, "-m", "cross_account_access.cli", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )


def test_a_stack_is_read_with_its_secrets_and_its_grants_are_verified(project: Project) -> None:
    project.user()
    run = project.deployed(project.config({"partner": {"principals": [{"user": "alice"}]}}))
    run.set_secret("grants.partner.conditions.externalId", EXTERNAL_ID)
    run.up()
    work = run.stack.workspace.work_dir
    key = project.iam(project.source).create_access_key(UserName="alice")["AccessKey"]
    environment = os.environ | run.stack.workspace.env_vars
    environment |= {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "components")]),
    }

    verified = run_tool(environment, "verify", "--stack", "test", "-C", work, "--json")
    assert verified.returncode == 0, verified.stderr
    (grant,) = json.loads(verified.stdout)["grants"]
    assert [attempt["observed"] for attempt in grant["attempts"]] == [
        "allowed",
        "refused",
        "refused",
    ]
    assert EXTERNAL_ID not in verified.stdout + verified.stderr

    hidden = run_tool(
        environment, "map", "--outputs", "-", stdin=run.cli("stack", "output", "--json")
    )
    assert hidden.returncode == 2
    assert "secret, in its output documents" in hidden.stderr

    missing = run_tool(environment, "map", "--stack", "other", "-C", work)
    assert (missing.returncode, missing.stderr.splitlines()[0]) == (
        2,
        "Error: there is no stack other",
    )
