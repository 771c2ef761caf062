"""Whether the trust policy in a grant's record is scoped down as the record's principals are."""

from collections.abc import Sequence

from cross_account_access.errors import Refusal
from cross_account_access.iam.policy_document import list_principals, list_statements, list_values

from .documents import Document, GrantDocuments, SourceHalf


def check_scopes(record: GrantDocuments) -> None:
    """Check that each statement is scoped down to those whom the record names by its Principal.

    Args:
        record: The record, whose principals and trust policy are checked each by itself.

    Raises:
        Refusal: If a statement would let in more than them.
    """
    for position, statement in enumerate(list_statements(record.role.trust_policy)):
        if statement["Effect"] != "Allow":
            continue
        for name in list_principals(statement["Principal"]):
            halves = [half for half in record.principals if half.trusted_as == name]
            if halves and not any(_is_scoped(statement, half, halves) for half in halves):
                raise Refusal(
                    "must be scoped down to the record's principals, by their `narrowing`",
                    code="trust-of-others",
                    where=("role", "trustPolicy", "Statement", position),
                    value=name,
                )


def _is_scoped(statement: Document, half: SourceHalf, halves: Sequence[SourceHalf]) -> bool:
    """Whether a statement has a principal's scope, or that of several which share its keys."""
    conditions = statement.get("Condition", {})
    for operator, keys in half.scoping_conditions.items():
        for key in keys:
            known = {one.scoping_conditions.get(operator, {}).get(key) for one in halves}
            values = list_values(conditions.get(operator, {}).get(key, []))
            if not values or not known.issuperset(values):
                return False
    return True
