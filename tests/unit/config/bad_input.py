"""What a row of the bad-input table is, and the good config that it changes."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import stack_config

ROOT = Path(stack_config.__file__).parent
SOURCE, DESTINATION, OTHER = "111111111111", "222222222222", "333333333333"
QUOTES = "Put it in quotes; with `pulumi config set`, add --type string"

REMOVED: Any = object()
"""Takes a key out of the config."""

GOOD: dict[str, Any] = {
    key.partition(":")[2]: value
    for key, value in yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))[
        "config"
    ].items()
}


@dataclass(frozen=True)
class Bad:
    """A bad input and what is said about it.

    Attributes:
        what: What is bad about it; the row's name.
        change: What is changed in the good config, by path.
        value: The value that is shown.
        rule: The rule that is told.
        remedy: The remedy that is told.
        path: Where the problem stands, below the namespace; by default what was changed first.
    """

    what: str
    change: dict[str, Any]
    value: str
    rule: str
    remedy: str = ""
    path: str = ""

    @property
    def error(self) -> dict[str, str]:
        """The problem in the JSON document."""
        path = f"cross-account-access:{self.path or next(iter(self.change))}"
        return told(path, self.value, self.rule, self.remedy)


@dataclass(frozen=True)
class BadFile:
    """A stack's file that is bad as a whole, and what is said about it."""

    what: str
    text: str
    path: str
    rule: str
    value: str = ""
    remedy: str = ""
    error: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "error", told(self.path, self.value, self.rule, self.remedy))


def told(path: str, value: str, rule: str, remedy: str) -> dict[str, str]:
    """A problem in the JSON document: its message is one line with all of it."""
    end = f". {remedy}" if remedy else "."
    shown = f"{value}: " if value else ""
    return {"path": path, "value": value, "rule": rule, "message": f"{path}: {shown}{rule}{end}"}


def changed(changes: dict[str, Any], endpoint: str) -> dict[str, Any]:
    """The good config, at this endpoint, with some changes."""
    config = copy.deepcopy(GOOD)
    for connection in ("source", "destination"):
        config[connection]["endpoint"] = endpoint
    for path, value in changes.items():
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
