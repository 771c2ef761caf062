"""A preview, where AWS's values aren't known: the same resources, unknown documents, no error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import CrossAccountAccess
from tests.component.engine_record import UNKNOWN
from tests.component.harness import run
from tests.component.programs import (
    NEVER_KNOWN,
    access,
    assume_role_grant,
    grant,
    output,
    outputs,
    secret,
    trusted_role,
)
from tests.component.world import DESTINATION, SOURCE, World, role_arn, user_arn

if TYPE_CHECKING:
    from tests.component.engine_record import Run
    from tests.component.harness import Program

NOTHING_KNOWN = World(lookups_unknown=True)

PASS_ROLE = {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
GRANTS = {
    "deploy": grant(
        principals=[{"role": "team/ci"}, {"user": "alice"}],
        role={
            "managed_policies": ["ReadOnlyAccess"],
            "managed_policy_arns": {"made": output("arn:aws:iam::222222222222:policy/made")},
            "inline_policies": {"pass": PASS_ROLE},
            "permissions_boundary": "PowerUserAccess",
        },
        conditions={"external_id": secret("partner-7f3a")},
    ),
    "read": grant(principals=[{"user": "alice"}, {"arn": output(user_arn("bob")), "label": "bob"}]),
}
TEAM = World(roles={"ci": "/team/"})

PROGRAMS: dict[str, Program] = {
    "CrossAccountAccess": access(GRANTS),
    "side destination": access(
        GRANTS, side="destination", source_account_id=SOURCE, leave_out=("source_provider",)
    ),
    "side source": access(
        GRANTS,
        side="source",
        destination_account_id=DESTINATION,
        leave_out=("destination_provider",),
    ),
    "TrustedRole": trusted_role(role=GRANTS["deploy"]["role"], conditions={"mfa": True}),
    "AssumeRoleGrant": assume_role_grant(
        role_arns={"deploy": output(role_arn("deploy")), "read": role_arn("read")}
    ),
}

DOCUMENTS = {"Role": "assumeRolePolicy", "Policy": "policy"}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_preview_has_the_resources_of_the_update_whatever_is_known(program: Program) -> None:
    update = run(program, world=TEAM)
    preview = run(program, preview=True, world=TEAM)
    nothing_known = run(program, preview=True, world=NOTHING_KNOWN)
    assert preview.graph() == update.graph()
    assert nothing_known.graph() == update.graph()
    assert given(nothing_known) == given(preview) == given(update)


def given(found: Run) -> dict[tuple[str, str], set[str]]:
    """Which inputs each resource has."""
    return {(made.type, made.name): set(made.inputs) for made in found.made}


def test_documents_are_unknown_where_the_lookups_are() -> None:
    found = run(access(GRANTS), preview=True, world=NOTHING_KNOWN)
    for kind, key in DOCUMENTS.items():
        assert {made.inputs[key] for made in found.of(kind)} == {UNKNOWN}
    assert {made.inputs["policyArn"] for made in found.of("UserPolicyAttachment")} == {UNKNOWN}


def test_what_is_plain_is_known_in_every_preview() -> None:
    found = run(access(GRANTS), preview=True, world=NOTHING_KNOWN)
    assert {made.inputs["name"] for made in found.of("Role")} == {"deploy", "read"}
    assert found.outputs["role_names"] == {"deploy": "deploy", "read": "read"}
    assert found.one("RolePolicy").inputs == {
        "name": "pass",
        "role": "deploy",
        "policy": json.dumps({"Version": "2012-10-17", **PASS_ROLE}, separators=(",", ":")),
    }


def test_the_trust_is_known_where_the_principals_are() -> None:
    known = run(access(GRANTS), preview=True, world=TEAM)
    assert known.document("Role", "team-deploy") == run(access(GRANTS), world=TEAM).document(
        "Role", "team-deploy"
    )


def test_source_policies_are_known_before_the_roles_are_made() -> None:
    preview, update = run(access(GRANTS), preview=True, world=TEAM), run(access(GRANTS), world=TEAM)
    documents = {made.name: made.inputs["policy"] for made in preview.of("Policy")}
    assert documents == {made.name: made.inputs["policy"] for made in update.of("Policy")}
    known = ("role_arns", "switch_role_urls", "cli_profiles", "assume_role_commands", "summaries")
    assert {key: preview.outputs[key] for key in known} == {
        key: update.outputs[key] for key in known
    }


def test_a_role_that_pulumi_names_has_no_arn_before_it_is_made() -> None:
    assert run(trusted_role(role={}), preview=True).outputs["role_arn"] is UNKNOWN


def test_outputs_are_unknown_while_the_roles_are() -> None:
    told = run(access(GRANTS), preview=True, world=NOTHING_KNOWN).outputs
    assert told.pop("role_names") == {"deploy": "deploy", "read": "read"}
    assert told.pop("unattached_policies") == {}
    assert told == dict.fromkeys(
        (
            "role_arns",
            "role_unique_ids",
            "switch_role_urls",
            "switch_role_unavailable",
            "longest_sessions",
            "summaries",
            "cli_profiles",
            "assume_role_commands",
            "documents",
            "source_account_id",
            "destination_account_id",
        ),
        UNKNOWN,
    )


def made_by_the_same_program(kind: str) -> Program:
    def program() -> dict[str, Any]:
        source, destination = aws.Provider("source"), aws.Provider("destination")
        alice = aws.iam.User("alice", opts=pulumi.ResourceOptions(provider=source))
        principal: Any = {"user": {"user": alice.name}, "arn": {"arn": alice.arn}}[kind] | {
            "label": "alice"
        }
        grants: Any = {"deploy": {"principals": [principal]}, "read": {"principals": [principal]}}
        args: Any = {
            "source_provider": source,
            "destination_provider": destination,
            "grants": grants,
        }
        return outputs(CrossAccountAccess("team", args))

    return program


@pytest.mark.parametrize(
    ("kind", "attachment"),
    [("user", "UserPolicyAttachment"), ("arn", "PolicyAttachment")],
    ids=["by name", "by ARN"],
)
class TestUserMadeByTheSameProgram:
    """Its preview comes before the user exists."""

    def test_its_preview_has_the_resources_of_its_update(self, kind: str, attachment: str) -> None:
        child = f"team-{'user' if kind == 'user' else 'arn'}-alice"
        expected = {
            ("User", "alice", "project-stack", "source"),
            ("CrossAccountAccess", "team", "project-stack", ""),
            ("TrustedRole", "team-deploy", "team", ""),
            ("TrustedRole", "team-read", "team", ""),
            ("Role", "team-deploy", "team-deploy", "destination"),
            ("Role", "team-read", "team-read", "destination"),
            ("AssumeRoleGrant", child, "team", ""),
            ("Policy", child, child, "source"),
            (attachment, child, child, "source"),
        }
        for preview in (True, False):
            assert run(made_by_the_same_program(kind), preview=preview).graph() == expected

    def test_it_is_not_looked_up_before_it_is_made(self, kind: str, attachment: str) -> None:
        preview = run(made_by_the_same_program(kind), preview=True)
        assert {call[0] for call in preview.asked()} == {"getCallerIdentity"}
        assert preview.one("Role", "team-deploy").inputs["assumeRolePolicy"] is UNKNOWN
        user = {"UserPolicyAttachment": "user", "PolicyAttachment": "users"}[attachment]
        assert preview.one(attachment).inputs[user] is UNKNOWN

    def test_it_is_trusted_once_it_is_made(self, kind: str, attachment: str) -> None:
        found = run(made_by_the_same_program(kind))
        statement = found.document("Role", "team-deploy")["Statement"][0]
        assert statement["Principal"] == {"AWS": [user_arn("alice-0a1b2c3")]}
        assert statement["Sid"] != "Trust"
        assert ("getUser", "alice-0a1b2c3", "source") in found.asked()
        assert "aws:iam/user:User::alice" in found.one("Role", "team-deploy").depends
        assert "aws:iam/user:User::alice" in found.one(attachment).depends


@pytest.mark.parametrize(
    "program",
    [
        access({"deploy": grant(conditions={"external_id": NEVER_KNOWN})}),
        trusted_role(conditions={"external_id": NEVER_KNOWN}),
        trusted_role(source_account_id=NEVER_KNOWN),
        trusted_role(principals=[{"user": NEVER_KNOWN, "label": "x"}]),
        trusted_role(principals=[{"user": "alice", "unique_id": NEVER_KNOWN}]),
        trusted_role(principals=[{"user": "alice", "conditions": {"external_id": NEVER_KNOWN}}]),
        access({"deploy": grant(conditions={"source_ips": ["203.0.113.7", NEVER_KNOWN]})}),
    ],
    ids=[
        "external ID",
        "external ID of a role alone",
        "source account",
        "principal",
        "unique ID",
        "external ID of a principal",
        "source IP",
    ],
)
def test_one_unknown_part_makes_the_trust_unknown(program: Program) -> None:
    assert run(program, preview=True).one("Role").inputs["assumeRolePolicy"] is UNKNOWN


def test_one_unknown_role_makes_its_policy_unknown() -> None:
    program = assume_role_grant(role_arns={"deploy": role_arn("deploy"), "read": NEVER_KNOWN})
    assert run(program, preview=True).one("Policy").inputs["policy"] is UNKNOWN
