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
    ordered = sorted(
        stacks, key=lambda one: (one.wave * (-1 if verb == "destroy" else 1), one.name)
    )
    waves = [
        [StackOperation(context, verb, stack.name) for stack in wave]
        for _, wave in groupby(ordered, key=lambda one: one.wave)
    ]
    operations = [operation for wave in waves for operation in wave]
    if verb == "preview":
        waves = [operations]  # nothing changes, so that there is no order
    with (
        forward_interrupts(context.pulumi),
        progress.show(operations),
        ThreadPoolExecutor(parallel) as pool,
    ):
        for wave in waves:
            pending: set[Future[StackResult]] = {pool.submit(one.run) for one in wave}
            while pending:
                done, pending = wait(pending, timeout=_POLL_SECONDS)
                progress.update()
                for future in done:
                    future.result()
    return [operation.result for operation in operations if operation.result]


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
