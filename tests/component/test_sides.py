"""One side alone: exactly its resources, by its own account's provider, nothing asked of the
other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access import Side
from tests.component.harness import run
from tests.component.programs import access, grant, output
from tests.component.world import DESTINATION, SOURCE, World, ci_arn, role_arn, user_arn

if TYPE_CHECKING:
    from tests.component.engine_record import Run

GRANTS = {
    "deploy": grant(
        principals=[{"user": "team/alice"}, {"role": "ci"}],
        role={
            "name": "deployer",
            "path": "/x/",
            "managed_policies": ["ReadOnlyAccess"],
            "max_session_duration": 7200,
        },
    ),
    "read": grant(principals=[{"user": "team/alice"}], conditions={"mfa": True}),
}
WORLD = World(users={"alice": "/team/"})

SOURCE_GRAPH = {
    ("AssumeRoleGrant", "team-user-alice", "team", ""),
    ("Policy", "team-user-alice", "team-user-alice", "source"),
    ("UserPolicyAttachment", "team-user-alice", "team-user-alice", "source"),
    ("AssumeRoleGrant", "team-role-ci", "team", ""),
    ("Policy", "team-role-ci", "team-role-ci", "source"),
    ("RolePolicyAttachment", "team-role-ci", "team-role-ci", "source"),
}
DESTINATION_GRAPH = {
    ("TrustedRole", "team-deploy", "team", ""),
    ("Role", "team-deploy", "team-deploy", "destination"),
    ("RolePolicyAttachment", "team-deploy-aws-ReadOnlyAccess", "team-deploy", "destination"),
    ("TrustedRole", "team-read", "team", ""),
    ("Role", "team-read", "team-read", "destination"),
}
COMPONENT = {("CrossAccountAccess", "team", "project-stack", "")}


def source_alone(grants: Any = GRANTS, *, side: Any = "source") -> Run:
    program = access(
        grants, side=side, destination_account_id=DESTINATION, leave_out=("destination_provider",)
    )
    return run(program, world=WORLD)


def destination_alone(grants: Any = GRANTS, *, side: Any = "destination") -> Run:
    program = access(grants, side=side, source_account_id=SOURCE, leave_out=("source_provider",))
    return run(program, world=WORLD)


class TestGraph:
    @pytest.mark.parametrize("side", ["source", Side.SOURCE])
    def test_the_source_is_made_alone(self, side: object) -> None:
        assert source_alone(side=side).graph() == COMPONENT | SOURCE_GRAPH

    @pytest.mark.parametrize("side", ["destination", Side.DESTINATION])
    def test_the_destination_is_made_alone(self, side: object) -> None:
        assert destination_alone(side=side).graph() == COMPONENT | DESTINATION_GRAPH

    @pytest.mark.parametrize("args", [{}, {"side": "both"}, {"side": Side.BOTH}], ids=str)
    def test_both_are_made_otherwise(self, args: dict[str, Any]) -> None:
        found = run(access(GRANTS, **args), world=WORLD)
        assert found.graph() == COMPONENT | SOURCE_GRAPH | DESTINATION_GRAPH


def test_the_source_asks_nothing_of_the_destination() -> None:
    assert source_alone().asked() == [
        ("getCallerIdentity", "", "source"),
        ("getRole", "ci", "source"),
        ("getUser", "alice", "source"),
    ]


def test_the_destination_asks_nothing_of_the_source() -> None:
    assert {provider for _, _, provider in destination_alone().asked()} == {"destination"}


def test_the_source_allows_the_roles_that_the_destination_makes() -> None:
    both = run(access(GRANTS), world=WORLD)
    for policy in ("team-user-alice", "team-role-ci"):
        assert source_alone().document("Policy", policy) == both.document("Policy", policy)
    assert source_alone().document("Policy", "team-user-alice")["Statement"][0]["Resource"] == [
        role_arn("read"),
        role_arn("deployer", "/x/"),
    ]


def test_the_destination_trusts_the_principals_as_they_are_named() -> None:
    statement = destination_alone().document("Role", "team-deploy")["Statement"][0]
    assert statement == {
        "Sid": "Trust",
        "Effect": "Allow",
        "Principal": {"AWS": [ci_arn("ci"), user_arn("alice", "/team/")]},
        "Action": "sts:AssumeRole",
    }


def test_the_destination_trusts_a_principal_by_an_output_arn() -> None:
    given = {"arn": output(ci_arn("ci", "/x/")), "label": "ci"}
    found = destination_alone({"deploy": grant(principals=[given])})
    assert found.document("Role")["Statement"][0]["Principal"] == {"AWS": [ci_arn("ci", "/x/")]}


def test_the_destination_tells_what_both_tell() -> None:
    assert but_documents(destination_alone()) == but_documents(run(access(GRANTS), world=WORLD))


def test_the_source_tells_what_both_tell_but_for_what_only_the_destination_knows() -> None:
    both = but_documents(run(access(GRANTS), world=WORLD))
    assert but_documents(source_alone()) == both | {"role_unique_ids": {}}


def but_documents(found: Run) -> dict[str, Any]:
    """The outputs but for what tells of the principals' unique IDs."""
    told = {key: value for key, value in found.outputs.items() if key != "documents"}
    words = {name: line.partition(" (version")[0] for name, line in told["summaries"].items()}
    return told | {"summaries": words}


def test_the_partition_of_the_other_side_is_that_of_the_credentials() -> None:
    program = access(
        side="source", destination_account_id=DESTINATION, leave_out=("destination_provider",)
    )
    found = run(program, world=World(partition="aws-cn"))
    assert found.outputs["role_arns"] == {"deploy": f"arn:aws-cn:iam::{DESTINATION}:role/deploy"}
