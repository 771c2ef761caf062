"""Plans a caller's AssumeRole call: what the trust policy requires, and where it comes from."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cross_account_access.cli.assume_role_call import AssumeRoleCall, CallOverrides
from cross_account_access.cli.caller import CallerSession
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.terminal import ExitCode, Failure, InputError
from cross_account_access.cli.trust_requirements import (
    TrustRequirements,
    fill_pattern,
    find_requirements,
    read_requirements,
)
from cross_account_access.errors import Refusal, escape_invisible
from cross_account_access.grants.principal_kinds import TRAITS
from cross_account_access.iam import limits
from cross_account_access.iam.arns import parse_arn


def plan_call(
    grant: DeployedGrant, caller: CallerSession, overrides: CallOverrides, *, may_carry_mfa: bool
) -> AssumeRoleCall:
    """Plan how a caller assumes a grant's role.

    Args:
        grant: The grant.
        caller: The caller.
        overrides: The command line's options.
        may_carry_mfa: Whether a user's temporary credentials count as signed in with MFA.

    Raises:
        Failure: If the trust policy requires a value that is missing and can't be derived, or one
            that no call can pass; or if the duration is longer than AWS allows the caller.
    """
    required = get_requirements(grant, caller)
    tags = _plan_tags(grant, required, caller, overrides.tags)
    role = grant.documents.role.name
    label = role if len(role) >= limits.SESSION_NAME.least else f"{role}-session"
    call = AssumeRoleCall(
        role_arn=grant.documents.role.arn,
        external_id=overrides.external_id or required.choose_external_id(grant.external_id),
        mfa_serial=overrides.mfa_serial
        or (_find_mfa_serial(grant, caller, may_carry_mfa) if required.mfa else None),
        session_name=overrides.session_name
        or _plan_name("session name", grant, required.session_names, caller, wildcard=label),
        duration=_plan_duration(grant, caller, overrides.duration),
        source_identity=overrides.source_identity
        or _plan_name("source identity", grant, required.source_identities, caller),
        tags=tags,
        transitive_tag_keys=required.select_transitive_keys(tags),
    )
    _check_call(grant, call)
    return call


def name_session(call: AssumeRoleCall, caller: CallerSession) -> AssumeRoleCall:
    """Name a call's session after its caller, where the trust policy leaves the name open.

    CloudTrail then shows who acts; the AWS CLI's default is `botocore-session-` and the time.

    Raises:
        Failure: If AWS cannot be asked who calls.
    """
    return call if call.session_name else replace(call, session_name=caller.identity.session_name)


def _check_call(grant: DeployedGrant, call: AssumeRoleCall) -> None:
    """Check what the grant sets of a call: a stack's outputs may be somebody else's text."""
    values: tuple[tuple[str, Any, Callable[[Any], object]], ...] = (
        ("the role ARN", call.role_arn, _check_role_arn),
        ("the session name", call.session_name, limits.SESSION_NAME),
        ("the source identity", call.source_identity, limits.SOURCE_IDENTITY),
        ("the session tags", dict(call.tags), limits.check_tags),
        ("the external ID", call.external_id, limits.EXTERNAL_ID),
    )
    for what, value, check in values:
        try:
            if value is not None:
                check(value)
        except Refusal as refusal:
            shown = f" {escape_invisible(value)}" if isinstance(value, str) else ""
            text = "" if what == "the external ID" else shown
            message = f"grant {escape_invisible(grant.name)} requires {what}{text}, which no call"
            raise InputError(f"{message} can have: {refusal.rule}", refusal.remedy) from None


def _check_role_arn(arn: str) -> None:
    parsed = parse_arn(arn)
    if parsed is None or parsed.kind != "role" or not limits.is_account_id(parsed.account):
        raise Refusal("must be a role's ARN", code="not-role-arn")
    limits.PATH(parsed.path)
    limits.ROLE_NAME(parsed.name)


def get_requirements(grant: DeployedGrant, caller: CallerSession) -> TrustRequirements:
    """Return what the trust policy requires of the caller."""
    every = read_requirements(grant.documents)
    if len(every) == 1:
        return every[0]
    # AWS decides about a caller that the documents don't name: they may be outdated.
    found = find_requirements(grant.documents, caller.identity)
    return found or next(iter(every), TrustRequirements())


def _find_mfa_serial(
    grant: DeployedGrant, caller: CallerSession, may_carry_mfa: bool
) -> str | None:
    if caller.identity.user is None:
        raise Failure(
            f"grant {grant.name} requires MFA, which a role session can't carry: "
            f"{caller.identity.arn}",
            ExitCode.NO,
            remedy="Use a user's credentials, or a grant without MFA.",
        )
    if may_carry_mfa and caller.is_temporary:
        return None
    try:
        return caller.mfa_serial
    except Failure as failure:
        # A new device would not help a caller that the role doesn't trust.
        trusted = find_requirements(grant.documents, caller.identity) is not None
        if failure.code is ExitCode.NO and not trusted:
            raise Failure(
                f"the trust policy of grant {grant.name} doesn't allow {caller.identity.arn}",
                ExitCode.NO,
                remedy="Pass --profile NAME of a user that the grant names.",
            ) from None
        raise


def _plan_name(
    what: str,
    grant: DeployedGrant,
    patterns: tuple[str, ...],
    caller: CallerSession,
    *,
    wildcard: str | None = None,
) -> str | None:
    """Make a name that matches one of the patterns; None where there are none."""
    user = caller.identity.user if any("${" in pattern for pattern in patterns) else None
    for pattern in patterns:
        if text := fill_pattern(pattern, user=user, instead=wildcard):
            return text
    if not patterns:
        return None
    raise Failure(
        f"grant {grant.name} requires a {what} that matches {' or '.join(patterns)}",
        ExitCode.WRONG_INPUT,
        remedy=f"Pass --{what.replace(' ', '-')} NAME.",
    )


def _plan_tags(
    grant: DeployedGrant,
    required: TrustRequirements,
    caller: CallerSession,
    overrides: Mapping[str, str],
) -> dict[str, str]:
    tags = dict(overrides)
    for key, values in required.session_tags.items():
        if key.lower() in {name.lower() for name in overrides}:
            continue
        user = caller.identity.user if any("${" in text for text in values) else None
        text = fill_pattern(values[0], user=user, instead=None) if len(values) == 1 else None
        if text is None:
            raise Failure(
                f"grant {grant.name} requires the session tag {key} with one of the values "
                f"{', '.join(values)}",
                ExitCode.WRONG_INPUT,
                remedy=f"Pass --session-tag {key}=VALUE.",
            )
        tags[key] = text
    return tags


def _plan_duration(
    grant: DeployedGrant, caller: CallerSession, requested: int | None
) -> int | None:
    """Plan the role's maximum, but an hour, AWS's default, for a caller that is limited to it."""
    if requested is not None:
        if requested > limits.CHAINED_SESSION_SECONDS and caller.is_temporary:
            raise InputError(
                f"--duration {requested}: temporary credentials can start sessions of up to "
                f"{limits.CHAINED_SESSION_SECONDS} s; AWS counts those of GetSessionToken as role "
                "chaining, too",
                "Leave it out, or call with a user's access key.",
            )
        return requested
    longest = grant.documents.role.max_session_duration
    chained = {TRAITS[half.kind].chained for half in grant.documents.principals}
    return None if longest is None or chained == {"yes"} or caller.is_temporary else longest
