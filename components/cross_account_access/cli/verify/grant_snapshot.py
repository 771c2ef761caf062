"""What the accounts have of a grant, read with the credentials that may read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.caller import CallerIdentity
from cross_account_access.cli.iam_reader import EntityKind, LiveEntity, UnreadableError, read_entity
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam import arns
from cross_account_access.iam.findings import AccountSide

from .drift_findings import PrincipalKey, Unchecked


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
        principals: By the principal's key, without those that could not be read.
        unchecked: What could not be read, and why.
    """

    role: EntitySnapshot | None
    principals: Mapping[PrincipalKey, EntitySnapshot]
    unchecked: tuple[Unchecked, ...] = ()


@dataclass
class SnapshotReader:
    """Reads the accounts, and each entity once.

    Attributes:
        by_account: The credentials by account.
        whole: Whether parts of many accounts are read too that the stack doesn't make.
    """

    by_account: dict[str, AwsAccess]
    whole: bool = False
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
        principals: dict[PrincipalKey, EntitySnapshot] = {}
        for half in documents.principals:
            account = documents.get_account(half)
            if not self._reads(documents, account):
                continue
            if half.attached_to is None:
                what = f"the policy of {half.kind.replace('_', ' ')} {half.name}"
                why = "it is attached outside the stack, and to whom is not known"
                unchecked.append(Unchecked(what, why, account=account))
                continue
            principal = self._read_entity("source", account, half.attached_to)
            if isinstance(principal, Unchecked):
                unchecked.append(principal)
            else:
                principals[half.key] = principal
        if not self._reads(documents, documents.destination_account_id):
            return GrantSnapshot(None, principals, tuple(unchecked))
        role = self._read_entity(
            "destination", documents.destination_account_id, ("role", documents.role.name), session
        )
        if isinstance(role, Unchecked):
            return GrantSnapshot(None, principals, (*unchecked, role))
        return GrantSnapshot(role, principals, tuple(unchecked))

    def _reads(self, documents: GrantDocuments, account: str) -> bool:
        """Whether an account's part is read: of many accounts' another stack verifies its own."""
        return self.whole or documents.made is None or documents.makes_part_of(account)

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
            return Unchecked(what, why, account=account)
        key = (account, kind, name)
        if key not in self._cache:
            try:
                self._cache[key] = EntitySnapshot(read_entity(aws, kind, name))
            except UnreadableError as error:
                why = f"the credentials lack {error.permission} on {error.resource}"
                self._cache[key] = Unchecked(what, why, error.permission, account)
        return self._cache[key]

    def find_role_path(self, caller: CallerIdentity) -> str | None:
        """Find the path of a session's role, which its ARN lacks; None where it can't be read."""
        aws = self.by_account.get(caller.account)
        if aws is None or not caller.is_role_session:
            return None
        try:
            role = read_entity(aws, "role", caller.arn.split("/")[1])
        except UnreadableError:
            return None
        arn = arns.parse_arn(role.arn) if role else None
        return arn.path if arn else None

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
