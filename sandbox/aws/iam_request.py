"""One call of IAM on its way to moto, as the checks of `sandbox.refusals` see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from sandbox.aws.query_protocol import AwsError, Reply, xml_reply

if TYPE_CHECKING:
    from sandbox.aws.accounts import Accounts, Backend, Entity
    from sandbox.aws.credentials import Identity


@dataclass
class IamRequest:
    """One call of IAM.

    Attributes:
        params: the flat parameters; what a check changes is what moto gets.
        value: the same, nested and typed, as they came.
        identity: who calls.
        hold: seconds during which a new user or role can't be named in a trust policy yet.
        now: seconds since the epoch.
        reply: set by a check that leaves moto nothing to do.
        afterwards: what is done once moto has answered well; each gets the body and gives it back.
    """

    action: str
    params: dict[str, str]
    value: Mapping[str, Any]
    identity: Identity
    accounts: Accounts
    hold: float
    now: float
    reply: Reply | None = None
    afterwards: list[Callable[[bytes], bytes]] = field(default_factory=list)

    @property
    def account(self) -> str:
        return self.identity.account

    @property
    def iam(self) -> Backend:
        """The IAM of the caller's account."""
        return self.accounts.iam(self.account)

    def get(self, name: str) -> str:
        """A parameter; empty if it wasn't given."""
        return self.params.get(name, "")

    def then(self, step: Callable[[], object]) -> None:
        """Do `step` once moto has answered well."""

        def after(body: bytes) -> bytes:
            step()
            return body

        self.afterwards.append(after)

    def answer(self, result: Mapping[str, Any] | None = None) -> None:
        """Answer in moto's place."""
        self.reply = xml_reply("iam", self.action, result)

    # The entity that the call is about. Each raises AwsError: NoSuchEntity.

    def user(self) -> Entity:
        return _found(self.iam.users.get(self.get("UserName")), "user", self.get("UserName"))

    def role(self) -> Entity:
        return _found(
            self.accounts.role(self.account, self.get("RoleName")), "role", self.get("RoleName")
        )

    def group(self) -> Entity:
        return _found(self.iam.groups.get(self.get("GroupName")), "group", self.get("GroupName"))


Check: TypeAlias = Callable[[IamRequest], None]


def _found(entity: Entity | None, kind: str, name: str) -> Entity:
    if entity is None:
        raise AwsError("NoSuchEntity", f"The {kind} with name {name} cannot be found.")
    return entity
