"""AWS's documented answers to patterns of a role's ARN, as a trust policy has them for an account.

`*` stands for any text between two colons of an ARN, slashes too.
"""

from __future__ import annotations

import pytest

from cross_account_access.iam.evaluator import Caller, Policy, Request, decide
from tests.unit.iam.decision_cases import ASSUME, GUIDE, OTHER, ROLE, SOURCE, inline, own

PAGE = f"{GUIDE}reference_policies_elements_condition_operators.html#Conditions_ARN"
ROLES, TEAM = f"arn:aws:iam::{SOURCE}:role/team-*", f"arn:aws:iam::{SOURCE}:role/team/*"

ANSWERS = {
    "a role whose name matches": ("allowed", ROLES, "role/team-a"),
    "a role that is called as the pattern begins": ("allowed", ROLES, "role/team-"),
    "any role at a path that begins so": ("allowed", ROLES, "role/team-x/anything"),
    "the pattern in a name's middle": ("destination", ROLES, "role/my-team-a"),
    "a matching name at another path": ("destination", ROLES, "role/other/team-a"),
    "another case": ("destination", ROLES, "role/Team-a"),
    "a user of a matching name": ("destination", ROLES, "user/team-a"),
    "a role at a path": ("allowed", TEAM, "role/team/ci"),
    "a role below a path": ("allowed", TEAM, "role/team/blue/ci"),
    "a role that is called as the path": ("destination", TEAM, "role/team"),
    "a role at a path that begins so": ("destination", TEAM, "role/teams/ci"),
    "one character for a ?": ("allowed", ROLES.replace("*", "?"), "role/team-a"),
    "two characters for a ?": ("destination", ROLES.replace("*", "?"), "role/team-ab"),
    "a pattern of ArnEquals": ("allowed", ROLES, "role/team-a", "ArnEquals"),
    "a pattern of StringEquals": ("destination", ROLES, "role/team-a", "StringEquals"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_role_is_let_in_where_its_arn_matches(answer: tuple[str, ...]) -> None:
    expected, pattern, name, operator = (*answer, "ArnLike")[:4]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"},
        "Action": ASSUME,
        "Condition": {operator: {"aws:PrincipalArn": pattern}},
    }
    for account in (SOURCE, OTHER):
        role = f"arn:aws:iam::{account}:{name}"
        session = f"arn:aws:sts::{account}:assumed-role/{name.rpartition('/')[2]}/build-7"
        arn = session if name.startswith("role/") else role
        caller = Caller(arn, "AROACI:build-7", role, (inline(own()),))
        policy = Policy("trust policy", {"Version": "2012-10-17", "Statement": [trust]})
        decision = decide(caller, Request(ASSUME, ROLE, {}), policy)
        found = "allowed" if decision.allowed else decision.half
        assert found == (expected if account == SOURCE else "destination"), PAGE
