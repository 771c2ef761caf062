"""The grants among any number of accounts, and how they go together."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

from pydantic import Field

from cross_account_access.errors import FieldPath, Key, Refusal, locate

from .accounts import ACCOUNT_NAME, AccountModel, AccountNames, check_names
from .grant import GrantModel
from .grant_set import GrantedRole, GrantSet
from .model import plain


class FleetSet(GrantSet):
    """The grants among any number of accounts."""

    accounts: Mapping[Annotated[str, plain(ACCOUNT_NAME)], AccountModel] = Field(min_length=2)

    @property
    def account_ids(self) -> Mapping[str, str | None]:
        """Every account's expected ID, where it is set."""
        return {name: account.account_id for name, account in self.accounts.items()}

    def locate_id(self, account: str) -> FieldPath:
        """The path of an account's expected ID."""
        return (Key("accounts"), account, Key("account_id"))

    def locate_provider(self, account: str) -> FieldPath:
        """The path of an account's provider."""
        return (Key("accounts"), account, Key("provider"))

    def get_destinations(self, grant: str) -> tuple[str, ...]:
        """The accounts that have a grant's role, sorted."""
        return self._destinations[grant]

    def label_role(self, role: GrantedRole) -> str:
        """What a grant's role in an account is called: GRANT@ACCOUNT."""
        return "@".join(role)

    def label_usage(self, role: GrantedRole) -> str:
        """What profile and console call a grant's role in an account: GRANT-ACCOUNT."""
        return "-".join(role)

    def label_principal(self, account: str, key: str) -> str:
        """What a principal's policies are called: KEY@ACCOUNT."""
        return f"{key}@{account}"

    def check_form(self) -> None:
        """Check every name of an account, and that every account is used."""
        names = self._names
        names.check()
        used: set[str] = set()
        for name, grant in sorted(self.grants.items()):
            with locate(Key("grants"), name):
                used |= self._check_sources(grant)
                used |= self._check_destinations(grant)
        names.refuse_unused(used)

    def check_ids(self, ids: Mapping[str, str]) -> None:
        """Check that the accounts are different ones."""
        taken: dict[str, str] = {}
        for name, account in sorted(ids.items()):
            check_names(taken, name, account)

    @cached_property
    def _names(self) -> AccountNames:
        return AccountNames(self.accounts)

    @cached_property
    def _destinations(self) -> dict[str, tuple[str, ...]]:
        return {name: self._find_destinations(grant) for name, grant in self.grants.items()}

    def _find_destinations(self, grant: GrantModel) -> tuple[str, ...]:
        found: set[str] = set()
        for position, name in enumerate(grant.destinations or []):
            found |= self._names.find(name, (Key("destinations"), position))
        for position, name in enumerate(grant.exclude):
            found -= self._names.find(name, (Key("exclude"), position))
        return tuple(sorted(found))

    def _check_sources(self, grant: GrantModel) -> set[str]:
        """Check the accounts of a grant's principals, and return them."""
        if grant.source:
            self._names.check_account(grant.source, (Key("source"),))
        for position, principal in enumerate(grant.principals):
            where = (Key("principals"), position, Key("source"))
            if principal.source:
                self._names.check_account(principal.source, where)
            elif not grant.source:
                raise Refusal(
                    "the account of a grant's principals is required",
                    code="missing-source",
                    remedy="Add the key, or set it for each principal",
                    where=(Key("source"),),
                )
        return {grant.source_of(principal) for principal in grant.principals}

    def _check_destinations(self, grant: GrantModel) -> set[str]:
        """Check where a grant's role is, and return these accounts."""
        if not grant.destinations:
            raise Refusal(
                "a grant among many accounts must name its destinations",
                code="missing-destinations",
                remedy="Add the key: accounts or groups of accounts",
                where=(Key("destinations"),),
            )
        destinations = set(self._find_destinations(grant))
        if not destinations:
            raise Refusal(
                "must leave one destination at least",
                code="all-destinations-excluded",
                where=(Key("exclude"),),
                value=grant.exclude,
            )
        for position, principal in enumerate(grant.principals):
            if (source := grant.source_of(principal)) in destinations:
                own = (Key("principals"), position, Key("source"))
                raise Refusal(
                    "an account must not be source and destination of one grant",
                    code="destination-is-source",
                    remedy=f"Exclude it: exclude: [{source}]. Inside one account an identity "
                    "policy is enough",
                    where=own if principal.source else (Key("destinations"),),
                    value=source,
                )
        return destinations
