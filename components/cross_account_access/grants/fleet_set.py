"""The grants among any number of accounts, and how they go together."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

from pydantic import Field

from cross_account_access.errors import FieldPath, Key, Refusal, locate
from cross_account_access.iam import arns

from .accounts import ACCOUNT_NAME, AccountModel, AccountNames, check_names
from .grant import GrantModel
from .grant_set import GrantedRole, GrantSet
from .model import plain


class FleetSet(GrantSet):
    """The grants among any number of accounts."""

    accounts: Mapping[Annotated[str, plain(ACCOUNT_NAME)], AccountModel] = Field(min_length=1)

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
        if len(self.accounts) == 1:
            raise Refusal(
                "must have at least two accounts: a source and a destination",
                code="one-account",
                where=(Key("accounts"),),
                value=list(self.accounts),
            )
        names = self._names
        names.check()
        used: set[str] = set()
        for name, grant in sorted(self.grants.items()):
            with locate(Key("grants"), name):
                used |= self._check_sources(grant)
                used |= self._check_destinations(grant)
                _check_policies(grant, len(self.get_destinations(name)))
        names.refuse_unused(used)
        self._check_labels()

    def _check_labels(self) -> None:
        """Check that no two roles are called alike in the console and among the profiles."""
        labels: dict[str, GrantedRole] = {}
        for role in self.roles:
            label = self.label_usage(role)
            if (other := labels.setdefault(label, role)) != role:
                raise Refusal(
                    f"GRANT-ACCOUNT names the role's profile, so it must be unique; {other[0]} in "
                    f"{other[1]} is {label} too",
                    code="repeated-profile-name",
                    remedy="Rename the grant or the account",
                    where=(Key("grants"), role[0]),
                    value=label,
                )

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
                "must leave at least one destination",
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


def _check_policies(grant: GrantModel, destinations: int) -> None:
    """Check that a role of several accounts has no policy that only one of them can have."""
    for where, policy in grant.role.list_known_policies():
        arn = arns.parse_arn(policy)
        if destinations > 1 and arn and arn.account != "aws":
            inline = "" if where[0] == "permissions_boundary" else ", or make it an inline policy"
            raise Refusal(
                f"must be AWS's own policy where a role is in several accounts, here in "
                f"{destinations}",
                code="policy-of-one-account",
                remedy=f"Give the account a grant of its own{inline}",
                where=(Key("role"), *where),
                value=policy,
            )
