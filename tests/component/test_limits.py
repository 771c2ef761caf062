"""The quotas that AWS raises, and inline policies together, where values are known late too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.component.harness import run
from tests.component.programs import (
    access,
    assume_role_grant,
    fleet,
    grant,
    output,
    secret,
    trusted_role,
    wide,
)
from tests.component.refusals import refused_at_once, report
from tests.component.world import role_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.harness import Program

ACCESS, FLEET, ROLE = "CrossAccountAccess team", "MultiAccountAccess team", "TrustedRole reader"


def of_pair(limits: dict[str, int], **more: Any) -> Program:
    return access({"deploy": grant(**more)}, limits=limits)


def of_fleet(limits: dict[str, int], **more: Any) -> Program:
    return fleet({"deploy": wide(**more)}, limits=limits)


def of_role(limits: dict[str, int], **more: Any) -> Program:
    return trusted_role(limits=limits, **more)


FORMS = pytest.mark.parametrize(
    ("form", "component", "start"),
    [(of_pair, ACCESS, "grants.deploy."), (of_fleet, FLEET, "grants.deploy."), (of_role, ROLE, "")],
    ids=["pair", "fleet", "role"],
)


def late_users(count: int, hide: Any = output) -> list[dict[str, Any]]:
    """Users whose names take 61 characters and are known late."""
    return [
        {"user": hide(f"{'a' * 58}{number:03}"), "label": str(number)} for number in range(count)
    ]


@FORMS
def test_a_trust_policy_that_is_known_late_is_within_the_limit(
    form: Callable[..., Program], component: str, start: str
) -> None:
    program = form({}, principals=late_users(25))
    refused, problems, found = report(program)
    assert (refused, problems) == (component, [(f"{start}principals", "trust-policy-too-long")])
    assert found.of("Role") == []
    raised = {"trust_policy_characters": 4096}
    for role in run(form(raised, principals=late_users(25))).of("Role"):
        assert 2048 < len(role.inputs["assumeRolePolicy"]) <= 4096
    refused, problems, _ = report(form(raised, principals=late_users(50)))
    assert (refused, problems) == (component, [(f"{start}principals", "trust-policy-too-long")])


@FORMS
def test_a_role_has_as_many_policies_as_the_limit_says(
    form: Callable[..., Program], component: str, start: str
) -> None:
    def of(count: int, limits: dict[str, int]) -> Program:
        return form(limits, role={"managed_policies": [f"AmazonP{n}" for n in range(count)]})

    path = f"{start}role.managed_policies"
    refused_at_once(of(26, {}), component, (path, "too-many-managed-policies"))
    lowered = {"policies_per_role": 4}
    refused_at_once(of(5, lowered), component, (path, "too-many-managed-policies"))


def find_warnings(program: Program) -> list[str]:
    return [line for line in run(program).log if "managed policies" in line]


def test_more_policies_than_aws_s_default_are_warned_of_until_the_limit_is_set() -> None:
    role = {"managed_policies": [f"AmazonP{number}" for number in range(11)]}
    (warning,) = find_warnings(of_pair({}, role=role))
    assert "limits.policiesPerRole" in warning
    assert find_warnings(of_pair({"policies_per_role": 11}, role=role)) == []


@pytest.mark.parametrize(
    ("principal", "limits", "policies"),
    [
        ({"user": "alice"}, {"policies_per_user": 12}, 12),
        ({"role": "ci"}, {"policies_per_role": 13}, 13),
    ],
    ids=str,
)
def test_a_principal_has_as_many_policies_as_the_limit_says(
    principal: dict[str, str], limits: dict[str, int], policies: int
) -> None:
    def arns(count: int) -> dict[str, str]:
        return {f"r{n:04}": role_arn(f"{'p' * 400}/role-{n:04}") for n in range(count)}

    room = 13  # roles in a policy
    right = run(assume_role_grant(principal=principal, role_arns=arns(12 * 11), limits=limits))
    assert 10 < len(right.of("Policy")) <= policies
    too_many = arns(room * policies + 1)
    refused_at_once(
        assume_role_grant(principal=principal, role_arns=too_many, limits=limits),
        "AssumeRoleGrant reach",
        ("role_arns", "too-many-roles"),
    )


def inline_policies(*sizes: int, hide: Any = output) -> dict[str, Any]:
    """Inline policies whose resources are known late and have so many characters."""
    return {
        f"policy-{number}": {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "s3:*",
                    "Resource": hide("arn:aws:s3:::" + "b" * size),
                }
            ]
        }
        for number, size in enumerate(sizes)
    }


@FORMS
@pytest.mark.parametrize("hide", [output, secret], ids=["output", "secret"])
def test_inline_policies_are_counted_together_once_all_are_known(
    form: Callable[..., Program], component: str, start: str, hide: Any
) -> None:
    def of(*sizes: int) -> Program:
        return form({}, role={"inline_policies": inline_policies(*sizes, hide=hide)})

    assert run(of(5000, 4900)).of("RolePolicy")
    refused, problems, found = report(of(5000, 5200))
    assert found.of("RolePolicy") == []
    path = f"{start}role.inline_policies"
    assert (refused, problems) == (component, [(path, "inline-policies-too-long")])


@FORMS
def test_the_policy_of_a_role_that_assumes_itself_is_counted_with_its_whole_arn_and_actions(
    form: Callable[..., Program], component: str, start: str
) -> None:
    """One character less fits, whether a policy is known at once or late, whatever the name."""
    name = {} if component != ROLE else {"name": "n" * 64}

    def of(size: int, hide: Any) -> Program:
        policies = inline_policies(size, hide=hide)
        return form(
            {},
            role={"self_assuming": True, "inline_policies": policies, **name},
            conditions={"allow_session_tags": True, "allow_source_identity": True},
        )

    (role, *_) = run(of(9000, str)).of("Role")
    written = run(of(9000, str)).of("RolePolicy")
    own = [one.inputs["policy"] for one in written if one.inputs["role"] == role.inputs["name"]]
    most = 9000 + 10_240 - sum(map(len, own))
    path = f"{start}role.inline_policies"
    for hide in (str, output, secret):
        assert run(of(most, hide)).of("RolePolicy")
        refused, problems, _ = report(of(most + 1, hide))
        assert (refused, problems) == (component, [(path, "inline-policies-too-long")])
    refused_at_once(of(most + 1, str), component, (path, "inline-policies-too-long"))
