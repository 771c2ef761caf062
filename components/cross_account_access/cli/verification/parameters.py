"""What a call of AssumeRole must say so that a grant's conditions are met, from the trust policy. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from cross_account_access.cli import normal
from cross_account_access.documents import GrantDocuments, SourceHalf

_SESSION = "verify"
_ROOT = "arn:{}:iam::{}:root"


@dataclass(frozen=True)
class Given:
    """What the options say, in place of what the trust policy tells."""

    external_id: str | None = None
    session_name: str | None = None
    source_identity: str | None = None
    session_tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameters:
    """A call of AssumeRole.

    Attributes:
        role_arn: The role's.
        session_name: The role session's name.
        external_id: Where the trust asks for one.
        source_identity: Likewise.
        session_tags: Likewise.
        transitive_tag_keys: Likewise.
        mfa: Whether the trust asks for MFA.
        others: Condition keys that no parameter meets, as the trust writes them.
        duration: In seconds; None for AWS's default, an hour.
    """

    role_arn: str
    session_name: str = _SESSION
    external_id: str | None = field(default=None, repr=False)
    source_identity: str | None = None
    session_tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    mfa: bool = False
    others: tuple[str, ...] = ()
    duration: int | None = None

    def call(self) -> dict[str, Any]:
        """The parameters by their names in AWS's API."""
        told = {
            "RoleArn": self.role_arn,
            "RoleSessionName": self.session_name,
            "ExternalId": self.external_id,
            "SourceIdentity": self.source_identity,
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(self.session_tags.items())] or None,
            "TransitiveTagKeys": list(self.transitive_tag_keys) or None,
            "DurationSeconds": self.duration,
        }
        return {key: value for key, value in told.items() if value is not None}

    def refused(self, longest: int) -> Iterator[tuple[str, str, "Parameters"]]:
        """What AWS must refuse: what it is called, the finding's code if AWS doesn't, and the call.

        Args:
            longest: The longest session in seconds that the caller may have.
        """
        if self.external_id is not None:
            yield "without the external ID", "trust-widened", replace(self, external_id=None)
        if self.source_identity is not None:
            yield "without a source identity", "trust-widened", replace(self, source_identity=None)
        if self.session_tags:
            less = replace(self, session_tags={}, transitive_tag_keys=())
            yield "without session tags", "trust-widened", less
        yield f"a session of {longest + 1} s", "duration-changed", replace(self, duration=longest + 1)


def parameters(documents: GrantDocuments, half: SourceHalf, caller_arn: str, given: Given) -> Parameters:
    """The call by which a principal's caller meets the grant's conditions, as far as a call can.

    Args:
        documents: The grant.
        half: The principal that the caller is.
        caller_arn: The caller, as get-caller-identity tells it.
        given: What the options say.
    """
    user = caller_arn.rpartition("/")[2] if ":user/" in caller_arn else ""
    values: dict[str, str] = {}
    transitive: tuple[str, ...] = ()
    tags, others, mfa = {}, [], False
    for operator, key, told in _conditions(_statement(documents, half)):
        lower, first = key.lower(), told[0] if told else ""
        positive = operator.startswith(("String", "ForAnyValue:String")) and "Not" not in operator
        if lower in ("sts:externalid", "sts:rolesessionname", "sts:sourceidentity") and positive:
            values[lower] = first if operator.startswith("StringEquals") else _like(first, user)
        elif lower.startswith("aws:requesttag/") and positive:
            tags[key.partition("/")[2]] = _like(first, user)
        elif lower == "sts:transitivetagkeys":
            transitive = transitive if operator == "Null" else tuple(told)
        elif lower == "aws:multifactorauthage" or (lower == "aws:multifactorauthpresent" and first.lower() == "true"):
            mfa = True
        elif lower not in ("aws:tagkeys", "aws:principalarn"):
            others.append(key)
    tags |= given.session_tags
    return Parameters(
        role_arn=documents.role.arn,
        session_name=given.session_name or values.get("sts:rolesessionname", _SESSION),
        external_id=given.external_id or values.get("sts:externalid"),
        source_identity=given.source_identity or values.get("sts:sourceidentity"),
        session_tags=tags,
        transitive_tag_keys=tuple(key for key in transitive if key in tags),
        mfa=mfa,
        others=tuple(dict.fromkeys(others)),
    )


def _statement(documents: GrantDocuments, half: SourceHalf) -> Mapping[str, Any]:
    """The statement that lets the principal in: one that names it, or else one that names its account or everybody."""
    account = documents.source_account_id
    wide = {"*", account, _ROOT.format(documents.partition, account)}
    allowing = [one for one in normal.statements(documents.role.trust_policy) if one.get("Effect") == "Allow"]
    for one in allowing:
        if half.arn in _names(one):
            return one
    for one in allowing:
        if wide & {*_names(one)} and _narrowed_to(one, half):
            return one
    return {}


def _names(statement: Mapping[str, Any]) -> list[str]:
    names: list[str] = normal.statement(statement).get("Principal", {}).get("AWS", [])
    return names


def _narrowed_to(statement: Mapping[str, Any], half: SourceHalf) -> bool:
    patterns = [value for _, key, told in _conditions(statement) if key.lower() == "aws:principalarn" for value in told]
    name = f"AWSReservedSSO_{half.name}_" if half.kind == "permission_set" else None
    if not patterns:
        return name is None
    if name:
        return any(f"/{name}" in pattern for pattern in patterns)
    return half.arn is not None and any(fnmatchcase(half.arn, pattern) for pattern in patterns)


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            yield operator, key, [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _like(pattern: str, user: str) -> str:
    """A text that the pattern matches."""
    text = re.sub(r"\$\{aws:username\}", user or _SESSION, pattern)
    return text.replace("*", _SESSION).replace("?", "x")
