"""What every command does at the terminal: exit codes, failures, JSON, colors."""

import json
import sys
from enum import IntEnum
from typing import Any, Self

import click
from rich.console import Console

_WIDTH = 160


class ExitCode(IntEnum):
    """The exit code of the process.

    Attributes:
        meaning: What the code means, for the help.
    """

    meaning: str

    DONE = 0, "done; verified without a finding; allowed"
    NO = 1, "the answer is no: there is a finding, or access is refused"
    WRONG_INPUT = 2, "the command line, or a file or name on it, is wrong; nothing was done"
    UNAVAILABLE = (
        3,
        "unavailable: no credentials, no stack, no network, or AWS throttles",
    )
    INTERRUPTED = 130, "interrupted by Ctrl-C; nothing is left half-written"

    def __new__(cls, code: int, meaning: str) -> Self:
        """Make a code with its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


class Failure(click.ClickException):
    """Ends a command.

    Attributes:
        code: The exit code.
        remedy: What to do about it.
    """

    def __init__(
        self, message: str, code: ExitCode = ExitCode.UNAVAILABLE, *, remedy: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy

    def format_message(self) -> str:
        """The message and the remedy, for a person."""
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class InputError(Failure):
    """Ends a command for a wrong command line, or a wrong file or name on it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, ExitCode.WRONG_INPUT, remedy=remedy)


class Command(click.Command):
    """A command with `--json`, which also prints a failure as a JSON document on stdout.

    Args:
        json_help: The option's help.
    """

    def __init__(
        self,
        *args: Any,
        json_help: str = "Print one JSON document, and nothing else, on stdout.",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(click.Option(["--json", "as_json"], is_flag=True, help=json_help))

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
    """A console on stdout, with color and line breaks only if it is a terminal."""
    return Console(
        highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else _WIDTH
    )


def make_progress_console() -> Console:
    """A console on stderr for progress, which a terminal erases afterwards."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
