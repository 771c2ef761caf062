"""The command `explain`."""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import wraps
from typing import Any

import click

from cross_account_access.cli.accounts import AwsAccess, add_aws_options
from cross_account_access.cli.options import (
    duration_option,
    external_id_option,
    parse_pairs,
    session_name_option,
    session_tag_option,
    source_identity_option,
)
from cross_account_access.cli.stacks import (
    DeployedGrant,
    StackSource,
    add_stack_options,
    load_grants,
)
from cross_account_access.cli.terminal import Command, ExitCode, emit

from .explanation import explain as explained
from .principal_ref import PrincipalRef, read_who
from .render import Report
from .request_context import RequestContext, moment, several, wrong
from .sources import entitled_caller, standing_caller, standing_role, stated_caller, stated_role

_REGION = "us-east-1"

_CIRCUMSTANCES = (
    click.option("--mfa", is_flag=True, help="The caller signed in with MFA just now."),
    click.option(
        "--mfa-age", type=int, metavar="SECONDS", help="It gave its MFA code so long ago."
    ),
    external_id_option("none"),
    click.option("--source-ip", metavar="IP", help="The caller's address, IPv4 or IPv6."),
    click.option(
        "--source-vpc", metavar="VPC", help="The VPC whose endpoint the call comes through."
    ),
    click.option("--source-vpce", metavar="VPCE", help="That VPC endpoint."),
    session_name_option("the AWS CLI's own"),
    source_identity_option("none"),
    session_tag_option("none"),
    click.option(
        "--transitive-tag-key",
        "transitive",
        multiple=True,
        metavar="KEY",
        help="A session tag that is handed on.",
    ),
    click.option(
        "--principal-tag",
        "principal_tags",
        multiple=True,
        metavar="KEY=VALUE",
        help="A tag of the caller's user or role.",
    ),
    click.option(
        "--inherited-tag",
        "inherited_tags",
        multiple=True,
        metavar="KEY=VALUE",
        help="A transitive tag of its session.",
    ),
    click.option(
        "--inherited-source-identity",
        "inherited_identity",
        metavar="NAME",
        help="The source identity of its session.",
    ),
    click.option(
        "--organization", metavar="O-ID", help="The organization of the caller's account."
    ),
    click.option(
        "--org-path",
        "organization_path",
        metavar="PATH",
        help="The account's path in it: o-…/r-…/ou-…/.",
    ),
    click.option("--at", metavar="ISO8601", help="When; now by default."),
    duration_option("an hour"),
    click.option(
        "--context",
        "more",
        multiple=True,
        metavar="KEY=VALUE",
        help="Another condition key: aws:UserAgent=curl/8.",
    ),
)


