"""What a trust policy asks of a call, and how the call is made up from it: no AWS."""

from __future__ import annotations

from typing import Any

import pytest

from cross_account_access.cli.assume_role_call import AssumeRoleCall, CallOverrides
from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.call_planning import plan_call
from cross_account_access.cli.caller import CallerIdentity, CallerSession
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.cli.trust_requirements import (
    TrustRequirements,
    fill_pattern,
    find_extra_conditions,
    find_requirements,
    find_statements,
    read_requirements,
)
from cross_account_access.grants.documents import GrantDocuments, build_grant_documents
from cross_account_access.grants.grant import GrantModel

SOURCE, DESTINATION = "111111111111", "222222222222"
ALICE = CallerIdentity(f"arn:aws:iam::{SOURCE}:user/alice", "AIDAALICE")
CI = CallerIdentity(f"arn:aws:sts::{SOURCE}:assumed-role/ci/build", "AROACI:build")
SET = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Reader_0123456789abcdef/ann"


def documents(
    principals: list[dict[str, Any]], conditions: dict[str, Any] | None = None, **role: Any
) -> GrantDocuments:
    given = {
        "principals": principals,
        "role": role,
        **({"conditions": conditions} if conditions else {}),
    }
    return build_grant_documents(
        "reader",
        GrantModel.model_validate(given, by_alias=False, by_name=True),
        side="both",
        tags={},
        partition="aws",
        source=SOURCE,
        destination=DESTINATION,
    )


def grant(
    principals: list[dict[str, Any]], conditions: dict[str, Any] | None = None, **role: Any
) -> DeployedGrant:
    return DeployedGrant("dev", documents(principals, conditions, **role), {})


def caller(
    identity: CallerIdentity | None, *, mfa: str | None = None, temporary: bool = False
) -> CallerSession:
    """Somebody of whom AWS was asked already; asking more fails for want of a profile."""
    made = CallerSession(AwsAccess(profile="nobody-has-this"))
    vars(made).update({"identity": identity} if identity else {}, is_temporary=temporary)
    if mfa:
        vars(made)["mfa_serial"] = mfa
    return made


def plan(
    deployed: DeployedGrant,
    session: CallerSession,
    overrides: CallOverrides | None = None,
    *,
    may_carry_mfa: bool = True,
) -> AssumeRoleCall:
    return plan_call(deployed, session, overrides or CallOverrides(), may_carry_mfa=may_carry_mfa)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (None, TrustRequirements()),
        ({"external_id": "id-1"}, TrustRequirements(external_ids=("id-1",))),
        (
            {"external_id": "id-2", "previous_external_id": "id-1"},
            TrustRequirements(external_ids=("id-1", "id-2")),
        ),
        ({"mfa": True}, TrustRequirements(mfa=True)),
        ({"mfa_max_age": 3600}, TrustRequirements(mfa=True)),
        ({"raw": {"Null": {"aws:MultiFactorAuthAge": ["false"]}}}, TrustRequirements(mfa=True)),
        (
            {"session_names": ["${aws:username}"]},
            TrustRequirements(session_names=("${aws:username}",)),
        ),
        ({"source_identities": ["alice"]}, TrustRequirements(source_identities=("alice",))),
        (
            {"session_tags": {"team": ["a", "b"]}, "transitive_tag_keys": ["team"]},
            TrustRequirements(session_tags={"team": ("a", "b")}, transitive_tag_keys=("team",)),
        ),
        (
            {"source_ips": ["203.0.113.0/24"], "organizations": ["o-a1b2c3d4e5"]},
            TrustRequirements(),
        ),
    ],
)
def test_the_terms_are_what_the_conditions_ask_of_the_call(
    conditions: dict[str, Any] | None, expected: TrustRequirements
) -> None:
    assert read_requirements(documents([{"user": "alice"}], conditions)) == [expected]


