"""Args that are wrong are refused at once, all that is wrong in one report, and nothing is made or
asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access import (
    AssumeRoleGrantArgs,
    Conditions,
    CrossAccountAccessArgs,
    Grant,
    Principal,
    RoleSettings,
    TrustedRoleArgs,
)
from tests.component.harness import refused, run
from tests.component.programs import (
    access,
    assume_role_grant,
    grant,
    output,
    secret,
    trusted_role,
    whole,
)
from tests.component.refusals import refused_at_once, report
from tests.component.world import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.harness import Program

ACCESS, ROLE, GRANT = "CrossAccountAccess team", "TrustedRole reader", "AssumeRoleGrant reach"


def test_unknown_keys_are_refused_at_every_level() -> None:
    principals = [{"user": "bob"}, {"user": "alice", "lable": "x", "zzz": "x"}]
    role = {"maxSessionDuration": 3600, "permission_boundary": output("ReadOnlyAccess")}
    deploy = grant(
        principals=principals,
        role=role,
        conditions={"mfa": True, "extrenal_id": "swordfish", "externalId": secret("swordfish")},
        condition={"mfa": True},
    )
    unknown = (
        "destination_acount_id",
        "grants.deploy.condition",
        "grants.deploy.conditions.externalId",
        "grants.deploy.conditions.extrenal_id",
        "grants.deploy.principals[1].lable",
        "grants.deploy.principals[1].zzz",
        "grants.deploy.role.maxSessionDuration",
        "grants.deploy.role.permission_boundary",
    )
    refused_at_once(
        access({"deploy": deploy}, destination_acount_id=ELSEWHERE),
        ACCESS,
        *((path, "unknown-key") for path in unknown),
    )
    refused_at_once(
        trusted_role(sourceAccountId=ELSEWHERE, role={"pth": "/x/"}, conditions={"mfaMaxAge": 60}),
        ROLE,
        *(
            (path, "unknown-key")
            for path in ("conditions.mfaMaxAge", "role.pth", "sourceAccountId")
        ),
    )
    refused_at_once(
        assume_role_grant(role_arn={}, principal={"user": "alice", "name": "x"}),
        GRANT,
        ("principal.name", "unknown-key"),
        ("role_arn", "unknown-key"),
    )


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("source_provder", "source_provider"),
        ("destination_providr", "destination_provider"),
        ("sourceProvider", "source_provider"),
    ],
)
def test_a_misspelt_provider_gets_the_right_key(key: str, nearest: str) -> None:
    error, found = refused(access(**{key: "x"}, leave_out=(nearest,)))
    assert [(problem.path, problem.code, problem.remedy) for problem in error.problems] == [
        (key, "unknown-key", f"Did you mean {nearest}?")
    ]
    assert found.calls == []


LEVELS: dict[str, tuple[str, type, Callable[[dict[str, Any]], Program]]] = {
    "args": (ACCESS, CrossAccountAccessArgs, lambda none: access(**none)),
    "grants.deploy": (ACCESS, Grant, lambda none: access({"deploy": grant(**none)})),
    "grants.deploy.principals[0]": (
        ACCESS,
        Principal,
        lambda none: access({"deploy": grant(principals=[{"user": "alice", **none}])}),
    ),
    "grants.deploy.role": (ACCESS, RoleSettings, lambda none: access({"deploy": grant(role=none)})),
    "grants.deploy.conditions": (
        ACCESS,
        Conditions,
        lambda none: access({"deploy": grant(conditions=none)}),
    ),
    "TrustedRole": (ROLE, TrustedRoleArgs, lambda none: trusted_role(**none)),
    "AssumeRoleGrant": (GRANT, AssumeRoleGrantArgs, lambda none: assume_role_grant(**none)),
}


@pytest.mark.parametrize("level", LEVELS)
def test_a_key_without_a_value_is_refused(level: str) -> None:
    component, args, program = LEVELS[level]
    keys = [key for key in args.__annotations__ if not key.endswith("_provider")]
    prefix = f"{level}." if level.startswith("grants") else ""
    refused_at_once(
        program(dict.fromkeys(keys)),
        component,
        *((f"{prefix}{key}", "null-value") for key in sorted(keys)),
    )


FIRST = "grants.deploy.principals[0]"
EMPTY: list[tuple[str, Program, tuple[str, str]]] = [
    (
        ACCESS,
        access({"deploy": grant(conditions={})}),
        ("grants.deploy.conditions", "empty-conditions"),
    ),
    (
        ACCESS,
        access({"deploy": grant(principals=[{"user": "alice", "conditions": {}}])}),
        (f"{FIRST}.conditions", "empty-conditions"),
    ),
    (ROLE, trusted_role(conditions={}), ("conditions", "empty-conditions")),
    (ACCESS, access({}), ("grants", "empty")),
    (ACCESS, access({"deploy": grant(principals=[])}), ("grants.deploy.principals", "empty")),
    (ACCESS, access({"deploy": grant(principals=[{}])}), (FIRST, "one-principal-key")),
    (
        ACCESS,
        access(
            {
                "deploy": grant(
                    principals=[{"user": output("alice"), "arn": output("x"), "label": "x"}]
                )
            }
        ),
        (FIRST, "one-principal-key"),
    ),
    (ACCESS, access({"deploy": {}}), ("grants.deploy.principals", "missing-key")),
    (ACCESS, access(leave_out=("grants",)), ("grants", "missing-key")),
    (ROLE, trusted_role(principals=[]), ("principals", "empty")),
    (GRANT, assume_role_grant(role_arns={}), ("role_arns", "empty")),
    (GRANT, assume_role_grant(principal={}), ("principal", "one-principal-key")),
]


@pytest.mark.parametrize(
    ("component", "program", "expected"), EMPTY, ids=[f"{case[0]} {case[2]}" for case in EMPTY]
)
def test_what_must_not_be_empty_or_missing_is_refused(
    component: str, program: Program, expected: tuple[str, str]
) -> None:
    refused_at_once(program, component, expected)


@pytest.mark.parametrize("component", [ACCESS, ROLE, GRANT])
@pytest.mark.parametrize("args", [None, [], "{}"])
def test_args_that_are_no_object_are_refused(component: str, args: Any) -> None:
    refused_at_once(whole(component, args), component, ("", "not-object"))


def test_everything_wrong_is_told_in_one_report_in_the_order_of_its_paths() -> None:
    grants = {
        "deploy": grant(
            principals=[{"user": "a b"}, {"user": output("x")}],
            conditions=secret({"mfa": True}),
            role={"path": "team", "name": output("x"), "tags": None},
        ),
        "read": grant(mfa=True, conditions={"mfa": "yes", "external_id": "x"}),
    }
    program = access(grants, side="left", source_account_id="1111")
    component, problems, found = report(program)
    assert component == ACCESS
    assert [path for path, _ in problems] == [
        "grants.deploy.conditions",
        "grants.deploy.principals[0].user",
        "grants.deploy.principals[1].label",
        "grants.deploy.role.name",
        "grants.deploy.role.path",
        "grants.deploy.role.tags",
        "grants.read.conditions.external_id",
        "grants.read.conditions.mfa",
        "grants.read.mfa",
        "side",
        "source_account_id",
    ]
    assert found.calls == []
    assert found.kinds() <= {"CrossAccountAccess"}


def test_a_refusal_shows_no_secret() -> None:
    grants = {
        "deploy": grant(
            conditions={"external_id": "sword fish"},
            externalId="swordfish",
            extra={"external_id": "swordfish"},
        )
    }
    error, _ = refused(access(grants))
    assert "sword" not in str(error)
    assert [problem.value for problem in error.problems] == ["[secret]", "", ""]


def test_a_refused_component_stops_the_program() -> None:
    reached = []

    def program() -> None:
        access({"deploy": grant(mfa=True)})()
        reached.append("after it")

    report(program)
    assert reached == []
    run(access())
