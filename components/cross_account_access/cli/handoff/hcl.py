"""Terraform's language, in the layout of `terraform fmt`."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")
_KEYWORDS = frozenset({"for", "if", "in", "true", "false", "null"})
# What neither JSON nor Terraform can have as it is, in one spelling that both know.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\u2028\u2029\ufeff]")
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "${": "$${", "%{": "%%{"}


@dataclass(frozen=True)
class Expression:
    """Something that stands as it is."""

    text: str


@dataclass(frozen=True)
class Call:
    """A function called with a value."""

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
        head = " ".join([self.kind, *map(text, self.labels)])
        parts = []
        if self.arguments:
            parts.append(list(_arguments(self.arguments.items(), quoted=False)))
        parts += [str(block).splitlines() for block in self.blocks]
        body = "\n\n".join(
            "\n".join(f"  {line}" if line else "" for line in lines) for lines in parts
        )
        return f"{head} {{\n{body}\n}}"


def encoded(value: Any) -> Call:
    """A value as JSON text."""
    return Call("jsonencode", value)


def text(value: str) -> str:
    """A text in quotes; nothing in it is a template."""
    escaped = re.sub(r'[\\"\n\r\t]|[$%]\{', lambda found: _SHORT[found[0]], value)
    plain = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)
    return f'"{plain}"'


def _lines(value: Any) -> list[str]:
    match value:
        case Expression():
            return value.text.splitlines()
        case Call():
            first, *others = _lines(value.value)
            return _closed([f"{value.function}({first}", *others], ")")
        case str():
            return [text(value)]
        case Mapping() if value:
            return ["{", *(f"  {line}" for line in _arguments(value.items(), quoted=True)), "}"]
        case list() if len(value) > 1:
            return [
                "[",
                *(f"  {line}" for inner in value for line in _closed(_lines(inner), ",")),
                "]",
            ]
        case list() if value:
            first, *others = _lines(value[0])
            return _closed([f"[{first}", *others], "]")
        case _:
            return [json.dumps(value)]


def _closed(lines: list[str], end: str) -> list[str]:
    return [*lines[:-1], f"{lines[-1]}{end}"]


def _arguments(items: Iterable[tuple[str, Any]], *, quoted: bool) -> Iterator[str]:
    """The arguments' lines: equals signs of neighbours of a line each stand below each other."""
    rendered = [(_key(key) if quoted else key, _lines(value)) for key, value in items]
    for short, group in groupby(rendered, key=lambda item: len(item[1]) == 1):
        found = list(group)
        width = max(len(key) for key, _ in found) if short else 0
        for key, (first, *others) in found:
            yield f"{key:{width}} = {first}"
            yield from others


def _key(key: str) -> str:
    return key if _NAME.fullmatch(key) and key not in _KEYWORDS else text(key)
