"""Terraform's language (HCL), in the layout of `terraform fmt`."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from .text_escapes import escape_code_points, refuse_text

_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")
_KEYWORDS = frozenset({"for", "if", "in", "true", "false", "null"})
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "${": "$${", "%{": "%%{"}


@dataclass(frozen=True)
class Expression:
    """Terraform code, written as it is."""

    text: str


@dataclass(frozen=True)
class Call:
    """A call of a function with one argument."""

    function: str
    value: Any


@dataclass(frozen=True)
class Block:
    """A block: its type and labels, its arguments, its blocks."""

    kind: str
    labels: Sequence[str] = ()
    arguments: Mapping[str, Any] | None = None
    blocks: Sequence["Block"] = ()

    def __str__(self) -> str:
        head = " ".join([self.kind, *map(quote_text, self.labels)])
        parts = []
        if self.arguments:
            parts.append(list(_render_arguments(self.arguments.items(), quoted=False)))
        parts += [str(block).splitlines() for block in self.blocks]
        body = "\n\n".join(
            "\n".join(f"  {line}" if line else "" for line in lines) for lines in parts
        )
        return f"{head} {{\n{body}\n}}"


def quote_text(value: str) -> str:
    """Quote text so that nothing in it is a template.

    Raises:
        InputError: If Terraform would read another text: it has Unicode in the form NFC only.
    """
    if not unicodedata.is_normalized("NFC", value):
        raise refuse_text(
            value, "must be in Unicode's form NFC, to which Terraform would change it"
        )
    escaped = re.sub(r'[\\"\n\r\t]|[$%]\{', lambda match: _SHORT[match[0]], value)
    return f'"{escape_code_points(escaped)}"'


def _render_lines(value: Any) -> list[str]:
    match value:
        case Expression():
            return value.text.splitlines()
        case Call():
            first, *others = _render_lines(value.value)
            return _append([f"{value.function}({first}", *others], ")")
        case str():
            return [quote_text(value)]
        case Mapping() if value:
            return [
                "{",
                *(f"  {line}" for line in _render_arguments(value.items(), quoted=True)),
                "}",
            ]
        case list() if len(value) > 1:
            return [
                "[",
                *(f"  {line}" for inner in value for line in _append(_render_lines(inner), ",")),
                "]",
            ]
        case list() if value:
            first, *others = _render_lines(value[0])
            return _append([f"[{first}", *others], "]")
        case _:
            return [json.dumps(value)]


def _append(lines: list[str], end: str) -> list[str]:
    return [*lines[:-1], f"{lines[-1]}{end}"]


def _render_arguments(items: Iterable[tuple[str, Any]], *, quoted: bool) -> Iterator[str]:
    """Render arguments; the equals signs of neighbouring single-line arguments are aligned."""
    render_key = _render_key if quoted else _check_name
    rendered = [(render_key(key), _render_lines(value)) for key, value in items]
    for short, group in groupby(rendered, key=lambda item: len(item[1]) == 1):
        arguments = list(group)
        width = max(len(key) for key, _ in arguments) if short else 0
        for key, (first, *others) in arguments:
            yield f"{key:{width}} = {first}"
            yield from others


def _render_key(key: str) -> str:
    return key if _NAME.fullmatch(key) and key not in _KEYWORDS else quote_text(key)


def _check_name(key: str) -> str:
    if not _NAME.fullmatch(key):
        raise refuse_text(key, "must be a name in Terraform")
    return key
