"""The emulated accounts: every look at moto's state, and nothing else that knows how moto keeps it.

moto holds users, roles, groups and policies; this module finds them by name, ARN, unique ID or
access key. It imports moto when the first `MotoAccounts` is made, which takes most of a second.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# moto's own classes: User, Role, Group, ManagedPolicy, AccessKey, VirtualMfaDevice, IAMBackend.
Entity = Any
Backend = Any


class MotoAccounts:
    """The emulated accounts of one partition. Not locked: the application does that.

    Partitions know nothing of each other: the same 12 digits are another account in each.
    """

    def __init__(self, partition: str = "aws") -> None:
        # Here and not above: the import takes 0.7 s.
        from moto.iam.models import iam_backends  # noqa: PLC0415
        from moto.sts.models import sts_backends  # noqa: PLC0415

        self.partition = partition
        self.aws_policy_prefix = f"arn:{partition}:iam::aws:policy/"
        self._iam = iam_backends
        self._sts = sts_backends

    def in_partition(self, partition: str) -> MotoAccounts:
        """The accounts of another partition."""
        return self if partition == self.partition else MotoAccounts(partition)

    def reset(self) -> None:
        """Empty every account of every partition."""
        from moto.core.base_backend import BackendDict  # noqa: PLC0415

        BackendDict.reset()

    # One account

    def get_iam(self, account: str) -> Backend:
        """The IAM of an account, which comes into being when it is first asked for."""
        return self._iam[account][self.partition]

    def get_sts(self, account: str) -> Backend:
        return self._sts[account][self.partition]

    def list_used(self) -> Iterator[tuple[str, Backend]]:
        """Every account that was used so far: id and IAM."""
        for account, partitions in list(self._iam.items()):
            if self.partition in partitions.keys():  # noqa: SIM118 - `in` takes any that could be
                yield account, partitions[self.partition]

    # Principals

    def find_role(self, account: str, name: str) -> Entity | None:
        """The role of that name, in whatever path: a name is unique in its account."""
        return next((role for role in self._list_roles(account) if role.name == name), None)

    def find_user_by_arn(self, arn: str) -> Entity | None:
        account = get_account_id(arn)
        return next((user for user in self._list_users(account) if user.arn == arn), None)

    def find_role_by_arn(self, arn: str) -> Entity | None:
        account = get_account_id(arn)
        return next((role for role in self._list_roles(account) if role.arn == arn), None)

    def find_principal_by_id(self, unique_id: str) -> Entity | None:
        """The user (AIDA…) or role (AROA…) with that unique ID, in any account."""
        for account, _ in self.list_used():
            for principal in (*self._list_users(account), *self._list_roles(account)):
                if principal.id == unique_id:
                    return principal
        return None

    def find_key(self, access_key_id: str) -> tuple[str, Entity, Entity] | None:
        """The account, user and key of a long-term access key; None if there is no such key."""
        for account, iam in self.list_used():
            key = iam.access_keys.get(access_key_id)
            # Temporary keys are among these too, without a user.
            user = iam.users.get(key.user_name) if key is not None and key.user_name else None
            if user is not None:
                return account, user, key
        return None

    def list_roles(self) -> Iterator[Entity]:
        for account, _ in self.list_used():
            yield from self._list_roles(account)

    def _list_users(self, account: str) -> list[Entity]:
        return list(self.get_iam(account).users.values()) if account in self._iam else []

    def _list_roles(self, account: str) -> list[Entity]:
        return list(self.get_iam(account).roles.values()) if account in self._iam else []

    # What belongs to a principal

    def get_tags(self, principal: Entity) -> dict[str, str]:
        return {tag["Key"]: tag.get("Value") or "" for tag in principal.tags or ()}

    def get_groups(self, account: str, user: Entity) -> list[Entity]:
        return [group for group in self.get_iam(account).groups.values() if user in group.users]

    def find_managed_policy(self, account: str, arn: str) -> Entity | None:
        """A managed policy that can be attached in `account`: its own, or one of AWS's."""
        if arn.startswith(self.aws_policy_prefix):
            self.load_aws_policy(account, arn)
        return self.get_iam(account).managed_policies.get(arn)

    # AWS's managed policies. moto bundles 1,582 of them and would load all, into every account,
    # each time that it is emptied (50 ms): here they come when they are named, or when policies are
    # listed.

    def load_aws_policy(self, account: str, arn: str) -> None:
        name = arn.rpartition("/")[2]
        data = _load_aws_policies().get(name)
        if data is not None:
            self._add_aws_policy(account, name, data)

    def load_all_aws_policies(self, account: str) -> None:
        for name, data in _load_aws_policies().items():
            self._add_aws_policy(account, name, data)

    def _add_aws_policy(self, account: str, name: str, data: Mapping[str, Any]) -> None:
        from moto.iam.models import AWSManagedPolicy  # noqa: PLC0415

        iam = self.get_iam(account)
        policy = AWSManagedPolicy.from_data(name, account, self.partition, data)
        if policy.arn not in iam.managed_policies:
            iam.managed_policies[policy.arn] = policy
            iam.aws_managed_policies.append(policy)


@cache
def _load_aws_policies() -> Mapping[str, Mapping[str, Any]]:
    from moto.iam.models import aws_managed_policies_data  # noqa: PLC0415

    policies: Mapping[str, Mapping[str, Any]] = json.loads(aws_managed_policies_data)
    return policies


def get_account_id(arn: str) -> str:
    """The account in an ARN; empty when there is none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) > 5 else ""  # noqa: PLR2004 - an ARN's six parts


def get_default_document(policy: Entity) -> str:
    """The document that is in force of a managed policy's versions."""
    default = policy.default_version_id
    return next((one.document for one in policy.versions if one.version_id == default), "{}")


def get_boundary_arn(principal: Entity) -> str | None:
    """The permissions boundary of a user or a role.

    moto keeps a role's under this name and has none of users: `entities` keeps it there likewise.
    """
    arn: str | None = getattr(principal, "permissions_boundary_arn", None)
    return arn


def make_unique_id(account: str, prefix: str) -> str:
    """A unique ID as IAM makes them: AIDA… for a user, AGPA… for a group.

    moto's ids of users and groups are lower-case letters without a prefix, so that nobody would
    recognize them in a trust policy whose user is gone.
    """
    from moto.iam.utils import generate_access_key_id_from_account_id  # noqa: PLC0415

    unique_id: str = generate_access_key_id_from_account_id(account, prefix, total_length=21)
    return unique_id


def get_age(entity: Entity) -> float:
    """Seconds since a user or role was made."""
    from moto.core.utils import utcnow  # noqa: PLC0415

    return float((utcnow() - entity.create_date).total_seconds())
