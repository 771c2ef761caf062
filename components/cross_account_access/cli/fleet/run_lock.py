"""The folder for a fleet's logs and record, and the lock that only one run holds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cross_account_access.cli.terminal import Failure, InputError

FOLDER = ".fleet"
_LOCK = "lock"


def make_run_folder(project: Path) -> Path:
    """Make the folder for logs and record: for its owner only, and ignored by git.

    Raises:
        InputError: If it can't be made.
    """
    folder = project / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
    except OSError as error:
        raise InputError(f"{folder} must be a folder of your own: {error.strerror}") from None
    return folder


def open_private(path: Path) -> IO[str]:
    """Open an empty file that only its owner can read, in the place of an earlier one."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8")


@contextmanager
def hold_run_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of the runs that change stacks; it ends with the process, however that ends.

    Raises:
        Failure: If another process holds it.
    """
    try:
        import fcntl  # noqa: PLC0415 - Windows has none
    except ModuleNotFoundError:
        yield
        return
    with (folder / _LOCK).open("a", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(
                "another `fleet up` or `fleet destroy` is running in this project",
                remedy="Wait until it ends.",
            ) from None
        yield