@pytest.mark.parametrize(
    ("principals", "identity", "expected"),
    [
        (
            [{"user": "alice"}, {"role": "team/ci", "conditions": {"mfa": False}}],
            ALICE,
            TrustRequirements(mfa=True),
        ),
        (
            [{"user": "alice"}, {"role": "team/ci", "conditions": {"mfa": False}}],
            CI,
            TrustRequirements(),
        ),
        ([{"user": "bob"}], ALICE, None),
        ([{"role": "team/ci2", "conditions": {"mfa": False}}], CI, None),
        ([{"account": SOURCE}], CI, TrustRequirements(mfa=True)),
        ([{"user": "alice", "trust_by": "name"}], ALICE, TrustRequirements(mfa=True)),
        ([{"user": "bob", "trust_by": "name"}], ALICE, None),
        (
            [{"permission_set": "Reader", "conditions": {"mfa": False}}],
            CallerIdentity(SET, "AROASET:ann"),
            TrustRequirements(),
        ),
        (
            [{"permission_set": "Writer", "conditions": {"mfa": False}}],
            CallerIdentity(SET, "AROASET:ann"),
            None,
        ),
        ([{"session": "ci/build", "conditions": {"mfa": False}}], CI, TrustRequirements()),
        # Both let alice in: the one that asks for less is enough.
        (
            [{"group": "staff"}, {"user": "alice", "conditions": {"mfa": False}}],
            ALICE,
            TrustRequirements(),
        ),
    ],
)
def test_the_terms_are_those_of_the_statement_that_speaks_of_the_caller(
    principals: list[dict[str, Any]], identity: CallerIdentity, expected: TrustRequirements | None
) -> None:
    assert find_requirements(documents(principals, {"mfa": True}), identity) == expected


UNIT = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"
FROM_THERE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


@pytest.mark.parametrize(
    "others",
    [
        [{"user": "bob"}],
        [{"user": "bob", "trust_by": "name"}, {"permission_set": "Ops"}],
        [{"role": "ci"}, {"arn": f"arn:aws:iam::{SOURCE}:user/dave"}],
        [{"role": "cd", "trust_by": "name"}, {"user": "carol"}],
    ],
)
@pytest.mark.parametrize(
    "principal",
    [
        {"user": "alice"},
        {"user": "alice", "trust_by": "name"},
        {"group": "staff"},
        {"account": SOURCE},
        {"permission_set": "Ops_More"},
        {"role_pattern": "team-*"},
        {"path": "/team/"},
        {"organization": "o-b1b2c3d4e5"},
        {"organizational_unit": f"{UNIT}ou-ab12-22222222/"},
    ],
    ids=str,
)
def test_a_principal_has_its_own_statement_and_none_that_is_narrowed_to_others(
    principal: dict[str, Any], others: list[dict[str, Any]]
) -> None:
    check_statements(principal, others)


@pytest.mark.parametrize("principal", [{"user": "alice"}, {"permission_set": "Ops_More"}])
def test_a_session_beside_it_changes_none_of_that(principal: dict[str, Any]) -> None:
    check_statements(principal, [{"session": "ci/build"}, {"role": "ci"}])


def check_statements(principal: dict[str, Any], others: list[dict[str, Any]]) -> None:
    made = documents([{**principal, "conditions": {"source_ips": ["203.0.113.0/24"]}}, *others])
    name = next(iter(principal.values()))
    (half,) = [one for one in made.principals if one.name == name]
    (statement,) = find_statements(made, half)
    assert find_extra_conditions(statement, half) == FROM_THERE
    for other in made.principals:
        if other is not half:
            assert [find_extra_conditions(one, other) for one in find_statements(made, other)] == [
                {}
            ], other.name


@pytest.mark.parametrize(
    ("pattern", "user", "instead", "expected"),
    [
        ("alice", None, None, "alice"),
        ("${aws:username}", "alice", None, "alice"),
        ("${AWS:UserName}-x", "alice", None, "alice-x"),
        ("${aws:username}", None, "role", None),
        ("${aws:PrincipalTag/team}", "alice", "role", None),
        ("ci-*", None, "role", "ci-role"),
        ("ci-*", None, None, None),
        ("ci-?", None, "role", None),
    ],
)
def test_a_pattern_is_filled_where_that_can_be_told(
    pattern: str, user: str | None, instead: str | None, expected: str | None
) -> None:
    assert fill_pattern(pattern, user=user, instead=instead) == expected


@pytest.mark.parametrize(
    ("patterns", "name", "expected"),
    [
        ((), "x", True),
        (("ticket-??",), "ticket-01", True),
        (("ticket-??",), "ticket-1", False),
        (("a", "${aws:username}-x"), "alice-x", True),
    ],
)
def test_a_session_name_that_no_longer_fits_is_known(
    patterns: tuple[str, ...], name: str, expected: bool
) -> None:
    assert TrustRequirements(session_names=patterns).accepts_session_name(name) is expected


