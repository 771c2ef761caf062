"""A file that is written as a whole or not at all, and only where none of another's is lost."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from cross_account_access.cli.terminal import ExitCode, Failure

_HEAD = 4096  # bytes at a file's beginning, among which is the mark


def keep(path: Path, text: str, mark: str, *, force: bool) -> None:
    """Write a file.

    Args:
        path: Where; a symlink stays one.
        text: What it is to hold, the mark at its beginning.
        mark: What tells that a file was made by this tool.
        force: Whether to overwrite a file without the mark.

    Raises:
        Failure: If there is a file without the mark, or it can't be written. What was there is as it was.
    """
    real = Path(os.path.realpath(path))
    try:
        mode = _mode(real, path, mark, force=force)
        _replace(real, text, mode)
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror}", ExitCode.WRONG_INPUT) from None


def _mode(real: Path, path: Path, mark: str, *, force: bool) -> int:
    """The file's permissions: those that it has, or a new file's."""
    try:
        found = real.stat()
    except FileNotFoundError:
        # There is no other way to ask than to set it.
        os.umask(umask := os.umask(0))
        return 0o666 & ~umask
    if not stat.S_ISREG(found.st_mode):
        raise Failure(f"{path} is no file", ExitCode.WRONG_INPUT)
    with real.open("rb") as file:
        own = mark.encode() in file.read(_HEAD)
    if not own and not force and found.st_size:
        raise Failure(
            f"{path} was not made by this command, so that it is left as it is",
            ExitCode.WRONG_INPUT,
            remedy="Give another name, or --force to overwrite it.",
        )
    return stat.S_IMODE(found.st_mode)


def _replace(real: Path, text: str, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(mode)
        fresh.replace(real)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise
