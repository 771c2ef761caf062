"""The calls of AssumeRole that prove a grant: as the trust policy asks for it, and as it must refuse. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from cross_account_access.cli.call import Call, CallOverrides
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.trust_requirements import (
    TrustRequirements,
    choose_lightest,
    fill_pattern,
    read_principal_requirements,
)
from cross_account_access.grants.documents import GrantDocuments, SourceHalf

_SESSION = "verify"


def asked_of(documents: GrantDocuments, half: SourceHalf) -> TrustRequirements:
    """What the trust policy asks of a principal."""
    return choose_lightest(read_principal_requirements(documents, half)) or TrustRequirements()


def build_call(
    grant: DeployedGrant, terms: TrustRequirements, user: str | None, wishes: CallOverrides
) -> Call:
    """The call that meets the terms as far as a call can; what isn't told is made up, for the session is never used.

    Args:
        grant: The grant.
        terms: What its trust policy asks for.
        user: The caller's user name, if it is a user.
        wishes: What the command line says in place of that.
    """

    def first(patterns: tuple[str, ...]) -> str | None:
        name = user or _SESSION
        made = (
            fill_pattern(pattern, user=name, instead=_SESSION, letter="x") for pattern in patterns
        )
        return next((text for text in made if text), None)

    given = {key.lower() for key in wishes.tags}
    asked = {
        key: first(values) for key, values in terms.session_tags.items() if key.lower() not in given
    }
    tags = {key: text for key, text in asked.items() if text is not None} | dict(wishes.tags)
    return Call(
        role_arn=grant.documents.role.arn,
        external_id=wishes.external_id or terms.external_id(grant.external_id),
        session_name=wishes.session_name or first(terms.session_names) or _SESSION,
        source_identity=wishes.source_identity or first(terms.source_identities),
        tags=tags,
        transitive_tag_keys=terms.transitive(tags),
    )


def build_negative_calls(
    call: Call, terms: TrustRequirements, longest: int
) -> Iterator[tuple[str, str, Call]]:
    """What AWS must refuse: what it is called, the finding's code if AWS doesn't, and the call.

    Args:
        call: The call that AWS allows; it may bring more than is asked for.
        terms: What the trust policy asks for.
        longest: The longest session in seconds that the caller may have.
    """
    if terms.external_ids:
        yield "without the external ID", "trust-widened", replace(call, external_id=None)
    if terms.source_identities:
        yield "without a source identity", "trust-widened", replace(call, source_identity=None)
    if terms.session_tags:
        less = replace(call, tags={}, transitive_tag_keys=())
        yield "without session tags", "trust-widened", less
    yield f"a session of {longest + 1} s", "duration-changed", replace(call, duration=longest + 1)
