"""The command `explain`."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from typing import Any

import click

from cross_account_access.cli.assume_role_call import OWN_EXTERNAL_ID
from cross_account_access.cli.aws_access import AwsAccess, add_aws_options
from cross_account_access.cli.caller import CallerIdentity
from cross_account_access.cli.options import (
    Decorator,
    ReaderProfiles,
    add_reader_options,
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
    list_grant_names,
    list_labels,
    load_grants,
    select_grants,
)
from cross_account_access.cli.terminal import Command, ExitCode, InputError, emit
from cross_account_access.cli.trust_requirements import find_requirements
from cross_account_access.grants.principal_ref import PrincipalRef
from cross_account_access.grants.request_context import RequestContext
from cross_account_access.iam.partitions import get_main_region

from .decision_inputs import (
    CallerWithPolicies,
    TargetRole,
    build_entitled_caller,
    read_documented_caller,
    read_documented_role,
    read_live_caller,
    read_live_role,
)
from .explanation import Question
from .principal_argument import parse_principal
from .render import Report
from .request_options import check_options, parse_condition_keys, parse_moment


def _option(name: str, metavar: str, text: str, **settings: Any) -> Decorator:
    return click.option(*name.split(), metavar=metavar, help=text, **settings)


_REQUEST_OPTIONS: tuple[Decorator, ...] = (
    click.option("--mfa", is_flag=True, help="The caller signed in with MFA just now."),
    _option("--mfa-age", "SECONDS", "How long ago the caller passed its MFA code.", type=int),
    external_id_option(f"none; {OWN_EXTERNAL_ID} is the grant's own"),
    _option("--source-ip", "IP", "The caller's address, IPv4 or IPv6."),
    _option("--source-vpc", "VPC", "The VPC of the VPC endpoint that the call passes."),
    _option("--source-vpce", "VPCE", "That VPC endpoint."),
    session_name_option("the AWS CLI's own"),
    source_identity_option("none"),
    session_tag_option("none"),
    _option(
        "--transitive-tag-key transitive", "KEY", "A session tag to make transitive.", multiple=True
    ),
    _option(
        "--principal-tag principal_tags",
        "KEY=VALUE",
        "A tag of the caller's user or role.",
        multiple=True,
    ),
    _option(
        "--inherited-tag inherited_tags",
        "KEY=VALUE",
        "A transitive tag of the calling session.",
        multiple=True,
    ),
    _option(
        "--inherited-source-identity inherited_identity",
        "NAME",
        "The source identity of the calling session.",
    ),
    _option("--organization", "O-ID", "The organization of the caller's account."),
    _option("--org-path organization_path", "PATH", "The account's path in it: o-…/r-…/ou-…/."),
    _option("--at", "ISO8601", "The time of the call; now by default."),
    duration_option("an hour"),
    _option(
        "--context more", "KEY=VALUE", "Another condition key: aws:UserAgent=curl/8.", multiple=True
    ),
)


def _add_request_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe the call, as the command's parameter `request`."""

    @wraps(command)
    def with_request(
        *, aws: AwsAccess, mfa: bool, at: str | None, transitive: tuple[str, ...], **others: Any
    ) -> Any:
        names = [field.name for field in fields(RequestContext) if field.name in others]
        options = {name: others.pop(name) for name in names}
        for name in ("session_tags", "principal_tags", "inherited_tags"):
            options[name] = parse_pairs(f"--{name.rstrip('s').replace('_', '-')}", options[name])
        options["more"] = parse_condition_keys("--context", options["more"])
        if mfa and options["mfa_age"] is None:
            options["mfa_age"] = 0
        request = RequestContext(
            at=parse_moment(at),
            transitive_tag_keys=tuple(dict.fromkeys(transitive)),
            region=aws.region or get_main_region("aws"),
            **options,
        )
        check_options(request)
        return command(request=request, aws=aws, **others)

    decorated: Callable[..., Any] = with_request
    for option in reversed(_REQUEST_OPTIONS):
        decorated = option(decorated)
    return decorated


@dataclass(frozen=True)
class _ExplainOptions:
    """The options of `explain`, as its decorators pass them."""

    who: str
    grant_or_role: str
    where: StackSource
    aws: AwsAccess
    entitled: bool
    live: bool
    readers: ReaderProfiles
    request: RequestContext
    as_json: bool


