"""The transcript in docs/verify.md is what the command prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Stage

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "verify.md").read_text(encoding="utf-8")


def test_the_transcript_is_what_the_command_prints(own: Stage) -> None:
    trust = json.loads(own.grants["partner-audit"]["documents"])["role"]["trustPolicy"]
    del trust["Statement"][0]["Condition"]
    own.destination.update_assume_role_policy(
        RoleName="partner-audit", PolicyDocument=json.dumps(trust)
    )
    done = own.run("verify", "--outputs", "outputs.json", "--profile", "auditor")
    assert done.returncode == 1, done.stderr
    assert done.stdout in PAGE, (
        f"the transcript in docs/verify.md is stale; now it is:\n{done.stdout}"
    )
