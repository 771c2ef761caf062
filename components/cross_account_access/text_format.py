"""How values read in a sentence: lists, counts, durations; how other languages spell a key."""

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


def to_camel(key: str) -> str:
    """Spell a key of the args as the config and other languages do: `trustBy` of `trust_by`.

    A key that is a word of Python's own has an underscore there, `except_`, and nowhere else.
    """
    return alias_generators.to_camel(key.removesuffix("_"))
