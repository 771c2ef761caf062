"""A stack's own config and its access file, put together."""

import secrets
from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from cross_account_access.errors import (
    SECRET,
    FieldPath,
    InvalidInput,
    Problem,
    Refusal,
    display_value,
    join_path,
)
from cross_account_access.grants.model import refuse_unknown_key
from cross_account_access.iam.limits import EXTERNAL_ID

from .access_file import FILE_KEYS, find_references, locate_in_file, read_access_file
from .encrypted_config import NOTHING_ENCRYPTED, EncryptedLeaves
from .settings import NAMESPACE

# The defaults in Pulumi.yaml: the Pulumi CLI requires a value of every key that it describes.
DEFAULTS: dict[str, Any] = {
    "source": {},
    "destination": {},
    "side": "both",
    "accounts": {},
    "only": ["*"],
    "file": "",
    "grants": {},
    "limits": {},
    "tags": {},
    "imports": {},
}
_PAIR_KEYS = ("source", "destination", "side")
_FLEET_KEYS = ("accounts", "only")
_PATH = f"{NAMESPACE}:"


def display_path(place: FieldPath) -> str:
    """The path of a value of the stack's own config, for a message."""
    return join_path(_PATH, place)


@dataclass(frozen=True)
class MergedConfig:
    """A stack's config with its access file's values in it.

    Attributes:
        values: The values by key; those of the other form are left out.
        encrypted: What of them is encrypted.
        is_fleet: Whether they are of many accounts.
        problems: What is wrong with the keys.
        file: What messages call the access file; empty without one.
        shared: The keys that are the file's, or would be.
        missing: The references of the file to keys that the stack's config hasn't, by their places.
    """

    values: Mapping[str, Any]
    encrypted: EncryptedLeaves
    is_fleet: bool = False
    problems: tuple[Problem, ...] = ()
    file: str = ""
    shared: frozenset[str] = frozenset()
    missing: Mapping[FieldPath, str] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        config: Mapping[str, Any],
        encrypted: EncryptedLeaves = NOTHING_ENCRYPTED,
        folder: Path | None = None,
    ) -> "MergedConfig":
        """Read the access file, if there is one, and put its values into the config.

        Args:
            config: The stack's own config.
            encrypted: What of it is encrypted.
            folder: The project's folder; the working directory by default.

        Raises:
            InvalidInput: If the file can't be used, or the config has a key of it too.
        """
        own = deepcopy(dict(config))  # what the caller does to its config later changes nothing
        file = _check_file_name(own.pop("file", ""), encrypted)
        # The defaults of Pulumi.yaml are as if they were not set.
        dropped = FILE_KEYS if file else ("accounts",)
        own = {
            key: value for key, value in own.items() if key not in dropped or value != DEFAULTS[key]
        }
        if not file:
            return _choose_form(cls(own, encrypted))
        content = read_access_file((folder or Path()) / file, file)
        references = find_references(content, file)
        _refuse_own_keys(references, file)
        _refuse_repeated_keys(own, content, file)
        shared = frozenset(FILE_KEYS) - own.keys()
        merged = cls(own | content, encrypted, file=file, shared=shared)
        return _choose_form(_fill_references(merged, references))

    def relocate(self, problem: Problem) -> Problem:
        """The same problem with the file's path where its value is the file's."""
        place = problem.path.removeprefix(_PATH)
        for key in self.shared:
            if place == key or place.startswith((f"{key}.", f"{key}[")):
                return replace(problem, path=f"{self.file}: {place}")
        return problem

    def list_missing(self, grants: Collection[str], accounts: Collection[str]) -> list[Problem]:
        """Every reference that has no value, though one of these grants or accounts has it."""
        needed = {"grants": grants, "accounts": accounts}
        return [
            Problem(
                locate_in_file(self.file, place),
                f"${{config:{key}}}",
                "the stack's config must have the key that an external ID refers to",
                f"Run `pulumi config set --secret {NAMESPACE}:{key}`",
                code="missing-reference",
            )
            for place, key in self.missing.items()
            if place[1] in needed[str(place[0])]
        ]


