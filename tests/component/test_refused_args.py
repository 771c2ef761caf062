"""Args that are wrong are refused at once, all that is wrong in one report, and nothing is made or asked."""

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
from tests.component.harness import run
from tests.component.programs import (
    access,
    assume_role_grant,
    grant,
    output,
    secret,
    trusted_role,
    whole,
)
from tests.component.refusals import NULL, refused_at_once, report
from tests.component.world import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.harness import Program

ACCESS, ROLE, GRANT = "CrossAccountAccess team", "TrustedRole reader", "AssumeRoleGrant reach"
UNKNOWN_KEY = "there is no such key."

PRINCIPAL_KEYS = (
    "Known keys: user, role, arn, group, account, permission_set, organization, organizational_unit, session, label, "
    "trust_by, unique_id, conditions"
)
CONDITION_KEYS = (
    "Known keys: external_id, previous_external_id, mfa, mfa_max_age, source_ips, source_vpcs, source_vpc_endpoints, "
    "organizations, session_names, source_identities, session_tags, transitive_tag_keys, principal_tags, not_before, "
    "not_after, raw"
)

UNKNOWN_KEYS: list[tuple[str, Program, str]] = [
    (ACCESS, access(grantz={}), f"grantz: {{}}: {UNKNOWN_KEY} Did you mean grants?"),
    (
        ACCESS,
        access(destination_acount_id=ELSEWHERE),
        f'destination_acount_id: "{ELSEWHERE}": {UNKNOWN_KEY} Did you mean destination_account_id?',
    ),
    (
        ACCESS,
        access({"deploy": grant(condition={"mfa": True})}),
        f'grants.deploy.condition: {{"mfa":true}}: {UNKNOWN_KEY} Did you mean conditions?',
    ),
    (
        ACCESS,
        access({"deploy": grant(principals=[{"user": "alice", "lable": "x"}])}),
        f'grants.deploy.principals[0].lable: "x": {UNKNOWN_KEY} Did you mean label?',
    ),
    (
        ACCESS,
        access({"deploy": grant(principals=[{"user": "bob"}, {"user": "alice", "zzz": "x"}])}),
        f'grants.deploy.principals[1].zzz: "x": {UNKNOWN_KEY} {PRINCIPAL_KEYS}',
    ),
    (
        ACCESS,
        access({"deploy": grant(role={"maxSessionDuration": 3600})}),
        f"grants.deploy.role.maxSessionDuration: 3600: {UNKNOWN_KEY} Did you mean max_session_duration?",
    ),
    (
        ACCESS,
        access({"deploy": grant(role={"permission_boundary": output("ReadOnlyAccess")})}),
        f"grants.deploy.role.permission_boundary: <an Output>: {UNKNOWN_KEY} Did you mean permissions_boundary?",
    ),
    (
        ACCESS,
        access({"deploy": grant(conditions={"mfa": True, "extrenal_id": "swordfish"})}),
        f"grants.deploy.conditions.extrenal_id: [secret]: {UNKNOWN_KEY} Did you mean external_id?",
    ),
    (
        ACCESS,
        access({"deploy": grant(conditions={"mfa": True, "externalId": secret("swordfish")})}),
        f"grants.deploy.conditions.externalId: [secret]: {UNKNOWN_KEY} Did you mean external_id?",
    ),
    (
        ACCESS,
        access({"deploy": grant(conditions={"mfa": True, "zzz": True})}),
        f"grants.deploy.conditions.zzz: true: {UNKNOWN_KEY} {CONDITION_KEYS}",
    ),
    (
        ROLE,
        trusted_role(sourceAccountId=ELSEWHERE),
        f'sourceAccountId: "{ELSEWHERE}": {UNKNOWN_KEY} Did you mean source_account_id?',
    ),
    (ROLE, trusted_role(role={"pth": "/x/"}), f'role.pth: "/x/": {UNKNOWN_KEY} Did you mean path?'),
    (
        ROLE,
        trusted_role(conditions={"mfaMaxAge": 60}),
        f"conditions.mfaMaxAge: 60: {UNKNOWN_KEY} Did you mean mfa_max_age?",
    ),
    (
        GRANT,
        assume_role_grant(role_arn={}),
        f"role_arn: {{}}: {UNKNOWN_KEY} Did you mean role_arns?",
    ),
    (
        GRANT,
        assume_role_grant(principal={"user": "alice", "name": "x"}),
        f'principal.name: "x": {UNKNOWN_KEY} {PRINCIPAL_KEYS}',
    ),
]


