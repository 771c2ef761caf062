"""The command `exec`."""

import os
from dataclasses import replace

import click

from cross_account_access.cli.assume_role_call import CallOverrides
from cross_account_access.cli.aws_access import AwsAccess, add_aws_options
from cross_account_access.cli.call_planning import name_session, plan_call
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

from .child_process import build_environment, find_program, replace_process
from .role_session import fetch_session

_NO_DASHES = "the command must follow --: exec GRANT [OPTIONS] -- COMMAND"


class _ExecCommand(Command):
    """Takes everything after `--` as the command, and nothing before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            click.UsageError: If the command doesn't follow `--`: its options would be the tool's.
        """
        head, tail = _split_at_dashes(args)
        is_help = any(name in head for name in self.get_help_option_names(ctx))
        if tail is None and args and not is_help:
            raise click.UsageError(_NO_DASHES, ctx)
        rest = super().parse_args(ctx, args)
        if list(ctx.params.get("command", ())) != (tail or []):
            raise click.UsageError(_NO_DASHES, ctx)
        return rest


def _split_at_dashes(args: list[str]) -> tuple[list[str], list[str] | None]:
    if "--" not in args:
        return args, None
    at = args.index("--")
    return args[:at], args[at + 1 :]


@click.command(
    "exec",
    cls=_ExecCommand,
    json_help="Print a failure as one JSON document on stdout, which otherwise is COMMAND's alone.",
)
@grant_argument
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@add_stack_options
@add_aws_options
@mfa_serial_option
@session_name_option()
@source_identity_option()
@session_tag_option()
@duration_option("the role's maximum; one hour for temporary credentials (role chaining)")
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
    as_json: bool,  # noqa: ARG001 - Command reads it
) -> None:
    """Run a command with the credentials of a grant's role.

    The credentials are in the command's environment, and in the AWS CLI's cache
    (~/.aws/cli/cache) until they expire, so that you enter an MFA code once. Only the command
    prints to stdout, and its exit code is returned: 127 if the command doesn't exist. Whatever the
    trust policy requires (external ID, session name, tags) is passed; where it allows several
    values, choose one by an option.

    \b
    Examples:
      cross-account-access exec read-only --stack production --profile people -- aws s3 ls
      cross-account-access exec deploy --outputs outputs.json -- ./deploy.sh
    """  # noqa: D301 - \b is click's
    tags = parse_pairs("--session-tag", session_tags)
    overrides = CallOverrides(mfa_serial, session_name, duration, source_identity, tags)
    grant = load_grant(where, name)
    program = find_program(command, os.environ.get("PATH"))
    aws = replace(aws, partition=grant.documents.partition)
    caller = CallerSession(aws)
    call = name_session(plan_call(grant, caller, overrides, may_carry_mfa=True), caller)
    credentials = fetch_session(aws, grant, call)
    variables = aws.replace_endpoints(os.environ)
    environment = build_environment(variables, credentials, region=aws.session().region_name)
    replace_process(program, command, environment)
