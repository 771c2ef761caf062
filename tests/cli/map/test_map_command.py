"""The command `map`, on the dev stack's outputs and on whatever else it may be given."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
from click.testing import CliRunner

from cross_account_access.cli import files
from cross_account_access.cli.main import main
from cross_account_access.cli.map.mermaid import MARK as MERMAID_MARK
from cross_account_access.cli.map.page import MARK as PAGE_MARK
from cross_account_access.cli.terminal import ExitCode, Failure
from tests.cli.map import maps

FOREIGN = "<p>somebody's own page</p>"


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """The dev stack's outputs, not deployed."""
    file = tmp_path / "dev.json"
    file.write_text(maps.outputs(*maps.of_file(maps.EXAMPLES[0])), encoding="utf-8")
    return file


class Done(NamedTuple):
    """How the tool ended."""

    exit_code: int
    stdout: str
    stderr: str


def run(*args: str | Path, stdin: str | None = None) -> Done:
    """Run the tool in this process, which is quicker."""
    with (
        CliRunner().isolation(input=stdin) as (out, err, _),
        mock.patch.object(sys, "argv", ["cross-account-access", "map", *map(str, args)]),
    ):
        return Done(main(), out.getvalue().decode(), err.getvalue().decode())


# --- What it writes -------------------------------------------------------------------------------


def test_a_page_needs_no_account(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "map.html"
    # There are no credentials, and nobody would answer.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    done = run("--outputs", outputs, "--to", file)
    assert (done.exit_code, done.stderr) == (ExitCode.DONE, "")
    assert done.stdout.endswith(f"Written to {file}.\n")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>\n")
    assert maps.SECRET not in text


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("map.html", "<!DOCTYPE html>\n"),
        ("map.HTM", "<!DOCTYPE html>\n"),
        ("map.mmd", f"{MERMAID_MARK}\nflowchart LR\n"),
        ("map.md", f"```mermaid\n{MERMAID_MARK}\n"),
        ("map.txt", "Who may assume what: "),
    ],
)
def test_a_file_of_each_form_can_be_written_again(
    outputs: Path, tmp_path: Path, name: str, begins: str
) -> None:
    file = tmp_path / name
    written = []
    for _ in range(2):
        assert run("--outputs", outputs, "--to", file).exit_code == ExitCode.DONE
        written.append(file.read_text(encoding="utf-8"))
    assert written[0].startswith(begins)
    assert written[0] == written[1]
    assert str(tmp_path) not in written[0]
    assert sorted(found.name for found in tmp_path.iterdir()) == sorted(["dev.json", name])


def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path) -> None:
    fifo = tmp_path / "outputs.json"
    os.mkfifo(fifo)
    command = [
        sys.executable,
        "-m",
        "cross_account_access.cli",
        "map",
        "--outputs",
        fifo.name,
        "--to",
        "map.html",
    ]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(maps.ROOT), str(maps.ROOT / "components")])
    }
    process = subprocess.Popen(  # noqa: S603
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    with process, fifo.open("w", encoding="utf-8") as file:  # opened as soon as the tool reads
        file.write("{")
        file.flush()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, told.strip()) == (ExitCode.INTERRUPTED, "Interrupted.")
    assert list(tmp_path.iterdir()) == [fifo]


