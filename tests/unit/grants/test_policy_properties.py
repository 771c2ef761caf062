"""Both documents, whatever principals and roles they are built from."""

from __future__ import annotations

import json
import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.errors import InvalidInput, Refusal
from cross_account_access.grants import policies
from cross_account_access.grants.conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from cross_account_access.grants.model import read_model
from cross_account_access.grants.policies import AssumableRole
from cross_account_access.grants.trust import build_trust_policy
from cross_account_access.grants.trust_model import TrustModel
from tests.unit.grants.trust_statements import ORGANIZATION, ROOT, UNIT, trusting
from tests.unit.reading import DESTINATION, OTHER, SOURCE

NAMES = st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=64)
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
