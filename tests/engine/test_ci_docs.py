"""docs/ci.md, done as it says without any key: on an EC2 instance, then by a web identity."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from sandbox.aws.server import client
from tests.credential_services import (
    ADMINISTRATOR,
    INSTANCE_CREDENTIALS,
    INSTANCE_ROLE,
    WEB_IDENTITY,
    make_role_session,
    serve_credentials,
    trust_jobs,
)
from tests.engine.conftest import PROGRAM, ROOT
from tests.unsigned_tokens import build_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.server import Sandbox

pytestmark = pytest.mark.engine

PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
SOURCE, DESTINATION = "111111111111", "222222222222"
CI = f"arn:aws:iam::{SOURCE}:role/ci"


def read_blocks(language: str) -> list[str]:
    """The page's blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


class Job:
    """A CI's job in the project's folder, without any key."""

    def __init__(self, folder: Path, engine: Mapping[str, str], endpoint: str) -> None:
        self.folder = folder
        for name in ("Pulumi.yaml", *PROGRAM):
            shutil.copy(ROOT / name, folder)
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "state").mkdir()
        token = build_token("repo:example/access:ref:refs/heads/main")
        (folder / "token").write_text(token, encoding="utf-8")
        script = folder / "deploy.sh"
        script.write_text("#!/bin/sh\necho $AWS_ACCESS_KEY_ID >used\n", encoding="utf-8")
        script.chmod(0o700)
        path = [str(Path(sys.prefix, "bin")), engine.get("PATH", os.environ["PATH"])]
        self._environment = {
            **os.environ,
            **engine,
            "HOME": str(folder),
            "PATH": os.pathsep.join(path),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "of the test",
            "AWS_ENDPOINT_URL": endpoint,
        }

    def run(self, script: str, **variables: str) -> str:
        """Run a script as a CI does: by bash, which ends at the first error."""
        done = subprocess.run(  # noqa: S603
            ["/bin/bash", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self._environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_a_job_deploys_with_an_instances_role_and_again_with_a_web_identity(
    tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox
) -> None:
    sandbox.reset()
    trust, of_jobs = read_blocks("json")
    session = make_role_session(sandbox.endpoint, SOURCE, "ci")
    iam = client("iam", sandbox.endpoint, account=DESTINATION)
    iam.create_role(RoleName="pulumi", AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(RoleName="pulumi", PolicyArn=ADMINISTRATOR)
    with serve_credentials(sandbox.endpoint, session) as services:
        job = Job(tmp_path, engine, services.endpoint)
        for block in read_blocks("sh"):
            job.run(block, **services.instance)
        assert services.asked.count(f"{INSTANCE_CREDENTIALS}{INSTANCE_ROLE}") > 1
        used = (tmp_path / "used").read_text("utf-8").strip()
        assert used not in ("", session["AccessKeyId"])

        workflow, _ = read_blocks("yaml")
        *_, deploy = yaml.safe_load(workflow)["jobs"]["deploy"]["steps"]
        services.asked.clear()
        trust_jobs(sandbox.endpoint, SOURCE, "ci", json.loads(of_jobs)["Statement"])
        told = job.run(
            f"{deploy['run']} --expect-no-changes",
            AWS_ROLE_ARN=CI,
            AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"),
            # The plugin's SDK heeds no other variable while it gets credentials.
            AWS_ENDPOINT_URL_STS=services.endpoint,
        )
        assert set(services.asked) == {WEB_IDENTITY}
    assert "unchanged" in told
    made = iam.get_role(RoleName="deploy")["Role"]["AssumeRolePolicyDocument"]
    assert json.dumps(CI) in json.dumps(made)
