"""The AWS CLI's config file as text: a profile is added or updated, all else stays byte for byte.

The file is parsed as botocore does, by Python's configparser:
https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
"""

import configparser
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from botocore.configloader import build_profile_map

from cross_account_access.errors import escape_invisible
from cross_account_access.iam.limits import StringRule

PROFILE_NAME = StringRule("a profile's name", 1, 192, r"[\w+=,.@-]+", "letters, digits and _+=,.@-")
_MARK = re.compile(r"# Written by cross-account-access: grant (?P<grant>\S+) of (?P<stack>.+)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_HEADER = re.compile(r"\[(?P<name>.+)\]")
_OPTION = re.compile(r"(?P<key>.*?)\s*[=:]\s*(?P<value>.*)")
_QUOTES = frozenset("'\"\\")
_COMMENT = re.compile(r"(^|\s)[#;]")
_KEYS = (
    "role_arn",
    "source_profile",
    "external_id",
    "mfa_serial",
    "role_session_name",
    "duration_seconds",
)


class NotOursError(Exception):
    """A profile of that name exists that this tool didn't write for the grant; says whose it is."""


class UnreadableValueError(Exception):
    """The AWS CLI or an SDK would read something else than what is to be written.

    Attributes:
        key: The key whose value it is; None if it isn't known.
    """

    def __init__(self, key: str | None) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Profile:
    """A profile of one grant.

    Attributes:
        name: The profile's name.
        grant: The grant's name.
        stack: The stack's name.
        keys: The keys that this tool sets; all others are the owner's.
    """

    name: str
    grant: str
    stack: str
    keys: Mapping[str, str]

    @property
    def section(self) -> str:
        """The section's name, as this tool writes it."""
        return f"profile {self.name}"

    @property
    def mark(self) -> str:
        """The comment above it, by which this tool recognizes it."""
        stack = " ".join(self.stack.split())
        text = f"# Written by cross-account-access: grant {self.grant} of {stack}"
        return escape_invisible(text)


@dataclass
class _Option:
    key: str
    value: str
    start: int
    end: int


@dataclass
class _Section:
    """A section with its options; header, start and end are line numbers."""

    name: str
    header: int
    options: list[_Option] = field(default_factory=list)

    @property
    def profile(self) -> str | None:
        """The profile's name, if the section is a profile."""
        return _parse_profile_name(self.name)

    @property
    def end(self) -> int:
        return self.options[-1].end if self.options else self.header + 1


def parse_sections(text: str) -> dict[str, dict[str, str]]:
    """Parse a file's sections with their options, as botocore does.

    Raises:
        ValueError: If the AWS CLI can't parse the file either. The message quotes no line.
    """
    parser = _parse(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _parse(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string("\n".join(line.rstrip("\r\n") for line in _LINE.findall(text)))
    except configparser.Error as error:
        # configparser's message quotes the line, which may hold a secret key.
        number = getattr(error, "lineno", None) or next(
            (at for at, _ in getattr(error, "errors", [])), None
        )
        raise ValueError(f"error in line {number}" if number else type(error).__name__) from None
    return parser


def find_profile_names(names: Iterable[str]) -> set[str]:
    """Return the profiles' names among the sections', without the word `profile`."""
    return {name for name in map(_parse_profile_name, names) if name is not None}


def read_profile(text: str, profile: Profile) -> dict[str, str]:
    """Read the keys of the profile that this tool wrote for the grant; empty if there is none.

    Raises:
        NotOursError: If a profile of that name belongs to somebody else.
    """
    section = _find_own_section(text, profile)
    return {option.key: option.value for option in section.options} if section else {}


def write_profile(text: str, profile: Profile) -> str:
    """Update the profile in the text, or add it at the end.

    Raises:
        NotOursError: If a profile of that name belongs to somebody else.
        UnreadableValueError: If the result would not be read as the profile's keys, each with its
            value, and everything else as before.
    """
    written = add_profile(text, profile)
    check_readable(text, written, [profile])
    return written


def add_profile(text: str, profile: Profile) -> str:
    """Update or add the profile as `write_profile` does, for `check_readable` to check later.

    Raises:
        NotOursError: If a profile of that name belongs to somebody else.
        UnreadableValueError: If one of its values would be read as another.
    """
    lines = _LINE.findall(text)
    written = _compose(text, lines, _find_own_section(text, profile), profile)
    for key, value in (("the name", profile.name), *profile.keys.items()):
        # Other readers may take more for a line's end, or for a comment, than Python does.
        visible = value and value == value.strip() and value == escape_invisible(value)
        if not visible or _COMMENT.search(value):
            raise UnreadableValueError(key)
    return written


def _compose(text: str, lines: list[str], section: _Section | None, profile: Profile) -> str:
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if section is not None:
        return "".join(_update_lines(lines, section, profile, newline))
    block = [
        profile.mark,
        f"[{profile.section}]",
        *(f"{key} = {value}" for key, value in profile.keys.items()),
    ]
    if text and not text.endswith(("\n", "\r")):
        text += newline
    if text and lines[-1].strip():
        text += newline
    return text + "".join(f"{line}{newline}" for line in block)


def check_readable(old: str, new: str, profiles: Sequence[Profile]) -> None:
    """Check by the AWS CLI's own reader that the profiles' own keys have changed, and no more.

    Raises:
        UnreadableValueError: If anything else would be read otherwise than before.
    """
    before = parse_sections(old)
    try:
        after = parse_sections(new)
    except ValueError:
        raise UnreadableValueError(None) from None
    names = {_parse_profile_name(section): section for section in before}
    defaults = dict(_parse(old).defaults())  # every section has the options of [DEFAULT]
    read = build_profile_map(after)["profiles"]
    expected = dict(before)
    for profile in profiles:
        section = names.get(profile.name, profile.section)
        present = before.get(section, defaults)
        kept = {key: text for key, text in present.items() if key not in _KEYS}
        expected[section] = {**kept, **profile.keys}
        if read.get(profile.name) != expected[section]:
            raise UnreadableValueError(None)
    if after != expected:
        raise UnreadableValueError(None)


def _parse_profile_name(section: str) -> str | None:
    return next(iter(build_profile_map({section: {}})["profiles"]), None)


def _find_own_section(text: str, profile: Profile) -> _Section | None:
    if not _may_name(text, profile.name):
        return None
    lines, scanned = _scan_text(text)
    sections = [
        one for one in scanned if _may_name(one.name, profile.name) and one.profile == profile.name
    ]
    if not sections:
        return None
    if len(sections) > 1:
        raise NotOursError("exists twice, spelled in two ways")
    section = sections[0]
    mark = _MARK.fullmatch(lines[section.header - 1].rstrip("\r\n")) if section.header else None
    if mark is None:
        raise NotOursError("was not written by this tool")
    same_role = any(
        (one.key, one.value) == ("role_arn", profile.keys["role_arn"]) for one in section.options
    )
    if mark[0] != profile.mark and not same_role:
        raise NotOursError(f"belongs to grant {mark['grant']} of {mark['stack']}")
    return section


def _may_name(text: str, name: str) -> bool:
    """Whether a profile may be named in a text, which shells' quotes may spell in another way."""
    return name in text or not _QUOTES.isdisjoint(text)


@lru_cache(maxsize=1)
def _scan_text(text: str) -> tuple[list[str], list[_Section]]:
    """Split a text into lines and sections; it is the same for many profiles that are there."""
    lines = _LINE.findall(text)
    return lines, _scan_sections(lines)


def _scan_sections(lines: list[str]) -> list[_Section]:
    """Find the sections; continued values and comments are skipped as configparser does."""
    sections: list[_Section] = []
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
            sections.append(_Section(header["name"], number))
        elif sections and (match := _OPTION.fullmatch(stripped)):
            option = _Option(match["key"].lower(), match["value"], number, number + 1)
            sections[-1].options.append(option)
    return sections


def _update_lines(lines: list[str], section: _Section, profile: Profile, newline: str) -> list[str]:
    """Set the tool's own keys in the section, and change no other line."""
    changed: dict[int, list[str]] = {}
    options = {option.key: option for option in section.options}
    for key in dict.fromkeys((*_KEYS, *profile.keys)):
        option, value = options.get(key), profile.keys.get(key)
        if option is None or option.value == value:
            continue
        changed |= {number: [] for number in range(option.start, option.end)}
        if value is not None:
            ending = lines[option.end - 1][len(lines[option.end - 1].rstrip("\r\n")) :]
            changed[option.start] = [f"{key} = {value}{ending}"]
    last = section.end - 1
    added = [
        f"{key} = {value}{newline}" for key, value in profile.keys.items() if key not in options
    ]
    if added:
        kept_lines = changed.get(last, [lines[last]])
        if kept_lines and not kept_lines[-1].endswith(("\n", "\r")):
            kept_lines = [*kept_lines[:-1], kept_lines[-1] + newline]
        changed[last] = kept_lines + added
    return [text for number, line in enumerate(lines) for text in changed.get(number, [line])]
