"""On which terms a grant's trust policy lets somebody in: what a call of AssumeRole must bring. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from cross_account_access.conditions import ASSUME_ROLE
from cross_account_access.documents import GrantDocuments
from cross_account_access.evaluator import Caller, Policy, Request, decide
from cross_account_access.operators import listed
from cross_account_access.policies import VERSION

_USER_NAME = re.compile(r"\$\{aws:username\}", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_REQUEST_TAG = "aws:requesttag/"
# What follows from the caller alone, so that it is known before any call.
_OF_THE_CALLER = frozenset(
    {"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:userid", "aws:username"}
)
_EVERYTHING = Policy("any", {"Version": VERSION, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


@dataclass(frozen=True)
class Terms:
    """What one statement of a trust policy asks of the call.

    Attributes:
        external_ids: One of these; nothing where none is asked for. So are the others.
        mfa: Whether an MFA code is.
        session_names: Patterns, of which the session's name meets one.
        source_identities: Patterns likewise.
        session_tags: The values that each of the tags may have.
        transitive_tag_keys: The tags' keys that go on to the next role in a chain.
    """

    external_ids: tuple[str, ...] = ()
    mfa: bool = False
    session_names: tuple[str, ...] = ()
    source_identities: tuple[str, ...] = ()
    session_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()

    @property
    def weight(self) -> tuple[bool, ...]:
        """How much is asked for: of two statements that let somebody in the lighter one is enough."""
        return self.mfa, bool(self.source_identities), bool(self.session_tags), bool(self.external_ids)

    def accepts_session_name(self, name: str) -> bool:
        """Whether a session may have that name, as far as that can be told without the values of policy variables."""
        patterns = [_VARIABLE.sub("*", pattern) for pattern in self.session_names]
        return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


@dataclass(frozen=True)
class Identity:
    """Who calls, as `get-caller-identity` tells it.

    Attributes:
        arn: A user's, or a role session's.
        user_id: AIDA…, or AROA…:SESSION.
    """

    arn: str
    user_id: str

    @property
    def user(self) -> str | None:
        """The user's name; None for a role's session, which has none."""
        return self.arn.rpartition("/")[2] if ":user/" in self.arn else None


def terms_of(documents: GrantDocuments) -> list[Terms]:
    """The terms of every statement; alike ones once."""
    found: list[Terms] = []
    for statement in _statements(documents):
        terms = _terms(statement)
        if terms not in found:
            found.append(terms)
    return found


def terms_of_principal(
    documents: GrantDocuments, named: str, narrowing: Mapping[str, Mapping[str, Any]]
) -> list[Terms]:
    """The terms of the statements that name a principal so.

    Args:
        documents: The grant's.
        named: What stands in the statement's `Principal`.
        narrowing: The conditions that narrow that down.
    """

    def has(statement: Mapping[str, Any], operator: str, key: str, value: str) -> bool:
        return value in listed(statement.get("Condition", {}).get(operator, {}).get(key, []))

    return [
        _terms(statement)
        for statement in _statements(documents)
        if named in listed(statement["Principal"]["AWS"])
        and all(has(statement, operator, *key) for operator, keys in narrowing.items() for key in keys.items())
    ]


def terms_for(documents: GrantDocuments, identity: Identity) -> Terms | None:
    """The terms on which the trust policy lets a caller in, the lightest; None if it speaks of others only."""
    caller = Caller(identity.arn, identity.user_id, _principal_arn(documents, identity.arn), (_EVERYTHING,))
    fitting = [
        _terms(statement) for statement in _statements(documents) if _speaks_of(statement, caller, documents.role.arn)
    ]
    return min(fitting, key=lambda terms: terms.weight, default=None)


def filled(pattern: str, *, user: str | None, instead: str | None) -> str | None:
    """A text that meets a pattern of a trust policy; None where one can't be told.

    Args:
        pattern: With `*`, `?` and `${aws:username}`.
        user: The caller's user name.
        instead: What a `*` stands for; None if nothing may be made up.
    """
    if _USER_NAME.search(pattern):
        if user is None:
            return None
        pattern = _USER_NAME.sub(lambda _: user, pattern)
    if "*" in pattern and instead is not None:
        pattern = pattern.replace("*", instead)
    return None if re.search(r"[*?]|\$\{", pattern) else pattern


def _statements(documents: GrantDocuments) -> list[Mapping[str, Any]]:
    return [
        statement
        for statement in documents.role.trust_policy["Statement"]
        if statement["Effect"] == "Allow" and ASSUME_ROLE in listed(statement["Action"])
    ]


def _terms(statement: Mapping[str, Any]) -> Terms:
    external_ids: list[str] = []
    names: list[str] = []
    identities: list[str] = []
    transitive: list[str] = []
    tags: dict[str, tuple[str, ...]] = {}
    mfa = False
    for operator, keys in statement.get("Condition", {}).items():
        base = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:").removesuffix("IfExists")
        equals, alike = base == "StringEquals", base in ("StringEquals", "StringLike")
        for key, value in keys.items():
            values, lower = listed(value), key.lower()
            if lower == "sts:externalid" and equals:
                external_ids += values
            elif lower == "sts:rolesessionname" and alike:
                names += values
            elif lower == "sts:sourceidentity" and alike:
                identities += values
            elif lower == "sts:transitivetagkeys" and equals:
                transitive += values
            elif lower.startswith(_REQUEST_TAG) and alike:
                tags[key[len(_REQUEST_TAG) :]] = tuple(values)
            elif lower == "aws:multifactorauthpresent":
                mfa |= base == "Bool" and "true" in values
            elif lower == "aws:multifactorauthage":
                mfa |= base.startswith("Numeric") or (base == "Null" and values == ["false"])
    return Terms(tuple(external_ids), mfa, tuple(names), tuple(identities), tags, tuple(transitive))


def _speaks_of(statement: Mapping[str, Any], caller: Caller, role: str) -> bool:
    """Whether a statement would let the caller in with everything that it asks of the call."""
    narrowing = {
        operator: {key: value for key, value in keys.items() if key.lower() in _OF_THE_CALLER}
        for operator, keys in statement.get("Condition", {}).items()
    }
    reduced = {**statement, "Condition": {operator: keys for operator, keys in narrowing.items() if keys}}
    trust = Policy("trust policy", {"Version": VERSION, "Statement": [reduced]})
    return decide(caller, Request(ASSUME_ROLE, role, {}), trust).allowed


def _principal_arn(documents: GrantDocuments, arn: str) -> str:
    """aws:PrincipalArn of a caller: a session's ARN lacks its role's path, and the grant may know that."""
    if ":assumed-role/" not in arn:
        return arn
    role = arn.split("/")[1]
    path = "aws-reserved/sso.amazonaws.com/" if role.startswith("AWSReservedSSO_") else ""
    known = (half.arn for half in documents.principals if half.kind == "role" and half.arn)
    same_name = (one for one in known if one.rpartition("/")[2] == role and one.split(":")[4] == arn.split(":")[4])
    partition, account = arn.split(":")[1], arn.split(":")[4]
    return next(same_name, f"arn:{partition}:iam::{account}:role/{path}{role}")
