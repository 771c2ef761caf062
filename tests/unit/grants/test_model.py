"""Input read as a whole: one report of all that is wrong, in the spelling that the input has."""

from __future__ import annotations

import re
from typing import Annotated, Any

import pydantic
import pytest

from cross_account_access.access import CrossAccountAccessArgs
from cross_account_access.args import Conditions, Grant, Principal, RoleSettings
from cross_account_access.destination import TrustedRoleArgs
from cross_account_access.grants.assume_role_grant import AssumeRoleGrantModel
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.grant_set import AccessModel
from cross_account_access.grants.model import (
    Model,
    Spelling,
    Unresolved,
    find_unsafe_text,
    plain,
    read_model,
    when_known,
)
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.roles import RoleModel
from cross_account_access.grants.trusted_role import TrustedRoleModel
from cross_account_access.iam import limits
from cross_account_access.source import AssumeRoleGrantArgs
from tests.unit.reading import codes, problems

ALICE: dict[str, Any] = {"principals": [{"user": "alice"}]}


def test_the_same_input_is_read_in_both_spellings() -> None:
    snake = {"role": {"max_session_duration": 7200}, "conditions": {"mfa_max_age": 60}} | ALICE
    camel = {"role": {"maxSessionDuration": 7200}, "conditions": {"mfaMaxAge": 60}} | ALICE
    assert read_model(GrantModel, snake) == read_model(GrantModel, camel, spelling="camelCase")


@pytest.mark.parametrize(
    ("spelling", "key", "right"),
    [
        ("snake_case", "maxSessionDuration", "max_session_duration"),
        ("camelCase", "max_session_duration", None),
    ],
)
def test_the_other_spelling_is_no_key(spelling: Spelling, key: str, right: str | None) -> None:
    right = right or "maxSessionDuration"
    (problem,) = problems(RoleModel, {key: 7200}, spelling=spelling)
    assert (problem.code, problem.path) == ("unknown-key", key)
    assert problem.remedy == f"Did you mean {right}?"


@pytest.mark.parametrize(
    ("spelling", "path"),
    [
        ("snake_case", "grants.deploy.role.max_session_duration"),
        ("camelCase", "grants.deploy.role.maxSessionDuration"),
    ],
)
def test_a_path_has_the_inputs_own_spelling(spelling: Spelling, path: str) -> None:
    data = {"grants": {"deploy": {"role": {path.rpartition(".")[2]: 1}} | ALICE}}
    found = problems(AccessModel, data, spelling=spelling)
    assert [problem.path for problem in found] == [path]


def test_a_path_inside_a_refusal_has_the_inputs_own_spelling_and_a_name_keeps_its_own() -> None:
    snake = {"role": {"managed_policies": ["Some_Policy", "Some_Policy"]}} | ALICE
    camel = {"role": {"managedPolicies": ["Some_Policy", "Some_Policy"]}} | ALICE
    roles = {
        "my_grant": {"role": {"name": "x"}} | ALICE,
        "other_grant": {"role": {"name": "X"}} | ALICE,
    }
    assert [p.path for p in problems(GrantModel, snake)] == ["role.managed_policies[1]"]
    assert [p.path for p in problems(GrantModel, camel, spelling="camelCase")] == [
        "role.managedPolicies[1]"
    ]
    assert [p.path for p in problems(AccessModel, {"grants": roles}, spelling="camelCase")] == [
        "grants.other_grant.role.name"
    ]


def test_all_problems_are_reported_at_once_sorted_by_path() -> None:
    data = {
        "grants": {
            "deploy": {
                "principals": [{"user": "a b"}, {"role": 5}],
                "rol": {},
                "conditions": {"mfa": "yes"},
            },
            "a b": {"principals": []},
        },
        "side": "left",
        "colour": "red",
    }
    assert codes(AccessModel, data, path="ns:", spelling="camelCase") == [
        ("unknown-key", "ns:colour"),
        ("invalid-grant-name", "ns:grants.a b"),
        ("empty", "ns:grants.a b.principals"),
        ("not-boolean", "ns:grants.deploy.conditions.mfa"),
        ("invalid-user-name", "ns:grants.deploy.principals[0].user"),
        ("role-name-not-string", "ns:grants.deploy.principals[1].role"),
        ("unknown-key", "ns:grants.deploy.rol"),
        ("invalid-side", "ns:side"),
    ]


@pytest.mark.parametrize(
    ("model", "key", "nearest"),
    [
        (RoleModel, "nme", "name"),
        (RoleModel, "managed_policy", "managed_policies or managed_policy_arns"),
        (PrincipalModel, "ou", "organizational_unit"),
        (PrincipalModel, "users", "user"),
        (PrincipalModel, "lable", "label"),
        (GrantModel, "condition", "conditions"),
        (AccessModel, "grant", "grants"),
        (ConditionsModel, "mfa_age", "mfa_max_age"),
    ],
)
def test_an_unknown_key_gets_the_nearest_right_one(
    model: type[Model], key: str, nearest: str
) -> None:
    found = [problem for problem in problems(model, {key: {}}) if problem.code == "unknown-key"]
    assert [(problem.path, problem.remedy) for problem in found] == [
        (key, f"Did you mean {nearest}?")
    ]


def test_an_unknown_key_that_is_like_none_gets_all_of_them() -> None:
    (problem,) = problems(PrincipalModel, {"device": "a"})
    assert problem.remedy.startswith("Known keys: user, role, arn, group, account, ")


def test_however_deeply_a_control_character_is_nested_it_is_refused() -> None:
    nested: Any = "\x1b"
    for _ in range(3000):
        nested = [nested]
    assert [len(refused.where) for refused in find_unsafe_text({"x": nested})] == [3001]


