"""The destination role's settings, and what can be wrong between them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from cross_account_access.grants import roles
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.roles import RoleModel
from cross_account_access.iam.quotas import POLICIES_PER_ROLE, Quota
from tests.unit.reading import DESTINATION, OTHER, codes, refusal

if TYPE_CHECKING:
    from cross_account_access.errors import FieldPath

OWN = f"arn:aws:iam::{DESTINATION}:policy/team/deploy"
THIRD = f"arn:aws:iam::{OTHER}:policy/x"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def in_china(arn: str) -> str:
    return arn.replace("arn:aws:", "arn:aws-cn:")


def allow(*resources: str) -> dict[str, Any]:
    """An identity policy."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": list(resources)}],
    }


def test_a_role_without_settings_has_the_root_path_and_no_permissions() -> None:
    role = read_model(RoleModel, {})
    assert (role.path, role.managed_policies, role.managed_policy_arns, role.inline_policies) == (
        "/",
        [],
        {},
        {},
    )
    assert (
        role.name,
        role.description,
        role.max_session_duration,
        role.permissions_boundary,
        role.tags,
    ) == ((None,) * 4 + ({},))


@pytest.mark.parametrize(
    ("policy", "arn"),
    [
        ("ReadOnlyAccess", "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"),
        ("job-function/ViewOnlyAccess", "arn:aws-cn:iam::aws:policy/job-function/ViewOnlyAccess"),
        *((arn, arn) for arn in (in_china(READ_ONLY), in_china(OWN))),
    ],
)
def test_a_managed_policy_is_aws_s_by_name_or_any_by_arn(policy: str, arn: str) -> None:
    assert roles.check_managed_policy(policy) == policy
    assert roles.resolve_policy_arn(policy, "aws-cn", DESTINATION) == arn


@pytest.mark.parametrize(
    ("policy", "remedy"),
    [
        (READ_ONLY, "Use its name alone: ReadOnlyAccess"),
        (
            "arn:aws-us-gov:iam::aws:policy/job-function/ViewOnlyAccess",
            "Use its name alone: job-function/ViewOnlyAccess",
        ),
        (OWN, "Use the ARN of one that starts with arn:aws-cn:"),
        (f"arn:aws-iso:iam::{OTHER}:policy/x", "Use the ARN of one that starts with arn:aws-cn:"),
    ],
)
def test_a_policy_of_another_partition_can_not_be_attached(policy: str, remedy: str) -> None:
    refused = refusal(lambda arn: roles.resolve_policy_arn(arn, "aws-cn", DESTINATION), policy)
    assert (refused.code, refused.value) == ("policy-in-other-partition", policy)
    assert refused.remedy == remedy


def test_a_policys_partition_is_not_checked_while_the_roles_is_not_known() -> None:
    for policy in (READ_ONLY, OWN, in_china(READ_ONLY), in_china(OWN)):
        assert roles.resolve_policy_arn(policy, None, DESTINATION) == policy


AWS_POLICIES: dict[str, str] = {
    name: data["Path"] for name, data in json.loads(aws_managed_policies_data).items()
}


def test_a_policy_of_aws_s_own_must_have_its_path_if_it_is_a_job_function_s() -> None:
    attachable = {n: path for n, path in AWS_POLICIES.items() if path != "/aws-service-role/"}
    for name, path in attachable.items():
        full = f"{path}{name}".removeprefix("/")
        for given, right in (
            (name, full),
            (f"arn:aws-cn:iam::aws:policy/{name}", f"arn:aws-cn:iam::aws:policy/{full}"),
        ):
            if path == "/job-function/":
                refused = refusal(roles.check_managed_policy, given)
                assert refused.code == "managed-policy-without-path"
                assert refused.remedy == f"Write {right}"
            else:
                assert roles.check_managed_policy(given) == given
            assert roles.check_managed_policy(right) == right
    own = f"arn:aws:iam::{DESTINATION}:policy/Billing"
    assert roles.check_managed_policy(own) == own


@pytest.mark.parametrize(
    "policy",
    [
        "aws-service-role/AWSSupportServiceRolePolicy",
        "arn:aws-us-gov:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy",
    ],
)
def test_a_policy_of_a_service_linked_role_can_not_be_attached(policy: str) -> None:
    assert refusal(roles.check_managed_policy, policy).code == "service-linked-policy"
    own = f"arn:aws:iam::{DESTINATION}:policy/aws-service-role/x"
    assert roles.check_managed_policy(own) == own


