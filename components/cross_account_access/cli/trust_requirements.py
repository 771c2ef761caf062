"""On which terms a grant's trust policy lets somebody in: what a call of AssumeRole must bring. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cross_account_access.grants.conditions import ASSUME_ROLE
from cross_account_access.grants.documents import Document, GrantDocuments, SourceHalf
from cross_account_access.iam.evaluator import Caller, Policy, Request, decide
from cross_account_access.iam.identity_policy import VERSION
from cross_account_access.iam.operators import Operator
from cross_account_access.iam.policy_document import (
    list_conditions,
    list_principals,
    list_statements,
    list_values,
)

from .caller import Identity

_USER_NAME = re.compile(r"\$\{aws:username\}", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_REQUEST_TAG = "aws:requesttag/"
# What follows from the caller alone, so that it is known before any call.
_OF_THE_CALLER = frozenset(
    {"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:userid", "aws:username"}
)
# What the call brings, or is said of the caller or the tags already.
_NOT_OTHERS = frozenset({"sts:transitivetagkeys", "aws:tagkeys", "aws:principalarn"})
_EXACT = frozenset({"StringEquals", "StringEqualsIgnoreCase"})
_POSITIVE = _EXACT | {"StringLike"}
_EVERYTHING = Policy(
    "any", {"Version": VERSION, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


@dataclass(frozen=True)
class TrustRequirements:
    """What one statement of a trust policy asks of the call.

    Attributes:
        external_ids: One of these; nothing where none is asked for. So are the others.
        mfa: Whether an MFA code is.
        session_names: Patterns, of which the session's name meets one.
        source_identities: Patterns likewise.
        session_tags: The values that each of the tags may have.
        transitive_tag_keys: The tags' keys that go on to the next role in a chain.
        others: Condition keys that no parameter of a call meets, as the trust policy writes them.
    """

    external_ids: tuple[str, ...] = ()
    mfa: bool = False
    session_names: tuple[str, ...] = ()
    source_identities: tuple[str, ...] = ()
    session_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    others: tuple[str, ...] = field(default=(), compare=False)

    @property
    def weight(self) -> tuple[bool, ...]:
        """How much is asked for: of two statements that let somebody in the lighter one is enough."""
        return (
            self.mfa,
            bool(self.source_identities),
            bool(self.session_tags),
            bool(self.external_ids),
        )

    def accepts_session_name(self, name: str) -> bool:
        """Whether a session may have that name, as far as that can be told without the values of policy variables."""
        patterns = [_VARIABLE.sub("*", pattern) for pattern in self.session_names]
        return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)

    def external_id(self, current: str | None) -> str | None:
        """The external ID to give.

        Args:
            current: The grant's own, beside which the one before may still be accepted.
        """
        return current if current in self.external_ids else next(iter(self.external_ids), None)

    def transitive(self, tags: Iterable[str]) -> tuple[str, ...]:
        """Those of the call's tags that go on, for AWS takes no other key; their case is the tags' own."""
        asked = {key.lower() for key in self.transitive_tag_keys}
        return tuple(key for key in tags if key.lower() in asked)


# --- Whose statements -----------------------------------------------------------------------------


def read_requirements(documents: GrantDocuments) -> list[TrustRequirements]:
    """The terms of every statement; alike ones once."""
    found: list[TrustRequirements] = []
    for statement in _statements(documents):
        terms = _terms(statement)
        if terms not in found:
            found.append(terms)
    return found


def read_principal_requirements(
    documents: GrantDocuments, half: SourceHalf
) -> list[TrustRequirements]:
    """The terms of the statements that let a principal in."""
    return [_terms(statement) for statement in find_statements(documents, half)]


def find_requirements(documents: GrantDocuments, identity: Identity) -> TrustRequirements | None:
    """The terms on which the trust policy lets a caller in, the lightest; None if it speaks of others only."""
    caller = Caller(
        identity.arn, identity.user_id, _principal_arn(documents, identity.arn), (_EVERYTHING,)
    )
    return choose_lightest(
        _terms(statement)
        for statement in _statements(documents)
        if _speaks_of(statement, caller, documents.role.arn)
    )


def choose_lightest(terms: Iterable[TrustRequirements]) -> TrustRequirements | None:
    """The terms that ask for least; None of none."""
    return min(terms, key=lambda one: one.weight, default=None)


def find_statements(documents: GrantDocuments, half: SourceHalf) -> list[Document]:
    """The statements that let a principal in, and not those that name its account, or everybody, for others alone."""
    own = _pairs(half.scoping_conditions)
    others = [
        one.scoping_conditions
        for one in documents.principals
        if not _pairs(one.scoping_conditions) <= own
    ]
    found = [
        statement
        for statement in _statements(documents)
        if half.trusted_as in list_principals(statement["Principal"])
        and _narrows(half.scoping_conditions, statement)
    ]
    # Where all of them are narrowed in others' way too, that is a condition of the principal's.
    return [one for one in found if not any(_narrows(other, one) for other in others)] or found


def find_extra_conditions(statement: Document, half: SourceHalf) -> Document:
    """A statement's conditions without those that narrow it down to the principal."""
    own = _pairs(half.scoping_conditions)
    kept = {
        operator: {key: value for key, value in keys.items() if (operator, key) not in own}
        for operator, keys in statement.get("Condition", {}).items()
    }
    return {operator: keys for operator, keys in kept.items() if keys}


