"""What a grant's trust policy requires of a call of AssumeRole. Pure."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cross_account_access.grants.conditions import ASSUME_ROLE
from cross_account_access.grants.documents import Document, GrantDocuments, SourceHalf
from cross_account_access.grants.principal_kinds import MANY_ROLES
from cross_account_access.iam.evaluator import Caller, Policy, Request, decide
from cross_account_access.iam.identity_policy import VERSION
from cross_account_access.iam.operators import Operator
from cross_account_access.iam.policy_document import (
    list_conditions,
    list_principals,
    list_statements,
    list_values,
)

from .caller import CallerIdentity

_USER_NAME = re.compile(r"\$\{aws:username\}", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_EXTERNAL_ID = "sts:externalid"
_SESSION_NAME = "sts:rolesessionname"
_SOURCE_IDENTITY = "sts:sourceidentity"
_TRANSITIVE_KEYS = "sts:transitivetagkeys"
_PARAMETER_KEYS = frozenset({_EXTERNAL_ID, _SESSION_NAME, _SOURCE_IDENTITY, _TRANSITIVE_KEYS})
_REQUEST_TAG = "aws:requesttag/"
_MFA_PRESENT, _MFA_AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
# These follow from the caller alone, so they are known before any call.
_CALLER_KEYS = frozenset(
    {"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:userid", "aws:username"}
)
# These follow from the caller or from the tags, so they require nothing more.
_IMPLIED_KEYS = frozenset(
    {_TRANSITIVE_KEYS, "aws:tagkeys", "aws:principalarn", "sts:requestcontextproviders"}
)
_EXACT = frozenset({"StringEquals", "StringEqualsIgnoreCase"})
_POSITIVE = _EXACT | {"StringLike"}
ALLOW_EVERYTHING = Policy(
    "everything",
    {"Version": VERSION, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
)


@dataclass(frozen=True)
class TrustRequirements:
    """What one statement of a trust policy requires of the call.

    Attributes:
        external_ids: One of these; empty where none is required. So it is with the others.
        mfa: Whether MFA is required.
        session_names: Patterns, one of which the session's name must match.
        source_identities: Patterns likewise.
        session_tags: The values that each tag may have.
        transitive_tag_keys: The keys of tags that pass to the next role in a chain.
        other_keys: Condition keys that no parameter of a call sets, in the policy's own case.
    """

    external_ids: tuple[str, ...] = ()
    mfa: bool = False
    session_names: tuple[str, ...] = ()
    source_identities: tuple[str, ...] = ()
    session_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    other_keys: tuple[str, ...] = field(default=(), compare=False)

    @property
    def weight(self) -> tuple[bool, ...]:
        """How much is required: of two statements that apply, meeting the lighter one is enough."""
        return (
            self.mfa,
            bool(self.source_identities),
            bool(self.session_tags),
            bool(self.external_ids),
        )

    def accepts_session_name(self, name: str) -> bool:
        """Whether a session may have that name, whatever the values of policy variables are."""
        patterns = [_VARIABLE.sub("*", pattern) for pattern in self.session_names]
        return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)

    def choose_external_id(self, current: str | None) -> str | None:
        """Choose the external ID to pass.

        Args:
            current: The grant's own, beside which the previous one may still be accepted.
        """
        return current if current in self.external_ids else next(iter(self.external_ids), None)

    def select_transitive_keys(self, tags: Iterable[str]) -> tuple[str, ...]:
        """Select the transitive ones of the call's tags, in their own case: AWS takes no others."""
        required = {key.lower() for key in self.transitive_tag_keys}
        return tuple(key for key in tags if key.lower() in required)


# --- Which statements -----------------------------------------------------------------------------


def read_requirements(documents: GrantDocuments) -> list[TrustRequirements]:
    """Read the requirements of every statement, without duplicates."""
    unique: list[TrustRequirements] = []
    for requirements in map(_read_statement, _get_allow_statements(documents)):
        if requirements not in unique:
            unique.append(requirements)
    return unique


