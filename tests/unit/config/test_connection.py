"""How an account is reached: a connection's config, and the AWS provider that is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cross_account_access.config.connection import Connection
from cross_account_access.grants.model import read_model
from stack_config import make_provider
from tests.component.harness import run
from tests.unit.reading import DESTINATION, OTHER, SOURCE, codes, problems


@pytest.fixture(autouse=True)
def _without_a_region_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


KEYS = {"accessKey": "AKIAIOSFODNN7EXAMPLE", "secretKey": "s3cr3t/k3y"}
ROLE = f"arn:aws:iam::{SOURCE}:role/team/pulumi"


@pytest.mark.parametrize(
    "connection",
    [
        {},
        {"profile": "people"},
        {"profile": "My Company (people)"},
        KEYS,
        {**KEYS, "token": "t0k3n=="},
        {"accountId": SOURCE, "region": "us-gov-west-1"},
        {"accountId": 111111111111},
        {"accountId": SOURCE, "accessKey": SOURCE, "secretKey": "x"},
        {"accountId": OTHER, **KEYS},
        {"assumeRole": {"roleArn": ROLE}},
        {
            "accountId": SOURCE,
            "profile": "people",
            "assumeRole": {"roleArn": ROLE, "externalId": "ab"},
        },
        # An emulator's administrator of another account may assume a role of this one.
        {
            "accountId": SOURCE,
            "accessKey": OTHER,
            "secretKey": "x",
            "assumeRole": {"roleArn": ROLE},
        },
        {"endpoint": "http://127.0.0.1:4577"},
        {"endpoint": "https://[::1]:4577/"},
        {"endpoint": "http://localhost"},
    ],
)
def test_credentials_come_one_way(connection: dict[str, Any]) -> None:
    read_model(Connection, connection, spelling="camelCase")


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://127.0.0.1",
        "http://",
        "http://127.0.0.1:0",
        "http://[::1",
        "http://127.0.0.1?a=b",
        "http://me:s3cr3t@127.0.0.1:4577",
    ],
)
def test_an_endpoint_must_be_a_url_of_a_server(endpoint: str) -> None:
    (problem,) = problems(Connection, {"endpoint": endpoint}, spelling="camelCase")
    assert (problem.code, problem.path) == ("invalid-endpoint", "endpoint")
    assert "s3cr3t" not in problem.message


@pytest.mark.parametrize(
    ("connection", "code", "path"),
    [
        ({"profile": "people", "token": "t0k3n"}, "incomplete-access-key", "accessKey"),
        ({"profile": "a]"}, "invalid-profile", "profile"),
        ({"region": "us-east"}, "invalid-region", "region"),
        ({"accountId": 1}, "invalid-account-id", "accountId"),
        ({**KEYS, "token": ""}, "secret-key-or-token-too-short", "token"),
    ],
)
def test_a_wrong_connection_is_refused(connection: dict[str, Any], code: str, path: str) -> None:
    assert codes(Connection, connection, spelling="camelCase") == [(code, path)]


def test_all_that_is_wrong_with_a_connection_is_told() -> None:
    wrong = {
        "accountId": "1",
        "region": "x",
        "accessKey": "x",
        "assumeRole": {"rolArn": "x"},
        "endpoint": "x",
    }
    assert codes(Connection, wrong, spelling="camelCase") == [
        ("access-key-id-too-short", "accessKey"),
        ("account-id-too-short", "accountId"),
        ("unknown-key", "assumeRole.rolArn"),
        ("missing-key", "assumeRole.roleArn"),
        ("invalid-endpoint", "endpoint"),
        ("region-too-short", "region"),
    ]


# The provider


def provider_inputs(connection: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The provider's inputs in plain, and which of them are secrets."""
    checked = read_model(Connection, connection, spelling="camelCase")
    (made,) = run(lambda: {"name": make_provider(checked, "source").urn}).made
    assert (made.type, made.name) == ("pulumi:providers:aws", "source")
    nested = ("assumeRoles", "allowedAccountIds", "endpoints")
    return {
        key: json.loads(value) if key in nested else value for key, value in made.inputs.items()
    }, made.secret


def of_ours(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs without the flags that the provider's class gives by itself."""
    return {
        key: value
        for key, value in inputs.items()
        if not key.startswith("skip") and value is not None
    }


@pytest.mark.parametrize(
    ("connection", "inputs"),
    [
        ({}, {}),
        (
            {"region": "eu-west-1", "profile": "people"},
            {"region": "eu-west-1", "profile": "people"},
        ),
        ({**KEYS, "token": "t0k3n"}, {**KEYS, "token": "t0k3n"}),
        ({"accountId": 111111111111}, {"allowedAccountIds": [SOURCE]}),
        ({"assumeRole": {"roleArn": ROLE}}, {"assumeRoles": [{"roleArn": ROLE}]}),
        (
            {
                "assumeRole": {
                    "roleArn": ROLE,
                    "externalId": "partner-7f3a",
                    "sessionName": "pulumi",
                }
            },
            {
                "assumeRoles": [
                    {"roleArn": ROLE, "externalId": "partner-7f3a", "sessionName": "pulumi"}
                ]
            },
        ),
    ],
)
def test_a_provider_has_the_credentials_and_refuses_other_accounts(
    connection: dict[str, Any], inputs: dict[str, Any]
) -> None:
    found, _ = provider_inputs(connection)
    assert of_ours(found) == inputs


def test_an_emulators_endpoint_is_used_for_all_that_is_asked() -> None:
    found, _ = provider_inputs({"endpoint": "http://127.0.0.1:4577/", "accountId": DESTINATION})
    assert found["endpoints"] == [{"iam": "http://127.0.0.1:4577", "sts": "http://127.0.0.1:4577"}]
    skipped = {key: value for key, value in found.items() if key.startswith("skip")}
    assert skipped == {
        "skipCredentialsValidation": "true",
        "skipMetadataApiCheck": "true",
        "skipRegionValidation": "true",
    }


@pytest.mark.parametrize(
    "connection",
    [{}, {"profile": "people"}, {"region": "eu-west-1"}, {"assumeRole": {"roleArn": ROLE}}],
    ids=str,
)
def test_whether_ec2s_credentials_are_looked_for_is_left_to_the_environment(
    connection: dict[str, Any],
) -> None:
    """True would shut them out; false would not heed AWS_EC2_METADATA_DISABLED."""
    assert provider_inputs(connection)[0].get("skipMetadataApiCheck") is None


def test_keys_token_and_external_id_are_secrets_and_nothing_else_is() -> None:
    _, secret = provider_inputs(
        {
            **KEYS,
            "token": "t0k3n",
            "region": "us-east-1",
            "accountId": SOURCE,
            "assumeRole": {"roleArn": ROLE, "externalId": "partner-7f3a"},
        }
    )
    assert secret == {"accessKey", "secretKey", "token", "assumeRoles"}
    assert provider_inputs({"profile": "people", "region": "us-east-1"})[1] == set()
