"""A stack's config as the Pulumi CLI would give it to the program, read from Pulumi.yaml and Pulumi.STACK.yaml."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import stack_config
from cross_account_access import InvalidInput, Problem
from sandbox.deploy.in_process import is_loopback
from stack_config import NAMESPACE, Connection, Settings

SANDBOX_PORT = 4577


@dataclass(frozen=True)
class Stack:
    """A stack that can be deployed on the emulated accounts.

    Attributes:
        folder: The project's folder.
        name: The stack's name.
        file: Its config's file.
        settings: Its config, checked.
        config: Its config with the namespaces, structured values as JSON, as Pulumi hands it to a program.
        endpoint: Where the emulated accounts are.
    """

    folder: Path
    name: str
    file: Path
    settings: Settings
    config: Mapping[str, str]
    endpoint: str


def load(folder: Path, name: str, config_file: Path | None = None) -> Stack:
    """Read a stack's config and check it as a whole.

    Args:
        folder: The project's folder.
        name: The stack's name.
        config_file: The stack's config; by default Pulumi.STACK.yaml in the project's folder.

    Raises:
        InvalidInput: With every problem found: in the config, or for the emulated accounts.
    """
    file = config_file or folder / f"Pulumi.{name}.yaml"
    if not file.is_file():
        raise _refused("--stack", name, f"a stack has a file Pulumi.{name}.yaml beside Pulumi.yaml")
    values = _defaults(folder) | _values(file)
    if encrypted := _first_encrypted(values):
        raise _refused(
            encrypted,
            "[secret]",
            "encrypted values are read by the Pulumi CLI alone; the sandbox needs none",
        )
    own = {
        key.partition(":")[2]: value
        for key, value in values.items()
        if key.startswith(f"{NAMESPACE}:")
    }
    settings = stack_config.check(own)
    return Stack(
        folder,
        name,
        file,
        settings,
        {
            key: value if isinstance(value, str) else json.dumps(value, default=str)
            for key, value in values.items()
        },
        _endpoint(settings),
    )


def account_ids(settings: Settings) -> tuple[str, str]:
    """The source's and the destination's account ID.

    Raises:
        InvalidInput: If one isn't given, for the emulated accounts' people are made there.
    """
    ids = []
    for side in ("source", "destination"):
        connection: Connection = getattr(settings, side)
        if connection.account_id is None:
            raise _refused(
                f"{NAMESPACE}:{side}.accountId",
                "",
                "the sandbox needs each account's ID",
                "Add the key",
            )
        ids.append(connection.account_id)
    return ids[0], ids[1]


def _endpoint(settings: Settings) -> str:
    used = [side for side in ("source", "destination") if settings.side in ("both", side)]
    endpoints = {}
    for side in used:
        endpoint = getattr(settings, side).endpoint
        if endpoint is None or not is_loopback(endpoint):
            raise _refused(
                f"{NAMESPACE}:{side}.endpoint",
                json.dumps(endpoint) if endpoint else "",
                f"the sandbox deploys on the loopback range alone, such as http://127.0.0.1:{SANDBOX_PORT}",
                "On AWS itself use `pulumi up`",
            )
        endpoints[side] = endpoint
    if len(set(endpoints.values())) > 1:
        raise _refused(
            f"{NAMESPACE}:destination.endpoint",
            json.dumps(endpoints["destination"]),
            f"the sandbox has all accounts at one endpoint, the source's is {endpoints['source']}",
        )
    account_ids(settings)
    return str(next(iter(endpoints.values())))


def _defaults(folder: Path) -> dict[str, Any]:
    file = folder / "Pulumi.yaml"
    if not file.is_file():
        raise _refused("--cwd", str(folder), "a Pulumi project's folder has a file Pulumi.yaml")
    declared = _config(file)
    return {
        f"{NAMESPACE}:{key}": schema["default"]
        for key, schema in declared.items()
        if isinstance(schema, dict) and "default" in schema
    }


def _values(file: Path) -> dict[str, Any]:
    keys = {str(key): value for key, value in _config(file).items()}
    return {key if ":" in key else f"{NAMESPACE}:{key}": value for key, value in keys.items()}


def _config(file: Path) -> dict[Any, Any]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe one
    except yaml.MarkedYAMLError as error:
        # Not the text of the error: it quotes the line, which may hold a secret.
        at = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _refused(
            f"{file.name}{at}", "", f"a stack's config is YAML: {error.problem}"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise _refused(
            file.name, "", f"a stack's config is YAML: {' '.join(str(error).split())}"
        ) from None
    values = content.get("config") if isinstance(content, dict) else content
    if not isinstance(values, dict | None):
        raise _refused(f"{file.name}: config", "", "the config is a map")
    return values or {}


class _Loader(yaml.SafeLoader):
    """Reads YAML as the Pulumi CLI does: dates are text, and a key may not stand twice in a map."""

    yaml_implicit_resolvers = {
        first: [
            (tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys: dict[str, Any] = {}
        for key, _ in node.value:
            if keys.setdefault(str(key.value), key) is not key:
                problem = f"the key {key.value} stands twice in a map"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        return super().construct_mapping(node, deep)


def _first_encrypted(value: Any, path: str = "") -> str | None:
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            return path
        found = (
            _first_encrypted(inner, f"{path}.{key}" if path else str(key))
            for key, inner in value.items()
        )
        return next(filter(None, found), None)
    if isinstance(value, list):
        return next(
            filter(None, (_first_encrypted(v, f"{path}[{i}]") for i, v in enumerate(value))), None
        )
    return None


def _refused(path: str, value: str, rule: str, remedy: str = "") -> InvalidInput:
    return InvalidInput([Problem(path, value, rule, remedy)])
