"""Which values of a config are encrypted, as far as the stack's settings file shows it."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import stack_config
from cross_account_access import InvalidInput
from cross_account_access.errors import SECRET
from cross_account_access.wiring.encrypted_config import EncryptedLeaves, read_saved_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cross_account_access.errors import FieldPath, Problem

NAMESPACE, STACK = "cross-account-access", "prod"
SECURE = {"secure": "v1:AAAA"}
GRANTS: dict[str, Any] = {
    "deploy": {
        "principals": [{"user": "alice"}],
        "role": {"description": "swordfish", "maxSessionDuration": 7200, "tags": {"a": "007"}},
        "conditions": {"mfa": True, "sourceIdentities": ["one", "swordfish"]},
    }
}
DESCRIPTION = ("grants", "deploy", "role", "description")
IDENTITY = ("grants", "deploy", "conditions", "sourceIdentities", 1)


def leaves(value: Any, place: FieldPath = ()) -> Iterator[FieldPath]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*place, number))
    else:
        yield place


def put(config: Any, places: Mapping[FieldPath, Any]) -> Any:
    """A copy of a config with other values at these places."""
    changed = deepcopy(config)
    for (*outer, last), value in places.items():
        parent = changed
        for step in outer:
            parent = parent[step]
        parent[last] = value
    return changed


def find(
    config: dict[str, Any],
    saved: dict[str, Any] | None,
    *,
    project: dict[str, Any] | None = None,
    text: str | None = None,
    file: str = f"Pulumi.{STACK}.yaml",
    **settings: Any,
) -> EncryptedLeaves:
    """What is encrypted in a config, all of whose keys hold a secret, with such a file."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "x", **(project or {})}))
        if saved is not None:
            full = {f"{NAMESPACE}:{key}": value for key, value in saved.items()}
            content = yaml.safe_dump({"config": full, **settings})
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(content if text is None else text, encoding="utf-8")
        found = read_saved_config(folder, STACK, NAMESPACE)
    return EncryptedLeaves.find(config, list(config), found)


def split(found: EncryptedLeaves) -> tuple[set[FieldPath], set[FieldPath]]:
    """What is encrypted by itself, and what its key alone tells of."""
    return set(found.exact), set(found.covered)


@pytest.mark.parametrize("places", [[DESCRIPTION], [IDENTITY], [DESCRIPTION, IDENTITY]], ids=str)
def test_what_the_file_shows_as_encrypted_is_and_nothing_else(places: list[FieldPath]) -> None:
    config = {"grants": GRANTS}
    found = find(config, put(config, dict.fromkeys(places, SECURE)))
    assert split(found) == (set(places), set())


def test_a_whole_text_may_be_encrypted() -> None:
    found = find({"side": "both"}, {"side": SECURE})
    assert split(found) == ({("side",)}, set())


def test_the_file_may_be_in_a_folder_of_its_own() -> None:
    config = {"grants": GRANTS}
    saved = put(config, {DESCRIPTION: SECURE})
    project, file = {"stackConfigDir": "stacks"}, f"stacks/Pulumi.{STACK}.yaml"
    assert find(config, saved, project=project, file=file).exact == {DESCRIPTION}
    assert find(config, saved, project=project).exact == frozenset()


CONFIG = {"grants": GRANTS}
SAVED = put(CONFIG, {DESCRIPTION: SECURE})
ROLE = ("grants", "deploy", "role")


@pytest.mark.parametrize(
    "disagreeing",
    [
        {"saved": None},
        {"saved": CONFIG},
        {"saved": {}},
        {"saved": {"grants": SECURE}},
        {"saved": put(SAVED, {(*ROLE, "maxSessionDuration"): 7201})},
        {"saved": put(SAVED, {(*ROLE, "maxSessionDuration"): None})},
        {"saved": put(SAVED, {(*ROLE, "maxSessionDuration"): SECURE})},
        {"saved": put(SAVED, {(*ROLE, "maxSessionDuration"): [7200]})},
        {"saved": put(SAVED, {(*ROLE, "tags"): {"a": "7"}})},
        {"saved": put(SAVED, {(*ROLE, "tags"): {}})},
        {"saved": put(SAVED, {(*ROLE, "tags"): SECURE})},
        {"saved": put(SAVED, {(*ROLE, "more"): "x"})},
        {"saved": put(SAVED, {(*IDENTITY[:-1],): ["one"]})},
        {"saved": put(SAVED, {(*IDENTITY[:-1],): ["one", "swordfish", "x"]})},
        {"saved": put(SAVED, {(*IDENTITY[:-1],): ["swordfish", "one"]})},
        {"saved": put(SAVED, {("grants", "deploy", "conditions", "mfa"): "yes"})},
        {"saved": put(SAVED, {DESCRIPTION: {"secure": "x", "more": "y"}})},
        {"saved": SAVED, "environment": ["shared"]},
        {"saved": SAVED, "file": "Pulumi.other.yaml"},
        {"saved": SAVED, "file": f"Pulumi.{STACK}.json"},
        {"saved": SAVED, "text": "config: ["},
        {"saved": SAVED, "text": "config: &a [*a]"},
        {"saved": SAVED, "text": "config: {? [a] : b}"},
        {"saved": SAVED, "text": "- a list"},
        {"saved": SAVED, "text": ""},
        {"saved": SAVED, "text": "config: text"},
    ],
    ids=lambda case: str(case)[-60:],
)
def test_where_the_file_says_something_else_all_of_the_key_is_secret(
    disagreeing: dict[str, Any],
) -> None:
    found = find(CONFIG, **disagreeing)
    assert split(found) == (set(), set(leaves(CONFIG)))


