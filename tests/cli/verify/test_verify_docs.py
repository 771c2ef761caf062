"""The page about `verify` has the command's findings, and its real output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cross_account_access.cli.verify.drift_findings import KINDS
from tests.cli.conftest import ROOT

if TYPE_CHECKING:
    from tests.cli.conftest import Stage

PAGE = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")


def test_the_page_has_every_finding() -> None:
    rows = [
        f"| `{code}` | {kind.half or 'either'} | {kind.meaning} | {kind.remedy} |"
        for code, kind in sorted(
            KINDS.items(), key=lambda item: ((item[1].half or "z")[0], item[0])
        )
    ]
    table = "\n".join(["| code | half | what it means | what to do |", "|---|---|---|---|", *rows])
    assert table in PAGE, f"the table in docs/verify.md is stale; now it is:\n{table}"


def test_the_page_has_the_real_output(own: Stage) -> None:
    trust = json.loads(own.grants["partner-audit"]["documents"])["role"]["trustPolicy"]
    del trust["Statement"][0]["Condition"]
    text = json.dumps(trust)
    own.destination.update_assume_role_policy(RoleName="partner-audit", PolicyDocument=text)
    done = own.run("verify", "--outputs", "outputs.json", "--profile", "auditor")
    assert done.returncode == 1, done.stderr
    assert done.stdout in PAGE, f"docs/verify.md is stale; now it is:\n{done.stdout}"
