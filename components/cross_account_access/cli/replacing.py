"""A person's file replaced as a whole or not at all, with what was there kept beside it."""

import os
import stat
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from .terminal import ExitCode, Failure

_PRIVATE = 0o600


def read(path: Path) -> bytes | None:
    """What a file holds; None if there is none.

    Raises:
        Failure: If it can't be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", ExitCode.WRONG_INPUT) from None


def replace(path: Path, old: bytes | None, new: bytes) -> Path | None:
    """Replace what a file holds; a symlink stays one, and mode and owner stay as they are.

    Args:
        path: The file; it and its folder are made, for their owner alone, where they aren't there.
        old: What it held when it was read; None if it wasn't there.
        new: What it is to hold.

    Returns:
        Where the old content is now; None if there was none.

    Raises:
        Failure: If it can't be written, or has changed since it was read. The file is as it was then.
    """
    real = Path(os.path.realpath(path))
    try:
        real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = real.stat() if old is not None else None
        # Replacing asks for no right on the file itself: the owner's word counts nevertheless.
        if before is not None and not (before.st_mode & stat.S_IWUSR and os.access(real, os.W_OK)):
            told = f"{path} is read-only: nothing was written"
            raise Failure(told, ExitCode.WRONG_INPUT, remedy=f"If you mean it to change: chmod u+w {real}")
        return _replace(path, real, before, old, new)
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror}", ExitCode.WRONG_INPUT) from None


def _replace(path: Path, real: Path, before: os.stat_result | None, old: bytes | None, new: bytes) -> Path | None:
    made: list[Path] = []
    try:
        fresh = _written(real, new, before, made)
        backup = None
        if old is not None:
            backup = _free(real)
            os.rename(_written(real, old, before, made), backup)  # noqa: PTH104 - one verb for both
            made[-1] = backup
        _check_unchanged(path, old)
        os.replace(fresh, real)  # noqa: PTH105
    except BaseException:
        for file in made:
            with suppress(OSError):
                file.unlink()
        raise
    _sync(real.parent)
    return backup


def _check_unchanged(path: Path, old: bytes | None) -> None:
    if read(path) != old:
        told = f"{path} was changed by another program meanwhile: nothing was written"
        raise Failure(told, ExitCode.NO, remedy="Run the command again.")


def _written(real: Path, content: bytes, like: os.stat_result | None, made: list[Path]) -> Path:
    """A new file beside the real one, on the disk and complete."""
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    made.append(Path(name))
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        if like is not None and os.name == "posix":
            with suppress(PermissionError):
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
        # mkstemp has made it for its owner alone; os.chmod works where there is no fchmod, too.
        Path(name).chmod(stat.S_IMODE(like.st_mode) if like else _PRIVATE)
        os.fsync(file.fileno())
    return Path(name)


def _free(real: Path) -> Path:
    """A name with the time that nothing has yet."""
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return real.with_name(f"{real.name}.{at}.backup")


def _sync(folder: Path) -> None:
    """Bring the folder's entries to the disk, where a folder can be opened."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
