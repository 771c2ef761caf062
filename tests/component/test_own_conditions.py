"""Conditions of a principal's own, and what both sides must allow for what conditions ask of the
caller."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.component.engine_record import SECRET, Run
from tests.component.harness import run
from tests.component.programs import access, assume_role_grant, grant, output, secret, trusted_role
from tests.component.refusals import refused_at_once
from tests.component.world import DESTINATION, SOURCE, World, ci_arn, role_arn, user_arn

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
MFA_OF_A_MINUTE = MFA | {"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}
TAG, IDENTITY, ASSUME = "sts:TagSession", "sts:SetSourceIdentity", "sts:AssumeRole"
TAGGED = {"session_tags": {"team": ["platform"]}}
IDENTIFIED = {"source_identities": ["alice"]}
SOURCE_ALONE: dict[str, Any] = {
    "side": "source",
    "destination_account_id": DESTINATION,
    "leave_out": ("destination_provider",),
}


def external_id(value: str) -> dict[str, Any]:
    return {"StringEquals": {"sts:ExternalId": value}}


def statements(found: Run, name: str | None = None) -> list[tuple[list[str], Any]]:
    """Whom each statement of a trust policy names, and under which conditions."""
    given = found.document("Role", name)["Statement"]
    assert len({statement["Sid"] for statement in given}) == len(given)
    assert all(statement["Sid"].isalnum() for statement in given)
    return sorted(
        ((statement["Principal"]["AWS"], statement.get("Condition")) for statement in given),
        key=lambda statement: statement[0],
    )


PRINCIPALS = [
    {"user": "alice"},
    {"role": "ci", "conditions": {"mfa": False}},
    {"user": "bob", "conditions": {"external_id": output("partner-7f3a")}},
    {"user": "carol", "conditions": {"mfa": True}},
]
EXPECTED = [
    ([ci_arn("ci")], None),
    # What holds for both is one statement, wherever it was written.
    ([user_arn("alice"), user_arn("carol")], MFA),
    ([user_arn("bob")], MFA | external_id("partner-7f3a")),
]


def test_each_principals_own_conditions_stand_in_the_place_of_the_grants() -> None:
    args = {"principals": PRINCIPALS, "conditions": {"mfa": True}}
    assert statements(run(access({"deploy": grant(**args)}))) == EXPECTED
    assert statements(run(trusted_role(**args))) == EXPECTED


def test_no_order_of_the_principals_changes_trust_profile_or_command() -> None:
    def of(principals: list[Any], **args: Any) -> tuple[Any, ...]:
        found = run(
            access({"deploy": grant(principals=principals, conditions={"mfa": True})}, **args)
        )
        told = found.outputs["cli_profiles"], found.outputs["assume_role_commands"]
        return (*told, [made.inputs for made in found.of("Role")])

    principals = [
        {"user": "dave", "conditions": {"external_id": "of-dave"}},
        {"user": "carol", "conditions": {"external_id": "of-carol", "mfa": False}},
        {"user": "zoe", "conditions": {"external_id": "of-zoe"}},
        {"role": "ci", "conditions": {"external_id": "of-ci", "mfa": False}},
    ]
    expected = of(principals)
    assert "--external-id of-carol" in expected[1]["deploy"]
    for seed in range(4):
        shuffled = random.Random(seed).sample(principals, len(principals))  # noqa: S311 - the same order each time
        assert of(shuffled) == expected
    # Nor does the side that is made.
    assert of(principals, **SOURCE_ALONE)[:2] == expected[:2]


def test_a_principal_that_is_made_again_changes_its_own_statement_alone() -> None:
    before, after = (
        {
            statement["Principal"]["AWS"][0]: statement["Sid"]
            for statement in run(
                access({"deploy": grant(principals=PRINCIPALS[:3])}), world=world
            ).document("Role")["Statement"]
        }
        for world in (World(), World(made_again=frozenset({"bob"})))
    )
    assert {arn for arn in before if before[arn] != after[arn]} == {user_arn("bob")}


@pytest.mark.parametrize(
    ("common", "own", "expected"),
    [
        ({"mfa_max_age": 60}, {"mfa": False}, None),
        ({"mfa": True, "mfa_max_age": 60}, {"mfa": True}, MFA_OF_A_MINUTE),
        ({"mfa": False}, {"mfa_max_age": 60}, MFA_OF_A_MINUTE),
        (
            {"external_id": "xx", "previous_external_id": "yy"},
            {"external_id": "zz"},
            external_id("zz"),
        ),
        (
            {"source_ips": ["203.0.113.7"]},
            {"mfa": True},
            MFA | {"IpAddress": {"aws:SourceIp": "203.0.113.7/32"}},
        ),
        (
            {"source_ips": ["203.0.113.7"]},
            {"source_ips": [output("198.51.100.0/24"), "192.0.2.1"]},
            {"IpAddress": {"aws:SourceIp": ["192.0.2.1/32", "198.51.100.0/24"]}},
        ),
    ],
    ids=str,
)
def test_what_is_named_in_its_own_conditions_counts_there(
    common: dict[str, Any], own: dict[str, Any], expected: object
) -> None:
    args = {"principals": [{"user": "alice", "conditions": own}], "conditions": common}
    assert statements(run(access({"deploy": grant(**args)}))) == [([user_arn("alice")], expected)]


@pytest.mark.parametrize(
    ("raw", "path", "code"),
    [
        ({1: {"aws:x": ["y"]}, "Bool": {"aws:x": ["true"]}}, "1", "unknown-operator"),
        ({"Bool": output({"aws:x": ["true"]})}, "Bool", "invalid-raw-conditions"),
        ({"Bool": {"aws:x": [output("true"), 0.5]}}, "Bool.aws:x[1]", "invalid-raw-values"),
        ({"Bool": {"aws:x y": output("true")}}, "Bool.aws:x y", "invalid-condition-key"),
    ],
    ids=lambda part: str(part)[:30],
)
def test_wrong_raw_conditions_are_refused_where_they_stand(raw: Any, path: str, code: str) -> None:
    refused_at_once(
        trusted_role(conditions={"raw": raw}),
        "TrustedRole reader",
        (f"conditions.raw.{path}", code),
    )


def test_a_plain_list_tells_which_of_its_values_is_an_output() -> None:
    refused_at_once(
        trusted_role(
            conditions={
                "session_tags": {"team": ["x"]},
                "transitive_tag_keys": ["team", output("x")],
            }
        ),
        "TrustedRole reader",
        ("conditions.transitive_tag_keys[1]", "output-not-allowed"),
    )


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("conditions", {"mfa": True}, "conditions-of-destination"),
        ("trust_by", "name", "trust-of-destination"),
        ("unique_id", "AIDAALICEXXXXXXXXXXX", "trust-of-destination"),
        ("source", "ci", "key-of-many-accounts"),
    ],
)
def test_an_assume_role_grant_refuses_what_the_trust_policy_holds(
    key: str, value: Any, code: str
) -> None:
    refused_at_once(
        assume_role_grant(principal={"user": "alice", key: value}),
        "AssumeRoleGrant reach",
        (f"principal.{key}", code),
    )


def test_an_assume_role_grant_refuses_an_exclusion_which_a_groups_trust_policy_holds() -> None:
    refused_at_once(
        assume_role_grant(principal={"group": "devs", "except_": ["eve"]}),
        "AssumeRoleGrant reach",
        ("principal.except_", "trust-of-destination"),
    )


def test_a_secret_external_id_of_one_is_hidden_and_nothing_else_is() -> None:
    def hidden(name: str) -> tuple[set[tuple[str, str]], set[str]]:
        other = {"user": name, "conditions": {"external_id": secret("swordfish")}}
        found = run(access({"deploy": grant(principals=[{"user": "bob"}, other])}))
        assert "swordfish" not in found.visible()
        inputs = {(made.name, key) for made in found.made for key in made.secret}
        return inputs, {key for key, value in found.shown.items() if SECRET in json.dumps(value)}

    trust = {("team-deploy", "assumeRolePolicy")}
    # The profile is the first one's, by name.
    assert hidden("alice") == (trust, {"cli_profiles", "assume_role_commands", "documents"})
    assert hidden("carol") == (trust, {"documents"})


def actions(found: Run, kind: str, name: str | None = None) -> list[Any]:
    return [statement["Action"] for statement in found.document(kind, name)["Statement"]]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"mfa": True}, ASSUME),
        (TAGGED, [ASSUME, TAG]),
        (IDENTIFIED, [ASSUME, IDENTITY]),
        (TAGGED | IDENTIFIED, [ASSUME, IDENTITY, TAG]),
    ],
    ids=str,
)
def test_both_sides_allow_what_the_conditions_ask_for(
    conditions: dict[str, Any], expected: Any
) -> None:
    for args in (
        {"conditions": conditions},
        {"principals": [{"user": "alice", "conditions": conditions}]},
    ):
        found = run(access({"deploy": grant(**args)}))
        assert actions(found, "Role") == actions(found, "Policy") == [expected]


def test_one_is_allowed_what_its_own_conditions_ask_for_on_that_role_alone() -> None:
    grants = {
        "deploy": grant(principals=[{"user": "alice", "conditions": TAGGED}, {"user": "bob"}]),
        "read": grant(),
        "audit": grant(),
    }
    found = run(access(grants))
    assert found.document("Policy", "team-user-alice")["Statement"] == [
        {"Effect": "Allow", "Action": ASSUME, "Resource": [role_arn("audit"), role_arn("read")]},
        {"Effect": "Allow", "Action": [ASSUME, TAG], "Resource": [role_arn("deploy")]},
    ]
    assert actions(found, "Policy", "team-user-bob") == [ASSUME]
    trusts = {
        arn: statement["Action"]
        for statement in found.document("Role", "team-deploy")["Statement"]
        for arn in statement["Principal"]["AWS"]
    }
    assert trusts == {user_arn("alice"): [ASSUME, TAG], user_arn("bob"): ASSUME}
    assert run(access(grants, **SOURCE_ALONE)).document(
        "Policy", "team-user-alice"
    ) == found.document("Policy", "team-user-alice")


def test_an_assume_role_grant_allows_the_role_actions() -> None:
    role_arns = {"deploy": role_arn("deploy"), "read": output(role_arn("read"))}
    for given in ([IDENTITY, TAG], [TAG, ASSUME, IDENTITY, TAG]):
        found = run(assume_role_grant(role_arns=role_arns, role_actions={"deploy": given}))
        assert found.document("Policy")["Statement"] == [
            {"Effect": "Allow", "Action": ASSUME, "Resource": [role_arn("read")]},
            {
                "Effect": "Allow",
                "Action": [ASSUME, IDENTITY, TAG],
                "Resource": [role_arn("deploy")],
            },
        ]


def test_another_role_action_is_refused() -> None:
    refused_at_once(
        assume_role_grant(role_actions={"deploy": [TAG, "sts:*"]}),
        "AssumeRoleGrant reach",
        ("role_actions.deploy[1]", "invalid-role-action"),
    )


def test_the_command_tells_what_the_caller_must_set() -> None:
    conditions = {
        "session_names": ["build-*"],
        "source_identities": ["alice", "bob"],
        "session_tags": {"team": ["platform", "ops"], "cost": ["1 2"]},
        "transitive_tag_keys": ["team"],
    }
    found = run(access({"deploy": grant(conditions=conditions)})).outputs
    assert found["assume_role_commands"]["deploy"] == (
        f"aws sts assume-role --role-arn {role_arn('deploy')} "
        "--role-session-name build-deploy --source-identity alice "
        "--tags 'Key=cost,Value=1 2' Key=team,Value=platform --transitive-tag-keys team"
    )
    assert found["cli_profiles"]["deploy"].endswith(
        "source_profile = default\nrole_session_name = build-deploy\n"
    )


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"source_vpcs": ["vpc-0a1b2c3d"]}, {"StringEquals": {"aws:SourceVpc": "vpc-0a1b2c3d"}}),
        (
            {"source_vpc_endpoints": ["vpce-0a1b2c3d"]},
            {"StringEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}},
        ),
        (
            {"organizations": ["o-a1b2c3d4e5"]},
            {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        ),
        (
            {"session_names": ["b-*", "a-?"]},
            {"StringLike": {"sts:RoleSessionName": ["a-?", "b-*"]}},
        ),
        (
            {"principal_tags": {"team": ["b", "a"]}},
            {"StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}},
        ),
        (
            {"not_before": "2026-12-01T08:00:00Z", "not_after": "2026-12-31T18:00:00Z"},
            {
                "DateGreaterThanEquals": {"aws:CurrentTime": "2026-12-01T08:00:00Z"},
                "DateLessThan": {"aws:CurrentTime": "2026-12-31T18:00:00Z"},
            },
        ),
        (
            {"external_id": secret("new"), "previous_external_id": output("before")},
            {"StringEquals": {"sts:ExternalId": ["before", "new"]}},
        ),
        (
            {"mfa": True, "raw": {"StringEquals": {"aws:SourceAccount": [SOURCE]}}},
            MFA | {"StringEquals": {"aws:SourceAccount": [SOURCE]}},
        ),
        (
            TAGGED | {"transitive_tag_keys": ["team"]},
            {
                "ForAllValues:StringEquals": {
                    "aws:TagKeys": "team",
                    "sts:TransitiveTagKeys": "team",
                },
                "Null": {"sts:TransitiveTagKeys": "false"},
                "StringEquals": {"aws:RequestTag/team": "platform"},
            },
        ),
    ],
    ids=str,
)
def test_each_condition_reaches_the_trust(conditions: dict[str, Any], expected: object) -> None:
    assert statements(run(access({"deploy": grant(conditions=conditions)}))) == [
        ([user_arn("alice")], expected)
    ]
