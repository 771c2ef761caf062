"""What holds of every grant: whom it lets in, and what its documents are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, event, given, reject, settings
from hypothesis import strategies as st

from cross_account_access.errors import InvalidInput, Problem, Refusal
from cross_account_access.grants import policies
from cross_account_access.grants.conditions import (
    ASSUME_ROLE,
    SET_CONTEXT,
    SET_SOURCE_IDENTITY,
    TAG_SESSION,
)
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.grant_set import AccessModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.roles import merge_tags
from cross_account_access.grants.trust import build_trust_policy, get_allowed_actions
from cross_account_access.iam import limits
from cross_account_access.iam.evaluator import Policy, Request, decide
from tests.unit.grants.grant_oracle import SOURCE, Asked, Somebody, lets_in
from tests.unit.grants.grant_worlds import (
    CALLERS,
    EXACT,
    REQUESTS,
    ROLE,
    callers_of,
    grants,
    requests_of,
    without_refused_principals,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from cross_account_access.grants.model import Model

MANY = settings(max_examples=80, deadline=None)
SOME = settings(max_examples=30, deadline=None)
VISIBLE = st.characters(exclude_categories=["C", "Zl", "Zp"])
ACCOUNT_ROOT = f"arn:aws:iam::{SOURCE}:root"


def written(grant: dict[str, Any]) -> str:
    """The trust policy of a grant; one that is refused is left out of the property."""
    try:
        model = read_model(GrantModel, grant)
    except InvalidInput:
        reject()
    return build_trust_policy(model.principals, model.conditions, "aws", SOURCE)


def statements(document: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(document)["Statement"]
    return found


def gets_in(document: str, who: Somebody, asked: Asked) -> bool:
    trust = Policy("trust policy", json.loads(document))
    actions = [ASSUME_ROLE]
    actions += [SET_SOURCE_IDENTITY] if asked.identity is not None else []
    actions += [TAG_SESSION] if asked.tags else []
    actions += [SET_CONTEXT] if asked.provider else []
    return all(
        decide(who.caller, Request(action, ROLE, asked.context(who)), trust).allowed
        for action in actions
    )


@settings(max_examples=120, deadline=None)
@given(grants(), CALLERS, REQUESTS)
def test_a_grant_lets_in_nobody_but_whom_it_names_under_its_conditions(
    grant: dict[str, Any], who: Somebody, asked: Asked
) -> None:
    named = lets_in(grant, who, asked)
    event(f"named: {named}")
    assert gets_in(written(grant), who, asked) is named


@settings(max_examples=200, deadline=None)
@given(grants(), st.data())
def test_a_grant_lets_in_whom_it_names_under_its_conditions(
    grant: dict[str, Any], data: st.DataObject
) -> None:
    """The same with callers made for the grant, so that many get in and others nearly do."""
    document = written(grant)
    who, asked = data.draw(callers_of(grant)), data.draw(requests_of(grant))
    named = lets_in(grant, who, asked)
    event(f"named: {named}")
    assert gets_in(document, who, asked) is named


@MANY
@given(grants(EXACT))
def test_nobody_is_trusted_widely_without_being_asked_for(grant: dict[str, Any]) -> None:
    for statement in statements(written(grant)):
        trusted = statement["Principal"]["AWS"]
        assert set(statement["Principal"]) == {"AWS"}
        if trusted == [ACCOUNT_ROOT]:
            # By name: the account, narrowed down to exact ARNs.
            arns = statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
            assert not any(sign in arn for arn in listed(arns) for sign in "*?$")
            assert any(principal.get("trust_by") == "name" for principal in grant["principals"])
        else:
            assert all(
                ":user/" in arn or ":role/" in arn or ":assumed-role/" in arn for arn in trusted
            )


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@MANY
@given(grants())
def test_everybody_is_trusted_only_of_an_organization_or_unit_that_is_named(
    grant: dict[str, Any],
) -> None:
    asked = {
        principal.get("organization", principal.get("organizational_unit"))
        for principal in grant["principals"]
    }
    for statement in statements(written(grant)):
        assert statement["Effect"] == "Allow"
        assert "NotPrincipal" not in statement
        if "*" not in listed(statement["Principal"]["AWS"]):
            continue
        assert statement["Principal"] == {"AWS": "*"}
        condition = statement["Condition"]
        ids = listed(condition.get("StringEquals", {}).get("aws:PrincipalOrgID", []))
        paths = listed(condition.get("ForAnyValue:StringLike", {}).get("aws:PrincipalOrgPaths", []))
        named = set(ids) & asked | {
            path for path in paths if path.endswith("/*") and path[:-1] in asked
        }
        assert named, condition


@MANY
@given(grants())
def test_the_whole_account_is_trusted_only_for_a_group_or_by_its_own_name(
    grant: dict[str, Any],
) -> None:
    wide = any("group" in principal or "account" in principal for principal in grant["principals"])
    for statement in statements(written(grant)):
        if ACCOUNT_ROOT in statement["Principal"]["AWS"]:
            assert wide or "aws:PrincipalArn" in statement.get("Condition", {}).get("ArnLike", {})


# --- Order ----------------------------------------------------------------------------------------


def shuffled(value: Any, draw: Any) -> Any:
    """The same with every map and list in another order."""
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: shuffled(value[key], draw) for key in keys}
    if isinstance(value, list):
        return [shuffled(inner, draw) for inner in draw(st.permutations(value))]
    return value


@MANY
@given(grants(), st.data())
def test_the_order_of_principals_conditions_and_values_never_matters(
    grant: dict[str, Any], data: st.DataObject
) -> None:
    document = written(grant)
    assert written(shuffled(grant, data.draw)) == document
    # A set's order is another one in another process.
    for statement in statements(document):
        arns = statement.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn", [])
        for values in (statement["Principal"]["AWS"], arns):
            assert listed(values) == sorted(listed(values))


@SOME
@given(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1), st.data())
def test_the_order_of_roles_and_actions_never_matters(
    names: list[str], data: st.DataObject
) -> None:
    more = data.draw(
        st.fixed_dictionaries({name: st.sets(st.sampled_from([TAG_SESSION])) for name in names})
    )
    roles = [policies.AssumableRole(f"{ROLE}-{name}", (ASSUME_ROLE, *more[name])) for name in names]
    document = policies.build_assume_role_policy(roles)
    assert policies.build_assume_role_policy(data.draw(st.permutations(roles))) == document


# --- Documents ------------------------------------------------------------------------------------

_KINDS: list[Callable[[str], dict[str, str]]] = [
    lambda name: {"user": name},
    lambda name: {"role": f"team/{name}"},
    lambda name: {"role": name, "trust_by": "name"},
    lambda name: {"permission_set": name[:32]},
]


def many(largest: int) -> SearchStrategy[list[str]]:
    """Names, each once, of every length."""
    lengths = st.integers(1, largest).flatmap(
        lambda n: st.lists(st.integers(2, 64), min_size=n, max_size=n)
    )
    return lengths.map(
        lambda found: [f"{n:02}".ljust(length, "x") for n, length in enumerate(found)]
    )


def counted(document: str) -> int:
    """As AWS counts: all but white space."""
    return sum(not letter.isspace() for letter in document)


def tried(model: type[Model], data: Any) -> Any:
    """The checked input, or what is wrong with it."""
    try:
        return read_model(model, data)
    except InvalidInput as refused:
        (found,) = refused.problems
        return found


@SOME
@given(many(40), st.sampled_from(_KINDS), st.sampled_from(_KINDS))
def test_a_trust_policy_is_json_within_its_quota_or_refused_with_the_arithmetic(
    names: list[str], one: Callable[[str], Any], other: Callable[[str], Any]
) -> None:
    principals = [(one if number % 2 else other)(name) for number, name in enumerate(names)]
    model = tried(GrantModel, {"principals": principals})
    event(type(model).__name__)
    if isinstance(model, Problem):
        assert int(model.rule.partition("this one has ")[2].partition(":")[0]) > 2048
        assert f": {len(principals)} principals in" in model.rule
        assert model.code == "trust-policy-too-long"
    else:
        document = build_trust_policy(model.principals, model.conditions, "aws", SOURCE)
        assert counted(document) == limits.count_characters(document) <= 2048
        assert json.loads(document)["Version"] == "2012-10-17"


@SOME
@given(many(120))
def test_an_identity_policy_is_json_within_its_quota_or_refused(names: list[str]) -> None:
    arns = [f"{ROLE}-{name}" for name in names]
    try:
        document = policies.build_assume_role_policy(policies.AssumableRole(arn) for arn in arns)
    except Refusal as refused:
        document, told = "", refused.rule
    if document:
        assert counted(document) <= 6144
        assert statements(document)[0]["Resource"] == sorted(arns)
    else:
        assert int(told.rpartition(" ")[2]) > 6144
        assert sum(map(len, arns)) + 3 * len(arns) > 6000
    event("written" if document else "refused")


@SOME
@given(st.lists(st.text(VISIBLE, max_size=8), min_size=1, max_size=3))
def test_whatever_can_be_seen_in_a_raw_condition_is_in_the_document_as_it_was(
    texts: list[str],
) -> None:
    raw = {"StringNotEquals": {"aws:UserAgent": texts}}
    document = written({"principals": [{"user": "alice"}], "conditions": {"raw": raw}})
    assert set(statements(document)[0]["Condition"]["StringNotEquals"]["aws:UserAgent"]) == set(
        texts
    )


@SOME
@given(grants())
def test_both_halves_allow_the_same_actions(grant: dict[str, Any]) -> None:
    in_trust = {
        action for statement in statements(written(grant)) for action in listed(statement["Action"])
    }
    model = read_model(GrantModel, grant)
    in_source = {
        action
        for principal in model.principals
        for action in get_allowed_actions(principal, model.conditions)
    }
    assert in_trust == in_source


@SOME
@given(st.lists(grants().map(without_refused_principals), min_size=2, max_size=4))
def test_another_grant_never_changes_a_grants_trust_policy(several: list[dict[str, Any]]) -> None:
    alone = {f"grant-{number}": written(grant) for number, grant in enumerate(several)}
    together = read_together({f"grant-{number}": grant for number, grant in enumerate(several)})
    documents = {
        name: build_trust_policy(grant.principals, grant.conditions, "aws", SOURCE)
        for name, grant in together.grants.items()
    }
    assert documents == alone


def read_together(several: dict[str, dict[str, Any]]) -> AccessModel:
    try:
        return read_model(AccessModel, {"grants": several})
    except InvalidInput as refused:
        # The one thing that two grants can contradict each other in here.
        if any(p.code != "principal-spelt-differently" for p in refused.problems):
            raise
        reject()


_tags = st.dictionaries(
    st.sampled_from(["owner", "Owner", "OWNER", "cost", "a"]), st.sampled_from("xy")
)


@SOME
@given(_tags, _tags)
def test_a_roles_own_tags_stand_in_the_place_of_the_common_ones_in_whatever_case(
    common: dict[str, str], own: dict[str, str]
) -> None:
    for tags in (common, own):
        assume(len({key.lower() for key in tags}) == len(tags))
    together = merge_tags(common, own)
    assert together | own == together
    assert {key.lower() for key in together} == {key.lower() for key in [*common, *own]}
    assert len({key.lower() for key in together}) == len(together)


@pytest.mark.parametrize("first", [0, 1])
def test_a_raw_condition_that_looks_like_a_named_one_takes_none_of_its_rights(first: int) -> None:
    """Statements with the same conditions may still allow different actions."""
    principals = [
        {"user": "alice", "conditions": {"source_identities": ["aa", "ab"]}},
        {
            "user": "bob",
            "conditions": {"raw": {"StringLike": {"sts:SourceIdentity": ["aa", "ab"]}}},
        },
    ]
    document = written({"principals": [principals[first], principals[1 - first]]})
    rights = {
        statement["Principal"]["AWS"][0][-5:]: statement["Action"]
        for statement in statements(document)
    }
    assert rights == {"alice": [ASSUME_ROLE, SET_SOURCE_IDENTITY], "r/bob": ASSUME_ROLE}
