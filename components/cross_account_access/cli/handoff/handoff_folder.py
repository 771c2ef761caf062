"""Writes a handoff's folder beside its place, then moves it there, so that it is never partial."""

import errno
import json
import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.errors import escape_invisible

from .text_escapes import refuse_text

MANIFEST = "handoff.json"
_TOOL = "cross-account-access handoff"
# Of no other folder, and nothing in it that the AWS CLI would replace in file://NAME.
_FILE_NAME = re.compile(r"\w[\w+=,.@-]{0,199}", re.ASCII)


@dataclass(frozen=True)
class Changes:
    """The names of the files that differ from the earlier handoff in the same folder."""

    added: list[str]
    removed: list[str]
    changed: list[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def write_folder(
    folder: Path, files: Mapping[str, str], about: Mapping[str, str]
) -> Changes | None:
    """Write the files into a folder that only its owner can read.

    Args:
        folder: It must not exist, be empty, or hold an earlier handoff of the same half.
        files: The files' texts by their names.
        about: What identifies the handoff, such as `grant` and `for`; it goes into the manifest.

    Returns:
        What changed; None if there was no earlier handoff.

    Raises:
        Failure: If the folder holds anything else, or can't be written.
        InputError: If a file's name has other characters than IAM's names.
    """
    earlier = check_folder(folder, files, about)
    # A symbolic link stays; its target is replaced.
    folder = Path(os.path.realpath(folder))
    digests = {name: sha256(text.encode()).hexdigest() for name, text in sorted(files.items())}
    manifest = json.dumps({"tool": _TOOL, "format": 1, **about, "files": digests}, indent=2) + "\n"
    with _translate_errors(folder), _defer_interrupt():
        _replace(folder, {**files, MANIFEST: manifest})
    if earlier is None:
        return None
    return Changes(
        added=sorted(digests.keys() - earlier.keys()),
        removed=sorted(earlier.keys() - digests.keys()),
        changed=sorted(
            name for name in digests.keys() & earlier.keys() if digests[name] != earlier[name]
        ),
    )


def check_folder(
    folder: Path, files: Mapping[str, str], about: Mapping[str, str]
) -> Mapping[str, str] | None:
    """Check that the files can go into the folder, as `write_folder` does; writes nothing.

    Returns:
        The digests of the earlier handoff's files; None if there was none.
    """
    for name in files:
        if not _FILE_NAME.fullmatch(name):
            raise refuse_text(name, "must have IAM's characters only, to be a file's name")
    folder = Path(os.path.realpath(folder))
    with _translate_errors(folder):
        return _read_digests(folder, about)


def make_parent(folder: Path) -> None:
    """Make the folder that several handoffs' folders go into; its own parent must exist."""
    with _translate_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)


def _read_digests(folder: Path, about: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the digests of the earlier handoff's files; None where the folder is empty."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise _refuse(f"{folder} is a file")
    names = sorted(path.name for path in folder.iterdir())
    if not names:
        return None
    manifest = _read_manifest(folder)
    if manifest is None:
        raise _refuse(f"{folder} must be empty or hold an earlier handoff")
    for key in ("grant", "for"):
        if manifest.get(key) != about[key]:
            raise _refuse(
                f"{folder} holds another handoff: "
                f"of grant {manifest.get('grant')} for {manifest.get('for')}"
            )
    digests: Mapping[str, str] = manifest["files"]
    if others := [name for name in names if name not in digests and name != MANIFEST]:
        raise _refuse(f"{folder} holds files of others: {', '.join(others)}")
    edited = [
        name for name in names if name != MANIFEST and digests[name] != _digest(folder / name)
    ]
    if edited:
        raise _refuse(f"{folder} has files that were edited since the handoff: {', '.join(edited)}")
    return digests


def _read_manifest(folder: Path) -> Mapping[str, Any] | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, ValueError, RecursionError):
        return None
    ours = (
        isinstance(manifest, dict)
        and manifest.get("tool") == _TOOL
        and isinstance(manifest.get("files"), dict)
    )
    return manifest if ours else None


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _replace(folder: Path, files: Mapping[str, str]) -> None:
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    new, old = work / "new", work / "old"
    try:
        new.mkdir(mode=0o700)
        for name, text in files.items():
            _write(new / name, text)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(work)


def _write(file: Path, text: str) -> None:
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
        "w",
        encoding="utf-8",
        newline="",
    ) as out:
        out.write(text)


@contextmanager
def _defer_interrupt() -> Iterator[None]:
    """Defer Ctrl-C for a few milliseconds, so that it can't interrupt the move or the cleanup."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


@contextmanager
def _translate_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        absent = error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM)
        raise Failure(
            f"{folder} can't be written: {error.strerror}",
            ExitCode.WRONG_INPUT,
            remedy="Its parent folder must exist, and you must be able to write to it."
            if absent
            else "Nothing was written.",
        ) from None


def _refuse(message: str) -> Failure:
    return Failure(
        escape_invisible(message),
        ExitCode.WRONG_INPUT,
        remedy="Nothing was written. Use another folder, or move this one away.",
    )
