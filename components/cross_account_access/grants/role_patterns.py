"""Patterns of roles' paths and names, as a condition on aws:PrincipalArn compares them.

A pattern is what stands behind `role/` in an ARN. `*` stands for any text, slashes too, and `?` for
one character: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
"""

from itertools import cycle

from cross_account_access.iam import limits

WILDCARDS = frozenset("*?")
# Neither is in any path or name, so that only a * stands for all of it.
_ANY_TEXT = "\0" * 600
_ANY_CHARACTER = "\1"


def split_lead(pattern: str) -> str:
    """Return the text before the first wildcard."""
    end = next((at for at, one in enumerate(pattern) if one in WILDCARDS), len(pattern))
    return pattern[:end]


def can_match_alike(first: str, second: str) -> bool:
    """Return whether there is a text that both patterns match."""
    seen: set[tuple[int, int]] = set()
    pending = [(0, 0)]
    while pending:
        place = pending.pop()
        if place in seen:
            continue
        seen.add(place)
        left, right = (text[at : at + 1] for text, at in zip((first, second), place, strict=True))
        if not left and not right:
            return True
        pending += _list_next(left, right, *place)
    return False


def _list_next(left: str, right: str, at: int, other: int) -> list[tuple[int, int]]:
    steps = []
    if left == "*":
        steps += [(at + 1, other), *([(at, other + 1)] if right else [])]
    if right == "*":
        steps += [(at, other + 1), *([(at + 1, other)] if left else [])]
    if left and right and "*" not in (left, right) and (left == right or "?" in (left, right)):
        steps.append((at + 1, other + 1))
    return steps


def matches_all_of(pattern: str, other: str) -> bool:
    """Return whether a pattern matches every text that another one matches."""
    probe = other.replace("?", _ANY_CHARACTER)
    return all(can_match_alike(pattern, probe.replace("*", filling)) for filling in ("", _ANY_TEXT))


def fill_role_pattern(pattern: str, filling: str) -> str:
    """Return a path and name of a role that a pattern matches.

    Args:
        pattern: The pattern, with wildcards in the name alone.
        filling: What stands in the place of its first `*`, as far as the name's length allows; its
            letters stand in the places of `?`.
    """
    path, slash, name = pattern.rpartition("/")
    room = limits.ROLE_NAME.most - len(name.replace("*", ""))
    letters = cycle(filling)
    chosen = "".join(next(letters) if one == "?" else one for one in name)
    return f"{path}{slash}{chosen.replace('*', filling[:room], 1).replace('*', '')}"
