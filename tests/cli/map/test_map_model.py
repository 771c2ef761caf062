"""The map of grants: who is joined with which role, in which words, and what becomes one node."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cross_account_access.cli.map import words
from cross_account_access.cli.map.access_map import AccessMap, access_map, as_json
from cross_account_access.cli.map.statements import NOT_TRUSTED
from tests.cli.map import maps
from tests.cli.map.maps import DESTINATION, SOURCE
from tests.unit.grants import grant_conditions, grant_principals


def told(access: AccessMap) -> list[tuple[str, str, str, str]]:
    """Principal, role, conditions, session of each edge."""
    nodes = access.nodes
    return [
        (nodes[edge.principal].told, nodes[edge.role].told, edge.under, edge.lasting)
        for edge in access.edges
    ]


def under(conditions: dict[str, Any], principal: dict[str, Any] | None = None) -> list[str]:
    access = maps.drawn(
        {"it": {"principals": [principal or {"user": "alice"}], "conditions": conditions}}
    )
    (edge,) = access.edges
    return list(edge.conditions)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"mfa": True}, ["signed in with MFA"]),
        ({"mfaMaxAge": 5400}, ["signed in with MFA less than 1 h 30 min ago"]),
        ({"mfa": True, "mfaMaxAge": 43200}, ["signed in with MFA less than 12 h ago"]),
        ({"externalId": "new-4711"}, ["an external ID"]),
        ({"externalId": "new-4711", "previousExternalId": "old-0815"}, ["an external ID"]),
        (
            {"sourceIps": ["203.0.113.0/24", "2001:db8::/48"]},
            ["from 2001:db8::/48 or 203.0.113.0/24"],
        ),
        ({"sourceVpcs": ["vpc-0a1b2c3d4e5f67890"]}, ["from vpc-0a1b2c3d4e5f67890"]),
        ({"sourceVpcEndpoints": ["vpce-0a1b2c3d4e5f67890"]}, ["through vpce-0a1b2c3d4e5f67890"]),
        ({"organizations": ["o-a1b2c3d4e5"]}, ["of organization o-a1b2c3d4e5"]),
        ({"sessionNames": ["${aws:username}"]}, ["session named as the user"]),
        ({"sessionNames": ["release-*", "fix-*"]}, ["session named fix-* or release-*"]),
        ({"sourceIdentities": ["*@example.com"]}, ["source identity *@example.com"]),
        (
            {"sessionTags": {"team": ["platform", "data"]}, "transitiveTagKeys": ["team"]},
            [
                "no session tags but team",
                "no transitive tags but team",
                "session tag team is data or platform",
            ],
        ),
        ({"principalTags": {"team": ["platform"]}}, ["its tag team is platform"]),
        (
            {"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-02-01T00:00:00Z"},
            ["not before 2026-01-01T00:00:00Z", "until 2026-02-01T00:00:00Z"],
        ),
        (
            {"raw": {"StringNotLike": {"aws:UserAgent": ["*curl*"]}}},
            ["aws:UserAgent is not like *curl*"],
        ),
        (
            {"raw": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1/*"]}}},
            ["a value of aws:PrincipalOrgPaths is like o-1/*"],
        ),
        (
            {"raw": {"StringEqualsIfExists": {"aws:RequestedRegion": ["eu-west-1"]}}},
            ["aws:RequestedRegion is eu-west-1, or is absent"],
        ),
        ({"raw": {"Null": {"aws:SourceIp": ["true"]}}}, ["aws:SourceIp is absent"]),
        (
            {"raw": {"NumericGreaterThan": {"aws:EpochTime": ["1"]}}},
            ["aws:EpochTime is more than 1"],
        ),
    ],
    ids=str,
)
def test_conditions_are_told_in_words(conditions: dict[str, Any], expected: list[str]) -> None:
    assert under(conditions) == expected


@pytest.mark.parametrize("key", ["sts:ExternalId", "STS:externalid"])
@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("StringLike", "partner-7f3a*", "an external ID"),
        ("StringEqualsIfExists", "partner-7f3a", "an external ID, or none"),
        ("StringNotEquals", "partner-7f3a", "an external ID that is not ruled out"),
        ("ForAnyValue:StringEquals", "partner-7f3a", "an external ID"),
        ("Null", "true", "no external ID"),
        ("Null", "false", "an external ID"),
    ],
)
def test_no_operator_brings_an_external_id_to_light(
    operator: str, value: str, expected: str, key: str
) -> None:
    assert under({"raw": {operator: {key: [value]}}}) == [expected]


@pytest.mark.parametrize(
    ("principal", "label", "home", "wide", "lasting"),
    [
        ({"user": "team/alice"}, "user team/alice", SOURCE, False, "2 h"),
        ({"role": "team/ci"}, "role team/ci", SOURCE, False, "1 h (role chaining)"),
        ({"arn": f"arn:aws:iam::{SOURCE}:user/alice"}, "user alice", SOURCE, False, "2 h"),
        ({"group": "developers"}, "group developers", SOURCE, True, "2 h"),
        ({"account": SOURCE}, "the whole account", SOURCE, True, "2 h; of a role's session 1 h"),
        (
            {"permissionSet": "Operators"},
            "permission set Operators",
            SOURCE,
            False,
            "1 h (role chaining)",
        ),
        (
            {"organization": "o-a1b2c3d4e5"},
            "the whole organization",
            "o-a1b2c3d4e5",
            True,
            "2 h; of a role's session 1 h",
        ),
        (
            {"organizationalUnit": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111"},
            "OU ou-ab12-11111111",
            "o-a1b2c3d4e5",
            True,
            "2 h; of a role's session 1 h",
        ),
        ({"session": "ci/release"}, "session ci/release", SOURCE, False, "1 h (role chaining)"),
    ],
    ids=str,
)
def test_each_kind_of_principal_has_its_node(
    principal: dict[str, Any], label: str, home: str, wide: bool, lasting: str
) -> None:
    # The user beside it lets the role have more than role chaining's hour.
    access = maps.drawn(
        {"it": {"principals": [principal, {"user": "zoe"}], "role": {"maxSessionDuration": 7200}}}
    )
    node = next(node for node in access.principals if node.name != "zoe")
    (edge,) = access.from_(node.key)
    assert (node.label, node.home.id, node.wide, edge.wide, edge.lasting) == (
        label,
        home,
        wide,
        wide,
        lasting,
    )
    assert edge.conditions == ()


@pytest.mark.parametrize(
    "case", [*grant_principals.CASES, *grant_conditions.CASES], ids=lambda case: case.what
)
def test_every_principal_is_found_in_the_trust_policy(case: Any) -> None:
    given = maps.of_model(case.model)
    access = access_map([("dev", given)])
    assert {edge.role for edge in access.edges} == {given.role.arn}
    assert len(access.principals) == len({(half.kind, half.name) for half in given.principals})
    assert NOT_TRUSTED not in {text for edge in access.edges for text in edge.conditions}


def test_principals_of_one_role_have_their_own_conditions() -> None:
    access = maps.drawn(
        {
            "mixed": {
                "principals": [
                    {"user": "alice"},
                    {"role": "ci", "conditions": {"mfa": False, "sourceIdentities": ["ci-*"]}},
                    {"user": "named", "trustBy": "name"},
                    {"group": "developers"},
                ],
                "conditions": {"mfa": True},
            }
        }
    )
    assert [
        (principal.partition(" in ")[0], conditions) for principal, _, conditions, _ in told(access)
    ] == [
        ("group developers", "signed in with MFA"),
        ("role ci", "source identity ci-*"),
        ("user alice", "signed in with MFA"),
        ("user named", "signed in with MFA; whoever has that name"),
    ]


def test_a_principals_condition_like_its_own_name_is_kept() -> None:
    arn = f"arn:aws:iam::{SOURCE}:user/alice"
    assert under({"raw": {"ArnLike": {"aws:PrincipalArn": [arn]}}}) == [
        f"aws:PrincipalArn is like {arn}"
    ]


def test_a_role_that_a_grant_opens_and_another_trusts_is_one_node() -> None:
    access = maps.chain()
    assert [node.told for node in access.principals if node.role] == [
        "role ci in account 222222222222",
        "role team/hub in account 222222222222",
    ]
    assert [(principal, role) for principal, role, *_ in told(access)] == [
        ("group operators in account 111111111111", "role team/hub in account 222222222222"),
        ("role build in account 111111111111", "role ci in account 222222222222"),
        ("user alice in account 111111111111", "role team/hub in account 222222222222"),
        ("role ci in account 222222222222", "role deploy in account 333333333333"),
        ("role team/hub in account 222222222222", "role spoke in account 333333333333"),
        ("user local in account 222222222222", "role deploy in account 333333333333"),
    ]
    by_session = access.edges[3]
    assert by_session.conditions == ("only its session release",)
    assert access.stacks == ["people", "spokes"]


def test_a_session_of_a_role_that_is_trusted_too_is_of_its_node() -> None:
    access = maps.drawn(
        {"a": {"principals": [{"role": "team/ci"}]}, "b": {"principals": [{"session": "ci/xy"}]}}
    )
    assert [node.label for node in access.principals] == ["role team/ci"]
    assert [edge.conditions for edge in access.edges] == [(), ("only its session xy",)]


def test_both_halves_of_two_stacks_are_one_edge() -> None:
    grants = {"deploy": {"principals": [{"user": "alice"}]}}
    # Pretend that each stack makes one half of it.
    source, destination = (
        maps.of_config(grants)[0].model_copy(update={"side": side})
        for side in ("source", "destination")
    )
    (half,) = access_map([("people", source)]).edges
    (both,) = access_map([("people", source), ("production", destination)]).edges
    assert (half.half, both.half) == ("source", "both")
    assert [origin.stack for origin in both.origins] == ["people", "production"]


def test_the_same_principal_of_another_account_is_another() -> None:
    here = maps.of_config({"a": {"principals": [{"group": "ops"}]}})
    there = maps.of_config({"a": {"principals": [{"group": "ops"}]}}, source=maps.THIRD)
    access = access_map([("one", here[0]), ("two", there[0])])
    assert [node.home.id for node in access.principals] == [SOURCE, maps.THIRD]


def test_the_order_of_stacks_and_grants_changes_nothing() -> None:
    grants = [("dev", documents) for file in maps.EXAMPLES for documents in maps.of_file(file)]
    assert access_map(grants) == access_map(reversed(grants))


def test_a_role_is_told_with_its_permissions() -> None:
    access = access_map(("dev", documents) for documents in maps.of_file(maps.EXAMPLES[0]))
    role = access.nodes[f"arn:aws:iam::{DESTINATION}:role/deploy"].role
    assert role is not None
    assert role.description == "Deployments from the source account's CI"
    assert role.permissions == ("PowerUserAccess", "pass-service-roles (inline)")
    assert role.tags == (("owner", "platform"),)
    bounded = maps.drawn(
        {"it": {"principals": [{"user": "a"}], "role": {"permissionsBoundary": "PowerUserAccess"}}}
    )
    assert [node.role.permissions for node in bounded.roles if node.role] == [
        ("within the boundary PowerUserAccess",)
    ]


def test_characters_that_are_not_seen_are_told_as_what_they_are() -> None:
    assert (
        words.visible("a\x1b[2J\u202eb\nc\u200bé漢\x00") == "a\\x1b[2J\\u202eb\\nc\\u200bé漢\\x00"
    )


def test_the_json_tells_the_same_and_no_external_id() -> None:
    found = as_json(access_map(("dev", documents) for documents in maps.of_file(maps.EXAMPLES[0])))
    assert maps.SECRET not in json.dumps(found)
    assert found["access"][-1] == {
        "principal": f"arn:aws:iam::{SOURCE}:user/partners/auditor",
        "role": f"arn:aws:iam::{DESTINATION}:role/partner-audit",
        "conditions": ["an external ID"],
        "longestSession": 3600,
        "roleChaining": "no",
        "wide": False,
        "half": "both",
        "grants": [{"stack": "dev", "grant": "partner-audit"}],
    }
    assert [role["name"] for role in found["roles"]] == ["deploy", "partner-audit", "read-only"]
    assert found["principals"][0] == {
        "id": f"arn:aws:iam::{SOURCE}:role/team/ci",
        "kind": "role",
        "name": "team/ci",
        "account": SOURCE,
    }
