"""Pack the package as the plugin that the Pulumi CLI downloads: `make plugin`.

The plugin is Python, and the same for all, but the CLI asks for the archive of its own platform.
"""

import gzip
import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from cross_account_access import __version__
from cross_account_access.provider import NAME

_ROOT = Path(__file__).resolve().parents[1]
_FOLDER = _ROOT / "components"
_PLATFORMS = [
    f"{system}-{cpu}" for system in ("darwin", "linux", "windows") for cpu in ("amd64", "arm64")
]


def pack(folder: Path) -> bytes:
    """The archive of what git has of a folder: the same bytes for the same files."""
    command = ["git", "-C", str(folder), "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in sorted(filter(None, listed.split("\0"))):
            content = (folder / name).read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def main(to: Path = _ROOT / "dist" / "plugin") -> None:
    """Write an archive for each platform."""
    try:
        packed = pack(_FOLDER)
    except (OSError, subprocess.CalledProcessError):
        sys.exit("The plugin is packed from a git clone: its files must be there, and git on PATH.")
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    for platform in _PLATFORMS:
        (to / f"pulumi-resource-{NAME}-v{__version__}-{platform}.tar.gz").write_bytes(packed)


if __name__ == "__main__":
    main()
