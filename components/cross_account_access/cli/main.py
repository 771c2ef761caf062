"""The command group, `cross-account-access`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from cross_account_access import __version__

from .exec.exec_command import exec_command
from .explain.explain_command import explain
from .fleet.fleet_command import fleet
from .handoff.handoff_command import handoff
from .map.map_command import map_command
from .open.open_command import open_role
from .profile.profile_command import profile
from .revoke.revoke_command import revoke
from .terminal import CommandGroup, ExitCode, echo, show_failure
from .verify.verify_command import verify

_EXIT_CODES = "\b\nExit codes:\n" + "".join(f"  {code:<4} {code.meaning}\n" for code in ExitCode)


@contextmanager
def _end_with_pipe() -> Iterator[None]:
    """End without a word where the reader of a pipe has gone; click's own exit code is an answer's.

    Raises:
        click.exceptions.Exit: With the exit code.
    """
    try:
        yield
    except BrokenPipeError:
        raise click.exceptions.Exit(ExitCode.UNAVAILABLE) from None


class _Commands(CommandGroup):
    @_end_with_pipe()
    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        return super().make_context(*args, **kwargs)

    @_end_with_pipe()
    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES
)
@click.version_option(__version__, prog_name="cross-account-access")
def cli() -> None:
    """Verify, explain, use and hand over the access that a stack's grants open.

    Every command but fleet reads the grants from a stack (--stack dev) or from a file with its
    outputs (--outputs FILE), and never changes anything in AWS. fleet deploys the stacks of many
    accounts.
    """


for command in (
    *(verify, explain, profile, open_role, exec_command, revoke),
    *(handoff, map_command, fleet),
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool with these arguments, by default the process's own; returns the exit code."""
    try:
        return int(cli.main(arguments, "cross-account-access", standalone_mode=False) or 0)
    except click.Abort:
        echo("Interrupted.", err=True)
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a crash must not look like an answer
        return show_failure(error)
