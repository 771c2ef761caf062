"""The quotas that AWS raises: which limit holds for a grant, and how it is raised."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.grants.account_limits import LimitsModel
from cross_account_access.grants.grant_set import AccessModel
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.trusted_role import TrustedRoleModel
from cross_account_access.iam import quotas
from tests.unit.reading import SOURCE, problems

if TYPE_CHECKING:
    from cross_account_access.grants.model import Model


def users(count: int) -> list[dict[str, Any]]:
    return [{"user": f"user-{number:03}"} for number in range(count)]


def in_grant(grant: dict[str, Any], limits: dict[str, Any]) -> tuple[type[Model], dict[str, Any]]:
    return AccessModel, {"grants": {"deploy": grant}, "limits": limits}


def in_role(grant: dict[str, Any], limits: dict[str, Any]) -> tuple[type[Model], dict[str, Any]]:
    return TrustedRoleModel, {"source_account_id": SOURCE, **grant, "limits": limits}


ROLE, NAME = (quotas.POLICIES_PER_ROLE, "limits.policiesPerRole (policies_per_role in Python)")
FORMS = pytest.mark.parametrize(
    ("form", "start"), [(in_grant, "grants.deploy."), (in_role, "")], ids=["grant", "role"]
)


def test_the_quotas_are_aws_s() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    known = (
        quotas.TRUST_POLICY_CHARACTERS,
        quotas.POLICIES_PER_USER,
        quotas.POLICIES_PER_ROLE,
        quotas.POLICIES_PER_GROUP,
    )
    assert [(one.default, one.allowed.most) for one in known] == [
        (2048, 8192),
        (10, 20),
        (10, 25),
        (10, 10),
    ]


@pytest.mark.parametrize(
    ("quota", "given", "most", "origin", "remedy"),
    [
        (ROLE, None, 10, "AWS's default", f"If AWS has raised the account's quota, set {NAME}"),
        (
            ROLE,
            10,
            10,
            f"the value of {NAME}",
            f"If AWS has raised the account's quota, set {NAME}",
        ),
        (ROLE, 3, 3, f"the value of {NAME}", f"Raise {NAME}"),
        (ROLE, 25, 25, "AWS's maximum", ""),
        (quotas.POLICIES_PER_GROUP, None, 10, "AWS's maximum", ""),
        (quotas.POLICIES_PER_GROUP, 20, 10, "AWS's maximum", ""),
        (
            quotas.POLICIES_PER_GROUP,
            3,
            3,
            "the value of limits.policiesPerUser (policies_per_user in Python)",
            "Raise limits.policiesPerUser (policies_per_user in Python)",
        ),
    ],
)
def test_a_quota_says_which_limit_holds_and_how_it_is_raised(
    quota: quotas.Quota, given: int | None, most: int, origin: str, remedy: str
) -> None:
    quota = replace(quota, given=given)
    assert (quota.most, quota.origin) == (most, origin)
    assert quota.remedy == (f"{remedy}, at most {quota.allowed.most}" if remedy else "")


@FORMS
@pytest.mark.parametrize(
    ("count", "limit", "origin", "raises"),
    [
        (60, None, "2,048 characters, AWS's default", True),
        (60, 2048, "2,048 characters, the value of limits.trustPolicyCharacters", True),
        (120, 4096, "4,096 characters, the value of limits.trustPolicyCharacters", True),
        (200, None, "8,192 characters, AWS's maximum", False),
        (200, 8192, "8,192 characters, AWS's maximum", False),
    ],
)
def test_a_trust_policy_beyond_the_limit_is_refused(
    form: Any, start: str, count: int, limit: int | None, origin: str, *, raises: bool
) -> None:
    limits = {} if limit is None else {"trust_policy_characters": limit}
    (problem,) = problems(*form({"principals": users(count)}, limits))
    assert (problem.path, problem.code) == (f"{start}principals", "trust-policy-too-long")
    assert origin in problem.rule
    assert f": {count} principals in 1 statement" in problem.rule
    assert ("limits.trustPolicyCharacters" in problem.remedy) is raises


@FORMS
@pytest.mark.parametrize(("count", "limit"), [(40, 2048), (60, 2700), (180, 8192)])
def test_a_trust_policy_within_the_limit_is_taken(
    form: Any, start: str, count: int, limit: int
) -> None:
    later = {"user": Unresolved(), "label": "later"}
    grant = {"principals": [*users(count), later]}
    model, data = form(grant, {"trust_policy_characters": limit})
    assert read_model(model, data), start


@FORMS
@pytest.mark.parametrize(
    ("count", "limit", "warned", "refused"),
    [
        (10, None, False, False),
        (11, None, True, False),
        (25, None, True, False),
        (26, None, False, True),
        (12, 12, False, False),
        (13, 12, False, True),
        (6, 5, False, True),
        (25, 25, False, False),
        (26, 25, False, True),
    ],
)
def test_a_roles_policies_are_warned_of_by_default_and_refused_above_a_limit(
    form: Any, start: str, count: int, limit: int | None, *, warned: bool, refused: bool
) -> None:
    limits = {} if limit is None else {"policies_per_role": limit}
    policies = [f"AmazonP{number}" for number in range(count)]
    grant = {"principals": users(1), "role": {"managed_policies": policies}}
    model, data = form(grant, limits)
    found = [(one.path, one.code) for one in problems(model, data)] if refused else []
    path = f"{start}role.managed_policies"
    assert found == ([(path, "too-many-managed-policies")] if refused else [])
    if not refused:
        read: Any = read_model(model, data)
        own = read.grants["deploy"] if start else read
        assert [where for where, _ in own.role.find_warnings(read.limits.of_role)] == (
            [("managed_policies",)] if warned else []
        )


@pytest.mark.parametrize(
    ("data", "path", "code"),
    [
        (
            {"trust_policy_characters": Unresolved()},
            "trust_policy_characters",
            "output-not-allowed",
        ),
        ({"policies_per_user": 20.5}, "policies_per_user", "user-quota-of-policies-not-integer"),
        ({"policies_per_principal": 20}, "policies_per_principal", "unknown-key"),
    ],
)
def test_a_limit_must_be_plain_and_whole(data: dict[str, Any], path: str, code: str) -> None:
    assert [(one.path, one.code) for one in problems(LimitsModel, data)] == [(path, code)]


def test_a_number_of_another_language_is_taken() -> None:
    assert read_model(LimitsModel, {"policies_per_user": 20.0}).policies_per_user == 20


@pytest.mark.parametrize("spelling", ["snake_case", "camelCase"])
def test_the_former_key_is_refused_with_the_new_ones(spelling: Any) -> None:
    key = "policiesPerPrincipal" if spelling == "camelCase" else "policies_per_principal"
    data = {"grants": {"deploy": {"principals": users(1)}}, key: 20}
    with pytest.raises(Exception, match="there is no such key") as refused:
        read_model(AccessModel, data, spelling=spelling)
    new = key.replace("Principal", "User").replace("principal", "user")
    assert f"limits.{new}" in str(refused.value)


def test_a_trust_policy_of_a_role_that_assumes_itself_is_counted_with_its_default_name() -> None:
    def of(name: str) -> dict[str, Any]:
        return {"grants": {name: {"principals": users(40), "role": {"self_assuming": True}}}}

    read_model(AccessModel, of("n"))
    (problem,) = problems(AccessModel, of("n" * 64))
    assert problem.code == "trust-policy-too-long"
