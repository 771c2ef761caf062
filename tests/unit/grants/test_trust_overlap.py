"""Principals of one grant under different conditions: each needs all of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given, reject, settings
from hypothesis import strategies as st

from cross_account_access.errors import InvalidInput
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.trust import build_trust_policy
from tests.unit.grants.grant_oracle import SOURCE, Asked, Somebody, meets, names
from tests.unit.grants.grant_worlds import (
    BELOW,
    OURS,
    THEIRS,
    UNIT,
    callers_of,
    grants,
    requests_of,
)
from tests.unit.grants.test_grant_properties import gets_in

if TYPE_CHECKING:
    from collections.abc import Mapping

Principal = dict[str, Any]

ALICE: Principal = {"user": "alice"}
CI: Principal = {"role": "team/ci"}
DEVELOPERS: Principal = {"group": "developers"}
MFA = {"mfa": True}
IP = {"source_ips": ["203.0.113.0/24"]}
TEAM = {"principal_tags": {"team": ["platform"]}}

# From the one named most narrowly to the one named most widely.
_BREADTH = [
    ("user", "role", "arn", "session"),
    ("permission_set",),
    ("group", "account"),
    ("organizational_unit",),
    ("organization",),
]


def under(principal: Principal, conditions: Mapping[str, Any]) -> Principal:
    return {**principal, "conditions": conditions}


def read(principals: list[Principal], conditions: dict[str, Any] | None = None) -> GrantModel:
    more = {"conditions": conditions} if conditions else {}
    return read_model(GrantModel, {"principals": principals, **more})


# --- The property ---------------------------------------------------------------------------------


def breadth(principal: Principal) -> tuple[int, int]:
    """How widely a principal is named; a unit more widely than one below it."""
    level = next(n for n, keys in enumerate(_BREADTH) if principal.keys() & set(keys))
    return level, -len(principal.get("organizational_unit", ""))


def meets_its_own(grant: Mapping[str, Any], who: Somebody, asked: Asked) -> bool:
    """Whether a caller meets all conditions of the principals that name it most narrowly."""
    naming = [principal for principal in grant["principals"] if names(principal, who)]
    narrowest = min(map(breadth, naming), default=(0, 0))
    return all(
        meets(grant, principal, who, asked)
        for principal in naming
        if breadth(principal) == narrowest
    )


@settings(max_examples=500, deadline=None)
@given(grants(), st.data())
def test_no_principal_gets_in_without_all_of_its_own_conditions(
    grant: dict[str, Any], data: st.DataObject
) -> None:
    try:
        model = read_model(GrantModel, grant)
    except InvalidInput:
        reject()
    document = build_trust_policy(model.principals, model.conditions, "aws", SOURCE)
    who, asked = data.draw(callers_of(grant)), data.draw(requests_of(grant))
    if who.session is not None:  # no role session has MFA
        asked = replace(asked, mfa=None, mfa_age=0)
    admitted = gets_in(document, who, asked)
    event(f"gets in: {admitted}, principals: {len(grant['principals'])}")
    assert not admitted or meets_its_own(grant, who, asked)


# --- What is refused ------------------------------------------------------------------------------

BYPASSED: dict[str, list[Principal]] = {
    "a group and one of its members": [DEVELOPERS, under(ALICE, MFA)],
    "a group and a role": [DEVELOPERS, under(CI, IP)],
    "a group and a role by its ARN": [
        DEVELOPERS,
        under({"arn": f"arn:aws:iam::{SOURCE}:role/team/ci"}, IP),
    ],
    "the account and a group": [under({"account": SOURCE}, IP), under(DEVELOPERS, IP | MFA)],
    "a group and the account": [under(DEVELOPERS, IP), under({"account": SOURCE}, IP | MFA)],
    "the account and a user": [{"account": SOURCE}, under(ALICE, TEAM)],
    "the account and a user trusted by name": [
        {"account": SOURCE},
        under({**ALICE, "trust_by": "name"}, MFA),
    ],
    "the account and a permission set": [
        {"account": SOURCE},
        under({"permission_set": "Admin"}, TEAM),
    ],
    "an organization and a user": [{"organization": OURS}, under(ALICE, MFA)],
    "an organization and the account": [{"organization": OURS}, under({"account": SOURCE}, MFA)],
    "an organization and a unit of it": [
        {"organization": OURS},
        under({"organizational_unit": UNIT}, MFA),
    ],
    "a unit and a group": [{"organizational_unit": UNIT}, under(DEVELOPERS, MFA)],
    "a unit and one below it": [
        {"organizational_unit": UNIT},
        under({"organizational_unit": BELOW}, MFA),
    ],
    "an organization of two sources": [
        {"organization": OURS},
        under({"organization": OURS, "source": "ci"}, MFA),
    ],
    "a unit of two sources": [
        {"organizational_unit": UNIT},
        under({"organizational_unit": UNIT, "source": "ci"}, MFA),
    ],
    "an organization and another source's user": [
        {"organization": OURS},
        under({**ALICE, "source": "ci"}, MFA),
    ],
    "a role and a session of it": [{"role": "ci"}, under({"session": "ci/build-7"}, IP)],
    "a role trusted by name and a session of it": [
        {"role": "team/ci", "trust_by": "name"},
        under({"session": "ci/build-7"}, IP),
    ],
    "a session and its role, in which anybody may choose that name": [
        {"session": "ci/build-7"},
        under({"role": "ci"}, IP),
    ],
    "the same key with more values": [
        under(DEVELOPERS, {"source_ips": ["203.0.113.0/24", "198.51.100.0/24"]}),
        under(ALICE, IP),
    ],
    "the same key with another value": [
        under(DEVELOPERS, {"external_id": "id-1"}),
        under(ALICE, {"external_id": "id-2"}),
    ],
    "a longer age of MFA": [
        under(DEVELOPERS, {"mfa_max_age": 7200}),
        under(ALICE, {"mfa_max_age": 3600}),
    ],
    "a later end": [
        under(DEVELOPERS, {"not_after": "2027-01-02T00:00:00Z"}),
        under(ALICE, {"not_after": "2027-01-01T00:00:00Z"}),
    ],
    "an earlier start": [
        under(DEVELOPERS, {"not_before": "2026-01-01T00:00:00Z"}),
        under(ALICE, {"not_before": "2027-01-01T00:00:00Z"}),
    ],
    "fewer values that are forbidden": [
        under(DEVELOPERS, {"raw": {"StringNotEquals": {"aws:UserAgent": ["a"]}}}),
        under(ALICE, {"raw": {"StringNotEquals": {"aws:UserAgent": ["a", "b"]}}}),
    ],
    "the same values under another operator": [
        under(DEVELOPERS, {"raw": {"StringEqualsIfExists": {"aws:UserAgent": ["a"]}}}),
        under(ALICE, {"raw": {"StringEquals": {"aws:UserAgent": ["a"]}}}),
    ],
}


@pytest.mark.parametrize("principals", BYPASSED.values(), ids=list(BYPASSED))
@pytest.mark.parametrize("turned", [False, True], ids=["in this order", "the other way round"])
def test_a_grant_whose_one_principal_lets_in_another_past_its_conditions_is_refused(
    principals: list[Principal], *, turned: bool
) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(principals[::-1] if turned else principals)
    (problem,) = refused.value.problems
    assert problem.code == "conditions-bypassed"
    assert problem.path == f"principals[{int(turned)}]"


WIDER: dict[str, Principal] = {
    "a group": DEVELOPERS,
    "the account": {"account": SOURCE},
    "a unit": {"organizational_unit": UNIT},
    "an organization": {"organization": OURS},
}
SESSION: Principal = {"session": "ci/build-7"}


@pytest.mark.parametrize("wide", WIDER.values(), ids=list(WIDER))
@pytest.mark.parametrize(
    ("own", "others"),
    [({}, {}), (IP, IP), (IP, {}), ({}, IP)],
    ids=["none", "same", "more", "fewer"],
)
@pytest.mark.parametrize("turned", [False, True], ids=["in this order", "the other way round"])
def test_a_session_is_refused_beside_trust_that_lets_in_all_sessions_of_its_role(
    wide: Principal, own: Mapping[str, Any], others: Mapping[str, Any], *, turned: bool
) -> None:
    principals = [under(SESSION, own) if own else SESSION, under(wide, others) if others else wide]
    with pytest.raises(InvalidInput) as refused:
        read(principals[::-1] if turned else principals)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("session-bypassed", f"principals[{int(turned)}]")
    assert "move session ci/build-7 to another grant" in problem.message


def test_two_groups_under_conditions_of_their_own_are_refused() -> None:
    """Whichever order: both are trusted by the account that they share."""
    with pytest.raises(InvalidInput) as refused:
        read([under(DEVELOPERS, IP), under({"group": "admins"}, MFA)])
    assert [problem.code for problem in refused.value.problems] == ["conditions-bypassed"]


def test_the_conditions_of_the_grant_are_each_principals_too() -> None:
    with pytest.raises(InvalidInput) as refused:
        read([under(DEVELOPERS, {"mfa": False}), ALICE], MFA)
    (problem,) = refused.value.problems
    assert problem.code == "conditions-bypassed"
    assert "group developers" in problem.message
    assert "user alice" in problem.message
    assert "aws:MultiFactorAuthPresent" in problem.message


def test_no_value_of_a_condition_is_shown() -> None:
    with pytest.raises(InvalidInput) as refused:
        read([DEVELOPERS, under(ALICE, {"external_id": "partner-7f3a"})])
    assert "7f3a" not in str(refused.value)


# --- What is not ----------------------------------------------------------------------------------

SEPARATE: dict[str, list[Principal]] = {
    "two users": [ALICE, under({"user": "bob"}, MFA)],
    "a user and a role of one name": [{"user": "ci"}, under({"role": "ci"}, IP)],
    "a role and another role's session": [{"role": "ci"}, under({"session": "cd/build-7"}, IP)],
    "a session and its role": [SESSION, {"role": "ci"}],
    "a session and a user": [SESSION, ALICE],
    "a session and a user trusted by name": [SESSION, {**ALICE, "trust_by": "name"}],
    "a session and a permission set": [SESSION, {"permission_set": "Admin"}],
    "a session and a group of another account": [SESSION, {**DEVELOPERS, "source": "ci"}],
    "a session beside a group that needs MFA, which no session has": [
        SESSION,
        under(DEVELOPERS, MFA),
    ],
    "two sessions of a role": [{"session": "ci/build-7"}, under({"session": "ci/build-8"}, IP)],
    "two permission sets": [{"permission_set": "RO"}, under({"permission_set": "RO_ab"}, TEAM)],
    "a permission set and a user": [{"permission_set": "RO"}, under(ALICE, MFA)],
    "a user of each of two sources": [ALICE, under({**ALICE, "source": "ci"}, MFA)],
    "a group and another source's user": [DEVELOPERS, under({**ALICE, "source": "ci"}, MFA)],
    "a role and another source's session": [
        {"role": "ci"},
        under({"session": "ci/build-7", "source": "ci"}, IP),
    ],
    "two organizations": [{"organization": OURS}, under({"organization": THEIRS}, MFA)],
    "a unit of another organization": [
        {"organization": THEIRS},
        under({"organizational_unit": UNIT}, MFA),
    ],
    "a user who needs less than the group": [under(DEVELOPERS, MFA), ALICE],
    "a group that needs less than the organization": [
        DEVELOPERS,
        under({"organization": OURS}, MFA),
    ],
    "a role beside a group that needs MFA, which no role has": [
        under(DEVELOPERS, MFA),
        under(CI, {"session_tags": {"team": ["platform"]}}),
    ],
    "an organization and a user who must be of it": [
        {"organization": OURS},
        under(ALICE, {"organizations": [OURS]}),
    ],
    "the same conditions": [under(DEVELOPERS, MFA | IP), under(ALICE, IP | MFA)],
    "fewer values": [
        under(DEVELOPERS, IP),
        under(ALICE, {"source_ips": ["203.0.113.0/24", "198.51.100.0/24"]}),
    ],
    "a shorter age of MFA": [
        under(DEVELOPERS, {"mfa_max_age": 3600}),
        under(ALICE, {"mfa_max_age": 7200}),
    ],
    "an earlier end": [
        under(DEVELOPERS, {"not_after": "2027-01-01T00:00:00Z"}),
        under(ALICE, {"not_after": "2027-01-02T00:00:00Z"}),
    ],
    "more values that are forbidden": [
        under(DEVELOPERS, {"raw": {"StringNotEquals": {"aws:UserAgent": ["a", "b"]}}}),
        under(ALICE, {"raw": {"StringNotEquals": {"aws:UserAgent": ["a"]}}}),
    ],
}


@pytest.mark.parametrize("principals", SEPARATE.values(), ids=list(SEPARATE))
def test_principals_that_keep_their_conditions_stand_together(principals: list[Principal]) -> None:
    assert len(read(principals).principals) == len(principals)
