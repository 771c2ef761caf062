"""YAML files are read as the Pulumi CLI reads them; a hostile one is refused, whatever it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.config.yaml_file import read_yaml
from cross_account_access.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, content: str | bytes) -> Any:
    file = folder / "a.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_yaml(file, "a.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("FALSE", False),
        ("12:30", "12:30"),
        ("2012-10-17", "2012-10-17"),
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("=", "="),
        ("~", None),
        ("111111111111", 111111111111),
        ("0o17", 15),
        ("017", 15),
        ("0x1f", 31),
        ("089999999999", 89999999999.0),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        (".inf", ".inf"),
        ("7f3a", "7f3a"),
        ("'12'", "12"),
        ("[a, 1]", ["a", 1]),
        ("{<<: {a: 1, b: 2}, b: 3}", {"a": 1, "b": 3}),
        ("{a: &x [1], b: *x}", {"a": [1], "b": [1]}),
        ("", None),
    ],
)
def test_scalars_are_what_the_pulumi_cli_takes_them_for(
    text: str, value: object, tmp_path: Path
) -> None:
    found = read(tmp_path, text)
    assert (found, type(found)) == (value, type(value))


LAUGHS = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("content", "code", "path"),
    [
        ("{a", "invalid-yaml", "a.yaml, line 1"),
        ('x: "hunter2\n', "invalid-yaml", "a.yaml, line 2"),
        ("a: 1\nb: 2\na: 3\n", "invalid-yaml", "a.yaml, line 3"),
        ("a: !hunter2 x", "invalid-yaml", "a.yaml, line 1"),
        ("a: !hunter2!x", "invalid-yaml", "a.yaml, line 1"),
        ("a: *hunter2", "invalid-yaml", "a.yaml, line 1"),
        ("a: !!python/object/apply:os.system [hunter2]", "invalid-yaml", "a.yaml, line 1"),
        ("a: !!int hunter2", "invalid-yaml", "a.yaml"),
        ("a: !!int ''", "invalid-yaml", "a.yaml"),
        ("a: !!bool hunter2", "invalid-yaml", "a.yaml"),
        ("a: !!timestamp hunter2", "invalid-yaml", "a.yaml"),
        ("a: 1\n---\nb: 2\n", "invalid-yaml", "a.yaml, line 2"),
        ("a: \x00", "invalid-yaml", "a.yaml"),
        (b"a: \xff", "invalid-yaml", "a.yaml"),
        ("9" * 5000, "invalid-yaml", "a.yaml"),
        ("a: *b", "invalid-yaml", "a.yaml, line 1"),
        ("[" * 5000, "nested-too-deeply", "a.yaml"),
        ("[" * 101 + "]" * 101, "nested-too-deeply", "a.yaml"),
        ("&a [*a]", "nested-too-deeply", "a.yaml"),
        ("&a {b: [*a, *a]}", "nested-too-deeply", "a.yaml"),
        (LAUGHS, "too-many-values", "a.yaml"),
        (" " * (2 * 2**20 + 1), "file-too-large", "a.yaml"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_hostile_text_is_refused_without_its_values(
    content: str | bytes, code: str, path: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path, content)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == (code, path)
    assert "hunter2" not in problem.message


def test_what_is_no_file_is_refused_without_opening_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "endless").symlink_to("/dev/zero")
    found = {}
    for name in (".", "pipe", "dangling", "endless", "nowhere"):
        with pytest.raises(InvalidInput) as caught:
            read_yaml(tmp_path / name, name)
        found[name] = [problem.code for problem in caught.value.problems]
    none, other = ["unreadable-file"], ["not-a-file"]
    assert found == {".": other, "pipe": other, "endless": other, "dangling": none, "nowhere": none}


def test_a_symbolic_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("a: 1")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    assert read_yaml(tmp_path / "link.yaml", "link.yaml") == {"a": 1}
