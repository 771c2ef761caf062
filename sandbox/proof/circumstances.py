"""Under which circumstances a grant's conditions are met, and under which one of them isn't."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.iam import limits

_SESSION = "proof"
# The first of these that no condition allows is tried.
_ELSEWHERE = (
    "198.51.100.77",
    "192.0.2.77",
    "203.0.113.77",
    "8.8.8.8",
    "100.0.0.77",
    "2001:db8::77",
)
_WRONG_NAMES = ("sandbox-wrong", "=wrong=", "@@")


@dataclass(frozen=True)
class Circumstances:
    """How AssumeRole is called.

    Attributes:
        parameters: What the AssumeRole call says.
        headers: Where it comes from, as the sandbox takes it.
    """

    parameters: dict[str, Any] = field(default_factory=lambda: {"RoleSessionName": _SESSION})
    headers: dict[str, str] = field(default_factory=dict)

    def but(self, **parameters: Any) -> "Circumstances":
        """The same with other parameters; those that are None are left out."""
        changed = {**self.parameters, **parameters}
        return replace(
            self, parameters={key: value for key, value in changed.items() if value is not None}
        )

    def coming_from(self, **headers: str) -> "Circumstances":
        """The same from elsewhere: `ip`, `vpc` or `vpce`."""
        return replace(
            self,
            headers={f"X-Sandbox-Source-{key.capitalize()}": text for key, text in headers.items()},
        )


def list_unprovable(conditions: ConditionsModel | None) -> list[str]:
    """The keys of the conditions that the proof can't meet: raw ones, and another time than now."""
    if conditions is None:
        return []
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    unprovable = {
        "raw": bool(conditions.raw),
        "notBefore": conditions.not_before is not None and str(conditions.not_before) > now,
        "notAfter": conditions.not_after is not None and str(conditions.not_after) <= now,
    }
    return [key for key, applies in unprovable.items() if applies]


def meet_conditions(
    conditions: ConditionsModel | None, user: str, mfa: dict[str, str]
) -> Circumstances:
    """Circumstances that meet all conditions.

    Args:
        conditions: The conditions.
        user: The caller's name.
        mfa: The parameters by which the caller shows its MFA device's code.
    """
    met = Circumstances()
    if conditions is None:
        return met
    if isinstance(conditions.external_id, str):
        met = met.but(ExternalId=conditions.external_id)
    if conditions.needs_mfa:
        met = met.but(**mfa)
    if conditions.session_names:
        met = met.but(RoleSessionName=_fill_pattern(conditions.session_names[0], user))
    if conditions.source_identities:
        met = met.but(SourceIdentity=_fill_pattern(conditions.source_identities[0], user))
    if conditions.session_tags:
        tags = [{"Key": key, "Value": values[0]} for key, values in conditions.session_tags.items()]
        met = met.but(Tags=tags, TransitiveTagKeys=conditions.transitive_tag_keys)
    if conditions.source_ips:
        met = met.coming_from(ip=str(ip_network(str(conditions.source_ips[0]))[0]))
    if conditions.source_vpcs or conditions.source_vpc_endpoints:
        vpc = {"vpc": conditions.source_vpcs[0]} if conditions.source_vpcs else {}
        endpoint = (
            {"vpce": conditions.source_vpc_endpoints[0]} if conditions.source_vpc_endpoints else {}
        )
        met = met.coming_from(**vpc, **endpoint)
    return met


def list_unmet(
    conditions: ConditionsModel | None, met: Circumstances
) -> Iterator[tuple[str, Circumstances]]:
    """For each condition, circumstances in which it alone isn't met, and what these are called."""
    if conditions is None:
        return
    if conditions.external_id is not None:
        yield "no external ID", met.but(ExternalId=None)
        # It begins as the right one does, which a pattern in its place would let in; no longer than
        # IDs may be.
        yield (
            "wrong external ID",
            met.but(ExternalId=f"{conditions.external_id}-wrong"[-limits.EXTERNAL_ID.most :]),
        )
    if conditions.needs_mfa:
        yield "no MFA", met.but(SerialNumber=None, TokenCode=None)
    if wrong := _find_wrong_name(conditions.session_names):
        yield "wrong session name", met.but(RoleSessionName=wrong)
    if conditions.source_identities:
        yield "no source identity", met.but(SourceIdentity=None)
    if conditions.session_tags:
        yield "no session tags", met.but(Tags=None, TransitiveTagKeys=None)
        more = [*met.parameters.get("Tags", ()), {"Key": "sandbox-more", "Value": "x"}]
        yield "one session tag more", met.but(Tags=more)
    if conditions.transitive_tag_keys:
        yield "no transitive tags", met.but(TransitiveTagKeys=None)
    if elsewhere := _find_elsewhere(conditions.source_ips):
        yield "another address", met.coming_from(ip=elsewhere)
    if conditions.source_vpcs or conditions.source_vpc_endpoints:
        yield "no VPC endpoint", replace(met, headers={})


def _find_wrong_name(patterns: Sequence[str] | None) -> str | None:
    """A session name that no pattern allows; None if there is none to try."""
    return next(
        (
            name
            for name in (_WRONG_NAMES if patterns else ())
            if not any(fnmatchcase(name, pattern) for pattern in patterns or ())
        ),
        None,
    )


def _find_elsewhere(source_ips: Sequence[object] | None) -> str | None:
    """An address that is in none of the ranges; None if there is none to try."""
    ranges = [ip_network(str(text)) for text in source_ips or ()]
    return next(
        (
            ip
            for ip in (_ELSEWHERE if ranges else ())
            if not any(ip_address(ip) in each for each in ranges)
        ),
        None,
    )


def _fill_pattern(pattern: str, user: str) -> str:
    return pattern.replace("${aws:username}", user).replace("*", _SESSION).replace("?", "x")
