"""The group of commands."""

import click

from cross_account_access import __version__

from .explain.command import explain
from .terminal import ExitCode, Failure

_EXIT_CODES = """\b
Exit codes:
  0    done; verified without a finding; allowed
  1    the answer is no: something is not as it should be, or access is refused
  2    the command line, or a file or name on it, is wrong; nothing was done
  3    somebody couldn't be asked: no credentials, no stack, no network, AWS throttles
  130  interrupted by Ctrl-C; nothing is left half-written
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES)
@click.version_option(__version__, prog_name="cross-account-access")
def cli() -> None:
    """Prove, explain, use and hand over the access that a stack's grants open.

    Every command reads the grants from a stack (--stack dev) or from a file with its outputs (--outputs FILE), and
    never changes anything in AWS.
    """


cli.add_command(explain)


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