def test_a_key_must_be_a_string() -> None:
    assert codes(RoleModel, {5: "x"}) == [("key-not-string", "5")]
    assert codes(GrantModel, {"role": {True: "x"}} | ALICE) == [("key-not-string", "role.True")]


@pytest.mark.parametrize(
    "key", ["externalid", "external_Id", "exteralId", "extId", "tokn", "something"]
)
@pytest.mark.parametrize("value", ["s3cr3t", ["s3cr3t"], {"a": {"b": "s3cr3t"}}, 4711])
def test_what_stands_under_an_unknown_key_is_not_shown(key: str, value: Any) -> None:
    (problem,) = problems(ConditionsModel, {key: value})
    assert (problem.code, problem.value) == ("unknown-key", "")
    assert not re.search("s3cr3t|4711", problem.message)


@pytest.mark.parametrize(
    ("data", "code", "path"),
    [
        ({}, "missing-key", "principals"),
        ({"principals": {"user": "a"}}, "not-list", "principals"),
        ({"principals": [["a"]]}, "not-object", "principals[0]"),
        ({"conditions": True} | ALICE, "not-object", "conditions"),
        ({"role": {"inline_policies": []}} | ALICE, "not-map", "role.inline_policies"),
        ({"role": {"managed_policies": "x"}} | ALICE, "not-list", "role.managed_policies"),
    ],
)
def test_another_type_is_refused(data: object, code: str, path: str) -> None:
    assert codes(GrantModel, data) == [(code, path)]


@pytest.mark.parametrize("data", [None, [], "grants", 5])
def test_input_that_is_no_object_at_all_is_refused(data: object) -> None:
    assert codes(AccessModel, data) == [("not-object", "")]


def test_every_key_without_a_value_is_told_and_none_counts_as_left_out() -> None:
    data = {
        "principals": [{"user": None}],
        "role": {
            "name": None,
            "managed_policies": None,
            "tags": None,
            "inline_policies": {"a": None},
            "nme": None,
        },
        "conditions": None,
    }
    assert codes(GrantModel, data) == [
        ("null-value", "conditions"),
        ("null-value", "principals[0].user"),
        ("invalid-policy", "role.inline_policies.a"),
        ("null-value", "role.managed_policies"),
        ("null-value", "role.name"),
        ("unknown-key", "role.nme"),
        ("null-value", "role.tags"),
    ]


def test_an_output_in_an_objects_place_is_refused_for_a_condition_in_it_could_get_lost() -> None:
    assert codes(GrantModel, {"conditions": Unresolved()} | ALICE) == [("not-object", "conditions")]
    assert codes(GrantModel, {"principals": [Unresolved()]}) == [("not-object", "principals[0]")]
    (problem,) = problems(GrantModel, {"principals": Unresolved()})
    assert (problem.code, problem.value) == ("not-list", "<an Output>")
    assert problem.remedy.endswith("put Outputs inside it")


PLAIN = ["name", "path", "max_session_duration", "tags"]


@pytest.mark.parametrize("key", PLAIN)
def test_an_output_where_the_value_must_be_plain_is_refused(key: str) -> None:
    (problem,) = problems(RoleModel, {key: Unresolved()})
    assert (problem.code, problem.path) == ("output-not-allowed", key)
    assert problem.value == "<an Output>"


def test_an_output_in_a_list_of_managed_policies_is_sent_to_the_labelled_ones() -> None:
    (problem,) = problems(RoleModel, {"managed_policies": ["ReadOnlyAccess", Unresolved()]})
    assert (problem.code, problem.path) == ("output-not-allowed", "managed_policies[1]")
    assert "managed_policy_arns" in problem.remedy


def test_an_output_where_it_may_stand_is_not_checked_yet() -> None:
    later = Unresolved()
    role = read_model(
        RoleModel,
        {
            "permissions_boundary": later,
            "managed_policy_arns": {"own": later},
            "inline_policies": {"a": later, "b": {"Statement": [{"Resource": later}]}},
        },
    )
    assert role.permissions_boundary is later
    assert role.managed_policy_arns == {"own": later}
    assert read_model(ConditionsModel, {"external_id": later}).external_id is later


def test_what_was_read_can_not_be_changed() -> None:
    role = read_model(RoleModel, {"name": "a"})
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        role.name = "b"


class _Both(Model):
    at_once: Annotated[str, plain(limits.LABEL)] = "x"
    in_time: Annotated[str | Unresolved, when_known(limits.LABEL)] = "x"


@pytest.mark.parametrize("key", ["at_once", "in_time"])
def test_a_known_value_is_checked_whether_it_must_be_plain_or_not(key: str) -> None:
    assert read_model(_Both, {key: "ok"}).model_dump()[key] == "ok"
    assert [problem.path for problem in problems(_Both, {key: "not ok"})] == [key]
    assert codes(_Both, {key: None}) == [("null-value", key)]


@pytest.mark.parametrize(
    ("args", "model"),
    [
        (Principal, PrincipalModel),
        (RoleSettings, RoleModel),
        (Conditions, ConditionsModel),
        (Grant, GrantModel),
        (TrustedRoleArgs, TrustedRoleModel),
        (AssumeRoleGrantArgs, AssumeRoleGrantModel),
        (CrossAccountAccessArgs, AccessModel),
    ],
)
def test_a_model_has_the_keys_of_its_public_args(args: Any, model: type[Model]) -> None:
    providers = {"source_provider", "destination_provider"}
    assert set(args.__annotations__) - providers == set(model.model_fields)
    required = {key for key, field in model.model_fields.items() if field.is_required()}
    assert set(args.__required_keys__) == required
