"""The command `profile`."""

import re
import sys
from pathlib import Path

import click

from cross_account_access.cli import files
from cross_account_access.cli.assume_role_call import CallOverrides
from cross_account_access.cli.aws_access import region_option
from cross_account_access.cli.endpoints import endpoint_option
from cross_account_access.cli.options import grants_argument, mfa_serial_option, session_name_option
from cross_account_access.cli.stacks import StackSource, add_stack_options, load_grants
from cross_account_access.cli.terminal import (
    Command,
    ExitCode,
    Failure,
    InputError,
    echo,
    emit,
    make_console,
)
from cross_account_access.errors import escape_invisible

from .profile_plan import ProfileOptions, ProfilePlan, plan_profiles

_PREFIX = re.compile(r"[\w+=,.@-]*", re.ASCII)


def _check_prefix(_: click.Context, __: click.Parameter, prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        rule = "a prefix must consist of letters, digits and +=,.@-_"
        raise InputError(f"--prefix {escape_invisible(prefix)}: {rule}")
    return prefix


@click.command("profile", cls=Command)
@grants_argument
@add_stack_options
@click.option(
    "--source-profile",
    metavar="NAME",
    help="Your own profile, whose credentials assume the role. Default: the one in the profile, "
    "or `default`.",
)
@mfa_serial_option
@session_name_option()
@click.option(
    "--prefix",
    metavar="TEXT",
    default="",
    callback=_check_prefix,
    help="The beginning of each profile's name.",
)
@region_option(
    "The region of the profile's commands; by default the one in the profile, or in yours."
)
@endpoint_option
@click.option("--dry-run", is_flag=True, help="Show the changes without writing them.")
@click.option(
    "--yes", is_flag=True, help="Don't ask for confirmation; required without a terminal."
)
def profile(  # noqa: PLR0913 - one for each option
    *,
    names: tuple[str, ...],
    where: StackSource,
    source_profile: str | None,
    mfa_serial: str | None,
    session_name: str | None,
    prefix: str,
    region: str | None,
    endpoint: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Write AWS CLI profiles for grants into your config file.

    The file is ~/.aws/config, or the one that AWS_CONFIG_FILE names. A profile has the name of its
    grant's role, or GRANT-ACCOUNT among many accounts. Without a GRANT, profiles are written for
    all grants whose trust policy allows you. The changes are shown first, and the old file is kept
    beside the new one, with the time in its name. Profiles that this tool didn't write are never
    changed, and none is ever removed. Nothing changes in AWS.

    \b
    Examples:
      cross-account-access profile --stack production --source-profile people
      cross-account-access profile read-only --outputs outputs.json --dry-run
    """  # noqa: D301 - \b is click's
    overrides = CallOverrides(mfa_serial, session_name)
    options = ProfileOptions(source_profile, overrides, prefix, region, endpoint)
    plan = plan_profiles(load_grants(where, names), options, by_name=bool(names))
    if not as_json:
        _show(plan)
    if (write := plan.needed and not dry_run) and not yes:
        _confirm(plan, may_ask=not as_json)
    backup = files.replace_file(plan.file, plan.old, plan.new) if write else None
    if as_json:
        emit(plan.render_json(backup, written=write))
    elif plan.needed:
        _show_result(plan, backup, written=write)
    return ExitCode.DONE


def _show_result(plan: ProfilePlan, backup: Path | None, *, written: bool) -> None:
    lines = [f"Written: {plan.file}", *([f"Backup: {backup}"] if backup else [])]
    text = "\n".join(lines) if written else "Nothing was written (dry run)."
    make_console().print(text, soft_wrap=True)


def _show(plan: ProfilePlan) -> None:
    for grant, reason in plan.skipped:
        echo(f"No profile for {grant}: {reason}", err=True)
    out = make_console()
    if not plan.needed:
        out.print(f"No changes: {plan.file} is up to date.", soft_wrap=True)
    for line in plan.diff():
        style = {"+": "green", "-": "red"}.get(line[:1])
        out.print(line, style=style, soft_wrap=True)


def _confirm(plan: ProfilePlan, *, may_ask: bool) -> None:
    if not (may_ask and sys.stdin.isatty()):
        raise Failure(
            "nothing was written: there is no terminal to confirm it",
            ExitCode.WRONG_INPUT,
            remedy="Pass --yes.",
        )
    if not click.confirm(f"Write {plan.file}?", err=True):
        raise Failure("nothing was written", ExitCode.NO)
