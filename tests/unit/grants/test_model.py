"""Input read as a whole: one report of all that is wrong, in the spelling that the input has."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
import pytest

from cross_account_access.access import CrossAccountAccessArgs
from cross_account_access.args import Conditions, Grant, Principal, RoleSettings
from cross_account_access.destination import TrustedRoleArgs, TrustedRoleModel
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.grant import AccessModel, GrantModel
from cross_account_access.grants.model import (
    Model,
    Spelling,
    Unresolved,
    plain,
    read_model,
    when_known,
)
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.roles import RoleModel
from cross_account_access.iam import limits
from cross_account_access.source import AssumeRoleGrantArgs, AssumeRoleGrantModel
from tests.unit.reading import QUOTES, messages, problems

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
    assert messages(RoleModel, {key: 7200}, spelling=spelling) == [
        f"{key}: 7200: there is no such key. Did you mean {right}?"
    ]


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
    assert messages(AccessModel, data, path="ns:", spelling="camelCase") == [
        (
            'ns:colour: "red": there is no such key. Known keys: grants, side, tags, imports, '
            "sourceAccountId, destinationAccountId"
        ),
        'ns:grants.a b: "a b": a grant\'s name must have 1–64 characters: letters, digits and _+=,.@-.',
        "ns:grants.a b.principals: []: this must not be empty.",
        'ns:grants.deploy.conditions.mfa: "yes": this must be true or false.',
        'ns:grants.deploy.principals[0].user: "a b": a user name must have 1–64 characters: letters, digits and _+=,.@-.',
        f"ns:grants.deploy.principals[1].role: 5: a role name must be a string. {QUOTES}",
        "ns:grants.deploy.rol: {}: there is no such key. Did you mean role?",
        'ns:side: "left": a side is both, source or destination.',
    ]


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        (RoleModel, {"nme": "x"}, 'nme: "x": there is no such key. Did you mean name?'),
        (
            RoleModel,
            {"managed_policy": []},
            "managed_policy: []: there is no such key. Did you mean managed_policies or managed_policy_arns?",
        ),
        (
            PrincipalModel,
            {"ou": "x"},
            'ou: "x": there is no such key. Did you mean organizational_unit?',
        ),
        (PrincipalModel, {"users": "a"}, 'users: "a": there is no such key. Did you mean user?'),
        (
            PrincipalModel,
            {"device": "a"},
            (
                'device: "a": there is no such key. Known keys: user, role, arn, group, account, permission_set, '
                "organization, organizational_unit, session, label, trust_by, unique_id, conditions"
            ),
        ),
        (
            GrantModel,
            {"condition": {}} | ALICE,
            "condition: {}: there is no such key. Did you mean conditions?",
        ),
        (
            AccessModel,
            {"grant": {}, "grants": {"a": ALICE}},
            "grant: {}: there is no such key. Did you mean grants?",
        ),
        (
            AccessModel,
            {"grants": {"a": {"role": {"tag": {}}} | ALICE}},
            "grants.a.role.tag: {}: there is no such key. Did you mean tags?",
        ),
        (
            GrantModel,
            {"principals": [{"user": "a", "lable": "b"}]},
            'principals[0].lable: "b": there is no such key. Did you mean label?',
        ),
        (
            GrantModel,
            {"conditions": {"mfa_age": 5}} | ALICE,
            "conditions.mfa_age: 5: there is no such key. Did you mean mfa_max_age?",
        ),
        (RoleModel, {5: "x"}, "5: 5: a key must be text."),
        (GrantModel, {"role": {True: "x"}} | ALICE, "role.True: true: a key must be text."),
    ],
)
def test_an_unknown_key_gets_the_nearest_right_one(
    model: type[Model], data: object, message: str
) -> None:
    assert messages(model, data) == [message]


@pytest.mark.parametrize(
    "key", ["externalid", "external_Id", "exteralId", "extId", "tokn", "something"]
)
def test_what_stands_under_a_secrets_misspelt_key_is_not_shown(key: str) -> None:
    found = problems(ConditionsModel, {key: "s3cr3t"})
    assert "s3cr3t" not in found[0].message
    assert found[0].value == "[secret]"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "principals: this key is required."),
        ({"principals": "alice"}, 'principals: "alice": this must be a list.'),
        ({"principals": {"user": "a"}}, 'principals: {"user":"a"}: this must be a list.'),
        ({"principals": ["a"]}, 'principals[0]: "a": this must be an object with keys of its own.'),
        (
            {"principals": [["a"]]},
            'principals[0]: ["a"]: this must be an object with keys of its own.',
        ),
        (
            {"conditions": []} | ALICE,
            "conditions: []: this must be an object with keys of its own.",
        ),
        (
            {"conditions": True} | ALICE,
            "conditions: true: this must be an object with keys of its own.",
        ),
        ({"role": "ci"} | ALICE, 'role: "ci": this must be an object with keys of its own.'),
        (
            {"role": {"inline_policies": []}} | ALICE,
            "role.inline_policies: []: this must be a map.",
        ),
        (
            {"role": {"managed_policies": "x"}} | ALICE,
            'role.managed_policies: "x": this must be a list.',
        ),
    ],
)
def test_another_type_is_told_with_what_belongs_there(data: object, message: str) -> None:
    assert messages(GrantModel, data) == [message]


@pytest.mark.parametrize("data", [None, [], "grants", 5])
def test_input_that_is_no_object_at_all_is_refused(data: object) -> None:
    assert problems(AccessModel, data)[0].rule == "this must be an object with keys of its own"


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
    no_value = "null: a key has a value. Give it one, or leave it out"
    assert messages(GrantModel, data) == [
        f"conditions: {no_value}",
        f"principals[0].user: {no_value}",
        "role.inline_policies.a: null: a policy is an object or JSON text.",
        f"role.managed_policies: {no_value}",
        f"role.name: {no_value}",
        "role.nme: null: there is no such key. Did you mean name?",
        f"role.tags: {no_value}",
    ]


def test_an_output_in_an_objects_place_is_refused_for_a_condition_in_it_could_get_lost() -> None:
    remedy = "An Output can't stand for the whole of it, for then a condition in it could get lost: put Outputs inside"
    rule = "<an Output>: this must be an object with keys of its own"
    assert messages(GrantModel, {"conditions": Unresolved()} | ALICE) == [
        f"conditions: {rule}. {remedy}"
    ]
    assert messages(GrantModel, {"principals": [Unresolved()]}) == [
        f"principals[0]: {rule}. {remedy}"
    ]
    assert messages(GrantModel, {"principals": Unresolved()}) == [
        f"principals: <an Output>: this must be a list. {remedy}"
    ]


PLAIN = ["name", "path", "description", "max_session_duration", "tags"]


@pytest.mark.parametrize("key", PLAIN)
def test_an_output_where_the_value_must_be_plain_is_refused(key: str) -> None:
    rule = "<an Output>: this must be plain: an Output, a secret too, is known too late for it"
    assert messages(RoleModel, {key: Unresolved()}) == [f"{key}: {rule}. Give the value itself"]


def test_an_output_in_a_list_of_managed_policies_is_sent_to_the_labelled_ones() -> None:
    rule = "<an Output>: a managed policy in this list is plain, for its attachment is called by its name"
    remedy = (
        "Put an Output under a label of its own: managed_policy_arns (managedPolicyArns in config)"
    )
    assert messages(RoleModel, {"managed_policies": ["ReadOnlyAccess", Unresolved()]}) == [
        f"managed_policies[1]: {rule}. {remedy}"
    ]


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
    assert problems(_Both, {key: None})[0].rule == "a key has a value"


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
