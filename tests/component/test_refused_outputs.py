"""An Output in the place of an object, or of what must be plain, is refused: a condition in it could get lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.component.harness import run
from tests.component.programs import (
    EVERY_OUTPUT,
    NEVER_KNOWN,
    access,
    assume_role_grant,
    grant,
    output,
    secret,
    trusted_role,
    whole,
)
from tests.component.refusals import PLAIN, WHOLE, refused_at_once
from tests.component.world import SOURCE, role_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.harness import Program

MAP, LIST, OBJECT = "a map", "a list", "an object with keys of its own"

POLICY = {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
ALICE = {"user": "alice"}
TAG_SESSION = "sts:TagSession"


def of_role(key: str) -> Callable[[Any], Program]:
    return lambda value: access({"deploy": grant(role={key: value})})


def of_conditions(key: str) -> Callable[[Any], Program]:
    return lambda value: access({"deploy": grant(conditions={key: value})})


def of_principal(key: str) -> Callable[[Any], Program]:
    return lambda value: access({"deploy": grant(principals=[{key: value}])})


# Component and path, how the args are made from a value there, a right value, what it must be.
OBJECTS: dict[tuple[str, str], tuple[Callable[[Any], Program], Any, str]] = {
    ("access", "grants"): (access, {"deploy": grant()}, MAP),
    ("access", "grants.deploy"): (lambda value: access({"deploy": value}), grant(), OBJECT),
    ("access", "grants.deploy.principals"): (
        lambda value: access({"deploy": {"principals": value}}),
        [ALICE],
        LIST,
    ),
    ("access", "grants.deploy.principals[0]"): (
        lambda value: access({"deploy": grant(principals=[value])}),
        ALICE,
        OBJECT,
    ),
    ("access", "grants.deploy.role"): (
        lambda value: access({"deploy": grant(role=value)}),
        {"path": "/x/"},
        OBJECT,
    ),
    ("access", "grants.deploy.role.managed_policies"): (
        of_role("managed_policies"),
        ["ReadOnlyAccess"],
        LIST,
    ),
    ("access", "grants.deploy.role.managed_policy_arns"): (
        of_role("managed_policy_arns"),
        {"made": "arn:aws:iam::aws:policy/x"},
        MAP,
    ),
    ("access", "grants.deploy.role.inline_policies"): (
        of_role("inline_policies"),
        {"pass": POLICY},
        MAP,
    ),
    ("access", "grants.deploy.conditions"): (
        lambda value: access({"deploy": grant(conditions=value)}),
        {"mfa": True},
        OBJECT,
    ),
    ("role", "principals"): (lambda value: trusted_role(principals=value), [ALICE], LIST),
    ("role", "principals[0]"): (lambda value: trusted_role(principals=[value]), ALICE, OBJECT),
    ("role", "role"): (lambda value: trusted_role(role=value), {"path": "/x/"}, OBJECT),
    ("role", "role.inline_policies"): (
        lambda value: trusted_role(role={"inline_policies": value}),
        {"pass": POLICY},
        MAP,
    ),
    ("role", "conditions"): (lambda value: trusted_role(conditions=value), {"mfa": True}, OBJECT),
    ("access", "grants.deploy.principals[0].conditions"): (
        lambda value: access({"deploy": grant(principals=[ALICE | {"conditions": value}])}),
        {"mfa": True},
        OBJECT,
    ),
    ("access", "grants.deploy.formerly"): (
        lambda value: access({"deploy": grant(formerly=value)}),
        ["release"],
        LIST,
    ),
    ("role", "principals[0].conditions"): (
        lambda value: trusted_role(principals=[ALICE | {"conditions": value}]),
        {"mfa": True},
        OBJECT,
    ),
    ("grant", "role_actions"): (
        lambda value: assume_role_grant(role_actions=value),
        {"deploy": [TAG_SESSION]},
        MAP,
    ),
    ("grant", "role_actions.deploy"): (
        lambda value: assume_role_grant(role_actions={"deploy": value}),
        [TAG_SESSION],
        LIST,
    ),
    ("grant", "principal"): (lambda value: assume_role_grant(principal=value), ALICE, OBJECT),
    ("grant", "role_arns"): (
        lambda value: assume_role_grant(role_arns=value),
        {"deploy": role_arn("deploy")},
        MAP,
    ),
    ("grant", "role_arn_lengths"): (
        lambda value: assume_role_grant(role_arn_lengths=value),
        {"deploy": 64},
        MAP,
    ),
}

# The same for what must be plain.
PLAIN_VALUES: dict[tuple[str, str], tuple[Callable[[Any], Program], Any]] = {
    ("access", "source_account_id"): (lambda value: access(source_account_id=value), SOURCE),
    ("access", "destination_account_id"): (
        lambda value: access(destination_account_id=value),
        "222222222222",
    ),
    ("access", "side"): (lambda value: access(side=value), "both"),
    ("access", "grants.deploy.principals[0].label"): (
        lambda value: access({"deploy": grant(principals=[{"user": "alice", "label": value}])}),
        "lead",
    ),
    ("access", "grants.deploy.role.name"): (of_role("name"), "deployer"),
    ("access", "grants.deploy.role.path"): (of_role("path"), "/team/"),
    ("access", "grants.deploy.role.description"): (of_role("description"), "Deploys"),
    ("access", "grants.deploy.role.max_session_duration"): (of_role("max_session_duration"), 7200),
    ("access", "grants.deploy.role.tags"): (of_role("tags"), {"owner": "platform"}),
    ("access", "grants.deploy.conditions.mfa"): (of_conditions("mfa"), True),
    ("access", "grants.deploy.conditions.mfa_max_age"): (of_conditions("mfa_max_age"), 7200),
    ("access", "tags"): (lambda value: access(tags=value), {"owner": "platform"}),
    ("access", "imports"): (lambda value: access(imports=value), {"Role/team-deploy": "deploy"}),
    **{
        ("access", f"grants.deploy.principals[0].{key}"): (of_principal(key), value)
        for key, value in {
            "account": SOURCE,
            "permission_set": "PowerUsers",
            "organization": "o-a1b2c3d4e5",
            "organizational_unit": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/",
            "session": "ci/build",
        }.items()
    },
    ("access", "grants.deploy.principals[0].trust_by"): (
        lambda value: access({"deploy": grant(principals=[ALICE | {"trust_by": value}])}),
        "name",
    ),
    **{
        ("access", f"grants.deploy.conditions.{key}"): (of_conditions(key), value)
        for key, value in {
            "source_ips": ["203.0.113.7"],
            "source_vpcs": ["vpc-0a1b2c3d"],
            "source_vpc_endpoints": ["vpce-0a1b2c3d"],
            "organizations": ["o-a1b2c3d4e5"],
            "session_names": ["build-*"],
            "source_identities": ["alice"],
            "session_tags": {"team": ["platform"]},
            "principal_tags": {"team": ["platform"]},
            "not_before": "2026-12-01T08:00:00Z",
            "not_after": "2026-12-31T18:00:00Z",
            "raw": {"StringEquals": {"aws:SourceAccount": [SOURCE]}},
        }.items()
    },
    ("role", "role.name"): (lambda value: trusted_role(role={"name": value}), "reader"),
    ("role", "conditions.mfa"): (lambda value: trusted_role(conditions={"mfa": value}), True),
    ("grant", "principal.label"): (
        lambda value: assume_role_grant(principal={"user": "alice", "label": value}),
        "lead",
    ),
    ("grant", "role_arn_lengths.deploy"): (
        lambda value: assume_role_grant(role_arn_lengths={"deploy": value}),
        64,
    ),
}

COMPONENTS = {
    "access": "CrossAccountAccess team",
    "role": "TrustedRole reader",
    "grant": "AssumeRoleGrant reach",
}

each_output = pytest.mark.parametrize("way", EVERY_OUTPUT)


def ids(cases: Any) -> list[str]:
    return [" ".join(case) for case in cases]


@each_output
@pytest.mark.parametrize("case", OBJECTS, ids=ids(OBJECTS))
def test_an_output_in_the_place_of_an_object_is_refused(case: tuple[str, str], way: str) -> None:
    program, value, expected = OBJECTS[case]
    component, path = case
    refused_at_once(
        program(EVERY_OUTPUT[way](value)),
        COMPONENTS[component],
        f"{path}: <an Output>: this must be {expected}. {WHOLE}",
        preview=way == "unknown",
    )


@pytest.mark.parametrize("case", OBJECTS, ids=ids(OBJECTS))
def test_the_object_itself_is_accepted(case: tuple[str, str]) -> None:
    program, value, _ = OBJECTS[case]
    assert run(program(value)).kinds() & {"Role", "Policy"}


@each_output
@pytest.mark.parametrize("case", PLAIN_VALUES, ids=ids(PLAIN_VALUES))
def test_an_output_in_the_place_of_a_plain_value_is_refused(
    case: tuple[str, str], way: str
) -> None:
    program, value = PLAIN_VALUES[case]
    component, path = case
    refused_at_once(
        program(EVERY_OUTPUT[way](value)),
        COMPONENTS[component],
        f"{path}: {PLAIN}",
        preview=way == "unknown",
    )


@pytest.mark.parametrize("case", PLAIN_VALUES, ids=ids(PLAIN_VALUES))
def test_the_plain_value_is_accepted(case: tuple[str, str]) -> None:
    program, value = PLAIN_VALUES[case]
    assert run(program(value)).kinds() & {"Role", "Policy"}


@each_output
def test_an_output_in_the_place_of_a_policy_in_the_list_is_refused(way: str) -> None:
    refused_at_once(
        of_role("managed_policies")(
            ["ReadOnlyAccess", EVERY_OUTPUT[way]("arn:aws:iam::aws:policy/x")]
        ),
        "CrossAccountAccess team",
        "grants.deploy.role.managed_policies[1]: <an Output>: a managed policy in this list is plain, for its "
        "attachment is called by its name. Put an Output under a label of its own: managed_policy_arns "
        "(managedPolicyArns in config)",
        preview=way == "unknown",
    )


@each_output
def test_an_output_in_the_place_of_a_tag_is_refused(way: str) -> None:
    refused_at_once(
        of_role("tags")({"cost": "1", "owner": EVERY_OUTPUT[way]("platform")}),
        "CrossAccountAccess team",
        "grants.deploy.role.tags.owner: <an Output>: a tag value must be a string.",
        preview=way == "unknown",
    )


@each_output
@pytest.mark.parametrize("component", COMPONENTS.values())
def test_an_output_in_the_place_of_all_args_is_refused(component: str, way: str) -> None:
    program = whole(component, EVERY_OUTPUT[way]({}))
    refused_at_once(
        program, component, f"<an Output>: this must be {OBJECT}. {WHOLE}", preview=way == "unknown"
    )


@pytest.mark.parametrize("value", [output("alice"), secret("alice"), NEVER_KNOWN], ids=str)
@pytest.mark.parametrize("kind", ["user", "role", "group", "arn"])
def test_a_label_is_required_beside_a_name_that_is_an_output(kind: str, value: Any) -> None:
    missing = (
        f"label: a label is required beside a principal's {kind} that is an Output, for resources are called by it. "
        "Add a plain label, such as the name in your program"
    )
    principal = {kind: value}
    refused_at_once(
        access({"deploy": grant(principals=[{"user": "bob"}, principal])}),
        "CrossAccountAccess team",
        f"grants.deploy.principals[1].{missing}",
        preview=True,
    )
    refused_at_once(
        trusted_role(principals=[principal]),
        "TrustedRole reader",
        f"principals[0].{missing}",
        preview=True,
    )
    refused_at_once(
        assume_role_grant(principal=principal),
        "AssumeRoleGrant reach",
        f"principal.{missing}",
        preview=True,
    )