def read_principal_requirements(
    documents: GrantDocuments, half: SourceHalf
) -> list[TrustRequirements]:
    """Read the requirements of the statements that trust a principal."""
    return [_read_statement(statement) for statement in find_statements(documents, half)]


def find_requirements(
    documents: GrantDocuments, identity: CallerIdentity
) -> TrustRequirements | None:
    """Find the lightest requirements for a caller; None if no statement allows it."""
    if find_caller_exclusion(documents, identity.arn):
        return None
    callers = [
        Caller(identity.arn, identity.user_id, principal_arn, (ALLOW_EVERYTHING,))
        for principal_arn in _list_principal_arns(documents, identity.arn)
    ]
    return choose_lightest(
        _read_statement(statement)
        for statement in _get_allow_statements(documents)
        if any(_applies_to(statement, caller, documents.role.arn) for caller in callers)
    )


def choose_lightest(requirements: Iterable[TrustRequirements]) -> TrustRequirements | None:
    """Choose those that require least; None of none."""
    return min(requirements, key=lambda one: one.weight, default=None)


def find_statements(documents: GrantDocuments, half: SourceHalf) -> list[Document]:
    """Find the statements that trust a principal.

    A statement that names its account, or everybody, but is scoped to other principals is not one.
    """
    own = _list_condition_keys(half.scoping_conditions)
    others = [
        other.scoping_conditions
        for other in documents.principals
        if not _list_condition_keys(other.scoping_conditions) <= own
    ]
    statements = [
        statement
        for statement in _get_allow_statements(documents)
        if half.trusted_as in list_principals(statement["Principal"])
        and _has_conditions(statement, half.scoping_conditions)
    ]
    unscoped = [
        statement
        for statement in statements
        if not any(_has_conditions(statement, scoping) for scoping in others)
    ]
    # Where every statement has another principal's scope too, that is a condition of this one's.
    return unscoped or statements


def find_extra_conditions(statement: Document, half: SourceHalf) -> Document:
    """Find a statement's conditions beside those that scope it to the principal."""
    own = _list_condition_keys(half.scoping_conditions)
    return _filter_conditions(statement, lambda operator, key: (operator, key) not in own)


def _filter_conditions(statement: Document, keep: Callable[[str, str], bool]) -> Document:
    filtered = {
        operator: {key: value for key, value in keys.items() if keep(operator, key)}
        for operator, keys in statement.get("Condition", {}).items()
    }
    return {operator: keys for operator, keys in filtered.items() if keys}


def _list_condition_keys(conditions: Document) -> set[tuple[str, str]]:
    return {(operator, key) for operator, keys in conditions.items() for key in keys}


def _has_conditions(statement: Document, scoping: Document) -> bool:
    conditions = statement.get("Condition", {})
    return all(
        value in list_values(conditions.get(operator, {}).get(key, []))
        for operator, keys in scoping.items()
        for key, value in keys.items()
    )


def _get_allow_statements(documents: GrantDocuments) -> list[Document]:
    return [
        statement
        for statement in map(dict, list_statements(documents.role.trust_policy))
        if statement["Effect"] == "Allow" and ASSUME_ROLE in list_values(statement["Action"])
    ]


def _applies_to(statement: Document, caller: Caller, role: str) -> bool:
    """Whether a statement would allow the caller if the call met every requirement."""
    conditions = _filter_conditions(statement, lambda _, key: key.lower() in _CALLER_KEYS)
    reduced = {**statement, "Condition": conditions}
    trust = Policy("trust policy", {"Version": VERSION, "Statement": [reduced]})
    return decide(caller, Request(ASSUME_ROLE, role, {}), trust).allowed


def find_caller_exclusion(documents: GrantDocuments, arn: str) -> tuple[SourceHalf, str] | None:
    """Find the principal from which a caller is excluded, and by which name or ARN."""
    return next(
        filter(None, map(documents.find_exclusion, _list_principal_arns(documents, arn))), None
    )


