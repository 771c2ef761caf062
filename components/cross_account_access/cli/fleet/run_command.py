"""The commands `fleet preview`, `fleet up` and `fleet destroy`."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from cross_account_access.cli.terminal import Command, ExitCode, InputError, echo, emit
from cross_account_access.text_format import format_count

from .fleet_file import Fleet
from .fleet_options import (
    add_fleet_options,
    choose_stacks,
    failed_option,
    parallel_option,
    stacks_argument,
)
from .fleet_plan import FleetStack
from .parallelism import choose_parallelism
from .run_lock import hold_run_lock, make_run_folder
from .run_record import RunRecord
from .stack_files import describe_orphan, list_orphans

if TYPE_CHECKING:
    from .run_report import RunReport
    from .stack_operation import Verb

yes_option = click.option("--yes", "-y", is_flag=True, help="Don't ask.")


@dataclass(frozen=True)
class RunOptions:
    """The options of a run, as its decorators pass them."""

    fleet: Fleet
    names: tuple[str, ...]
    parallel: int | None
    failed: bool
    as_json: bool
    yes: bool = False


def add_run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a run; the command gets them as its parameter `options`."""

    @stacks_argument
    @add_fleet_options
    @parallel_option
    @failed_option
    @wraps(command)
    def with_options(**options: Any) -> Any:
        return command(RunOptions(**options))

    return with_options


@click.command(cls=Command)
@add_run_options
def preview(options: RunOptions) -> ExitCode:
    """Show what `fleet up` would change in each stack, and change nothing.

    A stack that doesn't exist yet is previewed in a backend that is thrown away.
    """
    return _report(options, _run(options, "preview"))


@click.command(cls=Command)
@add_run_options
@yes_option
def up(options: RunOptions) -> ExitCode:
    """Deploy the stacks, destinations before sources.

    On a terminal it shows a preview and asks, as `pulumi up` does; --yes deploys at once. A stack's
    failure stops no other, and --failed goes on with those that failed or didn't finish, after
    Ctrl-C or a killed process too. What a killed update had begun is found out first, so that
    nothing is made twice.

    \b
    Examples:
      cross-account-access fleet up
      cross-account-access fleet up production staging --yes
      cross-account-access fleet up --failed --yes --json
    """  # noqa: D301 - \b is click's
    if not options.yes:
        _require_terminal(options)
        report = _run(options, "preview")
        report.show()
        if not report.results:
            return report.exit_code
        if report.interrupted or not click.confirm("Deploy these stacks?", err=True):
            return ExitCode.INTERRUPTED if report.interrupted else ExitCode.NO
    return _report(options, _run(options, "up"))


@click.command(cls=Command)
@add_run_options
@yes_option
def destroy(options: RunOptions) -> ExitCode:
    """Destroy what the stacks made, sources before destinations.

    A stack whose account has left the access file is destroyed only if it is named. The stacks
    themselves stay, empty, as after `pulumi destroy`.
    """
    names = ", ".join(stack.name for stack in _choose(options, "destroy"))
    if names and not options.yes:
        _require_terminal(options)
        if not click.confirm(f"Destroy everything in {names}?", err=True):
            return ExitCode.NO
    return _report(options, _run(options, "destroy"))


def _require_terminal(options: RunOptions) -> None:
    if options.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError("--yes is required where nobody can be asked")


def _report(options: RunOptions, report: "RunReport") -> ExitCode:
    if options.as_json:
        emit(report.as_json())
    else:
        report.show()
    return report.exit_code


def _choose(options: RunOptions, verb: "Verb") -> list[FleetStack]:
    return choose_stacks(
        options.fleet, options.names, failed=options.failed, destroy=verb == "destroy"
    )


def _run(options: RunOptions, verb: "Verb") -> "RunReport":
    from .backend import check_passphrase, check_stack_files, list_stacks  # noqa: PLC0415 - Pulumi
    from .detached_pulumi import find_pulumi  # noqa: PLC0415
    from .fleet_run import run_stacks  # noqa: PLC0415
    from .run_progress import RunProgress  # noqa: PLC0415
    from .run_report import RunReport  # noqa: PLC0415
    from .stack_operation import RunContext  # noqa: PLC0415

    project = options.fleet
    stacks = _choose(options, verb)
    names = [stack.name for stack in stacks]
    if not stacks:
        return RunReport(verb, 0, [], interrupted=False)
    if verb != "destroy":
        check_stack_files(project, names)
    pulumi = find_pulumi()
    deployed = list_stacks(pulumi, project.folder)
    check_passphrase(pulumi, project.folder, names)
    orphans = _find_orphans(options, verb, deployed)
    parallelism = choose_parallelism(options.parallel, len(stacks))
    count = format_count(len(stacks), "stack")
    echo(f"{count}, {parallelism.number} at once ({parallelism.reason}).", err=True)
    run_folder = make_run_folder(project.folder)
    changes = verb != "preview"
    with hold_run_lock(run_folder) if changes else nullcontext():
        record = RunRecord(run_folder) if changes else None
        if record:
            record.begin(verb, names)
        accounts = project.settings.account_ids
        context = RunContext(pulumi, project.folder, run_folder, deployed, record, accounts)
        progress = RunProgress(pulumi.interrupted)
        results = run_stacks(context, verb, stacks, parallelism.number, progress)
    return RunReport(verb, parallelism.number, results, pulumi.interrupted.is_set(), orphans)


def _find_orphans(options: RunOptions, verb: "Verb", deployed: list[str]) -> dict[str, str]:
    """Find the stacks whose account has left the access file, and tell of them once."""
    project = options.fleet
    orphans = list_orphans(project.folder, project.file, project.settings.accounts, deployed)
    orphans = {name: place for name, place in orphans.items() if name not in options.names}
    is_told = verb == "up" and not options.yes  # by the preview
    # Of the jobs of a CI, each with its stack's name, every one would tell of all.
    if not (is_told or options.names or options.as_json):
        for name, place in orphans.items():
            echo(describe_orphan(name, place), err=True)
    return orphans
