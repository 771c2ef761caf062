"""The check of a stack's config as a whole, with nothing secret in what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cross_account_access.errors import SECRET, InvalidInput, Problem, end_path
from cross_account_access.grants.model import read_model

from .encrypted_config import NOTHING_ENCRYPTED, EncryptedLeaves
from .merged_config import MergedConfig, display_path
from .settings import FleetSettings, PairSettings


def check_config(
    config: Mapping[str, Any],
    encrypted: EncryptedLeaves = NOTHING_ENCRYPTED,
    *,
    folder: Path | None = None,
) -> PairSettings | FleetSettings:
    """Check a config, its keys without the namespace and its values as YAML gives them.

    Args:
        config: The stack's own config.
        encrypted: What of it is encrypted.
        folder: The project's folder, for an access file; the working directory by default.

    Raises:
        InvalidInput: With every problem of the config, and nothing that is encrypted.
    """
    merged = MergedConfig.build(config, encrypted, folder)
    settings, problems = _read(merged, merged.values)
    if problems and merged.encrypted:
        problems = _hide_secrets(problems, merged)
    problems = [*merged.problems, *problems]
    if settings and not problems:
        accounts = {*settings.made, *settings.looked_up}
        problems = merged.list_missing(set(settings.made_grants), accounts)
    if problems or not settings:
        found = [merged.relocate(problem) for problem in problems]
        raise InvalidInput(sorted(found, key=lambda problem: problem.path))
    settings.keep(merged.values, merged.encrypted)
    return settings


def check_access_file(file: Path) -> FleetSettings:
    """Check an access file by itself: as the config of a stack that makes all of its parts.

    What it refers to in the stacks' own configs isn't needed.

    Raises:
        InvalidInput: With every problem of the file.
    """
    merged = MergedConfig.build({"file": file.name}, folder=file.parent)
    settings, problems = _read(replace(merged, is_fleet=True), merged.values)
    if problems or not isinstance(settings, FleetSettings):
        raise InvalidInput([merged.relocate(problem) for problem in problems])
    settings.keep(merged.values, merged.encrypted)
    return settings


def _read(
    merged: MergedConfig, values: Mapping[str, Any]
) -> tuple[PairSettings | FleetSettings | None, list[Problem]]:
    model: type[PairSettings | FleetSettings]
    model = FleetSettings if merged.is_fleet else PairSettings
    try:
        return read_model(model, values, path=display_path(()), spelling="camelCase"), []
    except InvalidInput as error:
        return None, [*error.problems]


def _hide_secrets(problems: Sequence[Problem], merged: MergedConfig) -> list[Problem]:
    """The problems with only those values and remedies that the config without secrets has too."""
    encrypted = merged.encrypted
    _, told = _read(merged, encrypted.mask(merged.values))
    twins = {(problem.path, problem.code): problem for problem in told}
    ends = [display_path(place) for place in encrypted.exact | encrypted.covered]
    hidden = []
    for problem in problems:
        twin = twins.get((problem.path, problem.code), replace(problem, value="", remedy=""))
        value = problem.value if problem.value == twin.value else SECRET
        remedy = problem.remedy if problem.remedy == twin.remedy else ""
        path = end_path(problem.path, ends)
        hidden.append(replace(problem, path=path, value=value, remedy=remedy))
    return hidden
