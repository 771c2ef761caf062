"""What `CrossAccountAccess` makes: every resource with its type, name, parent and account, and
nothing else."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import CrossAccountAccess
from tests.component.harness import run
from tests.component.programs import access, grant, output
from tests.component.world import DESTINATION, ELSEWHERE, SOURCE, World, ci_arn, role_arn, user_arn

Graph = set[tuple[str, str, str, str]]


def component(name: str = "team") -> Graph:
    return {("CrossAccountAccess", name, "project-stack", "")}


def role(
    grant_name: str, *attached: str, inline: tuple[str, ...] = (), component: str = "team"
) -> Graph:
    """The destination's half of a grant."""
    name = f"{component}-{grant_name}"
    return {
        ("TrustedRole", name, component, ""),
        ("Role", name, name, "destination"),
        *{("RolePolicyAttachment", f"{name}-{key}", name, "destination") for key in attached},
        *{("RolePolicy", f"{name}-inline-{key}", name, "destination") for key in inline},
    }


def principal(key: str, attachment: str, component: str = "team") -> Graph:
    """The source's half for a principal."""
    name = f"{component}-{key}"
    return {
        ("AssumeRoleGrant", name, component, ""),
        ("Policy", name, name, "source"),
        (attachment, name, name, "source"),
    }


def user(name: str, component: str = "team") -> Graph:
    return principal(f"user-{name}", "UserPolicyAttachment", component)


def ci_role(name: str) -> Graph:
    return principal(f"role-{name}", "RolePolicyAttachment")


PASS_ROLE = {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
OWN_POLICY = f"arn:aws:iam::{DESTINATION}:policy/team/deployers"

GRAPHS: dict[str, tuple[dict[str, Any], Graph]] = {
    "a user": ({"deploy": grant()}, role("deploy") | user("alice")),
    "a role": ({"deploy": grant(principals=[{"role": "ci"}])}, role("deploy") | ci_role("ci")),
    "a user and a role of one name": (
        {"deploy": grant(principals=[{"user": "ci"}, {"role": "ci"}])},
        role("deploy") | user("ci") | ci_role("ci"),
    ),
    "names with a path": (
        {"deploy": grant(principals=[{"user": "team/erin"}, {"role": "team/sub/builder"}])},
        role("deploy") | user("erin") | ci_role("builder"),
    ),
    "principals by ARN": (
        {
            "deploy": grant(
                principals=[
                    {"arn": user_arn("erin", "/team/")},
                    {"arn": ci_arn("builder", "/team/sub/")},
                ]
            )
        },
        role("deploy") | user("erin") | ci_role("builder"),
    ),
    "a label instead of the name": (
        {"deploy": grant(principals=[{"user": "alice", "label": "lead"}])},
        role("deploy") | user("lead"),
    ),
    "a name that is an Output": (
        {"deploy": grant(principals=[{"user": output("alice"), "label": "lead"}])},
        role("deploy") | user("lead"),
    ),
    "an ARN that is an Output": (
        {"deploy": grant(principals=[{"arn": output(user_arn("alice")), "label": "lead"}])},
        role("deploy") | principal("arn-lead", "PolicyAttachment"),
    ),
    "several grants for several principals": (
        {
            "deploy": grant(principals=[{"role": "ci"}]),
            "read": grant(principals=[{"user": "alice"}, {"user": "bob"}]),
        },
        role("deploy") | role("read") | user("alice") | user("bob") | ci_role("ci"),
    ),
    "several grants for one principal": (
        {name: grant() for name in ("deploy", "read", "audit")},
        role("deploy") | role("read") | role("audit") | user("alice"),
    ),
    "a role of another name than the grant's": (
        {"deploy": grant(role={"name": "deployer"})},
        role("deploy") | user("alice"),
    ),
    "permissions": (
        {
            "deploy": grant(
                role={
                    "managed_policies": ["ReadOnlyAccess", "job-function/Billing", OWN_POLICY],
                    "managed_policy_arns": {"made-here": output(OWN_POLICY + "2")},
                    "inline_policies": {"pass-role": PASS_ROLE},
                }
            )
        },
        role(
            "deploy",
            "aws-ReadOnlyAccess",
            "aws-Billing",
            "own-deployers",
            "label-made-here",
            inline=("pass-role",),
        )
        | user("alice"),
    ),
    "inline policies whose names run into the grants'": (
        {
            "deploy": grant(role={"inline_policies": {"prod-pass": PASS_ROLE}}),
            "deploy-prod": grant(role={"inline_policies": {"pass": PASS_ROLE}}),
        },
        role("deploy", inline=("prod-pass",))
        | role("deploy-prod", inline=("pass",))
        | user("alice"),
    ),
}

WORLD = World(users={"erin": "/team/"}, roles={"builder": "/team/sub/"})


@pytest.mark.parametrize("case", GRAPHS)
def test_exactly_these_resources_are_made(case: str) -> None:
    grants, expected = GRAPHS[case]
    found = run(access(grants), world=WORLD)
    assert found.graph() == component() | expected


def test_both_providers_are_asked_once_and_each_principal_is_looked_up_in_the_source_once() -> None:
    grants = {
        "deploy": grant(principals=[{"role": "team/ci"}, {"user": "ci"}]),
        "read": grant(principals=[{"user": "alice"}, {"role": "team/ci"}]),
    }
    found = run(access(grants), world=World(roles={"ci": "/team/"}))
    assert found.asked() == [
        ("getCallerIdentity", "", "destination"),
        ("getCallerIdentity", "", "source"),
        ("getRole", "ci", "source"),
        ("getUser", "alice", "source"),
        ("getUser", "ci", "source"),
    ]


def test_a_principal_by_arn_is_looked_up_by_its_name() -> None:
    found = run(
        access({"deploy": grant(principals=[{"arn": user_arn("erin", "/team/")}])}), world=WORLD
    )
    assert ("getUser", "erin", "source") in found.asked()


def test_a_principal_by_an_output_arn_is_looked_up_as_what_it_is() -> None:
    for arn, expected in (
        (user_arn("x"), ("getUser", "x", "source")),
        (ci_arn("x"), ("getRole", "x", "source")),
    ):
        found = run(access({"deploy": grant(principals=[{"arn": output(arn), "label": "x"}])}))
        assert [call for call in found.asked() if call[0] != "getCallerIdentity"] == [expected]


def test_two_components_share_the_providers_and_ask_them_once() -> None:
    def program() -> None:
        source, destination = aws.Provider("source"), aws.Provider("destination")
        for name in ("team", "partner"):
            args: Any = {
                "source_provider": source,
                "destination_provider": destination,
                "grants": {name: grant()},
            }
            CrossAccountAccess(name, args)

    found = run(program)
    assert found.graph() == component("team") | role("team") | user("alice") | component(
        "partner"
    ) | role("partner", component="partner") | user("alice", component="partner")
    assert [call for call in found.asked() if call[0] == "getCallerIdentity"] == [
        ("getCallerIdentity", "", "destination"),
        ("getCallerIdentity", "", "source"),
    ]


def test_a_provider_in_the_options_is_not_used() -> None:
    def program() -> None:
        args: Any = {
            "source_provider": aws.Provider("source"),
            "destination_provider": aws.Provider("destination"),
            "grants": {"deploy": grant(role={"managed_policies": ["ReadOnlyAccess"]})},
        }
        CrossAccountAccess("team", args, pulumi.ResourceOptions(providers=[aws.Provider("other")]))

    accounts = {"source": SOURCE, "destination": DESTINATION, "other": ELSEWHERE}
    found = run(program, world=World(accounts=accounts))
    assert found.graph() == component() | role("deploy", "aws-ReadOnlyAccess") | user("alice")
    assert {call.provider for call in found.calls} == {"source", "destination"}


def test_a_principals_grants_share_one_policy_on_exactly_their_roles() -> None:
    grants = {
        "deploy": grant(),
        "read": grant(role={"path": "/team/"}),
        "ci": grant(principals=[{"role": "ci"}]),
    }
    found = run(access(grants))
    assert found.document("Policy", "team-user-alice")["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": [role_arn("deploy"), role_arn("read", "/team/")],
        }
    ]
    assert found.document("Policy", "team-role-ci")["Statement"][0]["Resource"] == [role_arn("ci")]


