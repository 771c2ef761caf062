"""What leaves the tool: text without control characters, exit codes, errors instead of crashes."""

from __future__ import annotations

import ast
import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from rich.text import Text
from rich.tree import Tree

from cross_account_access.cli import terminal
from cross_account_access.cli.map import map_command
from cross_account_access.cli.terminal import ExitCode, InputError
from cross_account_access.errors import InvalidInput, Problem, Refusal
from tests.cli.offline import COMMANDS, FILE, Ran, offline, outputs, run, write
from tests.hostile_outputs import HOSTILE_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator

CLI = Path(terminal.__file__).parent
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
SECRET = "hidden-7f3a"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with offline(tmp_path):
        write(tmp_path, outputs())
        yield tmp_path


class Failing(io.StringIO):
    """A stream on which nothing can be written."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, _: str) -> NoReturn:
        raise OSError(self._number, os.strerror(self._number))


def controls_in(text: str, keep: str = "\n\t") -> set[str]:
    return set(CONTROLS) & set(text) - set(keep)


# --- Text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("char", [*CONTROLS, "\u202e", "\ud800", "\u2028", "\U000e0001"], ids=ascii)
def test_a_character_that_does_not_show_is_printed_as_its_escape(
    char: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    terminal.echo(f"a{char}b", err=True)
    InputError(f"a{char}b", f"c{char}d").show()
    console = terminal.make_console()
    console.print(f"a{char}b", Text(f"a{char}b"), Text(f"a{char}b", "bold"), style="red")
    tree = Tree(f"a{char}b")
    tree.add(Text(f"a{char}b"))
    console.print(tree)
    shown = capsys.readouterr()
    assert not controls_in(shown.out + shown.err)
    assert char in "\n\t" or char not in shown.out + shown.err
    assert f"Error: a{ascii(char)[1:-1]}b\nc{ascii(char)[1:-1]}d\n" in shown.err
    assert char in "\n\t" or f"a{ascii(char)[1:-1]}b\n" in shown.err


def test_an_error_has_no_lines_of_its_values() -> None:
    error = InputError("x\nError: y", "do\r\nthis")
    assert error.format_message() == "x\\nError: y\ndo\\r\\nthis"


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=ascii)
def test_json_is_equal_when_it_is_read(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = {value: [value, {"x": value}], "é…": "\U0001f600"}
    terminal.emit(document)
    shown = capsys.readouterr().out
    assert json.loads(shown) == document
    assert not controls_in(shown, "\n")
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert "é…" in shown


def test_only_the_terminal_prints() -> None:
    """Else some command could forget to hide what a terminal obeys."""
    found = []
    for file in CLI.rglob("*.py"):
        if file in (CLI / "terminal.py", CLI / "__init__.py"):
            continue
        calls = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for call in (node for node in calls if isinstance(node, ast.Call)):
            name = ast.unparse(call.func)
            prints = name in ("print", "click.echo", "click.secho") or "stdout.write" in name
            # One that prints into a string is no output yet.
            is_stream = name == "Console" and "file" not in {word.arg for word in call.keywords}
            if prints or is_stream:
                found.append(f"{file.relative_to(CLI)}:{call.lineno}")
    assert found == []


# --- Colors and width -----------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_a_terminal_gets_styles_and_with_no_color_none() -> None:
    assert "\x1b[1m" in run("map", terminal=True).out
    assert "\x1b" in run("map", terminal=True, NO_COLOR="").out
    for args in COMMANDS.values():
        plain = run(*args, terminal=True, NO_COLOR="1")
        assert not controls_in(plain.out + plain.err)
    assert run("map").out == run("map", terminal=True, NO_COLOR="1").out


@pytest.mark.parametrize(
    ("columns", "width"),
    [("60", 60), ("200", 200), ("", 160), ("0", 160), ("-5", 160), ("x", 160), ("²", 160)],
)
def test_output_is_as_wide_as_columns_says(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal.make_console().width == width
    monkeypatch.delenv("COLUMNS")
    assert terminal.make_console().width == 160


# --- Crashes --------------------------------------------------------------------------------------


def crash(monkeypatch: pytest.MonkeyPatch, error: BaseException, *args: str) -> Ran:
    def build(_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(map_command, "build_access_map", build)
    return run("map", *args)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "error",
    [
        *(ValueError(SECRET), KeyError(SECRET), TypeError(SECRET), RecursionError(SECRET)),
        *(MemoryError(SECRET), AssertionError(SECRET), UnicodeEncodeError("x", SECRET, 0, 1, "x")),
        *(StopIteration(SECRET), NotImplementedError(SECRET), ExceptionGroup("x", [ValueError()])),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_nobody_expected_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    ran = crash(monkeypatch, error)
    assert (ran.code, ran.out) == (ExitCode.CRASHED, "")
    message = f"the command ended without an answer: unexpected {type(error).__name__}"
    assert ran.err.startswith(f"Error: {message}\n")
    assert "Traceback" not in ran.err
    assert SECRET not in ran.err
    told = json.loads(crash(monkeypatch, error, "--json").out)["error"]
    assert (set(told), told["message"]) == ({"message", "remedy"}, message)
    assert SECRET not in str(told)


@pytest.mark.usefixtures("folder")
def test_the_traceback_is_shown_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSS_ACCOUNT_ACCESS_TRACEBACK", "1")
    ran = crash(monkeypatch, ValueError("x\x1b[31m"))
    assert "Traceback" in ran.err
    assert "in build" in ran.err
    assert "x\\x1b[31m" in ran.err
    assert ran.code == ExitCode.CRASHED
    assert "Traceback" not in run("map", "--outputs", "none").err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (InputError("x"), ExitCode.WRONG_INPUT, "Error: x\n"),
        (Refusal("must be x", code="x"), ExitCode.WRONG_INPUT, "Error: must be x\n"),
        (
            InvalidInput([Problem("a.b", "1", "must be x", code="x")]),
            ExitCode.WRONG_INPUT,
            "Error: a.b: 1: must be x.\n",
        ),
        (PermissionError(13, "Permission denied", "/x\x1b"), ExitCode.UNAVAILABLE, "/x\\x1b"),
        (OSError("odd"), ExitCode.UNAVAILABLE, "odd"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "Interrupted."),
        (EOFError(), ExitCode.INTERRUPTED, "Interrupted."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_each_end_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: ExitCode, part: str
) -> None:
    ran = crash(monkeypatch, error)
    assert (ran.code, ran.out) == (code, "")
    assert part in ran.err


@pytest.mark.usefixtures("folder")
def test_every_exit_code_is_in_the_help() -> None:
    shown = run("--help").out
    assert all(f"{code:<4} {code.meaning}" in shown for code in ExitCode)


# --- Output that fails ----------------------------------------------------------------------------

HELP = {f"help of {name}": (args[0], "--help") for name, args in COMMANDS.items()}
PRINTING = {
    **{name: args for name, args in COMMANDS.items() if name not in ("verify", "exec")},
    **{f"{name} as JSON": (*args, "--json") for name, args in COMMANDS.items() if name != "exec"},
    **HELP,
    "help": ("--help",),
    "version": ("--version",),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("args", PRINTING.values(), ids=PRINTING)
def test_a_full_disk_is_an_error_and_a_closed_pipe_is_silent(args: tuple[str, ...]) -> None:
    full = run(*args, stdout=Failing(errno.ENOSPC))
    assert full.code == ExitCode.UNAVAILABLE
    assert full.err.splitlines()[-1].startswith(("Error: cannot read or write", "Pass "))
    closed = run(*args, stdout=Failing(errno.EPIPE))
    assert closed.code == ExitCode.UNAVAILABLE
    assert "Traceback" not in full.err + closed.err


@pytest.mark.usefixtures("folder")
def test_a_process_with_broken_streams_ends_with_its_exit_code() -> None:
    tool = f"{sys.executable} -m cross_account_access.cli map --outputs"
    for words, code, err in (
        (
            f"{tool} {FILE} >/dev/full",
            3,
            "Error: cannot read or write the output: No space left on device\n",
        ),
        (f"{tool} {FILE} --json | true; exit ${{PIPESTATUS[0]}}", 3, ""),
        (
            f"{tool} - <&- >&-",
            2,
            (
                "Error: stdin: must be JSON (Expecting value: line 1 column 1 (char 0))\n"
                "Write it again with `pulumi stack output --json --show-secrets`.\n"
            ),
        ),
        (f"{tool} none 2>/dev/full", 2, ""),
        (f"PYTHONIOENCODING=ascii {tool} {FILE}", 0, ""),
    ):
        done = subprocess.run(  # noqa: S603
            ["/bin/bash", "-c", words],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CLI.parents[1])},
        )
        assert (done.returncode, done.stderr) == (code, err), words
