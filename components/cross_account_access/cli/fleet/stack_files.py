"""Each stack's config, `Pulumi.STACK.yaml`: written where it is missing, never changed."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cross_account_access.cli.terminal import InputError
from cross_account_access.config.settings import NAMESPACE
from cross_account_access.config.yaml_file import read_yaml
from cross_account_access.errors import InvalidInput

_FILE, _ONLY = f"{NAMESPACE}:file", f"{NAMESPACE}:only"


@dataclass
class StackFiles:
    """The stacks' files as they were found.

    Attributes:
        written: Files that were missing and are written now.
        kept: Files that are as expected.
        different: Files that are not, with what they have instead.
        orphans: Stacks whose account is not in the access file, each with where it was found.
    """

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    different: dict[str, str] = field(default_factory=dict)
    orphans: dict[str, str] = field(default_factory=dict)


def name_stack_file(stack: str) -> str:
    """The name of a stack's config."""
    return f"Pulumi.{stack}.yaml"


def write_stack_files(folder: Path, file: str, stacks: Iterable[str]) -> StackFiles:
    """Write the config of each stack that has none.

    Args:
        folder: The project's folder.
        file: The access file, as the config names it.
        stacks: The stacks.

    Raises:
        InputError: If a file can't be written.
    """
    result = StackFiles()
    for stack in stacks:
        name = name_stack_file(stack)
        try:
            with (folder / name).open("x", encoding="utf-8") as new:
                new.write(_render(file, stack))
            result.written.append(name)
        except FileExistsError:
            if difference := find_difference(folder / name, file, stack):
                result.different[name] = difference
            else:
                result.kept.append(name)
        except OSError as error:
            raise InputError(f"{name} can't be written: {error.strerror}") from None
    return result


def list_orphans(
    folder: Path, file: str, accounts: Collection[str], deployed: Iterable[str]
) -> dict[str, str]:
    """The stacks of a fleet whose account has left it, each with where it was found.

    A stack of another kind has a config without this access file.
    """
    orphans = {}
    configs = dict(_read_configs(folder))
    own = {name for name, config in configs.items() if config.get(_FILE) == file}
    others = configs.keys() - own
    for name in sorted({*deployed, *own} - {*accounts} - others):
        places = [name_stack_file(name)] if name in own else []
        places += ["the backend"] if name in deployed else []
        orphans[name] = " and ".join(places)
    return orphans


def describe_orphan(name: str, place: str) -> str:
    """Tell of a stack whose account has left the fleet, and what to do about it."""
    # A stack without a config may be of another kind, so that `fleet` destroys none.
    config = name_stack_file(name)
    tool = "cross-account-access fleet destroy" if config in place else "pulumi destroy -s"
    return (
        f"No account: stack {name}, in {place}. If it isn't needed any more: {tool} {name}, then "
        f"pulumi stack rm {name}"
    )


def _render(file: str, stack: str) -> str:
    # JSON's strings are YAML's.
    return f"config:\n  {_FILE}: {json.dumps(file)}\n  {_ONLY}: [{json.dumps(stack)}]\n"


def find_difference(path: Path, file: str, stack: str) -> str:
    """What a stack's config has instead of what it should have; empty where it is as expected."""
    try:
        config = _read_config(path)
    except InvalidInput as error:
        return error.problems[0].rule
    for key, expected in ((_FILE, file), (_ONLY, [stack])):
        if config.get(key) != expected:
            return f"{key} must be {json.dumps(expected)}, not {json.dumps(config.get(key))}"
    return ""


def _read_configs(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("Pulumi.*.yaml")):
        try:
            config = _read_config(path)
        except InvalidInput:
            config = {}
        yield path.name.removeprefix("Pulumi.").removesuffix(".yaml"), config


def _read_config(path: Path) -> dict[str, Any]:
    content = read_yaml(path, path.name)
    config = content.get("config") if isinstance(content, dict) else None
    return config if isinstance(config, dict) else {}


def read_stack_settings(folder: Path, stack: str) -> dict[str, Any]:
    """A stack's own settings, such as `secretsprovider`; empty where there is no such file."""
    name = name_stack_file(stack)
    try:
        content = read_yaml(folder / name, name)
    except InvalidInput:
        return {}
    return content if isinstance(content, dict) else {}