def find_warnings(quota: Quota = POLICIES_PER_ROLE, **role: Any) -> list[tuple[FieldPath, str]]:
    return list(read_model(RoleModel, role).find_warnings(quota))


def test_few_of_aws_s_own_policies_are_warned_of_and_none_that_has_its_path() -> None:
    right = [
        f"{path}{name}".removeprefix("/")
        for name, path in AWS_POLICIES.items()
        if path != "/aws-service-role/"
    ]
    warned = [name for name in right if find_warnings(permissions_boundary=name)]
    assert not [name for name in warned if "/" in name]
    assert len(warned) < len(right) / 40
    assert not find_warnings(managed_policies=["SecretsManagerReadWrite"])


def test_most_of_aws_s_policies_for_roles_of_services_are_warned_of_without_their_path() -> None:
    names = [
        name
        for name, path in AWS_POLICIES.items()
        if path == "/service-role/" and name.endswith("Role")
    ]
    for name in names:
        ((where, warning),) = find_warnings(permissions_boundary=name)
        assert where == ("permissions_boundary",)
        assert f"service-role/{name}" in warning
    assert len(names) > 40


@pytest.mark.parametrize("name", ["DeveloperBoundary", "boundary", "CompanyPolicy", "developer"])
def test_a_name_that_is_hardly_aws_s_is_warned_of(name: str) -> None:
    for role, where in (
        ({"permissions_boundary": name}, ("permissions_boundary",)),
        ({"managed_policies": ["ReadOnlyAccess", name]}, ("managed_policies", 1)),
    ):
        ((path, warning),) = find_warnings(**role)
        assert path == where
        assert "arn:aws:iam::ACCOUNT:policy/NAME" in warning


@pytest.mark.parametrize(("count", "warned"), [(10, False), (11, True), (20, True)])
def test_more_policies_than_aws_attaches_by_default_are_warned_of(
    count: int, *, warned: bool
) -> None:
    names = [f"Team{number}Access" for number in range(count)]
    assert bool(find_warnings(managed_policies=names)) is warned


def test_a_policy_of_a_third_account_can_not_be_attached() -> None:
    refused = refusal(lambda arn: roles.resolve_policy_arn(arn, "aws", DESTINATION), THIRD)
    assert (refused.code, refused.value) == ("policy-in-other-account", THIRD)


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (f"arn:aws:iam::{DESTINATION}:role/x", "invalid-managed-policy-arn"),
        (f"arn:aws:iam::{DESTINATION}:policy/", "invalid-managed-policy-arn"),
        ("arn:aws:s3:::bucket", "invalid-managed-policy-arn"),
        (f"arn:aws:iam::{DESTINATION}:policy/a b", "invalid-policy-name"),
        (f"arn:aws:iam::{DESTINATION}:policy/{'x' * 129}", "policy-name-too-long"),
        (f"arn:aws:iam::{DESTINATION}:policy/a:b/x", "invalid-policy-path"),
        ("Read Only", "invalid-policy-name"),
        ("", "policy-name-too-short"),
        ("job function/x", "invalid-policy-path"),
        (5, "invalid-managed-policy"),
        (None, "invalid-managed-policy"),
    ],
)
def test_what_is_no_managed_policy_is_refused(policy: object, code: str) -> None:
    assert refusal(roles.check_managed_policy, policy).code == code


def test_an_arn_alone_may_be_asked_for() -> None:
    assert roles.check_managed_policy_arn(OWN) == OWN
    refused = refusal(roles.check_managed_policy_arn, "ReadOnlyAccess")
    assert refused.code == "invalid-managed-policy-arn"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("x", "invalid-role-arn"),
        (5, "invalid-role-arn"),
        ("arn:aws:iam::aws:role/x", "invalid-role-arn"),
        (f"arn:aws:iam::{OTHER}:user/x", "invalid-role-arn"),
        (f"arn:aws:sts::{OTHER}:assumed-role/ci/me", "invalid-role-arn"),
        (f"arn:aws:iam::{OTHER}:role/*", "invalid-role-name"),
        (f"arn:aws:iam::{OTHER}:role/{'x' * 65}", "role-name-too-long"),
        (f"arn:aws:iam::{OTHER}:role/*/deploy", "path-with-wildcard"),
        (f"arn:aws:iam::{OTHER}:role/${{aws:username}}/deploy", "path-with-wildcard"),
    ],
)
def test_what_is_no_one_roles_arn_is_refused(arn: object, code: str) -> None:
    assert refusal(roles.check_role_arn, arn).code == code


