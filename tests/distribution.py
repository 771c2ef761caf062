"""The sdist and the wheel as `make dist` builds them, and environments with nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMPONENTS = ROOT / "components"
PROJECT = tomllib.loads((COMPONENTS / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = ROOT / "constraints.txt"
UV = (sys.executable, "-m", "uv")


def run(*command: str | Path, cwd: Path = ROOT, umask: int = -1, **environment: str) -> str:
    """What a command prints; Python sees no path of this test's."""
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603
        command,
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        umask=umask,
        env=clean | environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_components(folder: Path) -> Path:
    """The package's folder, after Pulumi has put its virtual environment there."""
    ignored = shutil.ignore_patterns("__pycache__", "venv", "dist", "*.egg-info")
    shutil.copytree(COMPONENTS, folder, ignore=ignored)
    (folder / "venv").mkdir()
    (folder / "venv" / "big.py").touch()
    return folder


def build(folder: Path, umask: int = 0o022, zone: str = "UTC") -> Path:
    """The folder with the sdist and the wheel of a copy with those modes of files, made in that
    time zone."""
    copy = copy_components(folder / "components")
    for path in copy.rglob("*"):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
        os.utime(path, (umask, umask))
    options = ("--no-create-gitignore", "--build-constraint", CONSTRAINTS, "-o", folder / "dist")
    command = (*UV, "build", "-q", *options, copy)
    run(*command, umask=umask, SOURCE_DATE_EPOCH="1700000000", TZ=zone)
    return folder / "dist"


def install(
    environment: Path, *packages: str | Path, python: str = sys.executable, pinned: bool = True
) -> Path:
    """Make an environment with packages and what they need; returns its Python."""
    run(*UV, "venv", "-q", "--python", python, environment)
    own = environment / "bin" / "python"
    constraints = ("-c", CONSTRAINTS) if pinned else ()
    run(*UV, "pip", "install", "-q", "--python", own, *constraints, *packages)
    return own
