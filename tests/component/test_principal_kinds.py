"""Principals that are no user and no role: what trusts them, what is attached to whom, what is
handed out instead."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from cross_account_access import TrustBy
from tests.component.engine_record import SECRET, UNKNOWN, Run
from tests.component.harness import run
from tests.component.programs import (
    NEVER_KNOWN,
    access,
    assume_role_grant,
    grant,
    output,
    secret,
    trusted_role,
)
from tests.component.refusals import refused_at_once
from tests.component.world import DESTINATION, ELSEWHERE, SOURCE, World, ci_arn, role_arn, user_arn

ROOT = f"arn:aws:iam::{SOURCE}:root"
UNIT = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111"
RESERVED = (
    f"arn:aws:iam::{SOURCE}:role/aws-reserved/sso.amazonaws.com*/"
    f"AWSReservedSSO_Power_Users_{'?' * 16}"
)
DESTINATION_ALONE: dict[str, Any] = {
    "side": "destination",
    "source_account_id": SOURCE,
    "leave_out": ("source_provider",),
}
SOURCE_ALONE: dict[str, Any] = {
    "side": "source",
    "destination_account_id": DESTINATION,
    "leave_out": ("destination_provider",),
}


@dataclass(frozen=True)
class Kind:
    """A principal, how the trust policy names it, and what comes of it in the source account.

    Attributes:
        given: The principal.
        trusted: The statement's principal.
        condition: What narrows that down.
        attachment: The attachment's type and name, whom it attaches to; none where nothing is
            attached.
        told: How it is called where its policy can't be attached.
    """

    given: dict[str, Any]
    trusted: Any
    condition: dict[str, Any] | None = None
    attachment: tuple[str, str, dict[str, str]] | None = None
    told: str = ""


def like(arn: str) -> dict[str, Any]:
    return {"ArnLike": {"aws:PrincipalArn": arn}}


OU_PATHS = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{UNIT}/*"}}
KINDS = {
    "group": Kind(
        {"group": "team/admins"},
        [ROOT],
        attachment=("GroupPolicyAttachment", "team-group-admins", {"group": "admins"}),
    ),
    "group with a label": Kind(
        {"group": output("team/admins"), "label": "x"},
        [ROOT],
        attachment=("GroupPolicyAttachment", "team-group-x", {"group": "admins"}),
    ),
    "session": Kind(
        {"session": "ci/build"},
        [f"arn:aws:sts::{SOURCE}:assumed-role/ci/build"],
        attachment=("RolePolicyAttachment", "team-role-ci", {"role": "ci"}),
    ),
    "account": Kind({"account": SOURCE}, [ROOT], told=f"account {SOURCE}"),
    "permission set": Kind(
        {"permission_set": "Power_Users"}, [ROOT], like(RESERVED), told="permission set Power_Users"
    ),
    "role pattern": Kind(
        {"role_pattern": "team/ci-*"},
        [ROOT],
        like(f"arn:aws:iam::{SOURCE}:role/team/ci-*"),
        told="role pattern team/ci-*",
    ),
    "role pattern with a slash": Kind(
        {"role_pattern": "/team/ci-*"},
        [ROOT],
        like(f"arn:aws:iam::{SOURCE}:role/team/ci-*"),
        told="role pattern team/ci-*",
    ),
    "path": Kind(
        {"path": "/team/"}, [ROOT], like(f"arn:aws:iam::{SOURCE}:role/team/*"), told="path /team/"
    ),
    "organization": Kind(
        {"organization": "o-a1b2c3d4e5"},
        "*",
        {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        told="organization o-a1b2c3d4e5",
    ),
    "unit": Kind({"organizational_unit": UNIT}, "*", OU_PATHS, told=f"organizational unit {UNIT}/"),
    "unit with a slash": Kind(
        {"organizational_unit": f"{UNIT}/"}, "*", OU_PATHS, told=f"organizational unit {UNIT}/"
    ),
    "user by name": Kind(
        {"user": "team/alice", "trust_by": "name"},
        [ROOT],
        like(user_arn("alice", "/team/")),
        ("UserPolicyAttachment", "team-user-alice", {"user": "alice"}),
    ),
    "role by name": Kind(
        {"role": "ci", "trust_by": TrustBy.NAME},
        [ROOT],
        like(ci_arn("ci")),
        ("RolePolicyAttachment", "team-role-ci", {"role": "ci"}),
    ),
    "ARN by name": Kind(
        {"arn": output(user_arn("alice", "/x/")), "label": "x", "trust_by": "name"},
        [ROOT],
        like(user_arn("alice", "/x/")),
        ("PolicyAttachment", "team-arn-x", {}),
    ),
}
HANDED_OUT = [name for name, kind in KINDS.items() if kind.told]

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
handed_out = pytest.mark.parametrize("kind", [KINDS[name] for name in HANDED_OUT], ids=HANDED_OUT)


def of(kind: Kind, **args: Any) -> Run:
    return run(access({"deploy": grant(principals=[kind.given])}, **args))


def statement(kind: Kind) -> dict[str, Any]:
    """The trust policy's one statement."""
    trust = {
        "Sid": "Trust",
        "Effect": "Allow",
        "Principal": {"AWS": kind.trusted},
        "Action": "sts:AssumeRole",
    }
    return trust | ({"Condition": kind.condition} if kind.condition else {})


