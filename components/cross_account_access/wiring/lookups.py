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
# What Pulumi says of itself when it stops, after a resource failed or somebody interrupted it.
_STOPPED = "Resource monitor has terminated, shutting down"
# That, and what becomes of a lookup that is under way then: its provider is closed.
_INTERRUPTED = re.compile(f"{_STOPPED}|grpc: the client connection is closing|context canceled")


def handle_failure(
    result: pulumi.Output[_T], handle: Callable[[str], pulumi.Input[_T]]
) -> pulumi.Output[_T]:
    """Let a failed lookup be answered, or be refused in words of its own.

    Pulumi prints a failed lookup that nobody handles with a traceback.

    Args:
        result: What the lookup found.
        handle: Gets what AWS answered; returns what stands in the result's place, or raises. It
            isn't asked where Pulumi stopped, so that AWS didn't answer.
    """

    def recover(error: Exception) -> pulumi.Input[_T]:
        match = _ANSWER.fullmatch(str(error))
        if match is None:
            raise error  # what it was to be looked up by failed
        if _INTERRUPTED.search(match[1]):
            raise pulumi.RunError(_STOPPED)
        return handle(match[1])

    return result.recover(recover)


def is_missing(answer: str) -> bool:
    """Whether AWS answered that what was looked up doesn't exist."""
    return _MISSING.search(answer) is not None
