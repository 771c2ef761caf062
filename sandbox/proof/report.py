"""The output of `python -m sandbox`: tables for a person, or one JSON document."""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cross_account_access import InvalidInput
from cross_account_access.errors import escape_invisible
from sandbox.deploy.deployment import Deployment
from sandbox.deploy.stack import Stack, get_account_ids, get_region
from sandbox.proof.people import People
from sandbox.proof.role_attempts import ProofAttempt

_DEFAULT_WIDTH = 100
_INDENT = 4
_LEAST_CALLER = 12
_PAIR = 2


def make_console() -> Console:
    """A console as wide as the terminal, or as COLUMNS says where stdout is none."""
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and int(columns) else _DEFAULT_WIDTH
    return Console(highlight=False, width=None if sys.stdout.isatty() else width)


def print_proof(console: Console, proof: Sequence[ProofAttempt]) -> None:
    """Print each attempt with its result, and the reason in a line of its own below it."""
    header = [Text(name, style="bold") for name in ("grant", "caller", "attempt", "result")]
    rows = [header, *(_describe(attempt) for attempt in proof)]
    for before, after, row in zip(proof, proof[1:], rows[2:], strict=False):
        if after.grant == before.grant:
            row[0] = Text()
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    widths[1] = min(widths[1], max(_LEAST_CALLER, console.width - sum(widths) + widths[1] - 6))
    for row, attempt in zip(rows, (None, *proof), strict=True):
        table = Table.grid(padding=(0, 2, 0, 0))
        for width in widths:
            table.add_column(width=width, overflow="fold")
        table.add_row(*row)
        _print(console, table)
        if attempt:
            _print(
                console,
                Padding(Text(escape_invisible(attempt.reason), style="dim"), (0, 0, 0, _INDENT)),
            )


def _describe(attempt: ProofAttempt) -> list[Text]:
    *_, account, name = attempt.caller.split(":", 5)
    difference, style = f", expected {attempt.expected}", "bold red"
    if attempt.holds or attempt.proves_nothing:
        difference, style = "", "green" if attempt.holds else "yellow"
    return [
        Text(attempt.grant),
        Text(f"{name.replace('/', ' ', 1)} ({account})"),
        Text(attempt.attempt),
        Text(f"{attempt.observed}{difference}", style=style),
    ]


def list_unproven(proof: Sequence[ProofAttempt]) -> list[str]:
    """The grants with a principal that could not be tried."""
    return sorted({attempt.grant for attempt in proof if attempt.proves_nothing})


def print_resources(console: Console, deployment: Deployment) -> None:
    """Print the resources that were, or would be, created in each account."""
    table = Table("account", "type", "name", box=None, pad_edge=False, header_style="bold")
    made = [resource for resource in deployment.resources if resource.type.startswith("aws:")]
    for resource in sorted(made, key=lambda one: (one.account or "", one.type, one.name)):
        table.add_row(
            Text(resource.account or ""),
            Text(resource.type.rpartition(":")[2]),
            Text(resource.name),
        )
    _print(console, table)


def describe_count(deployment: Deployment) -> str:
    """Say how many resources were, or would be, created: AWS's, and beside them Pulumi's own."""
    resources = deployment.resources
    of_aws = [one for one in resources if one.type.startswith("aws:")]
    providers = sum(one.type.startswith("pulumi:providers:") for one in resources)
    accounts = {one.account for one in of_aws}
    return (
        f"{_count(len(of_aws), 'AWS resource')} in {_count(len(accounts), 'account')}; Pulumi "
        f"counts {len(resources) + 1}, with the stack, {_count(providers, 'provider')} and "
        f"{_count(len(resources) - len(of_aws) - providers, 'component')}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _print(console: Console, table: RenderableType) -> None:
    """Print without the blanks that fill the last column."""
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def render_result(deployment: Deployment, proof: Sequence[ProofAttempt] | None) -> str:
    """The result as one JSON document."""
    result = {
        "engine": deployment.engine,
        "outputs": deployment.outputs,
        "resources": [asdict(resource) for resource in deployment.resources],
    }
    if proof is not None:
        result["proof"] = [asdict(attempt) for attempt in proof]
        result["unproven"] = list_unproven(proof)
    return json.dumps(result, indent=2, sort_keys=False)


def render_refusal(error: InvalidInput) -> str:
    """Refused input as one JSON document."""
    return json.dumps({"errors": [problem.as_dict() for problem in error.problems]}, indent=2)


def print_usage(stack: Stack, people: People, outputs: Path) -> None:
    """Print how to use the accounts with the AWS CLI and with `cross-account-access`."""
    accounts = get_account_ids(stack.settings)
    region = get_region(stack.settings, next(iter(accounts)))
    lines = [
        f"\nThe accounts run at {stack.endpoint} until Ctrl-C. In another terminal:",
        f"  export AWS_ENDPOINT_URL={stack.endpoint} AWS_DEFAULT_REGION={region}",
    ]
    for caller in people.callers.values():
        if "aws_session_token" in caller.credentials:  # a session's wouldn't last
            continue
        keys = " ".join(f"{name.upper()}={value}" for name, value in caller.credentials.items())
        lines.append(f"  {keys} aws sts get-caller-identity  # {caller.arn}")
        if caller.mfa:
            account = caller.arn.split(":")[4]
            command = f"python -m sandbox mfa {shlex.quote(caller.name)} --account {account}"
            lines.append(f"  {command}  # its MFA code; seed {caller.mfa[1]}")
    if len(accounts) > _PAIR:
        own = "AWS_ACCESS_KEY_ID=ACCOUNT_ID AWS_SECRET_ACCESS_KEY=any aws iam list-roles"
        ids = ", ".join(f"{name} {account}" for name, account in accounts.items())
        lines.append(f"  {own}  # as the administrator of one: {ids}")
    file = shlex.quote(str(outputs))
    lines.append(f"  cross-account-access map --outputs {file}  # also verify, explain, exec, …")
    click.echo("\n".join(lines), err=True)
