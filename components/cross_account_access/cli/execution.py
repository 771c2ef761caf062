"""`exec`: a command with the role's credentials."""

import os

import click

from . import running
from .accounts import Aws, aws_options
from .assumption import Person, Wishes, settle
from .sessions import Sessions
from .stacks import Where, grant_of, stack_options
from .terminal import Command


def _tags(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise click.BadParameter(f"a tag is KEY=VALUE: {text}")
        tags[key] = value
    return tags


@click.command("exec", cls=Command)
@click.argument("name", metavar="GRANT")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@stack_options
@aws_options
@click.option("--mfa-serial", metavar="ARN", help="Your MFA device; IAM is asked for it by default.")
@click.option("--session-name", metavar="TEXT", help="The session's name, as CloudTrail shows it.")
@click.option(
    "--duration-seconds", "duration", type=click.IntRange(900, 43200), help="How long the session lasts at most."
)
@click.option("--source-identity", metavar="TEXT", help="The source identity, where the grant requires one.")
@click.option(
    "--tag", "tags", multiple=True, callback=_tags, metavar="KEY=VALUE", help="A session tag. Again for more."
)
def exec_command(  # noqa: PLR0913 - one for each option
    *,
    name: str,
    command: tuple[str, ...],
    where: Where,
    aws: Aws,
    mfa_serial: str | None,
    session_name: str | None,
    duration: int | None,
    source_identity: str | None,
    tags: dict[str, str],
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
    grant = grant_of(where, name)
    program = running.program(command, os.environ.get("PATH"))
    sessions = Sessions(aws)
    wishes = Wishes(mfa_serial, session_name, duration, source_identity, tags)
    keys = sessions.fetch(grant, settle(grant, Person(aws), wishes, may_carry_mfa=True))
    running.become(
        program,
        command,
        running.environment(os.environ, keys, region=sessions.region, endpoint=aws.endpoint),
    )
