"""The AWS CLI's config file as text: a profile is put in, and all else stays as it is, byte for byte. Pure.

The file is read as botocore reads it, by Python's configparser:
https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
"""

import configparser
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_MARK = re.compile(r"# Written by cross-account-access: grant (?P<grant>\S+) of (?P<stack>.+)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_HEADER = re.compile(r"\[(?P<name>.+)\]")
_OPTION = re.compile(r"(?P<key>.*?)\s*[=:]\s*(?P<value>.*)")
_KEYS = (
    "role_arn",
    "source_profile",
    "external_id",
    "mfa_serial",
    "role_session_name",
    "duration_seconds",
)


class NotOursError(Exception):
    """A profile of that name is there, and this tool didn't write it for the grant; the message says whose it is."""


@dataclass(frozen=True)
class Profile:
    """A profile of one grant.

    Attributes:
        name: The profile's.
        grant: The grant's name.
        stack: The stack's name.
        keys: What it has; whatever else stands in it is its owner's.
    """

    name: str
    grant: str
    stack: str
    keys: Mapping[str, str]

    @property
    def mark(self) -> str:
        """The comment above it, by which it is known again."""
        return f"# Written by cross-account-access: grant {self.grant} of {' '.join(self.stack.split())}"


@dataclass
class _Option:
    key: str
    value: str
    start: int
    end: int


@dataclass
class _Section:
    """A section: the lines from its header on, by their numbers, and its options."""

    name: str
    header: int
    options: list[_Option] = field(default_factory=list)

    @property
    def profile(self) -> str | None:
        """Which profile it is, if it is one."""
        return _profile_of(self.name)

    @property
    def end(self) -> int:
        return self.options[-1].end if self.options else self.header + 1


def sections(text: str) -> dict[str, dict[str, str]]:
    """Every section of a file with its options, as botocore reads them.

    Raises:
        ValueError: If the AWS CLI wouldn't understand the file either.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_string("\n".join(line.rstrip("\r\n") for line in _LINE.findall(text)))
    except configparser.Error as error:
        # The message quotes the line, which may hold a key.
        number = getattr(error, "lineno", None) or next(
            (at for at, _ in getattr(error, "errors", [])), None
        )
        raise ValueError(
            f"line {number} is not understood" if number else type(error).__name__
        ) from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def profile_names(names: Iterable[str]) -> set[str]:
    """Which of the sections' names are profiles', without the word `profile`."""
    return {name for name in map(_profile_of, names) if name is not None}


def kept(text: str, profile: Profile) -> dict[str, str]:
    """What a profile that this tool wrote for the grant has now; nothing if there is none.

    Raises:
        NotOursError: If a profile of that name is another's.
    """
    section = _own(_LINE.findall(text), profile)
    return {option.key: option.value for option in section.options} if section else {}


def with_profile(text: str, profile: Profile) -> str:
    """The file with the profile in it: the one that is there brought up to date, or a new one at the end.

    Raises:
        NotOursError: If a profile of that name is another's.
    """
    lines = _LINE.findall(text)
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    section = _own(lines, profile)
    if section is not None:
        return "".join(_updated(lines, section, profile, newline))
    block = [
        profile.mark,
        f"[profile {profile.name}]",
        *(f"{key} = {value}" for key, value in profile.keys.items()),
    ]
    if text and not text.endswith(("\n", "\r")):
        text += newline
    if text and lines[-1].strip():
        text += newline
    return text + "".join(f"{line}{newline}" for line in block)


def _profile_of(section: str) -> str | None:
    if section == "default":
        return section
    try:
        words = shlex.split(section) if section.startswith("profile") else []
    except ValueError:
        return None
    return words[1] if len(words) == 2 else None  # noqa: PLR2004 - `profile NAME`


def _own(lines: list[str], profile: Profile) -> _Section | None:
    named = [one for one in _sections(lines) if one.profile == profile.name]
    if not named:
        return None
    if len(named) > 1:
        raise NotOursError("stands there twice, spelled in two ways")
    section = named[0]
    mark = _MARK.fullmatch(lines[section.header - 1].rstrip("\r\n")) if section.header else None
    if mark is None:
        raise NotOursError("was not written by this tool")
    same_role = any(
        (one.key, one.value) == ("role_arn", profile.keys["role_arn"]) for one in section.options
    )
    if mark[0] != profile.mark and not same_role:
        raise NotOursError(f"is that of grant {mark['grant']} of {mark['stack']}")
    return section


def _sections(lines: list[str]) -> list[_Section]:
    """The sections, told from continued values and comments as configparser does."""
    found: list[_Section] = []
    option: _Option | None = None
    level = 0
    for number, line in enumerate(lines):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", ";")):
            continue
        indent = len(line) - len(line.lstrip())
        if option is not None and indent > level:
            option.value, option.end = f"{option.value}\n{stripped}", number + 1
            continue
        level, option = indent, None
        if header := _HEADER.match(stripped):
            found.append(_Section(header["name"], number))
        elif found and (told := _OPTION.fullmatch(stripped)):
            option = _Option(told["key"].lower(), told["value"], number, number + 1)
            found[-1].options.append(option)
    return found


def _updated(lines: list[str], section: _Section, profile: Profile, newline: str) -> list[str]:
    """The lines with the tool's own keys in the section as they are wanted, and no other line changed."""
    changed: dict[int, list[str]] = {}
    there = {option.key: option for option in section.options}
    for key in _KEYS:
        option, wanted = there.get(key), profile.keys.get(key)
        if option is None or option.value == wanted:
            continue
        changed |= {number: [] for number in range(option.start, option.end)}
        if wanted is not None:
            ending = lines[option.end - 1][len(lines[option.end - 1].rstrip("\r\n")) :]
            changed[option.start] = [f"{key} = {wanted}{ending}"]
    last = section.end - 1
    after = [f"{key} = {value}{newline}" for key, value in profile.keys.items() if key not in there]
    if after:
        kept_lines = changed.get(last, [lines[last]])
        if kept_lines and not kept_lines[-1].endswith(("\n", "\r")):
            kept_lines = [*kept_lines[:-1], kept_lines[-1] + newline]
        changed[last] = kept_lines + after
    return [text for number, line in enumerate(lines) for text in changed.get(number, [line])]
