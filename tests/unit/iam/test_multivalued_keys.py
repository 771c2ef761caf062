"""AWS's documented answers to conditions on keys of several values, and on those of none."""

from __future__ import annotations

import pytest

from tests.unit.iam.test_operators import KEYS, NAME, Row, check_row

PAGE = "reference_policies_condition-single-vs-multi-valued-context-keys.html"
ROWS = [
    Row("all listed", True, "ForAllValues:StringEquals", KEYS, ["a", "b"], ("b", "a")),
    Row("one not listed", False, "ForAllValues:StringEquals", KEYS, ["a", "b"], ("a", "c")),
    Row("ForAllValues of nothing", True, "ForAllValues:StringEquals", KEYS, ["a", "b"]),
    Row("of an empty list", True, "ForAllValues:StringEquals", KEYS, ["a", "b"], ()),
    Row("of an empty string", True, "ForAllValues:StringEquals", KEYS, ["a", "b"], ("",)),
    Row("an empty string is null", False, "Null", KEYS, "false", ("",)),
    Row("one listed", True, "ForAnyValue:StringEquals", KEYS, ["a", "b"], ("c", "a")),
    Row("none listed", False, "ForAnyValue:StringEquals", KEYS, ["a", "b"], ("c",)),
    Row("ForAnyValue of nothing", False, "ForAnyValue:StringEquals", KEYS, ["a", "b"]),
    Row("any of an empty string", False, "ForAnyValue:StringNotEquals", KEYS, ["a"], ("",)),
    Row("ForAllValues, negated", True, "ForAllValues:StringNotEquals", KEYS, "a", ("b", "c")),
    Row("negated, one listed", False, "ForAllValues:StringNotEquals", KEYS, "a", ("b", "a")),
    Row("ForAnyValue, negated", True, "ForAnyValue:StringNotEquals", KEYS, "a", ("b", "a")),
    Row("negated, all listed", False, "ForAnyValue:StringNotEquals", KEYS, "a", ("a",)),
    Row("any, negated, of nothing", False, "ForAnyValue:StringNotEquals", KEYS, "a"),
    Row("any, IfExists, of nothing", False, "ForAnyValue:StringEqualsIfExists", KEYS, "a"),
    Row("all of nothing are null", True, "ForAllValues:Null", KEYS, "true"),
    Row("all of nothing aren't null", True, "ForAllValues:Null", KEYS, "false"),
    Row("all of an empty list", True, "ForAllValues:Null", KEYS, "true", ()),
    Row("all of an empty string", True, "ForAllValues:Null", KEYS, "true", ("",)),
    Row("all of some are null", False, "ForAllValues:Null", KEYS, "true", ("a", "b")),
    Row("all of some aren't null", True, "ForAllValues:Null", KEYS, "FALSE", ("a", "b")),
    Row("all of a single value", False, "ForAllValues:Null", NAME, True, "a"),
    Row("any of nothing is null", False, "ForAnyValue:Null", KEYS, "true"),
    Row("any of nothing isn't null", False, "ForAnyValue:Null", KEYS, "false"),
    Row("any of an empty list isn't null", False, "ForAnyValue:Null", KEYS, "false", ()),
    Row("any of some is null", False, "ForAnyValue:Null", KEYS, "true", ("a", "b")),
    Row("any of some isn't null", True, "ForAnyValue:Null", KEYS, "false", ("a", "b")),
    Row("any of a single value isn't null", True, "ForAnyValue:Null", NAME, False, "a"),
    Row("no set operator", False, "StringEquals", KEYS, "a", ("a",)),
    Row("no set operator, negated", False, "StringNotEquals", KEYS, "b", ("a",)),
]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.fact) for row in ROWS])
def test_aws_documented_condition(row: Row) -> None:
    check_row(PAGE, row)