def test_the_pages_transcript_is_what_the_command_prints(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(outputs.parent)
    shown = (
        (maps.ROOT / "docs" / "map.md")
        .read_text(encoding="utf-8")
        .split("```console\n")[1]
        .split("```")[0]
    )
    calls = [part.split("\n", 1) for part in shown.split("$ cross-account-access map ")[1:]]
    assert len(calls) == 2
    for command, expected in calls:
        assert run(*command.split()).stdout == expected


# --- What it is given -----------------------------------------------------------------------------


def test_several_stacks_are_one_map(tmp_path: Path) -> None:
    first = maps.of_config({"hub": {"principals": [{"user": "alice"}]}})
    second = maps.of_config(
        {"spoke": {"principals": [{"role": "hub"}]}},
        source=maps.DESTINATION,
        destination=maps.THIRD,
    )
    (tmp_path / "people.json").write_text(maps.outputs(*first), encoding="utf-8")
    found = run(
        "--outputs",
        tmp_path / "people.json",
        "--outputs",
        "-",
        "--json",
        stdin=maps.outputs(*second),
    )
    document = json.loads(found.stdout)
    assert [[grant["stack"] for grant in way["grants"]] for way in document["access"]] == [
        ["people"],
        ["stdin"],
    ]
    assert document["access"][0]["role"] == document["access"][1]["principal"]


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "dev.json")
        files[-1].write_text(
            maps.outputs(*maps.of_config({folder: {"principals": [{"user": "alice"}]}})), "utf-8"
        )
    found = run("--outputs", files[0], "--outputs", files[1], "--json")
    assert [way["grants"][0]["stack"] for way in json.loads(found.stdout)["access"]] == [
        str(file) for file in files
    ]


@pytest.mark.parametrize(
    ("args", "begins"),
    [
        ([], "Who may"),
        (["--format", "mermaid"], MERMAID_MARK),
        (["--format", "html"], "<!DOCTYPE html>"),
    ],
)
def test_each_form_goes_to_stdout(outputs: Path, args: list[str], begins: str) -> None:
    for more in ([], ["--to", "-"]):
        found = run("--outputs", outputs, *args, *more)
        assert (found.exit_code, found.stderr) == (ExitCode.DONE, "")
        assert found.stdout.startswith(begins)


def test_a_form_wins_over_a_files_name(outputs: Path, tmp_path: Path) -> None:
    assert (
        run("--outputs", outputs, "--format", "html", "--to", tmp_path / "map.txt").exit_code
        == ExitCode.DONE
    )
    assert PAGE_MARK in (tmp_path / "map.txt").read_text(encoding="utf-8")


def test_json_is_the_map_and_what_was_written(outputs: Path, tmp_path: Path) -> None:
    file = tmp_path / "map.html"
    found = json.loads(run("--outputs", outputs, "--json", "--to", file).stdout)
    assert found.keys() == {"principals", "roles", "access", "written"}
    assert found["written"] == {"file": str(file), "format": "html"}
    assert file.is_file()
    assert "written" not in json.loads(run("--outputs", outputs, "--json").stdout)


def test_a_flowchart_too_large_for_mermaid_is_written_with_a_warning(tmp_path: Path) -> None:
    grants = {f"r{n}": {"principals": [{"user": f"u{m}"} for m in range(20)]} for n in range(30)}
    (tmp_path / "big.json").write_text(maps.outputs(*maps.of_config(grants)), encoding="utf-8")
    found = run("--outputs", tmp_path / "big.json", "--format", "mermaid")
    assert found.exit_code == ExitCode.DONE
    assert "--format html" in found.stderr


