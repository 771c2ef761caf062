"""Checks of a single condition's value; how conditions go together is in `conditions`."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from pydantic import PlainValidator

from cross_account_access.errors import FieldPath, Refusal
from cross_account_access.iam import limits
from cross_account_access.iam.policy_document import list_values
from cross_account_access.iam.policy_elements import CONDITION_KEY, parse_operator

from .model import Unresolved, defer, plain
from .role_patterns import WILDCARDS

Block = dict[str, dict[str, Any]]
"""A policy's Condition: values by operator and key."""

_INEXACT = 2**53  # from here on, not every whole number is a float


def check_boolean(value: object) -> bool:
    """Check a switch: true or false."""
    if not isinstance(value, bool):
        raise Refusal(
            "must be true or false",
            code="not-boolean",
            remedy="Leave the quotes out" if value in ("true", "false") else "",
        )
    return value


def make_list_check(check: Callable[[object], str]) -> Callable[[object], list[Any]]:
    """Make a check of a list that is not empty and has no value twice.

    Args:
        check: The check of each value; an `Unresolved` waits for it.
    """

    def check_list(value: object) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise Refusal("must be a list of at least one value", code="not-filled-list")
        checked = [
            limits.check_part(position, inner, defer(check)) for position, inner in enumerate(value)
        ]
        if repeated := limits.find_repeated(v for v in checked if isinstance(v, str)):
            raise Refusal(
                "the values of a list must be unique", code="repeated-value", value=repeated
            )
        return checked

    return check_list


def plain_list(check: Callable[[object], str]) -> PlainValidator:
    """Annotate a list whose values must be plain."""
    return plain(lambda value: check_plain_list(value, check))


def check_plain_list(value: object, check: Callable[[object], str]) -> list[Any]:
    """Check a list whose values must be plain."""
    for position, inner in enumerate(value if isinstance(value, list) else []):
        if isinstance(inner, Unresolved):
            raise Refusal(
                "must be a plain value, not an Output or a secret",
                code="output-not-allowed",
                remedy="Pass the value itself",
                where=(position,),
                value=inner,
            )
    return make_list_check(check)(value)


def check_known_tags(value: object) -> dict[str, Any]:
    """Check tags; a value that is an `Unresolved` waits for it."""
    return limits.check_tags(value, defer(limits.TAG_VALUE))


def check_known_tag_patterns(value: object) -> dict[str, list[Any]]:
    """Check the values, or patterns, that tags may have; an `Unresolved` waits for it."""
    return limits.check_tag_values(value, defer(limits.TAG_VALUE_PATTERN))


def check_allowed_tags(value: object) -> list[str] | bool:
    """Check which session tags are allowed: a list of keys, true for any, false for none."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, list) or not value:
        raise Refusal(
            "must be a list of at least one tag key, or true for any tags, or false for none",
            code="allowed-tags-not-list",
            remedy="Leave the quotes out" if value in ("true", "false") else "",
        )
    keys: list[str] = check_plain_list(value, _check_allowed_tag_key)
    if repeated := limits.find_repeated(keys, key=str.lower):
        rule = "tag keys must be unique, ignoring case"
        raise Refusal(rule, code="repeated-tag-key", value=repeated)
    return keys


def _check_allowed_tag_key(value: object) -> str:
    if isinstance(value, str) and WILDCARDS.intersection(value):
        raise Refusal(
            "a tag key must not have wildcards",
            code="tag-key-with-wildcards",
            remedy="List each key, or set true for any tags; wildcards are for the values of "
            "session_tags (sessionTags in config)",
        )
    return limits.check_tag_key(value)


def check_time(value: object) -> str:
    """Check a point in time, in UTC."""
    rule = "must be a UTC time in ISO 8601, such as 2026-12-31T18:00:00Z"
    if not isinstance(value, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value, re.ASCII
    ):
        raise Refusal(rule, code="invalid-time")
    try:
        datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        raise Refusal(rule, code="invalid-time", remedy="There is no such date") from None
    return value


def check_raw_conditions(value: object) -> Block:
    """Check conditions that are written as in a policy's Condition, and put values into lists."""
    if not isinstance(value, Mapping) or not value:
        raise Refusal(
            "must be {OPERATOR: {KEY: VALUES}}, as in a policy", code="invalid-raw-conditions"
        )
    return {
        operator: limits.check_part(str(operator), keys, partial(_check_raw_keys, operator))
        for operator, keys in sorted(value.items(), key=lambda item: str(item[0]))
    }


