"""What the Pulumi CLI says of the project's backend, before any stack is touched."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pulumi import automation

from cross_account_access.cli.terminal import Failure, InputError

from .detached_pulumi import DetachedPulumi
from .engine_events import describe_output
from .fleet_file import Fleet
from .stack_files import find_difference, name_stack_file, read_stack_settings
from .stack_operation import PASSPHRASES

_OWN_PASSPHRASE = ("", "passphrase", "default")


def list_stacks(pulumi: DetachedPulumi, folder: Path) -> list[str]:
    """The names of the project's stacks.

    Raises:
        Failure: If the backend can't be read.
    """
    stacks = _ask(pulumi, folder, "stack", "ls", "--json")
    # Of Pulumi Cloud's ORGANIZATION/NAME, the last part.
    return [str(stack["name"]).rpartition("/")[2] for stack in stacks]


def check_passphrase(pulumi: DetachedPulumi, folder: Path, stacks: Iterable[str]) -> None:
    """Check that the passphrase is there, where a stack's secrets are encrypted with one.

    Raises:
        Failure: If it is missing.
    """
    if any(name in os.environ for name in PASSPHRASES):
        return
    url = str(_ask(pulumi, folder, "whoami", "--json").get("url", ""))
    if url.startswith(("http://", "https://")):
        return  # Pulumi Cloud encrypts them
    for stack in stacks:
        provider = read_stack_settings(folder, stack).get("secretsprovider") or ""
        if provider in _OWN_PASSPHRASE:
            raise Failure(
                "the stacks' secrets are encrypted with a passphrase, which is missing",
                remedy=f"Set {' or '.join(PASSPHRASES)}.",
            )


def check_stack_files(fleet: Fleet, stacks: Sequence[str]) -> None:
    """Check that each stack's config names the access file, and its own account only.

    Raises:
        InputError: If one is missing, or has something else.
    """
    for stack in stacks:
        path = fleet.folder / name_stack_file(stack)
        if not path.exists():
            raise InputError(
                f"{path.name} is missing", "Write it with: cross-account-access fleet init"
            )
        if difference := find_difference(path, fleet.file, stack):
            raise InputError(f"{path.name}: {difference}", "Correct the file.")


def _ask(pulumi: DetachedPulumi, folder: Path, *arguments: str) -> Any:
    try:
        return json.loads(pulumi.run([*arguments], str(folder), {}).stdout)
    except automation.CommandError as error:
        reason = describe_output(str(error)) or " ".join(str(error).split())
        raise Failure(
            f"the state backend can't be read: {reason}", remedy="Sign in with `pulumi login`."
        ) from None
    except ValueError:
        raise Failure("the Pulumi CLI's answer is no JSON", remedy="Update it.") from None
