"""Which values of a stack's config are encrypted, and the config as args that keep them secret."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from inspect import get_annotations
from pathlib import Path
from typing import Any, NotRequired, get_args, get_origin, is_typeddict

import yaml

from cross_account_access.errors import FieldPath
from cross_account_access.grants.model import Unresolved
from cross_account_access.grants.principals import IDENTITY_KEYS
from cross_account_access.text_format import to_camel

_SECURE = {"secure"}


@dataclass(frozen=True)
class EncryptedLeaves:
    """The encrypted values of a config, each by the steps to it.

    Pulumi tells a program only which keys hold anything encrypted. The stack's settings file shows
    which values of a key that are, and is believed where all its other values are the config's own.

    Attributes:
        exact: Values that are encrypted themselves.
        covered: All values of a key of which no more is known than that it holds something
            encrypted.
    """

    exact: frozenset[FieldPath] = frozenset()
    covered: frozenset[FieldPath] = frozenset()

    @classmethod
    def find(
        cls, config: Mapping[str, Any], encrypted: Collection[str], saved: Mapping[str, Any]
    ) -> "EncryptedLeaves":
        """Find the encrypted values.

        Args:
            config: The config, decrypted.
            encrypted: Those of its keys that hold something encrypted.
            saved: The same as the stack's settings file has it; empty where that isn't known.
        """
        exact: set[FieldPath] = set()
        covered: set[FieldPath] = set()
        for key in encrypted:
            leaves = set(_list_leaves(config[key], (key,)))
            try:
                found = set(_find_secure(config[key], saved.get(key), (key,)))
            except _DisagreeError:
                found = set()
            if found:
                exact |= found
            else:
                covered |= leaves
        return cls(frozenset(exact), frozenset(covered))

    def __contains__(self, place: object) -> bool:
        return place in self.exact or place in self.covered

    def __bool__(self) -> bool:
        return bool(self.exact or self.covered)

    def mask(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The config without them: with an `Unresolved` in the place of each."""

        def hide(value: Any, place: FieldPath) -> Any:
            if place in self:
                return Unresolved()
            if isinstance(value, dict):
                return {key: hide(inner, (*place, key)) for key, inner in value.items()}
            if isinstance(value, list):
                return [hide(inner, (*place, number)) for number, inner in enumerate(value)]
            return value

        return {key: hide(value, (key,)) for key, value in config.items()}


NOTHING_ENCRYPTED = EncryptedLeaves()


class _DisagreeError(Exception):
    """The settings file doesn't have the running config."""


def _list_leaves(value: Any, place: FieldPath) -> Iterator[FieldPath]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _list_leaves(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _list_leaves(inner, (*place, number))
    else:
        yield place


def _find_secure(value: Any, saved: Any, place: FieldPath) -> Iterator[FieldPath]:
    """Find what the file has encrypted, if all the rest in it is the value's own."""
    if isinstance(saved, dict) and saved.keys() == _SECURE and isinstance(value, str):
        yield place
    elif isinstance(value, dict) and isinstance(saved, dict) and value.keys() == saved.keys():
        for key, inner in value.items():
            yield from _find_secure(inner, saved[key], (*place, key))
    elif isinstance(value, list) and isinstance(saved, list) and len(value) == len(saved):
        for number, inner in enumerate(value):
            yield from _find_secure(inner, saved[number], (*place, number))
    elif not isinstance(saved, str) or saved != _write_scalar(value):
        raise _DisagreeError


def _write_scalar(value: Any) -> str | None:
    """A value as text in YAML; None where it isn't written in one way only."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) else None


def read_saved_config(folder: Path, stack: str, namespace: str) -> dict[str, Any]:
    """Read a stack's config from its settings file, with all scalars as text.

    Args:
        folder: The project's folder.
        stack: The stack's name.
        namespace: The namespace of the config's keys; it is left out of them.

    Returns:
        Nothing where there is no such file, or an environment adds to what it says.
    """
    try:
        project = _read_yaml(folder / "Pulumi.yaml")
        settings = _read_yaml(folder / project.get("stackConfigDir", "") / f"Pulumi.{stack}.yaml")
    except (OSError, ValueError, TypeError, yaml.YAMLError):
        return {}
    config = settings.get("config")
    if "environment" in settings or not isinstance(config, dict):
        return {}
    prefix = f"{namespace}:"
    return {
        key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)
    }


def _read_yaml(file: Path) -> dict[str, Any]:
    # Scalars stay text: YAML's libraries differ in what they take for a number or a date.
    content = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
    if not isinstance(content, dict):
        raise TypeError(f"{file.name} must be a map")
    return content


def build_args(
    value: Any, hint: Any, hide: Callable[[Any, FieldPath], Any], place: FieldPath = ()
) -> Any:
    """Build args of config's values: the keys that are a component's own get its spelling.

    Args:
        value: The checked values.
        hint: Their type in `args`.
        hide: Called with each value that may be an Output, and the steps to it; returns what takes
            its place. Principals' names are none of these: resources are named after them.
        place: The steps to the values.
    """
    if get_origin(hint) is NotRequired:
        (hint,) = get_args(hint)
    if is_typeddict(hint):
        hints = get_annotations(hint)
        if hints.keys() >= set(IDENTITY_KEYS):
            hints |= dict.fromkeys(IDENTITY_KEYS, str)
        return {
            key: build_args(value[to_camel(key)], inner, hide, (*place, to_camel(key)))
            for key, inner in hints.items()
            if to_camel(key) in value
        }
    # `pulumi.Input[T]` is T, an Awaitable or an Output.
    may_be_output = hint is Any or Awaitable in [get_origin(one) for one in get_args(hint)]
    if isinstance(value, dict):
        inner = Any if may_be_output else get_args(hint)[-1]
        return {key: build_args(item, inner, hide, (*place, key)) for key, item in value.items()}
    if isinstance(value, list):
        inner = Any if may_be_output else get_args(hint)[-1]
        return [build_args(item, inner, hide, (*place, n)) for n, item in enumerate(value)]
    return hide(value, place) if may_be_output else value