@click.command(cls=Command)
@click.argument("who")
@click.argument("grant_or_role", metavar="GRANT")
@add_stack_options
@add_aws_options
@click.option(
    "--entitled", is_flag=True, help="Assume that the caller's own account allows what it needs."
)
@click.option(
    "--live", is_flag=True, help="Decide by the accounts, and not by the stack's documents."
)
@add_reader_options(
    source_help="With --live: a profile that reads the caller's account.",
    destination_help="With --live: a profile that reads the role's account.",
)
@_add_request_options
def explain(**options: Any) -> int:
    """Explain whether WHO may assume a role; if not, which half refuses, and why.

    GRANT is a grant's name, with @ACCOUNT where it has several destinations, or its role's name or
    ARN. WHO is user/NAME, role/NAME,
    session/ROLE/SESSION, group/NAME (a member of it), permission-set/NAME, role-pattern/PATTERN and
    path/PATH (a session of some such role), account/ID (anyone there), root/ID, organization/ID,
    organizational-unit/PATH, an ARN, or the name of one of the grant's principals.

    It decides as AWS does, from the stack's documents and without calling AWS; with --live, from
    the policies in the accounts. It assumes no role, changes nothing, and never shows an external
    ID. It doesn't know service and resource control policies, nor VPC endpoint policies.

    \b
    Examples:
      cross-account-access explain alice read-only --stack dev --mfa
      cross-account-access explain role/team/ci deploy --stack dev --duration 7200
      cross-account-access explain arn:aws:iam::111111111111:user/bob arn:aws:iam::222222222222:role/x --live
    """  # noqa: D301, E501 - \b is click's; the example is one line
    return _explain(_ExplainOptions(**options))


def _explain(options: _ExplainOptions) -> ExitCode:
    if not options.live and options.readers != ReaderProfiles():
        message = "--source-profile and --destination-profile must be used with --live"
        raise InputError(message, "Pass --live too.")
    grant = _find_grant(options)
    documents = grant.documents if grant else None
    who = parse_principal(options.who, documents)
    role, principal = _read_inputs(options, grant, who)
    request = who.add_organization(options.request)
    request = _add_external_id(request, grant, principal)
    if options.aws.region is None:
        request = replace(request, region=get_main_region(who.partition))
    has_live_caller = options.live and not options.entitled
    question = Question(who, principal, role, request, documents, has_live_caller)
    explanation = question.explain()
    report = Report(question, explanation, grant, options.live)
    if options.as_json:
        emit(report.as_dict())
    else:
        report.show()
    return ExitCode.DONE if explanation.allowed else ExitCode.NO


def _read_inputs(
    options: _ExplainOptions, grant: DeployedGrant | None, who: PrincipalRef
) -> tuple[TargetRole, CallerWithPolicies]:
    documents, entitled = grant.documents if grant else None, options.entitled
    arn = documents.role.arn if documents else options.grant_or_role
    if options.live:
        aws, readers = replace(options.aws, partition=who.partition), options.readers
        own = (aws.profile,)
        role = read_live_role(arn, replace(aws, profile=(readers.destination or own)[0]))
        if entitled:
            return role, build_entitled_caller(who, arn, documents)
        source = replace(aws, profile=(readers.source or own)[0])
        return role, read_live_caller(who, source)
    if documents is None:
        raise InputError(f"{arn} is the role of no grant", "Pass --live, which reads the role.")
    principal = read_documented_caller(who, documents, entitled=entitled)
    return read_documented_role(documents), principal


def _find_grant(options: _ExplainOptions) -> DeployedGrant | None:
    """Find the grant by its name, or its role's name or ARN; None for a role of no grant."""
    name, where = options.grant_or_role, options.where
    is_live_arn = options.live and name.startswith("arn:")
    if is_live_arn and not where.stacks and not where.files:
        return None
    grants = load_grants(where)
    matches = select_grants(grants, name)
    matches = matches or [grant for grant in grants if name in _list_role_names(grant)]
    if len(matches) > 1:
        listed = list_labels([f"{grant.name} of {grant.stack}" for grant in matches])
        message = f"{name} must name one grant, and names {len(matches)}: {listed}"
        many = any(grant.documents.account for grant in matches)
        forms = "GRANT@ACCOUNT, the role's ARN" if many else "the role's ARN"
        raise InputError(message, f"Pass {forms}, or one stack.")
    if matches:
        return matches[0]
    if is_live_arn:
        return None
    raise InputError(f"there is no grant and no role {name}", list_grant_names(grants))


def _list_role_names(grant: DeployedGrant) -> tuple[str, ...]:
    role = grant.documents.role
    return role.arn, role.name, f"{role.path}{role.name}".removeprefix("/")


def _add_external_id(
    request: RequestContext, grant: DeployedGrant | None, principal: CallerWithPolicies
) -> RequestContext:
    """Put the grant's own external ID, as `exec` chooses it, in the place of `-`."""
    if request.external_id != OWN_EXTERNAL_ID:
        return request
    if grant is None:
        message = f"--external-id {OWN_EXTERNAL_ID} must be used with a grant"
        raise InputError(message, "Pass --stack NAME or --outputs FILE too.")
    caller = principal.caller
    identity = CallerIdentity(caller.arn, caller.unique_id)
    required = find_requirements(grant.documents, identity)
    own = required.choose_external_id(grant.external_id) if required else grant.external_id
    return replace(request, external_id=own)
