"""Calls to AssumeRole and AWS's answers, as the tables of the documented answers write them.

The caller is alice of the source account unless a row says otherwise, and her policies and the
trust policy allow what the row doesn't change.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as but
from typing import Any

import pytest

from cross_account_access.iam.evaluator import (
    Caller,
    OutsideCaller,
    Policy,
    Request,
    decide,
    decide_by_trust,
)

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
SOURCE, DESTINATION, OTHER = "111111111111", "222222222222", "333333333333"
ROLE = f"arn:aws:iam::{DESTINATION}:role/team/deploy"
LOCAL = f"arn:aws:iam::{SOURCE}:role/deploy"  # "at home": in the caller's own account
ROOT = f"arn:aws:iam::{SOURCE}:root"
ALICE_ARN = f"arn:aws:iam::{SOURCE}:user/people/alice"
BOB_ARN = f"arn:aws:iam::{SOURCE}:user/bob"
CI_ROLE = f"arn:aws:iam::{SOURCE}:role/team/ci"
SESSION = f"arn:aws:sts::{SOURCE}:assumed-role/ci/build-7"


def inline(*statements: Any, version: str = "2012-10-17") -> Policy:
    return Policy("inline policy p", {"Version": version, "Statement": list(statements)})


def own(resource: Any = "*", action: Any = "sts:*", effect: str = "Allow") -> dict[str, Any]:
    """A statement of a policy of the caller's."""
    return {"Effect": effect, "Action": action, "Resource": resource}


def trusts(
    principal: Any = ALICE_ARN, action: Any = "sts:*", effect: str = "Allow"
) -> dict[str, Any]:
    """A statement of a trust policy."""
    named = principal if isinstance(principal, dict) or principal == "*" else {"AWS": principal}
    return {"Effect": effect, "Principal": named, "Action": action}


def denies(principal: Any) -> dict[str, Any]:
    return trusts(principal, effect="Deny")


STS, STS_DENIED, NO_STS = inline(own()), inline(own(effect="Deny")), inline(own(action="s3:*"))
ALICE = Caller(ALICE_ARN, "AIDAALICE", ALICE_ARN, (STS,))
CI = Caller(SESSION, "AROACI:build-7", CI_ROLE, (STS,))
ALICE_BARE, CI_BARE = but(ALICE, identity_policies=()), but(CI, identity_policies=())
ALICE_BOUND, CI_BOUND = (
    but(ALICE, permissions_boundary=NO_STS),
    but(CI, permissions_boundary=NO_STS),
)


@dataclass(frozen=True)
class Case:
    fact: str
    answer: str
    """allowed, or the half that refuses"""
    trust: tuple[dict[str, Any], ...]
    who: Caller | OutsideCaller
    role: str = ROLE
    action: str = "sts:AssumeRole"
    context: tuple[tuple[str, str], ...] = ()


def case(fact: str, answer: str, *trust: dict[str, Any], who: Caller = ALICE, **more: Any) -> Case:
    return Case(fact, answer, trust or (trusts(),), who, **more)


def at_home(fact: str, answer: str, *trust: dict[str, Any], who: Caller = ALICE) -> Case:
    """A case of a role in the caller's own account."""
    return case(f"at home, {fact}", answer, *trust, who=who, role=LOCAL)


def having(fact: str, answer: str, *statements: dict[str, Any], **more: Any) -> Case:
    """A case whose caller is alice with these statements and no others."""
    return Case(
        fact, answer, (trusts(),), but(ALICE, identity_policies=(inline(*statements),)), **more
    )


ASSUME = "sts:AssumeRole"


def each_case(table: dict[str, list[Case]]) -> pytest.MarkDecorator:
    """Each row of a table, with the page that answers it."""
    rows = [pytest.param(page, row, id=row.fact) for page, rows in table.items() for row in rows]
    return pytest.mark.parametrize(("page", "row"), rows)


def check_case(page: str, row: Case) -> None:
    trust = Policy("trust policy", {"Version": "2012-10-17", "Statement": list(row.trust)})
    request = Request(row.action, row.role, dict(row.context))
    if isinstance(row.who, OutsideCaller):
        decision = decide_by_trust(row.who, request, trust)
    else:
        decision = decide(row.who, request, trust)
    answer = "allowed" if decision.allowed else decision.half
    assert answer == row.answer, f"{decision.reason}; see {GUIDE}{page}"
    assert decision.allowed is (decision.half is None)
