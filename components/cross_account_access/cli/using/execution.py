"""`exec`: a command with the role's credentials."""

import os

import click

from cross_account_access.cli.assume_role_call import CallOverrides
from cross_account_access.cli.aws_access import AwsAccess, add_aws_options
from cross_account_access.cli.caller import CallerSession
from cross_account_access.cli.options import (
    duration_option,
    grant_argument,
    mfa_serial_option,
    parse_pairs,
    session_name_option,
    session_tag_option,
    source_identity_option,
)
from cross_account_access.cli.stacks import StackSource, add_stack_options, load_grant
from cross_account_access.cli.terminal import Command

from . import running
from .assumption import settle
from .sessions import Sessions


@click.command(
    "exec",
    cls=Command,
    json_help="Print a failure as one JSON document on stdout; all else there is COMMAND's.",
)
@grant_argument
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@add_stack_options
@add_aws_options
@mfa_serial_option
@session_name_option()
@source_identity_option()
@session_tag_option()
@duration_option("as long as the role's may; an hour of a role's session")
def exec_command(  # noqa: PLR0913 - one for each option
    *,
    name: str,
    command: tuple[str, ...],
    where: StackSource,
    aws: AwsAccess,
    mfa_serial: str | None,
    session_name: str | None,
    source_identity: str | None,
    session_tags: tuple[str, ...],
    duration: int | None,
    as_json: bool,  # noqa: ARG001 - a failure's form, which the command's class sees to
) -> None:
    """Run a command with the credentials of a grant's role.

    They are in the command's environment alone, and in the AWS CLI's cache (~/.aws/cli/cache) until they expire, so
    that an MFA code is asked for once. Nothing is printed on stdout but what the command prints, and its exit code is
    the tool's: 127 if there is no such command. What the trust policy asks for (external ID, session name, tags) is
    brought along; of several allowed values you say which.

    \b
    Examples:
      cross-account-access exec read-only --stack production --profile people -- aws s3 ls
      cross-account-access exec deploy --outputs outputs.json -- ./deploy.sh
    """  # noqa: D301 - \b is click's
    wishes = CallOverrides(
        mfa_serial,
        session_name,
        duration,
        source_identity,
        parse_pairs("--session-tag", session_tags),
    )
    grant = load_grant(where, name)
    program = running.program(command, os.environ.get("PATH"))
    sessions = Sessions(aws)
    keys = sessions.fetch(grant, settle(grant, CallerSession(aws), wishes, may_carry_mfa=True))
    running.become(
        program,
        command,
        running.environment(os.environ, keys, region=sessions.region, endpoint=aws.endpoint),
    )
