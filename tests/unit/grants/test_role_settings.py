"""The destination role's settings, and what can be wrong between them."""

from __future__ import annotations

from typing import Any

import pytest

from cross_account_access.grants import roles
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.roles import RoleModel
from tests.unit.reading import DESTINATION, OTHER, QUOTES, messages, refusal, told

OWN = f"arn:aws:iam::{DESTINATION}:policy/team/deploy"
THIRD = f"arn:aws:iam::{OTHER}:policy/x"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


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
        (READ_ONLY, READ_ONLY),
        (OWN, OWN),
    ],
)
def test_a_managed_policy_is_aws_s_by_name_or_any_by_arn(policy: str, arn: str) -> None:
    assert roles.check_managed_policy(policy) == policy
    assert roles.resolve_policy_arn(policy, "aws-cn", DESTINATION) == arn


def test_a_policy_of_a_third_account_can_not_be_attached() -> None:
    assert told(lambda arn: roles.resolve_policy_arn(arn, "aws", DESTINATION), THIRD) == (
        f'here: "{THIRD}": a role takes policies of AWS\'s and of its own account, {DESTINATION}.'
    )


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (f"arn:aws:iam::{DESTINATION}:role/x", "a managed policy's ARN is "),
        (f"arn:aws:iam::{DESTINATION}:policy/", "a managed policy's ARN is "),
        ("arn:aws:s3:::bucket", "a managed policy's ARN is "),
        (f"arn:aws:iam::{DESTINATION}:policy/a b", "a policy name must have 1–128 characters"),
        (
            f"arn:aws:iam::{DESTINATION}:policy/{'x' * 129}",
            "a policy name must have 1–128 characters",
        ),
        (f"arn:aws:iam::{DESTINATION}:policy/a:b/x", "a policy's path must have 1–512 characters"),
        ("Read Only", "a policy name must have 1–128 characters"),
        ("", "a policy name must have 1–128 characters"),
        ("x" * 129, "a policy name must have 1–128 characters"),
        ("job function/x", "a policy's path must have 1–512 characters"),
        (5, "a managed policy is given by the name of one of AWS's, or by its ARN"),
        (None, "a managed policy is given by the name of one of AWS's, or by its ARN"),
    ],
)
def test_what_is_no_managed_policy_is_refused(policy: object, rule: str) -> None:
    assert refusal(roles.check_managed_policy, policy).rule.startswith(rule)


def test_an_arn_alone_may_be_asked_for() -> None:
    assert roles.check_managed_policy_arn(OWN) == OWN
    assert told(roles.check_managed_policy_arn, "ReadOnlyAccess") == (
        'here: "ReadOnlyAccess": a managed policy\'s ARN is arn:aws:iam::ACCOUNT:policy/NAME, '
        "ACCOUNT aws for AWS's own."
    )


@pytest.mark.parametrize(
    ("arn", "remedy"),
    [
        ("x", ""),
        (5, ""),
        ("arn:aws:iam::aws:role/x", ""),
        (f"arn:aws:iam::{OTHER}:user/x", ""),
        (
            f"arn:aws:sts::{OTHER}:assumed-role/ci/me",
            f"This is one session of a role; the role's own ARN is arn:aws:iam::{OTHER}:role/ci, with its path",
        ),
    ],
)
def test_what_is_no_roles_arn_is_refused(arn: object, remedy: str) -> None:
    refused = refusal(roles.check_role_arn, arn)
    assert (refused.rule, refused.remedy) == (
        "a role's ARN is arn:aws:iam::ACCOUNT:role/NAME",
        remedy,
    )


@pytest.mark.parametrize(
    ("arn", "rule"),
    [
        (f"arn:aws:iam::{OTHER}:role/*", "a role name must have 1–64 characters"),
        (f"arn:aws:iam::{OTHER}:role/{'x' * 65}", "a role name must have 1–64 characters"),
        (f"arn:aws:iam::{OTHER}:role/*/deploy", "a path must not contain *, ? or ${"),
        (
            f"arn:aws:iam::{OTHER}:role/${{aws:username}}/deploy",
            "a path must not contain *, ? or ${",
        ),
    ],
)
def test_a_roles_arn_that_is_a_pattern_is_refused(arn: str, rule: str) -> None:
    assert refusal(roles.check_role_arn, arn).rule.startswith(rule)


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


