"""An Output in the place of an object, or of what must be plain, is refused: a condition in it
could get lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
from tests.component.refusals import refused_at_once
from tests.component.world import role_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.harness import Program

MAP, LIST, OBJECT = "not-map", "not-list", "not-object"

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

COMPONENTS = {
    "access": "CrossAccountAccess team",
    "role": "TrustedRole reader",
    "grant": "AssumeRoleGrant reach",
}

each_output = pytest.mark.parametrize("way", EVERY_OUTPUT)


@pytest.mark.parametrize("case", OBJECTS, ids=[" ".join(case) for case in OBJECTS])
def test_an_output_in_the_place_of_an_object_is_refused(case: tuple[str, str]) -> None:
    program, value, code = OBJECTS[case]
    component, path = case
    refused_at_once(program(output(value)), COMPONENTS[component], (path, code))


@each_output
def test_every_output_in_the_place_of_an_object_or_a_plain_value_is_refused(way: str) -> None:
    make = EVERY_OUTPUT[way]
    role = {
        "path": make("/team/"),
        "managed_policies": ["ReadOnlyAccess", make("arn:aws:iam::aws:policy/x")],
        "tags": make({"owner": "platform"}),
    }
    refused_at_once(
        access({"deploy": grant(role=role, conditions=make({"mfa": True}))}),
        "CrossAccountAccess team",
        ("grants.deploy.conditions", "not-object"),
        ("grants.deploy.role.managed_policies[1]", "output-not-allowed"),
        ("grants.deploy.role.path", "output-not-allowed"),
        ("grants.deploy.role.tags", "output-not-allowed"),
        preview=way == "unknown",
    )


@pytest.mark.parametrize("component", COMPONENTS.values())
def test_an_output_in_the_place_of_all_args_is_refused(component: str) -> None:
    refused_at_once(whole(component, output({})), component, ("", "not-object"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("user", output("alice")),
        ("role", secret("ci")),
        ("group", NEVER_KNOWN),
        ("arn", NEVER_KNOWN),
    ],
    ids=str,
)
def test_a_label_is_required_beside_a_name_that_is_an_output(kind: str, value: Any) -> None:
    principal, code = {kind: value}, "missing-label"
    refused_at_once(
        access({"deploy": grant(principals=[{"user": "bob"}, principal])}),
        "CrossAccountAccess team",
        ("grants.deploy.principals[1].label", code),
        preview=True,
    )
    refused_at_once(
        trusted_role(principals=[principal]),
        "TrustedRole reader",
        ("principals[0].label", code),
        preview=True,
    )
    refused_at_once(
        assume_role_grant(principal=principal),
        "AssumeRoleGrant reach",
        ("principal.label", code),
        preview=True,
    )
