"""`open`: the grant's role in the AWS console."""

import webbrowser

import click

from cross_account_access.cli.options import only_grant_argument
from cross_account_access.cli.stacks import (
    DeployedGrant,
    StackSource,
    add_stack_options,
    load_grant,
)
from cross_account_access.cli.terminal import Command, ExitCode, Failure, emit
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
@click.option("--browser", is_flag=True, help="Open it in the browser too.")
def open_role(*, name: str | None, where: StackSource, browser: bool, as_json: bool) -> int:
    """Print the URL by which you switch to a grant's role in the AWS console.

    Where the console can't switch to the role the reason is told, and what works instead. AWS isn't asked, and nothing
    is opened without --browser.

    \b
    Examples:
      cross-account-access open read-only --stack production
      cross-account-access open --outputs outputs.json --browser
    """  # noqa: D301 - \b is click's
    grant = load_grant(where, name)
    url, why = _url(grant)
    if url is None:
        told = f"the console can't switch to the role of grant {grant.name}: {why}"
        remedy = f"Its credentials work: `cross-account-access exec {grant.name} -- COMMAND`, or `… profile {grant.name}`."
        raise Failure(told, ExitCode.NO, remedy=remedy)
    if as_json:
        emit({"grant": grant.name, "switchRoleUrl": url})
    else:
        click.echo(url)
        if any(terms.mfa for terms in read_requirements(grant.documents)):
            click.echo("The role asks for MFA: sign in to the console with it first.", err=True)
    if browser and not webbrowser.open(url):
        raise Failure("no browser could be started", remedy="Open the URL yourself.")
    return ExitCode.DONE


def _url(grant: DeployedGrant) -> tuple[str | None, str]:
    """The URL, or why there is none: as the stack tells it, or from the documents where it exports those alone."""
    if "switchRoleUrl" in grant.outputs:
        return grant.outputs["switchRoleUrl"], str(grant.outputs.get("switchRoleUnavailable"))
    usage = read_usage(grant.documents)
    return usage.switch_role_url, str(usage.no_switch_role)


def read_usage(documents: GrantDocuments) -> Usage:
    """How the role is used in the console, from the documents alone.

    Raises:
        Failure: If the role's ARN isn't one.
    """
    role = parse_arn(documents.role.arn)
    if role is None:
        raise Failure(f"{documents.role.arn} is no role's ARN", ExitCode.WRONG_INPUT)
    principals = [_principal(half, documents) for half in documents.principals]
    longest = documents.role.max_session_duration
    return Usage(role, documents.role.name, principals, None, documents.source_account_id, longest)


def _principal(half: SourceHalf, documents: GrantDocuments) -> PrincipalModel:
    """A principal, with the external ID that its statements ask for."""
    principal = PrincipalModel.model_validate({half.kind: half.name}, by_alias=False, by_name=True)
    terms = read_principal_requirements(documents, half) or read_requirements(documents)
    if not all(one.external_ids for one in terms):
        return principal
    return principal.model_copy(
        update={
            "conditions": ConditionsModel.model_validate({"externalId": terms[0].external_ids[0]})
        }
    )
