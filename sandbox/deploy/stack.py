"""A stack's config, read from Pulumi.yaml and Pulumi.STACK.yaml as the Pulumi CLI does."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stack_config
from cross_account_access.config.access_file import locate_in_file
from cross_account_access.config.merged_config import display_path
from cross_account_access.config.settings import NAMESPACE, FleetSettings, Settings
from cross_account_access.config.yaml_file import make_refusal, read_yaml
from cross_account_access.grants.grant_set import GrantedRole
from sandbox.aws.endpoint import DEFAULT_REGION, is_loopback
from sandbox.deploy.deployment import DeploymentError
from sandbox.deploy.provider_clients import read_region

SANDBOX_PORT = 4577
_PROJECT = "Pulumi.yaml"


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
        access_file: The file that its accounts and grants are in; empty without one.
        main: The program's folder, relative to the project's.
    """

    folder: Path
    name: str
    file: Path
    settings: Settings
    config: Mapping[str, str]
    endpoint: str
    access_file: str = ""
    main: str = "."

    @property
    def program(self) -> Path:
        """The program's folder."""
        return self.folder / self.main


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
    project = _read_project(folder)
    values = _read_defaults(project) | _read_values(file)
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
        {key.removeprefix(prefix): values[key] for key in values if key.startswith(prefix)},
        folder=folder,
    )
    config = {
        key: value if isinstance(value, str) else json.dumps(value, default=str)
        for key, value in values.items()
    }
    access_file = str(values.get(f"{prefix}file") or "")

    def locate(account: str, key: str) -> str:
        place = (*settings.locate_connection(account), key)
        if access_file and not values.get(f"{prefix}{place[0]}"):
            return locate_in_file(access_file, place)
        return display_path(place)

    endpoint = _get_endpoint(settings, locate)
    _check_account_ids(settings, locate)
    main = str((project or {}).get("main") or ".")
    return Stack(folder, name, file, settings, config, endpoint, access_file, main)


def get_account_ids(settings: Settings) -> dict[str, str]:
    """Every account's ID by its name; a stack that was loaded has all of them."""
    return {name: str(account) for name, account in settings.account_ids.items()}


def get_region(settings: Settings, account: str) -> str:
    """The region that an account is asked in: its own, or another one of the same partition."""
    own = settings.connections[account]
    regions = (
        own.region,
        *(connection.region for connection in settings.connections.values()),
        *(os.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION")),
    )
    return next(filter(None, regions), None) or read_region(own.profile) or DEFAULT_REGION


def list_roles(settings: Settings) -> list[GrantedRole]:
    """The roles of which the stack makes a part: the role, or a principal's policy for it."""
    made = set(settings.made)
    return [
        role
        for role in settings.roles
        if role[1] in made or not made.isdisjoint(settings.get_sources(role[0]))
    ]


def read_role_arns(outputs: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    """Read the roles' ARNs from a stack's outputs, by what the roles are called.

    Raises:
        DeploymentError: If they aren't there.
    """
    many = isinstance(settings, FleetSettings)
    try:
        grants = outputs["grants"]
        role_arns = {
            settings.label_role((name, account)): (grants[name][account] if many else grants[name])[
                "roleArn"
            ]
            for name, account in list_roles(settings)
        }
    except (KeyError, TypeError):
        role_arns = {"": None}
    if not all(isinstance(arn, str) for arn in role_arns.values()):
        raise DeploymentError(
            "the program must export grants: a map from each grant's name"
            + (" to its roles by account, each with its roleArn" if many else " to its roleArn")
        )
    return role_arns


def _check_account_ids(settings: Settings, locate: Callable[[str, str], str]) -> None:
    for name, account in settings.account_ids.items():
        if account is None:
            raise make_refusal(
                "account-id-missing",
                locate(name, "accountId"),
                "",
                "must be set for the sandbox, which creates users in the account",
                "Add the key",
            )


def _get_endpoint(settings: Settings, locate: Callable[[str, str], str]) -> str:
    contacted = {*settings.made, *settings.looked_up}
    endpoints: dict[str, str] = {}
    for name in (one for one in settings.connections if one in contacted):
        endpoint = settings.connections[name].endpoint
        if endpoint is None or not is_loopback(endpoint):
            raise make_refusal(
                "not-on-loopback",
                locate(name, "endpoint"),
                json.dumps(endpoint) if endpoint else "",
                "must be on a loopback address for the sandbox, such as "
                f"http://127.0.0.1:{SANDBOX_PORT}",
                "To deploy to AWS, use `pulumi up`",
            )
        endpoints[endpoint] = endpoints.get(endpoint, name)
        if len(endpoints) > 1:
            (expected, first), *_ = endpoints.items()
            raise make_refusal(
                "two-endpoints",
                locate(name, "endpoint"),
                json.dumps(endpoint),
                f"must be the endpoint of {first} for the sandbox, which is {expected}",
            )
    return next(iter(endpoints))


def _read_project(folder: Path) -> Any:
    file = folder / _PROJECT
    if not file.is_file():
        raise make_refusal(
            "no-project",
            "--cwd",
            str(folder),
            "must be a Pulumi project's folder, with a file Pulumi.yaml",
        )
    return read_yaml(file, file.name)


def _read_defaults(project: Any) -> dict[str, Any]:
    declared = _get_config(project, _PROJECT)
    return {
        f"{NAMESPACE}:{key}": schema["default"]
        for key, schema in declared.items()
        if isinstance(schema, dict) and "default" in schema
    }


def _read_values(file: Path) -> dict[str, Any]:
    keys = {str(key): value for key, value in _read_config(file).items()}
    return {key if ":" in key else f"{NAMESPACE}:{key}": value for key, value in keys.items()}


def _read_config(file: Path) -> dict[Any, Any]:
    return _get_config(read_yaml(file, file.name), file.name)


def _get_config(content: Any, file: str) -> dict[Any, Any]:
    values = content.get("config") if isinstance(content, dict) else content
    if not isinstance(values, dict | None):
        raise make_refusal("config-not-a-map", f"{file}: config", "", "must be a map")
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
