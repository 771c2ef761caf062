"""Runs a Pulumi program on mocks of two accounts, and records all that it asks of the engine.

What a program returns is exported, and exports are read when it has ended: an `apply` that never
ran leaves `UNKNOWN` there, and no assertion has to stand inside of one. Whatever is made or looked
up by a default provider is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from cross_account_access import InvalidArgs
from cross_account_access.testing.program_run import LogEngine, ProgramRun
from tests.component.recording_monitor import RecordingMonitor
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
    how = ProgramRun(preview, config or {}, secret_config, most_seconds=_LONGEST_RUN_SECONDS)

    def export() -> None:
        for name, value in (program() or {}).items():
            pulumi.export(name, value)

    error = how.attempt(export, monitor, LogEngine(monitor.record.log))
    return monitor.record, error
