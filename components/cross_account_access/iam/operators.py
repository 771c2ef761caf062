"""Condition operators, compared as IAM compares them: pure functions of plain data.

- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

import base64
import binascii
import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Self, TypeAlias

from .networks import MAPPED_IPV4
from .policy_dates import parse_date
from .policy_document import list_conditions
from .policy_patterns import ARN_FIELDS, ContextKeys, Variables, fill_literal, fill_pattern

_SECRET_KEYS = frozenset({"sts:externalid"})
HIDDEN = "(not shown)"
"""What stands in the place of an external ID."""

# --- How one value of the request compares to one of the policy -----------------------------------


def _match_arn(actual: str, required: str) -> bool:
    # Here no * crosses a colon: "Each of the six colon-delimited components of the ARN is checked
    # separately". The last one runs to the end, colons and all.
    fields = actual.split(":", ARN_FIELDS - 1)
    patterns = required.split(":", ARN_FIELDS - 1)
    return (
        _is_arn(actual) and len(patterns) == ARN_FIELDS and all(map(fnmatchcase, fields, patterns))
    )


def _is_arn(text: str) -> bool:
    return text.startswith("arn:") and text.count(":") >= ARN_FIELDS - 1


def _equal_ignoring_case(actual: str, required: str) -> bool:
    return actual.lower() == required.lower()


def _parse_boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _equal_booleans(actual: str, required: str) -> bool:
    value = _parse_boolean(actual)
    return value is not None and value is _parse_boolean(required)


def _parse_bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _equal_bytes(actual: str, required: str) -> bool:
    value = _parse_bytes(actual)
    return value is not None and value == _parse_bytes(required)


def _parse_network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        # Host bits beside the prefix are let pass. An address without one is a network of itself.
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return None if "%" in text else network  # a zone means something on one machine alone


def _parse_own_network(text: str) -> IPv4Network | IPv6Network | None:
    """Read a range as `_parse_network`, but none of IPv4 addresses written as IPv6: none is met."""
    network = _parse_network(text)
    is_mapped = isinstance(network, IPv6Network) and network.subnet_of(MAPPED_IPV4)
    return None if is_mapped else network


def _is_in_network(actual: str, required: str) -> bool:
    network = _parse_network(required)
    try:
        return network is not None and ip_address(actual) in network
    except ValueError:
        return False


_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def _parse_number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _parse_time(text: str) -> Decimal | None:
    """Read a date, or epoch time, as seconds since 1970."""
    date = parse_date(text)  # first, so that four digits are a year
    return _parse_number(text) if date is None else date


def _compare_parsed(
    parse: Callable[[str], Decimal | None], compare: Callable[[Decimal, Decimal], bool]
) -> Callable[[str, str], bool]:
    def test(actual: str, required: str) -> bool:
        left, right = parse(actual), parse(required)
        return left is not None and right is not None and compare(left, right)

    return test


# --- The operators --------------------------------------------------------------------------------

_Test: TypeAlias = Callable[[str, str], bool]
_Fill: TypeAlias = Callable[[str, Variables], str | None]


def _fill_nothing(text: str, _: Variables) -> str | None:
    # Numbers, dates, binary values and IP ranges take no policy variables.
    return text


_COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_POSITIVE: dict[str, tuple[_Test, _Fill]] = {
    "StringEquals": (operator.eq, fill_literal),
    "StringEqualsIgnoreCase": (_equal_ignoring_case, fill_literal),
    "StringLike": (fnmatchcase, fill_pattern),
    "ArnEquals": (_match_arn, fill_pattern),
    "ArnLike": (_match_arn, fill_pattern),
    "Bool": (_equal_booleans, fill_literal),
    "BinaryEquals": (_equal_bytes, _fill_nothing),
    "IpAddress": (_is_in_network, _fill_nothing),
    **{
        f"{kind}{name}": (_compare_parsed(parse, compare), _fill_nothing)
        for kind, parse in (("Numeric", _parse_number), ("Date", _parse_time))
        for name, compare in _COMPARISONS.items()
    },
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
# What values must be, by how an operator's name begins.
_VALUE_TYPES: dict[str, tuple[str, Callable[[str], object]]] = {
    "Bool": ("true or false", lambda text: "${" in text or _parse_boolean(text)),
    "Null": ("true or false", _parse_boolean),
    "Numeric": ("a number", _parse_number),
    "Date": ("a date in ISO 8601, or epoch seconds", _parse_time),
    "IpAddress": ("an address or a range of addresses, IPv4 ones not as IPv6", _parse_own_network),
    "BinaryEquals": ("Base64 text", _parse_bytes),
}
_NAME = re.compile(
    r"(?:(?P<scope>ForAllValues|ForAnyValue):)?(?P<base>[A-Za-z]+?)(?P<if_exists>IfExists)?"
)
_ContextValue: TypeAlias = str | tuple[str, ...] | None


def _list_context_values(actual: _ContextValue) -> tuple[str, ...]:
    return (actual,) if isinstance(actual, str) else actual or ()


@dataclass(frozen=True)
class Operator:
    """One condition operator, such as ForAllValues:StringLikeIfExists."""

    name: str
    scope: str | None
    """ForAllValues or ForAnyValue."""
    base: str
    """The operator that it is or negates, without prefix and suffix."""
    negated: bool
    if_exists: bool

    @classmethod
    @cache
    def parse(cls, name: str) -> Self:
        """Return the operator of a name as a policy writes it; ValueError if IAM has none such."""
        parts = _NAME.fullmatch(name)
        base = parts["base"] if parts else name
        # Null is itself the test for presence, so it takes no suffix.
        is_null = parts is not None and base == "Null" and not parts["if_exists"]
        if not parts or not (is_null or base in _POSITIVE or base in _NEGATED):
            raise ValueError(f"IAM has no condition operator {name!r}")
        return cls(
            name=name,
            scope=parts["scope"],
            base=_NEGATED.get(base, base),
            negated=base in _NEGATED,
            if_exists=parts["if_exists"] is not None,
        )

    def holds(self, actual: _ContextValue, required: list[str], variables: Variables) -> bool:
        """Return whether a key's value in the request meets any of the values that a policy lists.

        A negated operator holds where none of them is met, and so on an absent key.
        """
        values = _list_context_values(actual)
        # Empty strings alone are what AWS calls a null data set.
        null = not any(values)
        if self.base == "Null" and not self.scope:
            return self._requires_null(required, null=null)
        if self.scope:
            # IfExists adds nothing here: the operator is applied to each value, and each exists.
            if null:
                return self.scope == "ForAllValues"
            quantifier = all if self.scope == "ForAllValues" else any
            return quantifier(self._accepts(value, required, variables) for value in values)
        if not values:
            return self.negated or self.if_exists
        # A multivalued key needs one of the set operators; without it, nothing matches.
        return isinstance(actual, str) and self._accepts(actual, required, variables)

    def _accepts(self, value: str, required: list[str], variables: Variables) -> bool:
        if self.base == "Null":
            return self._requires_null(required, null=False)
        if self.negated and self.base.startswith("Arn") and not _is_arn(value):
            return False  # as AWS's policy simulator decides
        test, fill = _POSITIVE[self.base]
        filled = (fill(text, variables) for text in required)
        # A text with a variable that has no value is met by nothing.
        return any(text is not None and test(value, text) for text in filled) is not self.negated

    @staticmethod
    def _requires_null(required: list[str], *, null: bool) -> bool:
        return str(null).lower() in map(str.lower, required)

    def find_wrong_type(self, text: str) -> str | None:
        """Return what a policy's value must be, in words; None if it is of the operator's type."""
        for base, (what, parse) in _VALUE_TYPES.items():
            if self.base.startswith(base):
                return what if parse(text) is None else None
        return None

    def describe_failure(self, key: str, actual: _ContextValue, required: list[str]) -> str:
        """Return why this operator doesn't hold, for a person, without an external ID's values."""
        secret = key.lower() in _SECRET_KEYS
        wanted = "one" if secret else " or ".join(f'"{text}"' for text in required)
        values = _list_context_values(actual)
        if self.base == "Null":
            is_now, must_be = ("present", "absent") if any(values) else ("absent", "present")
            return f"{key} is {is_now}, {self.name} requires it {must_be}"
        if not values:
            return f"{key} is absent, {self.name} requires {wanted}"
        if not isinstance(actual, str) and not self.scope:
            return f"{key} is multivalued, {self.name} needs ForAllValues or ForAnyValue before it"
        if secret:
            if self.negated:
                return f"{key} is one that {self.name} forbids"
            return f"{key} differs from the one required"
        quoted = ", ".join(f'"{value}"' for value in values)
        return (
            f"{key} is {quoted}, {self.name} {'forbids' if self.negated else 'requires'} {wanted}"
        )


@dataclass(frozen=True)
class UnmetCondition:
    """A condition that the request doesn't meet; an external ID is hidden in it."""

    operator: str
    key: str
    actual: tuple[str, ...]
    """The request's values; nothing where the key is absent."""
    required: tuple[str, ...]
    text: str
    """The same in words."""

    def __str__(self) -> str:
        return self.text


