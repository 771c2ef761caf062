"""What a refused person reads: which half, statement and condition, and never an external ID."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.iam.evaluator import Caller, Decision, Policy, Request, decide

ROLE = "arn:aws:iam::222222222222:role/deploy"
BOB_ARN = "arn:aws:iam::111111111111:user/bob"
LAX = {"Effect": "Allow", "Action": "*", "Resource": "*"}
BOB = Caller(BOB_ARN, "AIDABOB", BOB_ARN, (Policy("inline policy admin", {"Statement": LAX}),))
BARE = replace(BOB, identity_policies=())


def trusts(
    principal: Any = BOB_ARN, action: Any = "sts:AssumeRole", **condition: Any
) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action}
    return statement | ({"Condition": condition} if condition else {})


def answer(
    *trust: dict[str, Any],
    caller: Caller = BOB,
    action: str = "sts:AssumeRole",
    context: Any = None,
    role: str = ROLE,
) -> Decision:
    document = {"Version": "2012-10-17", "Statement": list(trust) or [trusts()]}
    return decide(caller, Request(action, role, context or {}), Policy("trust policy", document))


def test_an_allow_names_both_statements() -> None:
    assert (
        answer().reason
        == "allowed by inline policy admin, statement 1 and trust policy, statement 1"
    )


def test_an_allow_of_the_trust_alone_names_it() -> None:
    local = "arn:aws:iam::111111111111:role/deploy"
    assert answer(caller=BARE, role=local).reason == "allowed by trust policy, statement 1"


NO_MFA = 'aws:MultiFactorAuthPresent is absent, Bool requires "true"'
FAILURES = [
    (
        {"StringEquals": {"sts:RoleSessionName": "a"}},
        {},
        'sts:RoleSessionName is absent, StringEquals requires "a"',
    ),
    (
        {"StringLike": {"sts:RoleSessionName": ["a*", "b*"]}},
        {"sts:RoleSessionName": "c"},
        'sts:RoleSessionName is "c", StringLike requires "a*" or "b*"',
    ),
    (
        {"StringNotEquals": {"aws:username": "bob"}},
        {},
        'aws:username is "bob", StringNotEquals forbids "bob"',
    ),
    ({"Null": {"aws:TagKeys": "false"}}, {}, "aws:TagKeys is absent, Null requires it present"),
    ({"Null": {"aws:userid": True}}, {}, "aws:userid is present, Null requires it absent"),
    (
        {"ForAllValues:StringEquals": {"aws:TagKeys": "team"}},
        {"aws:TagKeys": ("team", "admin")},
        'aws:TagKeys is "team", "admin", ForAllValues:StringEquals requires "team"',
    ),
    (
        {"StringEquals": {"aws:TagKeys": "team"}},
        {"aws:TagKeys": ("team",)},
        "aws:TagKeys is multivalued, StringEquals needs ForAllValues or ForAnyValue before it",
    ),
    (
        {
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
        },
        {"aws:SourceIp": "198.51.100.1"},
        f'{NO_MFA}; aws:SourceIp is "198.51.100.1", IpAddress requires "192.0.2.0/24"',
    ),
    (
        {"StringEquals": {"sts:ExternalId": "shared-1"}},
        {},
        "sts:ExternalId is absent, StringEquals requires one",
    ),
    (
        {"StringEquals": {"sts:ExternalId": "shared-1"}},
        {"sts:ExternalId": "shared-2"},
        "sts:ExternalId differs from the one required",
    ),
    (
        {"StringNotEquals": {"sts:ExternalId": "shared-1"}},
        {"sts:ExternalId": "shared-1"},
        "sts:ExternalId is one that StringNotEquals forbids",
    ),
]


@pytest.mark.parametrize(("condition", "context", "failure"), FAILURES)
def test_an_unmet_condition_is_named_with_its_values(
    condition: Any, context: Any, failure: str
) -> None:
    decision = answer(trusts(**condition), context=context)
    assert decision == Decision(False, "destination", f"trust policy, statement 1: {failure}")


@pytest.mark.parametrize("reverse", [False, True])
def test_the_statement_that_comes_nearest_is_named(*, reverse: bool) -> None:
    far = trusts("arn:aws:iam::111111111111:user/alice")
    tagging = trusts(action="sts:TagSession")
    two = trusts(
        Bool={"aws:MultiFactorAuthPresent": "true"}, StringEquals={"sts:ExternalId": "shared-1"}
    )
    one = trusts(Bool={"aws:MultiFactorAuthPresent": "true"})
    statements = [far, tagging, two, one][:: -1 if reverse else 1]
    number = 1 + statements.index(one)
    assert answer(*statements).reason == f"trust policy, statement {number}: {NO_MFA}"


def test_a_trust_of_somebody_else() -> None:
    reason = answer(trusts("arn:aws:iam::111111111111:user/alice")).reason
    assert reason == f"the trust policy names no principal that is {BOB_ARN}"


def test_a_trust_of_a_principal_that_was_re_created() -> None:
    assert answer(trusts(["AIDAGONE", "arn:aws:iam::111111111111:user/alice"])).reason == (
        f"the trust policy names no principal that is {BOB_ARN}: it names AIDAGONE by unique ID. "
        "A user or role that is deleted and re-created gets a new one, here AIDABOB"
    )


def test_an_action_that_the_trust_says_nothing_of() -> None:
    reason = answer(action="sts:TagSession").reason
    assert reason == "trust policy, statement 1: it does not cover sts:TagSession"


def test_an_explicit_deny_is_named_before_all_else() -> None:
    deny = {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}
    caller = replace(
        BOB, identity_policies=(Policy("managed policy arn:x", {"Statement": [LAX, deny]}),)
    )
    assert answer(trusts("*"), caller=caller) == Decision(
        False, "source", "explicit deny in managed policy arn:x, statement 2"
    )
    denied = answer(trusts(), trusts() | {"Effect": "Deny"})
    assert denied == Decision(False, "destination", "explicit deny in trust policy, statement 2")


def test_no_identity_policy() -> None:
    assert (
        answer(caller=BARE).reason
        == f"no identity policy of {BOB_ARN} allows sts:AssumeRole on {ROLE}"
    )


def test_an_identity_policy_for_another_role_is_named() -> None:
    near = Policy("inline policy near", {"Statement": LAX | {"Resource": ROLE + "2"}})
    assert answer(caller=replace(BOB, identity_policies=(near,))).reason == (
        f"no identity policy of {BOB_ARN} allows sts:AssumeRole on {ROLE} "
        f"(inline policy near, statement 1: it does not cover {ROLE})"
    )


def test_an_identity_policy_for_other_actions_is_not() -> None:
    far = Policy("inline policy far", {"Statement": LAX | {"Action": "s3:*"}})
    reason = answer(caller=replace(BOB, identity_policies=(far,))).reason
    assert reason == f"no identity policy of {BOB_ARN} allows sts:AssumeRole on {ROLE}"


def test_both_halves_that_refuse_are_named() -> None:
    assert answer(trusts("arn:aws:iam::111111111111:user/alice"), caller=BARE) == Decision(
        False,
        "source",
        f"no identity policy of {BOB_ARN} allows sts:AssumeRole on {ROLE}; and "
        f"the trust policy names no principal that is {BOB_ARN}",
    )


def test_a_boundary_and_a_session_policy_are_named() -> None:
    nothing = Policy("managed policy arn:b", {"Statement": []})
    limited = replace(BOB, permissions_boundary=nothing, session_policies=(nothing,))
    assert answer(caller=limited).reason == (
        f"the permissions boundary of {BOB_ARN}, managed policy arn:b, does not allow "
        f"sts:AssumeRole on {ROLE}; and "
        f"no session policy of {BOB_ARN} allows sts:AssumeRole on {ROLE}"
    )


def test_a_root_user() -> None:
    root = "arn:aws:iam::111111111111:root"
    decision = answer(caller=Caller(root, "111111111111", root))
    assert decision.reason == f"{root} is a root user, and none can assume a role"


def test_another_partition() -> None:
    role = "arn:aws-cn:iam::222222222222:role/deploy"
    assert answer(role=role).reason == f"{role} is in another partition than {BOB_ARN}"


@pytest.mark.parametrize(
    "name",
    ["StringEqual", "stringequals", "", "IfExists", "ForAllValues:", "ForSomeValues:StringEquals",
     "NullIfExists", "ForAnyValue:NullIfExists", "NotStringEquals", "StringEqualsIfExistsIfExists"],
)  # fmt: skip
@pytest.mark.parametrize("principal", [BOB_ARN, "arn:aws:iam::111111111111:user/alice"])
def test_an_operator_that_iam_does_not_know_is_named(name: str, principal: str) -> None:
    with pytest.raises(ValueError, match="IAM has no condition operator") as error:
        answer(trusts(principal, **{name: {"aws:username": "bob"}}))
    assert str(error.value) == f"IAM has no condition operator {name!r}"


SECRET = st.text("0123456789", min_size=6).map(lambda digits: f"secret{digits}")
OPERATORS = st.sampled_from(
    ["StringEquals", "StringLike", "StringNotEquals", "StringEqualsIgnoreCase", "ArnLike"]
)


@given(
    st.booleans(), OPERATORS, st.sampled_from(["sts:ExternalId", "STS:externalid"]), SECRET, SECRET
)
def test_no_reason_holds_an_external_id(
    same: bool, operator: str, key: str, required: str, given_id: str
) -> None:
    condition = {operator: {key: required}, "Bool": {"aws:MultiFactorAuthPresent": "true"}}
    decision = answer(
        trusts(**condition), context={"sts:ExternalId": required if same else given_id}
    )
    assert not decision.allowed
    assert "secret" not in decision.reason
