"""Tags' keys with spaces and letters of any script: in condition keys and policy variables.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html
"""

from __future__ import annotations

import pytest

from tests.unit.iam.test_operators import COST, NAME, ask


@pytest.mark.parametrize("spelling", [COST, "aws:principaltag/COST center", COST.upper()])
@pytest.mark.parametrize(
    ("required", "name", "allowed"),
    [
        ("${{{}}}", "7", True),
        ("${{ {} }}", "7", True),
        ("cost-${{{}}}", "cost-7", True),
        ("${{{}, 'none'}}", "none", False),
        ("${{{} Manager, 'none'}}", "none", True),
        ("${{{}}}", "8", False),
        ("${{{}s}}", "7", False),
    ],
)
def test_a_tags_key_with_a_space_in_a_variable(
    required: str, name: str, spelling: str, *, allowed: bool
) -> None:
    condition = {"StringEquals": {NAME: required.format(spelling)}}
    assert ask(condition, {NAME: name, COST: "7"}).allowed is allowed


@pytest.mark.parametrize("key", [COST, "aws:RequestTag/Grün Ä"])
def test_a_tags_key_is_compared_ignoring_case(key: str) -> None:
    for spelling in (key, key.upper(), key.lower()):
        assert ask({"StringEquals": {spelling: "7"}}, {key: "7"}).allowed
        assert not ask({"StringEquals": {spelling: "7"}}, {key.replace(" ", ""): "7"}).allowed


def test_an_empty_tag_leaves_a_variable_without_value() -> None:
    empty = {NAME: "", "aws:PrincipalTag/x": ""}
    assert not ask({"StringEquals": {NAME: "${aws:PrincipalTag/x}"}}, empty).allowed
