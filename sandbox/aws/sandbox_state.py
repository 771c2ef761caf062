"""The sandbox's state beside moto's: sessions, organizations, decisions, the clock."""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from sandbox.aws.credentials import ACCOUNT, IssuedSessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.aws.moto_accounts import MotoAccounts

_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_ORGANIZATION_PATH = re.compile(
    r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}/(?:ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}/)*"
)


class RequestRecord(NamedTuple):
    """One request to an emulated service; without an account if its keys were refused."""

    account: str
    service: str
    action: str


@dataclass(frozen=True)
class LoggedDecision:
    """One decided sts:AssumeRole."""

    at: float
    caller: str
    role: str
    allowed: bool
    half: str | None
    reason: str


class Organization(NamedTuple):
    id: str
    path: str


@dataclass
class SandboxState:
    """All that requests are answered from. Not locked: the application does that."""

    accounts: MotoAccounts
    hold_new_principals: float = 0.0
    quotas: Mapping[str, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    sessions: IssuedSessions = field(default_factory=IssuedSessions)
    organizations: dict[str, Organization] = field(default_factory=dict)
    decisions: deque[LoggedDecision] = field(default_factory=lambda: deque(maxlen=1_000))
    requests: deque[RequestRecord] = field(default_factory=lambda: deque(maxlen=10_000))

    def in_partition(self, partition: str) -> SandboxState:
        """The same state, seen from another partition."""
        return replace(self, accounts=self.accounts.in_partition(partition))

    def reset(self) -> None:
        """Empty all accounts and forget all else."""
        self.accounts.reset()
        self.sessions.clear()
        self.organizations.clear()
        self.decisions.clear()
        self.requests.clear()

    def set_organization(self, account: str, organization_id: str, path: str) -> None:
        """Put an account into an organization.

        Args:
            account: 12 digits.
            organization_id: `o-` and 10 to 32 letters and digits.
            path: from the organization down to the account's parent, with a slash at its end:
                `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`.

        Raises:
            ValueError: one of them has another form, or the path is of another organization.
        """
        if not ACCOUNT.fullmatch(account):
            raise ValueError(f"{account!r} is no account id: 12 digits")
        if not _ORGANIZATION.fullmatch(organization_id):
            raise ValueError(
                f"{organization_id!r} is no organization id: o- and 10 to 32 of a-z, 0-9"
            )
        if not _ORGANIZATION_PATH.fullmatch(path) or not path.startswith(f"{organization_id}/"):
            raise ValueError(
                f"{path!r} is no path in {organization_id}: {organization_id}/r-…/ou-…/"
            )
        self.organizations[account] = Organization(organization_id, path)
