"""A file replaced as a whole or not at all."""

import os
import stat
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from .terminal import ExitCode, Failure

_PRIVATE = 0o600
_HEAD = 4096  # bytes at a file's beginning, among which is the mark


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


# --- A person's own file --------------------------------------------------------------------------


def replace(path: Path, old: bytes | None, new: bytes) -> Path | None:
    """Replace what a file holds, and keep that beside it; a symlink stays one, and mode and owner stay as they are.

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
            raise Failure(
                told, ExitCode.WRONG_INPUT, remedy=f"If you mean it to change: chmod u+w {real}"
            )
        return _replace(path, real, before, old, new)
    except OSError as error:
        raise _not_written(path, error) from None


def _replace(
    path: Path, real: Path, before: os.stat_result | None, old: bytes | None, new: bytes
) -> Path | None:
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
        _remove(made)
        raise
    _sync(real.parent)
    return backup


def _check_unchanged(path: Path, old: bytes | None) -> None:
    if read(path) != old:
        told = f"{path} was changed by another program meanwhile: nothing was written"
        raise Failure(told, ExitCode.NO, remedy="Run the command again.")


def _free(real: Path) -> Path:
    """A name with the time that nothing has yet."""
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return real.with_name(f"{real.name}.{at}.backup")


# --- A file that the tool makes -------------------------------------------------------------------


def write_file(path: Path, text: str, mark: str, *, force: bool) -> None:
    """Write a file that is the tool's own, and lose none of another's.

    Args:
        path: Where; a symlink stays one.
        text: What it is to hold, the mark at its beginning.
        mark: What tells that a file was made by this tool.
        force: Whether to overwrite a file without the mark.

    Raises:
        Failure: If there is a file without the mark, or it can't be written. What was there is as it was.
    """
    real = Path(os.path.realpath(path))
    made: list[Path] = []
    try:
        before = _own(real, path, mark, force=force)
        os.replace(_written(real, text.encode(), before, made, mode=_usual_mode()), real)  # noqa: PTH105
    except OSError as error:
        _remove(made)
        raise _not_written(path, error) from None
    except BaseException:
        _remove(made)
        raise
    _sync(real.parent)


def _own(real: Path, path: Path, mark: str, *, force: bool) -> os.stat_result | None:
    """What is known of the file that may be replaced; None where none is."""
    try:
        found = real.stat()
    except FileNotFoundError:
        return None
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
    return found


def _usual_mode() -> int:
    """A new file's permissions."""
    # There is no other way to ask than to set it.
    os.umask(umask := os.umask(0))
    return 0o666 & ~umask


# --- Both -----------------------------------------------------------------------------------------


def _written(
    real: Path,
    content: bytes,
    like: os.stat_result | None,
    made: list[Path],
    *,
    mode: int = _PRIVATE,
) -> Path:
    """A new file beside the real one, on the disk and complete.

    Args:
        real: The file that it is to replace.
        content: What it holds.
        like: Whose mode and owner it gets; None if there is no such file.
        made: Gets its name, before anything can go wrong.
        mode: Its permissions where it is like none.
    """
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    made.append(Path(name))
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        if like is not None and os.name == "posix":
            with suppress(PermissionError):
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
        # mkstemp has made it for its owner alone; os.chmod works where there is no fchmod, too.
        Path(name).chmod(stat.S_IMODE(like.st_mode) if like else mode)
        os.fsync(file.fileno())
    return Path(name)


def _remove(made: list[Path]) -> None:
    for file in made:
        with suppress(OSError):
            file.unlink()


def _not_written(path: Path, error: OSError) -> Failure:
    return Failure(f"{path} can't be written: {error.strerror}", ExitCode.WRONG_INPUT)


def _sync(folder: Path) -> None:
    """Bring the folder's entries to the disk, where a folder can be opened."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
