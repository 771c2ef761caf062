"""A stack's config, read from Pulumi.yaml and Pulumi.STACK.yaml as the Pulumi CLI does."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import stack_config
from cross_account_access.config.settings import NAMESPACE, PairSettings
from cross_account_access.config.yaml_file import make_refusal, read_yaml
from sandbox.aws.endpoint import DEFAULT_REGION, is_loopback

if TYPE_CHECKING:
    from cross_account_access.config.connection import Connection

SANDBOX_PORT = 4577


@dataclass(frozen=True)
class Stack:
    """A stack that can be deployed on the emulated accounts.

    Attributes:
        folder: The project's folder.
        name: The stack's name.
        file: Its config's file.
        settings: Its config, checked.
        config: Its config as Pulumi passes it to a program: structured values as JSON.
        endpoint: Where the emulated accounts are.
    """

    folder: Path
    name: str
    file: Path
    settings: PairSettings
    config: Mapping[str, str]
    endpoint: str


def load(folder: Path, name: str, config_file: Path | None = None) -> Stack:
    """Read a stack's config and check it as a whole.

    Args:
        folder: The project's folder.
        name: The stack's name.
        config_file: The stack's config; by default Pulumi.STACK.yaml in the project's folder.

    Raises:
        InvalidInput: With every problem of the config.
    """
    file = config_file or folder / f"Pulumi.{name}.yaml"
    if not file.is_file():
        raise make_refusal(
            "no-such-stack",
            "--stack",
            name,
            f"must name a stack with a file Pulumi.{name}.yaml beside Pulumi.yaml",
        )
    return _read_stack(folder, name, file)


def _read_stack(folder: Path, name: str, file: Path) -> Stack:
    values = _read_defaults(folder) | _read_values(file)
    if encrypted := _find_encrypted(values):
        raise make_refusal(
            "encrypted-value",
            encrypted,
            "[secret]",
            "must not be encrypted: this command reads the config itself and has no key",
            "Set a plain value, or run `python -m sandbox serve` and deploy there by `pulumi up`",
        )
    prefix = f"{NAMESPACE}:"
    settings = stack_config.check(
        {key.removeprefix(prefix): values[key] for key in values if key.startswith(prefix)}
    )
    if not isinstance(settings, PairSettings):
        raise make_refusal(
            "many-accounts", f"{prefix}accounts", "", "must not be set for the sandbox"
        )
    config = {
        key: value if isinstance(value, str) else json.dumps(value, default=str)
        for key, value in values.items()
    }
    return Stack(folder, name, file, settings, config, _get_endpoint(settings))


def get_account_ids(settings: PairSettings) -> tuple[str, str]:
    """The source's and the destination's account ID.

    Raises:
        InvalidInput: If one is missing.
    """
    ids = []
    for side in ("source", "destination"):
        connection: Connection = getattr(settings, side)
        if connection.account_id is None:
            raise make_refusal(
                "account-id-missing",
                f"{NAMESPACE}:{side}.accountId",
                "",
                "must be set for the sandbox, which creates users in the account",
                "Add the key",
            )
        ids.append(connection.account_id)
    return ids[0], ids[1]


def get_region(settings: PairSettings) -> str:
    """The region that both accounts are asked in, whose partition is theirs."""
    variables = (os.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION"))
    places = (settings.source.region, settings.destination.region, *variables)
    return next(filter(None, places), DEFAULT_REGION)


def _get_endpoint(settings: PairSettings) -> str:
    used = [side for side in ("source", "destination") if settings.side in ("both", side)]
    endpoints = {}
    for side in used:
        endpoint = getattr(settings, side).endpoint
        if endpoint is None or not is_loopback(endpoint):
            raise make_refusal(
                "not-on-loopback",
                f"{NAMESPACE}:{side}.endpoint",
                json.dumps(endpoint) if endpoint else "",
                "must be on a loopback address for the sandbox, such as "
                f"http://127.0.0.1:{SANDBOX_PORT}",
                "To deploy to AWS, use `pulumi up`",
            )
        endpoints[side] = endpoint
    if len(set(endpoints.values())) > 1:
        raise make_refusal(
            "two-endpoints",
            f"{NAMESPACE}:destination.endpoint",
            json.dumps(endpoints["destination"]),
            "must be the same as the source's endpoint for the sandbox, which is "
            f"{endpoints['source']}",
        )
    get_account_ids(settings)
    return str(next(iter(endpoints.values())))


def _read_defaults(folder: Path) -> dict[str, Any]:
    file = folder / "Pulumi.yaml"
    if not file.is_file():
        raise make_refusal(
            "no-project",
            "--cwd",
            str(folder),
            "must be a Pulumi project's folder, with a file Pulumi.yaml",
        )
    declared = _read_config(file)
    return {
        f"{NAMESPACE}:{key}": schema["default"]
        for key, schema in declared.items()
        if isinstance(schema, dict) and "default" in schema
    }


def _read_values(file: Path) -> dict[str, Any]:
    keys = {str(key): value for key, value in _read_config(file).items()}
    return {key if ":" in key else f"{NAMESPACE}:{key}": value for key, value in keys.items()}


def _read_config(file: Path) -> dict[Any, Any]:
    content = read_yaml(file, file.name)
    values = content.get("config") if isinstance(content, dict) else content
    if not isinstance(values, dict | None):
        raise make_refusal("config-not-a-map", f"{file.name}: config", "", "must be a map")
    return values or {}


def _find_encrypted(value: Any, path: str = "") -> str | None:
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            return path
        inner = {f"{path}.{key}" if path else str(key): item for key, item in value.items()}
    elif isinstance(value, list):
        inner = {f"{path}[{index}]": item for index, item in enumerate(value)}
    else:
        return None
    return next(filter(None, (_find_encrypted(item, at) for at, item in inner.items())), None)
