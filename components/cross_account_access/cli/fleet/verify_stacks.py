"""The command `fleet verify`: the grants of many stacks, verified in one go."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from cross_account_access.cli.stack_records import find_records
from cross_account_access.cli.stacks import DeployedGrant, StackSource
from cross_account_access.cli.terminal import Command, ExitCode, Failure, emit, make_console
from cross_account_access.cli.verify.verify_command import (
    VerifyOptions,
    add_verify_options,
    verify_grants,
)
from cross_account_access.cli.verify.verify_report import VerifyReport
from cross_account_access.errors import Refusal
from cross_account_access.iam.json_text import parse_json

from .fleet_file import Fleet
from .fleet_options import (
    add_fleet_options,
    choose_stacks,
    failed_option,
    parallel_option,
    stacks_argument,
)
from .parallelism import choose_parallelism

if TYPE_CHECKING:
    from .detached_pulumi import DetachedPulumi

_NO_DEPLOYMENT = "it is not deployed"


@click.command("verify", cls=Command)
@stacks_argument
@add_fleet_options
@parallel_option
@failed_option
@add_verify_options
def verify_stacks(
    *,
    fleet: Fleet,
    names: tuple[str, ...],
    parallel: int | None,
    failed: bool,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> ExitCode:
    """Verify the grants of the stacks that name the caller, as `verify` does.

    Drift is reported in each account whose part a stack makes, as far as the credentials read it:
    --source-profile and --destination-profile may be repeated. A stack that can't be read stops no
    other.
    """
    stacks = [stack.name for stack in choose_stacks(fleet, names, failed=failed)]
    grants, unread = _read_stacks(fleet, stacks, parallel)
    report: VerifyReport | None = None
    if grants:
        where = StackSource(tuple(stacks), (), fleet.folder)
        chosen = VerifyOptions((), where, checksum=None, strict=strict, as_json=as_json, **options)
        report = verify_grants(chosen, grants)
    rows = [_summarize(stack, report, unread) for stack in stacks]
    if as_json:
        emit((report.as_json() if report else {}) | {"stacks": rows})
    else:
        if report:
            report.show()
        _show(rows)
    code = report.get_exit_code(strict=strict) if report else ExitCode.DONE
    return ExitCode.UNAVAILABLE if code == ExitCode.DONE and unread else code


def _read_stacks(
    fleet: Fleet, stacks: Sequence[str], parallel: int | None
) -> tuple[list[DeployedGrant], dict[str, str]]:
    """The grants of all stacks, and why some couldn't be read."""
    from .backend import check_passphrase, list_stacks  # noqa: PLC0415 - Pulumi takes a second
    from .detached_pulumi import find_pulumi  # noqa: PLC0415

    pulumi = find_pulumi()
    deployed = list_stacks(pulumi, fleet.folder)
    check_passphrase(pulumi, fleet.folder, stacks)
    grants: list[DeployedGrant] = []
    unread = {stack: _NO_DEPLOYMENT for stack in stacks if stack not in deployed}
    number = choose_parallelism(parallel, len(stacks)).number
    with ThreadPoolExecutor(max(number, 1)) as pool:
        reading = {
            stack: pool.submit(_read_stack, pulumi, fleet, stack)
            for stack in stacks
            if stack not in unread
        }
        for stack, future in reading.items():
            try:
                grants += future.result()
            except Failure as failure:
                unread[stack] = failure.message
    return grants, unread


def _read_stack(pulumi: "DetachedPulumi", fleet: Fleet, stack: str) -> list[DeployedGrant]:
    """The grants of a stack, which isn't selected for it."""
    from pulumi import automation  # noqa: PLC0415

    from .engine_events import describe_output  # noqa: PLC0415

    command = ["stack", "output", "--json", "--show-secrets", "--stack", stack]
    try:
        outputs = parse_json(pulumi.run(command, str(fleet.folder), {}).stdout)
    except automation.CommandError as error:
        raise Failure(describe_output(str(error)) or "the Pulumi CLI can't read it") from None
    except Refusal as refusal:
        raise Failure(f"its outputs are not understood: {refusal.rule}") from None
    if not isinstance(outputs, dict) or not outputs:
        raise Failure(_NO_DEPLOYMENT)
    return [
        DeployedGrant(stack, documents, others, ("--stack", stack))
        for documents, others in find_records(stack, outputs)
    ]


def _summarize(
    stack: str, report: VerifyReport | None, unread: Mapping[str, str]
) -> dict[str, Any]:
    results = [one for one in report.results if one.grant.stack == stack] if report else []
    return {
        "stack": stack,
        "verified": len(results),
        "findings": sum(len(one.findings) for one in results),
        "notChecked": sum(len(one.unchecked) for one in results),
        "message": unread.get(stack, "" if results else "no grant of it names the caller"),
    }


def _show(rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("stack")
    for column in ("verified", "findings", "not checked"):
        table.add_column(column, justify="right")
    table.add_column("")
    for row in rows:
        numbers = (str(row[key]) for key in ("verified", "findings", "notChecked"))
        table.add_row(row["stack"], *numbers, row["message"])
    console = make_console()
    console.print()
    console.print(table)
