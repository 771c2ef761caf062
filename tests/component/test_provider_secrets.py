"""The provider host over its own protocol: what is secret stays so, in resources and refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.runtime import rpc

from tests.component.provider_host import Engine, Host, output, secret, started
from tests.component.test_provider_grpc import access, inputs, inputs_with, refused

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with started() as running:
        yield running


@pytest.mark.parametrize(
    "path",
    [
        "grants.deploy.conditions.externlId",
        "grants.deploy.conditions.xyz",
        "grants.deploy.role.desciption",
        "grants.deploy.conditons",
        "grants.deploy.principals[0].lable",
        "grnts",
    ],
)
@pytest.mark.parametrize(
    "value",
    [
        "s3cret",
        ["s3cret"],
        {"a": {"b": "s3cret"}},
        {"externlId": "s3cret"},
        secret("s3cret"),
        output("s3cret", secret=True),
        {"a": [output("s3cret", secret=True)]},
    ],
    ids=str,
)
def test_what_stands_under_a_misspelt_key_is_not_shown(host: Host, path: str, value: Any) -> None:
    refusal = refused(host, inputs_with(path, value))
    assert "s3cret" not in refusal.message + json.dumps(refusal.properties)


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("grants.deploy.conditions.externlId", "externalId"),
        ("grants.deploy.conditons", "conditions"),
        ("grants.deploy.role.maxSessionDuraton", "maxSessionDuration"),
    ],
)
def test_a_misspelt_key_is_told_what_was_meant(host: Host, path: str, nearest: str) -> None:
    refusal = refused(host, inputs_with(path, "x"))
    assert f"Did you mean {nearest}?" in refusal.properties[path]


# Where a value of a grant may be a secret of a program in another language.
SECRETS: dict[str, tuple[Any, str, str]] = {
    "description": ({"role": {"description": "S"}}, "aws:iam/role:Role", "description"),
    "tag": ({"role": {"tags": {"owner": "S"}}}, "aws:iam/role:Role", "tags"),
    "policy": (
        {
            "role": {
                "inlinePolicies": {
                    "read": {
                        "Statement": [
                            {"Effect": "Allow"} | {"Action": "s3:GetObject", "Resource": "S"}
                        ]
                    }
                }
            }
        },
        "aws:iam/rolePolicy:RolePolicy",
        "policy",
    ),
    "raw": (
        {"conditions": {"raw": {"StringLike": {"aws:UserAgent": ["S"]}}}},
        "aws:iam/role:Role",
        "assumeRolePolicy",
    ),
    "raw, alone": (
        {"conditions": {"raw": {"StringLike": {"aws:PrincipalTag/Cost Center": "S"}}}},
        "aws:iam/role:Role",
        "assumeRolePolicy",
    ),
    "source identity": (
        {"conditions": {"sourceIdentities": ["S"]}},
        "aws:iam/role:Role",
        "assumeRolePolicy",
    ),
    "session tag": (
        {"conditions": {"sessionTags": {"team": ["S"]}}},
        "aws:iam/role:Role",
        "assumeRolePolicy",
    ),
}


def put(value: Any, leaf: Any) -> Any:
    """A value with something in the place of each `S`."""
    if isinstance(value, dict):
        return {key: put(inner, leaf) for key, inner in value.items()}
    if isinstance(value, list):
        return [put(inner, leaf) for inner in value]
    return leaf if value == "S" else value


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_value_stays_secret(host: Host, name: str) -> None:
    grant, kind, key = SECRETS[name]
    engine = Engine()
    value = "arn:aws:s3:::s3cret" if name == "policy" else "s3cret"
    made = access(host, engine, inputs(put(grant, output(value, secret=True))))
    sent = json.dumps(engine.one(kind).inputs[key])
    assert "s3cret" in sent
    assert rpc._special_secret_sig in sent
    plain = [
        value
        for value in [*made.outputs.values(), *(one.inputs for one in engine.made)]
        if "s3cret" in json.dumps(hidden(value))
    ]
    assert plain == []


def hidden(value: Any) -> Any:
    """What of a sent value isn't secret."""
    if isinstance(value, dict):
        is_secret = value.get(rpc._special_sig_key) == rpc._special_secret_sig
        return None if is_secret else {key: hidden(inner) for key, inner in value.items()}
    return [hidden(inner) for inner in value] if isinstance(value, list) else value
