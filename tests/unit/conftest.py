"""Distinct names for the tables' rows, and no deadline for properties on a busy machine."""

from __future__ import annotations

import re

from hypothesis import settings

_LONGEST = 60

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_make_parametrize_id(val: object) -> str:
    text = str(getattr(val, "__name__", _order_sets(val)))
    named = re.sub(r"<[^>]*?(\w+) object at [^>]*>", r"\1", text)[:_LONGEST]
    # Half a surrogate pair can't be told from one process to another.
    return named.encode("utf-8", "backslashreplace").decode("utf-8")


def _order_sets(val: object) -> object:
    """The same with lists for sets, whose order differs between processes."""
    if isinstance(val, set | frozenset):
        return sorted(val, key=str)
    if isinstance(val, dict):
        return {key: _order_sets(inner) for key, inner in val.items()}
    return [*map(_order_sets, val)] if isinstance(val, list) else val
