"""The result of a deployment, in the same form from both engines."""

from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError

import botocore.exceptions

SECRET = "[secret]"  # noqa: S105 - what stands in a secret's place
UNKNOWN = "[unknown]"
STACK_TYPE = "pulumi:pulumi:Stack"
UNREACHABLE = (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError, URLError)
"""What is raised where the accounts don't answer."""


@dataclass(frozen=True)
class Resource:
    """A resource of the stack.

    Attributes:
        type: Pulumi's type token.
        name: Its name in the program.
        parent: Its parent's `TYPE::NAME`; None where that is the stack.
        account: The account that it is in; None where it is in none, as a component is.
        inputs: As they were given; `[secret]` in a secret's place, `[unknown]` where a preview
            can't know.
        outputs: As the provider answered.
    """

    type: str
    name: str
    parent: str | None
    account: str | None
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Deployment:
    """What an engine did.

    Attributes:
        engine: `pulumi` or `in-process`.
        outputs: The stack's outputs, `[secret]` in a secret's place.
        resources: What was made, or would be.
        log: What the engine had to say, for a person.
        revealed: The outputs with their secrets, for a file that only the user can read.
    """

    engine: str
    outputs: dict[str, Any]
    resources: list[Resource]
    log: str = field(default="", compare=False)
    revealed: dict[str, Any] = field(default_factory=dict, repr=False)


class DeploymentError(Exception):
    """The stack couldn't be deployed; the message says why."""


class RefusedError(DeploymentError):
    """A component refused its args; the message is the engine's."""


def parse_urn(urn: str) -> tuple[str, str]:
    """The type and the name in a resource's URN; both empty where there is no URN."""
    if not urn:
        return "", ""
    *_, types, name = urn.split("::")
    return types.rpartition("$")[2], name
