"""How a role is assumed in a test: the request, in the words of a grant's conditions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict

from cross_account_access.errors import Refusal
from cross_account_access.grants.request_context import RequestContext
from cross_account_access.iam.networks import check_address


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
        ValueError: If `source_ip` is no IP address, which every condition on it would refuse.
    """
    if unknown := sorted(terms.keys() - CallTerms.__annotations__.keys()):
        known = ", ".join(CallTerms.__annotations__)
        raise TypeError(f"no such term of a call: {', '.join(unknown)}. There are {known}")
    values = {_OTHER_NAMES.get(key, key): value for key, value in terms.items()}
    if (address := values.get("source_ip")) is not None:
        try:
            check_address(address)
        except Refusal as refusal:
            raise ValueError(f"source_ip {address!r}: {refusal.rule}") from None
    at: datetime = values.pop("at", None) or datetime.now(UTC)
    if values.pop("mfa", False):
        values.setdefault("mfa_age", 0)
    values["transitive_tag_keys"] = tuple(values.get("transitive_tag_keys", ()))
    values["more"] = {
        key: (value,) if isinstance(value, str) else tuple(value)
        for key, value in values.pop("context", {}).items()
    }
    return RequestContext(at if at.tzinfo else at.replace(tzinfo=UTC), **values)
