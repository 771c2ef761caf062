"""The grants of a stack, from its outputs: of the stack itself, or of a file that holds them."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from cross_account_access.grants.documents import GrantDocuments

from .terminal import ExitCode, Failure

_SECRET = "[secret]"  # noqa: S105 - what `pulumi stack output --json` has in a secret's place


@dataclass(frozen=True)
class DeployedGrant:
    """One grant of a stack.

    Attributes:
        stack: Whose it is, for messages: the stack's name or the file's.
        documents: Both its halves.
        outputs: What else the stack tells of it: `cliProfile`, `switchRoleUrl`, …; nothing where the stack exports its
            documents alone.
        options: Those by which its stack was given, for hints: `--stack dev`.
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
        """The external ID that callers give now, beside which the one before may still be accepted.

        None where the stack doesn't tell, or there is none.
        """
        found = re.search(
            r"^external_id = (\S+)$", str(self.outputs.get("cliProfile") or ""), re.MULTILINE
        )
        return found[1] if found else None


@dataclass(frozen=True)
class StackSource:
    """Which stacks are meant.

    Attributes:
        stacks: Pulumi stacks' names.
        files: Files with stacks' outputs; `-` is stdin.
        folder: The Pulumi project's folder.
    """

    stacks: tuple[str, ...]
    files: tuple[str, ...]
    folder: Path


def add_stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which stacks are meant, as its parameter `where`."""

    @click.option(
        "--stack",
        "stacks",
        multiple=True,
        metavar="NAME",
        help="A Pulumi stack. May be given again.",
    )
    @click.option(
        "--outputs",
        "files",
        multiple=True,
        metavar="FILE",
        help="What `pulumi stack output --json --show-secrets` printed; - for stdin. May be given again.",
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
    """The grants of the stacks, by stack and name.

    Args:
        where: Which stacks.
        names: Which grants; every one where none is named.

    Raises:
        Failure: If there is no such stack, file or grant, or one has no grants.
    """
    if not where.stacks and not where.files:
        raise Failure(
            "no stack is given",
            ExitCode.WRONG_INPUT,
            remedy="Give --stack NAME, or --outputs FILE with its outputs.",
        )
    found: list[DeployedGrant] = []
    folder = () if where.folder == Path() else ("--cwd", str(where.folder))
    for source, outputs, options in [
        *(
            (name, _stack_outputs(name, where.folder), ("--stack", name, *folder))
            for name in where.stacks
        ),
        *((name, _file_outputs(name), ("--outputs", name)) for name in where.files),
    ]:
        grants = sorted(_grants(source, outputs, options), key=lambda grant: grant.name)
        if not grants:
            raise Failure(
                f"{source} has no grants among its outputs",
                ExitCode.WRONG_INPUT,
                remedy="A program of its own exports them: pulumi.export('grants', access.documents).",
            )
        found += grants
    for name in names:
        if all(name != grant.name for grant in found):
            raise _no_grant(name, found)
    return [grant for grant in found if not names or grant.name in names]


def load_grant(where: StackSource, name: str | None) -> DeployedGrant:
    """The grant of that name; without one the only grant.

    Raises:
        Failure: If there isn't exactly one.
    """
    chosen = load_grants(where, [name] if name else [])
    if len(chosen) == 1:
        return chosen[0]
    known = ", ".join(grant.name for grant in chosen)
    raise Failure(
        f"there are {len(chosen)} such grants", ExitCode.WRONG_INPUT, remedy=f"Name one: {known}."
    )


def _no_grant(name: str, grants: Sequence[DeployedGrant]) -> Failure:
    known = ", ".join(dict.fromkeys(grant.name for grant in grants))
    return Failure(f"there is no grant {name}", ExitCode.WRONG_INPUT, remedy=f"Grants: {known}.")


def _stack_outputs(name: str, folder: Path) -> Mapping[str, Any]:
    from pulumi import automation  # noqa: PLC0415 - seconds that only this takes

    try:
        stack = automation.select_stack(name, work_dir=str(folder))
        return {key: output.value for key, output in stack.outputs().items()}
    except FileNotFoundError:
        raise Failure(
            "the Pulumi CLI is not here, so that no stack can be asked",
            remedy="Install it, or give --outputs FILE with the stack's outputs.",
        ) from None
    except automation.StackNotFoundError:
        raise Failure(
            f"there is no stack {name}", ExitCode.WRONG_INPUT, remedy="`pulumi stack ls` tells."
        ) from None
    except automation.CommandError as error:
        raise Failure(f"the stack {name} can't be read: {_last_line(str(error))}") from None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if "error:" in line]
    return lines[-1].removeprefix("stderr:").strip() if lines else text.strip()


def _file_outputs(name: str) -> Mapping[str, Any]:
    try:
        with click.open_file(name, encoding="utf-8") as file:
            outputs = json.load(file)
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}", ExitCode.WRONG_INPUT) from None
    except ValueError as error:
        raise Failure(f"{name} is no JSON: {error}", ExitCode.WRONG_INPUT) from None
    if not isinstance(outputs, dict):
        raise Failure(f"{name} is not a stack's outputs, an object", ExitCode.WRONG_INPUT)
    return outputs


def _grants(
    stack: str, outputs: Mapping[str, Any], options: tuple[str, ...]
) -> Iterator[DeployedGrant]:
    """Whatever in the outputs is a grant: `grants` of the program, or `documents` of a component."""
    for output in outputs.values():
        if output == _SECRET:
            continue
        for name, told in output.items() if isinstance(output, Mapping) else ():
            text = told.get("documents") if isinstance(told, Mapping) else told
            if text == _SECRET:
                raise Failure(
                    f"{stack}: grant {name} is secret, for its external ID is",
                    ExitCode.WRONG_INPUT,
                    remedy="Make the file with --show-secrets, or give --stack.",
                )
            if isinstance(text, str) and text.startswith('{"format":'):
                others = told if isinstance(told, Mapping) else {}
                yield DeployedGrant(stack, _documents(stack, name, text), others, options)


def _documents(stack: str, name: str, text: str) -> GrantDocuments:
    try:
        return GrantDocuments.model_validate_json(text)
    except ValidationError as error:
        raise Failure(
            f"{stack}: the documents of grant {name} are not understood: {error.errors()[0]['msg']}",
            ExitCode.WRONG_INPUT,
            remedy="The stack was deployed with another version of cross-account-access; use the same.",
        ) from None
