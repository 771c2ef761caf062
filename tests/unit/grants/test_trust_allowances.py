"""Principals of one grant that may set different tags, source identities and contexts."""

from __future__ import annotations

from typing import Any

import pytest

from cross_account_access.errors import InvalidInput
from tests.unit.grants.pattern_overlaps import ALICE, DEVELOPERS, Principal, under
from tests.unit.grants.test_trust_overlap import read
from tests.unit.grants.trust_statements import statements

BYPASSED: dict[str, list[Principal]] = {
    "a wider pattern of a tag": [
        under(DEVELOPERS, {"principal_tags": {"team": ["app-*", "x"]}}),
        under(ALICE, {"principal_tags": {"team": ["app-1*", "x"]}}),
    ],
    "a pattern where a value is asked for": [
        under(DEVELOPERS, {"principal_tags": {"team": ["app-*"]}}),
        under(ALICE, {"principal_tags": {"team": ["app-1"]}}),
    ],
    "a value that fits no pattern": [
        under(DEVELOPERS, {"principal_tags": {"team": ["platform"]}}),
        under(ALICE, {"principal_tags": {"team": ["app-*"]}}),
    ],
    "more session tags": [
        under(DEVELOPERS, {"allow_session_tags": ["team", "stage"]}),
        under(ALICE, {"allow_session_tags": ["team"]}),
    ],
    "any session tags": [
        under(DEVELOPERS, {"allow_session_tags": True}),
        under(ALICE, {"allow_session_tags": ["team"]}),
    ],
    "session tags of which none is required": [
        under(DEVELOPERS, {"allow_session_tags": ["team"]}),
        under(ALICE, {"session_tags": {"team": ["x"]}}),
    ],
    "any source identity": [
        under(DEVELOPERS, {"allow_source_identity": True}),
        under(ALICE, {"source_identities": ["ann"]}),
    ],
    "tags that may be handed on": [
        under(DEVELOPERS, {"allow_session_tags": ["team"]}),
        under(ALICE, {"allow_session_tags": ["team"], "transitive_tag_keys": ["team"]}),
    ],
}


@pytest.mark.parametrize("principals", BYPASSED.values(), ids=list(BYPASSED))
def test_a_group_that_lets_its_member_set_more_than_the_member_may_is_refused(
    principals: list[Principal],
) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(principals)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("conditions-bypassed", "principals[0]")


@pytest.mark.parametrize(
    ("allows", "action"),
    [
        ({"allow_session_tags": True}, "sts:TagSession"),
        ({"allow_session_tags": ["team"]}, "sts:TagSession"),
        ({"allow_source_identity": True}, "sts:SetSourceIdentity"),
        ({"allow_identity_context": True}, "sts:SetContext"),
    ],
)
@pytest.mark.parametrize("taken_back", [False, True], ids=["not given", "taken back"])
def test_what_a_wider_principal_allows_the_narrower_one_must_allow_too(
    allows: dict[str, Any], action: str, *, taken_back: bool
) -> None:
    own = [DEVELOPERS, under(ALICE, dict.fromkeys(allows, False))]
    with pytest.raises(InvalidInput) as refused:
        read(*(own, allows) if taken_back else ([under(DEVELOPERS, allows), ALICE],))
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("allowance-widened", "principals[0]")
    assert action in problem.message
    assert "user alice" in problem.message


SEPARATE: dict[str, list[Principal]] = {
    "a user who may set tags beside a group that may not": [
        DEVELOPERS,
        under(ALICE, {"allow_session_tags": ["team"], "transitive_tag_keys": ["team"]}),
    ],
    "a user who may pass what a group may not": [
        DEVELOPERS,
        under(ALICE, {"allow_source_identity": True, "allow_identity_context": True}),
    ],
    "a user who may set more tags than the group": [
        under(DEVELOPERS, {"allow_session_tags": ["team"]}),
        under(ALICE, {"allow_session_tags": ["team", "stage"]}),
    ],
    "a user who may set any tags beside a group that may set one": [
        under(DEVELOPERS, {"allow_session_tags": ["team"]}),
        under(ALICE, {"allow_session_tags": True}),
    ],
    "a group that must set a tag which the user may set": [
        under(DEVELOPERS, {"session_tags": {"team": ["x"]}}),
        under(ALICE, {"allow_session_tags": ["team"]}),
    ],
    "a value that fits the pattern": [
        under(DEVELOPERS, {"principal_tags": {"team": ["app-1", "x"]}}),
        under(ALICE, {"principal_tags": {"team": ["app-*", "?"]}}),
    ],
    "a pattern within any value": [
        under(DEVELOPERS, {"principal_tags": {"team": ["app-*"]}}),
        under(ALICE, {"principal_tags": {"team": ["*"]}}),
    ],
}


@pytest.mark.parametrize("principals", SEPARATE.values(), ids=list(SEPARATE))
@pytest.mark.parametrize("step", [1, -1], ids=["in this order", "the other way round"])
def test_a_member_that_may_set_more_than_its_group_stands_beside_it(
    principals: list[Principal], step: int
) -> None:
    assert len(read(principals[::step]).principals) == len(principals)


@pytest.mark.parametrize(
    ("conditions", "asked", "others"),
    [
        (
            {"external_id": "id-1", "session_tags": {"team": ["x"]}},
            {"StringEquals": {"aws:RequestTag/team": "x", "sts:ExternalId": "id-1"}},
            {"StringEquals": {"aws:RequestTag/team": "x"}},
        ),
        (
            {"session_names": ["ci-*"], "allow_source_identity": True},
            {"StringLike": {"sts:RoleSessionName": "ci-*"}},
            None,
        ),
        (
            {"raw": {"StringEquals": {"STS:externalId": "id-1"}}, "allow_session_tags": True},
            {"StringEquals": {"STS:externalId": ["id-1"]}},
            None,
        ),
    ],
    ids=["an external ID", "session names", "a raw external ID"],
)
def test_what_is_passed_has_a_statement_without_the_keys_of_assuming_a_role(
    conditions: dict[str, Any], asked: dict[str, Any], others: dict[str, Any] | None
) -> None:
    by_action = {
        str(one["Action"]): {**one.get("Condition", {})}
        for one in statements({"role": "team/ci"}, conditions=conditions)
    }
    for block in by_action.values():
        block.pop("ForAllValues:StringEquals", None)
    assert by_action.pop("sts:AssumeRole") == asked
    assert list(by_action.values()) == [others or {}]


def test_one_statement_is_enough_where_nothing_is_of_assuming_a_role_alone() -> None:
    (one,) = statements({"role": "team/ci"}, conditions={"session_tags": {"team": ["x"]}})
    assert one["Action"] == ["sts:AssumeRole", "sts:TagSession"]
