"""The stack's config: read, checked as a whole, and turned into providers and a component's args.

Pulumi.yaml describes the keys, and the package `cross_account_access` what a grant is.
"""

import json
import re
from collections.abc import Container, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi.runtime import config as pulumi_config
from pydantic.alias_generators import to_camel

from cross_account_access import CrossAccountAccess, CrossAccountAccessArgs, InvalidInput
from cross_account_access.config.connection import Connection
from cross_account_access.config.encrypted_config import (
    NOTHING_ENCRYPTED,
    EncryptedLeaves,
    build_args,
    read_saved_config,
)
from cross_account_access.config.settings import NAMESPACE, Settings, check_config, display_path
from cross_account_access.errors import SECRET, FieldPath, Problem

_PLAIN_RULE = "must not be encrypted: names of resources, or outputs, show it in plain text"
_PLAIN_REMEDY = "Set it without --secret"


def check(config: Mapping[str, Any], encrypted: EncryptedLeaves = NOTHING_ENCRYPTED) -> Settings:
    """Check a config, its keys without the namespace and its values as YAML gives them.

    Raises:
        InvalidInput: With every problem of the config, and nothing that is encrypted. If something
            is encrypted by itself that is shown in plain text all the same.
    """
    settings = check_config(config, encrypted)
    hidden: set[FieldPath] = set()
    build_args(settings.given, CrossAccountAccessArgs, lambda _, place: hidden.add(place))
    hidden |= {
        place
        for place in encrypted.exact
        if place[0] in ("source", "destination") and place[1:] != ("accountId",)
    }
    problems = [
        Problem(display_path(place), SECRET, _PLAIN_RULE, _PLAIN_REMEDY, code="must-be-plain")
        for place in sorted(encrypted.exact - hidden, key=str)
    ]
    if problems:
        raise InvalidInput(problems)
    return settings


def make_args(settings: Settings) -> CrossAccountAccessArgs:
    """Grants and tags as the component takes them: what is encrypted is a secret."""

    def hide(value: Any, place: FieldPath) -> Any:
        return pulumi.Output.secret(value) if place in settings.encrypted else value

    args: CrossAccountAccessArgs = build_args(settings.given, CrossAccountAccessArgs, hide)
    return args


def make_provider(
    connection: Connection, name: str, encrypted: Container[FieldPath] = frozenset()
) -> aws.Provider:
    """Make an account's AWS provider; it refuses another account in a refresh or destroy too.

    Args:
        connection: How the account is reached.
        name: The resource's name, which is the connection's key in config.
        encrypted: What of the config is encrypted, and so a secret in the provider.
    """

    def hide(value: str | None, *keys: str) -> Any:
        return _secret(value) if (name, *keys) in encrypted else value

    # Not a dict, whose keys would stay in snake_case and be ignored (pulumi-aws 7.51).
    roles = [
        aws.ProviderAssumeRoleArgs(
            role_arn=hide(role.role_arn, "assumeRole", "roleArn"),
            external_id=_secret(role.external_id),
            session_name=hide(role.session_name, "assumeRole", "sessionName"),
        )
        for role in ([connection.assume_role] if connection.assume_role else [])
    ]
    return aws.Provider(
        name,
        region=hide(connection.region, "region"),
        profile=hide(connection.profile, "profile"),
        access_key=_secret(connection.access_key),
        secret_key=_secret(connection.secret_key),
        token=_secret(connection.token),
        assume_roles=roles or None,
        allowed_account_ids=[hide(connection.account_id, "accountId")]
        if connection.account_id
        else None,
        **(
            _describe_emulator(hide(connection.endpoint, "endpoint")) if connection.endpoint else {}
        ),
    )


def _describe_emulator(endpoint: Any) -> dict[str, Any]:
    return {
        "endpoints": [{"iam": endpoint, "sts": endpoint}],
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
    }


def _secret(value: str | None) -> pulumi.Output[str] | None:
    return None if value is None else pulumi.Output.secret(value)


def load() -> Settings:
    """Read and check the running stack's config.

    Raises:
        pulumi.RunError: With every problem; Pulumi prints it without a traceback.
    """
    own = re.compile(rf"{NAMESPACE}:(?P<key>.+)")
    config = {
        match["key"]: _parse_value(str(value))
        for key, value in pulumi_config.CONFIG.get().items()
        if (match := own.fullmatch(key))
    }
    keys = [key for key in config if pulumi_config.is_config_secret(f"{NAMESPACE}:{key}")]
    folder = Path(pulumi.get_root_directory() or Path(__file__).parent)
    saved = read_saved_config(folder, pulumi.get_stack(), NAMESPACE) if keys else {}
    try:
        return check(config, EncryptedLeaves.find(config, keys, saved))
    except InvalidInput as error:
        raise pulumi.RunError(f"the stack's config was refused:\n{error}") from None


def outputs(access: CrossAccountAccess) -> dict[str, dict[str, pulumi.Output[Any] | None]]:
    """What the program exports of each grant."""
    accounts = {
        "sourceAccountId": access.source_account_id,
        "destinationAccountId": access.destination_account_id,
    }
    return {
        name: {to_camel(field.name): getattr(granted, field.name) for field in fields(granted)}
        | accounts
        for name, granted in access.granted.items()
    }


def _parse_value(value: str) -> Any:
    try:
        return json.loads(value) if value.startswith(("{", "[")) else value
    except ValueError:
        return value
