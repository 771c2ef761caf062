"""Who should get in by a grant, without any policy.

`lets_in` is written from the meaning of the grants' keys. It knows no condition key or operator.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from cross_account_access.iam.evaluator import Caller, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SOURCE = "111111111111"
IDENTITY_CENTER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
RESERVED = "/aws-reserved/sso.amazonaws.com/"
ALLOWED_EVERYTHING = Policy(
    "inline policy everything",
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
)


@dataclass(frozen=True)
class Somebody:
    """Whoever asks: a user, or a role's session."""

    account: str
    name: str
    path: str
    session: str | None = None
    organization_path: str | None = None

    @property
    def caller(self) -> Caller:
        """The same as the evaluator takes it; its own account allows it everything."""
        kind = "user" if self.session is None else "role"
        principal = f"arn:aws:iam::{self.account}:{kind}{self.path}{self.name}"
        if self.session is None:
            return Caller(principal, f"AIDA{self.name}", principal, (ALLOWED_EVERYTHING,))
        arn = f"arn:aws:sts::{self.account}:assumed-role/{self.name}/{self.session}"
        return Caller(arn, f"AROA{self.name}:{self.session}", principal, (ALLOWED_EVERYTHING,))

    @property
    def organization(self) -> str | None:
        return self.organization_path.partition("/")[0] if self.organization_path else None


@dataclass(frozen=True)
class Asked:
    """What a request says, and from where it comes."""

    session_name: str
    now: str = "2026-06-15T12:00:00Z"
    external_id: str | None = None
    mfa: bool | None = None
    mfa_age: int = 0
    ip: str | None = "203.0.113.7"
    vpc: str | None = None
    endpoint: str | None = None
    identity: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    own_tags: dict[str, str] = field(default_factory=dict)
    agent: str | None = None
    provider: str | None = None

    def context(self, who: Somebody) -> dict[str, Any]:
        """The condition keys."""
        given = {
            "sts:RoleSessionName": self.session_name,
            "aws:CurrentTime": self.now,
            "sts:ExternalId": self.external_id,
            "aws:MultiFactorAuthPresent": None if self.mfa is None else str(self.mfa).lower(),
            "aws:MultiFactorAuthAge": str(self.mfa_age) if self.mfa else None,
            "aws:SourceIp": self.ip if self.endpoint is None else None,
            "aws:SourceVpc": self.vpc if self.endpoint else None,
            "aws:SourceVpce": self.endpoint,
            "sts:SourceIdentity": self.identity,
            "aws:TagKeys": tuple(self.tags) or None,
            "sts:TransitiveTagKeys": self.transitive or None,
            "sts:RequestContextProviders": (self.provider,) if self.provider else None,
            "aws:UserAgent": self.agent,
            "aws:PrincipalOrgID": who.organization,
            "aws:PrincipalOrgPaths": (who.organization_path,) if who.organization_path else None,
            **{f"aws:RequestTag/{key}": value for key, value in self.tags.items()},
            **{f"aws:PrincipalTag/{key}": value for key, value in self.own_tags.items()},
        }
        return {key: value for key, value in given.items() if value is not None}


def lets_in(grant: Mapping[str, Any], who: Somebody, asked: Asked) -> bool:
    """Whether a grant lets somebody in whom its own account allows it.

    Each thing that the call does, to assume the role, to set a source identity, to set tags, must
    be allowed by the conditions of a principal that names the caller.
    """
    met = [
        conditions_of(grant, principal)
        for principal in grant["principals"]
        if names(principal, who) and meets(grant, principal, who, asked)
    ]
    done = [bool(met)]
    if asked.identity is not None:
        done.append(_allow(met, "source_identities", "allow_source_identity"))
    if asked.tags:
        done.append(_allow(met, "session_tags", "allow_session_tags"))
    if asked.provider is not None:
        done.append(_allow(met, "allow_identity_context"))
    return all(done)


def _allow(met: list[dict[str, Any]], *keys: str) -> bool:
    return any(conditions.get(key) for conditions in met for key in keys)


def meets(
    grant: Mapping[str, Any], principal: Mapping[str, Any], who: Somebody, asked: Asked
) -> bool:
    """Whether somebody meets all conditions of a principal."""
    under = conditions_of(grant, principal)
    required, allowed = under.get("session_tags", {}), under.get("allow_session_tags")
    if allowed is not True and (required or allowed):
        known = {*required, *(allowed or ())}
        if not set(asked.tags) <= known:
            return False
    if set(under.get("transitive_tag_keys", ())) & set(required) and not asked.transitive:
        return False
    return all(_MEANING[key](value, who, asked) for key, value in under.items())


