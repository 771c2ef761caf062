"""The command `fleet`, and those below it."""

import click

from cross_account_access.cli.terminal import CommandGroup

from .run_command import destroy, preview, up
from .stacks_command import init, stacks
from .verify_stacks import verify_stacks


@click.group(cls=CommandGroup)
def fleet() -> None:
    """Deploy the stacks of many accounts, which share one access file.

    Each account of the file has a stack of its name, which makes that account's part of all grants.
    It is a plain stack: `pulumi up -s NAME` does the same.
    """


for command in (stacks, init, preview, up, verify_stacks, destroy):
    fleet.add_command(command)