@pytest.mark.parametrize(
    ("component", "program", "expected"), UNKNOWN_KEYS, ids=[case[2][:40] for case in UNKNOWN_KEYS]
)
def test_an_unknown_key_is_refused_with_the_nearest_right_one(
    component: str, program: Program, expected: str
) -> None:
    refused_at_once(program, component, expected)


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

NULLS = [
    (level, key)
    for level, (_, args, _) in LEVELS.items()
    for key in args.__annotations__
    if not key.endswith("_provider")
]


@pytest.mark.parametrize(("level", "key"), NULLS, ids=[f"{level} {key}" for level, key in NULLS])
def test_a_key_without_a_value_is_refused(level: str, key: str) -> None:
    component, _, program = LEVELS[level]
    path = f"{level}.{key}" if level.startswith("grants") else key
    refused_at_once(program({key: None}), component, f"{path}: {NULL}")


NOT_EMPTY = (
    "conditions must not be empty: what was meant to be in them may have got lost. "
    "Name at least one, or leave the key out"
)
ONE_KIND = (
    "a principal is given by exactly one of user, role, group, account, permission_set, organization, "
    "organizational_unit, session, arn;"
)

EMPTY: list[tuple[str, Program, str]] = [
    (ACCESS, access({"deploy": grant(conditions={})}), f"grants.deploy.conditions: {NOT_EMPTY}"),
    (ROLE, trusted_role(conditions={}), f"conditions: {NOT_EMPTY}"),
    (ACCESS, access({}), "grants: {}: this must not be empty."),
    (
        ACCESS,
        access({"deploy": grant(principals=[])}),
        "grants.deploy.principals: []: this must not be empty.",
    ),
    (
        ACCESS,
        access({"deploy": grant(principals=[{}])}),
        f"grants.deploy.principals[0]: {ONE_KIND} none is here.",
    ),
    (
        ACCESS,
        access(
            {
                "deploy": grant(
                    principals=[{"user": output("alice"), "arn": output("x"), "label": "x"}]
                )
            }
        ),
        f"grants.deploy.principals[0]: {ONE_KIND} user and arn are here.",
    ),
    (ACCESS, access({"deploy": {}}), "grants.deploy.principals: this key is required."),
    (ACCESS, access(leave_out=("grants",)), "grants: this key is required."),
    (ROLE, trusted_role(principals=[]), "principals: []: this must not be empty."),
    (GRANT, assume_role_grant(role_arns={}), "role_arns: {}: this must not be empty."),
    (GRANT, assume_role_grant(principal={}), f"principal: {ONE_KIND} none is here."),
]


@pytest.mark.parametrize(
    ("component", "program", "expected"), EMPTY, ids=[case[2][:40] for case in EMPTY]
)
def test_what_must_not_be_empty_or_missing_is_refused(
    component: str, program: Program, expected: str
) -> None:
    refused_at_once(program, component, expected)


@pytest.mark.parametrize("component", [ACCESS, ROLE, GRANT])
@pytest.mark.parametrize(("args", "told"), [(None, "null"), ([], "[]"), ("{}", '"{}"')])
def test_args_that_are_no_object_are_refused(component: str, args: Any, told: str) -> None:
    refused_at_once(
        whole(component, args), component, f"{told}: this must be an object with keys of its own."
    )


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
    (told, *_), found = report(program)
    paths = [problem.partition(": ")[0] for problem in report(program)[0][1:]]
    assert told == ACCESS
    assert paths == [
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
    messages, _ = report(access(grants))
    assert not any("sword" in message for message in messages)
    assert [message for message in messages if "[secret]" in message] == messages[1:]


def test_a_refused_component_stops_the_program() -> None:
    reached = []

    def program() -> None:
        access({"deploy": grant(mfa=True)})()
        reached.append("after it")

    report(program)
    assert reached == []
    run(access())
