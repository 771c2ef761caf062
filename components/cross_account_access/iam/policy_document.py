"""Walk policy documents, in which one statement or one value may stand without its list.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class StatementCondition(NamedTuple):
    """One key of one operator of a statement's Condition, with all the values it may have."""

    operator: str
    key: str
    values: list[str]


def to_list(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as the only item of one."""
    return list(value) if isinstance(value, list | tuple) else [value]


def list_statements(document: Mapping[str, Any]) -> list[Any]:
    """Return a document's statements; they are objects unless the document is malformed."""
    statements = document.get("Statement")
    return [] if statements is None else to_list(statements)


def list_values(element: Any) -> list[str]:
    """Return the values of an element or of a condition key, as strings.

    IAM takes JSON's numbers and booleans as their text:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_datatypes.html
    """
    return [
        str(value).lower() if isinstance(value, bool) else str(value) for value in to_list(element)
    ]


def list_conditions(condition: Mapping[str, Any]) -> list[StatementCondition]:
    """Return the conditions of a statement's Condition, in its order; all of them must be met."""
    return [
        StatementCondition(operator, key, list_values(element))
        for operator, keys in condition.items()
        for key, element in keys.items()
    ]


def list_principals(principal: Any, kind: str = "AWS") -> list[str]:
    """Return the names of a kind in a statement's Principal.

    By default these are AWS's own: `*`, accounts, users and roles. The other kinds are `Service`
    and `Federated`, which is an identity provider.
    """
    if isinstance(principal, Mapping):
        return list_values(principal.get(kind, []))
    return ["*"] if principal == "*" else []
