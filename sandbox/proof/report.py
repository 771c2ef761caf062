"""What `python -m sandbox` shows: a table for a person, or one JSON document."""

import json
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cross_account_access import InvalidInput
from sandbox.deploy.deployment import Deployment
from sandbox.proof.proof import Attempt

_COLOURS = {True: "green", False: "bold red"}


def proof_table(console: Console, proof: Sequence[Attempt]) -> None:
    """Print what was tried and what came of it."""
    table = Table(
        "grant", "caller", "attempt", "observed", box=None, pad_edge=False, header_style="bold"
    )
    table.add_column("why", overflow="fold")
    previous = ""
    for attempt in proof:
        observed = (
            attempt.observed
            if attempt.holds
            else f"{attempt.observed}, expected {attempt.expected}"
        )
        *_, account, name = attempt.caller.split(":", 5)
        table.add_row(
            Text("" if attempt.grant == previous else attempt.grant),
            Text(f"{name.replace('/', ' ', 1)} ({account})"),
            Text(attempt.attempt),
            Text(observed, style=_COLOURS[attempt.holds]),
            Text(attempt.reason, style="dim"),
        )
        previous = attempt.grant
    _print(console, table)


def resource_table(console: Console, deployment: Deployment) -> None:
    """Print what is, or would be, made in which account."""
    table = Table("account", "type", "name", box=None, pad_edge=False, header_style="bold")
    made = [resource for resource in deployment.resources if resource.type.startswith("aws:")]
    for resource in sorted(made, key=lambda found: (found.account or "", found.type, found.name)):
        table.add_row(
            Text(resource.account or ""),
            Text(resource.type.rpartition(":")[2]),
            Text(resource.name),
        )
    _print(console, table)


def _print(console: Console, table: Table) -> None:
    """Print a table without the blanks that fill its last column."""
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def document(deployment: Deployment, proof: Sequence[Attempt] | None) -> str:
    """The result as one JSON document."""
    told = {
        "engine": deployment.engine,
        "outputs": deployment.outputs,
        "resources": [resource.as_dict() for resource in deployment.resources],
    }
    if proof is not None:
        told["proof"] = [attempt.as_dict() for attempt in proof]
    return json.dumps(told, indent=2, sort_keys=False)


def refusal(error: InvalidInput) -> str:
    """Refused input as one JSON document."""
    return json.dumps({"errors": [problem.as_dict() for problem in error.problems]}, indent=2)
