"""Access files: what many stacks share, such as accounts and grants, and what it refers to."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cross_account_access.errors import FieldPath, InvalidInput, Problem, display_value, join_path
from cross_account_access.grants.model import refuse_unknown_key
from cross_account_access.text_format import join_words

from .yaml_file import make_refusal, read_yaml

FILE_KEYS = ("accounts", "grants", "limits", "tags")
_MARK = "${config:"
_REFERENCE = re.compile(r"\$\{config:([A-Za-z0-9][A-Za-z0-9_-]{0,63})\}")
_EXTERNAL_IDS = {"externalId", "previousExternalId"}


def read_access_file(file: Path, name: str) -> dict[str, Any]:
    """Read an access file.

    Args:
        file: The file.
        name: What messages call it.

    Returns:
        Those of `FILE_KEYS` that are in it.

    Raises:
        InvalidInput: If it can't be read, is no valid YAML, or has another key.
    """
    content = read_yaml(file, name)
    if not isinstance(content, dict | None):
        rule = f"must be a map with the keys {join_words(FILE_KEYS, 'and')}"
        raise make_refusal("access-file-not-map", name, "", rule)
    problems = [
        refuse_unknown_key(locate_in_file(name, (str(key),)), _drop_namespace(key), [*FILE_KEYS])
        for key in content or {}
        if key not in FILE_KEYS
    ]
    if problems:
        raise InvalidInput(problems)
    return content or {}


def _drop_namespace(key: object) -> str:
    """The key as it would be in a file, so that the remedy names it."""
    return str(key).rpartition(":")[2]


def locate_in_file(name: str, place: FieldPath) -> str:
    """The path of a value of a file, for a message."""
    return f"{name}: {join_path('', place)}"


def find_references(content: Mapping[str, Any], name: str) -> dict[FieldPath, str]:
    """Find the keys of a stack's config that a file refers to, each `${config:KEY}`.

    Args:
        content: What the file has.
        name: What messages call it.

    Raises:
        InvalidInput: If a reference is not the whole of an external ID.
    """
    references: dict[FieldPath, str] = {}
    problems = []
    for place, text in _list_texts(content, ()):
        if _MARK not in text:
            continue
        match = _REFERENCE.fullmatch(text)
        if match and _is_external_id(place):
            references[place] = match[1]
            continue
        where = locate_in_file(name, place)
        rule, code = "${config:KEY} must stand in an external ID only", "misplaced-reference"
        if _is_external_id(place):
            code = "invalid-reference"
            rule = (
                "must be ${config:KEY} and nothing else; KEY must have 1–64 letters, digits, - "
                "and _, and start with a letter or digit"
            )
        problems.append(Problem(where, display_value(where, text), rule, code=code))
    if problems:
        raise InvalidInput(sorted(problems, key=lambda problem: problem.path))
    return references


def _is_external_id(place: FieldPath) -> bool:
    match place:
        case ("accounts", _, "assumeRole", "externalId"):
            return True
        case ("grants", _, "conditions", key) | (
            "grants",
            _,
            "principals",
            int(),
            "conditions",
            key,
        ):
            return key in _EXTERNAL_IDS
    return False


def _list_texts(value: Any, place: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """Every text in a value, keys too, and where it stands."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(key, str):  # others are refused
                yield (*place, key), key
                yield from _list_texts(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _list_texts(inner, (*place, number))
