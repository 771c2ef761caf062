"""What every command does at the terminal: exit codes, failures, JSON, colors.

All text leaves the tool here, so that no control character of a value reaches the terminal.
"""

import json
import os
import re
import shutil
import traceback
from collections.abc import Iterable
from contextlib import suppress
from enum import IntEnum
from io import StringIO
from typing import Any, Self

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from cross_account_access.errors import CrossAccountAccessError, escape_invisible, find_invisible

_WIDTH, _HEIGHT = 160, 24  # where there is no terminal
_TRACEBACK = "CROSS_ACCOUNT_ACCESS_TRACEBACK"


class ExitCode(IntEnum):
    """The exit code of the process.

    Attributes:
        meaning: What the code means, for the help.
    """

    meaning: str

    DONE = 0, "done; verified without a finding; allowed"
    NO = 1, "the answer is no: there is a finding, access is refused, or a stack failed"
    WRONG_INPUT = 2, "the command line, or a file or name on it, is wrong; nothing was done"
    UNAVAILABLE = (
        3,
        "unavailable: no credentials, no stack, no network, no room for output, or AWS throttles",
    )
    CRASHED = 70, "a fault of this tool: it ended without an answer"
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

    @property
    def exit_code(self) -> int:  # type: ignore[override] # click's is one for a class
        """The exit code, by click's name for it."""
        return self.code

    def format_message(self) -> str:
        """The message and the remedy, for a person: a line each, whatever they quote."""
        return "\n".join(escape_invisible(line) for line in (self.message, self.remedy) if line)


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
        except (click.Abort, click.exceptions.Exit, EOFError, BrokenPipeError):
            raise
        except Exception as error:
            failure = as_failure(error)
            if ctx.params.get("as_json"):
                about = {"message": failure.message, "remedy": getattr(failure, "remedy", "")}
                with suppress(OSError):  # stdout may be what fails
                    emit({"error": about})
            if failure is error:
                raise
            raise failure from error


class CommandGroup(click.Group):
    """A group that lists its commands in the order of use, not of their names."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The commands' names."""
        return list(self.commands)


def as_failure(error: Exception) -> click.ClickException:
    """Turn whatever ends a command into what is shown of it, and into its exit code.

    What nobody expected is no answer: its text isn't shown, for it may hold a secret.
    """
    match error:
        case click.ClickException():
            return error
        case CrossAccountAccessError():
            return InputError(str(error))
        case OSError():
            what = error.filename or "the output"
            return Failure(f"cannot read or write {what}: {error.strerror or error}")
        case _:
            return Failure(
                f"the command ended without an answer: unexpected {type(error).__name__}",
                ExitCode.CRASHED,
                remedy="This is a fault of cross-account-access, please report it. The traceback, "
                f"which may hold secrets, is shown with {_TRACEBACK}=1.",
            )


def show_failure(error: Exception) -> int:
    """Show what ended the tool on stderr; returns the exit code."""
    failure = as_failure(error)
    text = StringIO()
    failure.show(text)
    with suppress(OSError):  # there may be no stderr
        if failure.exit_code == ExitCode.CRASHED and os.environ.get(_TRACEBACK):
            echo("".join(traceback.format_exception(error)), err=True)
        echo(text.getvalue(), err=True, nl=False)
    return failure.exit_code


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print lines of text, in which only line ends and tabs are control characters.

    Args:
        text: The text.
        err: Whether to print on stderr instead of stdout.
        nl: Whether to end the last line.
    """
    click.echo(_escape_lines(text), err=err, nl=nl)


def _escape_lines(text: str) -> str:
    return re.sub(r"[^\n\t]+", lambda match: escape_invisible(match[0]), text)


def emit(document: Any) -> None:
    """Print a JSON document on stdout, with escapes for what a terminal doesn't print."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    click.echo(
        "".join(
            json.dumps(char)[1:-1] if char != "\n" and find_invisible(char) else char
            for char in text
        )
    )


class _EscapingConsole(Console):
    """A console whose styles are the only control characters that it prints."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=_escape_lines(segment.text))

    def on_broken_pipe(self) -> None:
        # Called while the error is handled. Rich's own exit code, 1, is an answer's.
        raise  # noqa: PLE0704


def make_console(*, stderr: bool = False) -> Console:
    """A console on stdout or stderr.

    It is as wide as the terminal, or as COLUMNS says. NO_COLOR turns all styles off:
    https://no-color.org
    """
    width, height = shutil.get_terminal_size((_WIDTH, _HEIGHT))
    return _EscapingConsole(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        width=width,
        height=height,
        soft_wrap=stderr,
    )


def make_progress_console() -> Console:
    """A console on stderr for progress, which a terminal erases afterwards."""
    return make_console(stderr=True)