@each_kind
def test_the_trust_names_it_without_looking_it_up_and_narrows_it_down(kind: Kind) -> None:
    expected = [statement(kind)]
    found = of(kind)
    assert found.document("Role")["Statement"] == expected
    assert found.asked() == [
        ("getCallerIdentity", "", "destination"),
        ("getCallerIdentity", "", "source"),
    ]
    assert of(kind, **DESTINATION_ALONE).document("Role")["Statement"] == expected
    assert run(trusted_role(principals=[kind.given])).document("Role")["Statement"] == expected


@each_kind
@pytest.mark.parametrize("side", ["both", "source"])
def test_the_policy_is_attached_to_it_or_to_nobody(kind: Kind, side: str) -> None:
    found = of(kind, **(SOURCE_ALONE if side == "source" else {}))
    in_source = {
        made
        for made in found.graph()
        if made[0] not in {"CrossAccountAccess", "TrustedRole"} and made[3] != "destination"
    }
    if kind.attachment is None:
        assert in_source == set()
        return
    attachment, name, whom = kind.attachment
    assert in_source == {
        ("AssumeRoleGrant", name, "team", ""),
        ("Policy", name, name, "source"),
        (attachment, name, name, "source"),
    }
    assert found.one(attachment).inputs.items() >= whom.items()
    assert found.document("Policy")["Statement"] == [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [role_arn("deploy")]}
    ]
    assert found.outputs["unattached_policies"] == {}
    assert found.log == []


@handed_out
@pytest.mark.parametrize(
    "args", [{}, SOURCE_ALONE, DESTINATION_ALONE], ids=["both", "source", "destination"]
)
def test_the_policy_that_cannot_be_attached_is_an_output_and_that_is_said(
    kind: Kind, args: dict[str, Any]
) -> None:
    found = of(kind, **args)
    assert {
        grant: json.loads(policy) for grant, policy in found.outputs["unattached_policies"].items()
    } == {
        "deploy": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [role_arn("deploy")]}
            ],
        }
    }
    assert found.log == [
        (
            f"grant deploy: its policy for {kind.told} can't be attached from here; "
            "output unattached_policies"
        )
    ]


def test_the_policy_to_hand_out_allows_what_its_principals_must_set_and_no_more() -> None:
    tagged = {"session_tags": {"team": ["platform"]}}
    grants = {
        "deploy": grant(
            principals=[
                {"user": "alice", "conditions": {"source_identities": ["alice"]}},
                {"permission_set": "Admin", "conditions": tagged},
                {"permission_set": "Power_Users"},
            ]
        ),
        "read": grant(),
    }
    found = run(access(grants))
    (policy,) = [json.loads(policy) for policy in found.outputs["unattached_policies"].values()]
    assert policy["Statement"][0]["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert found.log == [
        (
            "grant deploy: its policy for permission set Admin, permission set Power_Users "
            "can't be attached from here; output unattached_policies"
        )
    ]


