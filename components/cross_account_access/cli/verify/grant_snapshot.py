"""What the accounts have of a grant, read with the credentials that may read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.caller import CallerIdentity
from cross_account_access.cli.iam_reader import (
    EntityKind,
    LiveEntity,
    UnreadableError,
    read_entity,
)
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam.findings import AccountSide

from .drift_findings import Unchecked


@dataclass(frozen=True)
class EntitySnapshot:
    """A user, role or group that was read.

    Attributes:
        entity: None if it does not exist.
    """

    entity: LiveEntity | None


@dataclass(frozen=True)
class GrantSnapshot:
    """What was read of a grant.

    Attributes:
        role: The role; None if it could not be read.
        principals: By the principal's name, without those that could not be read.
        unchecked: What could not be read, and why.
    """

    role: EntitySnapshot | None
    principals: Mapping[str, EntitySnapshot]
    unchecked: tuple[Unchecked, ...] = ()


@dataclass
class SnapshotReader:
    """Reads both accounts, and each entity once.

    Attributes:
        by_account: The credentials by account.
    """

    by_account: dict[str, AwsAccess]
    _cache: dict[tuple[str, EntityKind, str], EntitySnapshot | Unchecked] = field(
        default_factory=dict
    )

    def read(self, documents: GrantDocuments, session: AwsAccess | None = None) -> GrantSnapshot:
        """Read a grant's role and principals, as far as the credentials may.

        Args:
            documents: The grant.
            session: The role's own session, which reads the destination where nothing else does.

        Raises:
            Failure: If AWS cannot be asked.
        """
        unchecked: list[Unchecked] = []
        principals: dict[str, EntitySnapshot] = {}
        for half in documents.principals:
            if half.attached_to is None:
                what = f"the policy of {half.kind.replace('_', ' ')} {half.name}"
                why = "it is attached outside the stack, and to whom is not known"
                unchecked.append(Unchecked(what, why))
                continue
            principal = self._read_entity("source", documents.source_account_id, half.attached_to)
            if isinstance(principal, Unchecked):
                unchecked.append(principal)
            else:
                principals[half.name] = principal
        role = self._read_entity(
            "destination",
            documents.destination_account_id,
            ("role", documents.role.name),
            session,
        )
        if isinstance(role, Unchecked):
            return GrantSnapshot(None, principals, (*unchecked, role))
        return GrantSnapshot(role, principals, tuple(unchecked))

    def _read_entity(
        self,
        side: AccountSide,
        account: str,
        entity: tuple[EntityKind, str],
        session: AwsAccess | None = None,
    ) -> EntitySnapshot | Unchecked:
        kind, name = entity
        what = f"{kind} {name} of account {account}"
        if (aws := self.by_account.get(account, session)) is None:
            why = f"the credentials are of another account; pass others by --{side}-profile NAME"
            return Unchecked(what, why)
        key = (account, kind, name)
        if key not in self._cache:
            try:
                self._cache[key] = EntitySnapshot(read_entity(aws, kind, name))
            except UnreadableError as error:
                why = f"the credentials lack {error.permission} on {error.resource}"
                self._cache[key] = Unchecked(what, why, error.permission)
        return self._cache[key]

    def list_groups(self, caller: CallerIdentity) -> list[str] | None:
        """List the names of the caller's groups; None where they cannot be read."""
        if caller.user is None:
            return []
        aws = self.by_account.get(caller.account)
        if aws is None:
            return None
        try:
            user = read_entity(aws, "user", caller.user)
        except UnreadableError:
            return None
        return [group.name for group in user.groups] if user else None
