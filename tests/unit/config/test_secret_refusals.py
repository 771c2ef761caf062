"""What is said of a config with secrets: what is wrong, and nothing that is encrypted."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

import stack_config
from cross_account_access import InvalidInput
from cross_account_access.config.encrypted_config import EncryptedLeaves
from cross_account_access.errors import SECRET, join_path
from tests.hostile_outputs import find_leaves
from tests.unit.config.bad_config import GOOD_FLEET
from tests.unit.config.test_encrypted_config import NAMESPACE

if TYPE_CHECKING:
    from cross_account_access.errors import FieldPath, Problem


def refused(config: dict[str, Any], encrypted: EncryptedLeaves) -> list[Problem]:
    with pytest.raises(InvalidInput) as caught:
        stack_config.check(config, encrypted)
    return list(caught.value.problems)


def config_of(role: Any = None, **grant: Any) -> dict[str, Any]:
    made = {"principals": [{"user": "alice"}], **({"role": role} if role else {}), **grant}
    return {"grants": {"deploy": made}}


def fleet_of(**account: Any) -> dict[str, Any]:
    config = deepcopy(GOOD_FLEET)
    config["accounts"]["staging"] |= account
    return config


OF_GRANT, OF_ACCOUNT = ("grants", "deploy"), ("accounts", "staging")
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
    "a policy as text": (
        config_of({"inlinePolicies": {"p": '{"swordfish": {"swordfish": 1}}'}}),
        (*OF_GRANT, "role", "inlinePolicies", "p"),
        "unknown-policy-key",
    ),
    "a value in raw": (
        config_of(conditions={"raw": {"StringEqual": {"aws:x": ["swordfish"]}}}),
        (*OF_GRANT, "conditions", "raw", "StringEqual", "aws:x", 0),
        "unknown-operator",
    ),
    "a value alone in raw": (
        config_of(conditions={"raw": {"Bool": {"aws:PrincipalTag/Cost Center": "swordfish"}}}),
        (*OF_GRANT, "conditions", "raw", "Bool", "aws:PrincipalTag/Cost Center"),
        "",
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
    "an account's region": (fleet_of(region="swordfish"), (*OF_ACCOUNT, "region"), ""),
    "an account's endpoint": (
        fleet_of(endpoint="swordfish://"),
        (*OF_ACCOUNT, "endpoint"),
        "invalid-endpoint",
    ),
    "an account's groups": (fleet_of(groups="swordfish"), (*OF_ACCOUNT, "groups"), "not-list"),
    "a part": (fleet_of() | {"only": ["swordfish"]}, ("only", 0), "unknown-account"),
    "all accounts": (config_of() | {"accounts": '{"swordfish'}, ("accounts",), "not-map"),
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
    places = frozenset([place]) if exact else frozenset(find_leaves({key: config[key]}))
    found = refused(config, EncryptedLeaves(places) if exact else EncryptedLeaves(covered=places))
    if code:
        assert code in [problem.code for problem in found]
    for problem in found:
        path = join_path(f"{NAMESPACE}:", place)
        assert "sword" not in problem.message.replace(path, "")
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
                "raw": {
                    "StringLike": {"aws:UserAgent": ["x", "y"]},
                    "StringEquals": {"aws:PrincipalTag/Cost Center": "7"},
                },
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


@pytest.mark.parametrize("exact", [True, False])
def test_a_principals_name_that_is_encrypted_is_not_told_by_another_ones(*, exact: bool) -> None:
    user = {"user": "swordfish", "conditions": {"mfa": True}}
    config = config_of(principals=[user, {"group": "developers"}])
    place = (*OF_GRANT, "principals", 0, "user")
    places = frozenset([place]) if exact else frozenset(find_leaves(config))
    encrypted = EncryptedLeaves(exact=places) if exact else EncryptedLeaves(covered=places)
    (problem,) = refused(config, encrypted)
    assert problem.code == "conditions-bypassed"
    assert "swordfish" not in problem.message


def test_exactly_what_names_a_resource_must_not_be_encrypted_by_itself() -> None:
    everywhere = set(find_leaves(RIGHT))
    assert len(everywhere) >= 30
    found = refused(RIGHT, EncryptedLeaves(frozenset(everywhere)))
    assert {(problem.code, problem.value) for problem in found} == {("must-be-plain", SECRET)}
    assert {problem.path.removeprefix(f"{NAMESPACE}:") for problem in found} == PLAIN


def test_where_all_of_a_key_is_secret_what_names_a_resource_stays_plain() -> None:
    settings = stack_config.check(RIGHT, EncryptedLeaves(covered=frozenset(find_leaves(RIGHT))))
    assert settings.made == ("destination", "source")
