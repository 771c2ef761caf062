"""What Pulumi names is named so that AWS takes it, and no two resources the same."""

from __future__ import annotations

import pytest

from tests.component.harness import run
from tests.component.programs import access, assume_role_grant, grant, output, trusted_role
from tests.component.refusals import refused_at_once
from tests.component.world import ci_arn

POLICY = "a policy name must have 1–128 characters: letters, digits and _+=,.@-"
ROLE = "a role name must have 1–64 characters: letters, digits and _+=,.@-"


def adds(name: str) -> str:
    return f"Pulumi adds eight characters to {name}: choose another name for the component, or a label in it"


def test_a_label_that_makes_a_policys_name_too_long_is_refused() -> None:
    fits, long = "x" * (128 - len("team-arn-") - 8), "x" * (129 - len("team-arn-") - 8)
    given = {"arn": output(ci_arn("ci")), "label": fits}
    assert (
        run(access({"deploy": grant(principals=[given])})).one("Policy").name == f"team-arn-{fits}"
    )
    refused_at_once(
        access({"deploy": grant(principals=[given | {"label": long}])}),
        "CrossAccountAccess team",
        f'grants.deploy.principals[0]: "{long}": {POLICY}. {adds(f"team-arn-{long}")}',
    )


@pytest.mark.parametrize("name", ["a team", "team/a", "x" * 121])
def test_a_components_name_that_no_policy_can_have_is_refused(name: str) -> None:
    told = f"role_arns: 1: {POLICY}. {adds(name)}"
    refused_at_once(assume_role_grant(name), f"AssumeRoleGrant {name}", told)


@pytest.mark.parametrize("name", ["a team", "team/a", "x" * 57])
def test_a_components_name_that_no_role_can_have_is_refused(name: str) -> None:
    refused_at_once(
        trusted_role(name, role={}), f"TrustedRole {name}", f"role.name: {ROLE}. {adds(name)}"
    )
    assert run(trusted_role(name, role={"name": "deploy"})).one("Role").inputs["name"] == "deploy"


def test_a_second_policy_that_would_be_called_as_anothers_first_is_refused() -> None:
    many = {f"role-{number}": grant(principals=[{"user": "ci"}]) for number in range(130)}
    assert len(run(access(many)).of("Policy")) > 1
    refused_at_once(
        access(many | {"other": grant(principals=[{"user": "ci-2"}])}),
        "CrossAccountAccess team",
        'grants.other.principals[0]: "ci-2": two resources would be called Policy/team-user-ci-2. '
        "Give the principal another label",
    )


@pytest.mark.parametrize("key", ["role_arn_lengths", "role_actions"])
def test_what_is_said_of_a_role_that_is_not_there_is_refused(key: str) -> None:
    value: object = (
        {"deploy": 64, "depoly": 64} if key == "role_arn_lengths" else {"deploy": [], "depoly": []}
    )
    refused_at_once(
        assume_role_grant(**{key: value}),
        "AssumeRoleGrant reach",
        f"{key}.depoly: there is no role of this name in role_arns.",
    )
