"""Which statements of a role's trust policy are a principal's, and under which conditions they let it in."""

import re
from collections.abc import Mapping

from cross_account_access.documents import Document, GrantDocuments, SourceHalf
from cross_account_access.operators import listed
from cross_account_access.principals import EVERYBODY

from . import words

NOT_TRUSTED = "not trusted by the role"


def trusted_under(documents: GrantDocuments, half: SourceHalf) -> list[tuple[str, ...]]:
    """The conditions of each statement that trusts a principal, in words, without what names the principal itself."""
    found = []
    for statement in documents.role.trust_policy.get("Statement", []):
        rest = _unnamed(statement, documents, half)
        if rest is not None:
            by_name = half.kind in ("user", "role") and half.arn not in _named(statement)
            found.append((*words.conditions(rest), *(["whoever has that name"] if by_name else [])))
    return found or [(NOT_TRUSTED,)]


def _unnamed(statement: Document, documents: GrantDocuments, half: SourceHalf) -> Document | None:
    """The statement's conditions without the one that names the principal; None where it isn't the principal's."""
    named = _named(statement)
    conditions: Document = statement.get("Condition", {})
    if half.kind in ("user", "role", "session") and half.arn in named:
        return conditions
    root = f"arn:{documents.partition}:iam::{documents.source_account_id}:root"
    if half.kind in ("group", "account"):
        # Beside it in the role may stand others that are trusted by their names.
        others = [p for p in documents.principals if _narrows(conditions, p)]
        return conditions if root in named and not others else None
    everybody = half.kind in ("organization", "organizational_unit")
    if (EVERYBODY if everybody else root) not in named or not _narrows(conditions, half):
        return None
    return _without(conditions, half)


def _named(statement: Document) -> list[str]:
    given = statement.get("Principal", {})
    return listed(given.get("AWS", []) if isinstance(given, Mapping) else given)


def _narrowing(half: SourceHalf) -> tuple[str, str, str] | None:
    """The operator, key and value (a pattern) that narrow a wider principal down to this one."""
    match half.kind:
        case "user" | "role" if half.arn:
            return "ArnLike", "aws:PrincipalArn", re.escape(half.arn)
        case "permission_set":
            return "ArnLike", "aws:PrincipalArn", rf".*/AWSReservedSSO_{re.escape(half.name)}_\?+"
        case "organization":
            return "StringEquals", "aws:PrincipalOrgID", re.escape(half.name)
        case "organizational_unit":
            return "ForAnyValue:StringLike", "aws:PrincipalOrgPaths", re.escape(half.name.rstrip("/")) + r"/\*"
    return None


def _narrows(conditions: Document, half: SourceHalf) -> bool:
    if (narrowing := _narrowing(half)) is None:
        return False
    operator, key, pattern = narrowing
    return any(re.fullmatch(pattern, value) for value in listed(conditions.get(operator, {}).get(key, [])))


def _without(conditions: Document, half: SourceHalf) -> Document:
    operator, key, _ = _narrowing(half) or ("", "", "")
    return {
        name: {inner: value for inner, value in keys.items() if (name, inner) != (operator, key)}
        for name, keys in conditions.items()
    }
