"""Errors about input: which rule is broken, at which path, by which value, and what to do."""

import difflib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

SECRET = "[secret]"  # noqa: S105 - what stands in a secret's place
# How keys of secrets end, in small letters; and text that holds such a key and its value, as does a
# whole config that is one string.
_SECRET_KEYS = (
    "externalid",
    "accesskey",
    "accesskeyid",
    "secretkey",
    "secretaccesskey",
    "token",
    "password",
)
_SECRET_TEXT = re.compile(r"(external|access|secret|token|password)\w*[\"']?\s*[:=]", re.IGNORECASE)
_LONGEST_VALUE = 120
_MOST_NAMES = 20
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Letters and marks that no font shows, though they have another category.
# https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


class _NotShown:
    """Stands where there is no value to show."""


NOT_SHOWN = _NotShown()


FieldPath = tuple[str | int, ...]
"""The keys and list positions that lead to a value."""


class Key(str):
    """A step of a path that is a key of ours, spelt in snake_case or camelCase as the input is."""

    __slots__ = ()


class CrossAccountAccessError(Exception):
    """Base class of the errors that this package raises about input.

    ```
    CrossAccountAccessError
    ├── Refusal        one value breaks one rule; raised by the check, which doesn't know the path
    ├── InvalidInput   every problem of plain input, each with its path; raised to the caller
    └── InvalidArgs    the same of a component's args; Pulumi prints it without a traceback
    ```
    """


class Refusal(CrossAccountAccessError, ValueError):
    """A value breaks a rule; the check that raises it doesn't know the value's path.

    Attributes:
        code: The rule's stable name, for tests and tools: `mfa-for-role`, `name-too-long`.
        rule: What must be, such as "must be a list".
        remedy: What to do about it; empty where the rule says it all.
        where: Path from the checked value to the part that is wrong.
        value: That part, where it is not the checked value itself.
    """

    def __init__(
        self,
        rule: str,
        *,
        code: str,
        remedy: str = "",
        where: FieldPath = (),
        value: Any = NOT_SHOWN,
    ) -> None:
        super().__init__(rule)
        self.code = code
        self.rule = rule
        self.remedy = remedy
        self.where = where
        self.value = value


@contextmanager
def locate(*where: str | int) -> Iterator[None]:
    """Prefix the path of whatever is refused inside by `where`."""
    try:
        yield
    except Refusal as refusal:
        refusal.where = (*where, *refusal.where)
        raise


@dataclass(frozen=True)
class Problem:
    """One refused value, described for the person who wrote it.

    Attributes:
        path: The field's full path, such as `grants.deploy.role.path`.
        value: The value as text, shortened, and `[secret]` where it may be one.
        rule: The rule that it breaks.
        remedy: What to do about it; may be empty.
        code: The rule's stable name, for tests and tools: `name-too-long`.
    """

    path: str
    value: str
    rule: str
    remedy: str = ""
    code: str = field(kw_only=True)

    def __post_init__(self) -> None:
        # What is refused, and any word that quotes it, may hold what a terminal obeys.
        for name in ("path", "value", "rule", "remedy"):
            object.__setattr__(self, name, escape_invisible(getattr(self, name)))

    @property
    def message(self) -> str:
        """Path, value, rule and remedy in one line."""
        sentence = ": ".join(part for part in (self.path, self.value, self.rule) if part)
        return f"{sentence}. {self.remedy}" if self.remedy else f"{sentence}."

    def as_dict(self) -> dict[str, str]:
        """The problem for a machine: `code`, `path`, `value`, `rule`, `message`."""
        return {
            "code": self.code,
            "path": self.path,
            "value": self.value,
            "rule": self.rule,
            "message": self.message,
        }


class InvalidInput(CrossAccountAccessError, ValueError):
    """Input was refused before anything was created.

    Attributes:
        problems: Every problem of the input.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.message for problem in self.problems))


def make_problem(path: str, value: Any, refusal: Refusal) -> Problem:
    """Describe a refusal of the value at `path`."""
    where = join_path(path, refusal.where)
    shown = value if refusal.value is NOT_SHOWN and not refusal.where else refusal.value
    shown = display_value(where, shown)
    return Problem(where, shown, refusal.rule, refusal.remedy, code=refusal.code)


def suggest_names(given: str, known: Collection[str]) -> str:
    """Say which names there are, or of many those that a wrong one is most like."""
    if len(known) <= _MOST_NAMES:
        return f"These are: {', '.join(known)}"
    if nearest := difflib.get_close_matches(given, known, n=3):
        return f"Did you mean {' or '.join(nearest)}?"
    return f"These are: {', '.join([*known][:_MOST_NAMES])} and {len(known) - _MOST_NAMES} more"


def join_path(path: str, steps: Sequence[str | int]) -> str:
    """Extend a path by keys and list positions: `grants.deploy.principals[0].user`."""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path and not path.endswith(":") else step
    return path


def end_path(path: str, ends: Iterable[str]) -> str:
    """End a path where a secret begins: the steps inside of it are a part of the secret."""
    for end in ends:
        if path.startswith((f"{end}.", f"{end}[")):
            return end
    return path


def display_value(path: str, value: Any) -> str:
    """Show a value as the person wrote it, on one line and shortened, never a secret."""
    if value is NOT_SHOWN:
        return ""
    if is_secret(re.split(r"[.:]", path)[-1].partition("[")[0]):
        return SECRET
    if isinstance(value, date):
        return str(value)
    if not isinstance(value, str | int | float | bool | list | dict | None):
        return _describe_type(value)
    try:
        shown = _without_secrets(value)
        text = SECRET if shown is SECRET else _write_json(shown)
    except (TypeError, ValueError, RecursionError):  # nothing that JSON can write
        return _describe_type(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _write_json(value: Any) -> str:
    text = json.dumps(value, default=_describe_type, ensure_ascii=False, separators=(",", ":"))
    text.encode()  # fails for half a surrogate pair
    return text


def find_invisible(text: str) -> str | None:
    """Find the first character that is invisible, ends a line or reverses the text."""
    if text.isascii() and text.isprintable():
        return None
    return next((char for char in text if _is_invisible(char)), None)


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in _INVISIBLE or _BLANK.fullmatch(char) is not None


def escape_invisible(text: str) -> str:
    """Replace each character that is invisible, or reverses the text, by its escape sequence."""
    return "".join(ascii(char)[1:-1] if find_invisible(char) else char for char in text)


def is_secret(key: object) -> bool:
    """Whether a key's value may be a secret, however the key is spelt."""
    return re.sub("[^a-z]", "", str(key).lower()).endswith(_SECRET_KEYS)


def _describe_type(value: object) -> str:
    """Describe a value that can't be written as text by what it is."""
    kind = type(value)  # an Output has any attribute that it is asked for
    return f"<{getattr(kind, 'shown_as', kind.__name__)}>"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: SECRET if is_secret(key) else _without_secrets(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    return SECRET if isinstance(value, str) and _SECRET_TEXT.search(value) else value
