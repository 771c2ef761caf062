"""The calls of AssumeRole that verify a grant: one to be allowed, and those to be refused. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from cross_account_access.cli.assume_role_call import AssumeRoleCall, CallOverrides
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.trust_requirements import (
    TrustRequirements,
    choose_lightest,
    fill_pattern,
    read_principal_requirements,
)
from cross_account_access.grants.documents import GrantDocuments, SourceHalf

_SESSION = "verify"


def select_requirements(documents: GrantDocuments, half: SourceHalf | None) -> TrustRequirements:
    """Select what the trust policy requires of a principal, by default of the first."""
    every = read_principal_requirements(documents, half or documents.principals[0])
    return choose_lightest(every) or TrustRequirements()


def build_call(
    grant: DeployedGrant,
    requirements: TrustRequirements,
    user: str | None,
    overrides: CallOverrides,
) -> AssumeRoleCall:
    """Build a call that meets the requirements as far as a call can.

    Names that the grant leaves open are made up, because the session is never used.

    Args:
        grant: The grant.
        requirements: What its trust policy requires.
        user: The caller's user name, if it is a user.
        overrides: What the command line sets instead.
    """

    def match_any(patterns: tuple[str, ...]) -> str | None:
        name = user or _SESSION
        texts = (
            fill_pattern(pattern, user=name, instead=_SESSION, letter="x") for pattern in patterns
        )
        return next((text for text in texts if text), None)

    overridden = {key.lower() for key in overrides.tags}
    required = {
        key: match_any(values)
        for key, values in requirements.session_tags.items()
        if key.lower() not in overridden
    }
    tags = {key: value for key, value in required.items() if value is not None}
    tags |= overrides.tags
    return AssumeRoleCall(
        role_arn=grant.documents.role.arn,
        external_id=overrides.external_id or requirements.choose_external_id(grant.external_id),
        session_name=overrides.session_name or match_any(requirements.session_names) or _SESSION,
        source_identity=overrides.source_identity or match_any(requirements.source_identities),
        tags=tags,
        transitive_tag_keys=requirements.select_transitive_keys(tags),
    )


class NegativeCall(NamedTuple):
    """A call that AWS must refuse.

    Attributes:
        what: What it lacks or exceeds.
        code: The finding's code if AWS allows it.
        call: The call.
    """

    what: str
    code: str
    call: AssumeRoleCall


def build_negative_calls(
    call: AssumeRoleCall, requirements: TrustRequirements, longest: int
) -> Iterator[NegativeCall]:
    """Build the calls that AWS must refuse.

    Args:
        call: The call that AWS allows; it may pass more than is required.
        requirements: What the trust policy requires.
        longest: The longest session in seconds that the caller may have.
    """
    if requirements.external_ids:
        less = replace(call, external_id=None)
        yield NegativeCall("without the external ID", "trust-widened", less)
    if requirements.source_identities:
        less = replace(call, source_identity=None)
        yield NegativeCall("without a source identity", "trust-widened", less)
    if requirements.session_tags:
        less = replace(call, tags={}, transitive_tag_keys=())
        yield NegativeCall("without session tags", "trust-widened", less)
    longer = replace(call, duration=longest + 1)
    yield NegativeCall(f"a session of {longest + 1} s", "duration-changed", longer)
