"""What a program registered: each resource with its inputs and its account."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cross_account_access.iam.policy_document import list_statements


@dataclass(frozen=True)
class Registration:
    """A resource that the program registered.

    Attributes:
        type: Its type, such as `aws:iam/role:Role`.
        name: Its name in the program.
        account: The ID of its provider's account; empty where the provider has none in the mocks.
        provider: The name of its explicit provider; empty for a default one.
        inputs: Its inputs by their camelCase names, secrets as plain values. In a preview, inputs
            that aren't known are left out.
        parent: Its parent, TYPE::NAME; empty for the stack, and None where only `set_mocks` ran.
        id: Its ID; empty in a preview.
        outputs: Its inputs, and what AWS would have added to them.
    """

    type: str
    name: str
    account: str
    provider: str
    inputs: dict[str, Any]
    parent: str | None
    id: str
    outputs: dict[str, Any] = field(repr=False)

    @property
    def short_type(self) -> str:
        """The last part of its type, such as `Role`."""
        return self.type.rpartition(":")[2]

    @property
    def arn(self) -> str:
        """Its ARN; empty for a resource without one, and in a preview."""
        return str(self.outputs.get("arn", ""))

    @property
    def document(self) -> dict[str, Any]:
        """The trust policy of a role, or the document of a policy, parsed.

        Raises:
            LookupError: If it has none, or none that is known in a preview.
        """
        key = "assumeRolePolicy" if self.short_type == "Role" else "policy"
        value = self.inputs.get(key)
        if value is None:
            raise LookupError(f"{self} has no {key} that is known")
        parsed: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
        return parsed

    @property
    def statements(self) -> list[dict[str, Any]]:
        """The statements of its document."""
        return [dict(statement) for statement in list_statements(self.document)]

    def __str__(self) -> str:
        where = f" in account {self.account}" if self.account else ""
        return f"{self.short_type} {self.name}{where}"

    def matches(self, kind: str, name: str | None, account: str | None) -> bool:
        """Whether it is of a type (`aws:iam/role:Role`, or `Role`), a name and an account."""
        own_type = self.type if ":" in kind else self.short_type
        return own_type == kind and name in (None, self.name) and account in (None, self.account)


def describe_registrations(registrations: Iterable[Registration]) -> str:
    """Describe what was made, for a person."""
    listed = ", ".join(sorted(map(str, registrations)))
    return f"made were: {listed}" if listed else "nothing was made"
