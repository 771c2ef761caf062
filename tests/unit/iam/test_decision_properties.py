"""What holds of every decision and every condition operator, whatever the policies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cross_account_access.iam.evaluator import Caller, Decision, Policy, Request, decide
from cross_account_access.iam.operators import Operator, find_unmet_conditions
from cross_account_access.iam.policy_patterns import fill_literal, fill_pattern, match_resource

SOURCE, DESTINATION = "111111111111", "222222222222"
ALICE_ARN = f"arn:aws:iam::{SOURCE}:user/alice"
CI_ROLE, CI_SESSION = (
    f"arn:aws:iam::{SOURCE}:role/ci",
    f"arn:aws:sts::{SOURCE}:assumed-role/ci/build",
)
ROLES = [f"arn:aws:iam::{account}:role/deploy" for account in (SOURCE, DESTINATION)]

DECISIONS = settings(max_examples=60)  # a decision's policies take long to draw

# --- Decisions: few names, so that policies, callers and requests often meet ---

effects = st.sampled_from(["Allow", "Allow", "Deny"])
actions = st.sampled_from(["*", "sts:*", "sts:AssumeRole", "STS:assume*", "sts:TagSession", "s3:*"])
resources = st.sampled_from(["*", *ROLES, "arn:aws:iam::*:role/*", "arn:aws:iam::*:role/other"])
principals = st.sampled_from(
    [
        "*",
        SOURCE,
        f"arn:aws:iam::{SOURCE}:root",
        ALICE_ARN,
        "AIDAALICE",
        CI_ROLE,
        CI_SESSION,
        "AROACI",
        "AROAGONE",
    ]
)
values = st.sampled_from(["a", "b", "*", "${aws:username}"])
conditions = st.dictionaries(
    st.sampled_from(
        ["StringEquals", "StringNotEquals", "StringLikeIfExists", "ForAllValues:StringEquals"]
    ),
    st.dictionaries(
        st.sampled_from(["sts:ExternalId", "aws:TagKeys"]), st.lists(values, max_size=2), max_size=2
    ),
    max_size=2,
)
named = st.one_of(
    st.just("*"), st.fixed_dictionaries({"AWS": st.lists(principals, min_size=1, max_size=3)})
)
own_statements = st.fixed_dictionaries(
    {"Effect": effects, "Action": actions, "Resource": resources},
    optional={"Condition": conditions},
)
trust_statements = st.sampled_from(["Principal", "NotPrincipal"]).flatmap(
    lambda who: st.fixed_dictionaries(
        {"Effect": effects, "Action": actions, who: named}, optional={"Condition": conditions}
    )
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "sts:ExternalId": st.sampled_from("ab"),
        "aws:TagKeys": st.sampled_from([(), ("a",), ("a", "b")]),
    },
)
requests = st.builds(
    Request, st.sampled_from(["sts:AssumeRole", "sts:TagSession"]), st.sampled_from(ROLES), contexts
)


def policy(statements: list[dict[str, Any]]) -> Policy:
    return Policy("p", {"Version": "2012-10-17", "Statement": statements})


own_policies = st.lists(own_statements, max_size=3).map(policy)
trust_policies = st.lists(trust_statements, max_size=4)
callers = st.builds(
    replace,
    st.sampled_from(
        [Caller(ALICE_ARN, "AIDAALICE", ALICE_ARN), Caller(CI_SESSION, "AROACI:build", CI_ROLE)]
    ),
    identity_policies=st.tuples(own_policies),
    permissions_boundary=st.none() | own_policies,
    session_policies=st.lists(own_policies, max_size=2).map(tuple),
)


def answer(caller: Caller, request: Request, trust: list[dict[str, Any]]) -> Decision:
    return decide(caller, request, policy(trust))


@DECISIONS
@given(callers, requests, trust_policies, st.randoms(use_true_random=False))
def test_the_order_of_statements_never_matters(
    caller: Caller, request: Request, trust: list[dict[str, Any]], random: Any
) -> None:
    decision = answer(caller, request, trust)
    assert decision.reason
    assert (decision.half is None) is decision.allowed
    random.shuffle(trust)
    own = [*caller.identity_policies[0].document["Statement"]]
    random.shuffle(own)
    shuffled = answer(replace(caller, identity_policies=(policy(own),)), request, trust)
    assert (shuffled.allowed, shuffled.half) == (decision.allowed, decision.half)


@DECISIONS
@given(callers, requests, trust_policies, own_statements, trust_statements)
def test_an_added_deny_never_opens_and_an_added_allow_never_closes(
    caller: Caller, request: Request, trust: list[dict[str, Any]], own: Any, more: Any
) -> None:
    allowed = answer(caller, request, trust).allowed
    effect = {"Effect": "Allow" if allowed else "Deny"}
    policies = (*caller.identity_policies, policy([own | effect]))
    assert answer(replace(caller, identity_policies=policies), request, trust).allowed is allowed
    assert answer(caller, request, [*trust, more | effect]).allowed is allowed


@DECISIONS
@given(callers, requests, trust_policies)
def test_each_half_is_needed_and_a_limit_only_closes(
    caller: Caller, request: Request, trust: list[dict[str, Any]]
) -> None:
    assert not answer(caller, request, []).allowed
    if SOURCE not in request.resource:
        assert not answer(replace(caller, identity_policies=()), request, trust).allowed
    if answer(caller, request, trust).allowed:
        assert answer(replace(caller, permissions_boundary=None), request, trust).allowed
        assert answer(replace(caller, session_policies=()), request, trust).allowed


# --- Operators ---

NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
ORDERED = [
    f"{kind}{test}Than{equal}"
    for kind in ("Numeric", "Date")
    for test in ("Less", "Greater")
    for equal in ("", "Equals")
]
POSITIVE = [*NEGATED.values(), *ORDERED, "Bool", "BinaryEquals"]
ALL = [*POSITIVE, *NEGATED]
names = st.sampled_from(ALL)
texts = st.one_of(
    st.text("ab*?[]!$:{} ", max_size=8),
    st.sampled_from(
        [
            "true",
            "false",
            "1",
            "2.5",
            "2026-01-01T00:00:00Z",
            "2026",
            "10.0.0.1",
            "10.0.0.0/8",
            "YQ==",
            ALICE_ARN,
        ]
    ),
)
many = st.lists(texts, max_size=3)


def holds(name: str, given_value: Any, required: list[str]) -> bool:
    return Operator.parse(name).holds(given_value, required, {})


@given(st.sampled_from([*NEGATED.items()]), texts, many)
def test_a_negated_operator_is_the_opposite(
    pair: tuple[str, str], value: str, required: list[str]
) -> None:
    negated, positive = pair
    opposite = not holds(positive, value, required)
    if positive.startswith("Arn"):  # of which neither holds on what is no ARN
        opposite &= value == ALICE_ARN
    assert holds(negated, value, required) is opposite


@pytest.mark.parametrize("name", ALL)
def test_an_absent_key(name: str) -> None:
    for required in ([], ["a"], ["true", "1"]):
        assert holds(name, None, required) is (name in NEGATED)
        assert holds(f"{name}IfExists", None, required)
        assert holds(f"ForAllValues:{name}", None, required)
        assert not holds(f"ForAnyValue:{name}", None, required)


@given(names, texts, many)
def test_if_exists_changes_nothing_of_a_key_that_is_there(
    name: str, value: str, required: list[str]
) -> None:
    assert holds(f"{name}IfExists", value, required) is holds(name, value, required)


@given(names, st.lists(texts.filter(bool), min_size=1, max_size=3), many)
def test_set_operators_test_each_value(name: str, actual: list[str], required: list[str]) -> None:
    each = [holds(name, value, required) for value in actual]
    assert holds(f"ForAllValues:{name}", tuple(actual), required) is all(each)
    assert holds(f"ForAnyValue:{name}", tuple(actual), required) is any(each)


@given(st.sampled_from(POSITIVE), texts, many, many)
def test_one_required_value_more_never_closes(
    name: str, value: str, required: list[str], more: list[str]
) -> None:
    assert holds(name, value, [*required, *more]) or not holds(name, value, required)


def glob(wild: str, text: str) -> bool:
    """IAM's two wildcards, spelt out."""
    if not wild:
        return not text
    if wild[0] == "*":
        return glob(wild[1:], text) or (bool(text) and glob(wild, text[1:]))
    return bool(text) and wild[0] in {"?", text[0]} and glob(wild[1:], text[1:])


