"""The inline policies that a role has for its settings, and how a role trusts itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cross_account_access.errors import InvalidInput
from cross_account_access.grants.generated_policies import (
    ASSUMES_ITSELF,
    REVOKES_SESSIONS,
    build_revocation,
    find_issued_after,
    format_time,
)
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.record_reading import read_grant_documents
from cross_account_access.grants.roles import RoleModel
from cross_account_access.grants.trusted_role import TrustedRoleModel
from cross_account_access.iam.evaluator import Caller, Policy, Request, decide
from cross_account_access.iam.quotas import POLICIES_PER_ROLE
from tests.hostile_outputs import replace_string
from tests.unit.grants.test_record_reading import refuse, write
from tests.unit.reading import DESTINATION, SOURCE, codes

TIME = "2026-11-27T10:00:00Z"
ROLE = f"arn:aws:iam::{DESTINATION}:role/team/deploy"
ROOT = f"arn:aws:iam::{DESTINATION}:root"
ITSELF = {"ArnLike": {"aws:PrincipalArn": ROLE}}
ALICE = {"user": "alice"}


def grant_of(required: dict[str, Any] | None = None, **principal: Any) -> dict[str, Any]:
    """A grant whose role may assume itself."""
    grant: dict[str, Any] = {
        "principals": [{**ALICE, **principal}],
        "role": {"path": "/team/", "self_assuming": True},
    }
    return grant | ({"conditions": required} if required else {})


def find_own_statement(grant: dict[str, Any]) -> dict[str, Any]:
    """The statement by which the role of a grant trusts itself."""
    statements = write(grant).role.trust_policy["Statement"]
    (own,) = [one for one in statements if one["Principal"] == {"AWS": [ROOT]}]
    assert len(statements) == 2
    return dict(own)


# --- A role that assumes itself -------------------------------------------------------------------

TAGGED = {"session_tags": {"team": ["red"]}, "source_identities": ["a*"]}
# The grant's conditions, and what of them holds for the role itself.
CONDITIONS: list[tuple[dict[str, Any] | None, dict[str, Any], str | list[str]]] = [
    (None, {}, "sts:AssumeRole"),
    ({"mfa": True}, {}, "sts:AssumeRole"),
    ({"mfa_max_age": 60}, {}, "sts:AssumeRole"),
    (
        {"mfa": True, "external_id": "id-1"},
        {"StringEquals": {"sts:ExternalId": "id-1"}},
        "sts:AssumeRole",
    ),
    ({"not_after": TIME}, {"DateLessThan": {"aws:CurrentTime": TIME}}, "sts:AssumeRole"),
    # What only users can have is left out of raw conditions too, and nothing else.
    ({"raw": {"Bool": {"aws:multiFactorAuthPresent": ["true"]}}}, {}, "sts:AssumeRole"),
    (
        {
            "raw": {
                "Bool": {"aws:MultiFactorAuthPresent": ["true"], "aws:SecureTransport": ["true"]}
            }
        },
        {"Bool": {"aws:SecureTransport": ["true"]}},
        "sts:AssumeRole",
    ),
    (
        TAGGED,
        {
            "ForAllValues:StringEquals": {"aws:TagKeys": "team"},
            "StringEquals": {"aws:RequestTag/team": "red"},
            "StringLike": {"sts:SourceIdentity": "a*"},
        },
        ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
    ),
]


@pytest.mark.parametrize(("conditions", "expected", "actions"), CONDITIONS)
def test_the_grants_conditions_but_for_mfa_hold_for_the_role_itself(
    conditions: dict[str, Any] | None, expected: dict[str, Any], actions: str | list[str]
) -> None:
    grant = grant_of(conditions)
    own = find_own_statement(grant)
    assert own["Condition"] == {**expected, **ITSELF}
    assert own["Action"] == actions
    (allowed,) = write(grant).role.inline_policies[ASSUMES_ITSELF]["Statement"]
    assert allowed["Effect"] == "Allow"
    assert allowed["Resource"] == [ROLE]
    assert allowed["Action"] == actions


def test_a_principals_own_conditions_dont_hold_for_the_role_itself() -> None:
    grant = grant_of({"external_id": "id-1"}, conditions={"external_id": "id-2", "mfa": True})
    assert find_own_statement(grant)["Condition"] == {
        "StringEquals": {"sts:ExternalId": "id-1"},
        **ITSELF,
    }


def test_without_the_setting_or_with_false_nothing_changes() -> None:
    plain = {**grant_of(), "role": {"path": "/team/"}}
    false = {**grant_of(), "role": {"path": "/team/", "self_assuming": False}}
    assert write(plain).as_json() == write(false).as_json()
    assert "selfAssuming" not in write(plain).as_json()


ACCOUNTS = {"own": DESTINATION, "source": SOURCE}
CALLERS: list[tuple[str, str, str, bool]] = [
    ("own", "assumed-role/deploy/x", "role/team/deploy", True),
    ("own", "assumed-role/deploy/x", "role/deploy", False),
    ("own", "assumed-role/deploy-2/x", "role/team/deploy-2", False),
    ("own", "user/deploy", "user/team/deploy", False),
    ("source", "assumed-role/deploy/x", "role/team/deploy", False),
    ("source", "user/mallory", "user/mallory", False),
]


@pytest.mark.parametrize(("account", "caller", "principal", "gets_in"), CALLERS)
def test_only_the_role_itself_gets_in_whatever_others_may(
    account: str, caller: str, principal: str, *, gets_in: bool
) -> None:
    record = write(grant_of())
    service = "sts" if caller.startswith("assumed") else "iam"
    anything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    who = Caller(
        f"arn:aws:{service}::{ACCOUNTS[account]}:{caller}",
        "AIDAX",
        f"arn:aws:iam::{ACCOUNTS[account]}:{principal}",
        (Policy("p", anything),),
    )
    trust = Policy("trust policy", record.role.trust_policy)
    assert decide(who, Request("sts:AssumeRole", ROLE, {}), trust).allowed is gets_in


def test_a_role_whose_name_pulumi_generates_cant_assume_itself() -> None:
    args = {"principals": [ALICE], "source_account_id": SOURCE, "role": {"self_assuming": True}}
    assert codes(TrustedRoleModel, args) == [("self-assuming-without-name", "role.self_assuming")]
    read_model(TrustedRoleModel, {**args, "role": {"self_assuming": True, "name": "x"}})


def test_its_own_statement_counts_in_the_trust_policys_size() -> None:
    users = [{"user": f"user-{number:02}-{'x' * 30}"} for number in range(26)]
    role: dict[str, Any] = {"name": "x" * 64}
    args = {"principals": users, "source_account_id": SOURCE, "role": role}
    read_model(TrustedRoleModel, args)
    role["self_assuming"] = True
    assert codes(TrustedRoleModel, args) == [("trust-policy-too-long", "principals")]


# --- Its record -----------------------------------------------------------------------------------

RECORD: dict[str, Any] = json.loads(write(grant_of({"external_id": "id-1"})).as_json())
OWN = next(
    number
    for number, statement in enumerate(RECORD["role"]["trustPolicy"]["Statement"])
    if statement["Principal"] == {"AWS": [ROOT]}
)
TRUST, ALLOW = ("role", "trustPolicy", "Statement", OWN), ("role", "inlinePolicies", ASSUMES_ITSELF)
HOSTILE: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("role", "selfAssuming"), False, "trust-of-others"),
    (("role", "selfAssuming"), "true", "bool-type"),
    ((*TRUST, "Effect"), "Deny", "contradiction"),
    ((*TRUST, "Principal", "AWS"), [f"arn:aws:iam::{SOURCE}:root"], "trust-of-itself"),
    ((*TRUST, "Principal", "AWS"), [ROOT, f"arn:aws:iam::{SOURCE}:root"], "trust-of-itself"),
    ((*TRUST, "Principal", "AWS"), DESTINATION, "trust-of-itself"),
    ((*TRUST, "Condition"), {}, "trust-of-itself"),
    ((*TRUST, "Condition", "ArnLike"), {"aws:PrincipalArn": "*"}, "trust-of-itself"),
    ((*TRUST, "Condition", "ArnLike"), {"aws:PrincipalArn": [ROLE, "*"]}, "trust-of-itself"),
    ((*TRUST, "Condition", "ArnLike"), {"aws:PrincipalArn": f"{ROLE}*"}, "trust-of-itself"),
    (("role", "inlinePolicies"), {}, "missing-key"),
    ((*ALLOW, "Statement", 0, "Resource"), "*", "needs-more-than-role"),
    ((*ALLOW, "Statement", 0, "Action"), "*", "other-action"),
    ((*ALLOW, "Statement", 0, "Effect"), "Deny", "needs-more-than-role"),
]


@pytest.mark.parametrize(("place", "value", "code"), HOSTILE)
def test_a_record_whose_trust_in_itself_is_another_is_refused(
    place: tuple[str | int, ...], value: Any, code: str
) -> None:
    assert refuse(json.dumps(replace_string(RECORD, place, value)))[0] == code


def test_a_second_statement_in_the_own_account_is_refused() -> None:
    record = json.loads(json.dumps(RECORD))
    statements = record["role"]["trustPolicy"]["Statement"]
    statements.append({**statements[OWN], "Sid": "More", "Condition": {}})
    assert refuse(json.dumps(record))[0] == "trust-of-itself"


def test_the_record_reads_back_equal() -> None:
    role = {"path": "/team/", "self_assuming": True, "sessions_issued_after": TIME}
    record = write({**grant_of(TAGGED), "role": role})
    assert read_grant_documents(record.as_json()) == record
    assert find_issued_after(record.role.inline_policies) == TIME


# --- Sessions that are ended ----------------------------------------------------------------------


def revoke(time: Any = TIME, **changes: Any) -> dict[str, Any]:
    """The policy as the console shows it, with changes of its statement."""
    statement = {
        "Effect": "Deny",
        "Action": ["*"],
        "Resource": ["*"],
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": time}},
    }
    return {"Version": "2012-10-17", "Statement": [statement | changes]}


def test_the_policy_is_the_consoles_own() -> None:
    assert json.loads(build_revocation(TIME)) == revoke()


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (revoke(), TIME),
        (revoke(Action="*", Resource="*"), TIME),
        ({**revoke(), "Statement": revoke()["Statement"][0]}, TIME),
        (revoke([TIME]), TIME),
        # The console writes parts of a second: the next whole second denies no session less.
        (revoke("2026-11-27T09:59:59.001Z"), TIME),
        (revoke("2026-11-27T10:00:00.000Z"), TIME),
        (revoke("2026-11-27T11:00:00+01:00"), TIME),
        (revoke("1795773600"), None),
        (revoke("tomorrow"), None),
        (revoke([TIME, "2026-11-28T10:00:00Z"]), None),
        (revoke(Effect="Allow"), None),
        (revoke(Action="s3:*"), None),
        (revoke(Resource="arn:aws:s3:::x"), None),
        (revoke(Condition={}), None),
        (revoke(Condition={"DateLessThanEquals": {"aws:TokenIssueTime": TIME}}), None),
        (revoke(Condition={"DateLessThan": {"aws:CurrentTime": TIME}}), None),
        ({**revoke(), "Statement": revoke()["Statement"] * 2}, None),
        ({**revoke(), "Id": "x"}, None),
    ],
)
def test_only_that_form_is_known_as_ending_sessions(
    document: dict[str, Any], found: str | None
) -> None:
    assert find_issued_after({REVOKES_SESSIONS: document}) == found
    assert find_issued_after({"other": document}) is None


@pytest.mark.parametrize(("seconds", "warned"), [(-1, False), (60, True)])
def test_a_time_in_the_future_is_warned_of(seconds: int, *, warned: bool) -> None:
    moment = format_time(datetime.now(UTC) + timedelta(seconds=seconds))
    role = read_model(RoleModel, {"sessions_issued_after": moment})
    assert [path for path, _ in role.find_warnings(POLICIES_PER_ROLE)] == [
        ("sessions_issued_after",)
    ] * warned


def test_a_time_that_isnt_known_has_its_policy_all_the_same() -> None:
    role = read_model(RoleModel, {"sessions_issued_after": Unresolved()})
    assert role.inline_policy_names == [REVOKES_SESSIONS]
    assert not [*role.find_warnings(POLICIES_PER_ROLE)]


@pytest.mark.parametrize("name", [REVOKES_SESSIONS, ASSUMES_ITSELF])
def test_a_policy_of_such_a_name_is_taken_without_the_setting(name: str) -> None:
    assert read_model(RoleModel, {"inline_policies": {name: revoke()}}).inline_policy_names == [
        name
    ]
    both = {"self_assuming": True, "sessions_issued_after": TIME}
    with pytest.raises(InvalidInput):
        read_model(RoleModel, {"inline_policies": {name: revoke()}, **both})
