"""Under which circumstances a grant's conditions are met, and under which one of them isn't."""

from collections.abc import Iterator, Mapping, Sequence
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
_ANY_TAG = "sandbox-more"


@dataclass(frozen=True)
class Circumstances:
    """How AssumeRole is called.

    Attributes:
        parameters: What the AssumeRole call says.
        headers: Where it comes from, as the sandbox takes it.
        partition: The role's.
    """

    parameters: dict[str, Any] = field(default_factory=lambda: {"RoleSessionName": _SESSION})
    headers: dict[str, str] = field(default_factory=dict)
    partition: str = "aws"

    def but(self, **parameters: Any) -> "Circumstances":
        """The same with other parameters; those that are None are left out."""
        changed = {**self.parameters, **parameters}
        return replace(
            self, parameters={key: value for key, value in changed.items() if value is not None}
        )

    def with_context_of(self, provider: str) -> "Circumstances":
        """The same with an identity context, whose assertion nobody looks at."""
        arn = f"arn:{self.partition}:iam::aws:contextProvider/{provider}"
        return self.but(ProvidedContexts=[{"ProviderArn": arn, "ContextAssertion": _SESSION}])

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
    conditions: ConditionsModel | None, user: str, mfa: dict[str, str], partition: str = "aws"
) -> Circumstances:
    """Circumstances that meet all conditions.

    Args:
        conditions: The conditions.
        user: The caller's name.
        mfa: The parameters by which the caller shows its MFA device's code.
        partition: The role's.
    """
    met = Circumstances(partition=partition)
    if conditions is None:
        return met
    if isinstance(conditions.external_id, str):
        met = met.but(ExternalId=conditions.external_id)
    if conditions.needs_mfa:
        met = met.but(**mfa)
    if conditions.session_names:
        met = met.but(RoleSessionName=fill_pattern(conditions.session_names[0], user))
    if conditions.source_identities:
        met = met.but(SourceIdentity=fill_pattern(conditions.source_identities[0], user))
    if conditions.session_tags:
        required = {key: fill_pattern(values[0]) for key, values in conditions.session_tags.items()}
        transitive = [key for key in conditions.transitive_tag_keys or () if key in required]
        met = met.but(Tags=_list_tags(required), TransitiveTagKeys=transitive or None)
    if conditions.source_ips:
        met = met.coming_from(ip=str(ip_network(str(conditions.source_ips[0]))[0]))
    if conditions.source_vpcs or conditions.source_vpc_endpoints:
        vpc = {"vpc": conditions.source_vpcs[0]} if conditions.source_vpcs else {}
        endpoint = (
            {"vpce": conditions.source_vpc_endpoints[0]} if conditions.source_vpc_endpoints else {}
        )
        met = met.coming_from(**vpc, **endpoint)
    return met


def list_allowed(
    conditions: ConditionsModel | None, met: Circumstances
) -> Iterator[tuple[str, Circumstances]]:
    """What a caller may set and need not: circumstances with it, and what these are called."""
    if conditions is None:
        return
    keys = list_allowed_tags(conditions)
    required = met.parameters.get("Tags", [])
    for key in keys:
        yield f"with the session tag {key}", met.but(Tags=[*required, *_list_tags({key: "x"})])
    room = limits.TAGS_PER_ENTITY - len(required)
    every = met.but(Tags=[*required, *_list_tags(dict.fromkeys(keys[:room], "x"))])
    if len(keys) > 1:
        yield "with all session tags that are allowed", every
    passed = {tag["Key"] for tag in every.parameters.get("Tags", ())}
    transitive = [key for key in conditions.transitive_tag_keys or () if key in passed]
    if keys and transitive:
        yield "with tags that are handed on", every.but(TransitiveTagKeys=transitive)
    if conditions.allow_source_identity:
        yield "with a source identity", met.but(SourceIdentity=_SESSION)
    if conditions.allow_identity_context:
        yield "with an identity context", met.with_context_of("IdentityCenter")


def list_allowed_tags(conditions: ConditionsModel) -> list[str]:
    """Keys of session tags that a caller may set and need not."""
    allowed = conditions.allow_session_tags
    keys = [_ANY_TAG] if allowed is True else allowed or []
    return [key for key in keys if key not in (conditions.session_tags or {})]


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
    yield from _list_wrong_tags(conditions, met)
    yield from _list_forbidden(conditions, met)
    if "TransitiveTagKeys" in met.parameters:
        yield "no transitive tags", met.but(TransitiveTagKeys=None)
    if elsewhere := _find_elsewhere(conditions.source_ips):
        yield "another address", met.coming_from(ip=elsewhere)
    if conditions.source_vpcs or conditions.source_vpc_endpoints:
        yield "no VPC endpoint", replace(met, headers={})


def _list_wrong_tags(
    conditions: ConditionsModel, met: Circumstances
) -> Iterator[tuple[str, Circumstances]]:
    tags = {tag["Key"]: tag["Value"] for tag in met.parameters.get("Tags", ())}
    for key, values in (conditions.session_tags or {}).items():
        has_pattern = any(map(limits.has_wildcard, values))
        if has_pattern and (wrong := _find_wrong_name(values)):
            what = f"a value of the session tag {key} that fits no pattern"
            yield what, met.but(Tags=_list_tags(tags | {key: wrong}))
    is_bounded = conditions.allow_session_tags is not True
    if is_bounded and (conditions.session_tags or conditions.allow_session_tags is not None):
        yield "one session tag more", met.but(Tags=_list_tags(tags | {_ANY_TAG: "x"}))
    known = [*tags, *list_allowed_tags(conditions)]
    others = [key for key in known if key not in (conditions.transitive_tag_keys or known)]
    if conditions.allow_session_tags and others:
        more = met.but(Tags=_list_tags(dict.fromkeys(others[:1], "x") | tags))
        yield "another tag that is handed on", more.but(TransitiveTagKeys=others[:1])


def _list_forbidden(
    conditions: ConditionsModel, met: Circumstances
) -> Iterator[tuple[str, Circumstances]]:
    """What a principal's own conditions don't allow, or of what they allow another one."""
    if conditions.allow_source_identity is False and not conditions.source_identities:
        yield "a source identity", met.but(SourceIdentity=_SESSION)
    if conditions.allow_identity_context is not None:
        provider = "QuickSight" if conditions.allow_identity_context else "IdentityCenter"
        yield f"an identity context of {provider}", met.with_context_of(provider)


def _list_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


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


def fill_pattern(pattern: str, user: str = "") -> str:
    """Fill a pattern with text that matches it."""
    return pattern.replace("${aws:username}", user).replace("*", _SESSION).replace("?", "x")
