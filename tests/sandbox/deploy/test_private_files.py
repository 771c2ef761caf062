"""What the sandbox leaves on disk is its owner's alone, and complete or not there."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from sandbox.deploy.deployment import DeploymentError
from sandbox.deploy.private_files import make_folder, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("before", [None, 0o777, 0o755, 0o700])
def test_the_folder_is_the_owners_alone(before: int | None, tmp_path: Path) -> None:
    if before is not None:
        (tmp_path / ".sandbox").mkdir(mode=before)
    folder = make_folder(tmp_path)
    assert mode_of(folder) == 0o700
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert make_folder(tmp_path) == folder


def test_a_file_is_the_owners_alone(tmp_path: Path) -> None:
    write_file(tmp_path / "outputs.json", "{}")
    assert mode_of(tmp_path / "outputs.json") == 0o600


def test_a_file_that_was_open_to_all_is_replaced_rather_than_written_to(tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o666)
    with file.open(encoding="utf-8") as held:
        write_file(file, "new")
        assert held.read() == "old"
    assert (file.read_text(encoding="utf-8"), mode_of(file)) == ("new", 0o600)


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(tmp_path: Path) -> None:
    other, file = tmp_path / "other", tmp_path / "outputs.json"
    other.write_text("theirs", encoding="utf-8")
    file.symlink_to(other)
    write_file(file, "ours")
    assert not file.is_symlink()
    assert (other.read_text(encoding="utf-8"), file.read_text(encoding="utf-8")) == (
        "theirs",
        "ours",
    )


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "outputs.json").mkdir()
    with pytest.raises(DeploymentError, match="can't be written"):
        write_file(tmp_path / "outputs.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["outputs.json"]


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".sandbox").write_text("", encoding="utf-8")
    with pytest.raises(DeploymentError, match="must be a folder of your own"):
        make_folder(tmp_path)
