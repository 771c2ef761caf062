"""`TrustedRole` and `AssumeRoleGrant` by themselves, for whoever administers one account only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import AssumeRoleGrant, TrustedRole
from tests.component.harness import run
from tests.component.programs import assume_role_grant, output, outputs, trusted_role
from tests.component.refusals import refused_at_once, report
from tests.component.world import DESTINATION, SOURCE, World, ci_arn, role_arn, user_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from cross_account_access import AssumeRoleGrantArgs, TrustedRoleArgs

ROLE_ARGS: TrustedRoleArgs = {"principals": [{"user": "alice"}], "source_account_id": SOURCE}
GRANT_ARGS: AssumeRoleGrantArgs = {
    "principal": {"user": "alice"},
    "role_arns": {"deploy": role_arn("deploy")},
}

Options = pulumi.ResourceOptions


def trusted(opts: Options | None) -> dict[str, Any]:
    return outputs(TrustedRole("half", ROLE_ARGS, opts))


def granted(opts: Options | None) -> dict[str, Any]:
    return outputs(AssumeRoleGrant("half", GRANT_ARGS, opts))


HALVES = {"TrustedRole": (trusted, "destination"), "AssumeRoleGrant": (granted, "source")}

Half = tuple["Callable[[Options | None], dict[str, Any]]", str]

each_half = pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)


def test_a_trusted_role_is_made_with_its_permissions() -> None:
    role = {
        "managed_policies": ["ReadOnlyAccess"],
        "managed_policy_arns": {"made-here": output(f"arn:aws:iam::{DESTINATION}:policy/x")},
        "inline_policies": {
            "pass": {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
        },
    }
    found = run(trusted_role(role=role))
    assert found.graph() == {
        ("TrustedRole", "reader", "project-stack", ""),
        ("Role", "reader", "reader", "destination"),
        ("RolePolicyAttachment", "reader-aws-ReadOnlyAccess", "reader", "destination"),
        ("RolePolicyAttachment", "reader-label-made-here", "reader", "destination"),
        ("RolePolicy", "reader-inline-pass", "reader", "destination"),
    }


def test_a_trusted_role_alone_looks_nothing_up_in_the_source() -> None:
    assert run(trusted_role()).asked() == [("getCallerIdentity", "", "destination")]


def test_a_trusted_role_has_no_name_and_nothing_else_that_was_not_given() -> None:
    inputs = run(trusted_role()).one("Role").inputs
    assert set(inputs) == {"assumeRolePolicy", "path"}
    assert inputs["path"] == "/"


@pytest.mark.parametrize(
    ("principal", "attachment"),
    [
        ({"user": "team/alice"}, "UserPolicyAttachment"),
        ({"role": "team/ci"}, "RolePolicyAttachment"),
        ({"arn": user_arn("alice")}, "UserPolicyAttachment"),
        ({"arn": ci_arn("ci")}, "RolePolicyAttachment"),
        ({"user": output("alice"), "label": "lead"}, "UserPolicyAttachment"),
        ({"arn": output(user_arn("alice")), "label": "lead"}, "PolicyAttachment"),
    ],
    ids=str,
)
def test_an_assume_role_grant_is_one_policy_and_its_attachment(
    principal: dict[str, Any], attachment: str
) -> None:
    role_arns = {"deploy": role_arn("deploy"), "read": output(role_arn("read"))}
    found = run(assume_role_grant(principal=principal, role_arns=role_arns))
    assert found.graph() == {
        ("AssumeRoleGrant", "reach", "project-stack", ""),
        ("Policy", "reach", "reach", "source"),
        (attachment, "reach", "reach", "source"),
    }
    assert found.document("Policy")["Statement"][0]["Resource"] == [
        role_arn("deploy"),
        role_arn("read"),
    ]
    assert found.asked() == [("getCallerIdentity", "", "source")]


def test_an_assume_role_grant_tells_its_policies_and_account() -> None:
    found = run(assume_role_grant()).outputs
    assert found["policy_arns"] == [f"arn:aws:iam::{SOURCE}:policy/reach-0a1b2c3"]
    assert found["account_id"] == SOURCE


def test_a_trusted_role_tells_its_role_and_account() -> None:
    found = run(trusted_role(role={"name": "reader", "path": "/team/"})).outputs
    assert (found["role_arn"], found["role_name"]) == (role_arn("reader", "/team/"), "reader")
    assert found["role_unique_id"] == World().unique_id("role", "reader")
    assert found["account_id"] == DESTINATION


@each_half
def test_a_half_without_a_provider_of_its_own_is_refused(half: Half) -> None:
    make, account = half
    kind = "TrustedRole" if account == "destination" else "AssumeRoleGrant"
    refused_at_once(lambda: make(None), f"{kind} half", ("opts.provider", "missing-provider"))


@each_half
def test_a_half_under_a_parent_without_a_provider_is_refused(half: Half) -> None:
    make, _ = half
    _, problems, found = report(
        lambda: make(Options(parent=pulumi.ComponentResource("test:index:Parent", "parent")))
    )
    assert problems == [("opts.provider", "missing-provider")]
    assert found.calls == []


@each_half
def test_a_half_takes_its_provider_from_its_options(half: Half) -> None:
    make, account = half
    for opts in ("provider", "providers"):
        given = {
            "provider": lambda p: Options(provider=p),
            "providers": lambda p: Options(providers=[p]),
        }[opts]
        found = run(lambda given=given: make(given(aws.Provider(account))))  # type: ignore[misc]
        assert {made.provider for made in found.made if made.type.startswith("aws:")} == {account}
        assert {call.provider for call in found.calls} == {account}


@each_half
def test_a_half_inherits_its_parents_provider(half: Half) -> None:
    make, account = half

    def program() -> dict[str, Any]:
        provider = aws.Provider(account)
        parent = pulumi.ComponentResource(
            "test:index:Parent", "parent", None, Options(providers=[provider])
        )
        return make(Options(parent=parent))

    found = run(program)
    assert {made.provider for made in found.made if made.type.startswith("aws:")} == {account}
    assert {call.provider for call in found.calls} == {account}
    kind = "TrustedRole" if account == "destination" else "AssumeRoleGrant"
    assert found.one(kind).parent == "test:index:Parent::parent"


@each_half
def test_the_children_keep_to_the_provider_of_the_options_where_the_parent_has_another(
    half: Half,
) -> None:
    make, account = half

    def program() -> dict[str, Any]:
        other = aws.Provider("other")
        parent = pulumi.ComponentResource(
            "test:index:Parent", "parent", None, Options(providers=[other])
        )
        return make(Options(parent=parent, provider=aws.Provider(account)))

    world = World(accounts={"source": SOURCE, "destination": DESTINATION, "other": "444444444444"})
    found = run(program, world=world)
    assert {made.provider for made in found.made if made.type.startswith("aws:")} == {account}
    assert {call.provider for call in found.calls} == {account}


def test_the_unique_ids_are_digested_into_the_trust_where_they_are_given() -> None:
    ids = ["AIDAALICEXXXXXXXXXXX1", "AIDABOBXXXXXXXXXXXXX1"]
    alice, bob = (
        {"user": name, "unique_id": found}
        for name, found in zip(("alice", "bob"), ids, strict=True)
    )
    sids = {
        run(trusted_role(principals=given)).document("Role")["Statement"][0]["Sid"]
        for given in ([alice, bob], [bob, alice], [bob | {"unique_id": output(ids[1])}, alice])
    }
    assert sids == {"Trust2c64f87e481a"}
    assert run(trusted_role()).document("Role")["Statement"][0]["Sid"] == "Trust"


def test_a_role_granted_elsewhere_is_reached_by_its_arn_in_that_account() -> None:
    arn = "arn:aws:iam::333333333333:role/team/deploy"
    found = run(assume_role_grant(role_arns={"deploy": arn}))
    assert found.document("Policy")["Statement"][0]["Resource"] == [arn]


def test_the_lengths_of_arns_that_are_outputs_decide_how_many_policies_hold_them() -> None:
    names = [f"role-{number}" for number in range(60)]
    arns = {name: output(role_arn(name)) for name in names}
    assert len(run(assume_role_grant(role_arns=arns)).of("Policy")) == 2
    lengths = {name: len(role_arn(name)) for name in names}
    assert len(run(assume_role_grant(role_arns=arns, role_arn_lengths=lengths)).of("Policy")) == 1
