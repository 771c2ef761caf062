"""One call of IAM on its way to moto, as the checks of `iam_checks` see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from sandbox.aws.query_protocol import AwsError, Reply, build_xml_reply

if TYPE_CHECKING:
    from cross_account_access.iam.quotas import Quota
    from sandbox.aws.credentials import CallingIdentity
    from sandbox.aws.moto_accounts import Backend, Entity, MotoAccounts

AWS_SERVICE = "x-sandbox-aws-service"
"""The header of a call that one of AWS's own services is to have made; its value is the service."""


@dataclass
class IamRequest:
    """One call of IAM.

    Attributes:
        params: the flat parameters; what a check changes is what moto gets.
        value: the same, nested and typed, as they came.
        identity: who calls.
        hold: seconds during which a new user or role can't be named in a trust policy yet.
        quotas: the quotas that are raised, by their keys in `Limits`.
        now: seconds since the epoch.
        by_aws: whether one of AWS's own services is to have made the call: it may change the roles
            that are reserved for it.
        reply: set by a check that leaves moto nothing to do.
        afterwards: what is done once moto has answered well; each gets the body and gives it back.
    """

    action: str
    params: dict[str, str]
    value: Mapping[str, Any]
    identity: CallingIdentity
    accounts: MotoAccounts
    hold: float
    quotas: Mapping[str, int]
    now: float
    by_aws: bool = False
    reply: Reply | None = None
    afterwards: list[Callable[[bytes], bytes]] = field(default_factory=list)

    @property
    def account(self) -> str:
        return self.identity.account

    @property
    def iam(self) -> Backend:
        """The IAM of the caller's account."""
        return self.accounts.get_iam(self.account)

    def get_quota(self, quota: Quota) -> int:
        """A quota of the account: at least AWS's default."""
        given = max(quota.default, self.quotas.get(quota.key, 0))
        return replace(quota, given=given).most

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
        self.reply = build_xml_reply("iam", self.action, result)

    # The entity that the call is about. Each raises AwsError: NoSuchEntity.

    def get_user(self) -> Entity:
        return _require(self.iam.users.get(self.get("UserName")), "user", self.get("UserName"))

    def get_role(self) -> Entity:
        return _require(
            self.accounts.find_role(self.account, self.get("RoleName")),
            "role",
            self.get("RoleName"),
        )

    def get_group(self) -> Entity:
        return _require(self.iam.groups.get(self.get("GroupName")), "group", self.get("GroupName"))


Check: TypeAlias = Callable[[IamRequest], None]


def _require(entity: Entity | None, kind: str, name: str) -> Entity:
    if entity is None:
        raise AwsError("NoSuchEntity", f"The {kind} with name {name} cannot be found.")
    return entity
