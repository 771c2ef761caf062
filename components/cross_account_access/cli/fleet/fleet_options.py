"""The options that the commands of `fleet` share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from .fleet_file import Fleet, load_fleet
from .fleet_plan import FleetStack
from .run_lock import make_run_folder
from .run_record import RunRecord

_FILE = "access.yaml"


def add_fleet_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose the access file; the command gets the fleet as `fleet`."""

    @click.option(
        "-C",
        "--cwd",
        "folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=".",
        help="The Pulumi project's folder; the current one by default.",
    )
    @click.option(
        "--file",
        metavar="FILE",
        default=_FILE,
        show_default=True,
        help="The access file, relative to Pulumi.yaml's folder.",
    )
    @wraps(command)
    def with_fleet(*, folder: Path, file: str, **others: Any) -> Any:
        return command(fleet=load_fleet(folder, file), **others)

    return with_fleet


def choose_stacks(
    fleet: Fleet, names: tuple[str, ...], *, failed: bool, destroy: bool = False
) -> list[FleetStack]:
    """The stacks that are named, or all of them.

    Args:
        fleet: The fleet.
        names: The names.
        failed: Whether only those that the last run left failed or unfinished.
        destroy: Whether it is about runs that destroy; those may also name a stack whose account
            has left the access file.
    """
    stacks = fleet.select(names, orphans=destroy)
    if not failed:
        return stacks
    record = RunRecord(make_run_folder(fleet.folder))
    unfinished = record.list_unfinished("destroy" if destroy else "up")
    return [stack for stack in stacks if stack.name in unfinished]


parallel_option = click.option(
    "--parallel",
    type=click.IntRange(1, 64),
    metavar="N",
    help="How many stacks at once; by default as many as cores and free memory allow.",
)
failed_option = click.option(
    "--failed", is_flag=True, help="Only the stacks that the last run left failed or unfinished."
)
stacks_argument = click.argument("names", metavar="[STACK]...", nargs=-1)
