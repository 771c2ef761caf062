"""Text as an attacker writes it, and a stack's outputs that hold it in each place in turn."""

from __future__ import annotations

import json
from copy import deepcopy
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Place = tuple[str | int, ...]

# What follows an innocent start: it ends a value, a line, a quote or a tag, and starts another.
_ENDINGS = (
    "\n[default]\ncredential_process = /x/p.sh",
    "\r\n[default]\r\ncredential_process=/x/p.sh",
    "\rcredential_process = /x/p.sh",
    "\n\tcredential_process = /x/p.sh",
    "\u2028[default]",
    "\u2029[default]",
    "\x85[default]",
    "\x0b[default]",
    "\x0c[default]",
    "\x1c[default]",
    "]\n[profile admin",
    " ; comment",
    " # comment",
    "\\",
    "\\\n",
    "'; touch hostile; '",
    '"; touch hostile; "',
    "$(touch hostile)",
    "`touch hostile`",
    "${IFS}touch${IFS}hostile",
    " ]; touch hostile; if [ x = x",
    " && touch hostile",
    " | touch hostile",
    "\ntouch hostile",
    "\n#\ntouch hostile\n",
    "\nEOF\ntouch hostile\n",
    "!!",
    "*",
    "~",
    "\x00",
    "${aws_iam_role.other.arn}",
    "%{ if true }x%{ endif }",
    "$${x}",
    '"\n}\nresource "null_resource" "x" {',
    "{{resolve:ssm:/hostile}}",
    "{{resolve:secretsmanager:hostile:SecretString}}",
    "${AWS::AccountId}",
    "\n!Ref Other",
    ": x",
    "- x",
    "<script>alert(1)</script>",
    '" onload="alert(1)',
    "' onload='alert(1)",
    "--><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "]]>",
    "&lt;b&gt;",
    '"]\nclick a "javascript:alert(1)"',
    "%%{init: {}}%%",
    "#quot;",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x08\x08\x08ok",
    "\x7f",
    "\u202egpj.exe",
    "\u2066hidden\u2069",
    "\u200bwide",
    "\ufeff",
    "\ud800",
    "\udfff",
    "&roleName=other",
    "?account=000000000000",
    "#fragment",
    "/../../x",
    "@evil.example/",
    "%0a%0d",
    "\\@evil.example",
    "[bold]rich[/bold]",
)
_STARTS = ("", "deploy", "--option")
_WHOLE = (
    "",
    " ",
    "-",
    "--",
    "-rf",
    "=",
    "=cmd|' /C calc'!A0",
    "..",
    "/",
    "null",
    "true",
    "0x10",
    "1e3",
    "NaN",
    "[secret]",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "data:text/html,x",
    "https://evil.example/switchrole",
    "https://signin.aws.amazon.com@evil.example/",
    "https://signin.aws.amazon.com.evil.example/",
    "http://signin.aws.amazon.com/switchrole",
    "//evil.example",
    "arn:aws:iam::222222222222:role/x\narn",
    "arn:aws:iam::222222222222:role/../x",
    "arn:evil:iam::222222222222:role/x",
    "arn:aws:iam::22222222222\uff12:role/x",
    "\uff12\uff12\uff12",
    "222222222222\n",
    "x" * 5000,
)

HOSTILE_VALUES = (
    *dict.fromkeys([*(start + end for start, end in product(_STARTS, _ENDINGS)), *_WHOLE]),
)


def find_leaves(document: Any, place: Place = ()) -> dict[Place, Any]:
    """What is neither an object nor a list in a JSON document, by its place."""
    if isinstance(document, dict):
        parts = list(document.items())
    elif isinstance(document, list):
        parts = list(enumerate(document))
    else:
        return {place: document}
    inner = [find_leaves(part, (*place, step)) for step, part in parts]
    return {at: leaf for leaves in inner for at, leaf in leaves.items()}


def find_strings(document: Any) -> list[Place]:
    """The places of all strings in a JSON document; keys are passed over."""
    return [place for place, leaf in find_leaves(document).items() if isinstance(leaf, str)]


def replace_string(document: Any, place: Place, text: str) -> Any:
    """The document with another string at a place."""
    copy = deepcopy(document)
    parent = copy
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = text
    return copy


def tamper_outputs(grants: Mapping[str, Any], grant: str, text: str) -> Iterator[tuple[str, Any]]:
    """A stack's `grants`, with `text` in the place of one of a grant's strings at a time.

    The strings are its outputs and those in its record, with their places as text.
    """
    outputs = dict(grants[grant])
    record = json.loads(outputs["documents"])
    for place in find_strings(outputs):
        yield "/".join(map(str, place)), {**grants, grant: replace_string(outputs, place, text)}
    for place in find_strings(record):
        tampered = json.dumps(replace_string(record, place, text), separators=(",", ":"))
        yield (
            "/".join(map(str, ("documents", *place))),
            {**grants, grant: {**outputs, "documents": tampered}},
        )
