"""YAML with all text in double quotes, so that none is read as a number, a date or a boolean."""

import json
import re
from collections.abc import Mapping
from typing import Any

from .text_escapes import escape_code_points

_PLAIN_KEY = re.compile("[A-Z][A-Za-z0-9]*(::[A-Za-z0-9]+)?")
_BOOLEANS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def render_yaml(value: Mapping[str, Any]) -> str:
    """Render an object as YAML."""
    return "".join(f"{line}\n" for line in _render_lines(value))


def _render_lines(value: Any) -> list[str]:
    match value:
        case Mapping() if value:
            return [
                line
                for key, inner in value.items()
                for line in _render_entry(f"{_render_key(key)}:", inner)
            ]
        case list() if value:
            return [line for inner in value for line in _render_item(inner)]
        case _:
            return [_render_scalar(value)]


def _render_entry(key: str, inner: Any) -> list[str]:
    if isinstance(inner, Mapping | list) and inner:
        return [key, *(f"  {line}" for line in _render_lines(inner))]
    return [f"{key} {_render_scalar(inner)}"]


def _render_item(inner: Any) -> list[str]:
    first, *others = _render_lines(inner)
    return [f"- {first}", *(f"  {line}" for line in others)]


def _render_key(key: str) -> str:
    return (
        key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _BOOLEANS else _render_scalar(key)
    )


def _render_scalar(value: Any) -> str:
    # JSON allows invisible characters as they are; YAML reads some as line breaks.
    return escape_code_points(json.dumps(value, ensure_ascii=False))
