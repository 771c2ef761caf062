"""A handoff's folder is written as a whole or not at all; what it did not write is left alone."""

from __future__ import annotations

import errno
import itertools
import os
import resource
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.handoff import handoff_folder
from cross_account_access.cli.handoff.handoff_folder import MANIFEST, write_folder
from cross_account_access.cli.terminal import ExitCode, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

ABOUT = {"grant": "g", "for": "source", "checksum": "sha256:0"}
FIRST = {"a": "1", "b": "2"}
SECOND = {"b": "3", "c": "4"}


def read(folder: Path) -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in folder.iterdir()
        if path.name != MANIFEST
    }


def test_an_earlier_handoff_is_replaced_and_what_changed_is_told(tmp_path: Path) -> None:
    assert write_folder(tmp_path / "to", FIRST, ABOUT) is None
    changes = write_folder(tmp_path / "to", SECOND, ABOUT)
    assert changes is not None
    assert (changes.added, changes.removed, changes.changed) == (["c"], ["a"], ["b"])
    assert read(tmp_path / "to") == SECOND
    assert write_folder(tmp_path / "to", SECOND, ABOUT | {"checksum": "sha256:1"}) is not None
    assert [path.name for path in tmp_path.iterdir()] == ["to"]


def test_an_empty_folder_is_filled_and_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir(mode=0o755)
    assert write_folder(tmp_path / "to", FIRST, ABOUT) is None
    assert (tmp_path / "to").stat().st_mode & 0o777 == 0o700


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "to").symlink_to("there")
    write_folder(tmp_path / "to", FIRST, ABOUT)
    assert (tmp_path / "to").is_symlink()
    assert read(tmp_path / "there") == FIRST


def _other(folder: Path) -> None:
    folder.mkdir()
    (folder / "mine").write_text("mine")


def _with_state(folder: Path) -> None:
    write_folder(folder, FIRST, ABOUT)
    (folder / "terraform.tfstate").write_text("{}")


def _edited(folder: Path) -> None:
    write_folder(folder, FIRST, ABOUT)
    (folder / "a").write_text("by hand")


def _foreign_manifest(folder: Path) -> None:
    folder.mkdir()
    (folder / MANIFEST).write_text("[]")


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (_other, "must be empty or hold an earlier handoff"),
        (_foreign_manifest, "must be empty or hold an earlier handoff"),
        (_with_state, "holds files of others: terraform.tfstate"),
        (_edited, "has files that were edited since the handoff: a"),
        (
            lambda to: write_folder(to, FIRST, ABOUT | {"grant": "h"}),
            "holds another handoff: of grant h for source",
        ),
        (
            lambda to: write_folder(to, FIRST, ABOUT | {"for": "destination"}),
            "holds another handoff: of grant g for destination",
        ),
        (lambda to: to.write_text("mine"), "is a file"),
    ],
)
def test_what_it_did_not_write_is_left_alone(
    before: Callable[[Path], Any], message: str, tmp_path: Path
) -> None:
    to = tmp_path / "to"
    before(to)
    there = read(to) if to.is_dir() else to.read_text()
    with pytest.raises(Failure) as refused:
        write_folder(to, SECOND, ABOUT)
    assert (refused.value.message, refused.value.code) == (f"{to} {message}", ExitCode.WRONG_INPUT)
    assert (read(to) if to.is_dir() else to.read_text()) == there
    assert [path.name for path in tmp_path.iterdir()] == ["to"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failure) as absent:
        write_folder(tmp_path / "absent" / "to", FIRST, ABOUT)
    assert (
        absent.value.message == f"{tmp_path}/absent/to can't be written: No such file or directory"
    )
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure) as no_folder:
        write_folder(tmp_path / "file" / "to", FIRST, ABOUT)
    assert no_folder.value.message == f"{tmp_path}/file/to can't be written: Not a directory"


def test_a_folder_without_the_right_to_write_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refused)
    with pytest.raises(Failure, match="can't be written: Permission denied"):
        write_folder(tmp_path / "to", FIRST, ABOUT)


def _no_space(_: Callable[..., Any], *__: Any, **___: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _ctrl_c_before(call: Callable[..., Any], *args: Any, **given: Any) -> Any:
    os.kill(os.getpid(), signal.SIGINT)
    return call(*args, **given)


def _ctrl_c_after(call: Callable[..., Any], *args: Any, **given: Any) -> Any:
    done = call(*args, **given)
    os.kill(os.getpid(), signal.SIGINT)
    return done


@pytest.mark.parametrize("happens", [_no_space, _ctrl_c_before, _ctrl_c_after])
@pytest.mark.parametrize("earlier", [None, FIRST], ids=["new", "replaced"])
def test_whatever_happens_at_any_step_the_folder_is_whole(
    happens: Callable[..., Any],
    earlier: dict[str, str] | None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    told = Failure if happens is _no_space else KeyboardInterrupt
    steps: list[tuple[Any, str]] = [
        (tempfile, "mkdtemp"),
        (Path, "mkdir"),
        *[(handoff_folder, "_write")] * 3,
        (Path, "rename"),
    ]
    for number, (where, name) in enumerate(steps + [(Path, "rename")][: 1 if earlier else 0]):
        above = tmp_path / str(number)
        above.mkdir()
        if earlier:
            write_folder(above / "to", earlier, ABOUT)
        nth = steps[:number].count((where, name))
        with monkeypatch.context() as patched:
            _at_call(patched, where, name, nth, happens)
            with pytest.raises(told):
                write_folder(above / "to", SECOND, ABOUT)
        assert (read(above / "to") if (above / "to").exists() else None) in (earlier, SECOND)
        assert [path.name for path in above.iterdir()] in ([], ["to"])


@pytest.mark.parametrize("earlier", [None, FIRST], ids=["new", "replaced"])
def test_on_a_full_disk_the_folder_is_whole(earlier: dict[str, str] | None, tmp_path: Path) -> None:
    if earlier:
        write_folder(tmp_path / "to", earlier, ABOUT)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.raises(Failure) as full:
            write_folder(tmp_path / "to", {"b": "3", "c": "4" * 1000}, ABOUT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert full.value.message == f"{tmp_path}/to can't be written: File too large"
    assert "parent folder" not in full.value.remedy
    assert (read(tmp_path / "to") if earlier else None) == earlier
    assert [path.name for path in tmp_path.iterdir()] == (["to"] if earlier else [])


def _at_call(
    patched: pytest.MonkeyPatch, where: Any, name: str, nth: int, happens: Callable[..., Any]
) -> None:
    call, calls = getattr(where, name), itertools.count()

    def stepping(*args: Any, **given: Any) -> Any:
        return happens(call, *args, **given) if next(calls) == nth else call(*args, **given)

    patched.setattr(where, name, stepping)
