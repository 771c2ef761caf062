"""The grants of a stack, read from its outputs: from the stack itself, or from a file."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias

import click
from pydantic import ValidationError

from cross_account_access.grants.documents import GrantDocuments

from .terminal import Failure, InputError

_SECRET = "[secret]"  # noqa: S105 - stands in for a secret in `pulumi stack output --json`


@dataclass(frozen=True)
class DeployedGrant:
    """One grant of a stack.

    Attributes:
        stack: The stack's or the file's name, for messages.
        documents: Both its halves.
        outputs: Its other outputs: `cliProfile`, `switchRoleUrl`, …; empty where the stack exports
            documents only.
        options: The options that select its stack, for hints: `--stack dev`.
    """

    stack: str
    documents: GrantDocuments
    outputs: Mapping[str, Any]
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The grant's name."""
        return self.documents.grant

    @property
    def external_id(self) -> str | None:
        """The current external ID, which callers pass; the previous one may be accepted too.

        None where the outputs have none.
        """
        profile = str(self.outputs.get("cliProfile") or "")
        match = re.search(r"^external_id = (\S+)$", profile, re.MULTILINE)
        return match[1] if match else None


@dataclass(frozen=True)
class StackSource:
    """The stacks to read.

    Attributes:
        stacks: Pulumi stacks' names.
        files: Files with stacks' outputs; `-` is stdin.
        folder: The Pulumi project's folder.
    """

    stacks: tuple[str, ...]
    files: tuple[str, ...]
    folder: Path


def add_stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose stacks; the command gets them as its parameter `where`."""

    @click.option(
        "--stack",
        "stacks",
        multiple=True,
        metavar="NAME",
        help="A Pulumi stack. May be repeated.",
    )
    @click.option(
        "--outputs",
        "files",
        multiple=True,
        metavar="FILE",
        help="The output of `pulumi stack output --json --show-secrets`; - for stdin. May be "
        "repeated.",
    )
    @click.option(
        "-C",
        "--cwd",
        "folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=".",
        help="The Pulumi project's folder; the current one by default.",
    )
    @wraps(command)
    def with_stacks(
        *, stacks: tuple[str, ...], files: tuple[str, ...], folder: Path, **others: Any
    ) -> Any:
        return command(where=StackSource(stacks, files, folder), **others)

    return with_stacks


def load_grants(where: StackSource, names: Sequence[str] = ()) -> list[DeployedGrant]:
    """Load the grants of the stacks, by stack and name.

    Args:
        where: The stacks.
        names: The grants to keep; all of them if empty.

    Raises:
        Failure: If there is no such stack, file or grant, or a stack has no grants.
    """
    if not where.stacks and not where.files:
        raise InputError(
            "no stack is given", "Pass --stack NAME, or --outputs FILE with its outputs."
        )
    grants = [grant for output in _read_outputs(where) for grant in _read_grants(*output)]
    for name in names:
        if all(name != grant.name for grant in grants):
            known = ", ".join(dict.fromkeys(grant.name for grant in grants))
            raise InputError(f"there is no grant {name}", f"Grants: {known}.")
    return [grant for grant in grants if not names or grant.name in names]


def load_grant(where: StackSource, name: str | None) -> DeployedGrant:
    """Load the grant of that name; without a name the only grant.

    Raises:
        Failure: If there is not exactly one.
    """
    grants = load_grants(where, [name] if name else [])
    if len(grants) == 1:
        return grants[0]
    known = ", ".join(grant.name for grant in grants)
    raise InputError(f"there are {len(grants)} such grants", f"Name one: {known}.")


_NamedOutputs: TypeAlias = tuple[str, Mapping[str, Any], tuple[str, ...]]


def _read_outputs(where: StackSource) -> Iterator[_NamedOutputs]:
    """Each stack's or file's name and outputs, and the options that select it."""
    folder = () if where.folder == Path() else ("--cwd", str(where.folder))
    for name in where.stacks:
        yield name, _read_stack(name, where.folder), ("--stack", name, *folder)
    for name in where.files:
        yield name, _read_file(name), ("--outputs", name)


def _read_stack(name: str, folder: Path) -> Mapping[str, Any]:
    from pulumi import automation  # noqa: PLC0415 - takes seconds to import

    try:
        stack = automation.select_stack(name, work_dir=str(folder))
        return {key: output.value for key, output in stack.outputs().items()}
    except FileNotFoundError:
        raise Failure(
            "the Pulumi CLI is not here, and the stack cannot be read without it",
            remedy="Install it, or pass --outputs FILE with the stack's outputs.",
        ) from None
    except automation.StackNotFoundError:
        raise InputError(f"there is no stack {name}", "`pulumi stack ls` lists them.") from None
    except automation.CommandError as error:
        raise Failure(f"the stack {name} cannot be read: {_last_line(str(error))}") from None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if "error:" in line]
    return lines[-1].removeprefix("stderr:").strip() if lines else text.strip()


def _read_file(name: str) -> Mapping[str, Any]:
    try:
        with click.open_file(name, encoding="utf-8") as file:
            outputs = json.load(file)
    except OSError as error:
        raise InputError(f"{name}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{name} is no JSON: {error}") from None
    if not isinstance(outputs, dict):
        raise InputError(f"{name} is not a stack's outputs, which must be a JSON object")
    return outputs


def _read_grants(
    stack: str, outputs: Mapping[str, Any], options: tuple[str, ...]
) -> list[DeployedGrant]:
    grants = sorted(_find_grants(stack, outputs, options), key=lambda grant: grant.name)
    if not grants:
        raise InputError(
            f"{stack} has no grants among its outputs",
            "A program of your own must export them: pulumi.export('grants', access.documents).",
        )
    return grants


def _find_grants(
    stack: str, outputs: Mapping[str, Any], options: tuple[str, ...]
) -> Iterator[DeployedGrant]:
    """Every grant in the outputs: `grants` of the program, or `documents` of a component."""
    maps = (output for output in outputs.values() if isinstance(output, Mapping))
    for name, value in (item for output in maps for item in output.items()):
        others = value if isinstance(value, Mapping) else {}
        text = others.get("documents") if isinstance(value, Mapping) else value
        if text == _SECRET:
            raise InputError(
                f"{stack}: grant {name} is secret, because its external ID is",
                "Write the file with --show-secrets, or pass --stack.",
            )
        if isinstance(text, str) and text.startswith('{"format":'):
            yield DeployedGrant(stack, _parse_documents(stack, name, text), others, options)


def _parse_documents(stack: str, name: str, text: str) -> GrantDocuments:
    try:
        return GrantDocuments.model_validate_json(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise InputError(
            f"{stack}: the documents of grant {name} are not understood: {reason}",
            "Use the version of cross-account-access that deployed the stack.",
        ) from None
