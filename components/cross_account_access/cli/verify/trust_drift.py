"""How a trust policy that stands differs from the one that is meant, in plain words. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cross_account_access.grants.documents import Document
from cross_account_access.iam import policy_normalization as normal
from cross_account_access.iam.policy_document import list_conditions, list_statements

_UNIQUE_ID = re.compile(r"A(IDA|ROA)[A-Z0-9]{12,}", re.ASCII)
_SECRET_KEY = "sts:externalid"  # noqa: S105 - the key's name
_ORDERED = re.compile("^(?:Numeric|Date)(Less|Greater)Than")


@dataclass
class Drift:
    """What is other than meant.

    Attributes:
        wider: What lets in more.
        narrower: What lets in less.
        dead: Unique ids in an ARN's place.
        other: Whether it differs in nothing but words.
    """

    wider: list[str] = field(default_factory=list)
    narrower: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    other: bool = False


def drift(meant: Mapping[str, Any], standing: Mapping[str, Any], arns: Mapping[str, str]) -> Drift:
    """Compare two trust policies by what they let in.

    Args:
        meant: What the stack means.
        standing: What AWS has.
        arns: The ARNs of the stack's principals by their unique ids.
    """
    result = Drift()
    wanted, there = normal.normalize_policy(meant), normal.normalize_policy(standing)
    expected = sorted({name for one in wanted["Statement"] for name in _principals(one)})
    result.dead = sorted(
        {
            name
            for one in there["Statement"]
            for name in _principals(one)
            if _UNIQUE_ID.fullmatch(name)
        }
        - {*expected}
    )
    if result.dead:
        there = _revived(there, result.dead, expected, arns)
    names = _names_of_keys(meant) | _names_of_keys(standing)
    for one, other in _pairs(wanted["Statement"], there["Statement"]):
        _compare(one, other, names, result)
    same = _without_words(wanted) == _without_words(there)
    result.other = same and wanted != there
    if not same and not result.wider and not result.narrower:
        result.other = True
    return result


def _revived(
    there: Document, dead: list[str], expected: list[str], arns: Mapping[str, str]
) -> Document:
    """The policy with the ARNs that the dead ids once were, so that all else is compared."""
    present = {name for one in there["Statement"] for name in _principals(one)}
    missing = [name for name in expected if name not in present]
    known = {unique_id: arns[unique_id] for unique_id in dead if unique_id in arns}
    rest = [name for name in missing if name not in known.values()]
    known |= dict(
        zip([unique_id for unique_id in dead if unique_id not in known], rest, strict=False)
    )
    changed = [dict(one) for one in there["Statement"]]
    for one in changed:
        if "AWS" in one.get("Principal", {}):
            names = [
                known.get(name, "" if name in dead else name) for name in one["Principal"]["AWS"]
            ]
            one["Principal"] = {**one["Principal"], "AWS": sorted({name for name in names if name})}
    return {**there, "Statement": changed}


def _without_words(policy: Document) -> list[str]:
    return sorted(
        normal.render_canonical({k: v for k, v in one.items() if k != "Sid"})
        for one in policy["Statement"]
    )


def _pairs(
    wanted: list[Document], there: list[Document]
) -> Iterator[tuple[Document | None, Document | None]]:
    """Each statement with the one that became of it, as far as that can be told."""
    left = list(there)
    unmatched = []
    for one in wanted:
        if (
            match := next((other for other in left if _bare(other) == _bare(one)), None)
        ) is not None:
            left.remove(match)
        else:
            unmatched.append(one)
    for one in unmatched:
        alike = sorted(left, key=lambda other: _likeness(one, other), reverse=True)
        match = alike[0] if alike and _likeness(one, alike[0]) else None
        if match is not None:
            left.remove(match)
        yield one, match
    for other in left:
        yield None, other


def _bare(statement: Document) -> Document:
    return {key: value for key, value in statement.items() if key != "Sid"}


def _likeness(one: Document, other: Document) -> int:
    same_sid = bool(one.get("Sid")) and one.get("Sid") == other.get("Sid")
    same = sum(one.get(key) == other.get(key) for key in ("Principal", "Action", "Condition"))
    return 10 * same_sid + (same if one.get("Effect") == other.get("Effect") else 0)


def _compare(
    one: Document | None, other: Document | None, names: Mapping[str, str], result: Drift
) -> None:
    if one is None or other is None:
        statement, there = (other, True) if one is None else (one, False)
        if statement is None:
            return
        allows = statement.get("Effect") == "Allow"
        whom = ", ".join(_principals(statement)) or "others"
        text = f"a statement {'more' if there else 'less'}, which {'allows' if allows else 'denies'} {whom}"
        (result.wider if allows == there else result.narrower).append(text)
        return
    if one.get("Effect") != other.get("Effect"):
        denies = other.get("Effect") == "Deny"
        (result.narrower if denies else result.wider).append(
            f"a statement's effect became {other.get('Effect')}"
        )
        return
    wider, narrower = result.wider, result.narrower
    if one.get("Effect") == "Deny":
        wider, narrower = narrower, wider
    _compare_sets(_all_principals(one), _all_principals(other), "principal", wider, narrower)
    _compare_sets({*one.get("Action", ())}, {*other.get("Action", ())}, "action", wider, narrower)
    for element in ("NotAction", "NotPrincipal", "Resource", "NotResource"):
        if one.get(element) != other.get(element):
            wider.append(f"{element} is another")
    _compare_conditions(
        one.get("Condition", {}), other.get("Condition", {}), names, wider, narrower
    )


def _compare_sets(
    wanted: set[str], there: set[str], noun: str, wider: list[str], narrower: list[str]
) -> None:
    wider += [f"{noun} {name} more" for name in sorted(there - wanted)]
    narrower += [f"{noun} {name} less" for name in sorted(wanted - there)]


def _compare_conditions(
    wanted: Document,
    there: Document,
    names: Mapping[str, str],
    wider: list[str],
    narrower: list[str],
) -> None:
    before = {(operator, key): values for operator, key, values in list_conditions(wanted)}
    after = {(operator, key): values for operator, key, values in list_conditions(there)}
    for operator, key in sorted(before.keys() | after.keys()):
        name = f"{operator} {names.get(key, key)}"
        old, new = before.get((operator, key)), after.get((operator, key))
        if new is None:
            wider.append(f"condition {name} is gone")
        elif old is None:
            narrower.append(f"condition {name} more")
        elif old != new:
            told = (
                "other values"
                if key == _SECRET_KEY
                else f"{', '.join(new)} instead of {', '.join(old)}"
            )
            (wider if _loosened(operator, old, new) else narrower).append(
                f"condition {name} has {told}"
            )


def _loosened(operator: str, old: list[str], new: list[str]) -> bool:
    """Whether the new values are met by something that the old ones aren't met by."""
    if (ordered := _ORDERED.match(operator)) and len(old) == len(new) == 1:
        larger = _number(new[0]) > _number(old[0])
        return larger if ordered[1] == "Less" else not larger
    more, less = {*new} - {*old}, {*old} - {*new}
    # A negated operator is met by whatever it doesn't list.
    return bool(less if "Not" in operator else more)


def _number(text: str) -> tuple[float, str]:
    try:
        return float(text), ""
    except ValueError:
        return 0.0, text


def _principals(statement: Document) -> list[str]:
    return list(statement.get("Principal", {}).get("AWS", []))


def _all_principals(statement: Document) -> set[str]:
    kinds = statement.get("Principal", {})
    return {
        name if kind == "AWS" else f"{kind} {name}"
        for kind, names in kinds.items()
        for name in names
    }


def _names_of_keys(document: Mapping[str, Any]) -> dict[str, str]:
    """The condition keys as the document writes them, by their lower case."""
    return {
        key.lower(): key
        for one in list_statements(document)
        for _, key, _ in list_conditions(one.get("Condition", {}))
    }