def test_a_roles_arn_is_taken_with_its_path() -> None:
    arn = f"arn:aws-us-gov:iam::{OTHER}:role/team/ci"
    assert roles.check_role_arn(arn) == arn


@pytest.mark.parametrize(
    ("policies", "keys"),
    [
        (["ReadOnlyAccess", READ_ONLY], ["aws-ReadOnlyAccess"] * 2),
        (["job-function/ViewOnlyAccess"], ["aws-ViewOnlyAccess"]),
        (
            [OWN, f"arn:aws:iam::{DESTINATION}:policy/ReadOnlyAccess"],
            ["own-deploy", "own-ReadOnlyAccess"],
        ),
    ],
)
def test_an_attachment_is_called_by_its_policy(policies: list[str], keys: list[str]) -> None:
    assert [roles.build_attachment_key(policy) for policy in policies] == keys


@pytest.mark.parametrize(
    ("role", "code", "path"),
    [
        (
            {"managed_policies": [OWN], "managed_policy_arns": {"own": OWN}},
            "repeated-managed-policy",
            "managed_policy_arns.own",
        ),
        (
            {"managed_policy_arns": {"one": OWN, "two": OWN}},
            "repeated-managed-policy",
            "managed_policy_arns.two",
        ),
        (
            {"managed_policies": [f"P{n}" for n in range(25)], "managed_policy_arns": {"own": OWN}},
            "too-many-managed-policies",
            "managed_policies",
        ),
        ({"inline_policies": {5: allow("*")}}, "policy-name-not-string", "inline_policies.5"),
        (
            {"inline_policies": {"a": allow()}},
            "no-resource",
            "inline_policies.a.Statement[0].Resource",
        ),
    ],
)
def test_a_wrong_setting_is_refused(role: dict[str, Any], code: str, path: str) -> None:
    assert codes(RoleModel, role) == [(code, path)]


def test_25_policies_attach_and_the_boundary_is_not_one_of_them() -> None:
    role = read_model(
        RoleModel, {"managed_policies": [f"P{n}" for n in range(25)], "permissions_boundary": "P1"}
    )
    assert role.number_of_policies == 25


def test_policies_of_one_name_are_two_where_one_is_the_accounts_own() -> None:
    own = f"arn:aws:iam::{DESTINATION}:policy/ReadOnlyAccess"
    assert read_model(
        RoleModel, {"managed_policies": ["ReadOnlyAccess", own]}
    ).managed_policies == ["ReadOnlyAccess", own]


def test_inline_policies_share_one_quota_of_10240_characters() -> None:
    filler = "arn:aws:s3:::"
    empty = len(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":[""]}]}'
    )
    room = 10240 - 2 * empty - 2 * len(filler)
    within = {"one": allow(filler), "two": allow(filler + "x" * room)}
    above = {"one": allow(filler), "two": allow(filler + "x" * (room + 1))}
    assert read_model(RoleModel, {"inline_policies": within}).inline_policies == within
    assert codes(RoleModel, {"inline_policies": above}) == [
        ("inline-policies-too-long", "inline_policies")
    ]


def test_an_inline_policy_with_an_output_inside_is_checked_when_that_is_known() -> None:
    document = {"Statement": [{"Efect": Unresolved()}]}
    assert read_model(RoleModel, {"inline_policies": {"a": document}}).inline_policies == {
        "a": document
    }
    assert roles.has_unresolved(document)
    assert not roles.has_unresolved(allow("*"))


@pytest.mark.parametrize(
    ("role", "steps"),
    [
        ({"managed_policies": ["ReadOnlyAccess", OWN, THIRD]}, ("managed_policies", 2)),
        (
            {"managed_policy_arns": {"later": Unresolved(), "own": THIRD}},
            ("managed_policy_arns", "own"),
        ),
        ({"permissions_boundary": THIRD}, ("permissions_boundary",)),
    ],
)
def test_every_policy_that_is_known_is_checked_against_the_account(
    role: dict[str, Any], steps: tuple[str | int, ...]
) -> None:
    refused = refusal(
        lambda account: read_model(RoleModel, role).check_account(account, None), DESTINATION
    )
    assert (refused.where, refused.value) == (steps, THIRD)
    assert refused.code == "policy-in-other-account"


def test_policies_of_the_roles_own_account_and_of_aws_are_taken() -> None:
    role = {"managed_policies": ["ReadOnlyAccess", OWN], "permissions_boundary": OWN}
    read_model(RoleModel, role).check_account(DESTINATION, "aws")
