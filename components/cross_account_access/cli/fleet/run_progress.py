"""How far the stacks of a run are: live on a terminal, plain lines elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event

from rich.live import Live
from rich.table import Table

from cross_account_access.cli.terminal import make_progress_console
from cross_account_access.text_format import format_count

from .stack_operation import StackOperation

_MOST_LINES = 15


class RunProgress:
    """Shows how far the stacks are, on stderr.

    Args:
        interrupted: Set when the run is interrupted.
    """

    def __init__(self, interrupted: Event) -> None:
        self._interrupted = interrupted
        self._is_interrupt_told = False
        self._console = make_progress_console()
        self._operations: Sequence[StackOperation] = ()
        self._told: dict[str, str] = {}
        self._live: Live | None = None

    @contextmanager
    def show(self, operations: Sequence[StackOperation]) -> Iterator[None]:
        """Show progress until all is done."""
        self._operations = operations
        if not self._console.is_terminal:
            yield
            self.update()
            return
        with Live(console=self._console, transient=True, auto_refresh=False) as self._live:
            yield

    def update(self) -> None:
        """Show what is new."""
        if self._interrupted.is_set() and not self._is_interrupt_told:
            self._is_interrupt_told = True
            self._tell_interrupt()
        if self._live:
            self._live.update(self._draw(), refresh=True)
            return
        for operation in self._operations:
            text = operation.result.outcome if operation.result else operation.status.split(",")[0]
            if text and self._told.get(operation.stack) != text:
                self._told[operation.stack] = text
                seconds = f" after {operation.result.seconds:.0f} s" if operation.result else ""
                self._console.print(f"{operation.stack}: {text}{seconds}")

    def _tell_interrupt(self) -> None:
        # Pulumi may have ended already.
        if running := self._list_running():
            count = format_count(len(running), "stack")
            self._console.print(
                f"Waiting for {count} to finish what they have begun; Ctrl-C again ends them at "
                "once."
            )

    def _list_running(self) -> list[StackOperation]:
        return [one for one in self._operations if one.status and not one.result]

    def _draw(self) -> Table:
        running = self._list_running()
        ended = [one.result for one in self._operations if one.result]
        failed = sum(result.outcome == "failed" for result in ended)
        table = Table.grid(padding=(0, 2))
        for operation in running[:_MOST_LINES]:
            table.add_row(operation.stack, operation.status)
        waiting = len(self._operations) - len(running) - len(ended)
        table.add_row(
            f"{len(ended)} of {len(self._operations)}", f"{failed} failed, {waiting} waiting"
        )
        return table
