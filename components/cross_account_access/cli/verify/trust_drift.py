"""How a trust policy in an account differs from the stack's, for a person. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from cross_account_access.grants.documents import Document
from cross_account_access.iam.policy_document import list_statements
from cross_account_access.iam.policy_normalization import normalize_policy, render_canonical

_UNIQUE_ID = re.compile(r"A(IDA|ROA)[A-Z0-9]{12,}", re.ASCII)
_SECRET_KEY = "sts:externalid"  # noqa: S105 - the key's name
_ORDERED = re.compile("^(?:Numeric|Date)(Less|Greater)Than")
_OTHER_ELEMENTS = ("NotAction", "NotPrincipal", "Resource", "NotResource")


@dataclass
class TrustDrift:
    """The differences between two trust policies.

    Attributes:
        wider: Those by which it allows more.
        narrower: Those by which it allows less.
        dead: Unique IDs in the place of an ARN, whose principals were deleted.
        cosmetic: Whether it differs, but allows the same.
        sids_only: Whether it differs in Sids and in nothing else.
    """

    wider: list[str] = field(default_factory=list)
    narrower: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    cosmetic: bool = False
    sids_only: bool = False


def compare_trust_policies(
    expected: Mapping[str, Any], actual: Mapping[str, Any], arns: Mapping[str, str]
) -> TrustDrift:
    """Compare two trust policies by what they allow.

    Args:
        expected: The stack's.
        actual: The account's.
        arns: The ARNs of the stack's principals by their unique IDs.
    """
    old, new = normalize_policy(expected), normalize_policy(actual)
    drift = TrustDrift(dead=_find_dead_ids(old, new))
    if drift.dead:
        new = replace_deleted_ids(new, drift.dead, _list_policy_principals(old), arns)
    key_names = _map_key_names(expected) | _map_key_names(actual)
    for before, after in _pair_statements(old["Statement"], new["Statement"]):
        if before is None or after is None:
            _compare_presence(before, after, drift)
        else:
            _StatementComparison(before, after, key_names, drift).compare()
    if _without_sids(old) == _without_sids(new):
        drift.cosmetic = old != new
        drift.sids_only = drift.cosmetic and old | {"Statement": []} == new | {"Statement": []}
    else:
        drift.cosmetic = not drift.wider and not drift.narrower
    return drift


def _find_dead_ids(old: Document, new: Document) -> list[str]:
    names = _list_policy_principals(new) - _list_policy_principals(old)
    return sorted(name for name in names if _UNIQUE_ID.fullmatch(name))


def replace_deleted_ids(
    policy: Document, dead: list[str], expected: set[str], arns: Mapping[str, str]
) -> Document:
    """Replace deleted principals' unique IDs by their ARNs, so that the rest can be compared.

    Args:
        policy: A normalized trust policy.
        dead: The unique IDs.
        expected: The principals of the stack's trust policy.
        arns: The ARNs of the stack's principals by their unique IDs. For an ID without one a
            principal that is missing is assumed.
    """
    replacements = {unique_id: arns[unique_id] for unique_id in dead if unique_id in arns}
    missing = sorted(expected - _list_policy_principals(policy) - {*replacements.values()})
    without_arn = [unique_id for unique_id in dead if unique_id not in replacements]
    replacements |= dict(zip(without_arn, missing, strict=False))
    return {
        **policy,
        "Statement": [
            _replace_principals(statement, replacements, dead) for statement in policy["Statement"]
        ],
    }


def _replace_principals(
    statement: Document, replacements: Mapping[str, str], dead: list[str]
) -> Document:
    if "AWS" not in statement.get("Principal", {}):
        return statement
    names = {
        replacements.get(name, name)
        for name in statement["Principal"]["AWS"]
        if name in replacements or name not in dead
    }
    return {**statement, "Principal": {**statement["Principal"], "AWS": sorted(names)}}


# --- Statements -----------------------------------------------------------------------------------


def _pair_statements(
    old: list[Document], new: list[Document]
) -> Iterator[tuple[Document | None, Document | None]]:
    """Pair each changed statement with what it became; None where there is no counterpart."""
    remaining = list(new)
    changed = []
    for before in old:
        equal = [after for after in remaining if _without_sid(after) == _without_sid(before)]
        if equal:
            remaining.remove(equal[0])
        else:
            changed.append(before)
    for before in changed:
        after = max(remaining, key=lambda other: _rate_similarity(before, other), default=None)
        if after is not None and _rate_similarity(before, after):
            remaining.remove(after)
            yield before, after
        else:
            yield before, None
    for after in remaining:
        yield None, after


def _without_sid(statement: Document) -> Document:
    return {element: value for element, value in statement.items() if element != "Sid"}


def _without_sids(policy: Document) -> list[str]:
    return sorted(render_canonical(_without_sid(one)) for one in policy["Statement"])


def _rate_similarity(before: Document, after: Document) -> int:
    same_sid = bool(before.get("Sid")) and before.get("Sid") == after.get("Sid")
    elements = ("Principal", "Action", "Condition")
    same = sum(bool(before.get(key) == after.get(key)) for key in elements)
    return 10 * same_sid + (same if before.get("Effect") == after.get("Effect") else 0)


def _compare_presence(before: Document | None, after: Document | None, drift: TrustDrift) -> None:
    statement = before or after or {}
    allows = statement.get("Effect") == "Allow"
    callers = _flatten_conditions(statement).get(("ArnLike", "aws:principalarn"), [])
    names = _list_principals(statement) if allows else callers or _list_principals(statement)
    principals = ", ".join(names) or "others"
    actions = statement.get("Action", [])
    # Of a principal's statements, only one may be about assuming the role.
    more = "" if not actions or _may_assume(actions) else f" {', '.join(actions)}"
    text = f"{'allows' if allows else 'denies'} {principals}{more}"
    if before is None:
        (drift.wider if allows else drift.narrower).append(f"an extra statement {text}")
    else:
        (drift.narrower if allows else drift.wider).append(f"a statement that {text} is missing")


def _may_assume(actions: list[str]) -> bool:
    return any(fnmatchcase("sts:assumerole", pattern) for pattern in actions)


@dataclass
class _StatementComparison:
    """One statement before and after; of a Deny, what is wider makes the policy narrower."""

    before: Document
    after: Document
    key_names: Mapping[str, str]
    drift: TrustDrift

    def compare(self) -> None:
        effect = self.after.get("Effect")
        if self.before.get("Effect") != effect:
            self.add(f"a statement's effect is now {effect}", wider=effect != "Deny")
            return
        denies = effect == "Deny"
        self.compare_sets("principal", _list_all_principals, denies=denies)
        self.compare_sets("action", lambda one: {*one.get("Action", ())}, denies=denies)
        for element in _OTHER_ELEMENTS:
            if self.before.get(element) != self.after.get(element):
                self.add(f"{element} differs", wider=not denies)
        old, new = _flatten_conditions(self.before), _flatten_conditions(self.after)
        for operator, key in sorted(old.keys() | new.keys()):
            values = old.get((operator, key)), new.get((operator, key))
            self.compare_condition(operator, key, values, denies=denies)

    def add(self, text: str, *, wider: bool) -> None:
        (self.drift.wider if wider else self.drift.narrower).append(text)

    def compare_sets(
        self, noun: str, read: Callable[[Document], set[str]], *, denies: bool
    ) -> None:
        old, new = read(self.before), read(self.after)
        for name in sorted(new - old):
            self.add(f"{noun} {name} is extra", wider=not denies)
        for name in sorted(old - new):
            self.add(f"{noun} {name} is missing", wider=denies)

    def compare_condition(
        self,
        operator: str,
        key: str,
        values: tuple[list[str] | None, list[str] | None],
        *,
        denies: bool,
    ) -> None:
        old, new = values
        name = f"condition {operator} {self.key_names.get(key, key)}"
        if new is None:
            self.add(f"{name} is missing", wider=not denies)
        elif old is None:
            self.add(f"{name} is extra", wider=denies)
        elif old != new:
            change = f"{', '.join(new)} instead of {', '.join(old)}"
            text = f"{name} has {'other values' if key == _SECRET_KEY else change}"
            # A deny that no longer matches something makes the policy wider.
            before, after = (new, old) if denies else (old, new)
            self.add(text, wider=_is_looser(operator, before, after))


def _flatten_conditions(statement: Document) -> dict[tuple[str, str], list[str]]:
    return {
        (operator, key): values
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    }


def _is_looser(operator: str, old: list[str], new: list[str]) -> bool:
    """Whether the new values match something that the old ones don't."""
    if (ordered := _ORDERED.match(operator)) and len(old) == len(new) == 1:
        larger = _sort_key(new[0]) > _sort_key(old[0])
        return larger if ordered[1] == "Less" else not larger
    added, removed = {*new} - {*old}, {*old} - {*new}
    # A negated operator matches whatever it doesn't list.
    return bool(removed if "Not" in operator else added)


def _sort_key(text: str) -> tuple[float, str]:
    try:
        return float(text), ""
    except ValueError:
        return 0.0, text


def _list_principals(statement: Document) -> list[str]:
    return list(statement.get("Principal", {}).get("AWS", []))


def _list_policy_principals(policy: Document) -> set[str]:
    return {name for statement in policy["Statement"] for name in _list_principals(statement)}


def _list_all_principals(statement: Document) -> set[str]:
    """List the principals, those of other kinds than AWS with their kind."""
    return {
        name if kind == "AWS" else f"{kind} {name}"
        for kind, names in statement.get("Principal", {}).items()
        for name in names
    }


def _map_key_names(document: Mapping[str, Any]) -> dict[str, str]:
    """Map each condition key in lower case to the case that the document uses."""
    return {
        key.lower(): key
        for statement in list_statements(document)
        for keys in statement.get("Condition", {}).values()
        for key in keys
    }