def _check_raw_keys(operator: object, keys: object) -> dict[str, list[Any]]:
    parsed = parse_operator(operator)
    if not isinstance(keys, Mapping) or not keys:
        raise Refusal(
            "must map condition keys to their values",
            code="invalid-raw-conditions",
            remedy="Put the Output inside: it may be a value, or a key's list of values"
            if isinstance(keys, Unresolved)
            else "",
        )
    checked: dict[str, list[Any]] = {}
    for key, given in sorted(keys.items(), key=lambda item: str(item[0])):
        limits.check_part(str(key), key, CONDITION_KEY)
        values = limits.check_part(key, given, partial(_check_raw_values, key))
        texts = [value for value in values if isinstance(value, str)]
        is_met_by_absent_key = parsed.if_exists or parsed.holds(None, texts, {})
        if key.lower().startswith("aws:multifactorauth") and is_met_by_absent_key:
            raise Refusal(
                "must not have an operator that a request without the key satisfies: requests by "
                "access keys have no MFA keys",
                code="mfa-met-by-absent-key",
                remedy="Use mfa: true",
                where=(key,),
                value=operator,
            )
        for position, text in enumerate(values):
            if isinstance(text, str) and (what := parsed.find_wrong_type(text)):
                raise Refusal(
                    f"must be {what}: {parsed.name} compares no other values",
                    code="value-not-of-operator",
                    where=(key, position) if isinstance(given, list) else (key,),
                    value=text,
                )
        checked[key] = sort_values(set(values))
    return checked


def sort_values(values: Iterable[Any]) -> list[Any]:
    """Sort values, those that aren't known yet first."""
    return sorted(values, key=lambda value: value if isinstance(value, str) else "")


def _check_raw_values(key: str, values: object) -> list[Any]:
    """Check what a key may be: one value, or a list. An `Unresolved` may stand for either."""
    check = partial(_check_raw_value, key)
    if not isinstance(values, list):
        return [check(values)]
    if not values:
        raise Refusal("must be a value, or a list of at least one", code="invalid-raw-values")
    return [limits.check_part(position, value, check) for position, value in enumerate(values)]


def _check_raw_value(key: str, value: object) -> str | Unresolved:
    """Check one value; numbers and truths become the text that IAM takes them as."""
    if isinstance(value, str | Unresolved):
        return value
    # Numbers reach a component as floats from other languages.
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(number, int) or abs(number) >= _INEXACT:
        raise Refusal(
            "must be a string, a whole number, true or false",
            code="invalid-raw-values",
            remedy="Put it in quotes" if isinstance(value, int | float | date) else "",
        )
    if key.lower().endswith("account"):  # YAML reads some with a leading zero as octal numbers
        return limits.check_account_id(number)
    return list_values(number)[0]


def merge_blocks(
    block: Block, more: Mapping[str, Mapping[str, Any]], where: FieldPath = ()
) -> Block:
    """Merge two blocks into one that requires what either requires.

    Args:
        block: The first block.
        more: The second.
        where: The path of the second, for the message.

    Raises:
        Refusal: If both have a key under the same operator, because one would hide the other.
    """
    merged = {operator: dict(keys) for operator, keys in block.items()}
    for operator, keys in more.items():
        for key, value in keys.items():
            if key.lower() in map(str.lower, merged.get(operator, {})):
                raise Refusal(
                    f"{operator} of {key} must not be set twice: another condition sets it already",
                    code="repeated-condition-key",
                    remedy="Keep one of them",
                    where=(*where, operator, key),
                )
            merged.setdefault(operator, {})[key] = value
    return {operator: dict(sorted(keys.items())) for operator, keys in sorted(merged.items())}
