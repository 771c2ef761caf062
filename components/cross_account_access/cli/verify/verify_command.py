"""The command `verify`."""

import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias

import click

from cross_account_access.cli.assume_role_call import CallOverrides
from cross_account_access.cli.aws_access import AwsAccess, add_aws_options
from cross_account_access.cli.caller import CallerIdentity, CallerSession, get_identity
from cross_account_access.cli.options import (
    ReaderProfiles,
    add_call_options,
    add_reader_options,
    grants_argument,
)
from cross_account_access.cli.stacks import (
    DeployedGrant,
    StackSource,
    add_stack_options,
    list_grant_names,
    list_labels,
    load_grants,
)
from cross_account_access.cli.terminal import Command, ExitCode, InputError, emit
from cross_account_access.grants.documents import SourceHalf
from cross_account_access.grants.principal_kinds import MANY_ROLES
from cross_account_access.iam.findings import AccountSide

from .access_analyzer import AccessAnalyzer
from .access_attempts import sign_in_with_mfa
from .grant_snapshot import SnapshotReader
from .grant_verification import GrantVerifier
from .principal_matching import match_principal
from .probe_calls import select_requirements
from .verify_report import VerifyReport

_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")
_TIMEOUT = 60.0

_Matches: TypeAlias = list[tuple[DeployedGrant, SourceHalf | None]]


