"""A record is read back as it was written, and one that anybody else wrote is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import event, given, reject
from hypothesis import strategies as st

from cross_account_access.errors import InvalidInput
from cross_account_access.grants.documents import GrantDocuments, build_grant_documents
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.record_reading import read_grant_documents
from tests.hostile_outputs import HOSTILE_VALUES, find_strings, replace_string
from tests.unit.grants.grant_worlds import grants
from tests.unit.reading import DESTINATION, OTHER, SOURCE

INLINE = {"Statement": {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}}
# All that a role can have. Its path and name hold each sign that IAM takes.
ROLE = {
    "name": "a_+=,.@-Z9",
    "path": "/x/!#%&'()[]{}~/",
    "description": "tab\t line\r\nend, é",
    "max_session_duration": 7200,
    "managed_policies": ["ReadOnlyAccess", f"arn:aws:iam::{DESTINATION}:policy/own/one"],
    "permissions_boundary": "job-function/ViewOnlyAccess",
    "inline_policies": {"one": INLINE},
    "tags": {"owner": "plat form", "_.:/=+-@": ""},
}
ROLES: list[dict[str, Any]] = [
    {},
    ROLE,
    {"permissions_boundary": f"arn:aws:iam::{DESTINATION}:policy/b"},
]
MFA = {"mfa": True}
GRANT: dict[str, Any] = {
    "principals": [
        {"user": "team/alice", "unique_id": "AIDA0000000000000001"},
        {"role": "ci", "trust_by": "name"},
        {"session": "deployer/build"},
        {"permission_set": "Reader"},
        # With MFA, which the session can't have: otherwise it had to be in a grant of its own.
        {"group": "x/developers", "conditions": MFA},
        {"organizational_unit": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/", "conditions": MFA},
    ],
    "role": ROLE,
    "conditions": {
        "external_id": "id-1",
        "source_ips": ["203.0.113.0/29"],
        "raw": {"StringEquals": {"aws:PrincipalTag/Cost Center": "7"}},
    },
}


def write(grant: dict[str, Any], partition: str = "aws") -> GrantDocuments:
    """The record of a grant, with what AWS returned."""
    model = read_model(GrantModel, grant)
    accounts = {"partition": partition, "source": SOURCE, "destination": DESTINATION}
    record = build_grant_documents("deploy", model, side="both", tags=model.role.tags, **accounts)
    made = [
        (f"arn:{partition}:iam::{SOURCE}:policy/x/p{n}", json.dumps(half.needs)) if n % 2 else None
        for n, half in enumerate(record.principals)
    ]
    return record.with_made("AROA0000000000000001", made)


RECORD: dict[str, Any] = json.loads(write(GRANT).as_json())


def refuse(text: str) -> tuple[str, str]:
    """The code and path of what is wrong with a record, which something must be."""
    with pytest.raises(InvalidInput) as caught:
        read_grant_documents(text)
    problem = caught.value.problems[0]
    return problem.code, problem.path


@given(grants(), st.sampled_from(ROLES), st.sampled_from(["aws", "aws-cn", "aws-us-gov"]))
def test_every_record_that_is_written_reads_back_equal(
    grant: dict[str, Any], role: dict[str, Any], partition: str
) -> None:
    if partition != "aws":
        role = {key: role[key] for key in role if key in ("name", "path", "description", "tags")}
    try:
        record = write(grant | {"role": role}, partition)
    except InvalidInput:
        event("refused when it is written")
        reject()
    except ValueError:
        event("of another account or partition")
        reject()
    assert read_grant_documents(record.as_json()) == record


def test_a_record_of_another_minor_version_is_read() -> None:
    later = {**RECORD, "later": {"x": 1}, "role": {**RECORD["role"], "later": None}}
    assert read_grant_documents(json.dumps(later)) == read_grant_documents(json.dumps(RECORD))


def test_a_record_without_what_only_aws_knows_is_read() -> None:
    for half in (bare := json.loads(json.dumps(RECORD)))["principals"]:
        del half["policyArn"], half["policy"]
    del bare["role"]["uniqueId"]
    assert read_grant_documents(json.dumps(bare)).principals[0].policy is None


OTHER_ROLE = f"arn:aws:iam::{OTHER}:role/x"
CONTRADICTIONS: list[tuple[tuple[str | int, ...], Any]] = [
    (("partition",), "aws-cn"),
    (("partition",), "aws\nx"),
    (("partition",), ""),
    (("sourceAccountId",), OTHER),
    (("sourceAccountId",), DESTINATION),
    (("destinationAccountId",), OTHER),
    (("destinationAccountId",), SOURCE),
    (("role", "arn"), OTHER_ROLE),
    (("role", "arn"), RECORD["role"]["arn"].replace(DESTINATION, OTHER)),
    (("role", "arn"), RECORD["role"]["arn"].replace("arn:aws:", "arn:aws-cn:")),
    (("role", "name"), "other"),
    (("role", "path"), "/"),
    (("role", "permissionsBoundary"), f"arn:aws:iam::{OTHER}:policy/x"),
    (("role", "permissionsBoundary"), "arn:aws-cn:iam::aws:policy/x"),
    (("role", "managedPolicies", 0), f"arn:aws:iam::{OTHER}:policy/x"),
    (("role", "managedPolicies", 0), "arn:aws-us-gov:iam::aws:policy/x"),
    *(
        (("principals", position, key), value)
        for position, half in enumerate(RECORD["principals"])
        for key, value in (
            ("arn", OTHER_ROLE),
            ("name", "mallory"),
            ("trustedAs", f"arn:aws:iam::{OTHER}:root"),
            ("trustedAs", "*"),
            ("narrowing", {"ArnLike": {"aws:PrincipalArn": "*"}}),
            ("attachedTo", ["user", "mallory"]),
            ("kind", "user" if half["kind"] == "account" else "account"),
            ("policyArn", f"arn:aws:iam::{OTHER}:policy/x"),
            ("policy", INLINE if half["policy"] is None else None),
        )
        if half.get(key) != value
    ),
    # The record hides a principal that the role trusts, or names one that it doesn't.
    (("principals",), [half for half in RECORD["principals"] if half["kind"] != "session"]),
    (("role", "trustPolicy", "Statement", 0, "Principal", "AWS"), "*"),
]


@pytest.mark.parametrize(("place", "value"), CONTRADICTIONS)
def test_values_that_contradict_each_other_are_refused(
    place: tuple[str | int, ...], value: Any
) -> None:
    refuse(json.dumps(replace_string(RECORD, place, value)))


OF_ROLES: dict[str, Any] = json.loads(
    write({"principals": [{"path": "/deployers/"}, {"role_pattern": "team/ci-*"}]}).as_json()
)
_ALL_ROLES = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{SOURCE}:role/*"}}


def test_a_record_of_roles_by_path_and_pattern_names_them_by_these() -> None:
    halves = read_grant_documents(json.dumps(OF_ROLES)).principals
    assert [(half.kind, half.name) for half in halves] == [
        ("path", "/deployers/"),
        ("role_pattern", "team/ci-*"),
    ]
    assert all(half.arn is None and half.attached_to is None for half in halves)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("name", "*", "pattern-of-wildcards"),
        ("name", "/team/ci-*", "contradiction"),
        ("name", "team/*", "pattern-of-wildcards"),
        ("name", "team/cd-*", "contradiction"),
        ("name", "team/ci-\u001b*", "control-character"),
        ("narrowing", _ALL_ROLES, "contradiction"),
        ("narrowing", {}, "contradiction"),
        (
            "narrowing",
            {"StringLike": OF_ROLES["principals"][1]["narrowing"]["ArnLike"]},
            "contradiction",
        ),
        ("kind", "role", "invalid-role-name"),
        ("kind", "account", "account-id-too-short"),
        ("kind", "path", "path-with-wildcard"),
        ("trustedAs", "*", "contradiction"),
        ("attachedTo", ["role", "ci-*"], "contradiction"),
        ("arn", f"arn:aws:iam::{SOURCE}:role/team/ci-*", "contradiction"),
    ],
)
def test_a_record_of_roles_by_a_pattern_says_no_more_than_that(
    key: str, value: Any, code: str
) -> None:
    assert refuse(json.dumps(replace_string(OF_ROLES, ("principals", 1, key), value)))[0] == code


TRUST = ("role", "trustPolicy", "Statement", 0)
NEEDS = ("principals", 0, "needs")
FORMS: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("format",), 2, "literal-error"),
    (("format",), "1", "literal-error"),
    (("side",), "none", "literal-error"),
    (("role",), [], "model-type"),
    (("role", "maxSessionDuration"), "3600", "int-type"),
    (("role", "maxSessionDuration"), 3599, "maximum-session-duration-out-of-range"),
    (("role", "maxSessionDuration"), 10**30, "maximum-session-duration-out-of-range"),
    (("role", "uniqueId"), "AROA", "unique-id-too-short"),
    (("role", "tags"), {"aws:x": "y"}, "reserved-tag-key"),
    (("role", "tags"), {"a": "x", "A": "y"}, "repeated-tag-key"),
    (("role", "inlinePolicies"), {"a b": INLINE}, "invalid-policy-name"),
    (("role", "inlinePolicies"), {"a": []}, "dict-type"),
    (("role", "inlinePolicies"), {"a": {}}, "no-statement"),
    (
        ("role", "inlinePolicies"),
        {"a": {**INLINE, "Version": "2012-10-18"}},
        "invalid-policy-version",
    ),
    (("role", "inlinePolicies"), {"a": {**INLINE, "x": 1}}, "unknown-policy-key"),
    (("role", "trustPolicy"), {}, "no-statement"),
    (("role", "trustPolicy", "Statement"), [], "no-statement"),
    (("role", "trustPolicy", "Statement"), "x", "no-statement"),
    (TRUST, "x", "statement-not-object"),
    ((*TRUST, "Effect"), "allow", "invalid-effect"),
    ((*TRUST, "Sid"), "a b", "invalid-sid"),
    ((*TRUST, "Action"), ["sts:*"], "other-action"),
    ((*TRUST, "Action"), {}, "not-strings"),
    ((*TRUST, "Principal"), "*", "invalid-principal"),
    ((*TRUST, "Principal"), {"Service": "ec2.amazonaws.com"}, "contradiction"),
    ((*TRUST, "NotPrincipal"), {"AWS": "*"}, "element-not-of-trust-policy"),
    ((*TRUST, "Condition"), [], "condition-not-object"),
    ((*TRUST, "Condition"), {"StringEquals": []}, "condition-not-object"),
    ((*TRUST, "Condition"), {"StringEquals": {"a": None}}, "invalid-condition-value"),
    ((*TRUST, "Condition"), {"StringEquals": {"a": [["x"]]}}, "invalid-condition-value"),
    ((*TRUST, "Condition"), {"StringEqual": {"a": "x"}}, "unknown-operator"),
    ((*TRUST, "Condition"), {"StringEquals": {"a\n": "x"}}, "control-character"),
    ((*TRUST, "Condition"), {"StringEquals": {"a": "x\x9b"}}, "control-character"),
    ((*TRUST, "Condition"), {"StringEquals": {"a": "\ud800"}}, "json-invalid"),
    ((*NEEDS, "Statement", 0, "Action"), "*", "other-action"),
    ((*NEEDS, "Statement", 0, "Action"), "sts:GetFederationToken", "other-action"),
    ((*NEEDS, "Statement", 0, "Resource"), "*", "needs-more-than-role"),
    ((*NEEDS, "Statement", 0, "Resource"), ["*", RECORD["role"]["arn"]], "needs-more-than-role"),
    ((*NEEDS, "Statement", 0, "NotAction"), "x", "element-or-its-opposite"),
    ((*NEEDS, "Statement", 0, "Condition"), {}, "needs-more-than-role"),
    (("principals", 1, "policy", "Statement", 0, "Action"), ["iam:*"], "other-action"),
    (("principals", 1, "policy", "Statement", 0, "Resource"), ["*"], "invalid-role-arn"),
    (("description",), "x\x7f", "control-character"),
    (("later",), {"x\x1b": 1}, "control-character"),
    (("later",), ["\u0000"], "control-character"),
]


@pytest.mark.parametrize(("place", "value", "code"), FORMS)
def test_values_of_another_form_are_refused(
    place: tuple[str | int, ...], value: Any, code: str
) -> None:
    assert refuse(json.dumps(replace_string(RECORD, place, value)))[0] == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid-json"),
        ("{", "invalid-json"),
        ("\ufeff{}", "invalid-json"),
        ('{"format":1,"format":1}', "repeated-json-key"),
        ('{"format":1,"x":{"a":1,"b":2,"a":3}}', "repeated-json-key"),
        ('{"format":NaN}', "infinite-number"),
        ('{"format":-Infinity}', "infinite-number"),
        ('{"format":1e999}', "infinite-number"),
        (f'{{"format":{"9" * 5000}}}', "invalid-json"),
        (f'{{"format":{"[" * 100_000}', "nested-too-deeply"),
        (f'{{"format":1,"x":{"[" * 500}{"]" * 500}}}', "json-invalid"),
        ("[]", "model-type"),
        ("null", "model-type"),
        ("1", "model-type"),
        ('{"format":1}', "missing"),
    ],
)
def test_text_of_another_form_is_refused(text: str, code: str) -> None:
    assert refuse(text)[0] == code


def test_a_secret_is_not_shown_where_it_is_refused() -> None:
    condition: Any = {"StringEquals": {"sts:ExternalId": ["hidden-7f3a", None]}}
    with pytest.raises(InvalidInput) as caught:
        read_grant_documents(json.dumps(replace_string(RECORD, (*TRUST, "Condition"), condition)))
    assert "hidden-7f3a" not in str(caught.value)


# Free text, and what a grant or a policy may say as it likes; all else follows from the rest.
_FREE = (
    ("role", "description"),
    ("role", "tags"),
    ("role", "inlinePolicies"),
    ("role", "trustPolicy"),
)
SMALL: dict[str, Any] = json.loads(
    write(
        {**GRANT, "principals": [*GRANT["principals"][:2], {"session": "deployer/build"}]}
    ).as_json()
)


@pytest.mark.parametrize(
    "place", list(find_strings(SMALL)), ids=lambda place: "/".join(map(str, place))
)
def test_no_hostile_value_is_read_except_as_text_without_control_characters(
    place: tuple[str | int, ...],
) -> None:
    before, after = json.dumps(replace_string(SMALL, place, "HERE")).split('"HERE"')
    for value in HOSTILE_VALUES:
        try:
            read_grant_documents(f"{before}{json.dumps(value)}{after}")
        except InvalidInput:
            continue
        is_name = place == ("grant",) and set(value) <= set("abcdefghijklmnopqrstuvwxyzN01-=.x3A")
        assert place[:2] in _FREE or is_name, value
        assert place == ("role", "description") or not any(map(_is_control, value))


def _is_control(character: str) -> bool:
    return ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0
