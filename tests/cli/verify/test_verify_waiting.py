"""A role that can't be assumed yet is tried again, as long as was said and no longer."""

from __future__ import annotations

import pytest

from cross_account_access.cli.assume_role_call import AssumeRoleCall
from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.verify import access_attempts
from cross_account_access.cli.verify.access_attempts import Outcome


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
    monkeypatch.setattr(access_attempts, "time", clock)
    return clock


def answer(monkeypatch: pytest.MonkeyPatch, clock: Clock, *, allowed_from: float) -> None:
    def assume_role(_aws: AwsAccess, _call: AssumeRoleCall) -> Outcome:
        return Outcome("allowed" if clock.now >= allowed_from else "refused", "", None)

    monkeypatch.setattr(access_attempts, "assume_role", assume_role)


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
    call = AssumeRoleCall("arn:aws:iam::222222222222:role/x")
    outcome = access_attempts.assume_role_within(AwsAccess(), call, timeout, "x")
    assert (outcome.answer, clock.slept) == (expected, slept)
