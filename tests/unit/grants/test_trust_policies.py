"""The destination's trust policy: whom it names, under which conditions, in how many characters."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import build_trust_policy
from cross_account_access.iam.quotas import TRUST_POLICY_CHARACTERS
from tests.unit.grants.trust_statements import (
    ALICE,
    CI,
    ORGANIZATION,
    ROOT,
    UNIT,
    like,
    statements,
    trusting,
)
from tests.unit.reading import OTHER, SOURCE, refusal

CONDITIONS = {"mfa_max_age": 3600, "external_id": "partner-7f3a"}


def test_a_trust_policy_names_exactly_its_principals_under_its_conditions() -> None:
    assert trusting({"user": "alice"}, {"role": "team/ci"}, conditions=CONDITIONS) == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"Trust","Effect":"Allow",'
        f'"Principal":{{"AWS":["{CI}","{ALICE}"]}},"Action":"sts:AssumeRole",'
        '"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},'
        '"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"},"StringEquals":{"sts:ExternalId":"partner-7f3a"}}}]}'
    )


RESERVED = (
    f"arn:aws:iam::{SOURCE}:role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_Admin_{'?' * 16}"
)


@pytest.mark.parametrize(
    ("principal", "named", "condition"),
    [
        ({"user": "alice"}, [ALICE], None),
        ({"role": "team/ci"}, [CI], None),
        ({"arn": CI}, [CI], None),
        ({"user": "alice", "trust_by": "id"}, [ALICE], None),
        ({"user": "alice", "trust_by": "name"}, [ROOT], like(ALICE)),
        ({"arn": CI, "trust_by": "name"}, [ROOT], like(CI)),
        ({"group": "devs"}, [ROOT], None),
        ({"account": SOURCE}, [ROOT], None),
        ({"permission_set": "Admin"}, [ROOT], like(RESERVED)),
        ({"role_pattern": "team-*"}, [ROOT], like(f"arn:aws:iam::{SOURCE}:role/team-*")),
        ({"role_pattern": "team/ci-?"}, [ROOT], like(f"arn:aws:iam::{SOURCE}:role/team/ci-?")),
        ({"path": "/team/"}, [ROOT], like(f"arn:aws:iam::{SOURCE}:role/team/*")),
        ({"session": "ci/build-7"}, [f"arn:aws:sts::{SOURCE}:assumed-role/ci/build-7"], None),
        (
            {"organization": ORGANIZATION},
            "*",
            {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
        ),
        (
            {"organizational_unit": UNIT},
            "*",
            {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{UNIT}*"}},
        ),
    ],
)
def test_each_kind_of_principal_is_named_as_aws_knows_it(
    principal: dict[str, Any], named: object, condition: dict[str, Any] | None
) -> None:
    (statement,) = statements(principal)
    assert statement["Principal"] == {"AWS": named}
    assert statement.get("Condition") == condition
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")


def test_the_trust_policy_of_another_partition_and_account_names_its_arns() -> None:
    principals: list[dict[str, Any]] = [{"user": "alice"}, {"session": "ci/build-7"}]
    (statement,) = statements(*principals, partition="aws-us-gov", account=OTHER)
    assert statement["Principal"] == {
        "AWS": [
            f"arn:aws-us-gov:iam::{OTHER}:user/alice",
            f"arn:aws-us-gov:sts::{OTHER}:assumed-role/ci/build-7",
        ]
    }


@pytest.mark.parametrize(
    "principal",
    [
        {"account": OTHER},
        {"arn": f"arn:aws:iam::{OTHER}:user/x"},
        {"arn": f"arn:aws:iam::{OTHER}:role/x"},
    ],
)
def test_a_principal_of_another_account_is_in_no_trust_policy(principal: dict[str, Any]) -> None:
    refused = refusal(lambda one: trusting({"user": "alice"}, one), principal)
    assert refused.code == "principal-in-other-account"
    assert (refused.where, refused.value) == ((1,), OTHER)


def test_those_that_narrow_the_account_alike_share_a_statement() -> None:
    principals: list[dict[str, Any]] = [
        {"user": "alice", "trust_by": "name"},
        {"role": "team/ci", "trust_by": "name"},
        {"permission_set": "Admin"},
        {"role_pattern": "team-*"},
        {"path": "/team/"},
    ]
    (statement,) = statements(*principals)
    patterns = [f"arn:aws:iam::{SOURCE}:role/team-*", f"arn:aws:iam::{SOURCE}:role/team/*"]
    assert statement["Principal"] == {"AWS": [ROOT]}
    assert statement["Condition"] == like(*sorted([ALICE, CI, RESERVED, *patterns]))


def test_whoever_is_trusted_in_full_loosens_nobody_elses_condition() -> None:
    principals: list[dict[str, Any]] = [
        {"user": "alice"},
        {"account": SOURCE, "conditions": {"mfa": True}},
        {"permission_set": "Admin"},
        {"organization": ORGANIZATION},
    ]
    found = {
        json.dumps(one["Principal"]["AWS"]) + json.dumps(sorted(one.get("Condition", {})))
        for one in statements(*principals)
    }
    assert found == {
        f'["{ALICE}"][]',
        f'["{ROOT}"]["Bool"]',
        f'["{ROOT}"]["ArnLike"]',
        '"*"["StringEquals"]',
    }


def test_a_condition_that_is_not_known_yet_keeps_its_place() -> None:
    (statement,) = statements(
        {"user": "alice"}, conditions={"external_id": Unresolved(), "source_ips": [Unresolved()]}
    )
    assert statement["Condition"] == {
        "IpAddress": {"aws:SourceIp": ""},
        "StringEquals": {"sts:ExternalId": ""},
    }


def sid(*unique_ids: str) -> str:
    """The Sid of users with these unique IDs."""
    users = [read_model(PrincipalModel, {"user": f"u{number}"}) for number in range(3)]
    known = [
        user.model_copy(update={"unique_id": found})
        for user, found in zip(users, unique_ids, strict=False)
    ]
    (statement,) = json.loads(
        build_trust_policy([*known, *users[len(known) :]], None, "aws", SOURCE)
    )["Statement"]
    return str(statement["Sid"])


def test_a_principal_made_again_changes_the_trust_policy() -> None:
    assert sid("AIDAONE", "AROATWO") != sid("AIDAONE", "AROATHREE")
    assert sid("AIDAONE") != sid("AIDAONE", "AROATWO")
    assert sid("AIDAONE") != sid()


def test_the_principals_ids_in_another_order_change_nothing() -> None:
    assert sid("AIDAONE", "AROATWO") == sid("AROATWO", "AIDAONE")


def test_the_sid_is_short_and_has_letters_and_digits_alone() -> None:
    assert re.fullmatch("Trust[0-9A-Za-z]{12}", sid("AIDAONE", "AROATWO"))


def users_of(count: int, length: int = 0) -> list[dict[str, Any]]:
    """Users; the path of the first makes its ARN longer by `length` characters."""
    longer = f"{'p' * (length - 1)}/" if length else ""
    return [{"user": f"{longer if number == 0 else ''}u{number:02}"} for number in range(count)]


@pytest.mark.parametrize(
    ("count", "given", "most", "one_more"),
    [(50, None, 2048, "2,049"), (101, 4096, 4096, "4,097"), (204, 8192, 8192, "8,193")],
)
def test_a_trust_policy_has_at_most_as_many_characters_as_its_quota(
    count: int, given: int | None, most: int, one_more: str
) -> None:
    quota = replace(TRUST_POLICY_CHARACTERS, given=given)
    room = most - len(trusting(*users_of(count), quota=quota))
    assert 1 < room < 500
    assert len(trusting(*users_of(count, room), quota=quota)) == most
    refused = refusal(lambda users: trusting(*users, quota=quota), users_of(count, room + 1))
    assert refused.code == "trust-policy-too-long"
    assert f"has {one_more}, white space not counted: {count} principals in 1" in refused.rule


# --- Conditions on keys that only sts:AssumeRole has ----------------------------------------------

ALLOWS = {"allow_session_tags": True, "allow_source_identity": True}
ONLY_OF_ASSUMING: list[dict[str, Any]] = [
    {"external_id": "id-1"},
    {"session_names": ["deploy-*"]},
    {"raw": {"StringEquals": {"aws:RequestTag/tenant": "${sts:ExternalId}"}}},
    {"raw": {"StringNotLike": {"STS:externalid": ["x-*"]}}},
    {"raw": {"StringLike": {"sts:SourceIdentity": ["a-*", "${STS:RoleSessionName}"]}}},
    {"raw": {"StringEqualsIfExists": {"aws:PrincipalTag/id": "${sts:ExternalId, 'none'}"}}},
]


@pytest.mark.parametrize("conditions", ONLY_OF_ASSUMING)
def test_a_condition_that_only_assuming_the_role_can_meet_is_not_asked_of_the_rest(
    conditions: dict[str, Any],
) -> None:
    whole = statements({"role": "ci"}, conditions=conditions)
    found = statements({"role": "ci"}, conditions=ALLOWS | conditions)
    by_action = {str(one["Action"]): one.get("Condition") for one in found}
    assert by_action == {
        "sts:AssumeRole": whole[0]["Condition"],
        "['sts:SetSourceIdentity', 'sts:TagSession']": None,
    }