IT = "--outputs it.json"
BAD: dict[str, tuple[str, Any]] = {
    "no stack is given": ("", None),
    "gone.json: No such file or directory": ("--outputs gone.json", None),
    "it.json: must be JSON": (IT, "{"),
    "it.json is not a stack's outputs": (IT, "[]"),
    "it.json has no grants among its outputs": (IT, "{}"),
    "grant a is secret": (IT, {"grants": {"a": {"documents": "[secret]"}}}),
    "the documents of grant a are not": (IT, {"grants": {"a": {"documents": '{"format":2}'}}}),
    "gone/map.html can't be written: No such file or directory": (f"{IT} --to gone/map.html", ...),
    "theirs.html was not made by this command": (f"{IT} --to theirs.html", ...),
    "pipe is no file": (f"{IT} --to pipe", ...),
    "--to new.html is named as html, but --format is mermaid": (
        f"{IT} --to new.html --format mermaid",
        ...,
    ),
    "--to new.HTM is named as html, but --format is tree": (
        f"{IT} --to new.HTM --format tree",
        ...,
    ),
    "--to new.md is named as mermaid, but --format is html": (
        f"{IT} --to new.md --format html --force",
        ...,
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_wrong_with_the_input_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    args, given = BAD[message]
    monkeypatch.chdir(tmp_path)
    if given is ...:
        given = maps.outputs(*maps.of_file(maps.EXAMPLES[0]))
    if given is not None:
        text = given if isinstance(given, str) else json.dumps(given)
        Path("it.json").write_text(text, encoding="utf-8")
    Path("theirs.html").write_text(FOREIGN, encoding="utf-8")
    os.mkfifo("pipe")
    before = sorted(tmp_path.iterdir())
    done = run(*args.split(), "--json")
    assert done.exit_code == ExitCode.WRONG_INPUT
    assert message in done.stderr
    assert message in json.loads(done.stdout)["error"]["message"]
    assert sorted(tmp_path.iterdir()) == before
    assert Path("theirs.html").read_text(encoding="utf-8") == FOREIGN


@pytest.mark.parametrize("args", ["--format png", "--to ."])
def test_a_wrong_option_is_told(outputs: Path, args: str) -> None:
    done = run("--outputs", outputs, *args.split())
    assert (done.exit_code, done.stdout) == (ExitCode.WRONG_INPUT, "")


def test_without_the_pulumi_cli_a_stack_can_not_be_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    found = run("--stack", "dev", "-C", tmp_path)
    assert found.exit_code == ExitCode.UNAVAILABLE
    assert "the Pulumi CLI is not here" in found.stderr


# --- The file -------------------------------------------------------------------------------------


def test_force_overwrites_anothers_file_and_keeps_its_mode_and_link(
    outputs: Path, tmp_path: Path
) -> None:
    theirs, link = tmp_path / "theirs.html", tmp_path / "link.html"
    theirs.write_text(FOREIGN, encoding="utf-8")
    theirs.chmod(0o640)
    link.symlink_to(theirs)
    assert run("--outputs", outputs, "--to", link).exit_code == ExitCode.WRONG_INPUT
    assert run("--outputs", outputs, "--to", link, "--force").exit_code == ExitCode.DONE
    assert link.is_symlink()
    assert PAGE_MARK in theirs.read_text(encoding="utf-8")
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o640


def test_a_new_file_is_as_open_as_the_umask_lets_it(outputs: Path, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        assert run("--outputs", outputs, "--to", tmp_path / "map.html").exit_code == ExitCode.DONE
    finally:
        assert os.umask(before) == 0o027
    assert stat.S_IMODE((tmp_path / "map.html").stat().st_mode) == 0o640


@pytest.mark.parametrize("old", [None, f"{MERMAID_MARK}\nold"])
def test_on_a_full_disk_nothing_is_half_written(outputs: Path, old: str | None) -> None:
    file = outputs.with_name("map.mmd")
    if old:
        file.write_text(old, encoding="utf-8")
    before, limit = sorted(outputs.parent.iterdir()), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limit[1]))
    try:
        done = run("--outputs", outputs, "--to", file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert done == (ExitCode.WRONG_INPUT, "", f"Error: {file} can't be written: File too large\n")
    assert sorted(outputs.parent.iterdir()) == before
    assert not old or file.read_text(encoding="utf-8") == old


def test_an_empty_file_is_nobodys_work(tmp_path: Path) -> None:
    (tmp_path / "map").touch()
    files.write_file(tmp_path / "map", "mark: new", "mark", force=False)
    assert (tmp_path / "map").read_text(encoding="utf-8") == "mark: new"


@pytest.mark.parametrize(
    ("stopped", "told"), [(KeyboardInterrupt(), None), (OSError(28, "No space left"), "No space")]
)
def test_what_was_there_stays_when_writing_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: BaseException, told: str | None
) -> None:
    file = tmp_path / "map"
    file.write_text("mark: old", encoding="utf-8")

    def stop(_: int) -> None:
        raise stopped

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(Failure if told else KeyboardInterrupt, match=told):
        files.write_file(file, "mark: new", "mark", force=False)
    assert file.read_text(encoding="utf-8") == "mark: old"
    assert list(tmp_path.iterdir()) == [file]