def find_unmet_conditions(
    condition: Mapping[str, Any], context: ContextKeys, variables: Variables
) -> list[UnmetCondition]:
    """Return what keeps a statement's Condition from being met; nothing if it is.

    Every key of every operator must be met. ValueError names an operator that IAM doesn't have.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
    """
    unmet: list[UnmetCondition] = []
    for name, key, required in list_conditions(condition):
        test, actual = Operator.parse(name), context.get(key.lower())
        if not test.holds(actual, required, variables):
            unmet.append(_describe_unmet(test, key, actual, required))
    return unmet


def _describe_unmet(
    test: Operator, key: str, actual: _ContextValue, required: list[str]
) -> UnmetCondition:
    shown, wanted = _list_context_values(actual), tuple(required)
    if key.lower() in _SECRET_KEYS:
        shown = (HIDDEN,) if shown else ()
        wanted = wanted if test.base == "Null" else (HIDDEN,)
    text = test.describe_failure(key, actual, required)
    return UnmetCondition(test.name, key, shown, wanted, text)


def find_nearest_operator(name: str) -> str | None:
    """Return the operator that a misspelt name is most like; None if it is like none."""
    bases = (*_POSITIVE, *_NEGATED, "Null")
    names = [*bases, *(f"{base}IfExists" for base in bases)]
    scoped = [f"{scope}:{base}" for scope in ("ForAllValues", "ForAnyValue") for base in names]
    # Null takes no suffix.
    known = {text.lower(): text.replace("NullIfExists", "Null") for text in (*names, *scoped)}
    nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.8)
    return known[nearest[0]] if nearest else None
