"""What the engine says of a stack as it works: what it changed, and what went wrong."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHANGES: Mapping[str, str] = {
    "create": "+",
    "update": "~",
    "replace": "+-",
    "delete": "-",
    "same": "=",
}
"""What is done with a resource, by the engine's word, and the sign for it."""

_COLOR = re.compile(r"<\{%[^%]*%\}>")
_PREFIX = re.compile(r"^(\[ERROR\]\s*:?\s*|error:\s*)+")
# A refusal of this package, beside which the AWS provider's own error stands.
_REFUSAL = re.compile(r"was refused: |cross-account-access:")
_LONGEST = 400
_MUTED = ("update failed", "preview failed", "resource creation failed")


@dataclass
class EngineEvents:
    """The events of one operation, read from the file that the engine writes while it works.

    Attributes:
        path: The file.
        counts: How many resources each operation changed, at the end.
        steps: How many resources were changed until now.
        errors: What went wrong, each with the resource's type and name.
    """

    path: Path
    counts: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    errors: list[tuple[str, str]] = field(default_factory=list)
    _offset: int = 0

    def read(self) -> None:
        """Read what is new in the file."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except OSError:  # not there yet
            return
        complete = content[: content.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                self._add(event)

    def count_changes(self) -> dict[str, int]:
        """How many resources were changed in each way, by the words of `CHANGES`."""
        changes = {name: self.counts[name] for name in CHANGES}
        changes["create"] += self.counts["import"]
        return changes

    def _add(self, event: Mapping[str, Any]) -> None:
        match event:
            case {"summaryEvent": {"resourceChanges": dict(changes)}}:
                self.counts = Counter(
                    {name: n for name, n in changes.items() if isinstance(n, int)}
                )
            case {"resOutputsEvent": {"metadata": {"op": str(op)}}} if op in CHANGES:
                self.steps += op != "same"
            case {"diagnosticEvent": {"severity": "error", "message": str(message), **about}}:
                text = _clean(message)
                if text:
                    self.errors.append((_name_resource(str(about.get("urn") or "")), text))

    def describe_error(self) -> str:
        """What went wrong, in one line; empty where the engine didn't say."""
        # A failed resource is told of by the program too, with a traceback.
        refused = [error for error in self.errors if _REFUSAL.search(error[1])]
        errors = refused or list(dict.fromkeys(e for e in self.errors if e[0])) or self.errors
        if not errors:
            return ""
        resource, text = errors[0]
        more = len({name for name, _ in errors}) - 1
        rest = f" (and {more} more)" if more > 0 else ""
        return f"{f'{resource}: ' if resource else ''}{text}{rest}"


def _clean(message: str) -> str:
    text = " ".join(_COLOR.sub("", message).removeprefix(" stderr:").split())
    text = _PREFIX.sub("", text).strip().removesuffix(":")
    if text.endswith(_MUTED) or not text:
        return ""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _name_resource(urn: str) -> str:
    """A resource's type and name, as Pulumi shows them; empty for the stack itself."""
    kind, _, name = urn.partition("::")[2].partition("::")[2].rpartition("::")
    kind = kind.rpartition("$")[2]
    if not kind or kind == "pulumi:pulumi:Stack":
        return ""
    return f"{kind.rpartition(':')[2]} {name}"


def describe_output(output: str) -> str:
    """What a command's output says went wrong: its last line of an error; empty without one."""
    errors = [text for line in output.splitlines() if "error:" in line and (text := _clean(line))]
    return errors[-1] if errors else ""