def conditions_of(grant: Mapping[str, Any], principal: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions of one principal: its own replace the grant's of the same key."""
    own = principal.get("conditions", {})
    asked: dict[str, Any] = grant.get("conditions", {}) | own
    if own.get("mfa") is False:
        asked.pop("mfa_max_age", None)
    if "source_identities" in own:
        asked.pop("allow_source_identity", None)
    return asked


def names(principal: Mapping[str, Any], who: Somebody) -> bool:
    """Whether a principal names somebody."""
    key = next(key for key in principal if key not in {"trust_by", "conditions"})
    value, here = principal[key], who.account == SOURCE
    is_user = who.session is None
    match key:
        case "user":
            return here and is_user and value == f"{who.path}{who.name}".removeprefix("/")
        case "role":
            return here and not is_user and value == f"{who.path}{who.name}".removeprefix("/")
        case "arn":
            kind = "user" if is_user else "role"
            return bool(value == f"arn:aws:iam::{who.account}:{kind}{who.path}{who.name}")
        case "group" | "account":
            return here
        case "permission_set":
            reserved = here and not is_user and who.path in {RESERVED, f"{RESERVED}eu-west-1/"}
            return (
                reserved
                and re.fullmatch(f"AWSReservedSSO_{value}_[0-9a-f]{{16}}", who.name) is not None
            )
        case "organization":
            return bool(who.organization == value)
        case "organizational_unit":
            return who.organization_path is not None and who.organization_path.startswith(value)
        case "session":
            return here and value == f"{who.name}/{who.session}"
    raise LookupError(key)


def _like(pattern: str, text: str | None, who: Somebody) -> bool:
    if "${" in pattern and who.session is not None:
        return False
    parts = re.split(r"([*?]|\$\{aws:username\})", pattern)
    wild = {"*": ".*", "?": ".", "${aws:username}": re.escape(who.name)}
    expression = "".join(wild.get(part, re.escape(part)) for part in parts)
    return text is not None and re.fullmatch(expression, text) is not None


def _mfa_age(seconds: int, _: Somebody, asked: Asked) -> bool:
    return asked.mfa is True and asked.mfa_age < seconds


def _tagged(tags: Mapping[str, list[str]], given: Mapping[str, str]) -> bool:
    return all(
        any(_like(text, given.get(key), _NOBODY) for text in values) for key, values in tags.items()
    )


_NOBODY = Somebody("", "", "")


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)


_MEANING: dict[str, Callable[[Any, Somebody, Asked], bool]] = {
    # The grants have both or none.
    "external_id": lambda _, __, asked: asked.external_id in {"id-1", "id-2"},
    "previous_external_id": lambda _, __, asked: asked.external_id in {"id-1", "id-2"},
    "mfa": lambda needed, _, asked: not needed or asked.mfa is True,
    "mfa_max_age": _mfa_age,
    "source_ips": lambda ranges, _, asked: (
        asked.endpoint is None
        and asked.ip is not None
        and any(ip_address(asked.ip) in ip_network(known) for known in ranges)
    ),
    "source_vpcs": lambda known, _, asked: asked.endpoint is not None and asked.vpc in known,
    "source_vpc_endpoints": lambda known, _, asked: asked.endpoint in known,
    "organizations": lambda known, who, _: who.organization in known,
    "session_names": lambda known, who, asked: any(
        _like(text, asked.session_name, who) for text in known
    ),
    "source_identities": lambda known, who, asked: any(
        _like(text, asked.identity, who) for text in known
    ),
    "session_tags": lambda tags, _, asked: _tagged(tags, asked.tags),
    "transitive_tag_keys": lambda keys, _, asked: set(asked.transitive) <= set(keys),
    # What is allowed is asked of none.
    "allow_source_identity": lambda *_: True,
    "allow_session_tags": lambda *_: True,
    "allow_identity_context": lambda allowed, _, asked: (
        not allowed or asked.provider in {None, IDENTITY_CENTER}
    ),
    "principal_tags": lambda tags, _, asked: _tagged(tags, asked.own_tags),
    "not_before": lambda moment, _, asked: _when(asked.now) >= _when(moment),
    "not_after": lambda moment, _, asked: _when(asked.now) < _when(moment),
    # The two that are drawn: the same as a named condition says, and one that no name stands for.
    "raw": lambda raw, who, asked: (
        any(_like(text, asked.identity, who) for text in raw["StringLike"]["sts:SourceIdentity"])
        if "StringLike" in raw
        else "curl" not in (asked.agent or "")
    ),
}
