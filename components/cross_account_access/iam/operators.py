"""Condition operators, policy variables and wildcards, compared as IAM compares them.

Pure functions of plain data. A context is what a request says of itself: condition keys in lower
case (IAM ignores their case) with a string each, or a tuple for a multivalued key; a key that
isn't there is absent. The pages this follows, in the IAM User Guide:

- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import base64
import binascii
import glob
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any, TypeAlias

Context: TypeAlias = Mapping[str, str | tuple[str, ...]]
Variables: TypeAlias = Context | None
"""Where policy variables get their values; None in a policy of the 2008 version, which has none."""

_ARN_FIELDS = 6
_SECRET_KEYS = frozenset({"sts:externalid"})
HIDDEN = "(not shown)"
"""What stands in the place of an external ID."""


def as_list(element: Any) -> list[str]:
    """Return an element's values as strings: policies may write one value without its list.

    JSON numbers and booleans are taken as IAM takes them, as text:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_datatypes.html
    """
    values = element if isinstance(element, list | tuple) else [element]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


# --- Policy variables and wildcards ---------------------------------------------------------------

_VARIABLE = re.compile(
    r"""\$\{ \s* (?P<name>[^\s,{}'][^,{}']*?) \s* (?: , \s* '(?P<default>[^']*)' \s* )? \}""",
    re.VERBOSE,
)


def fill_literal(text: str, variables: Variables) -> str | None:
    """Fill in the variables of a policy's text; None where one of them has no value."""
    return _fill_variables(text, variables, str, str)


def fill_pattern(text: str, variables: Variables) -> str | None:
    """Fill in the variables of a policy's text with wildcards, and return it as an fnmatch pattern.

    Only the policy's own * and ? are wildcards: one in a variable's value, or written ${*}, is a
    plain character. So is [ everywhere, of which fnmatch would make more.
    """
    return _fill_variables(text, variables, escape_brackets, glob.escape)


def escape_brackets(text: str) -> str:
    """Return text with IAM's wildcards, but without variables, as an fnmatch pattern."""
    return text.replace("[", "[[]")


def _fill_variables(
    text: str,
    variables: Variables,
    as_written: Callable[[str], str],
    as_value: Callable[[str], str],
) -> str | None:
    if variables is None:
        return as_written(text)
    pieces: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        value = _look_up_variable(found["name"], variables) or found["default"]
        if value is None:
            return None
        pieces += [as_written(text[end : found.start()]), as_value(value)]
        end = found.end()
    return "".join([*pieces, as_written(text[end:])])


def _look_up_variable(name: str, variables: Context) -> str | None:
    if name in {"*", "?", "$"}:
        return name
    value = variables.get(name.lower())
    # A multivalued key can't be a variable.
    return value if isinstance(value, str) else None


