"""How a role is assumed in a test: the request, in the words of a grant's conditions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict

from cross_account_access.errors import Refusal
from cross_account_access.grants.request_check import check_request
from cross_account_access.grants.request_context import RequestContext


class CallTerms(TypedDict, total=False):
    """One call of sts:AssumeRole. What is left out isn't part of the request."""

    mfa: bool
    """Whether the caller signed in with MFA just now. Only users can."""
    mfa_age: int
    """How many seconds ago the caller passed its MFA code."""
    external_id: str
    """The external ID that the call passes."""
    source_ip: str
    """The caller's address; through a VPC endpoint the one in the VPC."""
    source_vpc: str
    """The VPC of the VPC endpoint that the call passes."""
    source_vpc_endpoint: str
    """The VPC endpoint that the call passes."""
    session_name: str
    """The name of the new session; the AWS CLI's by default."""
    source_identity: str
    """The source identity that the call sets."""
    session_tags: Mapping[str, str]
    """The tags that the call passes."""
    transitive_tag_keys: list[str]
    """The keys of the tags that chained sessions inherit."""
    principal_tags: Mapping[str, str]
    """The caller's own tags: of its user or role, and of its session."""
    inherited_tags: Mapping[str, str]
    """Transitive tags of the calling session."""
    inherited_source_identity: str
    """The source identity of the calling session."""
    organization: str
    """The organization of the caller's account, `o-…`."""
    organization_path: str
    """The path of the caller's account in its organization: `o-…/r-…/ou-…/`."""
    region: str
    """The region of the STS endpoint, us-east-1 by default."""
    at: datetime
    """When; now by default. UTC where it has no time zone."""
    context: Mapping[str, str | list[str]]
    """Any other condition keys, such as `aws:UserAgent`."""


_OTHER_NAMES = {
    "source_vpc_endpoint": "source_vpce",
    "inherited_source_identity": "inherited_identity",
}


def build_request_context(terms: Mapping[str, Any]) -> RequestContext:
    """Build the request that the terms describe.

    Raises:
        TypeError: If a term is of no known name.
        ValueError: If STS would refuse a term whatever the policies say, or two terms contradict
            each other; an external ID isn't shown.
    """
    if unknown := sorted(terms.keys() - CallTerms.__annotations__.keys()):
        known = ", ".join(CallTerms.__annotations__)
        raise TypeError(f"no such term of a call: {', '.join(unknown)}. There are {known}")
    values = {_OTHER_NAMES.get(key, key): value for key, value in terms.items()}
    at: datetime = values.pop("at", None) or datetime.now(UTC)
    mfa = values.pop("mfa", values.get("mfa_age") is not None)
    if not isinstance(mfa, bool) or (not mfa and values.get("mfa_age") is not None):
        raise ValueError(f"mfa {mfa!r}: must be True or False, and not False where mfa_age is set")
    if mfa:
        values.setdefault("mfa_age", 0)
    values["transitive_tag_keys"] = tuple(values.get("transitive_tag_keys", ()))
    values["more"] = {
        key: (value,) if isinstance(value, str) else tuple(value)
        for key, value in values.pop("context", {}).items()
    }
    request = RequestContext(at if at.tzinfo else at.replace(tzinfo=UTC), **values)
    try:
        check_request(request)
    except Refusal as refusal:
        name = str(refusal.where[0])
        shown = "" if name == "external_id" else f" {getattr(request, name)!r}"
        term = {other: own for own, other in _OTHER_NAMES.items()}.get(name, name)
        raise ValueError(f"{term}{shown}: {refusal.rule}") from None
    return request
