"""A role that can't be assumed yet is tried again, as long as was said and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cross_account_access.cli.accounts import AwsAccess
from cross_account_access.cli.call import Call
from cross_account_access.cli.verify import attempts

if TYPE_CHECKING:
    from cross_account_access.cli.verify.attempts import Answer
    from cross_account_access.cli.verify.callers import Temporary


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(attempts, "time", clock)
    return clock


def answer(monkeypatch: pytest.MonkeyPatch, clock: Clock, *, allowed_from: float) -> None:
    def assume(_aws: AwsAccess, _call: Call) -> tuple[Answer, str, Temporary | None]:
        return ("allowed" if clock.now >= allowed_from else "refused"), "", None

    monkeypatch.setattr(attempts, "assume", assume)


@pytest.mark.parametrize(
    ("allowed_from", "timeout", "expected", "slept"),
    [
        (0, 60, "allowed", []),
        (3, 60, "allowed", [1, 1, 2]),
        (12, 60, "allowed", [1, 1, 2, 2, 3, 5]),
        (99, 7, "refused", [1, 1, 2, 2, 1]),
        (99, 0, "refused", []),
    ],
)
def test_it_waits_as_long_as_was_said(
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    allowed_from: float,
    timeout: float,
    expected: str,
    slept: list[float],
) -> None:
    answer(monkeypatch, clock, allowed_from=allowed_from)
    found, _, _ = attempts.assume_until(
        AwsAccess(), Call("arn:aws:iam::222222222222:role/x"), timeout, "x"
    )
    assert (found, clock.slept) == (expected, slept)
