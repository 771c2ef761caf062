"""A stack's config as checked values: the accounts, how they are reached, and the grants."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, model_validator

from cross_account_access.errors import FieldPath, Key, Refusal
from cross_account_access.grants.accounts import ACCOUNT_NAME, AccountModel, AccountNames
from cross_account_access.grants.condition_values import plain_list
from cross_account_access.grants.fleet_set import FleetSet
from cross_account_access.grants.grant_set import GrantSet, PairSet
from cross_account_access.grants.model import plain
from cross_account_access.iam.findings import AccountSide

from .connection import Connection
from .encrypted_config import NOTHING_ENCRYPTED, EncryptedLeaves

NAMESPACE = "cross-account-access"


class Settings(GrantSet):
    """A stack's whole config."""

    _given: Mapping[str, Any] = PrivateAttr(default_factory=dict)
    _encrypted: EncryptedLeaves = PrivateAttr(default=NOTHING_ENCRYPTED)

    @property
    @abstractmethod
    def connections(self) -> Mapping[str, Connection]:
        """How each account is reached, by its name."""

    @abstractmethod
    def locate_connection(self, account: str) -> FieldPath:
        """The path of an account's connection."""

    @property
    @abstractmethod
    def made(self) -> tuple[str, ...]:
        """The accounts whose parts this stack makes, sorted."""

    @property
    @abstractmethod
    def looked_up(self) -> tuple[str, ...]:
        """The other accounts that are asked for principals, sorted. No other is contacted."""

    @property
    @abstractmethod
    def made_grants(self) -> tuple[str, ...]:
        """The grants of which this stack makes a part, sorted."""

    @model_validator(mode="after")
    def _check_partitions(self) -> "Settings":
        """Check that all accounts are in one partition, and so are principals and policies."""
        told = [
            (name, *one)
            for name, connection in self.connections.items()
            for one in connection.list_partitions()
        ]
        for name, key, value, partition in told:
            first, *_, expected = told[0]
            if partition != expected:
                raise Refusal(
                    f"all accounts must be in one partition; that of {first} is {expected}",
                    code="two-partitions",
                    remedy=f"This is of {partition}. No account can trust one of another partition",
                    where=(*self.locate_connection(name), *key),
                    value=value,
                )
        if told:
            known = {name: account for name, account in self.account_ids.items() if account}
            self.check_accounts(known, told[0][-1])
        return self

    @property
    def given(self) -> Mapping[str, Any]:
        """The config that this was read from, an access file's values in their places."""
        return self._given

    @property
    def encrypted(self) -> EncryptedLeaves:
        """What of that config is encrypted."""
        return self._encrypted

    def keep(self, given: Mapping[str, Any], encrypted: EncryptedLeaves) -> None:
        """Keep the config that this was read from, and what in it is encrypted."""
        self._given, self._encrypted = given, encrypted


class PairSettings(Settings, PairSet):
    """The config of a pair of accounts."""

    source: Connection = Connection()
    destination: Connection = Connection()

    def account_id(self, account: AccountSide) -> tuple[FieldPath, str | None]:
        """The path of an account's expected ID, and the ID where it is set."""
        return (Key(account), Key("account_id")), self.connections[account].account_id

    @property
    def connections(self) -> Mapping[str, Connection]:
        """How each account is reached, by its name."""
        return {"source": self.source, "destination": self.destination}

    def locate_connection(self, account: str) -> FieldPath:
        """The path of an account's connection."""
        return (account,)

    @property
    def made(self) -> tuple[str, ...]:
        """The accounts whose parts this stack makes, sorted."""
        return ("destination", "source") if self.side == "both" else (self.side,)

    @property
    def looked_up(self) -> tuple[str, ...]:
        """The other accounts that are asked for principals: none."""
        return ()

    @property
    def made_grants(self) -> tuple[str, ...]:
        """The grants of which this stack makes a part, sorted: all."""
        return tuple(sorted(self.grants))


class NamedAccount(Connection, AccountModel):
    """One of many accounts: its groups, and how it is reached."""

    look_up: bool = False


class FleetSettings(Settings, FleetSet):
    """The config of many accounts."""

    accounts: Mapping[Annotated[str, plain(ACCOUNT_NAME)], NamedAccount] = Field(min_length=1)
    only: Annotated[list[str] | None, plain_list(ACCOUNT_NAME)] = None

    @property
    def connections(self) -> Mapping[str, Connection]:
        """How each account is reached, by its name."""
        return self.accounts

    def locate_connection(self, account: str) -> FieldPath:
        """The path of an account's connection."""
        return "accounts", account

    @property
    def made(self) -> tuple[str, ...]:
        """The accounts whose parts this stack makes, sorted."""
        return tuple(sorted(self.accounts if self.only is None else self.only))

    @property
    def looked_up(self) -> tuple[str, ...]:
        """The other accounts that are asked for principals, sorted. No other is contacted.

        Only a role that this stack makes trusts by unique IDs, so that the accounts of other roles'
        principals aren't asked.
        """
        made = set(self.made)
        sources = {
            source
            for grant, destination in self.roles
            if destination in made
            for source in self.get_sources(grant)
        }
        asked = (name for name, account in self.accounts.items() if account.look_up)
        return tuple(sorted(sources.intersection(asked) - made))

    @property
    def made_grants(self) -> tuple[str, ...]:
        """The grants of which this stack makes a part, sorted."""
        made = set(self.made)
        return tuple(
            name
            for name in sorted(self.grants)
            if made.intersection(self.get_destinations(name)) or made & self.get_sources(name)
        )

    def check_form(self) -> None:
        """Check every name of an account, that every account is used, and those of `only`."""
        super().check_form()
        if self.only is None:
            return
        names = AccountNames(self.accounts)
        for position, name in enumerate(self.only):
            names.check_account(name, (Key("only"), position))
        for name, account in sorted(self.accounts.items()):
            if name not in self.only and account.account_id is None:
                raise Refusal(
                    "the ID of an account that only doesn't name is required",
                    code="missing-account-id",
                    remedy="Add the key",
                    where=self.locate_id(name),
                )
