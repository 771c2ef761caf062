"""The folder in which the sandbox leaves files: outputs, states, configs with credentials."""

import os
import tempfile
from pathlib import Path

from sandbox.deploy.deployment import DeploymentError

FOLDER = ".sandbox"


def make_folder(project: Path) -> Path:
    """Make a project's folder for the sandbox's files, for its owner only, ignored by git.

    Raises:
        DeploymentError: If it can't be made, or belongs to another user.
    """
    folder = project / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)  # one that was there before, too
    except OSError as error:
        raise DeploymentError(
            f"{folder} must be a folder of your own, for the sandbox's files: {error.strerror}"
        ) from None
    write_file(folder / ".gitignore", "*\n")
    return folder


def write_file(path: Path, text: str) -> None:
    """Replace a file as a whole by one that only its owner can read.

    Raises:
        DeploymentError: If it can't be written; it is as it was then.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise DeploymentError(f"{path} can't be written: {error.strerror}") from None