def match_resource(text: str, resource: str, variables: Variables) -> bool:
    """Say whether an entry of a Resource element covers a resource's ARN.

    The ARN is compared field by field, but a * that ends a field may run on beyond the colon, and
    missing fields count as *. Variables may stand in the last field only:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    *heads, last = text.split(":", _ARN_FIELDS - 1)
    tail = fill_pattern(last, variables)
    if tail is None:
        return False
    fields = [*map(escape_brackets, heads), tail]
    completed = fields + ["*"] * (_ARN_FIELDS - len(fields))
    arn = resource.split(":", _ARN_FIELDS - 1)
    return _covers(fields, arn) or _covers(completed, arn)


def _covers(patterns: list[str], fields: list[str]) -> bool:
    if not patterns or not fields:
        return not patterns and not fields
    reach = len(fields) if patterns[0].endswith("*") else 1
    return any(
        fnmatchcase(":".join(fields[:count]), patterns[0]) and _covers(patterns[1:], fields[count:])
        for count in range(1, reach + 1)
    )


# --- What a single value is compared by -----------------------------------------------------------


def _arn_like(given: str, required: str) -> bool:
    # Here no * crosses a colon: "Each of the six colon-delimited components of the ARN is checked
    # separately". The last one runs to the end, colons and all.
    arn = given.split(":", _ARN_FIELDS - 1)
    patterns = required.split(":", _ARN_FIELDS - 1)
    return len(arn) == len(patterns) == _ARN_FIELDS and all(map(fnmatchcase, arn, patterns))


def _same_bool(given: str, required: str) -> bool:
    return given.lower() == required.lower() and given.lower() in {"true", "false"}


def _same_bytes(given: str, required: str) -> bool:
    try:
        return base64.b64decode(given, validate=True) == base64.b64decode(required, validate=True)
    except (binascii.Error, ValueError):
        return False


def _in_network(given: str, required: str) -> bool:
    try:
        # Host bits beside the prefix are let pass. An address without one is a network of itself.
        return ip_address(given) in ip_network(required, strict=False)
    except ValueError:
        return False


_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


_W3C_DATE = re.compile(
    r"""(?P<year>\d{4}) (?: -(?P<month>\d\d) (?: -(?P<day>\d\d) (?:
        T(?P<time>\d\d:\d\d(:\d\d(\.\d+)?)?) (?P<zone>Z|[+-]\d\d:\d\d) )? )? )?""",
    re.VERBOSE | re.ASCII,
)


def _moment(text: str) -> Decimal | None:
    """Read a date as seconds since 1970: one of the W3C's ISO 8601 formats, or epoch time.

    https://www.w3.org/TR/NOTE-datetime
    """
    date = _W3C_DATE.fullmatch(text)  # first, so that four digits are a year
    if not date:
        return _number(text)
    part = {name: value for name, value in date.groupdict().items() if value}
    iso = (
        f"{part['year']}-{part.get('month', '01')}-{part.get('day', '01')}"
        f"T{part.get('time', '00:00')}{part.get('zone', 'Z')}"
    )
    try:
        return Decimal(repr(datetime.fromisoformat(iso).timestamp()))
    except ValueError:  # such as the 30th of February
        return None


def _ordered(
    read: Callable[[str], Decimal | None], compare: Callable[[Decimal, Decimal], bool]
) -> Callable[[str, str], bool]:
    def test(given: str, required: str) -> bool:
        left, right = read(given), read(required)
        return left is not None and right is not None and compare(left, right)

    return test


# --- The operators --------------------------------------------------------------------------------

_Prepare: TypeAlias = Callable[[str, Variables], str | None]
_Test: TypeAlias = Callable[[str, str], bool]


def _as_is(text: str, _: Variables) -> str | None:
    # Numbers, dates, binary values and IP ranges take no policy variables.
    return text


_COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_POSITIVE: dict[str, tuple[_Test, _Prepare]] = {
    "StringEquals": (operator.eq, fill_literal),
    "StringEqualsIgnoreCase": (
        lambda given, required: given.lower() == required.lower(),
        fill_literal,
    ),
    "StringLike": (fnmatchcase, fill_pattern),
    "ArnEquals": (_arn_like, fill_pattern),
    "ArnLike": (_arn_like, fill_pattern),
    "Bool": (_same_bool, fill_literal),
    "BinaryEquals": (_same_bytes, _as_is),
    "IpAddress": (_in_network, _as_is),
    **{f"Numeric{name}": (_ordered(_number, test), _as_is) for name, test in _COMPARISONS.items()},
    **{f"Date{name}": (_ordered(_moment, test), _as_is) for name, test in _COMPARISONS.items()},
}
_NEGATED: dict[str, str] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
_NAME = re.compile(
    r"(?:(?P<scope>ForAllValues|ForAnyValue):)?(?P<base>[A-Za-z]+?)(?P<if_exists>IfExists)?"
)


@dataclass(frozen=True)
class Operator:
    """One condition operator, such as ForAllValues:StringLikeIfExists."""

    name: str
    scope: str | None
    """ForAllValues or ForAnyValue."""
    base: str
    negated: bool
    if_exists: bool

    @classmethod
    @cache
    def named(cls, name: str) -> Operator:
        """Return the operator of a name as a policy writes it; ValueError if IAM has none such."""
        found = _NAME.fullmatch(name)
        base = found["base"] if found else name
        # Null is itself the test for presence, so it takes no prefix and no suffix.
        known = name == "Null" or base in _POSITIVE or base in _NEGATED
        if not found or not known:
            raise ValueError(f"IAM has no condition operator {name!r}")
        return cls(
            name=name,
            scope=found["scope"],
            base=_NEGATED.get(base, base),
            negated=base in _NEGATED,
            if_exists=found["if_exists"] is not None,
        )

    def holds(
        self, given: str | tuple[str, ...] | None, required: list[str], variables: Variables
    ) -> bool:
        """Say whether a key's value in the request meets any of the values that a policy lists.

        A negated operator holds where none of them is met, and so on an absent key.
        """
        values = (given,) if isinstance(given, str) else given or ()
        # Empty strings alone are what AWS calls a null data set.
        null = not any(values)
        if self.base == "Null":
            return str(null).lower() in map(str.lower, required)
        if self.scope:
            # So IfExists adds nothing here: it is asked of each value, and each value exists.
            if null:
                return self.scope == "ForAllValues"
            quantifier = all if self.scope == "ForAllValues" else any
            return quantifier(self._meets(value, required, variables) for value in values)
        if not values:
            return self.negated or self.if_exists
        # A multivalued key needs one of the set operators; without it, nothing matches.
        return isinstance(given, str) and self._meets(given, required, variables)

    def _meets(self, value: str, required: list[str], variables: Variables) -> bool:
        test, prepare = _POSITIVE[self.base]
        prepared = (prepare(text, variables) for text in required)
        # A variable without a value is like no value, so its text is met by none.
        return any(text is not None and test(value, text) for text in prepared) is not self.negated

    def failure(self, key: str, given: str | tuple[str, ...] | None, required: list[str]) -> str:
        """Tell a person why this operator doesn't hold. An external ID's values stay unsaid."""
        secret = key.lower() in _SECRET_KEYS
        wanted = "one" if secret else " or ".join(f'"{text}"' for text in required)
        values = (given,) if isinstance(given, str) else given or ()
        if self.base == "Null":
            is_now, must_be = ("present", "absent") if any(values) else ("absent", "present")
            return f"{key} is {is_now}, Null requires it {must_be}"
        if not values:
            return f"{key} is absent, {self.name} requires {wanted}"
        if not isinstance(given, str) and not self.scope:
            return f"{key} is multivalued, {self.name} needs ForAllValues or ForAnyValue before it"
        if secret:
            if self.negated:
                return f"{key} is one that {self.name} forbids"
            return f"{key} differs from the one required"
        found = ", ".join(f'"{value}"' for value in values)
        return f"{key} is {found}, {self.name} {'forbids' if self.negated else 'requires'} {wanted}"


@dataclass(frozen=True)
class Unmet:
    """A key's condition that isn't met; an external ID is hidden in it."""

    operator: str
    key: str
    given: tuple[str, ...]
    """The request's values; nothing where the key is absent."""
    required: tuple[str, ...]
    text: str
    """The same in words."""

    def __str__(self) -> str:
        return self.text


def _unmet(
    test: Operator, key: str, given: str | tuple[str, ...] | None, required: list[str]
) -> Unmet:
    found, wanted = (given,) if isinstance(given, str) else given or (), tuple(required)
    if key.lower() in _SECRET_KEYS:
        found = (HIDDEN,) if found else ()
        wanted = wanted if test.base == "Null" else (HIDDEN,)
    return Unmet(test.name, key, found, wanted, test.failure(key, given, required))


def find_unmet(condition: Mapping[str, Any], context: Context, variables: Variables) -> list[Unmet]:
    """Return what keeps a statement's Condition from being met; nothing if it is.

    Every key of every operator must be met. ValueError names an operator that IAM doesn't know.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
    """
    failures: list[Unmet] = []
    for name, keys in condition.items():
        test = Operator.named(name)
        for key, element in keys.items():
            given, required = context.get(key.lower()), as_list(element)
            if not test.holds(given, required, variables):
                failures.append(_unmet(test, key, given, required))
    return failures