def test_the_policy_to_hand_out_is_known_before_the_role_is_made() -> None:
    program = access({"deploy": grant(principals=[{"account": SOURCE}])})
    known = run(program, preview=True).outputs["unattached_policies"]
    assert known == run(program).outputs["unattached_policies"]


def test_a_role_and_a_session_of_it_share_the_policy() -> None:
    grants = {
        "deploy": grant(principals=[{"role": "ci"}]),
        "read": grant(principals=[{"session": "ci/build"}]),
    }
    found = run(access(grants))
    assert found.document("Policy")["Statement"][0]["Resource"] == [
        role_arn("deploy"),
        role_arn("read"),
    ]
    assert found.one("RolePolicyAttachment").name == "team-role-ci"


def test_one_trusted_by_name_in_one_grant_is_looked_up_for_the_other() -> None:
    grants = {"deploy": grant(principals=[{"user": "alice", "trust_by": "name"}]), "read": grant()}
    found = run(access(grants))
    assert ("getUser", "alice", "source") in found.asked()
    assert found.document("Role", "team-deploy")["Statement"][0] == statement(
        Kind({}, [ROOT], like(user_arn("alice")))
    )
    assert found.document("Role", "team-read")["Statement"][0]["Principal"] == {
        "AWS": [user_arn("alice")]
    }


def test_a_group_whose_name_is_not_known_yet_is_attached_to_when_it_is() -> None:
    found = run(
        access({"deploy": grant(principals=[{"group": NEVER_KNOWN, "label": "x"}])}), preview=True
    )
    assert found.one("GroupPolicyAttachment", "team-group-x").inputs["group"] is UNKNOWN


def test_a_groups_secret_name_stays_secret() -> None:
    found = run(
        access({"deploy": grant(principals=[{"group": secret("swordfish"), "label": "x"}])})
    )
    assert found.one("GroupPolicyAttachment").shown["group"] == SECRET
    assert "swordfish" not in found.visible()


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_it_is_of_the_partition_of_the_credentials(partition: str) -> None:
    grants = {
        "deploy": grant(principals=[{"session": "ci/build"}]),
        "read": grant(principals=[{"account": SOURCE}]),
    }
    found = run(access(grants), world=World(partition=partition))
    trusts = [found.document("Role", f"team-{name}") for name in grants]
    assert {str(part["Principal"]["AWS"]) for trust in trusts for part in trust["Statement"]} == {
        f"['arn:{partition}:sts::{SOURCE}:assumed-role/ci/build']",
        f"['arn:{partition}:iam::{SOURCE}:root']",
    }


@pytest.mark.parametrize(
    "given",
    [
        {"session": "ci/build"},
        {"account": SOURCE},
        {"permission_set": "Power_Users"},
        {"role_pattern": "team-*"},
        {"path": "/team/"},
        {"organization": "o-a1b2c3d4e5"},
        {"organizational_unit": UNIT},
    ],
    ids=str,
)
def test_an_assume_role_grant_is_of_a_user_role_or_group_alone(given: dict[str, Any]) -> None:
    refused_at_once(
        assume_role_grant(principal=given),
        "AssumeRoleGrant reach",
        ("principal", "cannot-attach-policy"),
    )


def test_an_assume_role_grant_of_a_group() -> None:
    found = run(assume_role_grant(principal={"group": "team/admins"}))
    assert found.one("GroupPolicyAttachment", "reach").inputs == {
        "group": "admins",
        "policyArn": f"arn:aws:iam::{SOURCE}:policy/reach-0a1b2c3",
    }


def test_another_account_than_the_source_is_refused() -> None:
    refused_at_once(
        access({"deploy": grant(principals=[{"account": ELSEWHERE}])}, source_account_id=SOURCE),
        "CrossAccountAccess team",
        ("grants.deploy.principals[0]", "principal-in-other-account"),
    )
