"""`verify` on a deployed stack that nothing happened to: each caller, wrong ones, and what keeps it from asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.verifying import CALLERS, by_caller, codes

if TYPE_CHECKING:
    from tests.cli.conftest import Stage


@pytest.mark.parametrize("grant", CALLERS)
def test_an_undamaged_grant_has_no_finding(deployed: Stage, grant: str) -> None:
    code, result = by_caller(deployed, grant)
    assert (code, codes(result), result["notChecked"]) == (0, [], [])
    assert all(attempt["holds"] for attempt in result["attempts"])
    tried = [attempt["attempt"] for attempt in result["attempts"]]
    expected = {
        "deploy": ["assumes the role", "a session of 3601 s"],
        "partner-audit": ["assumes the role", "without the external ID", "a session of 3601 s"],
        "read-only": ["without MFA", "assumes the role", "a session of 14401 s"],
    }
    assert tried == expected[grant]
