"""Who may be trusted: a user or role by name or ARN, and nobody else.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.grants import principal_names as principals
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.principals import Entity, PrincipalModel
from tests.unit.reading import OTHER, SOURCE, messages, refusal, told

KEYS = [
    *(
        "user",
        "role",
        "group",
        "account",
        "permission_set",
        "organization",
        "organizational_unit",
        "session",
        "arn",
    ),
]
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
            Entity("user", "/", "alice", SOURCE),
            "user-alice",
        ),
        (
            {"arn": f"arn:aws-cn:iam::{SOURCE}:role/t/ci"},
            Entity("role", "/t/", "ci", SOURCE),
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


def test_a_principal_of_another_account_has_no_arn_in_this_one() -> None:
    assert told(
        lambda entity: entity.build_arn("aws", SOURCE), Entity("user", "/", "alice", OTHER)
    ) == (
        f'here: "{OTHER}": a principal is of the source account, {SOURCE}. '
        "Another source account takes another stack, or another CrossAccountAccess"
    )


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


RULE = "a principal's ARN is that of an IAM user or role, arn:aws:iam::ACCOUNT:user/NAME or …:role/NAME"
NAME = "must have 1–64 characters: letters, digits and _+=,.@-"


@pytest.mark.parametrize(
    ("arn", "rule", "remedy"),
    [
        pytest.param(
            f"arn:aws:sts::{SOURCE}:assumed-role/ci/me",
            RULE,
            f"This is one session of a role; the role's own ARN is arn:aws:iam::{SOURCE}:role/ci, with its path. "
            "For exactly this session use the key session",
            id="a role session",
        ),
        pytest.param(
            f"arn:aws:iam::{SOURCE}:root",
            RULE,
            "This is the whole account: if that is meant, use the key account",
            id="the whole account",
        ),
        pytest.param(
            f"arn:aws:iam::{SOURCE}:group/devs",
            RULE,
            "A group can't be a principal: use the key group",
            id="a group",
        ),
        pytest.param("*", RULE, "", id="everybody"),
        pytest.param(SOURCE, RULE, "", id="an account's digits"),
        pytest.param(f"arn:aws:iam::{SOURCE}:policy/x", RULE, "", id="a policy"),
        pytest.param("arn:aws:iam::aws:role/x", RULE, "", id="a role of AWS's own"),
        pytest.param(f"arn:aws:sts::{SOURCE}:federated-user/x", RULE, "", id="a federated user"),
        pytest.param("arn:aws:iam::cloudfront:user/x", RULE, "", id="an origin access identity"),
        pytest.param("ec2.amazonaws.com", RULE, "", id="a service"),
        pytest.param(5, RULE, "", id="a number"),
        pytest.param(f"arn:aws:iam::{SOURCE}:user/*", f"a user name {NAME}", "", id="every user"),
        pytest.param(
            f"arn:aws:iam::{SOURCE}:role/ci*", f"a role name {NAME}", "", id="roles by pattern"
        ),
        pytest.param(
            f"arn:aws:iam::{SOURCE}:role/{'x' * 65}",
            f"a role name {NAME}",
            "",
            id="a name too long",
        ),
        pytest.param(
            f"arn:aws:iam::{SOURCE}:user/*/alice",
            "a path must not contain *, ? or ${: in a policy these would match other names too",
            "",
            id="a path by pattern",
        ),
    ],
)
def test_an_arn_that_can_not_be_trusted_is_refused(arn: object, rule: str, remedy: str) -> None:
    refused = refusal(principals.check_principal_arn, arn)
    assert (refused.rule, refused.remedy) == (rule, remedy)


@pytest.mark.parametrize("kind", ["user", "role"])
@pytest.mark.parametrize(
    ("name", "rule", "remedy"),
    [
        ("", "{kind}", ""),
        ("team/", "{kind}", ""),
        ("*", "{kind}", ""),
        ("a b", "{kind}", ""),
        ("alice\n", "{kind}", ""),
        ("x" * 65, "{kind}", ""),
        ("team/" + "x" * 65, "{kind}", ""),
        ("te am/alice", "path", ""),
        ("x" * 511 + "/alice", "path", ""),
        (f"arn:aws:iam::{SOURCE}:user/alice", "{kind}", "An ARN goes into the key arn"),
    ],
)
def test_a_name_that_iam_would_not_take_is_refused(
    kind: str, name: str, rule: str, remedy: str
) -> None:
    check = {"user": principals.check_user_name, "role": principals.check_role_name}[kind]
    refused = refusal(check, name)
    path = "a path must have 1–512 characters: a slash alone, or ASCII between two slashes, without spaces"
    assert refused.rule == (path if rule == "path" else f"a {kind} name {NAME}")
    assert refused.remedy == remedy


@pytest.mark.parametrize("name", ["x" * 64, "team/" + "x" * 64, "x" * 510 + "/alice"])
def test_the_longest_name_and_path_are_taken(name: str) -> None:
    assert principals.check_user_name(name) == name
    assert principals.check_role_name(name) == name


@pytest.mark.parametrize(
    ("principal", "found"),
    [
        ({}, "none is here"),
        ({"label": "x"}, "none is here"),
        ({"user": "a", "role": "b"}, "user and role are here"),
        ({"user": "a", "arn": f"arn:aws:iam::{SOURCE}:user/a"}, "user and arn are here"),
        (
            {"user": "a", "role": "b", "arn": f"arn:aws:iam::{SOURCE}:user/a"},
            "user and role and arn are here",
        ),
    ],
)
def test_a_principal_is_given_in_exactly_one_way(principal: dict[str, str], found: str) -> None:
    rule = f"a principal is given by exactly one of {', '.join(KEYS)}"
    assert messages(PrincipalModel, principal, path="here") == [f"here: {rule}; {found}."]


@pytest.mark.parametrize("kind", ["user", "role", "arn"])
def test_an_output_needs_a_label_beside_it(kind: str) -> None:
    assert messages(PrincipalModel, {kind: Unresolved()}, path="here") == [
        (
            f"here.label: a label is required beside a principal's {kind} that is an Output, "
            "for resources are called by it. "
            "Add a plain label, such as the name in your program"
        )
    ]


@pytest.mark.parametrize(("kind", "known"), [("user", "user"), ("role", "role"), ("arn", None)])
def test_an_output_with_a_label_is_known_by_that_alone(kind: str, known: str | None) -> None:
    principal = read_model(PrincipalModel, {kind: Unresolved(), "label": "ci"})
    assert principal.kind == known
    assert principal.entity is None
    assert principal.key == f"{kind}-ci"


@pytest.mark.parametrize("label", ["", "a b", "a/b", "x" * 129])
def test_a_label_is_a_plain_name(label: str) -> None:
    assert messages(PrincipalModel, {"user": "a", "label": label})[0].startswith("label: ")