def test_each_key_is_believed_by_itself() -> None:
    config = {"grants": GRANTS, "tags": {"a": "x", "b": "y"}}
    saved = {"grants": GRANTS, "tags": {"a": "x", "b": SECURE}}
    found = find(config, saved)
    assert found.exact == {("tags", "b")}
    assert found.covered == set(leaves({"grants": GRANTS}))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TREES = st.recursive(
    TEXT | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
).filter(lambda value: isinstance(value, dict))


def get(config: Any, place: FieldPath) -> Any:
    for step in place:
        config = config[step]
    return config


@given(TREES, st.data())
def test_exactly_the_encrypted_leaves_are_secret_or_all_where_one_value_differs(
    tree: dict[str, Any], data: st.DataObject
) -> None:
    config = {"grants": tree}
    everywhere = list(leaves(config))
    texts = [place for place in everywhere if isinstance(get(config, place), str)]
    encrypted = data.draw(st.sets(st.sampled_from(texts)) if texts else st.just(set()))
    saved = put(config, dict.fromkeys(encrypted, SECURE))
    found = find(config, saved)
    if encrypted:
        assert split(found) == (encrypted, set())
    else:
        assert split(found) == (set(), set(everywhere))
    plain = sorted(set(everywhere) - encrypted, key=str)
    if plain:
        other = find(config, put(saved, {data.draw(st.sampled_from(plain)): "another value"}))
        assert split(other) == (set(), set(everywhere))


# What is said of a config with secrets


def refused(config: dict[str, Any], encrypted: EncryptedLeaves) -> list[Problem]:
    with pytest.raises(InvalidInput) as caught:
        stack_config.check(config, encrypted)
    return list(caught.value.problems)


def config_of(role: Any = None, **grant: Any) -> dict[str, Any]:
    made = {"principals": [{"user": "alice"}], **({"role": role} if role else {}), **grant}
    return {"grants": {"deploy": made}}


