"""Runs an operation on many stacks: in waves, some at once, and gracefully when interrupted."""

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import groupby

from .detached_pulumi import DetachedPulumi
from .fleet_plan import FleetStack
from .run_progress import RunProgress
from .stack_operation import RunContext, StackOperation, StackResult, Verb

_POLL_SECONDS = 0.2


def run_stacks(
    context: RunContext,
    verb: Verb,
    stacks: Sequence[FleetStack],
    parallel: int,
    progress: RunProgress,
) -> list[StackResult]:
    """Run an operation on each stack. A stack's failure stops no other.

    The waves follow one another: what is destroyed goes the other way. Sources run even if a
    destination failed, for a policy that names a role that isn't there permits nothing.

    Args:
        context: What the operations share.
        verb: What is done.
        stacks: The stacks, by wave.
        parallel: How many at once.
        progress: Shows how far they are.

    Returns:
        What became of each, in the order in which they were begun.
    """
    waves = _build_waves(context, verb, stacks)
    operations = [operation for wave in waves for operation in wave]
    with (
        forward_interrupts(context.pulumi),
        progress.show(operations),
        ThreadPoolExecutor(parallel) as pool,
    ):
        for wave in waves:
            pending: set[Future[StackResult]] = {pool.submit(one.run) for one in wave}
            while pending:
                _, pending = wait(pending, timeout=_POLL_SECONDS)
                progress.update()
    return [operation.result for operation in operations if operation.result]


def _build_waves(
    context: RunContext, verb: Verb, stacks: Sequence[FleetStack]
) -> list[list[StackOperation]]:
    if verb == "preview":  # nothing changes, so that there is no order
        return [[StackOperation(context, verb, stack.name) for stack in stacks]]
    way = -1 if verb == "destroy" else 1
    ordered = sorted(stacks, key=lambda one: (way * one.wave, one.name))
    return [
        [StackOperation(context, verb, stack.name) for stack in wave]
        for _, wave in groupby(ordered, key=lambda one: one.wave)
    ]


@contextmanager
def forward_interrupts(pulumi: DetachedPulumi) -> Iterator[None]:
    """Hand SIGINT and SIGTERM on to every running command, once each, and let them end."""

    def interrupt(_number: int, _frame: object) -> None:
        pulumi.interrupt()

    earlier = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
