"""What AWS answers to a lookup that fails."""

import re
from collections.abc import Callable
from typing import TypeVar

import pulumi

_T = TypeVar("_T")

# The provider's own words, in what Pulumi makes of a failed lookup.
_ANSWER = re.compile(
    r"invoke of \S+ failed: (?:invocation of \S+ returned an error: )?(.*?)(?: \(\)|:?\s*)",
    re.DOTALL,
)
# As the provider says it of a user, and of a role or a policy.
_MISSING = re.compile(r"NoSuchEntity|couldn't find resource|no matching IAM")


def handle_failure(
    result: pulumi.Output[_T], handle: Callable[[str], pulumi.Input[_T]]
) -> pulumi.Output[_T]:
    """Let a failed lookup be answered, or be refused in words of its own.

    Pulumi prints a failed lookup that nobody handles with a traceback.

    Args:
        result: What the lookup found.
        handle: Gets what AWS answered; returns what stands in the result's place, or raises.
    """

    def recover(error: Exception) -> pulumi.Input[_T]:
        if match := _ANSWER.fullmatch(str(error)):
            return handle(match[1])
        raise error  # what it was to be looked up by failed

    return result.recover(recover)


def is_missing(answer: str) -> bool:
    """Whether AWS answered that what was looked up doesn't exist."""
    return _MISSING.search(answer) is not None
