"""Who is excluded from a principal: in the trust policy, in the record, and as far as is known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cross_account_access.errors import InvalidInput
from cross_account_access.grants.documents import build_grant_documents
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.principal_ref import parse_principal_name
from cross_account_access.grants.record_reading import read_grant_documents
from cross_account_access.grants.resolved_grant import Account, FoundPrincipal, ResolvedGrant
from cross_account_access.iam.quotas import TRUST_POLICY_CHARACTERS
from tests.hostile_outputs import replace_string
from tests.unit.grants.trust_statements import ORGANIZATION, UNIT, statements, trusting
from tests.unit.reading import DESTINATION, OTHER, SOURCE, codes, refusal

IAM = f"arn:aws:iam::{SOURCE}"


def deny(*patterns: str) -> dict[str, Any]:
    """The statement that excludes whoever is like these."""
    return {
        "Sid": "Except",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": list(patterns)}},
    }


def account(*exclusions: Any) -> dict[str, Any]:
    return {"account": SOURCE, "except_": [*exclusions]}


# --- The trust policy -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("principal", "pattern"),
    [
        (account("eve"), f"{IAM}:*/eve"),
        (account("/eve"), f"{IAM}:*/eve"),
        (account("team/eve"), f"{IAM}:*/team/eve"),
        (account(f"{IAM}:user/eve"), f"{IAM}:user/eve"),
        (account(f"{IAM}:role/team/ci"), f"{IAM}:role/team/ci"),
        (
            account("AWSReservedSSO_Admin_0123456789abcdef"),
            f"{IAM}:*/AWSReservedSSO_Admin_0123456789abcdef",
        ),
        (
            account(f"{IAM}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_0123456789abcdef"),
            f"{IAM}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_0123456789abcdef",
        ),
        ({"group": "devs", "except_": ["eve"]}, f"{IAM}:*/eve"),
        ({"organization": ORGANIZATION, "except_": ["eve"]}, "arn:aws:iam::*:*/eve"),
        ({"organizational_unit": UNIT, "except_": ["a/eve"]}, "arn:aws:iam::*:*/a/eve"),
        (
            {"organization": ORGANIZATION, "except_": [f"arn:aws:iam::{OTHER}:user/eve"]},
            f"arn:aws:iam::{OTHER}:user/eve",
        ),
    ],
)
def test_an_exclusion_is_a_deny_by_the_callers_arn(principal: dict[str, Any], pattern: str) -> None:
    allowing, denying = statements(principal)
    assert allowing["Effect"] == "Allow"
    assert denying == deny(pattern)


def test_all_exclusions_of_a_grant_are_one_statement_whatever_their_order() -> None:
    principals: list[dict[str, Any]] = [
        account("eve", "bob"),
        {"group": "devs", "except_": ["bob", "amy"]},
        {"organization": ORGANIZATION, "except_": ["eve"]},
        {"user": "alice"},
    ]
    found = statements(*principals)
    patterns = ["arn:aws:iam::*:*/eve", *(f"{IAM}:*/{name}" for name in ("amy", "bob", "eve"))]
    assert [one for one in found if one["Effect"] == "Deny"] == [found[-1]] == [deny(*patterns)]
    turned = [
        principal | {"except_": principal.get("except_", [])[::-1]}
        if "except_" in principal
        else principal
        for principal in reversed(principals)
    ]
    assert trusting(*turned) == trusting(*principals)


def test_whoever_is_trusted_is_so_by_the_same_bytes_with_and_without_an_exclusion() -> None:
    without = statements({"account": SOURCE}, {"user": "alice"})
    assert statements(account("eve"), {"user": "alice"})[:-1] == without


def test_an_exclusion_is_of_the_account_and_partition_of_the_principal() -> None:
    principals = [{**account("eve"), "account": OTHER, "source": OTHER}, {"user": "eve"}]
    found = statements(*principals, partition="aws-us-gov")
    assert found[-1] == deny(f"arn:aws-us-gov:iam::{OTHER}:*/eve")


TRUSTED: list[tuple[dict[str, Any], Any]] = [
    ({"user": "alice"}, "alice"),
    ({"user": "alice", "trust_by": "name"}, "alice"),
    ({"role": "team/ci"}, "team/ci"),
    ({"role": "team/ci"}, "ci"),
    ({"arn": f"{IAM}:role/team/ci"}, f"{IAM}:role/team/ci"),
    ({"session": "ci/build"}, "ci"),
    ({"session": "ci/build"}, f"{IAM}:role/team/ci"),
    ({"permission_set": "Admin"}, "AWSReservedSSO_Admin_0123456789abcdef"),
]


@pytest.mark.parametrize(("trusted", "exclusion"), TRUSTED)
def test_nobody_is_trusted_and_excluded_in_one_grant(
    trusted: dict[str, Any], exclusion: str
) -> None:
    for principal in (account("eve", exclusion), {"group": "devs", "except_": ["eve", exclusion]}):
        refused = refusal(lambda one: trusting(trusted, one), principal)
        assert refused.code == "excluded-principal-trusted"
        assert refused.where == (1, "except_", 1)


@pytest.mark.parametrize(
    ("trusted", "exclusion"),
    [
        ({"user": "alice"}, "lice"),
        ({"user": "alice"}, f"{IAM}:role/alice"),
        ({"user": "team/alice"}, "other/alice"),
        ({"user": "alice", "source": OTHER}, "alice"),
        ({"role": "ci"}, f"{IAM}:user/ci"),
        ({"session": "ci/build"}, "build"),
        ({"session": "ci/build"}, f"{IAM}:user/ci"),
        ({"session": "ci/build", "source": OTHER}, "ci"),
        ({"permission_set": "Admin"}, "AWSReservedSSO_Administrators_0123456789abcdef"),
        ({"group": "devs"}, "devs"),
    ],
)
def test_others_are_trusted_beside_an_exclusion(trusted: dict[str, Any], exclusion: str) -> None:
    assert trusting(trusted, account(exclusion))


# --- What is known late ---------------------------------------------------------------------------


def resolve(*principals: dict[str, Any], **found: FoundPrincipal) -> ResolvedGrant:
    grant = read_model(GrantModel, {"principals": [*principals]})
    accounts = {"source": Account(SOURCE, "aws"), "destination": Account(DESTINATION, "aws")}
    by_position = {int(position.removeprefix("p")): one for position, one in found.items()}
    return ResolvedGrant.build(grant, accounts, by_position, range(len(principals)))


def test_an_exclusion_that_is_not_known_yet_is_checked_when_it_is() -> None:
    late = {"principals": [{"user": "alice"}, account("eve", Unresolved())]}
    assert read_model(GrantModel, late)
    for value, code in (
        ("alice", "excluded-principal-trusted"),
        ("eve", "repeated-value"),
        ("team/eve", "excluded-twice"),
        ("*", "exclusion-with-wildcard"),
        (f"arn:aws:iam::{OTHER}:user/x", "exclusion-in-other-account"),
    ):
        known = {"principals": [{"user": "alice"}, account("eve", value)]}
        assert [found for found, _ in codes(GrantModel, known)] == [code]


def test_a_principal_is_compared_with_the_path_that_its_account_has_it_at() -> None:
    there = FoundPrincipal(f"{IAM}:user/team/alice", "AIDA0123456789ABCDEF")
    principals = {"user": "alice"}, account("team/alice")
    assert resolve(*principals).trust_policy(TRUST_POLICY_CHARACTERS)
    refused = refusal(
        lambda one: resolve(*principals, p0=one).trust_policy(TRUST_POLICY_CHARACTERS), there
    )
    assert refused.code == "excluded-principal-trusted"
    assert refused.where == ("principals", 1, "except_", 0)


@pytest.mark.parametrize(
    ("exclusion", "code"),
    [
        (f"arn:aws:iam::{OTHER}:user/eve", "exclusion-in-other-account"),
        (f"arn:aws-cn:iam::{SOURCE}:user/eve", "exclusion-in-other-partition"),
    ],
)
def test_an_excluded_arn_of_elsewhere_is_refused_when_the_groups_account_is_known(
    exclusion: str, code: str
) -> None:
    grant = resolve({"group": "devs", "except_": [exclusion]})
    refused = refusal(lambda one: one.trust_policy(TRUST_POLICY_CHARACTERS), grant)
    assert (refused.code, refused.where) == (code, ("principals", 0, "except_", 0))


# --- The record -----------------------------------------------------------------------------------


def write(*principals: dict[str, Any]) -> Any:
    grant = read_model(GrantModel, {"principals": [*principals]})
    accounts = {"partition": "aws", "source": SOURCE, "destination": DESTINATION}
    documents = build_grant_documents("deploy", grant, side="both", tags={}, **accounts)
    assert read_grant_documents(documents.as_json()) == documents
    return json.loads(documents.as_json())


RECORD = write(
    account("eve", f"{IAM}:role/x/ci"), {"organization": ORGANIZATION, "except_": ["bob"]}
)
POLICY = ("role", "trustPolicy", "Statement")
DENY = (*POLICY, 2)
OWN = ("principals", 0, "excluded")
ARNS = (*DENY, "Condition", "ArnLike", "aws:PrincipalArn")
LIKE = ["arn:aws:iam::*:*/bob", f"{IAM}:*/eve", f"{IAM}:role/x/ci"]


def test_a_record_names_who_is_excluded_from_each_principal_and_else_is_as_before() -> None:
    assert [half.get("excluded") for half in RECORD["principals"]] == [LIKE[1:], LIKE[:1]]
    assert RECORD["role"]["trustPolicy"]["Statement"][2] == deny(*LIKE)
    assert "excluded" not in write({"account": SOURCE})["principals"][0]


HOSTILE: list[tuple[tuple[str | int, ...], Any]] = [
    (POLICY, RECORD["role"]["trustPolicy"]["Statement"][:2]),
    (POLICY, [*RECORD["role"]["trustPolicy"]["Statement"], deny("arn:aws:iam::*:*/amy")]),
    (POLICY, [*RECORD["role"]["trustPolicy"]["Statement"], deny(*LIKE)]),
    ((*DENY, "Effect"), "Allow"),
    ((*DENY, "Sid"), "Trust"),
    ((*DENY, "Action"), "sts:TagSession"),
    ((*DENY, "Action"), ["sts:AssumeRole", "sts:TagSession"]),
    ((*DENY, "Principal"), {"AWS": [f"{IAM}:root"]}),
    ((*DENY, "Condition"), {}),
    ((*DENY, "Condition", "Bool"), {"aws:SecureTransport": "false"}),
    ((*DENY, "Condition"), {"ArnNotLike": {"aws:PrincipalArn": LIKE}}),
    (ARNS, LIKE[:2]),
    (ARNS, [*LIKE, f"{IAM}:user/amy"]),
    (ARNS, "*"),
    (OWN, []),
    (OWN, LIKE[1:2]),
    (OWN, LIKE),
    (OWN, [*LIKE[1:], "*"]),
    (OWN, [*LIKE[1:], f"{IAM}:*/*"]),
    (OWN, [f"{IAM}:*/eve", f"{IAM}:user/x/ci"]),
    (OWN, [f"{IAM}:*/user/eve", f"{IAM}:role/x/ci"]),
    (OWN, [f"arn:aws:iam::{OTHER}:*/eve", f"{IAM}:role/x/ci"]),
    (OWN, [f"arn:aws-cn:iam::{SOURCE}:*/eve", f"{IAM}:role/x/ci"]),
    (OWN, LIKE[:0:-1]),
    (OWN, "eve"),
    (OWN, None),
    (("principals", 1, "excluded"), [f"{IAM}:*/bob"]),
    (("principals", 0, "kind"), "group"),
]


@pytest.mark.parametrize(("place", "value"), HOSTILE)
def test_a_record_whose_deny_is_not_that_of_its_principals_is_refused(
    place: tuple[str | int, ...], value: Any
) -> None:
    with pytest.raises(InvalidInput):
        read_grant_documents(json.dumps(replace_string(RECORD, place, value)))


def test_a_record_that_denies_and_allows_consistently_but_not_by_its_principals_is_refused() -> (
    None
):
    bare = write({"account": SOURCE}, {"user": "alice"})
    bare["role"]["trustPolicy"]["Statement"].append(deny(f"{IAM}:user/alice"))
    with pytest.raises(InvalidInput) as caught:
        read_grant_documents(json.dumps(bare))
    assert caught.value.problems[0].code == "contradiction"


@pytest.mark.parametrize(
    "excluding", [{"user": "alice"}, {"role": "ci"}, {"permission_set": "Admin"}]
)
def test_nobody_is_excluded_from_a_principal_that_is_one(excluding: dict[str, Any]) -> None:
    record = write(excluding)
    record["principals"][0]["excluded"] = [f"{IAM}:*/eve"]
    record["role"]["trustPolicy"]["Statement"].append(deny(f"{IAM}:*/eve"))
    with pytest.raises(InvalidInput) as caught:
        read_grant_documents(json.dumps(record))
    assert caught.value.problems[0].code == "except-beside-one"


# --- Callers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (f"{IAM}:user/eve", "eve"),
        (f"{IAM}:role/a/b/eve", "eve"),
        (f"{IAM}:role/x/ci", f"{IAM}:role/x/ci"),
        (f"arn:aws:iam::{OTHER}:user/bob", "bob"),
        (f"{IAM}:user/x/ci", None),
        (f"{IAM}:user/Eve", None),
        (f"arn:aws:iam::{OTHER}:user/eve", None),
        (f"{IAM}:root", None),
    ],
)
def test_a_record_tells_who_is_excluded(arn: str, name: str | None) -> None:
    found = read_grant_documents(json.dumps(RECORD)).find_exclusion(arn)
    assert (found[1] if found else None) == name


def test_a_caller_who_is_made_up_is_none_that_is_excluded() -> None:
    documents = read_grant_documents(
        json.dumps(write(account("anyone", "anyone-2", f"{IAM}:user/member-of-devs")))
    )
    for kind, name, tail in (
        ("account", SOURCE, "anyone-3"),
        ("group", "devs", "member-of-devs-2"),
        ("user", "anyone", "anyone"),
        ("group", "g" * 128, f"member-of-{'g' * 54}"),
    ):
        ref = parse_principal_name(kind, name, "aws", SOURCE).with_member_of(documents)  # type: ignore[arg-type] # of the table
        assert ref.arn.rpartition("/")[2] == tail
    assert parse_principal_name("account", SOURCE, "aws", SOURCE).with_member_of(None).arn == (
        f"{IAM}:user/anyone"
    )


def test_a_caller_has_the_path_by_which_the_grant_excludes_it() -> None:
    documents = read_grant_documents(
        json.dumps(write(account("team/eve", f"{IAM}:role/x/ci", f"{IAM}:user/y/amy")))
    )
    for kind, name, path in (
        ("user", "eve", "/team/"),
        ("role", "eve", "/team/"),
        ("role", "ci", "/x/"),
        ("user", "ci", None),
        ("user", "amy", "/y/"),
        ("role", "amy", None),
        ("group", "eve", None),
    ):
        ref = parse_principal_name(kind, name, "aws", SOURCE)  # type: ignore[arg-type] # of the table
        assert ref.with_path_of(documents).path == path
