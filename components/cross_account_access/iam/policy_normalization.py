"""Write policy documents in one form, so that they compare by meaning and not by spelling.

Equal are: the order of statements and of lists, one value and a list of it, an account's ID and its
root user's ARN, `"*"` and `{"AWS": "*"}`, the letter case of actions and condition keys, `true` and
`"true"`, white space.

- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from .policy_document import list_statements, list_values, to_list
from .policy_grammar import OLD_VERSION

_ROOT_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root", re.ASCII)
_BOOLEAN_OPERATORS = frozenset({"Bool", "Null", "BoolIfExists"})


def normalize_policy(document: Mapping[str, Any] | str) -> dict[str, Any]:
    """Return a policy document, or its JSON text, in normal form.

    Raises:
        ValueError: If the text isn't a JSON object.
    """
    parsed = json.loads(document) if isinstance(document, str) else document
    if not isinstance(parsed, Mapping):
        raise ValueError("a policy must be a JSON object")  # noqa: TRY004 - as text that isn't JSON
    statements = sorted(map(normalize_statement, list_statements(parsed)), key=render_canonical)
    return dict(sorted({"Version": OLD_VERSION, **parsed, "Statement": statements}.items()))


def normalize_statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return one statement in normal form; an empty Condition is left out."""
    return {
        element: _normalize_element(element, value)
        for element, value in sorted(statement.items())
        if value or element != "Condition"
    }


def render_canonical(value: Any) -> str:
    """Return a value as JSON text, which is the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def compute_checksum(value: Any) -> str:
    """Return `sha256:` and 64 hexadecimal digits, the same for equal values."""
    return f"sha256:{sha256(render_canonical(value).encode()).hexdigest()}"


def _normalize_element(element: str, value: Any) -> Any:
    match element:
        case "Action" | "NotAction":
            return _sort_unique(str(action).lower() for action in to_list(value))
        case "Resource" | "NotResource":
            return _sort_unique(to_list(value))
        case "Principal" | "NotPrincipal":
            return _normalize_principal(value)
        case "Condition":
            return {
                operator: _normalize_keys(operator, keys)
                for operator, keys in sorted(value.items())
            }
        case _:
            return value


def _normalize_principal(principal: Any) -> dict[str, list[str]]:
    # Everyone is "*" or {"AWS": "*"}, with one meaning.
    kinds = principal if isinstance(principal, Mapping) else {"AWS": principal}
    return {
        kind: _sort_unique(_ROOT_ARN.sub(r"\1", name) for name in to_list(names))
        for kind, names in sorted(kinds.items())
    }


def _normalize_keys(operator: str, keys: Mapping[str, Any]) -> dict[str, list[str]]:
    # A key that stands there twice in different case is two conditions: they stay apart.
    unambiguous = len({key.lower() for key in keys}) == len(keys)
    named = {key.lower() if unambiguous else key: element for key, element in keys.items()}
    return {key: _normalize_values(operator, element) for key, element in sorted(named.items())}


def _normalize_values(operator: str, element: Any) -> list[str]:
    values = list_values(element)
    ignores_case = operator in _BOOLEAN_OPERATORS
    return _sort_unique(map(str.lower, values) if ignores_case else values)


def _sort_unique(values: Iterable[str]) -> list[str]:
    return sorted(set(values))
