"""What is of another account than it must be is refused before anything is made, and so is a wrong
principal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import TrustedRole
from tests.component.harness import run
from tests.component.programs import access, assume_role_grant, grant, output, trusted_role
from tests.component.refusals import report
from tests.component.world import DESTINATION, ELSEWHERE, SOURCE, World, ci_arn, role_arn, user_arn

if TYPE_CHECKING:
    from cross_account_access import TrustedRoleArgs
    from tests.component.harness import Program

ACCESS, ROLE, GRANT = "CrossAccountAccess team", "TrustedRole reader", "AssumeRoleGrant reach"
PRINCIPAL = "grants.deploy.principals[0]"
ELSEWHERE_POLICY, ELSEWHERE_USER = (
    f"arn:aws:iam::{ELSEWHERE}:policy/x",
    f"arn:aws:iam::{ELSEWHERE}:user/alice",
)
OWN_POLICY = f"arn:aws:iam::{DESTINATION}:policy/x"

IN_SOURCE_ALONE: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "path": ({"user": "team/alice"}, (PRINCIPAL, "wrong-path")),
    "user": ({"user": output("a b"), "label": "x"}, (f"{PRINCIPAL}.user", "invalid-user-name")),
    "role with MFA": (
        {"arn": output(ci_arn("ci")), "label": "x", "conditions": {"mfa": True}},
        (PRINCIPAL, "mfa-for-role"),
    ),
    "service-linked": ({"role": "Odd"}, (PRINCIPAL, "reserved-role")),
    "service-linked late": ({"role": output("Odd"), "label": "x"}, (PRINCIPAL, "reserved-role")),
    "elsewhere": (
        {"arn": output(ELSEWHERE_USER), "label": "x"},
        (PRINCIPAL, "principal-in-other-account"),
    ),
}


@pytest.mark.parametrize("case", IN_SOURCE_ALONE)
def test_a_wrong_principal_is_refused_where_the_source_is_made_alone(case: str) -> None:
    principal, expected = IN_SOURCE_ALONE[case]
    args: Any = {
        "side": "source",
        "destination_account_id": DESTINATION,
        "leave_out": ("destination_provider",),
    }
    # However long the lookup takes, nothing is made until it is answered.
    roles = {"Odd": "/aws-service-role/es.amazonaws.com/"}
    world = World(slow=frozenset({"getUser"}), roles=roles)
    component, problems, found = report(
        access({"deploy": grant(principals=[principal])}, **args), world=world
    )
    assert (component, problems) == (ACCESS, [expected])
    assert found.of("Policy") == []


def test_a_principal_of_another_account_gets_no_right_though_one_of_its_name_is_here() -> None:
    component, problems, found = report(assume_role_grant(principal={"arn": ELSEWHERE_USER}))
    assert (component, problems) == (GRANT, [("principal", "principal-in-other-account")])
    assert found.kinds() <= {"AssumeRoleGrant"}


@pytest.mark.parametrize(
    ("args", "world", "expected"),
    [
        (
            {
                "grants": {
                    "deploy": grant(role={"managed_policies": ["ReadOnlyAccess", ELSEWHERE_POLICY]})
                }
            },
            World(),
            ("grants.deploy.role.managed_policies[1]", "policy-in-other-account"),
        ),
        (
            {"grants": {"deploy": grant(role={"permissions_boundary": ELSEWHERE_POLICY})}},
            World(),
            ("grants.deploy.role.permissions_boundary", "policy-in-other-account"),
        ),
        (
            {"grants": {"deploy": grant(principals=[{"arn": user_arn("alice")}])}},
            World(accounts={"source": ELSEWHERE, "destination": DESTINATION}),
            (PRINCIPAL, "principal-in-other-account"),
        ),
    ],
    ids=["managed policy", "boundary", "principal"],
)
def test_an_arn_of_another_account_is_refused_before_anything_of_any_grant_is_made(
    args: dict[str, Any], world: World, expected: tuple[str, str]
) -> None:
    grants = {"audit": grant(principals=[{"user": "bob"}]), **args["grants"], "read": grant()}
    component, problems, found = report(access(grants), world=world)
    assert (component, problems) == (ACCESS, [expected])
    assert found.kinds() <= {"CrossAccountAccess", "TrustedRole", "AssumeRoleGrant"}


def policy(*resources: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": "s3:x", "Resource": [*resources]}]}


IN_CHINA = "arn:aws-cn:iam::{}:{}".format
TWO_PARTITIONS = World(partitions={"destination": "aws-cn"})
CHINA = World(partition="aws-cn")


@pytest.mark.parametrize(
    ("changes", "world", "expected"),
    [
        ({}, TWO_PARTITIONS, ("destination_provider", "two-partitions")),
        (
            {},
            World(partition="aws-us-gov", partitions={"source": "aws"}),
            ("destination_provider", "two-partitions"),
        ),
        (
            {"role": {"managed_policies": [f"arn:aws:iam::{DESTINATION}:policy/x"]}},
            CHINA,
            ("grants.deploy.role.managed_policies[0]", "policy-in-other-partition"),
        ),
        (
            {"role": {"managed_policy_arns": {"x": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}},
            CHINA,
            ("grants.deploy.role.managed_policy_arns.x", "policy-in-other-partition"),
        ),
        (
            {"role": {"permissions_boundary": "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"}},
            CHINA,
            ("grants.deploy.role.permissions_boundary", "policy-in-other-partition"),
        ),
        (
            {"role": {"inline_policies": {"x": policy("*", "arn:aws:s3:::x")}}},
            CHINA,
            (
                "grants.deploy.role.inline_policies.x.Statement[0].Resource",
                "resource-in-other-partition",
            ),
        ),
        (
            {"role": {"inline_policies": {"x": json.dumps(policy("arn:aws-cn:s3:::x"))}}},
            World(),
            (
                "grants.deploy.role.inline_policies.x.Statement[0].Resource",
                "resource-in-other-partition",
            ),
        ),
        (
            {"principals": [{"arn": user_arn("alice")}]},
            CHINA,
            (PRINCIPAL, "principal-in-other-partition"),
        ),
        (
            {"principals": [{"arn": ci_arn("ci"), "trust_by": "name"}]},
            CHINA,
            (PRINCIPAL, "principal-in-other-partition"),
        ),
        (
            {"principals": [{"arn": IN_CHINA(SOURCE, "user/alice")}]},
            World(),
            (PRINCIPAL, "principal-in-other-partition"),
        ),
    ],
    ids=[
        *(
            "destination",
            "source",
            "policy",
            "policy by label",
            "boundary",
            "resource",
            "resource of China",
        ),
        *("principal", "principal by name", "principal of China"),
    ],
)
def test_what_is_of_another_partition_is_refused_before_anything_of_any_grant_is_made(
    changes: dict[str, Any], world: World, expected: tuple[str, str]
) -> None:
    grants = {"audit": grant(principals=[{"user": "bob"}]), "deploy": grant(**changes)}
    component, problems, found = report(access(grants), world=world)
    assert (component, problems) == (ACCESS, [expected])
    assert found.kinds() <= {"CrossAccountAccess", "TrustedRole", "AssumeRoleGrant"}


def test_grants_inside_of_another_partition_are_made() -> None:
    principals = [{"arn": IN_CHINA(SOURCE, "user/alice")}, {"role": "ci"}]
    role = {
        "managed_policies": ["ReadOnlyAccess", IN_CHINA(DESTINATION, "policy/x")],
        "permissions_boundary": IN_CHINA("aws", "policy/ReadOnlyAccess"),
        "inline_policies": {"x": policy("arn:aws-cn:s3:::x", "*", "arn:*:s3:::x")},
    }
    found = run(access({"deploy": grant(principals=principals, role=role)}), world=CHINA)
    (statement,) = found.document("Role")["Statement"]
    assert statement["Principal"]["AWS"] == [
        IN_CHINA(SOURCE, "role/ci"),
        IN_CHINA(SOURCE, "user/alice"),
    ]
    assert {made.inputs["policyArn"] for made in found.of("RolePolicyAttachment")} >= {
        IN_CHINA("aws", "policy/ReadOnlyAccess"),
        IN_CHINA(DESTINATION, "policy/x"),
    }


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (
            assume_role_grant(principal={"arn": user_arn("alice")}),
            ("principal", "principal-in-other-partition"),
        ),
        (
            assume_role_grant(role_arns={"deploy": output(role_arn("deploy"))}),
            ("role_arns.deploy", "role-in-other-partition"),
        ),
        (
            trusted_role(principals=[{"arn": output(user_arn("alice")), "label": "x"}]),
            ("principals[0]", "principal-in-other-partition"),
        ),
        (
            trusted_role(role={"permissions_boundary": output(OWN_POLICY)}),
            ("role.permissions_boundary", "policy-in-other-partition"),
        ),
        (
            trusted_role(role={"inline_policies": {"x": policy(output("arn:aws:s3:::x"))}}),
            ("role.inline_policies.x.Statement[0].Resource", "resource-in-other-partition"),
        ),
        (
            trusted_role(role={"managed_policies": [OWN_POLICY]}),
            ("role.managed_policies[0]", "policy-in-other-partition"),
        ),
    ],
    ids=["principal", "role", "trusted", "boundary", "late resource", "policy"],
)
def test_half_a_grant_of_two_partitions_is_refused(
    program: Program, expected: tuple[str, str]
) -> None:
    _, problems, found = report(program, world=CHINA)
    assert problems == [expected]
    assert found.of("Policy") == found.of("RolePolicy") == []


def test_a_role_alone_has_no_account_to_be_made_in_where_a_policy_is_of_another() -> None:
    def program(policy: str, seen: list[str]) -> Program:
        def make() -> None:
            opts = pulumi.ResourceOptions(provider=aws.Provider("destination"))
            args: TrustedRoleArgs = {
                "principals": [{"user": "alice"}],
                "source_account_id": SOURCE,
                "role": {"managed_policies": [policy, "ReadOnlyAccess"]},
            }
            TrustedRole("reader", args, opts).account_id.apply(seen.append)

        return make

    known: list[str] = []
    component, problems, found = report(program(ELSEWHERE_POLICY, known))
    assert (component, problems) == (
        ROLE,
        [("role.managed_policies[0]", "policy-in-other-account")],
    )
    assert found.kinds() <= {"TrustedRole"}
    assert known == []
    run(program(OWN_POLICY, known))
    assert known == [DESTINATION]
