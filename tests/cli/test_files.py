"""Replacing a person's file: as a whole or not at all, whatever comes between."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cross_account_access.cli import files
from cross_account_access.cli.terminal import ExitCode, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Stage

# root may write whatever the mode says, but for what setpriv takes from it.
_MODES_COUNT = hasattr(os, "geteuid") and (os.geteuid() != 0 or shutil.which("setpriv") is not None)


def _raise(error: BaseException) -> Callable[..., None]:
    def raising(*_: object, **__: object) -> None:
        raise error

    return raising


@pytest.mark.parametrize("step", ["fsync", "rename", "replace", "chmod"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_goes_wrong_leaves_the_file_alone_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    file = tmp_path / "config"
    file.write_bytes(b"old")
    monkeypatch.setattr(Path if step == "chmod" else os, step, _raise(error))
    with pytest.raises((Failure, KeyboardInterrupt)) as ended:
        files.replace_file(file, b"old", b"new")
    monkeypatch.undo()
    if isinstance(ended.value, Failure):
        told = f"{file} can't be written: No space left on device"
        assert (ended.value.message, ended.value.code) == (told, ExitCode.WRONG_INPUT)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("config", b"old")]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "config"
    for there, read in ((b"newer", b"old"), (b"newer", None)):
        file.write_bytes(there)
        with pytest.raises(
            Failure, match="was changed by another program meanwhile: nothing was written"
        ):
            files.replace_file(file, read, b"new")
        assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("config", there)]


def test_two_backups_have_two_names(tmp_path: Path) -> None:
    file = tmp_path / "config"
    assert files.replace_file(file, None, b"1") is None
    made = [files.replace_file(file, b"1", b"2"), files.replace_file(file, b"2", b"3")]
    assert [one.read_bytes() for one in made if one] == [b"1", b"2"]
    assert file.read_bytes() == b"3"


def test_a_read_only_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes(b"old")
    file.chmod(0o440)
    with pytest.raises(Failure) as refused:
        files.replace_file(file, b"old", b"new")
    told = f"{file} is read-only: nothing was written\nIf you mean it to change: chmod u+w {file}"
    assert (refused.value.format_message(), refused.value.code) == (told, ExitCode.WRONG_INPUT)
    assert (
        file.read_bytes(),
        stat.S_IMODE(file.stat().st_mode),
        len(list(tmp_path.iterdir())),
    ) == (b"old", 0o440, 1)


@pytest.mark.skipif(
    not _MODES_COUNT, reason="a folder's mode doesn't stop root: run as another user"
)
def test_in_a_read_only_folder_nothing_is_written(deployed: Stage) -> None:
    folder = deployed.folder / "fixed"
    folder.mkdir()
    (folder / "config").write_bytes(b"[default]\n")
    folder.chmod(0o500)
    words = [
        sys.executable,
        "-m",
        "cross_account_access.cli",
        "profile",
        "deploy",
        "--outputs",
        "outputs.json",
    ]
    words += ["--source-profile", "ci", "--yes"]
    if os.geteuid() == 0:
        words = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner", *words]
    environment = {**deployed.environment, "AWS_CONFIG_FILE": str(folder / "config")}
    done = subprocess.run(  # noqa: S603 - the tool
        words,
        env=environment,
        cwd=deployed.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == ExitCode.WRONG_INPUT
    assert done.stderr == f"Error: {folder / 'config'} can't be written: Permission denied\n"
    assert [one.name for one in folder.iterdir()] == ["config"]


def _make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def _link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


NO_FILES: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a socket": _make_socket,
    "a link to a device": _link_to("/dev/null"),
    "a link to an endless device": _link_to("/dev/zero"),
    "a link to a folder": _link_to("."),
    "a link to the standard output": _link_to("/dev/stdout"),
    "a link to a descriptor": _link_to("/dev/fd/1"),
    "a link to the process's descriptor": _link_to("/proc/self/fd/1"),
    "a link to what the system makes": _link_to("/proc/self/cmdline"),
    "a link to no device": _link_to("/dev/none-of-this-name"),
    "a link to itself": _link_to("config"),
}


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize("linked", [False, True], ids=["itself", "through a link"])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, kind: str, *, linked: bool) -> None:
    file = tmp_path / "config"
    NO_FILES[kind](file)
    before = file.lstat()
    path = tmp_path / "link" if linked else file
    if linked:
        path.symlink_to("config")
    with pytest.raises(Failure) as refused:
        files.replace_file(path, None, b"new")
    assert refused.value.code is ExitCode.WRONG_INPUT
    assert refused.value.message.startswith(f"{path} is no file")
    after = file.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert {one.name for one in tmp_path.iterdir()} == {"config", *(["link"] if linked else [])}


@pytest.mark.parametrize("name", ["/dev/null", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_a_device_or_stream_by_its_own_name_is_never_replaced(name: str, tmp_path: Path) -> None:
    """Where stdout is a file, /dev/stdout leads to that file."""
    script = (
        "import sys; from pathlib import Path; from cross_account_access.cli import files; "
        "files.replace_file(Path(sys.argv[1]), None, b'new')"
    )
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(  # noqa: S603 - the test's own script
            [sys.executable, "-c", script, name],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=out,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert f"InputError: {name} is no file" in done.stderr.decode()
    assert (tmp_path / "out").read_bytes() == b""
    assert not stat.S_ISREG(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link to an endless device", "a socket"])
@pytest.mark.parametrize("command", ["", "--dry-run"])
def test_the_command_says_so_and_does_not_wait(
    deployed: Stage, tmp_path: Path, kind: str, command: str
) -> None:
    file = tmp_path / "config"
    NO_FILES[kind](file)
    args = ("profile", "deploy", "--outputs", "outputs.json", command or "--yes")
    done = deployed.run(*args, AWS_CONFIG_FILE=str(file), seconds=30)
    assert (done.returncode, done.stdout) == (ExitCode.WRONG_INPUT, "")
    assert f"{file} is no file" in done.stderr


def test_an_empty_name_of_the_config_is_told(deployed: Stage) -> None:
    done = deployed.call("profile", "deploy", "--outputs", "outputs.json", AWS_CONFIG_FILE="")
    assert done.returncode == ExitCode.WRONG_INPUT
    assert "AWS_CONFIG_FILE is empty" in done.stderr
    args = ("profile", "deploy", "--outputs", "outputs.json", "--source-profile", "ci")
    done = deployed.call(*args, AWS_SHARED_CREDENTIALS_FILE="")
    assert done.returncode == ExitCode.WRONG_INPUT
    assert "there is no AWS profile ci" in done.stderr
