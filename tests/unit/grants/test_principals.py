"""Who may be trusted: a user or role by name or ARN, and nobody else.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.grants import principal_names
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.principal_entities import Entity
from cross_account_access.grants.principals import PrincipalModel
from tests.unit.reading import OTHER, SOURCE, codes, refusal

NAMES = st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=64)
# Colons and the words of ARNs in them, so that a path can be taken for a kind.
SEGMENTS = st.lists(
    st.sampled_from(["team", "a:user", "a:role", "user", "role", "x.y"]), max_size=3
)


@pytest.mark.parametrize(
    ("given_as", "entity", "key"),
    [
        ({"user": "alice"}, Entity("user", "/", "alice"), "user-alice"),
        ({"user": "team/alice"}, Entity("user", "/team/", "alice"), "user-alice"),
        ({"role": "ci"}, Entity("role", "/", "ci"), "role-ci"),
        ({"role": "a/b/ci"}, Entity("role", "/a/b/", "ci"), "role-ci"),
        (
            {"arn": f"arn:aws:iam::{SOURCE}:user/alice"},
            Entity("user", "/", "alice", SOURCE, "aws"),
            "user-alice",
        ),
        (
            {"arn": f"arn:aws-cn:iam::{SOURCE}:role/t/ci"},
            Entity("role", "/t/", "ci", SOURCE, "aws-cn"),
            "role-ci",
        ),
        ({"user": "alice", "label": "boss"}, Entity("user", "/", "alice"), "user-boss"),
    ],
)
def test_a_principal_is_a_user_or_a_role(
    given_as: dict[str, str], entity: Entity, key: str
) -> None:
    principal = read_model(PrincipalModel, given_as)
    assert principal.entity == entity
    assert principal.kind == entity.kind
    assert principal.key == key


@given(st.sampled_from(["user", "role"]), SEGMENTS, NAMES, st.booleans())
def test_a_user_and_a_role_are_never_mixed_up(
    kind: str, segments: list[str], name: str, by_arn: bool
) -> None:
    full = "/".join([*segments, name])
    arn = f"arn:aws:iam::{SOURCE}:{kind}/{full}"
    principal = read_model(PrincipalModel, {"arn": arn} if by_arn else {kind: full})
    assert principal.entity is not None
    assert principal.entity.build_arn("aws", SOURCE) == arn
    assert principal.key == f"{kind}-{name}"


@pytest.mark.parametrize(
    ("entity", "arn"),
    [
        (Entity("user", "/", "alice"), f"arn:aws-cn:iam::{SOURCE}:user/alice"),
        (Entity("role", "/team/", "ci"), f"arn:aws-cn:iam::{SOURCE}:role/team/ci"),
        (Entity("role", "/", "ci", SOURCE), f"arn:aws-cn:iam::{SOURCE}:role/ci"),
    ],
)
def test_a_principals_arn_is_of_the_source_account_and_partition(entity: Entity, arn: str) -> None:
    assert entity.build_arn("aws-cn", SOURCE) == arn


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-eusc", "aws-iso-b"])
def test_a_principal_of_another_partition_has_no_arn_in_this_one(partition: str) -> None:
    principal = read_model(PrincipalModel, {"arn": f"arn:aws-cn:iam::{SOURCE}:role/team/ci"})
    assert principal.entity is not None
    for check in (
        lambda account: principal.entity.build_arn(partition, account),
        lambda account: principal.build_trust_element(partition, account),
        lambda account: principal.check_source(account, partition),
    ):
        refused = refusal(check, SOURCE)
        assert (refused.code, refused.value) == ("principal-in-other-partition", "aws-cn")
    assert principal.entity.build_arn("aws-cn", SOURCE) == principal.identity


def test_a_principal_of_another_account_has_no_arn_in_this_one() -> None:
    entity = Entity("user", "/", "alice", OTHER)
    refused = refusal(lambda account: entity.build_arn("aws", account), SOURCE)
    assert (refused.code, refused.value) == ("principal-in-other-account", OTHER)


@pytest.mark.parametrize(
    ("entity", "fully"),
    [
        (Entity("user", "/", "alice"), False),
        (Entity("user", "/team/", "alice"), True),
        (Entity("user", "/", "alice", SOURCE), True),
    ],
)
def test_a_path_or_an_arn_names_a_principal_in_full(entity: Entity, fully: bool) -> None:
    assert entity.fully_named is fully


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (f"arn:aws:sts::{SOURCE}:assumed-role/ci/me", "invalid-principal-arn"),
        (f"arn:aws:iam::{SOURCE}:root", "invalid-principal-arn"),
        (f"arn:aws:iam::{SOURCE}:group/devs", "invalid-principal-arn"),
        ("*", "invalid-principal-arn"),
        (SOURCE, "invalid-principal-arn"),
        (f"arn:aws:iam::{SOURCE}:policy/x", "invalid-principal-arn"),
        ("arn:aws:iam::aws:role/x", "invalid-principal-arn"),
        (f"arn:aws:sts::{SOURCE}:federated-user/x", "invalid-principal-arn"),
        ("arn:aws:iam::cloudfront:user/x", "invalid-principal-arn"),
        ("ec2.amazonaws.com", "invalid-principal-arn"),
        (5, "invalid-principal-arn"),
        (f"arn:aws:iam::{SOURCE}:user/*", "invalid-user-name"),
        (f"arn:aws:iam::{SOURCE}:role/ci*", "invalid-role-name"),
        (f"arn:aws:iam::{SOURCE}:role/{'x' * 65}", "role-name-too-long"),
        (f"arn:aws:iam::{SOURCE}:user/*/alice", "path-with-wildcard"),
    ],
)
def test_an_arn_that_can_not_be_trusted_is_refused(arn: object, code: str) -> None:
    assert refusal(principal_names.check_principal_arn, arn).code == code


SSO = "aws-reserved/sso.amazonaws.com"
SUFFIX = "0123456789abcdef"
RESERVED = [
    (f"AWSReservedSSO_Admin_{SUFFIX}", ": Admin"),
    (f"AWSReservedSSO_Power_Users.x_{SUFFIX}", ": Power_Users.x"),
    (f"awsreservedsso_Admin_{SUFFIX}", ": Admin"),
    (f"{SSO}/AWSReservedSSO_Admin_{SUFFIX}", ": Admin"),
    (f"{SSO}/eu-west-1/AWSReservedSSO_Admin_{SUFFIX}", ": Admin"),
    (f"AWS-Reserved/sso.amazonaws.com/AWSReservedSSO_Admin_{SUFFIX}", ": Admin"),
    (f"/{SSO}/AWSReservedSSO_Admin_{SUFFIX}", ": Admin"),
    ("AWSReservedSSO_Admin_0123", ", with the permission set's name"),
    (f"{SSO}/Admin", ", with the permission set's name"),
    ("AWSServiceRoleForSupport", "Only its service acts as it"),
    ("awsserviceroleforsupport", "Only its service acts as it"),
    ("AWSServiceRoleForAutoScaling_team", "Only its service acts as it"),
    ("aws-service-role/es.amazonaws.com/Odd", "Only its service acts as it"),
    ("AWS-SERVICE-ROLE/es.amazonaws.com/Odd", "Only its service acts as it"),
]


@pytest.mark.parametrize(("name", "remedy"), RESERVED)
def test_a_role_that_aws_lets_nobody_change_is_refused(name: str, remedy: str) -> None:
    arn = f"arn:aws:iam::{SOURCE}:role/{name.removeprefix('/')}"
    alone = name.rpartition("/")[2]
    for check, value in (
        (principal_names.check_role_name, name),
        (principal_names.check_principal_arn, arn),
        *([(principal_names.check_role_name, arn)] if alone not in {"Odd", "Admin"} else []),
    ):
        refused = refusal(check, value)
        assert refused.code == "reserved-role"
        assert remedy in refused.remedy


@pytest.mark.parametrize(("name", "remedy"), [row for row in RESERVED if "/" not in row[0]])
def test_a_session_of_such_a_role_is_refused(name: str, remedy: str) -> None:
    refused = refusal(principal_names.check_session, f"{name}/ann@example.com")
    assert refused.code == "reserved-role"
    assert remedy in refused.remedy
    assert ("*:ann@example.com" in refused.remedy) is ("sso" in name.lower())
    arn = f"arn:aws:sts::{SOURCE}:assumed-role/{name}/ann@example.com"
    assert refusal(principal_names.check_principal_arn, arn).remedy == refused.remedy


@pytest.mark.parametrize(
    "name",
    [
        "AWSReservedSSO",
        "AWSReserved_Admin",
        f"My_AWSReservedSSO_Admin_{SUFFIX}",
        "AWSServiceRole",
        "MyAWSServiceRoleForSupport",
        "service-role/ci",
        "team/aws-reserved/ci",
        "aws-reserved-x/ci",
    ],
)
def test_a_role_whose_name_is_only_alike_is_taken(name: str) -> None:
    assert principal_names.check_role_name(name) == name
    arn = f"arn:aws:iam::{SOURCE}:role/{name}"
    assert principal_names.check_principal_arn(arn) == arn


def test_a_user_may_be_called_as_such_a_role_is() -> None:
    name = f"AWSReservedSSO_Admin_{SUFFIX}"
    assert principal_names.check_user_name(name) == name


@pytest.mark.parametrize("kind", ["user", "role"])
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "{kind}-name-too-short"),
        ("team/", "{kind}-name-too-short"),
        ("*", "invalid-{kind}-name"),
        ("a b", "invalid-{kind}-name"),
        ("alice\n", "invalid-{kind}-name"),
        ("team/" + "x" * 65, "{kind}-name-too-long"),
        ("te am/alice", "invalid-path"),
        ("x" * 511 + "/alice", "path-too-long"),
        (f"arn:aws:iam::{SOURCE}:user/alice", "arn-for-name"),
    ],
)
def test_a_name_that_iam_would_not_take_is_refused(kind: str, name: str, code: str) -> None:
    check = {"user": principal_names.check_user_name, "role": principal_names.check_role_name}
    assert refusal(check[kind], name).code == code.format(kind=kind)


@pytest.mark.parametrize("name", ["x" * 64, "team/" + "x" * 64, "x" * 510 + "/alice"])
def test_the_longest_name_and_path_are_taken(name: str) -> None:
    assert principal_names.check_user_name(name) == name
    assert principal_names.check_role_name(name) == name


@pytest.mark.parametrize(
    "principal",
    [
        {"label": "x"},
        {"user": "a", "arn": f"arn:aws:iam::{SOURCE}:user/a"},
        {"user": "a", "role": "b", "arn": f"arn:aws:iam::{SOURCE}:user/a"},
    ],
)
def test_a_principal_is_given_in_exactly_one_way(principal: dict[str, str]) -> None:
    assert codes(PrincipalModel, principal, path="here") == [("one-principal-key", "here")]


@pytest.mark.parametrize("kind", ["user", "role", "arn"])
def test_an_output_needs_a_label_beside_it(kind: str) -> None:
    assert codes(PrincipalModel, {kind: Unresolved()}) == [("missing-label", "label")]


@pytest.mark.parametrize(("kind", "known"), [("user", "user"), ("role", "role"), ("arn", None)])
def test_an_output_with_a_label_is_known_by_that_alone(kind: str, known: str | None) -> None:
    principal = read_model(PrincipalModel, {kind: Unresolved(), "label": "ci"})
    assert principal.kind == known
    assert principal.entity is None
    assert principal.key == f"{kind}-ci"


@pytest.mark.parametrize("label", ["", "a b", "a/b", "x" * 129])
def test_a_label_is_a_plain_name(label: str) -> None:
    assert [path for _, path in codes(PrincipalModel, {"user": "a", "label": label})] == ["label"]
