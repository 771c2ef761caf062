"""`profile`: the AWS CLI's profiles of the grants, in the user's own config."""

import re
import sys

import click

from cross_account_access.cli import files
from cross_account_access.cli.assume_role_call import CallOverrides
from cross_account_access.cli.aws_access import endpoint_option
from cross_account_access.cli.options import grants_argument, mfa_serial_option, session_name_option
from cross_account_access.cli.stacks import StackSource, add_stack_options, load_grants
from cross_account_access.cli.terminal import Command, ExitCode, Failure, emit, make_console

from .planning import Plan, Wanted, plan

_PREFIX = re.compile(r"[\w+=,.@-]*", re.ASCII)


@click.command("profile", cls=Command)
@grants_argument
@add_stack_options
@click.option(
    "--source-profile",
    metavar="NAME",
    help="Your own profile, whose credentials assume the role. Left out: what the profile has already, or `default`.",
)
@mfa_serial_option
@session_name_option()
@click.option("--prefix", metavar="TEXT", default="", help="What each profile's name begins with.")
@endpoint_option
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Don't ask; needed where there is no terminal.")
def profile(  # noqa: PLR0913 - one for each option
    *,
    names: tuple[str, ...],
    where: StackSource,
    source_profile: str | None,
    mfa_serial: str | None,
    session_name: str | None,
    prefix: str,
    endpoint: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Write the AWS CLI's profiles of grants into your config.

    That is ~/.aws/config, or the file that AWS_CONFIG_FILE names. A profile is called as its grant's role. Without a
    GRANT those are written whose trust policy lets you in. What will change is shown first, and the old file is kept
    beside the new one, with the time in its name. A profile that this tool didn't write is never touched, and none is
    ever removed. Nothing changes in AWS.

    \b
    Examples:
      cross-account-access profile --stack production --source-profile people
      cross-account-access profile read-only --outputs outputs.json --dry-run
    """  # noqa: D301 - \b is click's
    if not _PREFIX.fullmatch(prefix):
        raise Failure(f"a prefix has letters, digits, +=,.@-_ only: {prefix}", ExitCode.WRONG_INPUT)
    wanted = Wanted(source_profile, CallOverrides(mfa_serial, session_name), prefix, endpoint)
    planned = plan(load_grants(where, names), wanted, by_name=bool(names))
    if not as_json:
        _show(planned)
    write = planned.needed and not dry_run
    if write and not yes:
        _ask(planned, may_ask=not as_json)
    backup = files.replace_file(planned.file, planned.old, planned.new) if write else None
    if as_json:
        emit(planned.told(backup, written=write))
    elif write:
        make_console().print(
            f"Written: {planned.file}",
            *([f"Before: {backup}"] if backup else []),
            sep="\n",
            soft_wrap=True,
        )
    elif planned.needed:
        make_console().print("Nothing was written: this was a dry run.")
    return ExitCode.DONE


def _show(planned: Plan) -> None:
    for grant, why in planned.skipped:
        click.echo(f"No profile for {grant}: {why}", err=True)
    out = make_console()
    if not planned.needed:
        out.print(f"Nothing to do: {planned.file} has the profiles.", soft_wrap=True)
    for line in planned.diff():
        style = {"+": "green", "-": "red"}.get(line[:1])
        out.print(line, style=style, soft_wrap=True)


def _ask(planned: Plan, *, may_ask: bool) -> None:
    if not (may_ask and sys.stdin.isatty()):
        told = "nothing was written, for nobody could be asked"
        raise Failure(told, ExitCode.WRONG_INPUT, remedy="Give --yes.")
    if not click.confirm(f"Write {planned.file}?", err=True):
        raise Failure("nothing was written", ExitCode.NO)
