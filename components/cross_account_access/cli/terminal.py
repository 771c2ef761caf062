"""What every command has in common at the terminal: exit codes, failures, JSON, colours."""

import json
import sys
from enum import IntEnum
from typing import Any, Self

import click
from rich.console import Console

_WIDTH = 160


class ExitCode(IntEnum):
    """What the process ends with.

    Attributes:
        told: What that means, for the help.
    """

    told: str

    DONE = 0, "done; verified without a finding; allowed"
    NO = 1, "the answer is no: something is not as it should be, or access is refused"
    WRONG_INPUT = 2, "the command line, or a file or name on it, is wrong; nothing was done"
    UNAVAILABLE = (
        3,
        "somebody couldn't be asked: no credentials, no stack, no network, AWS throttles",
    )
    INTERRUPTED = 130, "interrupted by Ctrl-C; nothing is left half-written"

    def __new__(cls, code: int, told: str) -> Self:
        """A code with its meaning."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.told = told
        return made


class Failure(click.ClickException):
    """Ends a command.

    Attributes:
        code: What the process ends with.
        remedy: What to do about it.
    """

    def __init__(
        self, message: str, code: ExitCode = ExitCode.UNAVAILABLE, *, remedy: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy

    def format_message(self) -> str:
        """The message for a person."""
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class Command(click.Command):
    """A command with `--json`: a failure is a JSON document on stdout then, beside the message on stderr.

    Args:
        json_told: What the option does, for the help.
    """

    def __init__(
        self,
        *args: Any,
        json_told: str = "Print one JSON document on stdout, and nothing else there.",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(click.Option(["--json", "as_json"], is_flag=True, help=json_told))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            if ctx.params.get("as_json"):
                failure = {"message": error.message, "remedy": getattr(error, "remedy", "")}
                emit({"error": failure})
            raise


def emit(document: Any) -> None:
    """Print a JSON document on stdout."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def make_console() -> Console:
    """Where a person reads the answer: coloured on a terminal alone, and as wide as that."""
    return Console(
        highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else _WIDTH
    )


def make_progress_console() -> Console:
    """Where progress is told: stderr, and only what a terminal can take back is drawn."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
