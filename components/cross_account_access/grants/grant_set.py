"""All grants of a component or a stack, and how they go together; those between a pair."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated

from pydantic import Field, model_validator

from cross_account_access.errors import FieldPath, Key, Refusal, locate
from cross_account_access.iam.findings import AccountSide
from cross_account_access.iam.limits import check_account_id

from .account_limits import NOT_RAISED, LimitsModel
from .condition_values import check_known_tags
from .grant import GRANT_NAME, GrantModel, Side, check_import_ids, check_side
from .model import Model, plain
from .principals import PrincipalModel
from .roles import Tags, merge_tags
from .trust_model import DESTINATION, SOURCE

GrantedRole = tuple[str, str]
"""A grant's name, and the name of an account that has its role."""


class GrantSet(Model):
    """The grants of a component or a stack. Every account has a name."""

    grants: dict[Annotated[str, plain(GRANT_NAME)], GrantModel] = Field(min_length=1)
    limits: LimitsModel = NOT_RAISED
    tags: Annotated[Tags, plain(check_known_tags)] = {}
    imports: Annotated[dict[str, str], plain(check_import_ids)] = {}

    @property
    @abstractmethod
    def account_ids(self) -> Mapping[str, str | None]:
        """Every account's expected ID, where it is set."""

    @abstractmethod
    def locate_id(self, account: str) -> FieldPath:
        """The path of an account's expected ID."""

    @abstractmethod
    def locate_provider(self, account: str) -> FieldPath:
        """The path of an account's provider."""

    @abstractmethod
    def get_destinations(self, grant: str) -> tuple[str, ...]:
        """The accounts that have a grant's role, sorted."""

    @abstractmethod
    def label_role(self, role: GrantedRole) -> str:
        """What a grant's role in an account is called."""

    @abstractmethod
    def label_usage(self, role: GrantedRole) -> str:
        """What profile and console call a grant's role in an account."""

    @abstractmethod
    def label_principal(self, account: str, key: str) -> str:
        """What a principal's policies are called."""

    @abstractmethod
    def check_form(self) -> None:
        """Check what only this form of accounts knows.

        Raises:
            Refusal: If a key belongs to the other form, or the accounts don't go together.
        """

    @abstractmethod
    def check_ids(self, ids: Mapping[str, str]) -> None:
        """Check that the accounts are different ones.

        Args:
            ids: Their IDs, as far as they are known.

        Raises:
            Refusal: If two are one account.
        """

    @model_validator(mode="after")
    def _check_grants(self) -> "GrantSet":
        self.check_form()
        known = {name: account for name, account in self.account_ids.items() if account}
        self.check_ids(known)
        self.check_accounts(known)
        self._check_former_names()
        for name, grant in sorted(self.grants.items()):
            with locate(Key("grants"), name):
                own = grant.with_role_name(name) if grant.role.self_assuming else grant
                own.check_limits(self.limits)
            with locate(Key("grants"), name, Key("role"), Key("tags")):
                merge_tags(self.tags, grant.role.tags)
        self._check_role_names()
        self._check_spelling()
        return self

    @cached_property
    def roles(self) -> list[GrantedRole]:
        """Every role: each grant in each of its destinations."""
        return [(name, to) for name in sorted(self.grants) for to in self.get_destinations(name)]

    def get_sources(self, grant: str) -> set[str]:
        """The accounts that a grant's principals are in."""
        model = self.grants[grant]
        return {model.source_of(principal) for principal in model.principals}

    def _check_role_names(self) -> None:
        names: dict[tuple[str, str], str] = {}
        for name, account in self.roles:
            role = self.grants[name].role_name(name)
            if (other := names.setdefault((account, role.lower()), name)) != name:
                where = "" if account == DESTINATION else f" in {account}"
                raise Refusal(
                    "role names must be unique in an account, ignoring case; grant "
                    f"{other} already uses this one{where}",
                    code="repeated-role-name",
                    where=(Key("grants"), name, Key("role"), Key("name")),
                    value=role,
                )

    def _check_spelling(self) -> None:
        """Check that all grants spell a principal alike, so that it is one for all of them."""
        spellings: dict[tuple[str, str], str] = {}
        for where, source, principal in self._list_principals():
            if entity := principal.entity:
                name = f"{entity.path}{entity.name}"
                key = source, f"{entity.kind} {entity.name}".lower()
                if (other := spellings.setdefault(key, name)) != name:
                    raise Refusal(
                        "a principal must be spelt alike everywhere",
                        code="principal-spelt-differently",
                        remedy=f"Another grant has {other}: spell it as IAM shows it",
                        where=where,
                        value=name,
                    )

    def check_accounts(self, ids: Mapping[str, str], partition: str | None = None) -> None:
        """Check the known accounts and partitions of principals and policies.

        Args:
            ids: The accounts' IDs, as far as they are known.
            partition: The partition of all; None where it isn't known.

        Raises:
            Refusal: If a principal or a policy is in another account or partition.
        """
        sources = dict(ids)
        for where, source, principal in self._list_principals():
            with locate(*where):
                principal.check_source(sources.get(source), partition)
            if principal.known_account:
                sources.setdefault(source, principal.known_account)
        for name, account in self.roles:
            if account in ids:
                with locate(Key("grants"), name, Key("role")):
                    self.grants[name].role.check_account(ids[account], partition)

    def _check_former_names(self) -> None:
        taken = {name: name for name in self.grants}
        for name, grant in sorted(self.grants.items()):
            for position, former in enumerate(grant.formerly):
                if (other := taken.setdefault(former, name)) != name or former == name:
                    raise Refusal(
                        "must be a name that no grant has now and no other grant had; grant "
                        f"{other} has it",
                        code="former-name-in-use",
                        where=(Key("grants"), name, Key("formerly"), position),
                        value=former,
                    )

    def _list_principals(self) -> Iterator[tuple[FieldPath, str, PrincipalModel]]:
        """Every principal, with its path and the name of its account."""
        for name, grant in sorted(self.grants.items()):
            for position, principal in enumerate(grant.principals):
                where = Key("grants"), name, Key("principals"), position
                yield where, grant.source_of(principal), principal


