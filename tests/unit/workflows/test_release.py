"""What `make release` refuses, and the notes that it writes."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release import pack_plugin
from release.pack_plugin import pack
from release.prepare import find_problems, find_sections, main, read_version
from tests.doc_pages import ROOT

OWNER = "example/cross-account-access"
CODE = "components/cross_account_access/__init__.py"
PROJECT, SCHEMA, CHANGELOG = "components/pyproject.toml", "components/schema.json", "CHANGELOG.md"
FILES = {
    CODE: '__version__ = "1.2.3"\n',
    PROJECT: f'[project.urls]\nRepository = "https://github.com/{OWNER}"\n',
    SCHEMA: '{"version": "1.2.3"}',
    CHANGELOG: "# Changes\n\n## 1.2.3 (2026-12-01)\n\n- New.\n\n## 1.2.2 (2026-11-01)\n\n- Old.\n",
    ".gitignore": "dist/\n",
}


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S603, S607


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A clone of a project that can be released as 1.2.3."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def edit(tree: Path, name: str, old: str, new: str) -> None:
    """Change a file, in the commit too."""
    text = (tree / name).read_text(encoding="utf-8")
    assert old in text
    (tree / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    git(tree, "commit", "-qam", "second")


@pytest.mark.parametrize("repository", [OWNER, None], ids=["in a workflow", "by hand"])
def test_a_tree_that_agrees_with_the_tag_is_released(tree: Path, repository: str | None) -> None:
    assert find_problems(tree, "v1.2.3", repository) == []


@pytest.mark.parametrize(
    "tag",
    ["", "1.2.3", "v1.2", "v1.2.3.4", "v01.2.3", "v1.2.3-rc.1", "v1.2.3rc1", "V1.2.3", "v1.2.3\n"],
)
def test_a_tag_that_is_no_version_is_refused(tree: Path, tag: str) -> None:
    (problem,) = find_problems(tree, tag, OWNER)
    assert problem.startswith(f'TAG: "{tag}" must be v and three numbers')
    assert problem.endswith("Run make release TAG=v1.2.3.")


WRONG = {
    "another version's tag": (CODE, '"1.2.3"', '"1.2.2"', "TAG: v1.2.3"),
    "another version's schema": (SCHEMA, "1.2.3", "1.2.2", SCHEMA),
    "a schema without a version": (SCHEMA, '"version": "1.2.3"', "", SCHEMA),
    "another address": (PROJECT, OWNER, "another/name", PROJECT),
    "no section": (CHANGELOG, "1.2.3", "1.2.4", CHANGELOG),
    "two sections": (CHANGELOG, "1.2.2", "1.2.3", CHANGELOG),
    "an empty section": (CHANGELOG, "- New.", "", CHANGELOG),
    "no date yet": (CHANGELOG, "2026-12-01", "unreleased", CHANGELOG),
    "no such day": (CHANGELOG, "2026-12-01", "2026-13-01", CHANGELOG),
    "a date of another form": (CHANGELOG, "2026-12-01", "20261201", CHANGELOG),
    "an escape sequence": (CHANGELOG, "- New.", "- \x1b[31mNew.", CHANGELOG),
    "text that runs backwards": (CHANGELOG, "- New.", "- \u202enew.", CHANGELOG),
    "a line end that isn't seen": (CHANGELOG, "- New.", "- New.\u2028- Hidden.", CHANGELOG),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_disagrees_is_refused_in_a_sentence_that_says_where(tree: Path, case: str) -> None:
    name, old, new, where = WRONG[case]
    edit(tree, name, old, new)
    problems = find_problems(tree, "v1.2.3", OWNER)
    if name == CODE:  # then the changelog's and the schema's version are others too
        problems = problems[:1]
    (problem,) = problems
    assert problem.startswith(where)
    assert " must " in problem
    assert problem.endswith(".")
    assert problem.isprintable()


def test_a_changed_file_and_a_new_one_are_refused(tree: Path) -> None:
    refusal = "The working tree must be a git clone without changes"
    (tree / "new").touch()
    (problem,) = find_problems(tree, "v1.2.3", OWNER)
    assert problem.startswith(f"{refusal}, and has new.")
    git(tree, "add", "new")
    (problem,) = find_problems(tree, "v1.2.3", OWNER)
    assert problem.startswith(f"{refusal}, and has A  new.")
    git(tree, "commit", "-qm", "second")
    assert find_problems(tree, "v1.2.3", OWNER) == []
    (tree / ".git").rename(tree / "dist")
    (problem,) = find_problems(tree, "v1.2.3", OWNER)
    assert problem.startswith(f"{refusal}.")


@pytest.mark.parametrize("how", ["for the user", "for the clone", "not shown"])
def test_a_file_that_a_users_own_rules_hide_is_refused_for_a_build_would_have_it(
    how: str, tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hidden = tmp_path_factory.mktemp("rules") / "ignored"
    if how == "for the clone":
        hidden = tree / ".git" / "info" / "exclude"
    hidden.write_text("*.key\n", encoding="utf-8")
    if how == "for the user":
        git(tree, "config", "core.excludesFile", str(hidden))
    if how == "not shown":
        git(tree, "config", "status.showUntrackedFiles", "no")
    assert find_problems(tree, "v1.2.3", OWNER) == []
    (tree / "private.key").touch()
    (problem,) = find_problems(tree, "v1.2.3", OWNER)
    assert "private.key" in problem


def test_without_git_a_release_is_refused(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tree))
    (problem,) = find_problems(tree, "v1.2.3", OWNER)
    assert "must be a git clone" in problem


def test_a_hostile_tag_is_told_on_one_line(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAG", "v1.2.3\n\x1b[31mReleased.")
    assert main(tree) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()


def test_everything_that_is_wrong_is_told_at_once_and_dist_stays(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(tree, CHANGELOG, "2026-12-01", "\x1bunreleased")
    edit(tree, SCHEMA, "1.2.3", "1.2.2")
    (tree / "dist").mkdir()
    (tree / "dist" / "earlier").touch()
    monkeypatch.setenv("TAG", "v1.2.3")
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert main(tree) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.partition(":")[0] for line in told.err.splitlines()] == [CHANGELOG, SCHEMA]
    assert "\x1b" not in told.err
    assert [path.name for path in (tree / "dist").iterdir()] == ["earlier"]


def test_the_notes_are_the_section_and_dist_is_made_anew(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "dist").mkdir()
    (tree / "dist" / "earlier").touch()
    monkeypatch.setenv("TAG", "v1.2.3")
    monkeypatch.setenv("GITHUB_REPOSITORY", OWNER)
    assert main(tree) == 0
    (notes,) = (tree / "dist").iterdir()
    assert (notes.name, notes.read_text(encoding="utf-8")) == ("notes.md", "- New.\n")
    monkeypatch.setenv("GITHUB_REPOSITORY", "another/name")
    assert main(tree) == 2


def test_a_link_of_the_notes_leads_into_the_repository_as_it_was_tagged(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = "[a](docs/a.md#b), [c](SECURITY.md), [d](https://example.com/d)"
    edit(tree, CHANGELOG, "New.", links)
    monkeypatch.setenv("TAG", "v1.2.3")
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert main(tree) == 0
    here = f"https://github.com/{OWNER}/blob/v1.2.3"
    expected = f"- [a]({here}/docs/a.md#b), [c]({here}/SECURITY.md), [d](https://example.com/d)\n"
    assert (tree / "dist" / "notes.md").read_text(encoding="utf-8") == expected


def test_make_hands_a_tag_over_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAG", tag := "v9$(HOME)$(id)`id`")
    options = ("-s", "-o", ".venv/.ready", f"BIN={Path(sys.executable).parent}")
    command = ["make", "-C", str(ROOT), *options, "release"]
    told = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert told.returncode == 2
    assert told.stderr.startswith(f'TAG: "{tag}" must be')


lines = st.text(st.characters(codec="utf-8", exclude_characters="\n")).filter(
    lambda line: not line.startswith("## ")
)
texts = st.lists(lines, max_size=4).map(lambda of: "".join(f"{line}\n" for line in of))


@given(st.lists(texts, min_size=1, max_size=4), st.data())
def test_the_section_of_a_version_is_exactly_that(bodies: list[str], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(bodies) - 1))
    headed = [f"## 1.{n}.0 (2026-01-01)\n{body}" for n, body in enumerate(bodies)]
    changelog = "# Changes\n\n" + "".join(headed)
    assert find_sections(changelog, f"1.{number}.0") == [("2026-01-01", bodies[number])]


def test_this_tree_can_be_released_when_its_section_has_a_date(tree: Path) -> None:
    for name in (CODE, PROJECT, SCHEMA, CHANGELOG):
        (tree / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    version = read_version(tree)
    changelog = (tree / CHANGELOG).read_text(encoding="utf-8")
    dated = re.sub(rf"^(## {version}) \(.*\)$", r"\1 (2026-12-01)", changelog, flags=re.MULTILINE)
    (tree / CHANGELOG).write_text(dated, encoding="utf-8")
    git(tree, "commit", "-qam", "this tree")
    assert json.loads((tree / SCHEMA).read_text(encoding="utf-8"))["version"] == version
    assert find_problems(tree, f"v{version}", None) == []


def test_the_plugins_archive_has_the_same_bytes_for_the_same_files(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "-q", str(tree), ".")
    (clone / CODE).chmod(0o700)
    os.utime(clone / CODE, (1, 1))
    (clone / "components" / "venv").mkdir()
    (clone / "components" / "venv" / "big.py").touch()
    packed = pack(clone / "components")
    assert packed == pack(tree / "components")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert archive.getnames() == [
            "cross_account_access/__init__.py",
            "pyproject.toml",
            "schema.json",
        ]
        assert {(entry.mtime, entry.mode, entry.uid) for entry in archive} == {(0, 0o644, 0)}


def test_outside_of_a_clone_no_plugin_is_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_plugin, "_FOLDER", tmp_path)
    (tmp_path / "plugin").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SystemExit, match="The plugin is packed from a git clone"):
        pack_plugin.main(tmp_path / "plugin")
    assert (tmp_path / "plugin").is_dir(), "what was packed before stays"
