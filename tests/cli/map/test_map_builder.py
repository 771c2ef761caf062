"""The map of grants: who is joined with which role, in which words, and what becomes one node."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.map.map_builder import NOT_TRUSTED, build_access_map
from cross_account_access.cli.map.map_json import render_json
from tests.cli.map import maps
from tests.cli.map.maps import DESTINATION, SOURCE
from tests.unit.grants import grant_conditions, grant_principals

if TYPE_CHECKING:
    from cross_account_access.cli.map.access_map import AccessMap


def described(access: AccessMap) -> list[tuple[str, str, str, str]]:
    """Principal, role, conditions, session of each edge."""
    nodes = access.nodes
    return [
        (
            nodes[edge.principal].full_label,
            nodes[edge.role].full_label,
            edge.conditions_text,
            edge.session_text,
        )
        for edge in access.edges
    ]


def under(conditions: dict[str, Any], principal: dict[str, Any] | None = None) -> list[str]:
    access = maps.drawn(
        {"it": {"principals": [principal or {"user": "alice"}], "conditions": conditions}}
    )
    (edge,) = access.edges
    return list(edge.conditions)


def test_conditions_are_those_of_the_trust_policy_without_an_external_id() -> None:
    conditions = {"mfa": True, "mfaMaxAge": 5400, "externalId": "new-4711"}
    assert under(conditions) == ["signed in with MFA less than 1 h 30 min ago", "an external ID"]


@pytest.mark.parametrize(
    ("principal", "label", "home", "wide", "lasting"),
    [
        ({"user": "team/alice"}, "user team/alice", SOURCE, False, "2 h"),
        ({"role": "team/ci"}, "role team/ci", SOURCE, False, "1 h (role chaining)"),
        ({"arn": f"arn:aws:iam::{SOURCE}:user/alice"}, "user alice", SOURCE, False, "2 h"),
        ({"group": "developers"}, "group developers", SOURCE, True, "2 h"),
        ({"account": SOURCE}, "the whole account", SOURCE, True, "2 h; 1 h for role sessions"),
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
            "2 h; 1 h for role sessions",
        ),
        (
            {"organizationalUnit": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111"},
            "OU ou-ab12-11111111",
            "o-a1b2c3d4e5",
            True,
            "2 h; 1 h for role sessions",
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
    (edge,) = access.edges_from(node.key)
    assert (node.label, node.home.id, node.wide, edge.wide, edge.session_text) == (
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
    access = build_access_map([("dev", given)])
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
        (principal.partition(" in ")[0], conditions)
        for principal, _, conditions, _ in described(access)
    ] == [
        ("group developers", "signed in with MFA"),
        ("role ci", "source identity ci-*"),
        ("user alice", "signed in with MFA"),
        ("user named", "signed in with MFA; trusted by name"),
    ]


def test_a_principals_condition_like_its_own_name_is_kept() -> None:
    arn = f"arn:aws:iam::{SOURCE}:user/alice"
    assert under({"raw": {"ArnLike": {"aws:PrincipalArn": [arn]}}}) == [f"principal ARN {arn}"]


def test_a_role_that_a_grant_opens_and_another_trusts_is_one_node() -> None:
    access = maps.chain()
    assert [node.full_label for node in access.principals if node.role] == [
        "role ci in account 222222222222",
        "role team/hub in account 222222222222",
    ]
    assert [(principal, role) for principal, role, *_ in described(access)] == [
        ("group operators in account 111111111111", "role team/hub in account 222222222222"),
        ("role build in account 111111111111", "role ci in account 222222222222"),
        ("user alice in account 111111111111", "role team/hub in account 222222222222"),
        ("role ci in account 222222222222", "role deploy in account 333333333333"),
        ("role team/hub in account 222222222222", "role spoke in account 333333333333"),
        ("user local in account 222222222222", "role deploy in account 333333333333"),
    ]
    by_session = access.edges[3]
    assert by_session.conditions == ("only session release",)
    assert access.stacks == ["people", "spokes"]


def test_a_session_of_a_role_that_is_trusted_too_is_of_its_node() -> None:
    access = maps.drawn(
        {"a": {"principals": [{"role": "team/ci"}]}, "b": {"principals": [{"session": "ci/xy"}]}}
    )
    assert [node.label for node in access.principals] == ["role team/ci"]
    assert [edge.conditions for edge in access.edges] == [(), ("only session xy",)]


def test_both_halves_of_two_stacks_are_one_edge() -> None:
    grants = {"deploy": {"principals": [{"user": "alice"}]}}
    # Pretend that each stack makes one half of it.
    source, destination = (
        maps.of_config(grants)[0].model_copy(update={"side": side})
        for side in ("source", "destination")
    )
    (half,) = build_access_map([("people", source)]).edges
    (both,) = build_access_map([("people", source), ("production", destination)]).edges
    assert (half.half, both.half) == ("source", "both")
    assert [origin.stack for origin in both.origins] == ["people", "production"]


def test_the_same_principal_of_another_account_is_another() -> None:
    here = maps.of_config({"a": {"principals": [{"group": "ops"}]}})
    there = maps.of_config({"a": {"principals": [{"group": "ops"}]}}, source=maps.THIRD)
    access = build_access_map([("one", here[0]), ("two", there[0])])
    assert [node.home.id for node in access.principals] == [SOURCE, maps.THIRD]


def test_the_order_of_stacks_and_grants_changes_nothing() -> None:
    grants = [("dev", documents) for file in maps.EXAMPLES for documents in maps.of_file(file)]
    assert build_access_map(grants) == build_access_map(reversed(grants))


def test_a_role_is_told_with_its_permissions() -> None:
    access = build_access_map(("dev", documents) for documents in maps.of_file(maps.EXAMPLES[0]))
    role = access.nodes[f"arn:aws:iam::{DESTINATION}:role/deploy"].role
    assert role is not None
    assert role.description == "Deployments from the source account's CI"
    assert role.permissions == ("PowerUserAccess", "pass-service-roles (inline)")
    assert role.tags == (("owner", "platform"),)
    bounded = maps.drawn(
        {"it": {"principals": [{"user": "a"}], "role": {"permissionsBoundary": "PowerUserAccess"}}}
    )
    assert [details.permissions for _, details in bounded.roles] == [
        ("permissions boundary PowerUserAccess",)
    ]


def test_a_role_is_told_to_assume_itself_and_to_have_ended_sessions() -> None:
    role = {"selfAssuming": True, "sessionsIssuedAfter": "2026-11-27T10:00:00Z"}
    access = maps.drawn({"it": {"principals": [{"user": "alice"}], "role": role}})
    ((_, details),) = access.roles
    assert details.permissions == (
        "the role itself again",
        "nothing for sessions issued before 2026-11-27T10:00:00Z",
    )
    (edge,) = access.edges
    assert access.nodes[edge.principal].name == "alice"
    other = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    own = {"AssumeItself": other, "AWSRevokeOlderSessions": other}
    access = maps.drawn(
        {"it": {"principals": [{"user": "alice"}], "role": {"inlinePolicies": own}}}
    )
    ((_, details),) = access.roles
    assert details.permissions == ("AWSRevokeOlderSessions (inline)", "AssumeItself (inline)")


def test_the_json_tells_the_same_and_no_external_id() -> None:
    found = render_json(
        build_access_map(("dev", documents) for documents in maps.of_file(maps.EXAMPLES[0]))
    )
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
