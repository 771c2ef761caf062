"""Whatever comes in, what is wrong is refused with one of AWS's errors, and nothing else goes
wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cross_account_access.iam import limits
from sandbox.aws import constraints, policy_parsing
from sandbox.aws.query_protocol import AwsCall, AwsError, build_error_reply, to_header_text
from sandbox.aws.web_tokens import SOURCE_IDENTITY, TAGS, read_token
from tests.unsigned_tokens import GITHUB, build_token

if TYPE_CHECKING:
    from cross_account_access.iam.policy_grammar import PolicyKind

KINDS: tuple[PolicyKind, ...] = ("inline", "managed", "trust", "session")

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
)
elements = (
    *(
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ),
)
almost = st.sampled_from(
    [
        "Allow",
        "Deny",
        "*",
        "sts:AssumeRole",
        "s3:*",
        {"AWS": "*"},
        {"StringEquals": {"aws:x": "y"}},
        [],
        {},
        "arn:aws:s3:::b",
    ]
)
policies = st.fixed_dictionaries(
    {
        "Statement": st.lists(
            st.dictionaries(st.sampled_from(elements), almost | anything, max_size=6), max_size=3
        )
    },
    optional={
        "Version": st.sampled_from(["2012-10-17", "2008-10-17", "x"]) | scalars,
        "Id": scalars,
    },
)


@given(document=policies | anything, kind=st.sampled_from(KINDS))
def test_any_document_is_parsed_or_malformed(document: Any, kind: PolicyKind) -> None:
    code = None
    try:
        parsed = policy_parsing.parse(json.dumps(document), kind)
    except AwsError as error:
        code, parsed = error.code, document
    assert code in {None, "MalformedPolicyDocument"}
    assert parsed == document


@given(text=st.text(max_size=40), kind=st.sampled_from(KINDS))
@example(text="[" * 100_000, kind="trust")
@example(
    text='{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:*", '
    '"Condition": {"Bool": {"a": NaN}}}}',
    kind="trust",
)
def test_any_text_is_parsed_or_malformed(text: str, kind: PolicyKind) -> None:
    with pytest.raises(AwsError):
        policy_parsing.parse(text, kind)


@given(text=st.text())
def test_size_is_that_of_the_text_without_white_space(text: str) -> None:
    assert limits.count_characters(text) == sum(not character.isspace() for character in text)


names = st.sampled_from(
    [
        "RoleName",
        "UserName",
        "Tags",
        "Tags.member.1.Key",
        "Tags.member.2.Value",
        "Tags.member.x.Key",
        "Path",
    ]
) | st.text(max_size=8)


@settings(max_examples=200)
@given(
    service_action=st.sampled_from(
        [("iam", "CreateRole"), ("iam", "TagUser"), ("sts", "AssumeRole"), ("iam", "x")]
    ),
    params=st.dictionaries(names, st.text(max_size=70), max_size=6),
)
def test_any_parameters_are_taken_or_refused(
    service_action: tuple[str, str], params: dict[str, str]
) -> None:
    code = None
    try:
        constraints.check_parameters(*service_action, params)
    except AwsError as error:
        code = error.code
    assert code in {None, "ValidationError", "InvalidAction"}


CLAIMS = (
    *("iss", "sub", "aud", "exp", "amr", "repository", TAGS, SOURCE_IDENTITY),
    *(f"{TAGS}/principal_tags/team", f"{TAGS}/transitive_tag_keys"),
)
tag_claims = st.fixed_dictionaries(
    {},
    optional={
        "principal_tags": st.dictionaries(st.text(max_size=8), anything, max_size=3) | anything,
        "transitive_tag_keys": anything,
    },
)


@given(
    claims=st.dictionaries(st.sampled_from(CLAIMS), anything, max_size=6),
    tags=tag_claims,
    is_valid=st.booleans(),
)
def test_any_claims_of_a_token_are_taken_or_refused(
    claims: dict[str, Any], tags: dict[str, Any], *, is_valid: bool
) -> None:
    required = {"iss": GITHUB, "sub": "a", "aud": "b", "exp": 1} if is_valid else {}
    code = None
    try:
        token = read_token(build_token("a", **{**claims, TAGS: tags, **required}))
        keys = token.build_keys("b")
        read, transitive = token.read_tags()
    except AwsError as error:
        code = error.code
    else:
        assert all(isinstance(value, str | tuple) for value in keys.values())
        assert all(isinstance(text, str) for pair in read.items() for text in pair)
        assert all(isinstance(key, str) for key in transitive)
    assert code in {None, "InvalidIdentityToken", "InvalidParameterValue"}


@given(text=st.text(max_size=60) | st.from_regex(r"[\w-]{0,20}\.[\w-]{0,20}\.[\w-]{0,9}"))
def test_any_text_is_no_token(text: str) -> None:
    with pytest.raises(AwsError) as caught:
        read_token(text)
    assert caught.value.code == "InvalidIdentityToken"


@given(message=st.text())
def test_any_message_becomes_a_reply(message: str) -> None:
    call = AwsCall("iam", "us-east-1", "CreateRole", None, None, {}, {})
    reply = build_error_reply(
        AwsError("ValidationError", message, {"x-sandbox-reason": message}), call
    )
    assert b"\x00" not in reply.body
    reason = dict(reply.headers)["x-sandbox-reason"]
    assert reason == to_header_text(message)
    assert "\n" not in reason
    assert "\r" not in reason


def test_numbers_are_numbers_and_lists_keep_their_order() -> None:
    found = constraints.check_parameters(
        "iam",
        "CreateRole",
        {
            "RoleName": "deploy",
            "AssumeRolePolicyDocument": "{}",
            "MaxSessionDuration": "3600",
            "Tags.member.10.Key": "z",
            "Tags.member.10.Value": "",
            "Tags.member.2.Key": "a",
            "Tags.member.2.Value": "x",
        },
    )
    assert found["MaxSessionDuration"] == 3600
    assert found["Tags"] == [{"Key": "a", "Value": "x"}, {"Key": "z", "Value": ""}]


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(AwsError) as caught:
        constraints.check_parameters(
            "iam", "UpdateRole", {"RoleName": "deploy", "MaxSessionDuration": "an hour"}
        )
    assert caught.value.message == (
        "1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: "
        "Member must be an "
        "integer"
    )


def test_a_status_must_be_one_of_awss() -> None:
    params = {"UserName": "alice", "AccessKeyId": "A" * 20, "Status": "Paused"}
    with pytest.raises(
        AwsError,
        match="Value at 'status' failed to satisfy constraint: Member must satisfy enum value",
    ):
        constraints.check_parameters("iam", "UpdateAccessKey", params)
