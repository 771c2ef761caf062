"""How an account is reached: a connection's config, and the AWS provider that is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cross_account_access.grants.model import read_model
from stack_config import Connection
from tests.component.harness import run
from tests.unit.reading import DESTINATION, OTHER, QUOTES, SOURCE, messages

KEYS = {"accessKey": "AKIAIOSFODNN7EXAMPLE", "secretKey": "s3cr3t/k3y"}
ROLE = f"arn:aws:iam::{SOURCE}:role/team/pulumi"


def refused(connection: object) -> list[str]:
    return messages(Connection, connection, spelling="camelCase", path="ns:source")


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


ONE_WAY = (
    "credentials come one way: by profile, or by access key and secret key. Leave one of them out"
)
TOGETHER = "an access key ID and its secret key go together, a token with both. Add the key"
ENDPOINT = "an endpoint is a URL such as http://127.0.0.1:4577"
REGION = "a region must have 4–32 characters: small letters and hyphens, a number at the end, such as us-east-1"


@pytest.mark.parametrize(
    ("connection", "message"),
    [
        ({**KEYS, "profile": "people"}, f'profile: "people": {ONE_WAY}'),
        ({"accessKey": KEYS["accessKey"]}, f"secretKey: {TOGETHER}"),
        ({"secretKey": "s3cr3t"}, f"accessKey: {TOGETHER}"),
        ({"token": "t0k3n"}, f"accessKey: {TOGETHER}"),
        ({"profile": "people", "token": "t0k3n"}, f"accessKey: {TOGETHER}"),
        (
            {"accountId": OTHER, "accessKey": SOURCE, "secretKey": "x"},
            (
                f'accountId: "{OTHER}": the credentials belong to account {SOURCE}, '
                "as an emulator's keys of twelve digits do."
            ),
        ),
        (
            {"accountId": OTHER, "assumeRole": {"roleArn": ROLE}},
            f'accountId: "{OTHER}": the credentials belong to account {SOURCE}, as the role to assume does.',
        ),
        ({"accountId": "1"}, 'accountId: "1": an account ID must have 12 characters: digits.'),
        (
            {"accountId": 1},
            f"accountId: 1: an account ID must have 12 characters: digits. {QUOTES}",
        ),
        (
            {"accountID": SOURCE},
            f'accountID: "{SOURCE}": there is no such key. Did you mean accountId?',
        ),
        (
            {"secret_key": "s3cr3t"},
            "secret_key: [secret]: there is no such key. Did you mean secretKey?",
        ),
        ({"region": "Ireland"}, f'region: "Ireland": {REGION}.'),
        ({"region": "us-east"}, f'region: "us-east": {REGION}.'),
        ({"region": 5}, f"region: 5: a region must be a string. {QUOTES}"),
        (
            {"profile": ""},
            'profile: "": a profile must have 1–256 characters: all but line ends and ].',
        ),
        (
            {"profile": "a]"},
            'profile: "a]": a profile must have 1–256 characters: all but line ends and ].',
        ),
        (
            {"accessKey": "AKIA", "secretKey": "x"},
            "accessKey: [secret]: an access key ID must have 12–128 characters: letters and digits.",
        ),
        (
            {**KEYS, "accessKey": 11111111111},
            f"accessKey: [secret]: an access key ID must be a string. {QUOTES}",
        ),
        (
            {**KEYS, "secretKey": "a b"},
            "secretKey: [secret]: a secret key or token must have 1–16384 characters: all but white space.",
        ),
        (
            {**KEYS, "token": ""},
            "token: [secret]: a secret key or token must have 1–16384 characters: all but white space.",
        ),
        ({"assumeRole": {}}, "assumeRole.roleArn: this key is required."),
        (
            {"assumeRole": ROLE},
            f'assumeRole: "{ROLE}": this must be an object with keys of its own.',
        ),
        (
            {"assumeRole": {"roleArn": "pulumi"}},
            'assumeRole.roleArn: "pulumi": a role\'s ARN is arn:aws:iam::ACCOUNT:role/NAME.',
        ),
        (
            {"assumeRole": {"roleArn": ROLE, "externalId": "x"}},
            "assumeRole.externalId: [secret]: an external ID must have 2–1224 characters: letters, digits and _+=,.@:/-.",
        ),
        (
            {"assumeRole": {"roleArn": ROLE, "sessionName": "x"}},
            'assumeRole.sessionName: "x": a session name must have 2–64 characters: letters, digits and _+=,.@-.',
        ),
        ({"endpoint": "127.0.0.1:4577"}, f'endpoint: "127.0.0.1:4577": {ENDPOINT}.'),
        ({"endpoint": "ftp://127.0.0.1"}, f'endpoint: "ftp://127.0.0.1": {ENDPOINT}.'),
        ({"endpoint": "http://"}, f'endpoint: "http://": {ENDPOINT}.'),
        ({"endpoint": "http://127.0.0.1:0"}, f'endpoint: "http://127.0.0.1:0": {ENDPOINT}.'),
        (
            {"endpoint": "http://127.0.0.1:65536"},
            f'endpoint: "http://127.0.0.1:65536": {ENDPOINT}.',
        ),
        ({"endpoint": "http://[::1"}, f'endpoint: "http://[::1": {ENDPOINT}.'),
        ({"endpoint": "http://127.0.0.1/iam"}, f'endpoint: "http://127.0.0.1/iam": {ENDPOINT}.'),
        ({"endpoint": "http://127.0.0.1?a=b"}, f'endpoint: "http://127.0.0.1?a=b": {ENDPOINT}.'),
        ({"endpoint": 4577}, f"endpoint: 4577: {ENDPOINT}."),
        (
            {"endpoint": "http://me:s3cr3t@127.0.0.1:4577"},
            f'endpoint: "http://[secret]@127.0.0.1:4577": {ENDPOINT}. It holds no user name and no password',
        ),
        ({"profile": None}, "profile: null: a key has a value. Give it one, or leave it out"),
    ],
)
def test_a_wrong_connection_is_refused_and_no_secret_is_shown(
    connection: dict[str, Any], message: str
) -> None:
    assert refused(connection) == [f"ns:source.{message}"]
    assert "s3cr3t" not in message


def test_all_that_is_wrong_with_a_connection_is_told() -> None:
    wrong = {
        "accountId": "1",
        "region": "x",
        "accessKey": "x",
        "assumeRole": {"rolArn": "x"},
        "endpoint": "x",
    }
    assert [
        message.partition(": ")[0].removeprefix("ns:source.") for message in refused(wrong)
    ] == [
        "accessKey",
        "accountId",
        "assumeRole.rolArn",
        "assumeRole.roleArn",
        "endpoint",
        "region",
    ]


# The provider


def provider_inputs(connection: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The provider's inputs in plain, and which of them are secrets."""
    checked = read_model(Connection, connection, spelling="camelCase")
    (made,) = run(lambda: {"name": checked.provider("source").urn}).made
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