def _check_file_name(value: object, encrypted: EncryptedLeaves) -> str:
    place = display_path(("file",))
    rule, code, remedy = "must be the path of a file, relative to Pulumi.yaml's", "invalid-file", ""
    if ("file",) in encrypted:
        value, code = SECRET, "must-be-plain"
        rule, remedy = "must not be encrypted: messages show it", "Set it without --secret"
    elif isinstance(value, str) and not PurePath(value).is_absolute() and value.isprintable():
        return value
    raise InvalidInput([Problem(place, display_value(place, value), rule, remedy, code=code)])


def _refuse_own_keys(references: Mapping[FieldPath, str], file: str) -> None:
    problems = [
        Problem(
            locate_in_file(file, place),
            f"${{config:{key}}}",
            "must refer to a key of its own, not to one that the program reads itself",
            code="reference-to-own-key",
        )
        for place, key in references.items()
        if key in DEFAULTS
    ]
    if problems:
        raise InvalidInput(problems)


def _refuse_repeated_keys(own: Mapping[str, Any], content: Mapping[str, Any], file: str) -> None:
    problems = [
        Problem(
            display_path((key,)),
            "",
            f"must be set in the stack's config or in {file}, not in both",
            "Remove one of them",
            code="key-in-config-and-file",
        )
        for key in FILE_KEYS
        if key in content and key in own
    ]
    if problems:
        raise InvalidInput(problems)


def _fill_references(merged: MergedConfig, references: Mapping[FieldPath, str]) -> MergedConfig:
    """Put values of the stack's config into the places in the file that refer to them.

    A place that has none gets a value that nobody can guess, for no use is made of it: whatever is
    made, or told of, is in `list_missing`.
    """
    own, hidden = dict(merged.values), set(merged.encrypted.exact)
    problems, missing = [], {}
    placeholders: dict[str, str] = {}
    for place, key in references.items():
        if key in merged.values:
            value = merged.values[key]
            own.pop(key, None)
            try:
                EXTERNAL_ID(value)
            except Refusal as refusal:
                where = display_path((key,))
                problems.append(
                    Problem(where, SECRET, refusal.rule, refusal.remedy, code=refusal.code)
                )
            if (key,) in merged.encrypted:
                hidden.add(place)
        else:
            value = placeholders.setdefault(key, secrets.token_hex(8))
            missing[place] = key
            hidden.add(place)
        _put(own, place, value)
    if problems:
        raise InvalidInput([*dict.fromkeys(problems)])
    used = {(key,) for key in references.values()}
    encrypted = EncryptedLeaves(frozenset(hidden - used), merged.encrypted.covered - used)
    return replace(merged, values=own, encrypted=encrypted, missing=missing)


def _put(values: Any, place: FieldPath, value: object) -> None:
    *outer, last = place
    for step in outer:
        values = values[step]
    values[last] = value


def _choose_form(merged: MergedConfig) -> MergedConfig:
    """Leave out the keys of the other form; they are problems where they are set."""
    values = dict(merged.values)
    is_fleet = "accounts" in values
    problems = [
        refuse_unknown_key(display_path((key,)), key, [*DEFAULTS])
        for key in values
        if key not in DEFAULTS
    ]
    values = {key: value for key, value in values.items() if key in DEFAULTS}
    problems += [
        _refuse_other_form((key,), is_fleet=is_fleet)
        for key in (_PAIR_KEYS if is_fleet else _FLEET_KEYS)
        if values.pop(key, DEFAULTS[key]) != DEFAULTS[key]
    ]
    if values.get("only") == DEFAULTS["only"]:
        del values["only"]
    for side in () if is_fleet else ("source", "destination"):
        if isinstance(connection := values.get(side), dict):
            problems += [
                _refuse_other_form((side, key), is_fleet=is_fleet)
                for key in ("groups", "lookUp")
                if connection.pop(key, None) is not None
            ]
    return replace(merged, values=values, is_fleet=is_fleet, problems=tuple(problems))


def _refuse_other_form(place: FieldPath, *, is_fleet: bool) -> Problem:
    form, other = "a config of many accounts", "a config of a pair, its source and destination"
    remedy = "Remove it, or remove accounts"
    if not is_fleet:
        form, other = other, form
        remedy = "To have many, add accounts, here or in a file"
    rule = f"must not be set in {form}: it belongs in {other}"
    return Problem(display_path(place), "", rule, remedy, code="key-of-other-form")
