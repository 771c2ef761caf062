"""What a refusal looks like: its type, its whole message, and that nothing came of the refused args."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from pulumi.errors import InputPropertiesError

from tests.component.harness import refused

if TYPE_CHECKING:
    from tests.component.harness import Program, Run
    from tests.component.world import World

WHOLE = "An Output can't stand for the whole of it, for then a condition in it could get lost: put Outputs inside"
PLAIN = "<an Output>: this must be plain: an Output, a secret too, is known too late for it. Give the value itself"
NULL = "null: a key has a value. Give it one, or leave it out"


def report(
    program: Program, *, preview: bool = False, world: World | None = None
) -> tuple[list[str], Run]:
    """A refusal's lines below its first one, its form checked: one line and one property error a problem."""
    error, found = refused(program, preview=preview, world=world)
    assert isinstance(error, pulumi.RunError)
    assert isinstance(error, InputPropertiesError)
    told = [problem.message for problem in error.problems]
    first, *lines = str(error).split("\n")
    assert lines == [f"  {message}" for message in told]
    assert first.endswith(" was refused:")
    assert error.message == str(error)
    assert error.errors == [
        {"property_path": problem.path, "reason": problem.message} for problem in error.problems
    ]
    return [first.removesuffix(" was refused:"), *told], found


def refused_at_once(
    program: Program, component: str, *expected: str, preview: bool = False
) -> None:
    """Assert that a component's args are refused with exactly these messages before anything is made or asked."""
    (told, *messages), found = report(program, preview=preview)
    assert messages == list(expected)
    assert told == component
    # The component's own registration may be under way already; nothing else is.
    assert found.kinds() <= {component.partition(" ")[0]}
    assert found.calls == []