def _read_checksum(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        content = text if _CHECKSUM.search(text) else Path(text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise click.BadParameter(f"{text!r} must be sha256:… or a readable file") from None
    checksums = {*_CHECKSUM.findall(content)}
    if len(checksums) != 1:
        raise click.BadParameter(
            f"{text!r} must have exactly one checksum, sha256: and 64 hexadecimal digits; it has "
            f"{len(checksums)}"
        )
    return str(checksums.pop())


@dataclass(frozen=True)
class VerifyOptions:
    """The options of `verify`, as its decorators pass them.

    Attributes:
        every: Whether every grant is verified, for any caller.
        spare: Further accounts of each half, whose profiles stay unused; None for an unknown one.
    """

    names: tuple[str, ...]
    where: StackSource
    aws: AwsAccess
    every: bool
    readers: ReaderProfiles
    mfa_code: str | None
    overrides: CallOverrides
    timeout: float
    checksum: str | None
    strict: bool
    as_json: bool
    spare: Mapping[AccountSide, Collection[str | None]] = field(default_factory=dict)


def add_verify_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how grants are verified."""

    @click.option(
        "--all", "every", is_flag=True, help="Verify every grant, also those of other callers."
    )
    @add_aws_options
    @add_reader_options(
        source_help="A profile that reads the source account; by default the caller's. May be "
        "repeated, for several accounts.",
        destination_help="A profile that reads the destination account; by default the assumed "
        "role. May be repeated, for several accounts.",
        several=True,
    )
    @click.option(
        "--mfa-code",
        metavar="CODE",
        help="The code of the caller's MFA device; a terminal asks for it.",
    )
    @add_call_options
    @click.option(
        "--timeout",
        type=click.FloatRange(0, 900),
        default=_TIMEOUT,
        show_default=True,
        metavar="SECONDS",
        help="How long to try a role that is refused: changes of IAM take effect late.",
    )
    @click.option("--strict", is_flag=True, help="Exit with 3 if something couldn't be checked.")
    @wraps(command)
    def with_options(**options: Any) -> Any:
        return command(**options)

    return with_options


@click.command(cls=Command)
@grants_argument
@add_stack_options
@click.option(
    "--checksum",
    metavar="TEXT",
    callback=_read_checksum,
    help="The checksum that `handoff` printed, or a file with it.",
)
@add_verify_options
def verify(**options: Any) -> ExitCode:
    """Verify that a grant works, and that both accounts match the stack.

    As the caller, it assumes the role of each grant that names the caller, and tries what must be
    refused: without the external ID, without MFA, a session that is too long. Then it reads both
    accounts as far as the credentials allow, and reports drift in either account and what it
    couldn't check. It changes nothing, and leaves the sessions that it gets to expire unused. Name
    a GRANT to verify it for any caller, or pass --all for every grant; otherwise every grant that
    names the caller is verified.

    Among many accounts, a GRANT is verified in all its destinations, or in one as GRANT@ACCOUNT,
    and drift is reported in the accounts whose parts the stacks make.

    \b
    Examples:
      cross-account-access verify --stack dev --profile alice --mfa-code 123456
      cross-account-access verify --all --profile people --destination-profile production
      cross-account-access verify deploy --outputs outputs.json --destination-profile auditor --json
    """  # noqa: D301 - \b is click's
    chosen = VerifyOptions(**options)
    report = verify_grants(chosen, _load_grants(chosen))
    if chosen.as_json:
        emit(report.as_json())
    else:
        report.show()
    return report.get_exit_code(strict=chosen.strict)


def verify_grants(options: VerifyOptions, grants: Sequence[DeployedGrant]) -> VerifyReport:
    """Verify the grants, as the caller.

    Raises:
        Failure: If AWS can't be asked, or no grant names the caller.
    """
    aws = replace(options.aws, partition=grants[0].documents.partition)
    options = replace(options, aws=aws)
    caller = CallerSession(options.aws)
    reader = _build_reader(caller.identity, options, grants)
    matches = _match_grants(caller.identity, options, grants, reader)
    mfa = _sign_in(caller, options, matches)
    if mfa is not None and reader.by_account[caller.identity.account] is options.aws:
        # An account may require MFA for reading, too.
        reader.by_account[caller.identity.account] = mfa
    verifier = GrantVerifier(
        caller,
        mfa,
        reader,
        AccessAnalyzer(mfa or options.aws),
        options.overrides,
        options.timeout,
        options.checksum,
    )
    results = [verifier.verify(grant, principal) for grant, principal in matches]
    unavailable = verifier.analyzer.unavailable
    return VerifyReport(caller.identity, results, [unavailable] if unavailable else [])


def _load_grants(options: VerifyOptions) -> list[DeployedGrant]:
    if options.every and options.names:
        raise InputError(f"--all must not be used with {options.names[0]}", "Remove one of them.")
    grants = load_grants(options.where, options.names)
    if options.checksum and len(grants) != 1:
        message = f"--checksum is for one grant, and there are {len(grants)}"
        raise InputError(message, "Name it: verify GRANT.")
    return grants


def _build_reader(
    caller: CallerIdentity, options: VerifyOptions, grants: Sequence[DeployedGrant]
) -> SnapshotReader:
    documents = [grant.documents for grant in grants]
    by_account: dict[str, AwsAccess] = {}
    sources = {account for one in documents for account in one.source_account_ids}
    destinations = {one.destination_account_id for one in documents}
    readers: list[tuple[AccountSide, str, set[str]]] = [
        *(("source", profile, sources) for profile in options.readers.source),
        *(("destination", profile, destinations) for profile in options.readers.destination),
    ]
    for half, profile, accounts in readers:
        aws = replace(options.aws, profile=profile)
        account = get_identity(aws, f"identify the profile {profile}").account
        if account not in accounts:
            if not {account, None}.isdisjoint(options.spare.get(half, ())):
                continue
            raise InputError(
                f"--{half}-profile {profile} must be of the {half}, "
                f"{list_labels(sorted(accounts))}; it is of account {account}"
            )
        by_account[account] = aws
    by_account.setdefault(caller.account, options.aws)
    return SnapshotReader(by_account, whole=options.checksum is not None)


def _match_grants(
    caller: CallerIdentity,
    options: VerifyOptions,
    grants: Sequence[DeployedGrant],
    reader: SnapshotReader,
) -> _Matches:
    """Match each grant with the principal that the caller is, if any."""
    has_group = any(half.kind == "group" for grant in grants for half in grant.documents.principals)
    groups = reader.list_groups(caller) if has_group else []
    has_roles = any(
        half.kind in MANY_ROLES for grant in grants for half in grant.documents.principals
    )
    role_path = reader.find_role_path(caller) if has_roles else None
    matches: _Matches = [
        (grant, match_principal(caller, grant.documents, groups, role_path)) for grant in grants
    ]
    if options.names or options.every:
        return matches
    own: _Matches = [match for match in matches if match[1] is not None]
    if not own:
        raise InputError(
            f"no grant names {caller.arn}",
            "Pass --profile NAME of a caller that a grant names; name a GRANT, or pass --all, to "
            f"verify that others are refused. {list_grant_names(grants)}",
        )
    return own


def _sign_in(caller: CallerSession, options: VerifyOptions, matches: _Matches) -> AwsAccess | None:
    """Get credentials with MFA, where a code is given or a grant requires it."""
    requires_mfa = any(
        select_requirements(grant.documents, principal).mfa for grant, principal in matches
    )
    has_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    prompt = has_terminal and not options.as_json and any(principal for _, principal in matches)
    if caller.identity.user is None:
        return None
    if options.mfa_code or (requires_mfa and not caller.is_temporary):
        serial = options.overrides.mfa_serial
        return sign_in_with_mfa(caller, serial, options.mfa_code, prompt=prompt)
    return None
