"""The commands `fleet stacks` and `fleet init`."""

from typing import Literal, get_args

import click
from rich.table import Table

from cross_account_access.cli.terminal import (
    Command,
    ExitCode,
    Failure,
    InputError,
    echo,
    emit,
    make_console,
)
from cross_account_access.text_format import format_count

from .ci_matrix import render_github, render_gitlab
from .fleet_file import Fleet
from .fleet_options import add_fleet_options, stacks_argument
from .fleet_plan import FleetStack
from .stack_files import StackFiles, describe_orphan, list_orphans, write_stack_files

_TEMPLATE = ".gitlab/stack.yml"
StackFormat = Literal["text", "json", "github", "gitlab"]


@click.command()
@stacks_argument
@add_fleet_options
@click.option(
    "--format",
    "form",
    type=click.Choice(get_args(StackFormat)),
    default="text",
    show_default=True,
    help="github: a matrix for fromJSON; gitlab: a child pipeline.",
)
@click.option(
    "--wave", metavar="N", help="Only the stacks of wave N; N+ for those of all later waves, too."
)
@click.option(
    "--template",
    metavar="FILE",
    default=_TEMPLATE,
    show_default=True,
    help="For gitlab: the file in the repository with the job `.stack`, which every job extends.",
)
def stacks(
    *, fleet: Fleet, names: tuple[str, ...], form: StackFormat, wave: str | None, template: str
) -> None:
    """List the stacks: what each makes, and in which wave it is deployed.

    The stacks of one wave can be deployed together, after all earlier waves: a policy that names a
    role comes after it. `fleet destroy` goes the other way.

    \b
    Examples:
      cross-account-access fleet stacks
      cross-account-access fleet stacks --format github --wave 1
    """  # noqa: D301 - \b is click's
    chosen = _select_wave(fleet.select(names), wave)
    match form:
        case "text":
            _show_stacks(chosen)
        case "json":
            emit({"stacks": [stack.as_json() for stack in chosen]})
        case "github":
            echo(render_github(chosen))
        case "gitlab":
            echo(render_gitlab(chosen, template))


def _select_wave(stacks: list[FleetStack], wave: str | None) -> list[FleetStack]:
    if wave is None:
        return stacks
    number = wave.removesuffix("+")
    if not (number.isascii() and number.isdigit() and int(number)):
        raise InputError(f"--wave {wave}: must be a number such as 1, or 2+")
    first, later = int(number), wave.endswith("+")
    return [one for one in stacks if one.wave == first or (later and one.wave > first)]


def _show_stacks(stacks: list[FleetStack]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("stack", "account", "wave", "makes"):
        table.add_column(column, overflow="fold")
    for stack in stacks:
        table.add_row(stack.name, stack.account_id or "", str(stack.wave), stack.makes)
    make_console().print(table)


@click.command(cls=Command)
@add_fleet_options
def init(*, fleet: Fleet, as_json: bool) -> ExitCode:
    """Write the config of each stack that has none: Pulumi.STACK.yaml, two lines.

    No file is changed. It tells which files have another access file or other accounts than
    expected, and which stacks are left whose account isn't in the access file any more.
    """
    files = write_stack_files(fleet.folder, fleet.file, [stack.name for stack in fleet.stacks])
    deployed, reason = _list_deployed(fleet)
    files.orphans = list_orphans(fleet.folder, fleet.file, fleet.settings.accounts, deployed)
    if as_json:
        emit(vars(files) | {"backendUnread": reason})
    else:
        _show_files(files, reason)
    return ExitCode.NO if files.different else ExitCode.DONE


def _list_deployed(fleet: Fleet) -> tuple[list[str], str]:
    """The stacks in the backend, or why they can't be read."""
    from .backend import list_stacks  # noqa: PLC0415 - Pulumi takes a second to import
    from .detached_pulumi import find_pulumi  # noqa: PLC0415

    try:
        return list_stacks(find_pulumi(), fleet.folder), ""
    except Failure as failure:
        return [], failure.message


def _show_files(files: StackFiles, reason: str) -> None:
    for name in files.written:
        echo(f"Written: {name}")
    if files.kept:
        echo(f"{format_count(len(files.kept), 'file')} as expected.")
    for name, difference in files.different.items():
        echo(f"Left as it is: {name}: {difference}")
    for name, place in files.orphans.items():
        echo(describe_orphan(name, place))
    if reason:
        echo(f"Not compared with the stacks in the backend: {reason}", err=True)
