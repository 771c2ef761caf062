"""Whatever is in a file of outputs, every command ends with an answer or with a plain error."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.terminal import ExitCode
from tests.cli.offline import COMMANDS, FILE, GRANT, offline, outputs, run
from tests.hostile_outputs import HOSTILE_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILES, PARTS = 1000, 20
DONE, NO, WRONG, UNAVAILABLE = (
    ExitCode.DONE,
    ExitCode.NO,
    ExitCode.WRONG_INPUT,
    ExitCode.UNAVAILABLE,
)
# What the help says that each may end with where there are no credentials.
CODES = {
    "verify": {WRONG, UNAVAILABLE},
    "explain": {DONE, NO, WRONG},
    "profile": {DONE, WRONG, UNAVAILABLE},
    "open": {DONE, NO, WRONG},
    "exec": {WRONG, UNAVAILABLE},
    "handoff": {DONE, WRONG},
    "map": {DONE, WRONG},
    "revoke": {DONE, NO, WRONG},
}
OUTPUTS = {"grants": outputs(), "other": {"x": [1, None, "[secret]"]}}
TEXT = json.dumps(OUTPUTS).encode()
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 10**30, 1.5, float("nan"), float("inf"), "", "[secret]", [], {}),
    *([[]], [None], {"": ""}, {"AWS": "*"}, ["*"], "*", {"documents": "[secret]"}),
    *({"format": 1}, '{"format":1}', "\ud800", "\x00", "\x1b[31m", "x" * 5000),
]


def _pick_place(value: Any, chance: random.Random) -> tuple[str | int, ...]:
    """Any place in a document, also in the middle of it."""
    place: tuple[str | int, ...] = ()
    while isinstance(value, dict | list) and value and (not place or chance.random() < 0.8):
        step: Any = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        place, value = (*place, step), value[step]
    return place


def _change_value(document: Any, chance: random.Random) -> Any:
    """Replace, remove, rename, repeat or swap something in a document."""
    copy = deepcopy(document)
    *way, last = _pick_place(copy, chance)
    parent = copy
    for step in way:
        parent = parent[step]
    match chance.randrange(5):
        case 0:
            parent.pop(last)
        case 1 if isinstance(parent, dict):
            parent[chance.choice([*HOSTILE_VALUES, *map(str, parent)])] = parent.pop(last)
        case 2 if isinstance(parent, list):
            parent.extend(parent * 2)
        case 3:
            parent[last] = chance.choice(HOSTILE_VALUES)
        case _:
            parent[last] = chance.choice(JUNK)
    return copy


def _change_record(chance: random.Random) -> bytes:
    copy = deepcopy(OUTPUTS)
    entry: Any = copy["grants"][GRANT]
    record = json.loads(entry["documents"])
    for _ in range(chance.choice([1, 1, 2])):
        record = _change_value(record, chance)
    entry["documents"] = json.dumps(record, separators=(",", ":"))
    return json.dumps(copy).encode()


def _change_outputs(chance: random.Random) -> bytes:
    return json.dumps(_change_value(OUTPUTS, chance)).encode()


def _change_bytes(chance: random.Random) -> bytes:
    text = bytearray(TEXT)
    at, length = chance.randrange(len(text)), chance.choice([1, 1, 1, 8, 200])
    match chance.randrange(5):
        case 0:
            text[at] = chance.randrange(256)
        case 1:
            del text[at : at + length]
        case 2:
            text[at:at] = chance.randbytes(length)
        case 3:
            text[at:at] = text[at : at + length]
        case _:
            del text[at:]
    return bytes(text)


def _wrap(chance: random.Random) -> bytes:
    """Something around it, or in its place."""
    deep = 100_000
    return chance.choice(
        [
            *(b"", b" ", b"[]", b"null", b'"x"', b"{}", b"\x00", b"\xff\xfe{\x00", b"{" * deep),
            *(b"\xef\xbb\xbf" + TEXT, TEXT + TEXT, b"[" + TEXT + b"]", b"[" * deep, TEXT[1:]),
            *(TEXT.decode().encode("utf-16"), TEXT.replace(b'"other"', b'"grants"')),
            *(TEXT.replace(b'{"x"', b'{"y":1e999,"x"'), TEXT.replace(b'{"x"', b'{"x":NaN,"x"')),
            *(TEXT.replace(b"[1,", b"[" + b"9" * 5000 + b","), b'{"a":' * deep),
        ]
    )


CHANGES: list[Callable[[random.Random], bytes]] = [
    *(_change_record, _change_record, _change_record),
    *(_change_outputs, _change_bytes, _change_bytes, _wrap),
]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with offline(tmp_path):
        yield tmp_path


def test_every_command_answers_where_nothing_is_changed(folder: Path) -> None:
    (folder / FILE).write_bytes(TEXT)
    codes = {name: run(*args).code for name, args in COMMANDS.items()}
    assert codes.pop("profile") in (DONE, UNAVAILABLE)  # it may ask who calls
    assert codes == {
        **dict.fromkeys(("open", "handoff", "map", "revoke"), DONE),
        **dict.fromkeys(("verify", "exec"), UNAVAILABLE),
        "explain": NO,
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_changed_outputs_end_no_command_in_a_traceback(folder: Path, part: int) -> None:
    for number in range(part * FILES // PARTS, (part + 1) * FILES // PARTS):
        chance = random.Random(number)  # noqa: S311 - the same files in every run
        content = chance.choice(CHANGES)(chance)
        (folder / FILE).write_bytes(content)
        for name, args in COMMANDS.items():
            ran = run(*args)
            assert ran.code in CODES[name], (number, name, ran)
            assert "Traceback" not in ran.err
            if ran.code in (WRONG, UNAVAILABLE):
                assert (ran.out, ran.err[:7]) == ("", "Error: "), (number, name, ran)
