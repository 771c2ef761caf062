"""The command `open`."""

import webbrowser

import click

from cross_account_access.cli.options import only_grant_argument
from cross_account_access.cli.stacks import StackSource, add_stack_options, load_grant
from cross_account_access.cli.terminal import Command, ExitCode, Failure, echo, emit
from cross_account_access.cli.trust_requirements import (
    read_principal_requirements,
    read_requirements,
)
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.usage import Usage
from cross_account_access.iam.arns import parse_arn


@click.command("open", cls=Command)
@only_grant_argument
@add_stack_options
@click.option("--browser", is_flag=True, help="Open the URL in the browser too.")
def open_role(*, name: str | None, where: StackSource, browser: bool, as_json: bool) -> int:
    """Print the URL that switches to a grant's role in the AWS console.

    If the console can't switch to the role, the reason and an alternative are printed. AWS is never
    called, and nothing is opened without --browser.

    \b
    Examples:
      cross-account-access open read-only --stack production
      cross-account-access open --outputs outputs.json --browser
    """  # noqa: D301 - \b is click's
    grant = load_grant(where, name)
    # The outputs' own URL could be anything; this one leads to AWS's sign-in and nowhere else.
    usage = read_usage(grant.documents)
    url = usage.switch_role_url
    if url is None:
        raise Failure(
            f"the console can't switch to the role of grant {grant.name}: {usage.no_switch_role}",
            ExitCode.NO,
            remedy="Use its credentials instead: `cross-account-access exec "
            f"{grant.name} -- COMMAND`, or `… profile {grant.name}`.",
        )
    if as_json:
        emit({"grant": grant.name, "switchRoleUrl": url})
    else:
        if any(required.mfa for required in read_requirements(grant.documents)):
            echo("The role requires MFA: sign in to the console with MFA first.", err=True)
        echo(url)
    if browser and not webbrowser.open(url):
        raise Failure("no browser could be started", remedy="Open the URL yourself.")
    return ExitCode.DONE


def read_usage(documents: GrantDocuments) -> Usage:
    """Read how the role is used in the console from the documents alone.

    Raises:
        Failure: If the role's ARN isn't one.
    """
    role = parse_arn(documents.role.arn)
    if role is None:
        raise Failure(f"{documents.role.arn} must be a role's ARN", ExitCode.WRONG_INPUT)
    principals = [_build_principal(half, documents) for half in documents.principals]
    longest = documents.role.max_session_duration
    label, source = documents.usage_label, documents.source_account_id
    return Usage(role, label, principals, None, source, longest)


def _build_principal(half: SourceHalf, documents: GrantDocuments) -> PrincipalModel:
    """Build a principal with an external ID, whatever it is, if its statements require one."""
    principal = PrincipalModel.model_validate({half.kind: half.name}, by_alias=False, by_name=True)
    requirements = read_principal_requirements(documents, half) or read_requirements(documents)
    if not all(required.external_ids for required in requirements):
        return principal
    conditions = ConditionsModel.model_validate({"externalId": "required"})
    return principal.model_copy(update={"conditions": conditions})
