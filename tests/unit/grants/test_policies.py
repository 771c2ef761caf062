"""The two documents: the destination's trust policy and the source's identity policy."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.errors import InvalidInput, Refusal
from cross_account_access.grants import policies
from cross_account_access.grants.conditions import (
    ASSUME_ROLE,
    SET_SOURCE_IDENTITY,
    TAG_SESSION,
    ConditionsModel,
)
from cross_account_access.grants.grant import TrustModel
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.policies import AssumableRole
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import build_trust_policy, get_allowed_actions
from tests.unit.reading import DESTINATION, OTHER, SOURCE, refusal

ROOT = f"arn:aws:iam::{SOURCE}:root"
ALICE = f"arn:aws:iam::{SOURCE}:user/alice"
CI = f"arn:aws:iam::{SOURCE}:role/team/ci"
ORGANIZATION, UNIT = "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"
NAMES = st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=64)
CONDITIONS = {"mfa_max_age": 3600, "external_id": "partner-7f3a"}


def trusting(
    *principals: dict[str, Any],
    conditions: dict[str, Any] | None = None,
    partition: str = "aws",
    account: str = SOURCE,
) -> str:
    """The trust policy of these principals."""
    trusted = [read_model(PrincipalModel, principal) for principal in principals]
    return build_trust_policy(
        trusted, read_model(ConditionsModel, conditions) if conditions else None, partition, account
    )


def statements(*principals: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """Its statements."""
    found: list[dict[str, Any]] = json.loads(trusting(*principals, **more))["Statement"]
    return found


# The trust policy


def test_a_trust_policy_names_exactly_its_principals_under_its_conditions() -> None:
    assert trusting({"user": "alice"}, {"role": "team/ci"}, conditions=CONDITIONS) == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"Trust","Effect":"Allow",'
        f'"Principal":{{"AWS":["{CI}","{ALICE}"]}},"Action":"sts:AssumeRole",'
        '"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},'
        '"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"},"StringEquals":{"sts:ExternalId":"partner-7f3a"}}}]}'
    )


def test_a_trust_policy_without_conditions_has_no_condition_block() -> None:
    assert json.loads(trusting({"user": "alice"})) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Trust",
                "Effect": "Allow",
                "Principal": {"AWS": [ALICE]},
                "Action": "sts:AssumeRole",
            }
        ],
    }


def like(*arns: str) -> dict[str, Any]:
    return {"ArnLike": {"aws:PrincipalArn": arns[0] if len(arns) == 1 else list(arns)}}


RESERVED = (
    f"arn:aws:iam::{SOURCE}:role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_Admin_{'?' * 16}"
)


@pytest.mark.parametrize(
    ("principal", "named", "condition"),
    [
        ({"user": "alice"}, [ALICE], None),
        ({"role": "team/ci"}, [CI], None),
        ({"arn": CI}, [CI], None),
        ({"user": "alice", "trust_by": "id"}, [ALICE], None),
        ({"user": "alice", "trust_by": "name"}, [ROOT], like(ALICE)),
        ({"arn": CI, "trust_by": "name"}, [ROOT], like(CI)),
        ({"group": "devs"}, [ROOT], None),
        ({"account": SOURCE}, [ROOT], None),
        ({"permission_set": "Admin"}, [ROOT], like(RESERVED)),
        ({"session": "ci/build-7"}, [f"arn:aws:sts::{SOURCE}:assumed-role/ci/build-7"], None),
        (
            {"organization": ORGANIZATION},
            "*",
            {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
        ),
        (
            {"organizational_unit": UNIT},
            "*",
            {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{UNIT}*"}},
        ),
    ],
)
def test_each_kind_of_principal_is_named_as_aws_knows_it(
    principal: dict[str, Any], named: object, condition: dict[str, Any] | None
) -> None:
    (statement,) = statements(principal)
    assert statement["Principal"] == {"AWS": named}
    assert statement.get("Condition") == condition
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")


def test_the_trust_policy_of_another_partition_and_account_names_its_arns() -> None:
    principals: list[dict[str, Any]] = [{"user": "alice"}, {"session": "ci/build-7"}]
    (statement,) = statements(*principals, partition="aws-us-gov", account=OTHER)
    assert statement["Principal"] == {
        "AWS": [
            f"arn:aws-us-gov:iam::{OTHER}:user/alice",
            f"arn:aws-us-gov:sts::{OTHER}:assumed-role/ci/build-7",
        ]
    }


@pytest.mark.parametrize(
    "principal",
    [
        {"account": OTHER},
        {"arn": f"arn:aws:iam::{OTHER}:user/x"},
        {"arn": f"arn:aws:iam::{OTHER}:role/x"},
    ],
)
def test_a_principal_of_another_account_is_in_no_trust_policy(principal: dict[str, Any]) -> None:
    refused = refusal(lambda one: trusting({"user": "alice"}, one), principal)
    assert refused.code == "principal-in-other-account"
    assert (refused.where, refused.value) == ((1,), OTHER)


def test_those_that_narrow_the_account_alike_share_a_statement() -> None:
    principals: list[dict[str, Any]] = [
        {"user": "alice", "trust_by": "name"},
        {"role": "team/ci", "trust_by": "name"},
        {"permission_set": "Admin"},
    ]
    (statement,) = statements(*principals)
    assert statement["Principal"] == {"AWS": [ROOT]}
    assert statement["Condition"] == like(*sorted([ALICE, CI, RESERVED]))


def test_whoever_is_trusted_in_full_loosens_nobody_elses_condition() -> None:
    principals: list[dict[str, Any]] = [
        {"user": "alice"},
        {"account": SOURCE, "conditions": {"mfa": True}},
        {"permission_set": "Admin"},
        {"organization": ORGANIZATION},
    ]
    found = {
        json.dumps(one["Principal"]["AWS"]) + json.dumps(sorted(one.get("Condition", {})))
        for one in statements(*principals)
    }
    assert found == {
        f'["{ALICE}"][]',
        f'["{ROOT}"]["Bool"]',
        f'["{ROOT}"]["ArnLike"]',
        '"*"["StringEquals"]',
    }


def test_a_principals_own_conditions_stand_in_a_statement_of_its_own() -> None:
    principals: list[dict[str, Any]] = [
        {"user": "alice"},
        {"user": "bob"},
        {"role": "team/ci", "conditions": {"mfa": False, "external_id": "ci-4711"}},
    ]
    found = {
        tuple(one["Principal"]["AWS"]): one["Condition"]
        for one in statements(*principals, conditions=CONDITIONS)
    }
    mfa = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
    }
    assert found == {
        (ALICE, f"arn:aws:iam::{SOURCE}:user/bob"): mfa
        | {"StringEquals": {"sts:ExternalId": "partner-7f3a"}},
        (CI,): {"StringEquals": {"sts:ExternalId": "ci-4711"}},
    }


def test_what_a_principal_says_itself_is_not_said_by_a_condition_too() -> None:
    refused = refusal(
        lambda conditions: trusting(
            {"user": "a"}, {"permission_set": "Admin"}, conditions=conditions
        ),
        {"raw": like(CI) | {"ArnLike": {"aws:PrincipalArn": [CI]}}},
    )
    assert (refused.where, refused.value) == ((1,), "Admin")
    assert refused.code == "condition-of-principal"


def test_a_condition_that_is_not_known_yet_keeps_its_place() -> None:
    (statement,) = statements(
        {"user": "alice"}, conditions={"external_id": Unresolved(), "source_ips": [Unresolved()]}
    )
    assert statement["Condition"] == {
        "IpAddress": {"aws:SourceIp": ""},
        "StringEquals": {"sts:ExternalId": ""},
    }


@pytest.mark.parametrize(
    ("conditions", "actions"),
    [
        (None, [ASSUME_ROLE]),
        ({"mfa": True}, [ASSUME_ROLE]),
        ({"source_identities": ["alice"]}, [ASSUME_ROLE, SET_SOURCE_IDENTITY]),
        ({"session_tags": {"team": ["a"]}}, [ASSUME_ROLE, TAG_SESSION]),
        (
            {"session_tags": {"team": ["a"]}, "source_identities": ["x*"]},
            [ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION],
        ),
    ],
)
def test_both_sides_allow_what_the_conditions_ask_for_and_no_more(
    conditions: dict[str, Any] | None, actions: list[str]
) -> None:
    (statement,) = statements({"user": "alice"}, conditions=conditions)
    assert statement["Action"] == (actions if len(actions) > 1 else actions[0])
    model = read_model(ConditionsModel, conditions) if conditions else None
    assert get_allowed_actions(read_model(PrincipalModel, {"user": "alice"}), model) == tuple(
        actions
    )


# Its Sid


def sid(*unique_ids: str) -> str:
    """The Sid of users with these unique ids."""
    users = [read_model(PrincipalModel, {"user": f"u{number}"}) for number in range(3)]
    known = [
        user.model_copy(update={"unique_id": found})
        for user, found in zip(users, unique_ids, strict=False)
    ]
    (statement,) = json.loads(
        build_trust_policy([*known, *users[len(known) :]], None, "aws", SOURCE)
    )["Statement"]
    return str(statement["Sid"])


def test_a_principal_made_again_changes_the_trust_policy() -> None:
    assert sid("AIDAONE", "AROATWO") != sid("AIDAONE", "AROATHREE")
    assert sid("AIDAONE") != sid("AIDAONE", "AROATWO")
    assert sid("AIDAONE") != sid()


def test_a_principal_made_again_changes_its_own_statement_alone() -> None:
    def found(unique_id: str) -> dict[str, str]:
        principals: list[dict[str, Any]] = [
            {"user": "alice", "unique_id": unique_id},
            {
                "role": "team/ci",
                "unique_id": "AROA" + "2" * 16,
                "conditions": {"external_id": "ci-4711"},
            },
        ]
        return {one["Principal"]["AWS"][0]: one["Sid"] for one in statements(*principals)}

    before, after = found("AIDA" + "0" * 16), found("AIDA" + "1" * 16)
    assert before[ALICE] != after[ALICE]
    assert before[CI] == after[CI]


def test_the_principals_ids_in_another_order_change_nothing() -> None:
    assert sid("AIDAONE", "AROATWO") == sid("AROATWO", "AIDAONE")


def test_the_sid_is_short_and_has_letters_and_digits_alone() -> None:
    found = sid("AIDAONE", "AROATWO")
    assert found.isascii()
    assert found.isalnum()
    assert len(found) == len("Trust") + 12


# Quotas


def users_of(count: int, length: int = 0) -> list[dict[str, Any]]:
    """Users; the path of the first makes its ARN longer by `length` characters."""
    longer = f"{'p' * (length - 1)}/" if length else ""
    return [{"user": f"{longer if number == 0 else ''}u{number:02}"} for number in range(count)]


def test_a_trust_policy_has_at_most_2048_characters() -> None:
    count = 50
    room = 2048 - len(trusting(*users_of(count)))
    assert 1 < room < 100
    assert len(trusting(*users_of(count, room))) == 2048
    refused = refusal(lambda users: trusting(*users), users_of(count, room + 1))
    assert refused.code == "trust-policy-too-long"
    assert f"has 2049: {count} principals in 1 statement" in refused.rule


def test_an_identity_policy_allows_assume_role_on_exactly_the_roles() -> None:
    deploy, audit = (
        AssumableRole(f"arn:aws:iam::{DESTINATION}:role/{name}") for name in ("deploy", "audit")
    )
    assert policies.build_assume_role_policy([deploy, audit, deploy]) == (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Resource":["{audit.arn}","{deploy.arn}"]}}]}}'
    )


def test_an_identity_policy_allows_each_role_what_its_own_conditions_ask_for() -> None:
    tagged, plain = (
        f"arn:aws:iam::{DESTINATION}:role/tagged",
        f"arn:aws:iam::{DESTINATION}:role/plain",
    )
    document = policies.build_assume_role_policy(
        [AssumableRole(tagged, (ASSUME_ROLE, TAG_SESSION)), AssumableRole(plain)]
    )
    assert json.loads(document)["Statement"] == [
        {"Effect": "Allow", "Action": ASSUME_ROLE, "Resource": [plain]},
        {"Effect": "Allow", "Action": [ASSUME_ROLE, TAG_SESSION], "Resource": [tagged]},
    ]


def test_an_identity_policy_has_at_most_6144_characters() -> None:
    def policy(longer: int) -> str:
        return policies.build_assume_role_policy(
            AssumableRole(f"arn:aws:iam::{DESTINATION}:role/{n:03}{'' if n else 'x' * longer}")
            for n in range(160)
        )

    room = 6144 - len(policy(0))
    assert 0 < room < 1000
    assert len(policy(room)) == 6144
    refused = refusal(policy, room + 1)
    assert refused.code == "managed-policy-too-long"


# Whatever is given

KINDS: dict[str, st.SearchStrategy[str]] = {
    "user": NAMES,
    "role": NAMES,
    "group": NAMES,
    "permission_set": NAMES.filter(lambda name: len(name) <= 32),
    "session": st.builds("{}/{}".format, NAMES, NAMES.filter(lambda name: len(name) > 1)),
    "organization": st.sampled_from([ORGANIZATION, "o-zzzzzzzzzz"]),
    "organizational_unit": st.sampled_from([UNIT, UNIT.replace("1111", "2222")]),
    "account": st.just(SOURCE),
}
OWN: list[dict[str, Any]] = [
    {"external_id": "own-7f3a"},
    {"mfa": False},
    {"source_identities": ["x*"]},
]


@st.composite
def any_principal(draw: st.DrawFn) -> dict[str, Any]:
    """A principal of any kind, by name or by id, perhaps with conditions of its own."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    principal: dict[str, Any] = {kind: draw(KINDS[kind])}
    if kind in ("user", "role"):
        more = [
            {},
            {"trust_by": "name"},
            {"unique_id": draw(st.from_regex("A[A-Z0-9]{19}", fullmatch=True))},
        ]
        principal |= draw(st.sampled_from(more))
    own = draw(st.sampled_from([None, *OWN]))
    return principal | ({"conditions": own} if own else {})


