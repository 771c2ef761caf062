"""The rows of the tables of bad config, and the good config that they change."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import Any

from tests.unit.reading import DESTINATION, OTHER, SOURCE

__all__ = [
    "DESTINATION",
    "GOOD",
    "GOOD_FLEET",
    "OTHER",
    "REMOVED",
    "SOURCE",
    "Bad",
    "BadFile",
    "BadFleet",
]

REMOVED: Any = object()
"""Removes a key from the config."""

GOOD: dict[str, Any] = {
    "source": {"accountId": SOURCE, "accessKey": SOURCE, "secretKey": "sandbox"},
    "destination": {"accountId": DESTINATION, "accessKey": DESTINATION, "secretKey": "sandbox"},
    "grants": {
        "deploy": {"principals": [{"role": "team/ci"}]},
        "read": {"principals": [{"user": "alice"}, {"user": "bob"}], "conditions": {"mfa": True}},
        "audit": {"principals": [{"user": "alice"}], "conditions": {"externalId": "partner-7f3a"}},
    },
}

GOOD_FLEET: dict[str, Any] = {
    "accounts": {
        "people": {"accountId": SOURCE, "accessKey": SOURCE, "secretKey": "sandbox"},
        "ci": {"accountId": OTHER, "profile": "ci", "lookUp": True},
        "production": {"accountId": DESTINATION, "groups": ["workloads"]},
        "staging": {"accountId": "444444444444", "groups": ["workloads"]},
    },
    "grants": {
        "deploy": {
            "source": "ci",
            "destinations": ["workloads"],
            "exclude": ["production"],
            "principals": [{"role": "team/ci"}],
        },
        "read": {
            "source": "people",
            "destinations": ["workloads"],
            "principals": [{"user": "alice"}, {"role": "reader", "source": "ci"}],
            "conditions": {"externalId": "partner-7f3a"},
        },
    },
}


@dataclass(frozen=True)
class Bad:
    """A bad config and the problem that is reported.

    Attributes:
        what: What is bad about it; the row's name.
        code: The code of the problem.
        change: What is changed in the good config, by path.
        path: The path of the problem; by default that of the first change.
    """

    what: str
    code: str
    change: dict[str, Any]
    path: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """The good config with the changes."""
        return self.change_config(copy.deepcopy(self.base))

    @property
    def base(self) -> dict[str, Any]:
        """The good config."""
        return GOOD

    def change_config(self, config: dict[str, Any]) -> dict[str, Any]:
        """Make the changes in a config."""
        for path, value in self.change.items():
            *above, last = [
                int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)
            ]
            part: Any = config
            for step in above:
                part = part.setdefault(step, {}) if isinstance(part, dict) else part[step]
            if value is REMOVED:
                del part[last]
            elif isinstance(part, list) and last == len(part):
                part.append(value)
            else:
                part[last] = value
        return config

    @property
    def problem_path(self) -> str:
        """The path of the problem, with the config's namespace."""
        return f"cross-account-access:{self.path or next(iter(self.change))}"


@dataclass(frozen=True)
class BadFleet(Bad):
    """The same of many accounts."""

    @property
    def base(self) -> dict[str, Any]:
        """The good config."""
        return GOOD_FLEET


@dataclass(frozen=True)
class BadFile(BadFleet):
    """A bad access file, or a stack's config that doesn't go with it.

    Attributes:
        own: The stack's own config, beside `file`.
        text: The file's content, if it isn't the changed config of many accounts.
    """

    own: dict[str, Any] = field(default_factory=dict)
    text: str | None = None

    @property
    def problem_path(self) -> str:
        """The path of the problem, which is the file's own where none is given."""
        return self.path or f"access.yaml: {next(iter(self.change))}"
