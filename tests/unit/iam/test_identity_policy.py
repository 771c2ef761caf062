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
from moto.iam.aws_managed_policies import aws_managed_policies_data

from cross_account_access.errors import Refusal, join_path
from cross_account_access.iam.identity_policy import check_identity_policy, find_warnings
from tests.unit.reading import refusal

ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}


def policy(**statement: Any) -> dict[str, Any]:
    """A policy with one statement, of which some keys are others."""
    changed = {**ALLOW, **statement}
    return {
        "Version": "2012-10-17",
        "Statement": [{key: value for key, value in changed.items() if value is not ...}],
    }


def sids(*names: str | None) -> dict[str, Any]:
    """A policy with a statement for each Sid, which None leaves out."""
    statements = [ALLOW if name is None else {**ALLOW, "Sid": name} for name in names]
    return {"Version": "2012-10-17", "Statement": statements}


def repeat(keys: str) -> str:
    """A policy as text, with these keys once more."""
    return json.dumps(policy()).replace("{", "{" + keys, 1)


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
        sids("", None, "", "A", "a"),
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


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        ("not json", "invalid-json", ""),
        ("[]", "invalid-policy", ""),
        (repeat(""" "Version": "2012-10-17", """), "repeated-json-key", "Version"),
        (repeat(""" "Statement": [], """), "repeated-json-key", "Statement"),
        (
            '{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Effect": "Allow"}}',
            "repeated-json-key",
            "Effect",
        ),
        (json.dumps(policy()).replace('"*"', "NaN"), "infinite-number", ""),
        (None, "invalid-policy", ""),
        (5, "invalid-policy", ""),
        ([], "invalid-policy", ""),
        ({}, "no-statement", "Statement"),
        ({"Statement": []}, "no-statement", "Statement"),
        ({"Statement": "x"}, "no-statement", "Statement"),
        ({"Statement": ["x"]}, "statement-not-object", "Statement[0]"),
        (
            {"Statement": [ALLOW, {**ALLOW, "Effect": "allow"}]},
            "invalid-effect",
            "Statement[1].Effect",
        ),
        (ALLOW, "unknown-policy-key", "Effect"),
        ({**policy(), "Version": "2012-10-18"}, "invalid-policy-version", "Version"),
        ({**policy(), "Version": date(2012, 10, 17)}, "invalid-policy-version", "Version"),
        ({**policy(), "Version": []}, "invalid-policy-version", "Version"),
        ({**policy(), "Id": 5}, "policy-id-not-string", "Id"),
        (policy(Effect=...), "invalid-effect", "Statement[0].Effect"),
        (policy(Effect=[]), "invalid-effect", "Statement[0].Effect"),
        (policy(Action=...), "no-action", "Statement[0]"),
        (policy(NotAction="*"), "element-or-its-opposite", "Statement[0]"),
        (policy(Resource=...), "no-resource", "Statement[0]"),
        (policy(NotResource="*"), "element-or-its-opposite", "Statement[0]"),
        (policy(Action=[]), "no-action", "Statement[0].Action"),
        (policy(Resource=..., NotResource=[]), "no-resource", "Statement[0].NotResource"),
        (policy(Action=[5]), "not-strings", "Statement[0].Action"),
        (policy(Action={"a": "b"}), "not-strings", "Statement[0].Action"),
        (policy(Resource=None), "not-strings", "Statement[0].Resource"),
        (policy(Action=""), "invalid-action", "Statement[0].Action"),
        (policy(Action=["iam:PassRole", "PassRole"]), "invalid-action", "Statement[0].Action"),
        (policy(Resource="my-bucket"), "invalid-resource", "Statement[0].Resource"),
        (
            policy(Resource=..., NotResource=["bucket"]),
            "invalid-resource",
            "Statement[0].NotResource",
        ),
        (policy(Principal="*"), "principal-in-identity-policy", "Statement[0].Principal"),
        (
            policy(NotPrincipal={"AWS": "*"}),
            "principal-in-identity-policy",
            "Statement[0].NotPrincipal",
        ),
        (policy(Conditions={}), "unknown-statement-key", "Statement[0].Conditions"),
        (policy(action="*"), "unknown-statement-key", "Statement[0].action"),
        (policy(Sid="a b"), "invalid-sid", "Statement[0].Sid"),
        (policy(Sid=5), "invalid-sid", "Statement[0].Sid"),
        (sids("A", "A"), "repeated-sid", "Statement"),
        (sids("", "", "A", "A"), "repeated-sid", "Statement"),
        (sids("A", None, "", "B", "A"), "repeated-sid", "Statement"),
        (policy(Condition="x"), "condition-not-object", "Statement[0].Condition"),
        (policy(Condition={"Bool": "true"}), "condition-not-object", "Statement[0].Condition.Bool"),
        (
            policy(Condition={"Bool": {"aws:SecureTransport": None}}),
            "invalid-condition-value",
            "Statement[0].Condition.Bool.aws:SecureTransport",
        ),
        (
            policy(Condition={"Bool": {"aws:SecureTransport": [{"a": 1}]}}),
            "invalid-condition-value",
            "Statement[0].Condition.Bool.aws:SecureTransport",
        ),
        (
            policy(
                Condition={"DateLessThan": {"aws:CurrentTime": datetime(2030, 1, 1, tzinfo=UTC)}}
            ),
            "invalid-condition-value",
            "Statement[0].Condition.DateLessThan.aws:CurrentTime",
        ),
        (
            policy(Condition={"NumericLessThan": {"s3:max-keys": float("nan")}}),
            "invalid-condition-value",
            "Statement[0].Condition.NumericLessThan.s3:max-keys",
        ),
    ],
)
def test_what_is_no_identity_policy_is_refused(document: object, code: str, path: str) -> None:
    refused = refusal(check_identity_policy, document)
    assert (refused.code, join_path("", refused.where)) == (code, path)


def find_code(document: object) -> str | None:
    try:
        check_identity_policy(document)
    except Refusal as refused:
        return refused.code
    return None


AWS_POLICIES = json.loads(aws_managed_policies_data)


def test_every_policy_of_awss_own_is_taken() -> None:
    assert len(AWS_POLICIES) > 1500
    refused = {name: find_code(data["Document"]) for name, data in AWS_POLICIES.items()}
    assert {name: code for name, code in refused.items() if code} == {}


@pytest.mark.parametrize(
    ("version", "resource", "warned"),
    [
        ("2008-10-17", "arn:aws:s3:::${aws:username}", True),
        ("2008-10-17", "arn:aws:s3:::bucket", False),
        ("2012-10-17", "arn:aws:s3:::${aws:username}", False),
        (None, "arn:aws:s3:::${aws:username}", False),
    ],
)
def test_variables_that_are_plain_text_are_warned_of(
    version: str | None, resource: str, *, warned: bool
) -> None:
    document = {"Version": version, "Statement": ALLOW | {"Resource": resource}}
    if version is None:
        del document["Version"]
    warnings = find_warnings(check_identity_policy(document))
    assert ["has no policy variables" in one for one in warnings] == [True] * warned


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
