"""The options that the commands of `fleet` share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from .fleet_file import load_fleet

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


stacks_argument = click.argument("names", metavar="[STACK]...", nargs=-1)
