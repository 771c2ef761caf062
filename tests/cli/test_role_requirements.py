"""What a trust policy requires of a role's session where it names roles by a pattern or path."""

from __future__ import annotations

from typing import Any

import pytest

from cross_account_access.cli.caller import CallerIdentity
from cross_account_access.cli.trust_requirements import TrustRequirements, find_requirements
from tests.cli.test_trust_requirements import ALICE, CI, DESTINATION, documents

THERE = CallerIdentity(f"arn:aws:sts::{DESTINATION}:assumed-role/ci/build", "AROACI:build")
ID = {"external_id": "partner-7f3a"}
REQUIRED, NOTHING = TrustRequirements(external_ids=("partner-7f3a",)), TrustRequirements()


@pytest.mark.parametrize(
    ("principals", "identity", "expected"),
    [
        ([{"role_pattern": "c?"}], CI, NOTHING),
        ([{"role_pattern": "c?", "conditions": ID}], CI, REQUIRED),
        ([{"role_pattern": "cd*"}], CI, None),
        # A session's ARN lacks its role's path: it may be that of the principals.
        ([{"role_pattern": "team/c*", "conditions": ID}], CI, REQUIRED),
        ([{"path": "/team/blue/", "conditions": ID}], CI, REQUIRED),
        ([{"path": "/team/", "conditions": ID}, {"role_pattern": "c?"}], CI, NOTHING),
        # One that is named itself is at its own path.
        ([{"path": "/team/", "conditions": ID}, {"role": "x/ci"}], CI, NOTHING),
        ([{"path": "/team/"}, {"role": "x/ci", "conditions": ID}], CI, REQUIRED),
        ([{"path": "/team/"}, {"role_pattern": "al*"}], ALICE, None),
        ([{"path": "/team/"}, {"role_pattern": "c?"}], THERE, None),
    ],
)
def test_the_requirements_are_those_of_the_statement_that_may_match_the_role(
    principals: list[dict[str, Any]], identity: CallerIdentity, expected: TrustRequirements | None
) -> None:
    assert find_requirements(documents(principals), identity) == expected