def test_the_call_brings_everything_that_is_asked_for() -> None:
    conditions = {
        "external_id": "id-1",
        "mfa": True,
        "session_names": ["${aws:username}"],
        "source_identities": ["alice"],
        "session_tags": {"team": ["a"]},
        "transitive_tag_keys": ["team"],
    }
    asked = grant([{"user": "alice"}], conditions, max_session_duration=7200)
    call = plan(asked, caller(ALICE, mfa="arn:aws:iam::111111111111:mfa/x"))
    assert call.role_arn == f"arn:aws:iam::{DESTINATION}:role/reader"
    assert call.arguments() == {
        "RoleSessionName": "alice",
        "ExternalId": "id-1",
        "SerialNumber": "arn:aws:iam::111111111111:mfa/x",
        "DurationSeconds": 7200,
        "SourceIdentity": "alice",
        "Tags": [{"Key": "team", "Value": "a"}],
        "TransitiveTagKeys": ["team"],
    }
    assert "id-1" not in repr(call)


def test_where_nothing_is_required_aws_is_not_asked_who_calls() -> None:
    call = plan(grant([{"role": "ci"}]), caller(None))
    assert call.arguments() == {}


def test_while_an_external_id_is_changed_the_new_one_is_used() -> None:
    both = {"external_id": "id-0", "previous_external_id": "id-1"}
    for current in ("id-0", "id-1"):
        profile = f"[profile reader]\nexternal_id = {current}\n"
        rotated = DeployedGrant(
            "dev", documents([{"user": "alice"}], both), {"cliProfile": profile}
        )
        assert plan(rotated, caller(None)).external_id == current


@pytest.mark.parametrize(
    ("principals", "temporary", "expected"),
    [
        ([{"user": "alice"}], False, 7200),
        ([{"user": "alice"}], True, None),  # GetSessionToken's
        ([{"user": "alice"}, {"role": "ci"}], True, None),
        ([{"account": SOURCE}], False, 7200),
        ([{"account": SOURCE}], True, None),
    ],
)
def test_temporary_credentials_ask_for_no_more_than_an_hour(
    principals: list[dict[str, Any]], temporary: bool, expected: int | None
) -> None:
    asked = grant(principals, max_session_duration=7200)
    assert plan(asked, caller(ALICE, temporary=temporary)).duration == expected


def test_temporary_credentials_of_a_user_may_carry_mfa_already() -> None:
    asked = grant([{"user": "alice"}], {"mfa": True})
    signed_in = caller(ALICE, mfa="arn:device", temporary=True)
    assert plan(asked, signed_in).mfa_serial is None
    assert plan(asked, signed_in, CallOverrides(), may_carry_mfa=False).mfa_serial == "arn:device"


@pytest.mark.parametrize(
    ("conditions", "identity", "code", "option"),
    [
        ({"mfa": True}, CI, ExitCode.NO, ""),
        (
            {"session_tags": {"team": ["a", "b"]}},
            ALICE,
            ExitCode.WRONG_INPUT,
            "--session-tag team=VALUE",
        ),
        (
            {"source_identities": ["ann-*", "bob-*"]},
            ALICE,
            ExitCode.WRONG_INPUT,
            "--source-identity NAME",
        ),
        (
            {"session_names": ["ticket-??", "${aws:username}-?"]},
            ALICE,
            ExitCode.WRONG_INPUT,
            "--session-name NAME",
        ),
    ],
)
def test_what_the_grant_leaves_open_must_be_given(
    conditions: dict[str, Any], identity: CallerIdentity, code: ExitCode, option: str
) -> None:
    principals = [{"user": "alice"}] if identity is ALICE else [{"account": SOURCE}]
    with pytest.raises(Failure) as refused:
        plan(grant(principals, conditions), caller(identity))
    assert refused.value.code is code
    assert option in refused.value.remedy


def test_what_the_command_line_gives_is_taken() -> None:
    conditions = {
        "session_tags": {"team": ["a", "b"]},
        "source_identities": ["a-*"],
        "session_names": ["b-?"],
    }
    wishes = CallOverrides(None, "b-1", 900, "a-1", {"TEAM": "b"})
    asked = grant([{"user": "alice"}], conditions)
    assert plan(asked, caller(ALICE), wishes).arguments() == {
        "RoleSessionName": "b-1",
        "DurationSeconds": 900,
        "SourceIdentity": "a-1",
        "Tags": [{"Key": "TEAM", "Value": "b"}],
    }
