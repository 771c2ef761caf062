"""A record of many accounts is read with its policies, and one that anybody else wrote is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cross_account_access.errors import InvalidInput
from cross_account_access.grants.record_reading import read_grant_documents
from tests.hostile_outputs import HOSTILE_VALUES, find_strings, replace_string
from tests.many_records import CI, PEOPLE, PRODUCTION, STAGING, build_record, write_policies

RECORD: dict[str, Any] = json.loads(build_record().as_json())
TEXTS = write_policies()
PLAIN, COMPACT = TEXTS
STATEMENT = ("Statement", 0)
OTHER = "555555555555"
Place = tuple[str | int, ...]


def read(record: Any, policies: Any = TEXTS) -> Any:
    return read_grant_documents(json.dumps(record), policies)


def refuse(record: Any, policies: Any = TEXTS) -> tuple[str, str]:
    """The code and path of what is wrong with a record, which something must be."""
    with pytest.raises(InvalidInput) as caught:
        read(record, policies)
    problem = caught.value.problems[0]
    return problem.code, problem.path


def change_policy(arn: str, place: Place, value: Any) -> dict[str, Any]:
    return TEXTS | {arn: json.dumps(replace_string(json.loads(TEXTS[arn]), place, value))}


def test_a_record_is_read_back_with_its_policies() -> None:
    written = build_record()
    found = read(RECORD)
    policies = [json.loads(text) for text in TEXTS.values()]
    assert [half.policy for half in found.principals] == policies
    bare = [half.model_copy(update={"policy": None}) for half in found.principals]
    assert found.model_copy(update={"principals": bare}) == written


@pytest.mark.parametrize(
    ("side", "made"),
    [
        ("source", [PEOPLE]),
        ("source", [CI]),
        ("source", [PEOPLE, CI]),
        ("destination", [PRODUCTION]),
        ("both", [PRODUCTION, CI]),
        ("both", [PEOPLE, PRODUCTION, CI]),
    ],
    ids=str,
)
def test_any_of_the_accounts_may_be_made(side: str, made: list[str]) -> None:
    record = read({**RECORD, "side": side, "made": made})
    for account in (PEOPLE, CI, PRODUCTION):
        assert record.makes_part_of(account) == (account in made)


@pytest.mark.parametrize("key", ["account", "made"])
def test_a_pairs_record_has_neither_account_nor_made(key: str) -> None:
    assert refuse({**RECORD, key: None})[0] in ("superfluous-account-id", "made-without-account")


def test_a_principal_of_the_lead_account_alone_has_no_account_id() -> None:
    record = build_record([{"user": "alice"}])
    assert record.limit_to_source(PEOPLE) == record
    ci = build_record().limit_to_source(CI)
    assert (ci.source_account_id, ci.source_account_ids) == (CI, [CI])
    assert [half.name for half in ci.principals] == ["deployer"]


FORMS: list[tuple[Place, Any, str]] = [
    (("account",), "", "account-or-group-name-too-short"),
    (("account",), "a" * 65, "account-or-group-name-too-long"),
    (("account",), "a@b", "invalid-account-or-group-name"),
    (("account",), "../b", "invalid-account-or-group-name"),
    (("account",), "-b", "invalid-account-or-group-name"),
    (("account",), 1, "string-type"),
    (("made",), [], "made-of-other-account"),
    (("made",), [OTHER], "made-of-other-account"),
    (("made",), [PEOPLE, PRODUCTION, OTHER], "made-of-other-account"),
    (("made",), [STAGING], "made-of-other-account"),
    (("made",), ["people"], "account-id-too-short"),
    (("made",), PEOPLE, "list-type"),
    (("made",), [111111111111], "string-type"),
    (("made",), [PEOPLE, CI], "contradiction"),
    (("made",), [PRODUCTION], "contradiction"),
    (("side",), "source", "contradiction"),
    (("side",), "destination", "contradiction"),
    (("sourceAccountId",), PRODUCTION, "same-account"),
    (("sourceAccountId",), CI, "superfluous-account-id"),
    (("sourceAccountId",), OTHER, "made-of-other-account"),
    (("destinationAccountId",), PEOPLE, "same-account"),
    (("destinationAccountId",), CI, "same-account"),
    (("principals", 0, "accountId"), PEOPLE, "superfluous-account-id"),
    (("principals", 0, "accountId"), CI, "made-of-other-account"),
    (("principals", 0, "accountId"), "1", "account-id-too-short"),
    (("principals", 1, "accountId"), None, "made-of-other-account"),
    (("principals", 1, "accountId"), OTHER, "made-of-other-account"),
    (("principals", 1, "accountId"), PRODUCTION, "same-account"),
    (("principals", 0, "policy"), json.loads(TEXTS[PLAIN]), "policy-in-record"),
    (("principals", 0, "policyArn"), f"arn:aws:iam::{CI}:policy/x", "contradiction"),
    (("principals", 0, "policyArn"), f"arn:aws:iam::{PRODUCTION}:policy/x", "contradiction"),
    (("principals", 0, "policyArn"), f"arn:aws-cn:iam::{PEOPLE}:policy/x", "contradiction"),
    (("principals", 1, "policyArn"), f"arn:aws:iam::{PEOPLE}:policy/x", "contradiction"),
    (("principals", 0, "policyArn"), f"arn:aws:iam::{PEOPLE}:policy/x", "policy-not-in-outputs"),
    (("principals", 0, "arn"), f"arn:aws:iam::{CI}:user/alice", "contradiction"),
    (("principals", 1, "arn"), f"arn:aws:iam::{PEOPLE}:role/deployer", "contradiction"),
    (("principals", 1, "trustedAs"), f"arn:aws:iam::{PEOPLE}:role/deployer", "contradiction"),
]


@pytest.mark.parametrize(("place", "value", "code"), FORMS, ids=str)
def test_values_that_contradict_each_other_are_refused(place: Place, value: Any, code: str) -> None:
    assert refuse(replace_string(RECORD, place, value))[0] == code


ROLE = f"arn:aws:iam::{PRODUCTION}:role/x/read-only"
ANYWHERE = "arn:aws:iam::*:role/x/read-only"
ACCOUNTS = ("Condition", "StringEquals", "aws:ResourceAccount")
CONDITION = {"StringEquals": {"aws:ResourceAccount": [PRODUCTION]}}
POLICIES: list[tuple[str, Place, Any, str]] = [
    (PLAIN, ("Action",), "iam:*", "other-action"),
    (PLAIN, ("Action",), ["sts:AssumeRole", "s3:*"], "other-action"),
    (PLAIN, ("Resource",), [f"arn:aws:iam::{STAGING}:role/x/read-only"], "policy-without-role"),
    (PLAIN, ("Resource",), "*", "invalid-role-arn"),
    (PLAIN, ("Resource",), [ROLE, "*"], "invalid-role-arn"),
    (PLAIN, ("Resource",), [ROLE, f"arn:aws:iam::{STAGING}:role/*"], "invalid-role-name"),
    (PLAIN, ("Resource",), [ROLE, f"arn:aws-cn:iam::{STAGING}:role/x"], "role-in-other-partition"),
    (PLAIN, ("Resource",), [ANYWHERE], "roles-of-any-account"),
    (PLAIN, ("Resource",), [ROLE, ANYWHERE], "roles-of-any-account"),
    (PLAIN, ("Resource",), ["arn:aws:iam::*:*"], "invalid-role-arn"),
    (COMPACT, ("Condition",), {}, "roles-of-any-account"),
    (COMPACT, ("Condition",), {"StringLike": {"aws:ResourceAccount": "*"}}, "roles-of-any-account"),
    (
        COMPACT,
        ("Condition",),
        {"StringNotEquals": {"aws:ResourceAccount": [PRODUCTION]}},
        "roles-of-any-account",
    ),
    (
        COMPACT,
        ("Condition",),
        {"StringEquals": {"aws:PrincipalAccount": [PRODUCTION]}},
        "roles-of-any-account",
    ),
    (
        COMPACT,
        ("Condition",),
        CONDITION | {"Bool": {"aws:SecureTransport": "true"}},
        "roles-of-any-account",
    ),
    (COMPACT, ACCOUNTS, [STAGING], "policy-without-role"),
    (COMPACT, ACCOUNTS, [], "policy-without-role"),
    (COMPACT, ACCOUNTS, [PRODUCTION, "*"], "account-id-too-short"),
    (COMPACT, ACCOUNTS, ["22222222222?"], "invalid-account-id"),
    (COMPACT, ("Resource",), ["arn:aws:iam::*:role/x/other"], "policy-without-role"),
    (COMPACT, ("Resource",), ["arn:aws:iam::*:role/read-only"], "policy-without-role"),
    (COMPACT, ("Resource",), ["arn:aws:iam::*:role/*"], "invalid-role-name"),
    (COMPACT, ("Resource",), ["arn:*:iam::*:role/x/read-only"], "invalid-role-arn"),
    (COMPACT, ("Resource",), ["arn:aws-cn:iam::*:role/x/read-only"], "role-in-other-partition"),
]


@pytest.mark.parametrize(("arn", "place", "value", "code"), POLICIES, ids=str)
def test_a_policy_of_anything_else_is_refused(
    arn: str, place: Place, value: Any, code: str
) -> None:
    changed = change_policy(arn, (*STATEMENT, *place), value)
    found, path = refuse(RECORD, changed)
    assert found == code
    assert path.startswith(f"principals[{[*TEXTS].index(arn)}].policyArn")


@pytest.mark.parametrize("arn", [PLAIN, COMPACT])
@pytest.mark.parametrize(
    ("resources", "accounts"),
    [
        ([ROLE], None),
        ([ANYWHERE], [PRODUCTION]),
        ([ANYWHERE], PRODUCTION),
        (ANYWHERE, [PRODUCTION, STAGING, OTHER]),
        ([ANYWHERE, "arn:aws:iam::*:role/y"], [STAGING, PRODUCTION]),
    ],
    ids=str,
)
def test_a_role_may_be_covered_in_either_form(arn: str, resources: Any, accounts: Any) -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resources}
    if accounts:
        statement["Condition"] = {"StringEquals": {"aws:ResourceAccount": accounts}}
    assert read(RECORD, change_policy(arn, ("Statement",), [statement]))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid-json"),
        ("[secret]", "invalid-json"),
        ("null", "policy-not-object"),
        ("[]", "policy-not-object"),
        ({}, "policy-not-object"),
        (None, "policy-not-in-outputs"),
        ("{}", "invalid-policy-version"),
        ('{"Statement": [], "Statement": []}', "repeated-json-key"),
        ('{"Statement": [{"Sid": "\\u001b"}]}', "control-character"),
    ],
    ids=str,
)
def test_a_policy_of_another_form_is_refused(text: Any, code: str) -> None:
    assert refuse(RECORD, TEXTS | {PLAIN: text})[0] == code


_FREE = (("role", "description"), ("role", "tags"), ("role", "trustPolicy"))


@pytest.mark.parametrize("place", find_strings(RECORD), ids=str)
def test_no_hostile_value_is_read_except_as_free_text(place: Place) -> None:
    for value in HOSTILE_VALUES:
        try:
            record = read_grant_documents(json.dumps(replace_string(RECORD, place, value)), TEXTS)
        except InvalidInput:
            continue
        name = record.account if place == ("account",) else record.grant
        is_name = place in (("grant",), ("account",)) and name == value
        assert place[:2] in _FREE or is_name, value
        if is_name:
            assert value.isascii()
            assert not {*value} & {*"/\\\"'$`;&|<>(){}[]!#%*?~: \n"}


@pytest.mark.parametrize(
    ("arn", "place"),
    [(arn, place) for arn in TEXTS for place in find_strings(json.loads(TEXTS[arn]))],
    ids=str,
)
def test_no_hostile_value_is_read_in_a_policy(arn: str, place: Place) -> None:
    for value in HOSTILE_VALUES:
        # Another grant's role may have such a path.
        if place[-2:] != ("Resource", 1) or value != f"arn:aws:iam::{PRODUCTION}:role/../x":
            refuse(RECORD, change_policy(arn, place, value))
