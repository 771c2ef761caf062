"""The grants of a stack, read from its outputs: from the stack itself, or from a file."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias

import click

from cross_account_access.errors import SECRET, InvalidInput, Refusal
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.grants.record_reading import read_grant_documents
from cross_account_access.iam.json_text import parse_json
from cross_account_access.iam.limits import EXTERNAL_ID

from .terminal import Failure, InputError

_STDIN = "-"
_RECORD_START = '{"format":'
_WRITE_AGAIN = "Write it again with `pulumi stack output --json --show-secrets`."
_OTHER_VERSION = "Use the version of cross-account-access that deployed the stack."


@dataclass(frozen=True)
class DeployedGrant:
    """One grant of a stack.

    Attributes:
        stack: The stack's or the file's name, for messages.
        documents: Both its halves, checked.
        outputs: Its other outputs, of which nothing is checked: `cliProfile`, …; empty where the
            stack exports documents only.
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

        The documents don't say which of the two is which. None where the outputs have none.
        """
        profile = str(self.outputs.get("cliProfile") or "")
        match = re.search(r"^external_id = (\S+)$", profile, re.MULTILINE)
        try:
            return EXTERNAL_ID(match[1]) if match else None
        except Refusal:
            return None


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
        "--stack", "stacks", multiple=True, metavar="NAME", help="A Pulumi stack. May be repeated."
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
    names = dict.fromkeys(grant.name for grant in grants)
    stacks = dict.fromkeys(grant.stack for grant in grants)
    remedy = (
        f"Name one: {', '.join(names)}."
        if len(names) == len(grants)
        else f"Pass outputs that have each grant once; these are of {', '.join(stacks)}."
    )
    raise InputError(f"there are {len(grants)} such grants", remedy)


_NamedOutputs: TypeAlias = tuple[str, Mapping[str, Any], tuple[str, ...]]


def _read_outputs(where: StackSource) -> Iterator[_NamedOutputs]:
    """Each stack's or file's name and outputs, and the options that select it."""
    folder = () if where.folder == Path() else ("--cwd", str(where.folder))
    for name in where.stacks:
        yield name, _read_stack(name, where.folder), ("--stack", name, *folder)
    for name in where.files:
        title = "stdin" if name == _STDIN else name
        yield title, _read_file(name, title), ("--outputs", name)


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
    return lines[-1].removeprefix("stderr:").strip() if lines else " ".join(text.split())


def _read_file(name: str, title: str) -> Mapping[str, Any]:
    try:
        with click.open_file(name, "rb") as file:
            outputs = parse_json(_read_all(file).decode())
    except OSError as error:
        raise InputError(f"{title}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{title} must be text in UTF-8") from None
    except Refusal as refusal:
        where = "".join(f" ({key})" for key in refusal.where)
        raise InputError(f"{title}{where}: {refusal.rule}", _WRITE_AGAIN) from None
    except ValueError as error:  # of a name that no file can have
        raise InputError(f"{title}: {error}") from None
    if not isinstance(outputs, dict):
        message = f"{title} is not a stack's outputs, which must be a JSON object"
        raise InputError(message, _WRITE_AGAIN)
    return outputs


def _read_all(file: Any) -> bytes:
    """Read a file or pipe in a loop of Python, which notices Ctrl-C between its pieces."""
    content = bytearray()
    while piece := file.read1():
        content += piece
    return bytes(content)


def _read_grants(
    stack: str, outputs: Mapping[str, Any], options: tuple[str, ...]
) -> list[DeployedGrant]:
    grants = sorted(_find_grants(stack, outputs, options), key=lambda grant: grant.name)
    if grants:
        return grants
    if _holds_secret(outputs):
        raise _refuse_secret(f"{stack} has no grants among its outputs, some of which are secret")
    raise InputError(
        f"{stack} has no grants among its outputs",
        "A program of your own must export them: pulumi.export('grants', access.documents).",
    )


def _find_grants(
    stack: str, outputs: Mapping[str, Any], options: tuple[str, ...]
) -> Iterator[DeployedGrant]:
    """Every grant in the outputs: `grants` of the program, or `documents` of a component."""
    for output in outputs.values():
        if not isinstance(output, Mapping):
            continue
        texts = {name: _get_record_text(value) for name, value in output.items()}
        has_records = any(map(_is_record, texts.values()))
        for name, text in texts.items():
            others = output[name] if isinstance(output[name], Mapping) else {}
            # Beside a record, or in the place of one, a secret is a grant's.
            if text == SECRET and (has_records or others):
                raise _refuse_secret(f"{stack}: grant {name} is secret, because a value of it is")
            if _is_record(text):
                yield DeployedGrant(stack, _parse_documents(stack, name, text), others, options)
            elif output is outputs.get("grants") and others.keys() & {"documents", "roleArn"}:
                raise InputError(f"{stack}: grant {name} has no documents", _OTHER_VERSION)


def _get_record_text(value: Any) -> Any:
    return value.get("documents") if isinstance(value, Mapping) else value


def _is_record(text: Any) -> bool:
    return isinstance(text, str) and text.startswith(_RECORD_START)


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_secret, value.values()))
    return any(map(_holds_secret, value)) if isinstance(value, list) else value == SECRET


def _refuse_secret(message: str) -> InputError:
    return InputError(message, "Write the file with --show-secrets, or pass --stack.")


def _parse_documents(stack: str, name: str, text: str) -> GrantDocuments:
    try:
        return read_grant_documents(text)
    except InvalidInput as error:
        message = f"{stack}: the documents of grant {name} are not understood: {error}"
        raise InputError(message, _OTHER_VERSION) from None