@given(st.text("ab*?[]!-:", max_size=6), st.text("ab[]!-:*", max_size=6))
def test_only_asterisk_and_question_mark_are_wildcards(wild: str, text: str) -> None:
    assert holds("StringLike", text, [wild]) is glob(wild, text)


@given(
    st.text("ab*?[]!${}:/", min_size=1, max_size=8), st.text("ab*?[]!${}:/", min_size=1, max_size=8)
)
def test_a_variables_value_is_always_plain(value: str, other: str) -> None:
    filled = fill_pattern("<${aws:PrincipalTag/x}>", {"aws:principaltag/x": value})
    assert filled is not None
    assert fnmatchcase(f"<{other}>", filled) is (other == value)
    assert fill_literal("<${AWS:principaltag/X}>", {"aws:principaltag/x": value}) == f"<{value}>"


@given(st.text("ab*?{},' ").map("$".join))
def test_text_without_a_whole_variable_stays(text: str) -> None:
    assert fill_literal(text, None) == text


@given(
    st.lists(st.text("ab/", max_size=4), min_size=5, max_size=5),
    st.lists(st.text("ab*?/", max_size=4), min_size=5, max_size=5),
)
def test_whole_arns_are_compared_field_by_field(fields: list[str], patterns: list[str]) -> None:
    arn, wild = ":".join(["arn", *fields]), ":".join(["arn", *patterns])
    alike = all(map(glob, patterns, fields))
    assert match_resource(wild, arn, {}) is alike
    assert holds("ArnLike", arn, [wild]) is alike


@given(st.integers(0, 4), st.lists(st.text("ab", max_size=3), min_size=6, max_size=6))
def test_an_arn_short_of_fields_is_completed(last: int, fields: list[str]) -> None:
    short = ":".join(fields[: last + 1])
    assert match_resource(short, ":".join(fields), {})
    assert not match_resource(short + "c", ":".join(fields), {})


# From the second day on: four digits are a year.
@given(st.integers(86_400, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_a_date_is_its_epoch_time(moment: datetime) -> None:
    epoch, iso = str(int(moment.timestamp())), moment.isoformat().replace("+00:00", "Z")
    assert holds("DateEquals", iso, [epoch])
    assert holds("DateEquals", epoch, [iso])
    assert not holds("DateLessThan", epoch, [iso])


@given(names, texts, many)
def test_the_case_of_a_key_never_matters(name: str, value: str, required: list[str]) -> None:
    for key in ("x:key", "X:KEY"):
        assert (
            find_unmet_conditions({name: {key: required}}, {"x:key": value}, {}) == []
        ) is holds(name, value, required)
