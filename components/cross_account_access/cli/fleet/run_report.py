"""What became of each stack of a run, as JSON and for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from cross_account_access.cli.terminal import ExitCode, make_console
from cross_account_access.text_format import format_count

from .engine_events import CHANGES
from .stack_operation import Outcome, StackResult

_STYLES: dict[Outcome, str] = {
    "done": "green",
    "failed": "bold red",
    "interrupted": "yellow",
    "not started": "yellow",
    "absent": "",
}
_FINE: tuple[Outcome, ...] = ("done", "absent")


@dataclass(frozen=True)
class RunReport:
    """The results of a run.

    Attributes:
        command: What was run.
        parallel: How many stacks at once.
        results: What became of each stack.
        interrupted: Whether the run was interrupted.
        orphans: Stacks whose account is not in the access file, each with where it was found.
    """

    command: str
    parallel: int
    results: Sequence[StackResult]
    interrupted: bool
    orphans: Mapping[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        failed = any(result.outcome == "failed" for result in self.results)
        return ExitCode.NO if failed else ExitCode.DONE

    def as_json(self) -> dict[str, Any]:
        """The report for `--json`."""
        return {
            "command": self.command,
            "parallel": self.parallel,
            "interrupted": self.interrupted,
            "failed": self._count("failed"),
            "stacks": [result.as_json() for result in self.results],
            "orphans": dict(self.orphans),
        }

    def show(self) -> None:
        """Print it for a person."""
        console = make_console()
        if not self.results:
            console.print("Nothing to do: the last run left none of these stacks unfinished.")
            return
        table = Table(box=None, pad_edge=False)
        table.add_column("stack")
        table.add_column("result")
        for sign in (*CHANGES.values(), "seconds"):
            table.add_column(sign, justify="right")
        table.add_column("")
        for result in self.results:
            changes = [str(result.changes.get(name, "")) for name in CHANGES]
            note = result.message if result.outcome in _FINE else ""
            outcome = Text(result.outcome, _STYLES[result.outcome])
            table.add_row(result.stack, outcome, *changes, f"{result.seconds:.0f}", note)
        console.print(table)
        for result in self.results:
            if result.outcome not in _FINE and result.message:
                console.print()
                self._show_message(result)
        console.print()
        console.print(self._summarize())

    def _show_message(self, result: StackResult) -> None:
        console = make_console()
        style = _STYLES[result.outcome]
        console.print(Text.assemble((result.stack, style), f": {result.message}"), soft_wrap=True)
        if result.remedy:
            console.print(f"  {result.remedy}", soft_wrap=True)
        if result.log:
            console.print(f"  Log: {result.log}", soft_wrap=True)

    def _summarize(self) -> Text:
        failed, count = self._count("failed"), format_count(len(self.results), "stack")
        unfinished = self._count("interrupted") + self._count("not started")
        parts = [f"{failed} failed"] if failed else []
        parts += [f"{unfinished} not finished"] if unfinished else []
        if not parts:
            return Text(f"{count}, none failed.", "bold green")
        hint = ""
        if self.command in ("up", "destroy"):
            hint = f" Go on with: cross-account-access fleet {self.command} --failed"
        return Text.assemble((f"{count}, {', '.join(parts)}.", "bold red"), hint)

    def _count(self, outcome: Outcome) -> int:
        return sum(result.outcome == outcome for result in self.results)