def _list_principal_arns(documents: GrantDocuments, arn: str) -> list[str]:
    """List what aws:PrincipalArn of a caller may be; a session's ARN lacks the path of its role.

    A role that the grant names, as a principal or to exclude it, has the path that it is given
    there, since names are unique in an account.
    """
    if ":assumed-role/" not in arn:
        return [arn]
    if documents.is_own_role(arn):
        return [documents.role.arn]
    role = arn.split("/")[1]
    partition, account = arn.split(":")[1], arn.split(":")[4]
    path = "aws-reserved/sso.amazonaws.com/" if role.startswith("AWSReservedSSO_") else ""
    named = [half.arn for half in documents.principals if half.kind == "role" and half.arn]
    for half in documents.principals:
        for name in half.excluded_names:
            is_arn = name.startswith("arn:")
            named.append(name if is_arn else f"arn:{partition}:iam::{account}:role/{name}")
    same_name = (
        one
        for one in named
        if one.rpartition("/")[2] == role and one.split(":")[4] == account and ":role/" in one
    )
    if own := next(same_name, None):
        return [own]
    # At the path of a pattern, it may be one of those roles.
    paths = [
        half.name.rpartition("/")[0].removeprefix("/")
        for half in documents.principals
        if half.kind in MANY_ROLES and documents.get_account(half) == account
    ]
    paths = [path, *(f"{one}/" for one in paths if one)]
    return [f"arn:{partition}:iam::{account}:role/{one}{role}" for one in dict.fromkeys(paths)]


# --- What a statement requires --------------------------------------------------------------------


def _read_statement(statement: Document) -> TrustRequirements:
    parameters: defaultdict[str, list[str]] = defaultdict(list)
    tags: dict[str, tuple[str, ...]] = {}
    others: dict[str, None] = {}
    mfa = False
    for name, key, values in list_conditions(statement.get("Condition", {})):
        operator, lower = Operator.parse(name), key.lower()
        accepts = _accepts_values(operator, lower, values)
        if accepts and lower in _PARAMETER_KEYS:
            parameters[lower] += values
        elif accepts and lower.startswith(_REQUEST_TAG):
            tags[key[len(_REQUEST_TAG) :]] = tuple(values)
        elif _requires_mfa(operator, lower, values):
            mfa = True
        elif lower not in _IMPLIED_KEYS:
            others[key] = None
    return TrustRequirements(
        external_ids=tuple(parameters[_EXTERNAL_ID]),
        mfa=mfa,
        session_names=tuple(parameters[_SESSION_NAME]),
        source_identities=tuple(parameters[_SOURCE_IDENTITY]),
        session_tags=tags,
        transitive_tag_keys=tuple(parameters[_TRANSITIVE_KEYS]),
        other_keys=tuple(others),
    )


def _accepts_values(operator: Operator, key: str, values: list[str]) -> bool:
    """Whether the condition is met by one of its values."""
    if operator.negated or operator.base not in _POSITIVE:
        return False
    # An external ID is agreed on, so none is made up for a pattern.
    is_pattern = operator.base not in _EXACT and bool(re.search(r"[*?]", "".join(values)))
    return key != _EXTERNAL_ID or not is_pattern


def _requires_mfa(operator: Operator, key: str, values: list[str]) -> bool:
    if key not in (_MFA_PRESENT, _MFA_AGE):
        return False
    if operator.base == "Null":
        return values == ["false"]
    if key == _MFA_PRESENT:
        return operator.base == "Bool" and "true" in values
    return operator.base.startswith("Numeric")


def fill_pattern(
    pattern: str, *, user: str | None, instead: str | None, letter: str | None = None
) -> str | None:
    """Fill a trust policy's pattern with text that matches it; None where that is impossible.

    Args:
        pattern: With `*`, `?` and `${aws:username}`.
        user: The caller's user name.
        instead: The text for a `*`; None if nothing may be made up.
        letter: The text for a `?`; likewise.
    """
    if _USER_NAME.search(pattern):
        if user is None:
            return None
        pattern = _USER_NAME.sub(lambda _: user, pattern)
    for wildcard, text in (("*", instead), ("?", letter)):
        pattern = pattern if text is None else pattern.replace(wildcard, text)
    return None if re.search(r"[*?]|\$\{", pattern) else pattern
