"""Runs a Pulumi program on mocks of two accounts, and records all that it asks of the engine.

What a program returns is exported, and exports are read when it has ended: an `apply` that never
ran leaves `UNKNOWN` there, and no assertion has to stand inside of one. Whatever is made or looked
up by a default provider is an error.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import mocks, set_all_config, settings, stack

from cross_account_access import InvalidArgs
from tests.component.recording_monitor import RecordingEngine, RecordingMonitor
from tests.component.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.component.engine_record import Run

    Program = Callable[[], Mapping[str, Any] | None]

_LONGEST_RUN_SECONDS = 30


def run(
    program: Program,
    *,
    preview: bool = False,
    world: World | None = None,
    config: Mapping[str, str] | None = None,
    secret_config: tuple[str, ...] = (),
) -> Run:
    """Run a program to its end, and export what it returns.

    Raises whatever the program, an `apply` or a mock raises.
    """
    record, error = attempt(
        program, preview=preview, world=world, config=config, secret_config=secret_config
    )
    if error is not None:
        raise error
    return record


def refused(
    program: Program, *, preview: bool = False, world: World | None = None
) -> tuple[InvalidArgs, Run]:
    """Run a program that is to be refused: the refusal, and what was asked of the engine until
    then."""
    record, error = attempt(program, preview=preview, world=world)
    if error is None:
        raise AssertionError(f"nothing was refused, this was made: {record.graph()}")
    if not isinstance(error, InvalidArgs):
        raise error
    return error, record


def attempt(
    program: Program,
    *,
    preview: bool = False,
    world: World | None = None,
    config: Mapping[str, str] | None = None,
    secret_config: tuple[str, ...] = (),
) -> tuple[Run, BaseException | None]:
    """Run a program: what it asked of the engine, and what it raised."""
    monitor = RecordingMonitor(world or World(), preview=preview)

    def export() -> None:
        for name, value in (program() or {}).items():
            pulumi.export(name, value)

    async def in_time() -> None:
        # Of a run's errors the first one is raised. What else failed because of it would be told
        # when it is collected as garbage, at any time: while Python 3.11 parses a file, that fails
        # with "AST constructor recursion depth".
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        await asyncio.wait_for(stack.run_in_stack(export), _LONGEST_RUN_SECONDS)

    def in_thread() -> None:
        # The Pulumi runtime keeps its settings in context variables: a thread has its own.
        settings.configure(_make_settings(monitor, preview=preview))
        set_all_config(dict(config or {}), list(secret_config))
        asyncio.run(in_time())

    with ThreadPoolExecutor(1) as thread:
        error = thread.submit(in_thread).exception()
    return monitor.record, error


def _make_settings(monitor: RecordingMonitor, *, preview: bool) -> mocks.MockSettings:
    return mocks.MockSettings(  # type: ignore[no-untyped-call]
        monitor=monitor,
        monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
        engine=RecordingEngine(monitor.record),
        project="project",
        stack="stack",
        dry_run=preview,
        organization="organization",
        callbacks=None,
        outputs=set(),  # threads share the set of outstanding outputs unless each is given one
        lock=threading.Lock(),
    )
