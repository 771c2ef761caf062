"""Every value that may be a secret, in every component: in force, and nowhere in plain text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.engine_record import SECRET, UNKNOWN
from tests.component.harness import refused, run
from tests.component.programs import (
    NEVER_KNOWN,
    access,
    assume_role_grant,
    grant,
    output,
    secret,
    trusted_role,
)
from tests.component.world import DESTINATION, SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.harness import Program


def of_conditions(**conditions: Any) -> dict[str, Any]:
    return {"conditions": conditions}


def excluding(*names: Any) -> dict[str, Any]:
    return {"principals": [{"account": SOURCE, "except_": [*names]}]}


def of_role(**role: Any) -> dict[str, Any]:
    return {"role": role}


def allow(resource: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]}


POLICY = f"arn:aws:iam::{DESTINATION}:policy/swordfish"
BUCKET = "arn:aws:s3:::swordfish/*"

# What a grant has with a value in one place, a right value, and a wrong one with its code.
Case = tuple["Callable[[Any], dict[str, Any]]", Any, Any, str]
CONDITIONS: dict[str, Case] = {
    "an external ID": (
        lambda value: of_conditions(external_id=value),
        "swordfish",
        "sword fish",
        "invalid-external-id",
    ),
    "a previous external ID": (
        lambda value: of_conditions(external_id="new-4711", previous_external_id=value),
        "swordfish",
        "sword fish",
        "invalid-external-id",
    ),
    "an external ID in raw": (
        lambda value: of_conditions(raw={"StringEquals": {"sts:ExternalId": [value]}}),
        "swordfish",
        47.11,
        "invalid-raw-values",
    ),
    "a value alone in raw, of a tag with a space": (
        lambda value: of_conditions(raw={"StringLike": {"aws:PrincipalTag/Cost Center": value}}),
        "swordfish*",
        {"sword": "fish"},
        "invalid-raw-values",
    ),
    "a list in raw": (
        lambda value: of_conditions(raw={"StringLike": {"aws:UserAgent": value}}),
        ["swordfish", "b", "a"],
        ["sword", ["fish"]],
        "invalid-raw-values",
    ),
    "an external ID in raw, spelt otherwise": (
        lambda value: of_conditions(
            raw={"ForAnyValue:StringEqualsIfExists": {"STS:externalid": ["ours", value]}}
        ),
        "swordfish",
        None,
        "invalid-raw-values",
    ),
    "another value in raw": (
        lambda value: of_conditions(raw={"StringLike": {"aws:UserAgent": [value]}}),
        "swordfish*",
        ["swordfish"],
        "invalid-raw-values",
    ),
    "a session name": (
        lambda value: of_conditions(session_names=[value]),
        "swordfish-*",
        "sword fish",
        "invalid-session-name-pattern",
    ),
    "a source identity": (
        lambda value: of_conditions(source_identities=["alice", value]),
        "swordfish",
        "sword fish",
        "invalid-source-identity-pattern",
    ),
    "the first source identity": (
        lambda value: of_conditions(source_identities=[value]),
        "swordfish",
        "sword fish",
        "invalid-source-identity-pattern",
    ),
    "a session tag's value": (
        lambda value: of_conditions(session_tags={"team": [value]}),
        "swordfish",
        "sword#fish",
        "invalid-tag-value",
    ),
    "a principal tag's value": (
        lambda value: of_conditions(principal_tags={"team": ["x", value]}),
        "swordfish",
        "sword#fish",
        "invalid-tag-value",
    ),
    "a source IP": (
        lambda value: of_conditions(source_ips=["198.51.100.7", value]),
        "203.0.113.77",
        "swordfish",
        "invalid-source-ip",
    ),
    "a VPC": (
        lambda value: of_conditions(source_vpcs=[value]),
        "vpc-0a1b2c3d4e",
        "vpc-swordfish",
        "invalid-vpc-id",
    ),
    "a VPC endpoint": (
        lambda value: of_conditions(source_vpc_endpoints=[value]),
        "vpce-0a1b2c3d4e",
        "vpce-swordfish",
        "invalid-vpc-endpoint-id",
    ),
    "an organization": (
        lambda value: of_conditions(organizations=["o-a1b2c3d4e5", value]),
        "o-99secret99",
        "o-SWORDFISHED",
        "invalid-organization-id",
    ),
    "a time": (
        lambda value: of_conditions(not_after=value),
        "2031-07-13T18:00:00Z",
        "2031-swordfish",
        "invalid-time",
    ),
    "an excluded name": (
        lambda value: excluding("eve", value),
        "swordfish",
        "sword fish",
        "invalid-excluded-name",
    ),
    "the ARN of an excluded role": (
        excluding,
        f"arn:aws:iam::{SOURCE}:role/team/swordfish",
        f"arn:aws:iam::{DESTINATION}:role/team/swordfish",
        "exclusion-in-other-account",
    ),
    "a time after another": (
        lambda value: of_conditions(not_before="2031-01-01T00:00:00Z", not_after=value),
        "2031-07-13T18:00:00Z",
        "2030-07-13T18:00:00Z",
        "end-before-start",
    ),
}
ROLES: dict[str, Case] = {
    "a description": (
        lambda value: of_role(description=value),
        "swordfish",
        "sword\x07fish",
        "invalid-description",
    ),
    "a tag": (
        lambda value: of_role(tags={"owner": value, "cost": "1"}),
        "swordfish",
        "sword*fish",
        "invalid-tag-value",
    ),
    "an inline policy": (
        lambda value: of_role(inline_policies={"read": value}),
        allow(BUCKET),
        {"Statement": "swordfish"},
        "",
    ),
    "an inline policy with a key that there isn't": (
        lambda value: of_role(inline_policies={"read": value}),
        json.dumps(allow(BUCKET)),
        {"Statement": [{"Effect": "Allow", "swordfish": {"swordfish": 1}}], "swordfish": 1},
        "",
    ),
    "a part of an inline policy": (
        lambda value: of_role(inline_policies={"read": allow(value)}),
        BUCKET,
        {"swordfish": 1},
        "",
    ),
    "a managed policy's ARN": (
        lambda value: of_role(managed_policy_arns={"made": value}),
        POLICY,
        "arn:aws:iam::999999999999:policy/swordfish",
        "policy-in-other-account",
    ),
    "a managed policy": (
        lambda value: of_role(managed_policy_arns={"made": value}),
        POLICY,
        "swordfish",
        "invalid-managed-policy-arn",
    ),
    "a boundary": (
        lambda value: of_role(permissions_boundary=value),
        POLICY,
        "arn:aws:iam::999999999999:policy/swordfish",
        "policy-in-other-account",
    ),
}
COMMON: dict[str, Case] = {
    "a tag of everything": (
        lambda value: {"tags": {"owner": value, "cost": "1"}},
        "swordfish",
        "sword*fish",
        "invalid-tag-value",
    )
}
OF_A_GRANT = CONDITIONS | ROLES
PROGRAMS: dict[str, Callable[[dict[str, Any]], Program]] = {
    "CrossAccountAccess": lambda part: access({"deploy": grant(**part)}),
    "TrustedRole": lambda part: trusted_role(**part),
}
TAGGED: dict[str, Callable[[dict[str, Any]], Program]] = {
    "CrossAccountAccess": lambda part: access(**part),
    "TrustedRole": lambda part: trusted_role(**part),
    "AssumeRoleGrant": lambda part: assume_role_grant(**part),
}
WAYS = [
    *((component, case) for component in PROGRAMS for case in OF_A_GRANT),
    *((component, case) for component in TAGGED for case in COMMON),
]


def make_program(component: str, case: str, value: Any) -> Program:
    part = (OF_A_GRANT | COMMON)[case][0](value)
    return (TAGGED if case in COMMON else PROGRAMS)[component](part)


def telling(value: Any) -> str:
    """What of a value stands for it: its most telling word."""
    return "swordfish" if "swordfish" in json.dumps(value) else str(value)


each_way = pytest.mark.parametrize(
    ("component", "case"), WAYS, ids=[f"{case} of {component}" for component, case in WAYS]
)


@each_way
@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_secret_value_is_in_force_and_nowhere_in_plain_text(
    component: str, case: str, *, preview: bool
) -> None:
    _, value, _, _ = (OF_A_GRANT | COMMON)[case]
    found = run(make_program(component, case, secret(value)), preview=preview)
    assert telling(value) not in found.visible()
    same = run(make_program(component, case, value), preview=preview)
    assert telling(value) in same.visible()
    assert {made.name: made.inputs for made in found.made} == {
        made.name: made.inputs for made in same.made
    }


@each_way
def test_what_is_known_late_is_the_same_as_what_is_plain(component: str, case: str) -> None:
    _, value, _, _ = (OF_A_GRANT | COMMON)[case]
    late, same = (run(make_program(component, case, given)) for given in (output(value), value))
    assert (late.outputs, SECRET in late.visible()) == (same.outputs, False)


@each_way
def test_a_wrong_secret_is_refused_and_not_told(component: str, case: str) -> None:
    _, _, wrong, code = (OF_A_GRANT | COMMON)[case]
    error, found = refused(make_program(component, case, secret(wrong)))
    assert error.problems
    if code:
        assert {problem.code for problem in error.problems} == {code}
    assert {problem.value for problem in error.problems} <= {"", "[secret]"}
    told = str(error) + str(error.errors) + found.visible()
    assert telling(wrong) not in told
    assert "sword" not in told.lower()


@pytest.mark.parametrize("component", PROGRAMS)
@pytest.mark.parametrize("case", CONDITIONS)
def test_a_condition_that_is_not_known_yet_never_vanishes(component: str, case: str) -> None:
    found = run(make_program(component, case, NEVER_KNOWN), preview=True)
    assert found.one("Role").inputs["assumeRolePolicy"] is UNKNOWN


@pytest.mark.parametrize(
    ("conditions", "hidden"),
    [
        ({"session_names": ["x-*", secret("swordfish")]}, False),
        ({"session_names": [secret("swordfish")]}, True),
        ({"source_identities": ["xx", secret("swordfish")]}, False),
        ({"source_identities": [secret("swordfish"), "xx"]}, True),
        ({"session_tags": {"a": ["x", secret("swordfish")]}}, False),
        ({"session_tags": {"a": [secret("swordfish-*"), "x"]}}, True),
        ({"principal_tags": {"a": [secret("swordfish")]}}, False),
        ({"raw": {"StringEquals": {"aws:x": [secret("swordfish")]}}}, False),
        ({"raw": {"StringEquals": {"sts:ExternalId": [secret("swordfish")]}}}, True),
        ({"external_id": "x-1", "previous_external_id": secret("swordfish")}, False),
    ],
    ids=str,
)
def test_profile_and_command_are_secret_only_where_they_hold_the_secret(
    conditions: dict[str, Any], hidden: bool
) -> None:
    found = run(trusted_role(conditions=conditions))
    assert (found.shown["assume_role_command"] == SECRET) is hidden
    assert ("swordfish" in found.outputs["assume_role_command"]) is hidden
    assert SECRET not in json.dumps(
        [found.shown.get("switch_role_url"), found.shown.get("switch_role_unavailable")]
    )


@pytest.mark.parametrize(
    ("part", "repeated"),
    [
        (of_role(tags={"owner": secret("x")}), {"tagsAll"}),
        ({"tags": {"owner": secret("x")}}, {"tagsAll"}),
        (of_role(inline_policies={"read": secret(allow(BUCKET))}), {"inlinePolicies"}),
        (of_role(inline_policies={"read": allow(secret(BUCKET))}), {"inlinePolicies"}),
        (of_role(managed_policy_arns={"made": secret(POLICY)}), {"managedPolicyArns"}),
        (of_role(tags={"owner": "x"}, inline_policies={"read": allow(BUCKET)}), set()),
    ],
    ids=str,
)
def test_outputs_in_which_aws_repeats_a_secret_input_are_secret(
    part: dict[str, Any], repeated: set[str]
) -> None:
    assert run(trusted_role(**part)).one("Role").options.secret_outputs == repeated


def test_a_policys_secret_tag_is_secret_in_all_tags_too() -> None:
    found = run(access(tags={"owner": secret("swordfish")}))
    assert found.one("Policy").secret == {"tags"}
    assert found.one("Policy").shown["tags"] == {"owner": SECRET}
    assert found.one("Policy").options.secret_outputs == {"tagsAll"}
    assert run(access(tags={"owner": "x"})).one("Policy").options.secret_outputs == set()


def test_a_roles_own_tag_replaces_a_secret_one() -> None:
    role = {"tags": {"Owner": "us"}}
    found = run(access({"deploy": grant(role=role)}, tags={"owner": secret("swordfish")}))
    assert found.one("Role").shown["tags"] == {"Owner": "us"}
    assert "swordfish" not in found.visible()
    assert found.one("Policy").inputs["tags"] == {"owner": "swordfish"}
