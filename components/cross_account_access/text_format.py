"""How values read in a sentence or a command: lists, durations, words; and how keys are spelt."""

import re
import shlex
from collections.abc import Sequence

from pydantic import alias_generators

_HOUR, _MINUTE = 3600, 60


def join_words(values: Sequence[str], conjunction: str) -> str:
    """Join values as a sentence does: `a, b or c`."""
    *firsts, last = values
    return f"{', '.join(firsts)} {conjunction} {last}" if firsts else last


def shorten_list(values: Sequence[str], most: int = 3) -> list[str]:
    """Shorten a list to its first values, and how many more there are."""
    more = len(values) - most
    return [*values[:most], f"{more} more"] if more > 0 else [*values]


def format_count(number: int, noun: str) -> str:
    """Count things: `1 role`, `2 roles`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def format_duration(seconds: int) -> str:
    """Write a duration in hours, minutes and seconds: `1 h 30 min`."""
    hours, rest = divmod(seconds, _HOUR)
    units = ((hours, "h"), (rest // _MINUTE, "min"), (rest % _MINUTE, "s"))
    return " ".join(f"{amount} {unit}" for amount, unit in units if amount) or "0 s"


def write_pair(key: str) -> str:
    """Write the word KEY=… of a command, as `split_pair` reads it."""
    return _quote_word(key.replace("=", r"\=") + "=…")


def write_tag(key: str) -> str:
    """Write a tag as a word of the AWS CLI's option --tags."""
    return _quote_word(f"Key={key},Value=…")


def _quote_word(text: str) -> str:
    """Quote a word if a shell needs that; not for its …, which a person replaces."""
    known = text.replace("…", "")
    return text if shlex.quote(known) == known else shlex.quote(text)


def split_pair(text: str) -> tuple[str, str] | None:
    r"""Split KEY=VALUE; None for another form. An = in the key, which a tag's may have, is \=."""
    pair = re.fullmatch(r"(?P<key>(?:\\=|[^=])++)=(?P<value>.*)", text, re.DOTALL)
    return (pair["key"].replace(r"\=", "="), pair["value"]) if pair else None


def to_camel(key: str) -> str:
    """Spell a key of the args as the config and other languages do: `trustBy` of `trust_by`.

    A key that is a word of Python's own has an underscore there, `except_`, and nowhere else.
    """
    return alias_generators.to_camel(key.removesuffix("_"))
