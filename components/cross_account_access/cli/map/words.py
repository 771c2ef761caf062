"""Conditions, durations and kinds of principals in words, for whoever reads a map."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cross_account_access.grants.principals import PrincipalKind
from cross_account_access.iam.operators import Operator
from cross_account_access.iam.policy_document import list_conditions

EXTERNAL_ID = "an external ID"

KINDS: Mapping[PrincipalKind, str] = {
    "user": "user",
    "role": "role",
    "group": "group",
    "account": "account",
    "permission_set": "permission set",
    "organization": "organization",
    "organizational_unit": "OU",
    "session": "session",
}

_MFA = "signed in with MFA"
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_MINUTE = 60

_BASES = {
    "StringEquals": "is",
    "StringEqualsIgnoreCase": "is, whatever its case,",
    "StringLike": "is like",
    "ArnEquals": "is like",
    "ArnLike": "is like",
    "Bool": "is",
    "BinaryEquals": "is",
    "IpAddress": "is in",
    "NumericEquals": "is",
    "NumericLessThan": "is less than",
    "NumericLessThanEquals": "is at most",
    "NumericGreaterThan": "is more than",
    "NumericGreaterThanEquals": "is at least",
    "DateEquals": "is",
    "DateLessThan": "is before",
    "DateLessThanEquals": "is not after",
    "DateGreaterThan": "is after",
    "DateGreaterThanEquals": "is not before",
}
_SCOPES = {"ForAllValues": "every value of ", "ForAnyValue": "a value of "}

# Operator and key in lower case; what is said of the values.
_KNOWN: Mapping[tuple[str, str], Callable[[str], str]] = {
    ("IpAddress", "aws:sourceip"): "from {}".format,
    ("StringEquals", "aws:sourcevpc"): "from {}".format,
    ("StringEquals", "aws:sourcevpce"): "through {}".format,
    ("StringEquals", "aws:principalorgid"): "of organization {}".format,
    ("StringLike", "sts:rolesessionname"): "session named {}".format,
    ("StringLike", "sts:sourceidentity"): "source identity {}".format,
    ("ForAllValues:StringEquals", "aws:tagkeys"): "no session tags but {}".format,
    ("ForAllValues:StringEquals", "sts:transitivetagkeys"): "no transitive tags but {}".format,
    ("DateGreaterThanEquals", "aws:currenttime"): "not before {}".format,
    ("DateLessThan", "aws:currenttime"): "until {}".format,
}
_PREFIXES = {"aws:requesttag/": "session tag", "aws:principaltag/": "its tag"}
# What stands under these operators, the ones beside it say already.
_IMPLIED = {("Null", "sts:transitivetagkeys", "false")}


def visible(text: str) -> str:
    """Text with every character that isn't seen, or turns the writing round, as its escape sequence."""
    return "".join(
        ascii(char)[1:-1] if unicodedata.category(char) in _UNSEEN and char != "\xa0" else char
        for char in text
    )


def alternatives(values: Sequence[str]) -> str:
    """Values of which one is enough."""
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"


def duration(seconds: int) -> str:
    """A duration in hours, minutes and seconds."""
    hours, rest = divmod(seconds, _MINUTE * _MINUTE)
    minutes, seconds = divmod(rest, _MINUTE)
    parts = [
        f"{amount} {unit}"
        for amount, unit in ((hours, "h"), (minutes, "min"), (seconds, "s"))
        if amount
    ]
    return " ".join(parts) or "0 s"


def conditions(block: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Each condition of a statement's block in words, in one fixed order. No external ID is in them."""
    told: list[str] = []
    for operator, key, values in list_conditions(block):
        if (operator, key.lower(), alternatives(values)) not in _IMPLIED:
            told.append(_condition(operator, key, values))
    ages = [text for text in told if text.startswith(f"{_MFA} less")]
    if ages and _MFA in told:
        told.remove(_MFA)
    return tuple(
        visible(text) for text in sorted(told, key=lambda text: (not text.startswith(_MFA), text))
    )


def _condition(operator: str, key: str, values: Sequence[str]) -> str:
    lower = key.lower()
    if lower == "sts:externalid":
        return _external_id(operator, values)
    match operator, lower, values:
        case "Bool", "aws:multifactorauthpresent", ["true"]:
            return _MFA
        case "NumericLessThan", "aws:multifactorauthage", [age] if age.isdigit():
            return f"{_MFA} less than {duration(int(age))} ago"
        case "StringLike", "sts:rolesessionname", ["${aws:username}"]:
            return "session named as the user"
    if known := _KNOWN.get((operator, lower)):
        return known(alternatives(values))
    for prefix, name in _PREFIXES.items():
        if operator == "StringEquals" and lower.startswith(prefix):
            return f"{name} {key[len(prefix) :]} is {alternatives(values)}"
    return _any(operator, key, values)


def _external_id(operator: str, values: Sequence[str]) -> str:
    """What is asked of an external ID; never which one, whatever the operator."""
    if operator == "Null":
        return "no external ID" if values == ["true"] else EXTERNAL_ID
    if "Not" in operator:
        return f"{EXTERNAL_ID} that is not ruled out"
    return f"{EXTERNAL_ID}, or none" if operator.endswith("IfExists") else EXTERNAL_ID


def _any(operator: str, key: str, values: Sequence[str]) -> str:
    """A condition that the grants have no name for, close to how the policy says it."""
    known = Operator.parse(operator)
    if known.base == "Null":
        return f"{key} is {'absent' if values == ['true'] else 'there'}"
    base = _BASES[known.base]
    if known.negated:
        base = base.replace("is", "is not", 1)
    absent = ", or is absent" if known.if_exists else ""
    return f"{_SCOPES.get(known.scope or '', '')}{key} {base} {alternatives(values)}{absent}"


def count(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def enumeration(values: Sequence[str]) -> str:
    """Values, all of them."""
    return " and ".join([", ".join(values[:-1]), values[-1]] if len(values) > 1 else values)
