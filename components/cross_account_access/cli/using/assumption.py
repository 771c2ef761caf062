"""How one person assumes a grant's role: what the trust policy asks for, from the grant, the command line, and AWS."""

from collections.abc import Mapping

from cross_account_access.cli.assume_role_call import AssumeRoleCall, CallOverrides
from cross_account_access.cli.caller import CallerSession
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.cli.trust_requirements import (
    TrustRequirements,
    fill_pattern,
    find_requirements,
    read_requirements,
)
from cross_account_access.grants.principals import TRAITS
from cross_account_access.iam.limits import SESSION_NAME


def settle(
    grant: DeployedGrant, caller: CallerSession, wishes: CallOverrides, *, may_carry_mfa: bool
) -> AssumeRoleCall:
    """How somebody assumes a grant's role.

    Args:
        grant: The grant.
        caller: Who.
        wishes: What the command line says.
        may_carry_mfa: Whether temporary credentials of a user are taken as signed in with MFA.

    Raises:
        Failure: If the trust policy asks for what isn't given and can't be told.
    """
    terms = asked_of(grant, caller)
    tags = _tags(grant, terms, caller, wishes.tags)
    return AssumeRoleCall(
        role_arn=grant.documents.role.arn,
        external_id=wishes.external_id or terms.choose_external_id(grant.external_id),
        mfa_serial=wishes.mfa_serial
        or (_mfa_serial(grant, caller, may_carry_mfa) if terms.mfa else None),
        session_name=wishes.session_name or _session_name(grant, terms, caller),
        duration=wishes.duration or _duration(grant, caller),
        source_identity=wishes.source_identity or _source_identity(grant, terms, caller),
        tags=tags,
        transitive_tag_keys=terms.select_transitive_keys(tags),
    )


def asked_of(grant: DeployedGrant, caller: CallerSession) -> TrustRequirements:
    """What the trust policy asks of the caller."""
    every = read_requirements(grant.documents)
    if len(every) == 1:
        return every[0]
    # Of a caller that the documents don't name, AWS has the last word: they may be older than what stands.
    return find_requirements(grant.documents, caller.identity) or every[0]


def _mfa_serial(grant: DeployedGrant, caller: CallerSession, may_carry_mfa: bool) -> str | None:
    if caller.identity.user is None:
        told = f"grant {grant.name} requires MFA, and {caller.identity.arn}, a role's session, can't carry it"
        raise Failure(
            told, ExitCode.NO, remedy="Use the credentials of a user, or a grant without MFA."
        )
    return None if may_carry_mfa and caller.is_temporary else caller.mfa_serial


def _session_name(
    grant: DeployedGrant, terms: TrustRequirements, caller: CallerSession
) -> str | None:
    if not terms.session_names:
        return None
    role = grant.documents.role.name
    label = role if len(role) >= SESSION_NAME.least else f"{role}-session"
    return _fitting(
        "session name", "--session-name", grant, terms.session_names, caller, instead=label
    )


def _source_identity(
    grant: DeployedGrant, terms: TrustRequirements, caller: CallerSession
) -> str | None:
    if not terms.source_identities:
        return None
    return _fitting(
        "source identity", "--source-identity", grant, terms.source_identities, caller, instead=None
    )


def _fitting(
    what: str,
    option: str,
    grant: DeployedGrant,
    patterns: tuple[str, ...],
    caller: CallerSession,
    *,
    instead: str | None,
) -> str:
    user = caller.identity.user if any("${" in pattern for pattern in patterns) else None
    for pattern in patterns:
        if text := fill_pattern(pattern, user=user, instead=instead):
            return text
    told = f"grant {grant.name} requires a {what} like {' or '.join(patterns)}"
    raise Failure(told, ExitCode.WRONG_INPUT, remedy=f"Give {option} NAME.")


def _tags(
    grant: DeployedGrant, terms: TrustRequirements, caller: CallerSession, given: Mapping[str, str]
) -> dict[str, str]:
    tags = dict(given)
    for key, values in terms.session_tags.items():
        if key.lower() in {one.lower() for one in given}:
            continue
        user = caller.identity.user if any("${" in text for text in values) else None
        text = fill_pattern(values[0], user=user, instead=None) if len(values) == 1 else None
        if text is None:
            told = f"grant {grant.name} requires the session tag {key}, one of {', '.join(values)}"
            raise Failure(told, ExitCode.WRONG_INPUT, remedy=f"Give --session-tag {key}=VALUE.")
        tags[key] = text
    return tags


def _duration(grant: DeployedGrant, caller: CallerSession) -> int | None:
    """The role's own, but for a role's session, which gets an hour at most (role chaining)."""
    longest = grant.documents.role.max_session_duration
    chained = {TRAITS[half.kind].chained for half in grant.documents.principals}
    if longest is None or chained == {"yes"}:
        return None
    return longest if chained == {"no"} or caller.identity.user is not None else None