class PairSet(GrantSet):
    """The grants from a source account to a destination account."""

    side: Annotated[Side, plain(check_side)] = "both"

    @abstractmethod
    def account_id(self, account: AccountSide) -> tuple[FieldPath, str | None]:
        """The path of an account's expected ID, and the ID where it is set."""

    @property
    def account_ids(self) -> Mapping[str, str | None]:
        """Every account's expected ID, where it is set."""
        return {
            SOURCE: self.account_id("source")[1],
            DESTINATION: self.account_id("destination")[1],
        }

    def locate_id(self, account: str) -> FieldPath:
        """The path of an account's expected ID."""
        return self.account_id("source" if account == SOURCE else "destination")[0]

    def locate_provider(self, account: str) -> FieldPath:
        """The path of an account's provider."""
        return (Key(f"{account}_provider"),)

    def get_destinations(self, grant: str) -> tuple[str, ...]:  # noqa: ARG002 - all go there
        """The accounts that have a grant's role, sorted."""
        return (DESTINATION,)

    def label_role(self, role: GrantedRole) -> str:
        """What a grant's role in an account is called: as the grant."""
        return role[0]

    def label_usage(self, role: GrantedRole) -> str:
        """What profile and console call a grant's role in an account: by its name."""
        return self.grants[role[0]].role_name(role[0])

    def label_principal(self, account: str, key: str) -> str:  # noqa: ARG002 - all are in one
        """What a principal's policies are called: by its key."""
        return key

    def check_form(self) -> None:
        """Check that no grant names accounts, and that the other side's ID is there."""
        for name, grant in sorted(self.grants.items()):
            with locate(Key("grants"), name):
                _refuse_account_keys(grant)
        if self.side == "both":
            return
        other: AccountSide = "destination" if self.side == "source" else "source"
        where, account = self.account_id(other)
        if account is None:
            raise Refusal(
                f"the {other} account's ID is required with side {self.side}",
                code="missing-account-id",
                remedy="Add the key",
                where=where,
            )

    def check_ids(self, ids: Mapping[str, str]) -> None:
        """Check that the accounts are different ones."""
        if DESTINATION in ids and ids[DESTINATION] == ids.get(SOURCE):
            raise refuse_same_account(self.locate_id(DESTINATION), ids[DESTINATION])


class AccessModel(PairSet):
    """Checked `access.CrossAccountAccessArgs`, but for the providers."""

    source_account_id: Annotated[str | None, plain(check_account_id)] = None
    destination_account_id: Annotated[str | None, plain(check_account_id)] = None

    def account_id(self, account: AccountSide) -> tuple[FieldPath, str | None]:
        """The path of an account's expected ID, and the ID where it is set."""
        key = f"{account}_account_id"
        return (Key(key),), getattr(self, key)


def _refuse_account_keys(grant: GrantModel) -> None:
    for key in ("source", "destinations", "exclude"):
        if key in grant.model_fields_set:
            raise refuse_account_key(key, getattr(grant, key))
    for position, principal in enumerate(grant.principals):
        if principal.source:
            with locate(Key("principals"), position):
                raise refuse_account_key("source", principal.source)


def refuse_account_key(key: str, value: object) -> Refusal:
    """Make the refusal of a key that names accounts where there is only a pair of them."""
    return Refusal(
        "must not be set between a pair of accounts",
        code="key-of-many-accounts",
        remedy="It belongs in a grant among many accounts, those of a MultiAccountAccess or of "
        "a config with accounts",
        where=(Key(key),),
        value=value,
    )


def refuse_same_account(where: FieldPath, account: str) -> Refusal:
    """Make the refusal of a source that is the destination too."""
    return Refusal(
        "source and destination must be two accounts",
        code="same-account",
        remedy="Inside one account an identity policy is enough",
        where=where,
        value=account,
    )
