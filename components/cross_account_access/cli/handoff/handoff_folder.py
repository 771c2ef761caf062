"""The folder: written beside its place and moved there as a whole, so that it is never there in part."""

import json
import os
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

MANIFEST = "handoff.json"
_TOOL = "cross-account-access handoff"


@dataclass(frozen=True)
class Changes:
    """What differs from the earlier handoff in the same folder, by the files' names."""

    added: list[str]
    removed: list[str]
    changed: list[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def place(folder: Path, files: Mapping[str, str], about: Mapping[str, str]) -> Changes | None:
    """Write the files into a folder of their own, readable for its owner alone.

    Args:
        folder: Where; nothing, an empty folder or an earlier handoff of the same may be there.
        files: The files' texts by their names.
        about: What tells this handoff from another: the grant, whose side, and more.

    Returns:
        What changed; None if there was no earlier one.

    Raises:
        Failure: If something else is there, or it can't be written.
    """
    # A link stays, and where it leads is replaced.
    folder = Path(os.path.realpath(folder))
    digests = {name: sha256(text.encode()).hexdigest() for name, text in sorted(files.items())}
    manifest = json.dumps({"tool": _TOOL, "format": 1, **about, "files": digests}, indent=2) + "\n"
    with _told(folder):
        earlier = _earlier(folder, about)
        with _uninterrupted():
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


def _earlier(folder: Path, about: Mapping[str, str]) -> Mapping[str, str] | None:
    """The files of the earlier handoff with their digests; None where nothing is there."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise _refusal(f"{folder} is a file")
    found = sorted(path.name for path in folder.iterdir())
    if not found:
        return None
    manifest = _manifest(folder)
    if manifest is None:
        raise _refusal(f"{folder} is not empty, and holds no earlier handoff")
    for key in ("grant", "for"):
        if manifest.get(key) != about[key]:
            raise _refusal(
                f"{folder} holds the handoff of grant {manifest.get('grant')} for {manifest.get('for')}"
            )
    digests: Mapping[str, str] = manifest["files"]
    if others := [name for name in found if name not in digests and name != MANIFEST]:
        raise _refusal(f"{folder} holds what no handoff wrote: {', '.join(others)}")
    edited = [name for name in found if name in digests and digests[name] != _digest(folder / name)]
    if edited:
        raise _refusal(f"{folder} was changed by hand since its handoff: {', '.join(edited)}")
    return digests


def _manifest(folder: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, ValueError):
        return None
    ours = (
        isinstance(found, dict)
        and found.get("tool") == _TOOL
        and isinstance(found.get("files"), dict)
    )
    return found if ours else None


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
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait for the few milliseconds, else it could hit the moving or the tidying up."""
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
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failure(
            f"{folder} can't be written: {error.strerror}",
            ExitCode.WRONG_INPUT,
            remedy="The folder above it must be there, and writable for you.",
        ) from None


def _refusal(why: str) -> Failure:
    return Failure(
        why,
        ExitCode.WRONG_INPUT,
        remedy="Nothing was written. Give another folder, or move that away.",
    )
