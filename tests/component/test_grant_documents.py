"""What is told of both halves is what is made of them, and on each side the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.grants.record_reading import read_grant_documents
from tests.component.engine_record import SECRET, UNKNOWN, Run
from tests.component.harness import run
from tests.component.programs import NEVER_KNOWN, access, grant, output, secret
from tests.component.world import DESTINATION, SOURCE, World, ci_arn, role_arn, user_arn

if TYPE_CHECKING:
    from cross_account_access.grants.documents import GrantDocuments

WORLD = World(users={"alice": "/team/"})
POLICY = {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
OWN_POLICY = f"arn:aws:iam::{DESTINATION}:policy/own"
GRANTS = {
    "deploy": grant(
        principals=[{"role": "ci"}, {"user": "alice"}],
        role={
            "name": "deployer",
            "path": "/x/",
            "description": "deploys",
            "max_session_duration": 7200,
            "managed_policies": ["ReadOnlyAccess", "job-function/Billing"],
            "managed_policy_arns": {"own": output(OWN_POLICY)},
            "inline_policies": {"read": output(POLICY)},
            "permissions_boundary": output("PowerUserAccess"),
            "tags": {"owner": "team"},
        },
        conditions={"external_id": "partner-7f3a"},
    ),
    "read": grant(),
}
TAGS = {"by": "pulumi"}


def told(found: Run, name: str) -> GrantDocuments:
    return read_grant_documents(found.outputs["documents"][name])


def source_alone(grants: Any = GRANTS) -> Run:
    program = access(
        grants,
        side="source",
        destination_account_id=DESTINATION,
        leave_out=("destination_provider",),
    )
    return run(program, world=WORLD)


def destination_alone(grants: Any = GRANTS) -> Run:
    program = access(
        grants, side="destination", source_account_id=SOURCE, leave_out=("source_provider",)
    )
    return run(program, world=WORLD)


@pytest.fixture(scope="module")
def both() -> Run:
    return run(access(GRANTS, tags=TAGS), world=WORLD)


def test_the_destination_half_is_the_role_that_is_made(both: Run) -> None:
    role, inputs = told(both, "deploy").role, both.one("Role", "team-deploy").inputs
    assert role.trust_policy == both.document("Role", "team-deploy")
    assert (role.name, role.path, role.description) == (
        inputs["name"],
        inputs["path"],
        inputs["description"],
    )
    assert role.max_session_duration == inputs["maxSessionDuration"] == 7200
    assert (
        role.permissions_boundary
        == inputs["permissionsBoundary"]
        == "arn:aws:iam::aws:policy/PowerUserAccess"
    )
    assert role.tags == inputs["tags"] == {"by": "pulumi", "owner": "team"}
    assert role.arn == role_arn("deployer", "/x/") == both.outputs["role_arns"]["deploy"]
    assert role.unique_id == both.outputs["role_unique_ids"]["deploy"]
    attached = [
        made.inputs["policyArn"]
        for made in both.of("RolePolicyAttachment")
        if made.parent.endswith("deploy")
    ]
    assert role.managed_policies == sorted(attached)
    assert len(attached) == 3
    assert role.inline_policies == {"read": both.document("RolePolicy")}


def test_the_source_half_is_the_policies_that_are_made(both: Run) -> None:
    halves = {half.name: half for half in told(both, "deploy").principals}
    assert list(halves) == ["team/alice", "ci"]
    for name, made in (("team/alice", "team-user-alice"), ("ci", "team-role-ci")):
        assert halves[name].policy == both.document("Policy", made)
        assert str(halves[name].policy_arn).startswith(f"arn:aws:iam::{SOURCE}:policy/{made}-")
        assert halves[name].needs["Statement"][0]["Resource"] == [role_arn("deployer", "/x/")]
    assert (halves["ci"].kind, halves["ci"].arn, halves["ci"].attached_to) == (
        "role",
        ci_arn("ci"),
        ("role", "ci"),
    )
    assert halves["team/alice"].arn == user_arn("alice", "/team/")
    policy = halves["team/alice"].policy
    assert policy is not None
    assert policy["Statement"][0]["Resource"] == [role_arn("read"), role_arn("deployer", "/x/")]


def test_a_grant_tells_its_accounts_and_its_name(both: Run) -> None:
    found = told(both, "read")
    assert (found.grant, found.side, found.partition) == ("read", "both", "aws")
    assert (found.source_account_id, found.destination_account_id) == (SOURCE, DESTINATION)


def test_the_source_alone_tells_the_role_that_the_destination_is_to_make(both: Run) -> None:
    alone, whole = told(source_alone(), "deploy"), told(both, "deploy")
    assert alone.side == "source"
    assert alone.principals == whole.principals
    assert alone.role == whole.role.model_copy(
        update={"unique_id": None, "tags": {"owner": "team"}}
    )


def test_the_destination_alone_tells_what_the_source_is_to_allow(both: Run) -> None:
    found, whole = destination_alone(), told(both, "deploy")
    alone = told(found, "deploy")
    assert alone.side == "destination"
    assert alone.role.trust_policy == found.document("Role", "team-deploy")
    assert [half.needs for half in alone.principals] == [half.needs for half in whole.principals]
    assert {(half.policy_arn, half.unique_id) for half in alone.principals} == {(None, None)}


@pytest.mark.parametrize(
    ("principal", "kind", "name", "arn", "attached_to"),
    [
        (
            {"group": "people/devs"},
            "group",
            "people/devs",
            f"arn:aws:iam::{SOURCE}:group/people/devs",
            "group devs",
        ),
        ({"account": SOURCE}, "account", SOURCE, None, None),
        ({"permission_set": "Admins"}, "permission_set", "Admins", None, None),
        ({"organization": "o-a1b2c3d4e5"}, "organization", "o-a1b2c3d4e5", None, None),
        (
            {"session": "ci/run"},
            "session",
            "ci/run",
            f"arn:aws:sts::{SOURCE}:assumed-role/ci/run",
            "role ci",
        ),
        ({"user": "alice", "trust_by": "name"}, "user", "alice", user_arn("alice"), "user alice"),
        (
            {"arn": output(user_arn("alice")), "label": "a"},
            "user",
            "alice",
            user_arn("alice"),
            "user alice",
        ),
    ],
    ids=str,
)
def test_each_kind_of_principal(
    principal: dict[str, Any], kind: str, name: str, arn: str | None, attached_to: str | None
) -> None:
    found = run(access({"deploy": grant(principals=[principal])}))
    (half,) = told(found, "deploy").principals
    assert (half.kind, half.name, half.arn) == (kind, name, arn)
    assert (" ".join(half.attached_to) if half.attached_to else None) == attached_to
    assert (half.policy is None) == (attached_to is None)


ROOT = f"arn:aws:iam::{SOURCE}:root"
RESERVED = (
    f"arn:aws:iam::{SOURCE}:role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_Admins_{'?' * 16}"
)
UNIT = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"


@pytest.mark.parametrize(
    ("principal", "trusted_as", "narrowing"),
    [
        ({"user": "alice"}, user_arn("alice"), {}),
        (
            {"user": "alice", "trust_by": "name"},
            ROOT,
            {"ArnLike": {"aws:PrincipalArn": user_arn("alice")}},
        ),
        ({"session": "ci/run"}, f"arn:aws:sts::{SOURCE}:assumed-role/ci/run", {}),
        ({"group": "devs"}, ROOT, {}),
        ({"account": SOURCE}, ROOT, {}),
        ({"permission_set": "Admins"}, ROOT, {"ArnLike": {"aws:PrincipalArn": RESERVED}}),
        (
            {"organization": "o-a1b2c3d4e5"},
            "*",
            {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        ),
        (
            {"organizational_unit": UNIT},
            "*",
            {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{UNIT}*"}},
        ),
    ],
    ids=str,
)
def test_a_principal_is_found_again_in_the_trust_policy(
    principal: dict[str, Any], trusted_as: str, narrowing: dict[str, Any]
) -> None:
    documents = told(run(access({"deploy": grant(principals=[principal])})), "deploy")
    (half,), (statement,) = documents.principals, documents.role.trust_policy["Statement"]
    assert (half.trusted_as, half.scoping_conditions) == (trusted_as, narrowing)
    assert trusted_as in statement["Principal"]["AWS"]
    assert statement.get("Condition", {}) == narrowing


def test_session_tags_and_source_identities_are_among_the_needs() -> None:
    conditions = {"session_tags": {"team": ["a"]}, "source_identities": ["alice"]}
    (half,) = told(run(access({"deploy": grant(conditions=conditions)})), "deploy").principals
    assert half.needs["Statement"][0]["Action"] == [
        "sts:AssumeRole",
        "sts:SetSourceIdentity",
        "sts:TagSession",
    ]


def test_a_secret_of_a_grant_hides_its_documents_and_no_others() -> None:
    grants = {"deploy": grant(conditions={"external_id": secret("swordfish")}), "read": grant()}
    found = run(access(grants))
    assert found.shown["documents"] == SECRET or found.shown["documents"]["deploy"] == SECRET
    assert "swordfish" in json.dumps(told(found, "deploy").role.trust_policy)
    assert "swordfish" not in found.visible()


def test_they_are_unknown_while_anything_in_them_is() -> None:
    unknown = grant(role={"permissions_boundary": NEVER_KNOWN})
    assert run(access({"deploy": unknown})).outputs["documents"] is UNKNOWN
