"""YAML in its plainest form: every text in double quotes, so that none is taken for a number, a date or a switch."""

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN_KEY = re.compile("[A-Z][A-Za-z0-9]*(::[A-Za-z0-9]+)?")
_SWITCHES = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
# What JSON leaves as it is, and YAML reads as a line's end or not at all.
_ESCAPED = re.compile("[\x7f-\xa0\u2028\u2029\ufeff]")


def as_yaml(value: Mapping[str, Any]) -> str:
    """An object as YAML."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any) -> list[str]:
    match value:
        case Mapping() if value:
            return [line for key, inner in value.items() for line in _entry(f"{_key(key)}:", inner)]
        case list() if value:
            return [line for inner in value for line in _item(inner)]
        case _:
            return [_scalar(value)]


def _entry(key: str, inner: Any) -> list[str]:
    if isinstance(inner, Mapping | list) and inner:
        return [key, *(f"  {line}" for line in _lines(inner))]
    return [f"{key} {_scalar(inner)}"]


def _item(inner: Any) -> list[str]:
    first, *others = _lines(inner)
    return [f"- {first}", *(f"  {line}" for line in others)]


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _SWITCHES else _scalar(key)


def _scalar(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
