"""Files that are replaced as a whole or not at all."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from .terminal import ExitCode, Failure, InputError

_PRIVATE = 0o600
_STREAMS = (Path("/dev"), Path("/dev/fd"))
_MOST_SYMLINKS = 40  # as Linux
_MARK_WITHIN = 4096  # bytes at the beginning of a file


def read_file(path: Path) -> bytes | None:
    """Read a file; None if there is none.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


# --- A person's own file --------------------------------------------------------------------------


def check_replaceable(path: Path) -> os.stat_result | None:
    """Check that a file may be replaced: a regular one, or none, at the end of all symlinks.

    Returns:
        Its status; None if there is none.

    Raises:
        InputError: If it is a folder, a device, a pipe or a socket, or stands for an open stream.
    """
    step = path
    for _ in range(_MOST_SYMLINKS):
        # /dev/stdout and /dev/fd/3 lead to whatever file a shell has opened.
        folder = Path(os.path.realpath(step.parent))
        if folder in _STREAMS or folder.is_relative_to("/proc"):
            break
        if not step.is_symlink():
            status = _stat(path, step)
            if status is None or stat.S_ISREG(status.st_mode):
                return status
            break
        step = step.parent / step.readlink()
    raise InputError(
        f"{path} is no file, but a folder, a device, a pipe, a socket or an open stream",
        "Nothing was written: name a regular file.",
    )


def _stat(path: Path, real: Path) -> os.stat_result | None:
    try:
        return real.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def replace_file(path: Path, old: bytes | None, new: bytes) -> Path | None:
    """Replace a file's content and keep a backup beside it; symlink, mode and owner stay.

    Args:
        path: The file; if missing, it and its folder are made with access for the owner only.
        old: Its content when it was read; None if it was not there.
        new: Its new content.

    Returns:
        Where the old content is now; None if there was none.

    Raises:
        Failure: If it cannot be written, is no regular file, or has changed since it was read; it
            is left as it is.
    """
    check_replaceable(path)
    real = Path(os.path.realpath(path))
    with _writing(path, real) as temporary:
        real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = real.stat() if old is not None else None
        # A rename needs no permission on the file itself; respect the owner's all the same.
        if before is not None and not (before.st_mode & stat.S_IWUSR and os.access(real, os.W_OK)):
            message = f"{path} is read-only: nothing was written"
            raise InputError(message, f"If you mean it to change: chmod u+w {real}")
        fresh = _write_beside(real, new, before, temporary)
        backup = None
        if old is not None:
            backup = _name_backup(real)
            os.rename(_write_beside(real, old, before, temporary), backup)  # noqa: PTH104 - one verb for both
            temporary[-1] = backup
        if read_file(path) != old:
            message = f"{path} was changed by another program meanwhile: nothing was written"
            raise Failure(message, ExitCode.NO, remedy="Run the command again.")
        os.replace(fresh, real)  # noqa: PTH105
    return backup


def _name_backup(real: Path) -> Path:
    """Name a backup by the time, so that no file has its name yet."""
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return real.with_name(f"{real.name}.{at}.backup")


# --- A file that the tool makes -------------------------------------------------------------------


def write_file(path: Path, text: str, mark: str, *, force: bool) -> None:
    """Write a file of the tool's own, and never overwrite another's.

    Args:
        path: Where; a symlink stays one.
        text: Its content, which begins with the mark.
        mark: The text by which this tool recognizes its own files.
        force: Whether to overwrite a file without the mark.

    Raises:
        InputError: If there is a file without the mark, or it cannot be written. Nothing has
            changed then.
    """
    real = Path(os.path.realpath(path))
    with _writing(path, real) as temporary:
        before = _check_overwritable(real, path, mark, force=force)
        mode = _get_default_mode()
        os.replace(_write_beside(real, text.encode(), before, temporary, mode=mode), real)  # noqa: PTH105


def _check_overwritable(real: Path, path: Path, mark: str, *, force: bool) -> os.stat_result | None:
    """Check that a file may be overwritten; returns its status, None if there is none."""
    status = check_replaceable(path)
    if status is None:
        return None
    with real.open("rb") as file:
        marked = mark.encode() in file.read(_MARK_WITHIN)
    if not marked and not force and status.st_size:
        raise InputError(
            f"{path} was not made by this command, so that it is left as it is",
            "Choose another name, or overwrite it with --force.",
        )
    return status


def _get_default_mode() -> int:
    """A new file's permissions."""
    # The umask can be read only by setting it.
    os.umask(umask := os.umask(0))
    return 0o666 & ~umask


# --- Both -----------------------------------------------------------------------------------------


@contextmanager
def _writing(path: Path, real: Path) -> Iterator[list[Path]]:
    """Collect temporary files, and remove them if anything fails."""
    temporary: list[Path] = []
    try:
        yield temporary
    except BaseException as error:
        for file in temporary:
            with suppress(OSError):
                file.unlink()
        if isinstance(error, OSError):
            raise InputError(f"{path} can't be written: {error.strerror}") from None
        raise
    _sync_folder(real.parent)


def _write_beside(
    real: Path,
    content: bytes,
    like: os.stat_result | None,
    temporary: list[Path],
    *,
    mode: int = _PRIVATE,
) -> Path:
    """Write a temporary file beside the real one, complete and on disk.

    Args:
        real: The file that it is to replace.
        content: Its content.
        like: Whose mode and owner it gets; None if there is no such file.
        temporary: Gets its name, before anything can go wrong.
        mode: Its permissions if `like` is None.
    """
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    temporary.append(Path(name))
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        if like is not None and os.name == "posix":
            with suppress(PermissionError):
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
        # mkstemp gives access to the owner only; os.chmod exists where there is no fchmod.
        Path(name).chmod(stat.S_IMODE(like.st_mode) if like else mode)
        os.fsync(file.fileno())
    return Path(name)


def _sync_folder(folder: Path) -> None:
    """Write the folder's entries to disk, where a folder can be opened."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
