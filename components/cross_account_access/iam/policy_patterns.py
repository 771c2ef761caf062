"""Policy variables, wildcards and the ARNs of a Resource element, matched as IAM matches them.

- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

import glob
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import TypeAlias

ContextKeys: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""A request's context: condition keys in lower case (IAM ignores their case), with a string each,
or a tuple for a multivalued key. A key that isn't in it is absent from the request."""
Variables: TypeAlias = ContextKeys | None
"""Where policy variables get their values; None in a policy of the 2008 version, which has none."""

ARN_FIELDS = 6

VARIABLE = re.compile(
    r"""\$\{ \s* (?P<name>[^\s,{}'][^,{}']*?) \s* (?: , \s* '(?P<default>[^']*)' \s* )? \}""",
    re.VERBOSE,
)
NAMED_SERVICE = {
    "Action": re.compile(r"\*:\*|[A-Za-z0-9.-]+:[^:]+"),
    "Resource": re.compile(r"arn:[^:]*:[\w.-]+(:.*)?", re.ASCII | re.DOTALL),
}
"""A text other than `*` in these elements, which IAM saves only with its service in full."""


def fill_literal(text: str, variables: Variables) -> str | None:
    """Return a policy's text with its variables filled in; None where one has no value."""
    return _fill_variables(text, variables, str, str)


def fill_pattern(text: str, variables: Variables) -> str | None:
    """Return a policy's text with its variables filled in, as an fnmatch pattern.

    Only the policy's own * and ? are wildcards: one in a variable's value, or written ${*}, is a
    plain character. So is [ everywhere, which fnmatch would read as the start of a set.
    """
    return _fill_variables(text, variables, escape_brackets, glob.escape)


def escape_brackets(text: str) -> str:
    """Return text with IAM's wildcards, but without variables, as an fnmatch pattern."""
    return text.replace("[", "[[]")


def match_resource(text: str, resource: str, variables: Variables) -> bool:
    """Return whether an entry of a Resource element covers a resource's ARN.

    The ARN is compared field by field, but a * that ends a field may run on beyond the colon, and
    missing fields count as *. Variables may stand in the last field only:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    *heads, last = text.split(":", ARN_FIELDS - 1)
    tail = fill_pattern(last, variables)
    if tail is None:
        return False
    patterns = [*map(escape_brackets, heads), tail]
    completed = patterns + ["*"] * (ARN_FIELDS - len(patterns))
    fields = resource.split(":", ARN_FIELDS - 1)
    return _match_fields(patterns, fields) or _match_fields(completed, fields)


def _match_fields(patterns: list[str], fields: list[str]) -> bool:
    if not patterns or not fields:
        return not patterns and not fields
    longest = len(fields) if patterns[0].endswith("*") else 1
    return any(
        fnmatchcase(":".join(fields[:count]), patterns[0])
        and _match_fields(patterns[1:], fields[count:])
        for count in range(1, longest + 1)
    )


def _fill_variables(
    text: str,
    variables: Variables,
    escape_text: Callable[[str], str],
    escape_value: Callable[[str], str],
) -> str | None:
    if variables is None:
        return escape_text(text)
    pieces: list[str] = []
    end = 0
    for variable in VARIABLE.finditer(text):
        value = _look_up_variable(variable["name"], variables) or variable["default"]
        if value is None:
            return None
        pieces += [escape_text(text[end : variable.start()]), escape_value(value)]
        end = variable.end()
    return "".join([*pieces, escape_text(text[end:])])


def _look_up_variable(name: str, variables: ContextKeys) -> str | None:
    if name in {"*", "?", "$"}:
        return name
    value = variables.get(name.lower())
    # A multivalued key can't be a variable.
    return value if isinstance(value, str) else None