def _pairs(conditions: Document) -> set[tuple[str, str]]:
    return {(operator, key) for operator, key, _ in list_conditions(conditions)}


def _narrows(narrowing: Document, statement: Document) -> bool:
    conditions = statement.get("Condition", {})
    return all(
        value in list_values(conditions.get(operator, {}).get(key, []))
        for operator, keys in narrowing.items()
        for key, value in keys.items()
    )


def _statements(documents: GrantDocuments) -> list[Document]:
    return [
        statement
        for statement in list_statements(documents.role.trust_policy)
        if statement["Effect"] == "Allow" and ASSUME_ROLE in list_values(statement["Action"])
    ]


def _speaks_of(statement: Document, caller: Caller, role: str) -> bool:
    """Whether a statement would let the caller in with everything that it asks of the call."""
    narrowing = {
        operator: {key: value for key, value in keys.items() if key.lower() in _OF_THE_CALLER}
        for operator, keys in statement.get("Condition", {}).items()
    }
    reduced = {
        **statement,
        "Condition": {operator: keys for operator, keys in narrowing.items() if keys},
    }
    trust = Policy("trust policy", {"Version": VERSION, "Statement": [reduced]})
    return decide(caller, Request(ASSUME_ROLE, role, {}), trust).allowed


def _principal_arn(documents: GrantDocuments, arn: str) -> str:
    """aws:PrincipalArn of a caller: a session's ARN lacks its role's path, and the grant may know that."""
    if ":assumed-role/" not in arn:
        return arn
    role = arn.split("/")[1]
    path = "aws-reserved/sso.amazonaws.com/" if role.startswith("AWSReservedSSO_") else ""
    known = (half.arn for half in documents.principals if half.kind == "role" and half.arn)
    same_name = (
        one
        for one in known
        if one.rpartition("/")[2] == role and one.split(":")[4] == arn.split(":")[4]
    )
    partition, account = arn.split(":")[1], arn.split(":")[4]
    return next(same_name, f"arn:{partition}:iam::{account}:role/{path}{role}")


# --- What a statement asks for --------------------------------------------------------------------


def _terms(statement: Document) -> TrustRequirements:
    asked: dict[str, list[str]] = {
        "sts:externalid": [],
        "sts:rolesessionname": [],
        "sts:sourceidentity": [],
    }
    transitive: list[str] = []
    tags: dict[str, tuple[str, ...]] = {}
    others: dict[str, None] = {}
    mfa = False
    for operator, keys in statement.get("Condition", {}).items():
        known = Operator.parse(operator)
        for key, element in keys.items():
            values, lower = list_values(element), key.lower()
            positive = known.base in _POSITIVE and not known.negated
            if lower == "sts:externalid":
                # Nothing is made up for a pattern.
                positive = positive and (
                    known.base in _EXACT or not re.search(r"[*?]", "".join(values))
                )
            if positive and lower in asked:
                asked[lower] += values
            elif positive and lower == "sts:transitivetagkeys":
                transitive += values
            elif positive and lower.startswith(_REQUEST_TAG):
                tags[key[len(_REQUEST_TAG) :]] = tuple(values)
            elif _asks_for_mfa(known, lower, values):
                mfa = True
            elif lower not in _NOT_OTHERS:
                others[key] = None
    ids, names, identities = (tuple(values) for values in asked.values())
    return TrustRequirements(ids, mfa, names, identities, tags, tuple(transitive), tuple(others))


def _asks_for_mfa(operator: Operator, key: str, values: list[str]) -> bool:
    if key not in ("aws:multifactorauthpresent", "aws:multifactorauthage"):
        return False
    if operator.base == "Null":
        return values == ["false"]
    present = key == "aws:multifactorauthpresent"
    return (
        operator.base == "Bool" and "true" in values
        if present
        else operator.base.startswith("Numeric")
    )


def fill_pattern(
    pattern: str, *, user: str | None, instead: str | None, letter: str | None = None
) -> str | None:
    """A text that meets a pattern of a trust policy; None where one can't be told.

    Args:
        pattern: With `*`, `?` and `${aws:username}`.
        user: The caller's user name.
        instead: What a `*` stands for; None if nothing may be made up.
        letter: What a `?` stands for; likewise.
    """
    if _USER_NAME.search(pattern):
        if user is None:
            return None
        pattern = _USER_NAME.sub(lambda _: user, pattern)
    for wildcard, text in (("*", instead), ("?", letter)):
        pattern = pattern if text is None else pattern.replace(wildcard, text)
    return None if re.search(r"[*?]|\$\{", pattern) else pattern
