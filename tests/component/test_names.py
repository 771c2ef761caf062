"""What Pulumi names is named so that AWS takes it, and no two resources the same."""

from __future__ import annotations

import pytest

from tests.component.harness import run
from tests.component.programs import access, assume_role_grant, grant, output, trusted_role
from tests.component.refusals import refused_at_once
from tests.component.world import ci_arn


def test_a_label_that_makes_a_policys_name_too_long_is_refused() -> None:
    fits, long = "x" * (128 - len("team-arn-") - 8), "x" * (129 - len("team-arn-") - 8)
    given = {"arn": output(ci_arn("ci")), "label": fits}
    assert (
        run(access({"deploy": grant(principals=[given])})).one("Policy").name == f"team-arn-{fits}"
    )
    refused_at_once(
        access({"deploy": grant(principals=[given | {"label": long}])}),
        "CrossAccountAccess team",
        ("grants.deploy.principals[0]", "policy-name-too-long"),
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a team", "invalid-policy-name"),
        ("team/a", "invalid-policy-name"),
        ("x" * 121, "policy-name-too-long"),
    ],
)
def test_a_components_name_that_no_policy_can_have_is_refused(name: str, code: str) -> None:
    refused_at_once(assume_role_grant(name), f"AssumeRoleGrant {name}", ("role_arns", code))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a team", "invalid-role-name"),
        ("team/a", "invalid-role-name"),
        ("x" * 57, "role-name-too-long"),
    ],
)
def test_a_components_name_that_no_role_can_have_is_refused(name: str, code: str) -> None:
    refused_at_once(trusted_role(name, role={}), f"TrustedRole {name}", ("role.name", code))
    assert run(trusted_role(name, role={"name": "deploy"})).one("Role").inputs["name"] == "deploy"


def test_a_second_policy_that_would_be_called_as_anothers_first_is_refused() -> None:
    many = {f"role-{number}": grant(principals=[{"user": "ci"}]) for number in range(130)}
    assert len(run(access(many)).of("Policy")) > 1
    refused_at_once(
        access(many | {"other": grant(principals=[{"user": "ci-2"}])}),
        "CrossAccountAccess team",
        ("grants.other.principals[0]", "resource-name-taken"),
    )


@pytest.mark.parametrize("key", ["role_arn_lengths", "role_actions"])
def test_what_is_said_of_a_role_that_is_not_there_is_refused(key: str) -> None:
    value: object = (
        {"deploy": 64, "depoly": 64} if key == "role_arn_lengths" else {"deploy": [], "depoly": []}
    )
    refused_at_once(
        assume_role_grant(**{key: value}),
        "AssumeRoleGrant reach",
        (f"{key}.depoly", "unknown-role-name"),
    )