OF_GRANT = ("grants", "deploy")
# A config that is refused, where a secret stands in it, and the refusal's code.
WRONG: dict[str, tuple[dict[str, Any], FieldPath, str]] = {
    "a description": (
        config_of({"description": "sword\x00fish"}),
        (*OF_GRANT, "role", "description"),
        "invalid-description",
    ),
    "a path": (config_of({"path": "swordfish"}), (*OF_GRANT, "role", "path"), "invalid-path"),
    "a tag": (
        config_of({"tags": {"a": "sword*fish"}}),
        (*OF_GRANT, "role", "tags", "a"),
        "invalid-tag-value",
    ),
    "a switch": (
        config_of(conditions={"mfa": "swordfish"}),
        (*OF_GRANT, "conditions", "mfa"),
        "not-boolean",
    ),
    "a list": (
        config_of(conditions={"sourceIdentities": "swordfish"}),
        (*OF_GRANT, "conditions", "sourceIdentities"),
        "not-filled-list",
    ),
    "a repeated value": (
        config_of(conditions={"sourceIdentities": ["swordfish", "swordfish"]}),
        (*OF_GRANT, "conditions", "sourceIdentities", 0),
        "repeated-value",
    ),
    "an object": (config_of("swordfish"), (*OF_GRANT, "role"), "not-object"),
    "all grants": ({"grants": '{"swordfish'}, ("grants",), "not-map"),
    "a key that there isn't": (
        config_of({"desciption": "swordfish"}),
        (*OF_GRANT, "role", "desciption"),
        "unknown-key",
    ),
    "a part of a policy": (
        config_of({"inlinePolicies": {"p": {"Statement": [{"Effect": "swordfish"}]}}}),
        (*OF_GRANT, "role", "inlinePolicies", "p", "Statement", 0, "Effect"),
        "",
    ),
    "a value in raw": (
        config_of(conditions={"raw": {"StringEqual": {"aws:x": ["swordfish"]}}}),
        (*OF_GRANT, "conditions", "raw", "StringEqual", "aws:x", 0),
        "unknown-operator",
    ),
    "an account of a role": (
        config_of()
        | {
            "source": {
                "accountId": "111111111111",
                "assumeRole": {"roleArn": "arn:aws:iam::987654321098:role/swordfish"},
            }
        },
        ("source", "assumeRole", "roleArn"),
        "credentials-of-other-account",
    ),
    "a region": (config_of() | {"source": {"region": "swordfish"}}, ("source", "region"), ""),
    "an endpoint": (
        config_of() | {"source": {"endpoint": "swordfish://"}},
        ("source", "endpoint"),
        "invalid-endpoint",
    ),
    "a side": (config_of() | {"side": "swordfish"}, ("side",), "invalid-side"),
    "an import": (
        config_of() | {"imports": {"swordfish": "swordfish"}},
        ("imports", "swordfish"),
        "invalid-imports",
    ),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("exact", [True, False], ids=["exact", "covered"])
def test_a_wrong_secret_is_refused_without_its_value(name: str, *, exact: bool) -> None:
    config, place, code = WRONG[name]
    key = str(place[0])
    places = frozenset([place]) if exact else frozenset(leaves({key: config[key]}))
    found = refused(config, EncryptedLeaves(places) if exact else EncryptedLeaves(covered=places))
    if code:
        assert code in [problem.code for problem in found]
    for problem in found:
        told = problem.as_dict() | {"path": "", "message": "", "remedy": problem.remedy}
        assert "sword" not in json.dumps(told).replace(f'"{SECRET}"', "")
        assert "987654321098" not in problem.message


def test_what_is_wrong_beside_a_secret_is_told_in_full() -> None:
    config = config_of({"description": "swordfish", "path": "wrong", "nme": "x"})
    found = refused(config, EncryptedLeaves(frozenset([(*OF_GRANT, "role", "description")])))
    without = refused(config, EncryptedLeaves())
    assert found == without


def test_a_misspelt_secret_key_is_told_what_was_meant() -> None:
    config = config_of({"desciption": "swordfish"})
    place = (*OF_GRANT, "role", "desciption")
    (problem,) = refused(config, EncryptedLeaves(frozenset([place])))
    assert problem.remedy == "Did you mean description?"


RIGHT: dict[str, Any] = {
    "grants": {
        "deploy": {
            "principals": [{"user": "alice", "label": "a"}, {"role": "ci"}],
            "role": {
                "name": "deploy",
                "path": "/x/",
                "description": "text",
                "managedPolicies": ["ReadOnlyAccess"],
                "managedPolicyArns": {"m": "arn:aws:iam::aws:policy/x"},
                "permissionsBoundary": "ReadOnlyAccess",
                "inlinePolicies": {
                    "json": '{"Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"*"}}',
                    "object": {
                        "Statement": [
                            {"Effect": "Allow"} | {"Action": "s3:GetObject", "Resource": "*"}
                        ]
                    },
                },
                "tags": {"a": "b"},
            },
            "conditions": {
                "externalId": "x-1",
                "sourceIps": ["203.0.113.7"],
                "sessionTags": {"team": ["x"]},
                "transitiveTagKeys": ["team"],
                "notAfter": "2031-01-01T00:00:00Z",
                "raw": {"StringLike": {"aws:UserAgent": ["x", "y"]}},
            },
            "formerly": ["release"],
        }
    },
    "tags": {"c": "d"},
    "imports": {"Role/access-deploy": "deploy"},
    "side": "both",
    "source": {"accountId": "111111111111", "region": "us-east-1", "endpoint": "http://127.0.0.1:1"}
    | {"assumeRole": {"roleArn": "arn:aws:iam::111111111111:role/x", "sessionName": "me"}},
}
PLAIN = {
    "grants.deploy.principals[0].user",
    "grants.deploy.principals[0].label",
    "grants.deploy.principals[1].role",
    "grants.deploy.role.name",
    "grants.deploy.role.path",
    "grants.deploy.role.managedPolicies[0]",
    "grants.deploy.conditions.transitiveTagKeys[0]",
    "grants.deploy.formerly[0]",
    "imports.Role/access-deploy",
    "side",
    "source.accountId",
}


def test_exactly_what_names_a_resource_must_not_be_encrypted_by_itself() -> None:
    everywhere = set(leaves(RIGHT))
    assert len(everywhere) >= 30
    found = refused(RIGHT, EncryptedLeaves(frozenset(everywhere)))
    assert {(problem.code, problem.value) for problem in found} == {("must-be-plain", SECRET)}
    assert {problem.path.removeprefix(f"{NAMESPACE}:") for problem in found} == PLAIN


def test_where_all_of_a_key_is_secret_what_names_a_resource_stays_plain() -> None:
    settings = stack_config.check(RIGHT, EncryptedLeaves(covered=frozenset(leaves(RIGHT))))
    assert settings.side == "both"
