"""What an `AssumeRoleGrant` plans: the same in every stack, in as many policies as attach."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cross_account_access.errors import Refusal
from cross_account_access.grants.assume_role_grant import AssumeRoleGrantModel, RolePlace
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.policies import build_planned_policy

ROLES = {
    f"read-only-{number}@account-{account}": RolePlace(
        f"account-{account}", f"/team/read-only-{number}"
    )
    for account in range(300)
    for number in range(5)
}


def arn_of(place: RolePlace) -> str:
    number = int(place.account.removeprefix("account-"))
    return f"arn:aws:iam::{222222222222 + number}:role{place.name}"


def grant_of(roles: dict[str, RolePlace], *, known: bool, **more: Any) -> AssumeRoleGrantModel:
    arns = {name: arn_of(place) if known else Unresolved() for name, place in roles.items()}
    return read_model(
        AssumeRoleGrantModel, {"principal": {"group": "people"}, "role_arns": arns, **more}
    )


def test_300_accounts_of_5_roles_are_one_policy_of_a_group() -> None:
    planned = grant_of(ROLES, known=False).plan("team-group-people", ROLES)
    assert list(planned) == ["team-group-people"]
    resolved = grant_of(ROLES, known=True).list_roles()
    document = json.loads(build_planned_policy(planned["team-group-people"], resolved))
    (statement,) = document["Statement"]
    assert len(statement["Resource"]) == 5
    assert len(statement["Condition"]["StringEquals"]["aws:ResourceAccount"]) == 300


@pytest.mark.parametrize("accounts", [20, 300])
def test_a_stack_that_knows_the_arns_plans_as_one_that_does_not(accounts: int) -> None:
    roles = {name: place for name, place in ROLES.items() if int(place.account[8:]) < accounts}
    assert grant_of(roles, known=True).plan("x", roles) == grant_of(roles, known=False).plan(
        "x", roles
    )


def test_arns_that_are_given_need_no_places() -> None:
    (plan,) = grant_of(ROLES, known=True).plan("x").values()
    assert len(plan.grouped) == len(ROLES)


def test_outputs_without_places_are_refused_where_their_arns_do_not_fit() -> None:
    with pytest.raises(Refusal) as refused:
        grant_of(ROLES, known=False).plan("x")
    assert refused.value.code == "too-many-roles"
    assert "by names and accounts" not in refused.value.rule


def test_every_policy_has_a_name_of_its_own() -> None:
    roles = {name: place for name, place in ROLES.items() if int(place.account[8:]) < 60}
    planned = grant_of(roles, known=False).plan("team-group-people", roles)
    assert list(planned) == ["team-group-people", "team-group-people-2", "team-group-people-3"]


UNKNOWN_ARN = {"arn": Unresolved(), "label": "x"}


@pytest.mark.parametrize(
    ("principal", "limits", "attached", "origin"),
    [
        ({"user": "alice"}, {}, 10, "AWS's default"),
        ({"user": "alice"}, {"policies_per_user": 3}, 3, "limits.policiesPerUser"),
        ({"user": "alice"}, {"policies_per_user": 20}, 20, "AWS's maximum"),
        ({"user": "alice"}, {"policies_per_role": 20}, 10, "AWS's default"),
        ({"role": "ci"}, {"policies_per_role": 12}, 12, "limits.policiesPerRole"),
        ({"role": "ci"}, {"policies_per_role": 25}, 25, "AWS's maximum"),
        ({"role": "ci"}, {"policies_per_user": 20}, 10, "AWS's default"),
        ({"group": "x"}, {"policies_per_user": 20, "policies_per_role": 25}, 10, "AWS's maximum"),
        ({"group": "x"}, {"policies_per_user": 3, "policies_per_role": 1}, 3, "policiesPerUser"),
        # Of an unknown ARN it isn't known whether it is a user's or a role's.
        (UNKNOWN_ARN, {"policies_per_role": 25}, 10, "AWS's default"),
        (UNKNOWN_ARN, {"policies_per_user": 15, "policies_per_role": 25}, 15, "policiesPerUser"),
        (UNKNOWN_ARN, {"policies_per_user": 20, "policies_per_role": 12}, 12, "policiesPerRole"),
    ],
    ids=lambda value: "unknown" if value is UNKNOWN_ARN else str(value),
)
def test_as_many_policies_are_planned_as_attach_to_the_principal(
    principal: dict[str, Any], limits: dict[str, int], attached: int, origin: str
) -> None:
    unknown = {f"role-{number}": Unresolved() for number in range(57 * attached)}

    def plan(roles: dict[str, Unresolved]) -> int:
        data = {"principal": principal, "role_arns": roles, "limits": limits}
        return len(read_model(AssumeRoleGrantModel, data).plan("x"))

    assert plan(unknown) == attached
    with pytest.raises(Refusal) as refused:
        plan(unknown | {"one-more": Unresolved()})
    assert f"{attached} of 6144 characters" in refused.value.rule
    assert origin in refused.value.rule
    assert ("limits." in refused.value.remedy) is (origin != "AWS's maximum")


def test_a_role_may_be_called_by_the_longest_grant_and_account() -> None:
    name = f"{'g' * 64}@{'a' * 64}"
    roles = {name: RolePlace("a" * 64, f"/{'g' * 64}")}
    assert [plan.roles for plan in grant_of(roles, known=False).plan("x", roles).values()] == [
        (name,)
    ]