ANYBODY = st.lists(any_principal(), min_size=1, max_size=12)


@given(st.data(), ANYBODY)
def test_the_trust_policy_is_the_same_bytes_in_whatever_order(
    data: st.DataObject, principals: list[dict[str, Any]]
) -> None:
    shuffled = data.draw(st.permutations(principals))
    assert _outcome(principals) == _outcome(shuffled)


def _outcome(principals: list[dict[str, Any]]) -> str:
    try:
        return trusting(*principals, conditions={"external_id": "partner-7f3a"})
    except Refusal as refused:
        return refused.rule


@given(st.data(), st.lists(NAMES, min_size=1, max_size=20, unique=True))
def test_the_identity_policy_is_the_same_bytes_in_whatever_order(
    data: st.DataObject, names: list[str]
) -> None:
    actions = st.sampled_from(
        [(ASSUME_ROLE,), (ASSUME_ROLE, TAG_SESSION), (ASSUME_ROLE, SET_SOURCE_IDENTITY)]
    )
    roles = [
        AssumableRole(f"arn:aws:iam::{DESTINATION}:role/{name}", data.draw(actions))
        for name in names
    ]
    document = policies.build_assume_role_policy(roles)
    assert policies.build_assume_role_policy(data.draw(st.permutations(roles))) == document
    allowed = {
        arn: [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        for one in json.loads(document)["Statement"]
        for arn in one["Resource"]
    }
    assert allowed == {role.arn: list(role.actions) for role in roles}


@given(ANYBODY)
def test_a_trust_that_is_taken_is_one_document_within_the_quota_in_which_everybody_is_narrowed_down(
    principals: list[dict[str, Any]],
) -> None:
    try:
        document = trusting(*principals)
    except Refusal as refused:
        assert refused.code == "trust-policy-too-long"  # noqa: PT017 - otherwise it is a document
        return
    assert len(document) <= 2048
    found = json.loads(document)["Statement"]
    assert len({one["Sid"] for one in found}) == len(found)
    for statement in found:
        trusted = statement["Principal"]["AWS"]
        if trusted == "*":
            keys = {key for block in statement["Condition"].values() for key in block}
            assert {"aws:PrincipalOrgID", "aws:PrincipalOrgPaths"} & keys
        else:
            assert all(f"::{SOURCE}:" in arn for arn in trusted)
            assert not set("*?") & set("".join(trusted))
    whole = {kind for principal in principals for kind in principal if kind in ("account", "group")}
    unconditional = [
        one for one in found if one["Principal"]["AWS"] == [ROOT] and "Condition" not in one
    ]
    assert len(unconditional) <= len(whole), "nobody else lets the whole account in"


HOSTILE_NAMES = NAMES | st.sampled_from(
    [
        "*",
        "team/*",
        "t?/x",
        "${aws:username}/x",
        "",
        "/",
        "a b",
        "*/alice",
        "..",
        "a:user/b",
        "team/a:role/b",
    ]
)
FRIENDLY = st.builds(lambda kind, name: {kind: name}, st.sampled_from(["user", "role"]), NAMES)
HOSTILE = st.builds(
    lambda kind, name: {kind: name}, st.sampled_from(["user", "role"]), HOSTILE_NAMES
) | st.builds(
    lambda account, kind, name: {"arn": f"arn:aws:iam::{account}:{kind}{name}"},
    st.sampled_from([SOURCE, SOURCE, SOURCE, OTHER, "*", ""]),
    st.sampled_from(["user/", "role/", "role/", "root", "group/", ""]),
    HOSTILE_NAMES,
)
PRINCIPALS = st.builds(lambda one, others: [one, *others], HOSTILE, st.lists(FRIENDLY, max_size=5))
SOME_CONDITIONS = st.none() | st.fixed_dictionaries(
    {"external_id": st.text(string.ascii_letters, min_size=2, max_size=1300)},
    optional={"mfa": st.just(False)},
)


@given(PRINCIPALS, SOME_CONDITIONS)
def test_a_trust_in_users_and_roles_never_names_everybody_nor_another_account(
    principals: list[dict[str, str]], conditions: dict[str, Any] | None
) -> None:
    data: dict[str, Any] = {"principals": principals} | (
        {"conditions": conditions} if conditions else {}
    )
    try:
        model = read_model(TrustModel, data)
        document = build_trust_policy(model.principals, model.conditions, "aws", SOURCE)
    except (InvalidInput, Refusal):
        return
    assert len(document) <= 2048
    (statement,) = json.loads(document)["Statement"]
    trusted = statement["Principal"]["AWS"]
    for arn in trusted:
        assert arn.startswith((f"arn:aws:iam::{SOURCE}:user/", f"arn:aws:iam::{SOURCE}:role/"))
    assert not set("*?") & set("".join(trusted))
    assert "${" not in "".join(trusted)
    assert len(trusted) == len(principals)
    assert ("Condition" in statement) is bool(conditions)


@given(st.lists(NAMES, min_size=30, max_size=60, unique_by=str.lower), st.booleans())
def test_a_trust_that_is_taken_is_within_the_quota_and_one_that_is_not_is_above(
    names: list[str], mfa: bool
) -> None:
    data: dict[str, Any] = {"principals": [{"user": name} for name in names]} | (
        {"conditions": {"mfa": True}} if mfa else {}
    )
    arns = sorted(f"arn:aws:iam::{SOURCE}:user/{name}" for name in names)
    # With the digest of unique ids, which the destination adds where it knows them.
    statement = {
        "Sid": "Trust" + "0" * 12,
        "Effect": "Allow",
        "Principal": {"AWS": arns},
        "Action": "sts:AssumeRole",
    }
    if mfa:
        statement["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    size = len(
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    )
    try:
        read_model(TrustModel, data)
    except InvalidInput:
        assert size > 2048
    else:
        assert size <= 2048
