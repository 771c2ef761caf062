"""`python -m sandbox` with a stack among many accounts, on the Pulumi engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.test_command import command, identities
from tests.sandbox.commands import account_id, fleet
from tests.sandbox.test_many_accounts import ACCOUNTS, GRANTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.aws.server import Sandbox

pytestmark = pytest.mark.engine

ONLY = ["people", "staging"]


def test_both_engines_make_and_prove_the_same_parts_of_many_accounts(
    tmp_path: Path, sandbox: Sandbox, engine: Mapping[str, str]
) -> None:
    del engine
    sandbox.reset()
    folder = fleet(
        tmp_path, sandbox.endpoint, ACCOUNTS, GRANTS, only=ONLY, file="shared/access.yaml"
    )
    by_pulumi = command("up", folder, "pulumi")
    sandbox.reset()
    in_process = command("up", folder, "in-process")
    assert (by_pulumi["engine"], in_process["engine"]) == ("pulumi", "in-process")
    assert identities(by_pulumi) == identities(in_process)
    assert {resource["account"] for resource in by_pulumi["resources"]} == {
        None,
        *map(account_id, ONLY),
    }
    assert [list(attempt.items())[:5] for attempt in by_pulumi["proof"]] == [
        list(attempt.items())[:5] for attempt in in_process["proof"]
    ]
    assert all(attempt["observed"] == attempt["expected"] for attempt in by_pulumi["proof"])
