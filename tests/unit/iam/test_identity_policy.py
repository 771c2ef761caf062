"""What is taken for an identity policy, and what is none.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.errors import Refusal
from cross_account_access.iam.identity_policy import check_identity_policy
from tests.unit.reading import told

ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}


def policy(**statement: Any) -> dict[str, Any]:
    """A policy with one statement, of which some keys are others."""
    changed = {**ALLOW, **statement}
    return {
        "Version": "2012-10-17",
        "Statement": [{key: value for key, value in changed.items() if value is not ...}],
    }


@pytest.mark.parametrize(
    "document",
    [
        policy(),
        policy(Action=["s3:Get*", "*"], Resource=["arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket"]),
        policy(Action=..., NotAction="iam:*", Resource=..., NotResource="arn:aws:s3:::bucket"),
        policy(Effect="Deny", Sid="DenyAll1"),
        policy(
            Condition={
                "StringLike": {"aws:PrincipalTag/team": ["a", "b"]},
                "Bool": {"aws:SecureTransport": True},
            }
        ),
        policy(Condition={"NumericLessThan": {"s3:max-keys": 10}}),
        {
            "Version": "2008-10-17",
            "Id": "x",
            "Statement": [ALLOW, {**ALLOW, "Sid": "A"}, {**ALLOW, "Sid": "B"}],
        },
    ],
)
def test_a_policy_is_rendered_without_white_space_as_it_stands(document: dict[str, Any]) -> None:
    assert check_identity_policy(document) == json.dumps(document, separators=(",", ":"))


def test_a_policy_may_be_json_text() -> None:
    assert check_identity_policy(json.dumps(policy(), indent=2)) == check_identity_policy(policy())


def test_a_single_statement_may_stand_alone_and_the_version_is_added() -> None:
    assert json.loads(check_identity_policy({"Statement": ALLOW})) == {
        "Version": "2012-10-17",
        "Statement": ALLOW,
    }


ONE_OF = "a statement has exactly one of"
KEYS = "a statement has the keys Action, Condition, Effect, NotAction, NotResource, Resource, Sid"
SCALAR = "a condition's value is text, a number, true or false, or a list of these"
STATEMENT = "here.Statement[0]"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            "not json",
            'here: "not json": a policy is an object or JSON text (Expecting value: line 1 column 1 (char 0)).',
        ),
        ("[]", 'here: "[]": a policy is an object or JSON text.'),
        (None, "here: null: a policy is an object or JSON text."),
        (5, "here: 5: a policy is an object or JSON text."),
        ([], "here: []: a policy is an object or JSON text."),
        ({}, "here.Statement: null: a policy has at least one statement."),
        ({"Statement": []}, "here.Statement: []: a policy has at least one statement."),
        ({"Statement": "x"}, 'here.Statement: "x": a policy has at least one statement.'),
        ({"Statement": ["x"]}, f'{STATEMENT}: "x": a statement is an object.'),
        (
            {"Statement": [ALLOW, {**ALLOW, "Effect": "allow"}]},
            'here.Statement[1].Effect: "allow": an effect is Allow or Deny.',
        ),
        (ALLOW, 'here.Effect: "Allow": a policy has the keys Version, Id and Statement.'),
        (
            {**policy(), "Version": "2012-10-18"},
            'here.Version: "2012-10-18": a policy\'s version is 2012-10-17.',
        ),
        (
            {**policy(), "Version": date(2012, 10, 17)},
            "here.Version: 2012-10-17: a policy's version is 2012-10-17. Put it in quotes",
        ),
        ({**policy(), "Version": []}, "here.Version: []: a policy's version is 2012-10-17."),
        ({**policy(), "Id": 5}, "here.Id: 5: a policy's Id is text."),
        (policy(Effect=...), f"{STATEMENT}.Effect: null: an effect is Allow or Deny."),
        (policy(Effect=[]), f"{STATEMENT}.Effect: []: an effect is Allow or Deny."),
        (policy(Action=...), f"{STATEMENT}: {ONE_OF} Action and NotAction."),
        (policy(NotAction="*"), f"{STATEMENT}: {ONE_OF} Action and NotAction."),
        (policy(Resource=...), f"{STATEMENT}: {ONE_OF} Resource and NotResource."),
        (policy(NotResource="*"), f"{STATEMENT}: {ONE_OF} Resource and NotResource."),
        (policy(Action=[]), f"{STATEMENT}.Action: []: Action is text or a list of texts."),
        (policy(Action=[5]), f"{STATEMENT}.Action: [5]: Action is text or a list of texts."),
        (
            policy(Action={"a": "b"}),
            f'{STATEMENT}.Action: {{"a":"b"}}: Action is text or a list of texts.',
        ),
        (
            policy(Resource=None),
            f"{STATEMENT}.Resource: null: Resource is text or a list of texts.",
        ),
        (
            policy(Action=""),
            f'{STATEMENT}.Action: "": Action is SERVICE:ACTION, such as s3:GetObject, or *.',
        ),
        (
            policy(Action=["iam:PassRole", "PassRole"]),
            f'{STATEMENT}.Action: ["iam:PassRole","PassRole"]: Action is SERVICE:ACTION, such as s3:GetObject, or *.',
        ),
        (
            policy(Resource="my-bucket"),
            f'{STATEMENT}.Resource: "my-bucket": Resource is an ARN, or *.',
        ),
        (
            policy(Resource=..., NotResource=["bucket"]),
            f'{STATEMENT}.NotResource: ["bucket"]: NotResource is an ARN, or *.',
        ),
        (
            policy(Principal="*"),
            f'{STATEMENT}.Principal: "*": an identity policy has no principal: it is whoever assumes the role.',
        ),
        (
            policy(NotPrincipal={"AWS": "*"}),
            (
                f'{STATEMENT}.NotPrincipal: {{"AWS":"*"}}: an identity policy has no principal: '
                "it is whoever assumes the role."
            ),
        ),
        (policy(Conditions={}), f"{STATEMENT}.Conditions: {{}}: {KEYS}."),
        (policy(action="*"), f'{STATEMENT}.action: "*": {KEYS}.'),
        (policy(Sid="a b"), f'{STATEMENT}.Sid: "a b": a Sid has letters and digits alone.'),
        (policy(Sid=5), f"{STATEMENT}.Sid: 5: a Sid has letters and digits alone."),
        (
            {"Statement": [{**ALLOW, "Sid": "A"}, {**ALLOW, "Sid": "A"}]},
            'here.Statement: "A": a policy\'s statements have Sids of their own.',
        ),
        (policy(Condition="x"), f'{STATEMENT}.Condition: "x": a condition is an object.'),
        (
            policy(Condition={"Bool": "true"}),
            f'{STATEMENT}.Condition.Bool: "true": a condition\'s operator has an object: keys and their values.',
        ),
        (
            policy(Condition={"Bool": {"aws:SecureTransport": None}}),
            f"{STATEMENT}.Condition.Bool.aws:SecureTransport: null: {SCALAR}.",
        ),
        (
            policy(Condition={"Bool": {"aws:SecureTransport": [{"a": 1}]}}),
            f'{STATEMENT}.Condition.Bool.aws:SecureTransport: {{"a":1}}: {SCALAR}.',
        ),
        (
            policy(
                Condition={"DateLessThan": {"aws:CurrentTime": datetime(2030, 1, 1, tzinfo=UTC)}}
            ),
            (
                f"{STATEMENT}.Condition.DateLessThan.aws:CurrentTime: 2030-01-01 00:00:00+00:00: {SCALAR}. "
                "Put it in quotes"
            ),
        ),
        (
            policy(Condition={"NumericLessThan": {"s3:max-keys": float("nan")}}),
            f"{STATEMENT}.Condition.NumericLessThan.s3:max-keys: NaN: {SCALAR}.",
        ),
    ],
)
def test_what_is_no_identity_policy_is_refused(document: object, message: str) -> None:
    assert told(check_identity_policy, document) == message


SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=5)
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=3)
)
KEYS_OF_POLICIES = [
    "Version",
    "Statement",
    "Sid",
    "Effect",
    "Action",
    "Resource",
    "Condition",
    "Bool",
    "x",
    5,
]
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.sampled_from(["Allow", "Deny", "*", "s3:Get*"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(KEYS_OF_POLICIES), inner, max_size=4)
    ),
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.just("Allow"), "Action": st.just("*"), "Resource": st.just("*")},
    optional={"Condition": ANYTHING},
)


@given(
    ANYTHING
    | st.fixed_dictionaries(
        {"Statement": ANYTHING | STATEMENTS | st.lists(STATEMENTS | ANYTHING, max_size=2)}
    )
)
def test_anything_is_either_refused_or_rendered_as_json(document: object) -> None:
    try:
        rendered = check_identity_policy(document)
    except Refusal:
        return
    assert json.loads(rendered, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))[
        "Statement"
    ]
