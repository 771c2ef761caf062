"""Which principal of a grant a caller is, and whose credentials read which account."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import boto3

from cross_account_access.cli.accounts import AwsAccess, get_botocore_session
from cross_account_access.cli.caller import Identity
from cross_account_access.cli.iam_reader import UnreadableError, read_entity
from cross_account_access.grants.documents import GrantDocuments, SourceHalf

from .drift_findings import Unchecked
from .half_drift import EntitySnapshot, GrantSnapshot

Kind = Literal["user", "role", "group"]


@dataclass(frozen=True)
class Temporary(AwsAccess):
    """Temporary credentials that STS gave.

    Attributes:
        keys: STS's element Credentials.
    """

    keys: dict[str, str] = field(default_factory=dict, repr=False)

    def session(self) -> boto3.Session:
        """A session with the credentials."""
        return boto3.Session(
            self.keys["AccessKeyId"],
            self.keys["SecretAccessKey"],
            self.keys["SessionToken"],
            botocore_session=get_botocore_session(),
            region_name=self.region or self._own_profile().region_name,
        )

    def _own_profile(self) -> boto3.Session:
        return AwsAccess(self.profile, self.region, self.endpoint).session()


def temporary(aws: AwsAccess, credentials: Any) -> Temporary:
    """Somebody's temporary credentials, used where these are used."""
    keys = {
        key: str(credentials[key]) for key in ("AccessKeyId", "SecretAccessKey", "SessionToken")
    }
    return Temporary(aws.profile, aws.region, aws.endpoint, keys)


def principal_of(
    caller: Identity, documents: GrantDocuments, groups: Iterable[str] | None
) -> SourceHalf | None:
    """The principal of the grant that the caller is; None if it is none of them.

    Args:
        caller: The caller.
        documents: The grant.
        groups: The names of the groups that the caller is in; None where that isn't known, and it may be in any.
    """
    known = None if groups is None else {*groups}
    matches = [
        half
        for half in documents.principals
        if _is(caller, half, documents.source_account_id, known)
    ]
    # Whoever is named itself comes before a whole account.
    return next(
        iter(sorted(matches, key=lambda half: half.kind not in ("user", "role", "session"))), None
    )


def _is(caller: Identity, half: SourceHalf, account: str, groups: set[str] | None) -> bool:
    if caller.account != account:
        return False
    session = re.fullmatch(r"arn:[^:]+:sts::\d{12}:assumed-role/([^/]+)/.+", caller.arn)
    match half.kind:
        case "user" | "session":
            return caller.arn == half.arn
        case "role":
            return bool(session and half.attached_to and session[1] == half.attached_to[1])
        case "permission_set":
            reserved = f"AWSReservedSSO_{re.escape(half.name)}_[0-9a-f]{{16}}"
            return bool(session and re.fullmatch(reserved, session[1]))
        case "group":
            return caller.user is not None and (
                groups is None or half.name.rpartition("/")[2] in groups
            )
        case _:
            return True


@dataclass
class Readers:
    """Whose credentials read which account; what was read is kept.

    Attributes:
        by_account: The credentials by account.
    """

    by_account: dict[str, AwsAccess]
    _kept: dict[tuple[str, Kind, str], EntitySnapshot | Unchecked] = field(default_factory=dict)

    def read(
        self, documents: GrantDocuments, session: AwsAccess | None
    ) -> tuple[GrantSnapshot, list[Unchecked]]:
        """Read what stands of a grant, as far as the credentials may.

        Args:
            documents: The grant.
            session: The role's own session, which reads the destination where no other credentials do.

        Raises:
            Failure: If AWS can't be asked.
        """
        unchecked: list[Unchecked] = []
        role = self._one(
            documents.destination_account_id, "role", documents.role.name, "destination", session
        )
        principals: dict[str, EntitySnapshot] = {}
        for half in documents.principals:
            if half.attached_to is None:
                what = f"the policy of {half.kind.replace('_', ' ')} {half.name}"
                unchecked.append(Unchecked(what, "it was handed out, and who holds it isn't known"))
                continue
            one = self._one(
                documents.source_account_id,
                half.attached_to[0],
                half.attached_to[1],
                "source",
                None,
            )
            if isinstance(one, Unchecked):
                unchecked.append(one)
            else:
                principals[half.name] = one
        if isinstance(role, Unchecked):
            unchecked.append(role)
        return GrantSnapshot(
            role if isinstance(role, EntitySnapshot) else None, principals
        ), unchecked

    def _one(
        self, account: str, kind: Kind, name: str, side: str, session: AwsAccess | None
    ) -> EntitySnapshot | Unchecked:
        what = f"what {kind} {name} of account {account} has"
        if (aws := self.by_account.get(account, session)) is None:
            return Unchecked(
                what, f"the credentials are of another account; --{side}-profile NAME gives others"
            )
        key = (account, kind, name)
        if key not in self._kept:
            try:
                self._kept[key] = EntitySnapshot(read_entity(aws, kind, name))
            except UnreadableError as lacking:
                why = f"the credentials lack {lacking.permission} on {lacking.resource}"
                self._kept[key] = Unchecked(what, why, lacking.permission)
        return self._kept[key]


def groups_of(caller: Identity, readers: Readers) -> list[str] | None:
    """The names of the caller's groups; None where they can't be told."""
    aws = readers.by_account.get(caller.account)
    if caller.user is None or aws is None:
        return [] if caller.user is None else None
    try:
        standing = read_entity(aws, "user", caller.user)
    except UnreadableError:
        return None
    return [group.arn.rpartition("/")[2] for group in standing.groups] if standing else None
