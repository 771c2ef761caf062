"""Refuse a release whose parts disagree, and write its notes: `make release TAG=v0.1.0`."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

from cross_account_access.cli.terminal import ExitCode, echo
from cross_account_access.errors import escape_invisible, find_invisible

_ROOT = Path(__file__).resolve().parents[1]
_VERSION_FILE = "components/cross_account_access/__init__.py"
_TAG = re.compile(r"v(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}")
_RELATIVE = re.compile(r"(?<=\]\()(?![a-z]+:)")
_SECTION = re.compile(r"^## (\S+) \(([^\n]*)\)$\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def read_version(root: Path) -> str:
    """The version in the package's code, which is all other versions' source."""
    text = (root / _VERSION_FILE).read_text(encoding="utf-8")
    (version,) = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return str(version)


def read_address(root: Path) -> str:
    """The repository's public address."""
    project = tomllib.loads((root / "components/pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["urls"]["Repository"])


def find_sections(changelog: str, version: str) -> list[tuple[str, str]]:
    """The changelog's sections of a version: what its heading has in brackets, and the text."""
    return [(when, text) for of, when, text in _SECTION.findall(changelog) if of == version]


def find_problems(root: Path, tag: str, repository: str | None) -> list[str]:
    """Why this tree can't be released: a sentence for each reason, and what to do.

    Args:
        root: The working tree.
        tag: The tag that is released.
        repository: OWNER/NAME of the repository that releases, where that is known.
    """
    version = read_version(root)
    if not _TAG.fullmatch(tag):
        yours = f'"{tag}" must be v and three numbers, such as v0.1.0.'
        return [f"TAG: {yours} Run make release TAG=v{version}."]
    problems = []
    if tag != f"v{version}":
        problems.append(
            f"TAG: {tag} must be the version, v{version}. Set __version__ in {_VERSION_FILE}, or "
            "tag that version."
        )
    problems += _check_changelog(root, version)
    schema = json.loads((root / "components/schema.json").read_text(encoding="utf-8"))
    if schema.get("version") != version:
        problems.append(
            f'components/schema.json: its version "{schema.get("version")}" must be {version}. '
            "Refresh it as CONTRIBUTING.md says."
        )
    address = read_address(root)
    if repository and address != f"https://github.com/{repository}":
        problems.append(
            f"components/pyproject.toml: Repository {address} must be the repository that releases,"
            f" https://github.com/{repository}. Correct it, or release from there."
        )
    if (change := _find_change(root)) is not None:
        problems.append(
            f"The working tree must be a git clone without changes{change}. Commit them, or put "
            "them aside."
        )
    return problems


def _check_changelog(root: Path, version: str) -> list[str]:
    sections = find_sections((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if len(sections) != 1:
        found = f"must have one section of {version}, and has {len(sections)}"
        return [f"CHANGELOG.md: {found}. Head it by ## {version} (YYYY-MM-DD)."]
    ((when, text),) = sections
    problems = []
    if not _is_date(when):
        problems.append(
            f'CHANGELOG.md: "{when}" behind {version} must be the day of the release. Write '
            f"## {version} (YYYY-MM-DD)."
        )
    if not text.strip():
        problems.append(
            f"CHANGELOG.md: the section of {version} must not be empty. Say what is new."
        )
    problems += [
        f"CHANGELOG.md: the section of {version} must not have invisible characters; its line "
        f"{number} has {char!a}. Remove it."
        for number, line in enumerate(text.split("\n"), 1)
        if (char := find_invisible(line))
    ]
    return problems


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _find_change(root: Path) -> str | None:
    """A file that isn't as committed, if there is one.

    A user's own rules of what git hides don't count: what is built would have such a file too.
    """
    for command in (
        ["git", "status", "--porcelain", "--untracked-files=no"],
        ["git", "ls-files", "--others", "--exclude-per-directory=.gitignore"],
    ):
        try:
            done = subprocess.run(command, cwd=root, check=True, capture_output=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError):
            return ""
        if lines := done.stdout.decode(errors="replace").splitlines():
            return f", and has {lines[0].strip()}"
    return None


def main(root: Path = _ROOT) -> int:
    """Empty dist/ and write the notes there, unless the release is refused; the exit code."""
    tag, repository = os.environ.get("TAG", ""), os.environ.get("GITHUB_REPOSITORY")
    problems = find_problems(root, tag, repository)
    for problem in problems:
        echo(escape_invisible(problem), err=True)
    if problems:
        return ExitCode.WRONG_INPUT
    ((_, notes),) = find_sections((root / "CHANGELOG.md").read_text(encoding="utf-8"), tag[1:])
    # A release's page isn't in the folder that the changelog is in.
    notes = _RELATIVE.sub(f"{read_address(root)}/blob/{tag}/", notes)
    shutil.rmtree(root / "dist", ignore_errors=True)
    (root / "dist").mkdir()
    (root / "dist" / "notes.md").write_text(notes.strip() + "\n", encoding="utf-8")
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
