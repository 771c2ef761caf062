"""The command `fleet verify`: the grants of many stacks, verified in one go."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from cross_account_access.cli.stack_records import find_records
from cross_account_access.cli.stacks import DeployedGrant, StackSource, merge_grants
from cross_account_access.cli.terminal import Command, ExitCode, Failure, emit, make_console
from cross_account_access.cli.verify.verify_command import (
    VerifyOptions,
    add_verify_options,
    verify_grants,
)
from cross_account_access.cli.verify.verify_report import VerifyReport
from cross_account_access.errors import Refusal
from cross_account_access.iam.findings import AccountSide
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
    --source-profile and --destination-profile may be repeated, also for accounts that aren't of
    these stacks. A stack that can't be read stops no other.
    """
    stacks = [stack.name for stack in choose_stacks(fleet, names, failed=failed)]
    grants, unread = _read_stacks(fleet, stacks, parallel)
    report: VerifyReport | None = None
    if grants:
        where = StackSource(tuple(stacks), (), fleet.folder)
        options |= {"strict": strict, "as_json": as_json, "spare": _list_accounts(fleet)}
        chosen = VerifyOptions((), where, checksum=None, **options)
        report = verify_grants(chosen, merge_grants(grants))
    rows = _summarize(stacks, report, unread)
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


def _list_accounts(fleet: Fleet) -> dict[AccountSide, set[str | None]]:
    """The accounts of each half in the whole access file."""
    settings = fleet.settings
    grants = settings.grants.values()
    sources = {grant.source_of(principal) for grant in grants for principal in grant.principals}
    destinations = {account for _, account in settings.roles}
    ids = settings.account_ids
    return {
        "source": {ids[account] for account in sources},
        "destination": {ids[account] for account in destinations},
    }


def _summarize(
    stacks: Sequence[str], report: VerifyReport | None, unread: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What was found in each stack's parts."""
    counts: Counter[tuple[str, str]] = Counter()
    for result in report.results if report else ():
        parts = result.grant.parts or (result.grant,)
        counts.update((part.stack, "verified") for part in parts)
        for key, items in (("findings", result.findings), ("notChecked", result.unchecked)):
            for item in items:
                counts.update((stack, key) for stack in _find_stacks(parts, item.account))
    return [
        {
            "stack": stack,
            **{key: counts[stack, key] for key in ("verified", "findings", "notChecked")},
            "message": unread.get(
                stack, "" if counts[stack, "verified"] else "no grant of it names the caller"
            ),
        }
        for stack in stacks
    ]


def _find_stacks(parts: Sequence[DeployedGrant], account: str | None) -> list[str]:
    """The stack that makes an account's part, by default the role's; all where none does."""
    makers = [
        part.stack
        for part in parts
        if part.documents.makes_part_of(account or part.documents.destination_account_id)
    ]
    return makers or [part.stack for part in parts]


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