TWICE = "a policy is attached once"


@pytest.mark.parametrize(
    ("role", "message"),
    [
        (
            {"managed_policies": ["A", "B", "A"]},
            f'managed_policies[2]: "A": {TWICE}.',
        ),
        (
            {"managed_policies": ["ReadOnlyAccess", READ_ONLY]},
            f'managed_policies[1]: "{READ_ONLY}": {TWICE}.',
        ),
        (
            {"managed_policies": [OWN], "managed_policy_arns": {"own": OWN}},
            f'managed_policy_arns.own: "{OWN}": {TWICE}.',
        ),
        (
            {"managed_policy_arns": {"one": OWN, "two": OWN}},
            f'managed_policy_arns.two: "{OWN}": {TWICE}.',
        ),
        (
            {"managed_policies": [f"P{n}" for n in range(21)]},
            "managed_policies: 21: at most 20 managed policies attach to a role.",
        ),
        (
            {"managed_policies": [f"P{n}" for n in range(20)], "managed_policy_arns": {"own": OWN}},
            "managed_policies: 21: at most 20 managed policies attach to a role.",
        ),
        (
            {"managed_policy_arns": {"a b": OWN}},
            'managed_policy_arns.a b: "a b": a label must have 1–128 characters: letters, digits and _+=,.@-.',
        ),
        (
            {"inline_policies": {"a b": allow("*")}},
            'inline_policies.a b: "a b": a policy name must have 1–128 characters: letters, digits and _+=,.@-.',
        ),
        (
            {"inline_policies": {5: allow("*")}},
            f"inline_policies.5: 5: a policy name must be a string. {QUOTES}",
        ),
        (
            {"inline_policies": {"a": allow()}},
            "inline_policies.a.Statement[0].Resource: []: Resource is text or a list of texts.",
        ),
        (
            {"permissions_boundary": "a b"},
            'permissions_boundary: "a b": a policy name must have 1–128 characters: letters, digits and _+=,.@-.',
        ),
    ],
)
def test_a_wrong_setting_is_refused(role: dict[str, Any], message: str) -> None:
    assert messages(RoleModel, role) == [message]


def test_twenty_policies_attach_and_the_boundary_is_not_one_of_them() -> None:
    role = read_model(
        RoleModel, {"managed_policies": [f"P{n}" for n in range(20)], "permissions_boundary": "P1"}
    )
    assert len(role.managed_policies) == 20


def test_policies_of_one_name_are_two_where_one_is_the_accounts_own() -> None:
    own = f"arn:aws:iam::{DESTINATION}:policy/ReadOnlyAccess"
    assert read_model(
        RoleModel, {"managed_policies": ["ReadOnlyAccess", own]}
    ).managed_policies == [
        "ReadOnlyAccess",
        own,
    ]


def test_inline_policies_share_one_quota_of_10240_characters() -> None:
    filler = "arn:aws:s3:::"
    empty = len(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":[""]}]}'
    )
    room = 10240 - 2 * empty - 2 * len(filler)
    within = {"one": allow(filler), "two": allow(filler + "x" * room)}
    above = {"one": allow(filler), "two": allow(filler + "x" * (room + 1))}
    assert read_model(RoleModel, {"inline_policies": within}).inline_policies == within
    assert messages(RoleModel, {"inline_policies": above}) == [
        (
            "inline_policies: 10241: a role's inline policies have at most 10240 characters together, white space not "
            "counted. Make a managed policy of one"
        )
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
        lambda account: read_model(RoleModel, role).check_account(account, ("role",)), DESTINATION
    )
    assert (refused.where, refused.value) == (("role", *steps), THIRD)
    assert refused.rule == f"a role takes policies of AWS's and of its own account, {DESTINATION}"


def test_policies_of_the_roles_own_account_and_of_aws_are_taken() -> None:
    role = {"managed_policies": ["ReadOnlyAccess", OWN], "permissions_boundary": OWN}
    read_model(RoleModel, role).check_account(DESTINATION, ("role",))
