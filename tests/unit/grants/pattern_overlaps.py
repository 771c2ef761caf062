"""Patterns and paths of roles beside other principals: the rows of test_trust_overlap.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.grants.grant_oracle import SOURCE
from tests.unit.grants.grant_worlds import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

Principal = dict[str, Any]

ALICE: Principal = {"user": "alice"}
CI: Principal = {"role": "team/ci"}
DEVELOPERS: Principal = {"group": "developers"}
MFA = {"mfa": True}
IP = {"source_ips": ["203.0.113.0/24"]}
TEAM = {"principal_tags": {"team": ["platform"]}}
SESSION: Principal = {"session": "ci/build-7"}
PATTERN: Principal = {"role_pattern": "team-*"}
BELOW_TEAM: Principal = {"path": "/team/"}


def under(principal: Principal, conditions: Mapping[str, Any]) -> Principal:
    return {**principal, "conditions": conditions}


BYPASSED_BY_PATTERNS: dict[str, list[Principal]] = {
    "a pattern and a role that it matches": [PATTERN, under({"role": "team-a"}, IP)],
    "a pattern and a role at a path that it matches": [PATTERN, under({"role": "team-x/ci"}, IP)],
    "a pattern and a role by its ARN": [
        PATTERN,
        under({"arn": f"arn:aws:iam::{SOURCE}:role/team-a"}, IP),
    ],
    "a pattern and a role trusted by name": [
        PATTERN,
        under({"role": "team-a", "trust_by": "name"}, IP),
    ],
    "a path and a role at it": [BELOW_TEAM, under(CI, IP)],
    "a path and a role further below it": [BELOW_TEAM, under({"role": "team/blue/ci"}, IP)],
    "a pattern and a narrower one": [PATTERN, under({"role_pattern": "team-a*"}, IP)],
    "a pattern and one that is as wide": [
        {"role_pattern": "team-?*"},
        under({"role_pattern": "team-*?"}, IP),
    ],
    "two patterns that one name matches": [PATTERN, under({"role_pattern": "*-ci"}, IP)],
    "two patterns that one name matches, turned": [{"role_pattern": "*-ci"}, under(PATTERN, IP)],
    "a path and one below it": [BELOW_TEAM, under({"path": "/team/blue/"}, IP)],
    "a path and a pattern at it": [BELOW_TEAM, under({"role_pattern": "team/ci-*"}, IP)],
    "a path and a pattern that matches some of its roles": [
        under(BELOW_TEAM, TEAM),
        under({"role_pattern": "*-ci"}, TEAM | IP),
    ],
    "a pattern for any path and a permission set": [
        {"role_pattern": "*_Admin_*"},
        under({"permission_set": "Admin"}, TEAM),
    ],
    "a group and a pattern": [DEVELOPERS, under(PATTERN, IP)],
    "the account and a path": [{"account": SOURCE}, under(BELOW_TEAM, TEAM)],
    "an organization and a pattern": [{"organization": OURS}, under(PATTERN, IP)],
}
BESIDE_PATTERNS: dict[str, list[Principal]] = {
    "a role beside a pattern that needs more": [under(PATTERN, IP), {"role": "team-a"}],
    "a pattern beside a wider one that needs more": [
        under(PATTERN, IP),
        {"role_pattern": "team-a*"},
    ],
    "a path beside the one above it that needs more": [
        under(BELOW_TEAM, IP),
        {"path": "/team/blue/"},
    ],
    "a pattern and a role that it doesn't match": [PATTERN, under({"role": "a-team-b"}, IP)],
    "a pattern and a role whose case differs": [PATTERN, under({"role": "Team-a"}, IP)],
    "a pattern and a user of a name that it matches": [PATTERN, under({"user": "team-a"}, IP)],
    "a pattern and a permission set of a name that it matches": [
        PATTERN,
        under({"permission_set": "team-a"}, TEAM),
    ],
    "two patterns that no name matches": [PATTERN, under({"role_pattern": "ci-*"}, IP)],
    "two patterns for names of two lengths": [
        {"role_pattern": "ci-??"},
        under({"role_pattern": "ci-???"}, IP),
    ],
    "a path and a role of that name": [BELOW_TEAM, under({"role": "team"}, IP)],
    "two paths": [BELOW_TEAM, under({"path": "/teams/"}, IP)],
    "a pattern and another source's role": [PATTERN, under({"role": "team-a", "source": "ci"}, IP)],
    "a pattern and a role under the same conditions": [
        under(PATTERN, IP),
        under({"role": "team-a"}, IP),
    ],
    "a pattern beside a group that needs MFA, which no role has": [
        under(DEVELOPERS, MFA),
        under(PATTERN, IP),
    ],
    "a pattern and a session of a role that it matches at no path": [
        {"role_pattern": "cd-?"},
        SESSION,
    ],
}
