"""YAML files, read as the Pulumi CLI reads them."""

import re
import stat
from math import inf
from pathlib import Path
from typing import Any

import yaml

from cross_account_access.errors import InvalidInput, Problem

_LARGEST = 2 * 2**20  # bytes; 1,000 accounts take an eighth of a MiB, and a second
_MOST_VALUES = 500_000  # each counted wherever an alias repeats it
_DEEPEST = 100


class _Loader(yaml.SafeLoader):
    """Reads YAML as the Pulumi CLI does: yes, 12:30 and dates are text, and no key stands twice.

    Its library: https://github.com/go-yaml/yaml/blob/v3/resolve.go
    """

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":merge", ":null"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys: dict[str, Any] = {}
        for key, _ in node.value:
            if keys.setdefault(str(key.value), key) is not key:
                problem = f"the key {key.value} appears twice in a map"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", "[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first)
    )


def read_yaml(file: Path, name: str) -> Any:
    """Read a file with one YAML document.

    Args:
        file: The file; a symbolic link is followed.
        name: What messages call it.

    Raises:
        InvalidInput: If it can't be read, is no valid YAML, or is too large or nested too deeply.
            The message quotes no value, which might be a secret.
    """
    try:
        content = _load(_read_text(file, name), name)
        size, depth = _measure(content, {})
    except RecursionError:
        depth = inf
    if depth > _DEEPEST:
        raise make_refusal(
            "nested-too-deeply",
            name,
            "",
            f"must be nested at most {_DEEPEST} levels deep, and no value may contain itself",
        )
    if size > _MOST_VALUES:
        raise make_refusal(
            "too-many-values",
            name,
            "",
            f"must have at most {_MOST_VALUES:,} values, those that aliases repeat included",
        )
    return content


def _load(text: str, name: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe one
    except yaml.MarkedYAMLError as error:
        at = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        # Its name may be a value: a secret that starts with * or !, without quotes.
        problem, unknown = re.subn(r"(alias|tag|handle) ['\"].*", r"\1", str(error.problem))
        raise make_refusal(
            "invalid-yaml",
            f"{name}{at}",
            "",
            f"must be valid YAML: {problem}",
            "Put text that starts with * or ! in quotes" if unknown else "",
        ) from None
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())
        raise make_refusal("invalid-yaml", name, "", f"must be valid YAML: {why}") from None
    except (ValueError, LookupError, AttributeError):  # of PyYAML, where a value isn't of its tag
        raise make_refusal(
            "invalid-yaml", name, "", "must be valid YAML: every value must be of its tag's type"
        ) from None


def make_refusal(code: str, path: str, value: str, rule: str, remedy: str = "") -> InvalidInput:
    """Make the error of one problem."""
    return InvalidInput([Problem(path, value, rule, remedy, code=code)])


def _read_text(file: Path, name: str) -> str:
    try:
        about = file.stat()
        if not stat.S_ISREG(about.st_mode):  # opening a pipe would wait, and a device never ends
            raise make_refusal("not-a-file", name, "", "must be a file, not a folder or a device")
        if about.st_size > _LARGEST:
            raise make_refusal(
                "file-too-large", name, "", f"must have at most {_LARGEST // 2**20} MiB"
            )
        return file.read_text(encoding="utf-8")
    except UnicodeError as error:
        raise make_refusal("invalid-yaml", name, "", f"must be UTF-8: {error}") from None
    except OSError as error:
        raise make_refusal(
            "unreadable-file", name, "", f"must be readable: {error.strerror}"
        ) from None


def _measure(value: Any, measured: dict[int, tuple[float, float]]) -> tuple[float, float]:
    """How many values there are in a value, and how deep they are nested; each is measured once."""
    if not isinstance(value, dict | list | tuple | set):
        return 1, 0
    if id(value) not in measured:
        measured[id(value)] = inf, inf  # until it is known: it may contain itself
        parts = value.values() if isinstance(value, dict) else value
        inside = [_measure(part, measured) for part in parts]
        depth = max((deep for _, deep in inside), default=0)
        measured[id(value)] = 1 + sum(size for size, _ in inside), 1 + depth
    return measured[id(value)]
