"""Helpers of the unit tests: which rule is refused, and at which path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.errors import InvalidInput, Problem, Refusal, make_problem
from cross_account_access.grants.model import Model, Spelling, read_model

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE, DESTINATION, OTHER = "111111111111", "222222222222", "333333333333"
QUOTES = "Put it in quotes; with `pulumi config set`, add --type string"


def refusal(check: Callable[[Any], object], value: object) -> Refusal:
    """How a check refuses a value, which it must."""
    with pytest.raises(Refusal) as caught:
        check(value)
    return caught.value


def told(check: Callable[[Any], object], value: object) -> str:
    """The message about a value at the path `here`."""
    return make_problem("here", value, refusal(check, value)).message


def problems(
    model: type[Model], data: object, *, spelling: Spelling = "snake_case", path: str = ""
) -> tuple[Problem, ...]:
    """Everything that is wrong with some input, which something must be."""
    with pytest.raises(InvalidInput) as caught:
        read_model(model, data, path=path, spelling=spelling)
    return caught.value.problems


def codes(
    model: type[Model], data: object, *, spelling: Spelling = "snake_case", path: str = ""
) -> list[tuple[str, str]]:
    """The code and path of everything that is wrong with some input, which something must be."""
    found = problems(model, data, spelling=spelling, path=path)
    return [(problem.code, problem.path) for problem in found]
