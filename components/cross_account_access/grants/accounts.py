"""Accounts by name: what a grant among many accounts names, each once or by groups."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from cross_account_access.errors import FieldPath, Key, Refusal, suggest_names
from cross_account_access.iam import limits

from .model import Model, plain

# A Pulumi stack may be called so too.
ACCOUNT_NAME = limits.StringRule(
    "an account or group name",
    1,
    64,
    r"[A-Za-z0-9][\w.-]*",
    "letters, digits and _.-, a letter or digit first",
)


class AccountModel(Model):
    """One account; `args.AccountSettings` says what each key means."""

    account_id: Annotated[str | None, plain(limits.check_account_id)] = None
    groups: list[Annotated[str, plain(ACCOUNT_NAME)]] = []


class AccountNames:
    """The accounts, and the groups that they are in."""

    def __init__(self, accounts: Mapping[str, AccountModel]) -> None:
        self._accounts = accounts
        self._groups: dict[str, set[str]] = {}
        for name, account in accounts.items():
            for group in account.groups:
                self._groups.setdefault(group, set()).add(name)

    def check(self) -> None:
        """Check that every name stands for one account or one group.

        Raises:
            Refusal: If a group is called like an account, or names of two accounts differ in case
                only.
        """
        if repeated := limits.find_repeated(self._accounts, key=str.lower):
            raise Refusal(
                "names of accounts must be unique, ignoring case: they are those of stacks' files",
                code="repeated-account-name",
                where=(Key("accounts"), repeated),
            )
        for name, account in sorted(self._accounts.items()):
            where = (Key("accounts"), name)
            for position, group in enumerate(account.groups):
                if group in self._accounts:
                    raise Refusal(
                        "a group must not be called like an account",
                        code="group-named-like-account",
                        where=(*where, Key("groups"), position),
                        value=group,
                    )

    def find(self, name: str, where: FieldPath) -> set[str]:
        """Find the accounts that a name stands for.

        Raises:
            Refusal: If there is no such account or group.
        """
        found = {name} if name in self._accounts else self._groups.get(name)
        if found:
            return found
        raise Refusal(
            "must be the name of an account or of a group of accounts",
            code="unknown-account",
            remedy=suggest_names(name, sorted({*self._accounts, *self._groups})),
            where=where,
            value=name,
        )

    def check_account(self, name: str, where: FieldPath) -> None:
        """Check that there is an account of that name.

        Raises:
            Refusal: If there isn't.
        """
        if name in self._accounts:
            return
        raise Refusal(
            "must be the name of an account",
            code="unknown-account",
            remedy=suggest_names(name, sorted(self._accounts)),
            where=where,
            value=name,
        )

    def refuse_unused(self, used: Iterable[str]) -> None:
        """Check that grants use every account.

        Raises:
            Refusal: If one is used by none.
        """
        for name in sorted(set(self._accounts) - set(used)):
            raise Refusal(
                "every account must have principals or the role of a grant",
                code="unused-account",
                remedy="Add it to a grant's source or destinations, or remove it",
                where=(Key("accounts"), name),
            )


def check_names(taken: dict[str, str], name: str, account_id: str) -> None:
    """Check that no other name stands for an account, and add this one to those taken.

    Raises:
        Refusal: If another name has its ID.
    """
    if (other := taken.setdefault(account_id, name)) != name:
        raise Refusal(
            f"an account must have one name; {other} is this one too",
            code="account-named-twice",
            remedy="Remove one of them, or correct its ID or its credentials",
            where=(Key("accounts"), name, Key("account_id")),
            value=account_id,
        )
