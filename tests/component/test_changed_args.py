"""What a caller changes in its args after the constructor returned changes nothing of what is made.

Each case changes the args at one depth, with plain values or Outputs beside what is changed. The
same program without the change must make, look up and tell exactly the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import (
    AssumeRoleGrant,
    CrossAccountAccess,
    MultiAccountAccess,
    TrustedRole,
)
from tests.component.harness import run
from tests.component.programs import ACCOUNTS, STAGING, filled, output, outputs, secret, wide
from tests.component.world import SOURCE, role_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[Any], object]

EXTERNAL_ID = secret("swordfish-7f3a")
MALLORY = {"user": "mallory"}
PASS = {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
IPS = ["203.0.113.7", output("203.0.113.8")]


def access(**grant: Any) -> dict[str, Any]:
    """The args of a `CrossAccountAccess` with one grant."""
    return {"grants": {"deploy": {"principals": [{"user": "alice"}], **grant}}}


def many(**changes: Any) -> dict[str, Any]:
    """The args of a `MultiAccountAccess` with a grant, and one to all accounts beside it."""
    staging = STAGING | {"groups": ["workloads", "tests"]}
    grants = {"read": wide(**changes), "all": wide(principals=[{"user": "bob"}])}
    return {"accounts": ACCOUNTS | {"staging": staging}, "grants": grants}


def trusted(**args: Any) -> dict[str, Any]:
    """The args of a `TrustedRole`."""
    return {"principals": [{"user": "alice"}], "source_account_id": output(SOURCE), **args}


def granted(**args: Any) -> dict[str, Any]:
    """The args of an `AssumeRoleGrant`."""
    arns = {"deploy": output(role_arn("deploy")), "read": role_arn("read")}
    return {"principal": {"user": "alice"}, "role_arns": arns, **args}


def replace(key: Any, value: Any) -> Change:
    return lambda part: part.__setitem__(key, filled(value))


def at(*steps: Any, then: Change) -> Change:
    """A change of a part."""

    def change(args: Any) -> None:
        for step in steps:
            args = args[step]
        then(args)

    return change


def pop(key: Any) -> Change:
    return lambda part: part.pop(key)


def append(value: Any) -> Change:
    return lambda part: part.append(filled(value))


WITH_ID = {"external_id": EXTERNAL_ID, "mfa": True}
OWN = [{"user": "alice", "conditions": WITH_ID}, {"user": "bob"}]
GRANT = ("grants", "deploy")

ACCESS: dict[str, tuple[dict[str, Any], Change]] = {
    "MFA taken away beside a secret": (
        access(conditions=WITH_ID),
        at(*GRANT, "conditions", then=replace("mfa", value=False)),
    ),
    "a condition popped beside a secret": (
        access(conditions=WITH_ID),
        at(*GRANT, "conditions", then=pop("mfa")),
    ),
    "a secret popped": (
        access(conditions=WITH_ID),
        at(*GRANT, "conditions", then=pop("external_id")),
    ),
    "an Output before others replaced by a plain value": (
        access(conditions={"source_ips": IPS, "external_id": EXTERNAL_ID}),
        at(*GRANT, "conditions", "source_ips", then=replace(1, "203.0.113.99")),
    ),
    "an address added": (
        access(conditions={"source_ips": IPS}),
        at(*GRANT, "conditions", "source_ips", then=append("198.51.100.1")),
    ),
    "a plain condition changed": (
        access(conditions={"mfa": True}),
        at(*GRANT, "conditions", then=replace("mfa", value=False)),
    ),
    "a plain value of a raw condition changed": (
        access(conditions={"raw": {"StringEquals": {"aws:PrincipalTag/team": ["blue"]}}}),
        at(*GRANT, "conditions", "raw", "StringEquals", then=pop("aws:PrincipalTag/team")),
    ),
    "a principal's own condition popped": (
        access(principals=OWN),
        at(*GRANT, "principals", 0, "conditions", then=pop("mfa")),
    ),
    "a policy's ARN replaced": (
        access(role={"managed_policy_arns": {"own": output("arn:aws:iam::aws:policy/A")}}),
        at(*GRANT, "role", "managed_policy_arns", then=replace("own", "arn:aws:iam::aws:policy/B")),
    ),
    "a plain policy's ARN replaced": (
        access(role={"managed_policies": ["ReadOnlyAccess"]}),
        at(*GRANT, "role", "managed_policies", then=replace(0, "AdministratorAccess")),
    ),
    "a plain boundary popped": (
        access(role={"permissions_boundary": "ReadOnlyAccess"}),
        at(*GRANT, "role", then=pop("permissions_boundary")),
    ),
    "a plain statement widened": (
        access(role={"inline_policies": {"pass": PASS}}),
        at(
            *GRANT, "role", "inline_policies", "pass", "Statement", 0, then=replace("Action", "*")
        ),
    ),
}  # fmt: skip

READ = ("grants", "read")
FLEET: dict[str, tuple[dict[str, Any], Change]] = {
    "a group given to an account": (
        many(),
        at("accounts", "people", then=replace("groups", ["x"])),
    ),
    "a group taken from an account": (
        many(),
        at("accounts", "staging", "groups", then=lambda groups: groups.clear()),
    ),
    "an account taken away": (many(), at("accounts", then=pop("staging"))),
    "a provider taken away": (many(), at("accounts", "production", then=pop("provider"))),
    "an account's ID changed": (
        many(),
        at("accounts", "staging", then=replace("account_id", "555555555555")),
    ),
    "a destination added": (many(), at(*READ, "destinations", then=append("people"))),
    "the exclusion taken away": (many(exclude=["tests"]), at(*READ, "exclude", then=pop(0))),
    "a principal's account changed": (
        many(principals=[{"user": "bob", "source": "people"}]),
        at(*READ, "principals", 0, then=replace("source", "staging")),
    ),
    "a condition popped beside a secret": (
        many(conditions=WITH_ID),
        at(*READ, "conditions", then=pop("mfa")),
    ),
}

TRUSTED: dict[str, tuple[dict[str, Any], Change]] = {
    "MFA taken away beside a secret": (
        trusted(conditions=WITH_ID),
        at("conditions", then=replace("mfa", value=False)),
    ),
    "a condition popped beside a secret": (
        trusted(conditions=WITH_ID),
        at("conditions", then=pop("mfa")),
    ),
    "a secret popped": (trusted(conditions=WITH_ID), at("conditions", then=pop("external_id"))),
    "a principal's own condition popped": (
        trusted(principals=OWN),
        at("principals", 0, "conditions", then=pop("mfa")),
    ),
    "a user replaced beside a secret": (
        trusted(conditions=WITH_ID),
        at("principals", 0, then=replace("user", "mallory")),
    ),
    "an address added": (
        trusted(conditions={"source_ips": IPS}),
        at("conditions", "source_ips", then=append("198.51.100.1")),
    ),
    "all conditions popped": (trusted(principals=OWN), at("principals", 0, then=pop("conditions"))),
}

GRANTED: dict[str, tuple[dict[str, Any], Change]] = {
    "a user that is an Output popped": (
        granted(principal={"user": output("alice"), "label": "a"}),
        at("principal", then=pop("user")),
    ),
    "a user that is an Output replaced": (
        granted(principal={"user": output("alice"), "label": "a"}),
        at("principal", then=replace("user", "mallory")),
    ),
    "an ARN that is an Output replaced": (
        granted(principal={"arn": output(f"arn:aws:iam::{SOURCE}:user/alice"), "label": "a"}),
        at("principal", then=replace("arn", f"arn:aws:iam::{SOURCE}:user/mallory")),
    ),
}

CASES = [
    pytest.param(component, args, change, id=f"{component.__name__}: {what}")
    for component, table in (
        (CrossAccountAccess, ACCESS),
        (MultiAccountAccess, FLEET),
        (TrustedRole, TRUSTED),
        (AssumeRoleGrant, GRANTED),
    )
    for what, (args, change) in table.items()
]


def program(component: Any, args: dict[str, Any], change: Change) -> Callable[[], dict[str, Any]]:
    def run_it() -> dict[str, Any]:
        source, destination = aws.Provider("source"), aws.Provider("destination")
        given = filled(args)
        if component is CrossAccountAccess:
            given |= {"source_provider": source, "destination_provider": destination}
        provider = source if component is AssumeRoleGrant else destination
        made = component("team", given, pulumi.ResourceOptions(provider=provider))
        change(given)
        return outputs(made)

    return run_it


@pytest.mark.parametrize(("component", "args", "change"), CASES)
def test_a_change_after_the_constructor_changes_nothing(
    component: Any, args: dict[str, Any], change: Change
) -> None:
    kept, changed = (run(program(component, args, then)) for then in ((lambda _: None), change))
    assert sorted(changed.made, key=repr) == sorted(kept.made, key=repr)
    assert changed.asked() == kept.asked()
    assert changed.outputs == kept.outputs


def test_conditions_used_again_for_the_next_component_keep_the_first_ones_mfa() -> None:
    def two() -> dict[str, Any]:
        provider = pulumi.ResourceOptions(provider=aws.Provider("destination"))
        args: Any = {"principals": [{"user": "alice"}], "source_account_id": SOURCE}
        args["conditions"] = {"external_id": pulumi.Output.secret("swordfish-7f3a")}
        roles = {}
        for name, mfa in (("first", True), ("second", False)):
            args["conditions"]["mfa"] = mfa
            roles[name] = TrustedRole(name, args, provider)
        return {name: role.role_arn for name, role in roles.items()}

    trust = run(two).document("Role", "first")
    assert trust["Statement"][0]["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}


def test_ignored_changes_added_to_the_options_later_are_not_ignored() -> None:
    def changed() -> dict[str, Any]:
        ignored = ["description"]
        options = pulumi.ResourceOptions(
            provider=aws.Provider("destination"), ignore_changes=ignored
        )
        args: Any = {"principals": [{"user": "alice"}], "source_account_id": SOURCE}
        role = TrustedRole("reader", args, options)
        ignored.append("assumeRolePolicy")
        return {"arn": role.role_arn}

    assert run(changed).one("Role").options.ignore_changes == ("description",)
