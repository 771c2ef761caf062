"""`verify`: whether a grant lets in whom it should, keeps out the others, and stands as it was made."""

import re
import sys
from pathlib import Path
from typing import TypeAlias

import click
from rich.console import Console
from rich.text import Text

from cross_account_access.cli.accounts import AwsAccess, add_aws_options
from cross_account_access.cli.call import CallOverrides
from cross_account_access.cli.caller import CallerSession, Identity, get_identity
from cross_account_access.cli.options import (
    external_id_option,
    grants_argument,
    mfa_serial_option,
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
from cross_account_access.cli.terminal import Command, ExitCode, Failure, emit, make_console
from cross_account_access.grants.documents import SourceHalf

from .analyzer import Analyzer
from .attempts import with_mfa
from .callers import Readers, groups_of, principal_of
from .calls import asked_of
from .drift_findings import Unchecked
from .grant_verification import Result, Verifier

_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")
_TIMEOUT = 60.0

_Matched: TypeAlias = list[tuple[DeployedGrant, SourceHalf | None]]


def _checksum(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    if given is None:
        return None
    try:
        text = given if _CHECKSUM.search(given) else Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise click.BadParameter(
            f"{given!r} is neither sha256:… nor a file that can be read"
        ) from None
    found = {*_CHECKSUM.findall(text)}
    if len(found) != 1:
        raise click.BadParameter(
            f"{given!r} has {len(found)} checksums, sha256: and 64 hexadecimal digits, not one"
        )
    return str(found.pop())


@click.command(cls=Command)
@grants_argument
@add_stack_options
@add_aws_options
@click.option(
    "--source-profile",
    metavar="NAME",
    help="A profile that reads the source account; the caller's by default.",
)
@click.option(
    "--destination-profile",
    metavar="NAME",
    help="A profile that reads the destination account; the assumed role itself by default.",
)
@click.option(
    "--mfa-code",
    metavar="CODE",
    help="What the caller's MFA device shows; asked for on a terminal.",
)
@mfa_serial_option
@external_id_option()
@session_name_option()
@source_identity_option()
@session_tag_option()
@click.option(
    "--timeout",
    type=click.FloatRange(0, 900),
    default=_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="How long IAM may take until a role can be assumed.",
)
@click.option(
    "--checksum",
    metavar="TEXT",
    callback=_checksum,
    help="What `handoff` told, or the file with it.",
)
@click.option("--strict", is_flag=True, help="End with 3 if something couldn't be checked.")
def verify(  # noqa: PLR0913 - the options
    *,
    aws: AwsAccess,
    where: StackSource,
    names: tuple[str, ...],
    source_profile: str | None,
    destination_profile: str | None,
    mfa_code: str | None,
    mfa_serial: str | None,
    external_id: str | None,
    session_name: str | None,
    source_identity: str | None,
    session_tags: tuple[str, ...],
    timeout: float,
    checksum: str | None,
    strict: bool,
    as_json: bool,
) -> ExitCode:
    """Prove that a grant works, and that it stands as the stack made it.

    As the caller, it assumes the role of each grant that names the caller, and tries what must be refused: without
    the external ID, without MFA, a session too long. Then it reads both accounts, as far as the credentials may, and
    tells what is other than the stack means, and what it couldn't check. It changes nothing, and lets the sessions
    that it gets run out unused. A GRANT is verified whoever calls; without one those are that name the caller.

    \b
    Examples:
      cross-account-access verify --stack dev --profile alice --mfa-code 123456
      cross-account-access verify deploy --outputs outputs.json --destination-profile auditor --json
    """  # noqa: D301 - \b is click's
    wishes = CallOverrides(
        mfa_serial=mfa_serial,
        session_name=session_name,
        source_identity=source_identity,
        tags=parse_pairs("--session-tag", session_tags),
        external_id=external_id,
    )
    chosen = _chosen(where, names, checksum)
    caller = CallerSession(aws)
    identity = caller.identity
    readers = _readers(identity, aws, chosen, (source_profile, destination_profile))
    grouped = any(half.kind == "group" for grant in chosen for half in grant.documents.principals)
    groups = groups_of(identity, readers) if grouped else []
    matched = [(grant, principal_of(identity, grant.documents, groups)) for grant in chosen]
    if not names:
        matched = _own(identity, matched)
    needs_mfa = any(
        asked_of(grant.documents, half or grant.documents.principals[0]).mfa
        for grant, half in matched
    )
    prompt = (
        sys.stdin.isatty()
        and sys.stderr.isatty()
        and not as_json
        and any(half for _, half in matched)
    )
    mfa = None
    if identity.user and (mfa_code or (needs_mfa and not caller.temporary)):
        mfa = with_mfa(caller, mfa_serial, mfa_code, prompt=prompt)
    if mfa is not None and readers.by_account[identity.account] is aws:
        readers.by_account[identity.account] = mfa  # where an account lets nobody read without
    verifier = Verifier(caller, mfa, readers, Analyzer(mfa or aws), wishes, timeout, checksum)
    results = [verifier.verify(grant, half) for grant, half in matched]
    general = [verifier.analyzer.refused] if verifier.analyzer.refused else []
    if as_json:
        emit(_as_json(identity, results, general))
    else:
        _show(make_console(), identity, results, general)
    if any(result.findings for result in results):
        return ExitCode.NO
    left_open = any([general, *(result.unchecked for result in results)])
    return ExitCode.UNAVAILABLE if strict and left_open else ExitCode.DONE


def _chosen(
    where: StackSource, names: tuple[str, ...], checksum: str | None
) -> list[DeployedGrant]:
    chosen = load_grants(where, names)
    if checksum and len(chosen) != 1:
        told = f"a checksum is of one grant, and {len(chosen)} are meant"
        raise Failure(told, ExitCode.WRONG_INPUT, remedy="Name it: verify GRANT.")
    return chosen


def _own(caller: Identity, matched: _Matched) -> _Matched:
    own: _Matched = [(grant, half) for grant, half in matched if half is not None]
    if own:
        return own
    raise Failure(
        f"no grant names {caller.arn}",
        ExitCode.WRONG_INPUT,
        remedy="Give --profile NAME of somebody whom a grant names, or name a GRANT to prove that others are refused. "
        f"Grants: {', '.join(grant.name for grant, _ in matched)}.",
    )


def _readers(
    caller: Identity,
    aws: AwsAccess,
    grants: list[DeployedGrant],
    profiles: tuple[str | None, str | None],
) -> Readers:
    by_account: dict[str, AwsAccess] = {}
    for half, profile in zip(("source", "destination"), profiles, strict=True):
        if profile is None:
            continue
        reader = AwsAccess(profile, aws.region, aws.endpoint)
        account = get_identity(reader).account
        meant = {
            grant.documents.source_account_id
            if half == "source"
            else grant.documents.destination_account_id
            for grant in grants
        }
        if account not in meant:
            told = f"--{half}-profile {profile} is of account {account}, not of the {half}, {', '.join(sorted(meant))}"
            raise Failure(told, ExitCode.WRONG_INPUT)
        by_account[account] = reader
    by_account.setdefault(caller.account, aws)
    return Readers(by_account)


# --- The answer -----------------------------------------------------------------------------------


def _as_json(
    caller: Identity, results: list[Result], general: list[Unchecked]
) -> dict[str, object]:
    return {
        "caller": caller.arn,
        "grants": [result.as_json() for result in results],
        "notChecked": [one.as_json() for one in general],
        "findings": sum(len(result.findings) for result in results),
    }


def _show(out: Console, caller: Identity, results: list[Result], general: list[Unchecked]) -> None:
    out.print(f"As {caller.arn}")
    for result in results:
        out.print()
        out.print(
            Text.assemble((result.grant.name, "bold"), f"  {result.grant.documents.role.arn}")
        )
        for attempt in result.attempts:
            became = f": became {attempt.told}" if attempt.observed == "allowed" else ": refused"
            _line(out, "ok" if attempt.holds else "wrong", attempt.what + became)
        for finding in result.findings:
            half = f" ({finding.half})" if finding.half else ""
            _line(out, "finding", f"{finding.code}{half}: {finding.told}")
            _line(out, "", finding.remedy)
        for remark in result.remarks:
            _line(out, "remark", remark.told)
        for one in result.unchecked:
            _line(out, "unknown", f"not checked: {one.what}: {one.why}")
    out.print()
    for one in general:
        _line(out, "unknown", f"not checked: {one.what}: {one.why}")
    count = sum(len(result.findings) for result in results)
    unchecked = len(general) + sum(len(result.unchecked) for result in results)
    told = "No finding" if not count else "1 finding" if count == 1 else f"{count} findings"
    left = f"; {unchecked} not checked" if unchecked else ""
    out.print(Text(f"{told}{left}.", "bold red" if count else "bold green"))


_STYLES = {
    "ok": "green",
    "wrong": "bold red",
    "finding": "bold red",
    "unknown": "yellow",
    "remark": "cyan",
}
_COLUMN = 9


def _line(out: Console, word: str, text: str) -> None:
    line = Text.assemble("  ", (word.ljust(_COLUMN), _STYLES.get(word, "")), text)
    out.print(line, soft_wrap=True)
