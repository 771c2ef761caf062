"""A stack's config, checked as a whole: the accounts of a pair and the grants between them."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from pydantic import PrivateAttr

from cross_account_access.errors import (
    SECRET,
    FieldPath,
    InvalidInput,
    Key,
    Problem,
    end_path,
    join_path,
)
from cross_account_access.grants.grant_set import PairSet
from cross_account_access.grants.model import read_model
from cross_account_access.iam.findings import AccountSide

from .connection import Connection
from .encrypted_config import NOTHING_ENCRYPTED, EncryptedLeaves

NAMESPACE = "cross-account-access"
_PATH = f"{NAMESPACE}:"


class Settings(PairSet):
    """The whole config."""

    source: Connection = Connection()
    destination: Connection = Connection()
    _given: Mapping[str, Any] = PrivateAttr(default_factory=dict)
    _encrypted: EncryptedLeaves = PrivateAttr(default=NOTHING_ENCRYPTED)

    def account_id(self, account: AccountSide) -> tuple[FieldPath, str | None]:
        """The path of an account's expected ID, and the ID where it is set."""
        connection: Connection = getattr(self, account)
        return (Key(account), Key("account_id")), connection.account_id

    @property
    def given(self) -> Mapping[str, Any]:
        """The config that this was read from."""
        return self._given

    @property
    def encrypted(self) -> EncryptedLeaves:
        """What of that config is encrypted."""
        return self._encrypted


def check_config(
    config: Mapping[str, Any], encrypted: EncryptedLeaves = NOTHING_ENCRYPTED
) -> Settings:
    """Check a config, its keys without the namespace and its values as YAML gives them.

    Raises:
        InvalidInput: With every problem of the config, and nothing that is encrypted.
    """
    own = deepcopy(dict(config))  # what the caller does to its config later changes nothing
    try:
        settings = _read(own)
    except InvalidInput as error:
        if not encrypted:
            raise
        raise InvalidInput(_hide_secrets(error.problems, own, encrypted)) from None
    settings._given, settings._encrypted = own, encrypted  # noqa: SLF001 - made here
    return settings


def display_path(place: FieldPath) -> str:
    """The path of a value of the config, for a message."""
    return join_path(_PATH, place)


def _read(config: Mapping[str, Any]) -> Settings:
    return read_model(Settings, config, path=_PATH, spelling="camelCase")


def _hide_secrets(
    problems: Sequence[Problem], config: Mapping[str, Any], encrypted: EncryptedLeaves
) -> list[Problem]:
    """The problems with only those values and remedies that the config without secrets has too."""
    try:
        _read(encrypted.mask(config))
        told: Sequence[Problem] = ()
    except InvalidInput as error:
        told = error.problems
    twins = {(problem.path, problem.code): problem for problem in told}
    ends = [display_path(place) for place in encrypted.exact | encrypted.covered]
    hidden = []
    for problem in problems:
        twin = twins.get((problem.path, problem.code), replace(problem, value="", remedy=""))
        value = problem.value if problem.value == twin.value else SECRET
        remedy = problem.remedy if problem.remedy == twin.remedy else ""
        path = end_path(problem.path, ends)
        hidden.append(replace(problem, path=path, value=value, remedy=remedy))
    return hidden