def _circumstances(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say under which circumstances a role is asked for, as its parameter `asked`."""

    @wraps(command)
    def with_asked(
        *, aws: AwsAccess, mfa: bool, at: str | None, transitive: tuple[str, ...], **given: Any
    ) -> Any:
        options = {
            field.name: given.pop(field.name)
            for field in fields(RequestContext)
            if field.name in given
        }
        for name in ("session_tags", "principal_tags", "inherited_tags"):
            options[name] = parse_pairs(f"--{name.rstrip('s').replace('_', '-')}", options[name])
        options["more"] = several("--context", options["more"])
        if mfa and options["mfa_age"] is None:
            options["mfa_age"] = 0
        keys = tuple(dict.fromkeys(transitive))
        asked = RequestContext(
            at=moment(at), transitive_tag_keys=keys, region=aws.region or _REGION, **options
        )
        asked.check()
        return command(asked=asked, aws=aws, **given)

    made: Callable[..., Any] = with_asked
    for option in reversed(_CIRCUMSTANCES):
        made = option(made)
    return made


@click.command(cls=Command)
@click.argument("who")
@click.argument("grant_or_role", metavar="GRANT")
@add_stack_options
@add_aws_options
@click.option(
    "--entitled",
    is_flag=True,
    help="Suppose that the caller's own account allows it what it needs.",
)
@click.option(
    "--live",
    is_flag=True,
    help="Decide by what stands in the accounts, and not by the stack's documents.",
)
@click.option(
    "--source-profile",
    metavar="NAME",
    help="With --live: a profile that reads the caller's account.",
)
@click.option(
    "--destination-profile",
    metavar="NAME",
    help="With --live: a profile that reads the role's account.",
)
@_circumstances
def explain(  # noqa: PLR0913 - its options
    *,
    who: str,
    grant_or_role: str,
    where: StackSource,
    entitled: bool,
    live: bool,
    source_profile: str | None,
    destination_profile: str | None,
    aws: AwsAccess,
    asked: RequestContext,
    as_json: bool,
) -> int:
    """Tell whether WHO may assume a role; if not, which half refuses, and why.

    GRANT is a grant's name, or its role's name or ARN. WHO is user/NAME, role/NAME, session/ROLE/SESSION,
    group/NAME (a member of it), permission-set/NAME, account/ID (anybody there), root/ID, organization/ID,
    organizational-unit/PATH, an ARN, or one of the grant's principals by its name alone.

    It decides as AWS does, from the stack's documents and without asking AWS; with --live, from the policies that
    stand in the accounts. It assumes nothing, changes nothing, and never shows an external ID. It knows no service
    or resource control policies and no VPC endpoint policies.

    \b
    Examples:
      cross-account-access explain alice read-only --stack dev --mfa
      cross-account-access explain role/team/ci deploy --stack dev --duration 7200
      cross-account-access explain arn:aws:iam::111111111111:user/bob arn:aws:iam::222222222222:role/x --live
    """  # noqa: D301 - \b is click's
    if not live and (source_profile or destination_profile):
        raise wrong("--source-profile and --destination-profile are for --live", "Give --live too.")
    grant = _grant(where, grant_or_role, live=live)
    documents = grant.documents if grant else None
    arn = documents.role.arn if documents else grant_or_role
    asking = read_who(who, documents)
    asked = _in_organization(asking, asked)
    if live:
        role = standing_role(arn, replace(aws, profile=destination_profile or aws.profile))
        source = replace(aws, profile=source_profile or aws.profile)
        calling = (
            entitled_caller(asking, arn, documents) if entitled else standing_caller(asking, source)
        )
    elif documents:
        role, calling = stated_role(documents), stated_caller(asking, documents, entitled=entitled)
    else:
        raise wrong(
            f"{arn} is of no grant of the stack", "Ask with --live, which reads the role itself."
        )
    answer = explained(asking, calling, role, asked, documents)
    told = Report(answer, asking, calling, role, grant, asked, live)
    if as_json:
        emit(told.as_dict())
    else:
        told.show()
    return ExitCode.DONE if answer.allowed else ExitCode.NO


def _grant(where: StackSource, name: str, *, live: bool) -> DeployedGrant | None:
    """The grant of that name, or of the role of that name or ARN; None for another role that stands somewhere."""
    if live and name.startswith("arn:") and not where.stacks and not where.files:
        return None
    grants = load_grants(where)
    by_name = [grant for grant in grants if grant.name == name]
    by_role = [grant for grant in grants if name in (grant.documents.role.arn, *_names(grant))]
    found = by_name or by_role
    if len(found) > 1:
        told = ", ".join(f"{grant.name} of {grant.stack}" for grant in found)
        raise wrong(
            f"{name} is meant by {len(found)} grants: {told}", "Give the role's ARN, or one stack."
        )
    if found:
        return found[0]
    if live and name.startswith("arn:"):
        return None
    known = ", ".join(grant.name for grant in grants)
    raise wrong(f"there is no grant and no role {name}", f"Grants: {known}.")


def _names(grant: DeployedGrant) -> tuple[str, str]:
    role = grant.documents.role
    return role.name, f"{role.path}{role.name}".removeprefix("/")


def _in_organization(who: PrincipalRef, asked: RequestContext) -> RequestContext:
    """Whoever is told by its organization is in it, unless the options tell otherwise."""
    if asked.organization or asked.organization_path:
        return asked
    if who.kind == "organization":
        return replace(asked, organization=who.name)
    return (
        replace(asked, organization_path=who.name) if who.kind == "organizational-unit" else asked
    )
