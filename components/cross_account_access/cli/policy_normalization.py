"""Policy documents in one form, so that two are compared by what they mean and not by how they are written.

What is equal: the order of statements and of lists, one value and a list of it, an account's ID and its root user's
ARN, `"*"` and `{"AWS": "*"}`, the letter case of actions and condition keys, `true` and `"true"`, white space.

- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from cross_account_access.grants.documents import Document, GrantDocuments
from cross_account_access.iam.findings import AccountSide

_ROOT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root", re.ASCII)
_VERSION = "2008-10-17"  # of a policy that has none
_WITHOUT_CASE = frozenset({"Bool", "Null", "BoolIfExists"})  # whose values are true and false


def normalize_policy(document: Mapping[str, Any] | str) -> Document:
    """The document in one form; as JSON text too.

    Raises:
        ValueError: If the text is no JSON object.
    """
    parsed = json.loads(document) if isinstance(document, str) else document
    if not isinstance(parsed, Mapping):
        raise ValueError("a policy is a JSON object")  # noqa: TRY004 - as a text that is no JSON
    found = {"Version": _VERSION, **parsed}
    found["Statement"] = sorted(
        (normalize_statement(one) for one in normalize_statements(parsed)), key=render_canonical
    )
    return dict(sorted(found.items()))


def normalize_statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The document's statements; one may stand without its list."""
    found = document.get("Statement", [])
    return [found] if isinstance(found, Mapping) else list(found)


def normalize_statement(given: Mapping[str, Any]) -> Document:
    """One statement in one form."""
    found: Document = {}
    for element, value in sorted(given.items()):
        match element:
            case "Action" | "NotAction":
                found[element] = _several(str(action).lower() for action in _listed(value))
            case "Resource" | "NotResource":
                found[element] = _several(_listed(value))
            case "Principal" | "NotPrincipal":
                found[element] = _principal(value)
            case "Condition" if not value:
                continue
            case "Condition":
                found[element] = {
                    operator: _keys(operator, keys) for operator, keys in sorted(value.items())
                }
            case _:
                found[element] = value
    return found


def render_canonical(value: Any) -> str:
    """A value as JSON text that is the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


# --- What is handed over --------------------------------------------------------------------------


def build_destination_half(
    *,
    trust_policy: Mapping[str, Any],
    inline_policies: Mapping[str, Mapping[str, Any]],
    managed_policies: Sequence[str],
    permissions_boundary: str | None,
    max_session_duration: int | None,
) -> Document:
    """What makes out a destination's role, of a grant's documents and of what stands alike."""
    return {
        "trustPolicy": normalize_policy(trust_policy),
        "inlinePolicies": {
            name: normalize_policy(document) for name, document in inline_policies.items()
        },
        "managedPolicies": sorted(set(managed_policies)),
        "permissionsBoundary": permissions_boundary,
        "maxSessionDuration": max_session_duration or 3600,
    }


def build_source_half(policies: Mapping[str, Mapping[str, Any] | None]) -> Document:
    """What makes out a source: each principal's policy for the role, by the principal's kind and name, `user team/x`.

    Args:
        policies: None where a principal has no such policy.
    """
    return {
        name: normalize_policy(document) if document else None
        for name, document in policies.items()
    }


def build_expected_half(documents: GrantDocuments, half: AccountSide) -> Document:
    """What a grant means one half to be."""
    if half == "source":
        return build_source_half(
            {f"{one.kind} {one.name}": one.needs for one in documents.principals}
        )
    role = documents.role
    return build_destination_half(
        trust_policy=role.trust_policy,
        inline_policies=role.inline_policies,
        managed_policies=role.managed_policies,
        permissions_boundary=role.permissions_boundary,
        max_session_duration=role.max_session_duration,
    )


def compute_checksum(half: Document) -> str:
    """What tells a half from another, `sha256:` and 64 hexadecimal digits: of `meant`, or of what stands."""
    return f"sha256:{sha256(render_canonical(half).encode()).hexdigest()}"


# --- Elements -------------------------------------------------------------------------------------


def _principal(value: Any) -> Document:
    # Everybody is "*" or {"AWS": "*"}, with one meaning.
    kinds = value if isinstance(value, Mapping) else {"AWS": value}
    return {
        kind: _several(_ROOT.sub(r"\1", name) for name in _listed(names))
        for kind, names in sorted(kinds.items())
    }


def _keys(operator: str, keys: Mapping[str, Any]) -> Document:
    lower = {key.lower() for key in keys}
    # The same key twice is two conditions: they stay apart.
    named = {key.lower() if len(lower) == len(keys) else key: value for key, value in keys.items()}
    return {key: _values(operator, value) for key, value in sorted(named.items())}


def _values(operator: str, value: Any) -> list[str]:
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in _listed(value)]
    return (
        _several(text.lower() for text in texts) if operator in _WITHOUT_CASE else _several(texts)
    )


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _several(values: Any) -> list[str]:
    return sorted(set(values))
