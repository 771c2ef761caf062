"""The group of commands."""

import click

from cross_account_access import __version__

from .exec.exec_command import exec_command
from .explain.command import explain
from .handoff.handoff_command import handoff
from .map.map_command import map_command
from .open.open_command import open_role
from .profile.profile_command import profile
from .terminal import ExitCode, Failure
from .verify.command import verify

_EXIT_CODES = "\b\nExit codes:\n" + "".join(f"  {code:<4} {code.told}\n" for code in ExitCode)


class _Commands(click.Group):
    """Commands that are listed in the order in which they are of use, and not of their names."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES
)
@click.version_option(__version__, prog_name="cross-account-access")
def cli() -> None:
    """Prove, explain, use and hand over the access that a stack's grants open.

    Every command reads the grants from a stack (--stack dev) or from a file with its outputs (--outputs FILE), and
    never changes anything in AWS.
    """


for command in (verify, explain, profile, open_role, exec_command, handoff, map_command):
    cli.add_command(command)


def main() -> int:
    """Run the tool; returns the exit code."""
    try:
        return int(cli.main(prog_name="cross-account-access", standalone_mode=False) or 0)
    except Failure as failure:
        failure.show()
        return failure.code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("Interrupted.", err=True)
        return ExitCode.INTERRUPTED
