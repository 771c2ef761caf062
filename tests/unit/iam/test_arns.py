"""IAM's ARNs: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.iam import arns
from cross_account_access.iam.arns import IamArn

NAMES = st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=64)
SEGMENTS = st.lists(
    st.text("".join(map(chr, range(0x21, 0x7F))).replace("/", ""), min_size=1, max_size=20),
    max_size=4,
)
ARABIC_ONE = "\u0661"
PARTITIONS = ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b"]


@pytest.mark.parametrize(
    ("arn", "parts"),
    [
        (
            "arn:aws:iam::111111111111:user/alice",
            IamArn("aws", "111111111111", "user", "/", "alice"),
        ),
        (
            "arn:aws:iam::111111111111:role/team/ci",
            IamArn("aws", "111111111111", "role", "/team/", "ci"),
        ),
        (
            "arn:aws-cn:iam::111111111111:user/a/b/c",
            IamArn("aws-cn", "111111111111", "user", "/a/b/", "c"),
        ),
        (
            "arn:aws-us-gov:iam::012345678901:role/x",
            IamArn("aws-us-gov", "012345678901", "role", "/", "x"),
        ),
        (
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            IamArn("aws", "aws", "policy", "/", "ReadOnlyAccess"),
        ),
        (
            "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess",
            IamArn("aws", "aws", "policy", "/job-function/", "ViewOnlyAccess"),
        ),
        # A path may hold what looks like another kind.
        (
            "arn:aws:iam::111111111111:role/a:user/ci",
            IamArn("aws", "111111111111", "role", "/a:user/", "ci"),
        ),
    ],
)
def test_an_arn_is_taken_apart_and_put_together(arn: str, parts: IamArn) -> None:
    assert arns.parse_arn(arn) == parts
    assert str(parts) == arn


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "*",
        "111111111111",
        "arn:aws:iam::111111111111:root",
        "arn:aws:iam::111111111111:user/",
        "arn:aws:iam::111111111111:user",
        "arn:aws:iam::11111111111:user/alice",
        "arn:aws:iam::1111111111111:user/alice",
        f"arn:aws:iam::{ARABIC_ONE * 12}:user/alice",
        "arn:aws:iam:::user/alice",
        "arn:aws:iam::*:user/alice",
        "arn:aws:iam:us-east-1:111111111111:user/alice",
        "arn:aws:sts::111111111111:assumed-role/ci/session",
        "arn:aws:s3:::bucket/key",
        "arn:azure:iam::111111111111:user/alice",
        " arn:aws:iam::111111111111:user/alice",
        "arn:aws:iam::111111111111:user/alice\n",
    ],
)
def test_what_is_no_iam_arn_is_none(text: str) -> None:
    assert arns.parse_arn(text) is None
    assert arns.get_kind(text) is None


@given(st.sampled_from(PARTITIONS), st.sampled_from(["user", "role", "policy"]), SEGMENTS, NAMES)
def test_every_arn_comes_back_whole(
    partition: str, kind: str, segments: list[str], name: str
) -> None:
    arn = IamArn(
        partition, "111111111111", kind, "".join(f"/{segment}" for segment in segments) + "/", name
    )
    assert arns.parse_arn(str(arn)) == arn
    assert arns.get_kind(str(arn)) == kind


@pytest.mark.parametrize(
    ("given_name", "path", "name"),
    [
        ("ci", "/", "ci"),
        ("team/ci", "/team/", "ci"),
        ("/team/ci", "/team/", "ci"),
        ("/ci", "/", "ci"),
        ("a/b/ci", "/a/b/", "ci"),
        ("team/", "/team/", ""),
        ("", "/", ""),
    ],
)
def test_a_path_stands_before_a_name(given_name: str, path: str, name: str) -> None:
    assert arns.split_path(given_name) == (path, name)


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        ("arn:aws:sts::111111111111:assumed-role/ci/me", "arn:aws:iam::111111111111:role/ci"),
        (
            "arn:aws-cn:sts::111111111111:assumed-role/ci/i-0123",
            "arn:aws-cn:iam::111111111111:role/ci",
        ),
        ("arn:aws:iam::111111111111:role/ci", None),
        ("arn:aws:sts::111111111111:federated-user/me", None),
        ("arn:aws:sts::111111111111:assumed-role/ci", None),
    ],
)
def test_a_sessions_arn_tells_its_role(arn: str, role: str | None) -> None:
    assert arns.find_role_of_session(arn) == role