@pytest.mark.parametrize(
    ("given", "attachment", "key", "name"),
    [
        ({"user": "team/ci"}, "UserPolicyAttachment", "user", "ci"),
        ({"role": "team/ci"}, "RolePolicyAttachment", "role", "ci"),
        ({"arn": user_arn("ci", "/team/")}, "UserPolicyAttachment", "user", "ci"),
        ({"arn": ci_arn("ci", "/team/")}, "RolePolicyAttachment", "role", "ci"),
        ({"user": output("team/ci"), "label": "x"}, "UserPolicyAttachment", "user", "ci"),
        ({"role": output("team/ci"), "label": "x"}, "RolePolicyAttachment", "role", "ci"),
    ],
    ids=str,
)
def test_the_policy_is_attached_to_the_principal_by_its_name_alone(
    given: dict[str, Any], attachment: str, key: str, name: str
) -> None:
    found = run(
        access({"deploy": grant(principals=[given])}),
        world=World(users={"ci": "/team/"}, roles={"ci": "/team/"}),
    )
    policy = found.one("Policy")
    made = found.one(attachment)
    assert made.inputs == {
        key: name,
        "policyArn": f"arn:aws:iam::{SOURCE}:policy/{policy.name}-0a1b2c3",
    }


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (user_arn("ci", "/team/"), {"users": ["ci"], "roles": []}),
        (ci_arn("ci", "/team/"), {"users": [], "roles": ["ci"]}),
    ],
)
def test_the_policy_is_attached_to_what_an_output_arn_turns_out_to_be(
    arn: str, expected: dict[str, list[str]]
) -> None:
    grants = {"deploy": grant(principals=[{"arn": output(arn), "label": "x"}])}
    found = run(access(grants), world=World(users={"ci": "/team/"}, roles={"ci": "/team/"}))
    assert {
        key: found.one("PolicyAttachment").inputs[key] for key in ("users", "roles")
    } == expected


def test_the_longest_label_is_as_good_as_any() -> None:
    longest = "x" * (128 - len("team-user-") - len("-0000000"))
    found = run(access({"deploy": grant(principals=[{"user": output("alice"), "label": longest}])}))
    assert found.graph() == component() | role("deploy") | user(longest)


def test_roles_that_one_policy_cannot_hold_are_dealt_out_to_more() -> None:
    grants = {f"grant-{number}": grant(role={"path": f"/{'p' * 200}/"}) for number in range(40)}
    found = run(access(grants))
    policies = found.of("Policy")
    assert [made.name for made in policies] == ["team-user-alice", "team-user-alice-2"]
    assert [(made.name, made.parent) for made in found.of("UserPolicyAttachment")] == [
        (made.name, made.parent) for made in policies
    ]
    held = [set(json.loads(made.inputs["policy"])["Statement"][0]["Resource"]) for made in policies]
    assert held[0] | held[1] == {role_arn(name, f"/{'p' * 200}/") for name in grants}
    assert not held[0] & held[1]
    assert all(len(made.inputs["policy"]) <= 6144 for made in policies)
