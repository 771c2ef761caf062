"""The two documents: the destination's trust policy and the source's identity policy."""

from __future__ import annotations

import json
import string
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cross_account_access import policies
from cross_account_access.conditions import ConditionsModel
from cross_account_access.errors import InvalidInput, Refusal
from cross_account_access.grants import TrustModel
from cross_account_access.model import read
from tests.unit.reading import DESTINATION, OTHER, SOURCE, refusal

ALICE = f"arn:aws:iam::{SOURCE}:user/alice"
CI = f"arn:aws:iam::{SOURCE}:role/team/ci"
NAMES = st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=64)


def test_a_trust_policy_names_exactly_its_principals_under_its_conditions() -> None:
    block = read(ConditionsModel, {"mfa_max_age": 3600, "external_id": "partner-7f3a"}).block()
    assert policies.trust_policy([ALICE, CI], block) == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"Trust","Effect":"Allow",'
        f'"Principal":{{"AWS":["{CI}","{ALICE}"]}},"Action":"sts:AssumeRole",'
        '"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},'
        '"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"},"StringEquals":{"sts:ExternalId":"partner-7f3a"}}}]}'
    )


def test_a_trust_policy_without_conditions_has_no_condition_block() -> None:
    assert json.loads(policies.trust_policy([ALICE], {})) == {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Trust", "Effect": "Allow", "Principal": {"AWS": [ALICE]}, "Action": "sts:AssumeRole"}],
    }


def sid(*unique_ids: str) -> str:
    found: str = json.loads(policies.trust_policy([ALICE], {}, unique_ids))["Statement"][0]["Sid"]
    return found


def test_a_principal_made_again_changes_the_trust_policy() -> None:
    assert sid("AIDAONE", "AROATWO") != sid("AIDAONE", "AROATHREE")
    assert sid("AIDAONE") != sid("AIDAONE", "AROATWO")
    assert sid("AIDAONE") != sid()


def test_the_principals_ids_in_another_order_change_nothing() -> None:
    assert sid("AIDAONE", "AROATWO") == sid("AROATWO", "AIDAONE")


def test_the_sid_is_short_and_has_letters_and_digits_alone() -> None:
    found = sid("AIDAONE", "AROATWO")
    assert found.isascii()
    assert found.isalnum()
    assert len(found) == len("Trust") + 12


def users_of(count: int, length: int = 0) -> list[str]:
    """ARNs of users; the first is longer by `length` characters."""
    return [f"arn:aws:iam::{SOURCE}:user/u{'x' * (length if not n else 0)}{n:02}" for n in range(count)]


def test_a_trust_policy_has_at_most_2048_characters() -> None:
    count = 50
    size = len(policies.trust_policy(users_of(count), {}))
    room = 2048 - size
    assert 0 < room < 100
    assert len(policies.trust_policy(users_of(count, room), {})) == 2048
    refused = refusal(lambda users: policies.trust_policy(users, {}), users_of(count, room + 1))
    assert refused.rule == (
        f"a trust policy has at most 2048 characters without white space, this one 2049: {count} principals "
        f"with ARNs of up to {len(users_of(1, room + 1)[0])}"
    )
    assert (
        refused.remedy == "Make two grants of it, each with a role of its own, or let people share a role to come from"
    )


def test_an_identity_policy_allows_assume_role_on_exactly_the_roles() -> None:
    deploy, audit = (f"arn:aws:iam::{DESTINATION}:role/{name}" for name in ("deploy", "audit"))
    assert policies.assume_role_policy([deploy, audit, deploy]) == (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Resource":["{audit}","{deploy}"]}}]}}'
    )


def test_an_identity_policy_has_at_most_6144_characters() -> None:
    roles = [f"arn:aws:iam::{DESTINATION}:role/{n:03}" for n in range(160)]
    room = 6144 - len(policies.assume_role_policy(roles))
    assert 0 < room < 1000
    assert len(policies.assume_role_policy([roles[0] + "x" * room, *roles[1:]])) == 6144
    refused = refusal(policies.assume_role_policy, [roles[0] + "x" * (room + 1), *roles[1:]])
    assert refused.rule == "a managed policy has at most 6144 characters without white space, this one 6145"


@given(st.data(), st.lists(NAMES, min_size=1, max_size=12, unique=True), st.lists(NAMES, max_size=5))
def test_the_documents_are_the_same_bytes_in_whatever_order(
    data: st.DataObject, names: list[str], unique_ids: list[str]
) -> None:
    block = read(ConditionsModel, {"mfa": True, "external_id": "partner-7f3a"}).block()
    arns = [f"arn:aws:iam::{SOURCE}:{kind}/{name}" for kind in ("user", "role") for name in names]
    shuffled, shuffled_ids = data.draw(st.permutations(arns)), data.draw(st.permutations(unique_ids))
    assert _trust(arns, block, unique_ids) == _trust(shuffled, block, shuffled_ids)
    assert policies.assume_role_policy(arns) == policies.assume_role_policy(shuffled)


def _trust(arns: list[str], block: dict[str, Any], unique_ids: list[str]) -> str:
    try:
        return policies.trust_policy(arns, block, unique_ids)
    except Refusal as refused:
        return refused.rule


HOSTILE_NAMES = NAMES | st.sampled_from(
    ["*", "team/*", "t?/x", "${aws:username}/x", "", "/", "a b", "*/alice", "..", "a:user/b", "team/a:role/b"]
)
FRIENDLY = st.builds(lambda kind, name: {kind: name}, st.sampled_from(["user", "role"]), NAMES)
HOSTILE = st.builds(lambda kind, name: {kind: name}, st.sampled_from(["user", "role"]), HOSTILE_NAMES) | st.builds(
    lambda account, kind, name: {"arn": f"arn:aws:iam::{account}:{kind}{name}"},
    st.sampled_from([SOURCE, SOURCE, SOURCE, OTHER, "*", ""]),
    st.sampled_from(["user/", "role/", "role/", "root", "group/", ""]),
    HOSTILE_NAMES,
)
PRINCIPALS = st.builds(lambda one, others: [one, *others], HOSTILE, st.lists(FRIENDLY, max_size=5))
CONDITIONS = st.none() | st.fixed_dictionaries(
    {"external_id": st.text(string.ascii_letters, min_size=2, max_size=1300)}, optional={"mfa": st.just(False)}
)


@settings(max_examples=300)
@given(PRINCIPALS, CONDITIONS)
def test_a_trust_policy_never_names_everybody_nor_another_account(
    principals: list[dict[str, str]], conditions: dict[str, Any] | None
) -> None:
    data: dict[str, Any] = {"principals": principals} | ({"conditions": conditions} if conditions else {})
    try:
        document = read(TrustModel, data).trust_policy("aws", SOURCE)
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
def test_a_trust_that_is_taken_is_within_the_quota_and_one_that_is_not_is_above(names: list[str], mfa: bool) -> None:
    data: dict[str, Any] = {"principals": [{"user": name} for name in names]} | (
        {"conditions": {"mfa": True}} if mfa else {}
    )
    arns = sorted(f"arn:aws:iam::{SOURCE}:user/{name}" for name in names)
    # With the digest of unique ids, which the destination adds where it knows them.
    statement = {"Sid": "Trust" + "0" * 12, "Effect": "Allow", "Principal": {"AWS": arns}, "Action": "sts:AssumeRole"}
    if mfa:
        statement["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    size = len(json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":")))
    try:
        read(TrustModel, data)
    except InvalidInput:
        assert size > 2048
    else:
        assert size <= 2048
