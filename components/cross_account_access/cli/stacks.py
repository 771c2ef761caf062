"""The grants of a stack, read from its outputs: from the stack itself, or from a file."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import click

from cross_account_access.errors import Refusal
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam.json_text import parse_json
from cross_account_access.iam.limits import EXTERNAL_ID
from cross_account_access.text_format import join_words

from .record_merging import merge_records
from .stack_records import WRITE_AGAIN, find_records
from .terminal import Failure, InputError

_STDIN = "-"
_MOST_LISTED = 20


@dataclass(frozen=True)
class DeployedGrant:
    """One grant of a stack.

    Attributes:
        stack: The stack's or the file's name, for messages.
        documents: Both its halves, checked.
        outputs: Its other outputs, of which nothing is checked: `cliProfile`, …; empty where the
            stack exports documents only.
        options: The options that select its stack, for hints: `--stack dev`.
        parts: What it was merged of; empty where it is one stack's own.
    """

    stack: str
    documents: GrantDocuments
    outputs: Mapping[str, Any]
    options: tuple[str, ...] = ()
    parts: tuple["DeployedGrant", ...] = ()

    @property
    def name(self) -> str:
        """What it is called: GRANT, or GRANT@ACCOUNT among many accounts."""
        return self.documents.label

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
        stacks: Pulumi stacks' names; the selected one if there are neither these nor files.
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
        help="A Pulumi stack; by default the selected one. May be repeated.",
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


def load_grants(
    where: StackSource, names: Sequence[str] = (), *, merged: bool = True
) -> list[DeployedGrant]:
    """Load the grants of the stacks, by stack and name.

    Args:
        where: The stacks.
        names: The grants to keep, each GRANT for all its destinations or GRANT@ACCOUNT for one of
            them; all grants if empty.
        merged: Whether stacks that make parts of one grant and destination have it once.

    Raises:
        Failure: If there is no such stack, file or grant, or a stack has no grants.
    """
    grants = [
        grant
        for stack, outputs, options in _read_outputs(where)
        for grant in sorted(
            (
                DeployedGrant(stack, documents, others, options)
                for documents, others in find_records(stack, outputs)
            ),
            key=lambda grant: (grant.documents.grant, grant.name),
        )
    ]
    if merged:
        grants = merge_grants(grants)
    kept: set[int] = set()
    for name in names:
        selected = select_grants(grants, name)
        if not selected:
            raise InputError(f"there is no grant {name}", list_grant_names(grants))
        kept.update(map(id, selected))
    return [grant for grant in grants if not names or id(grant) in kept]


def select_grants(grants: Sequence[DeployedGrant], name: str) -> list[DeployedGrant]:
    """Select the grants of a name: a grant's own, then GRANT@ACCOUNT, then a profile's.

    A name of the first kind that matches is taken, for a grant's name may have an @ too.
    """
    many = [grant for grant in grants if grant.documents.account]
    for matches in (
        [grant for grant in grants if grant.name == name and not grant.documents.account],
        [grant for grant in many if grant.documents.grant == name],
        [grant for grant in many if grant.name == name],
        [grant for grant in many if grant.documents.usage_label == name],
    ):
        if matches:
            return matches
    return []


def list_grant_names(grants: Sequence[DeployedGrant]) -> str:
    """List the grants' own names, for a message, and say of which stack they are, if of one."""
    stacks = {grant.stack for grant in grants}
    of = f" of {stacks.pop()}" if len(stacks) == 1 else ""
    return f"Grants{of}: {', '.join(dict.fromkeys(grant.documents.grant for grant in grants))}."


def list_labels(labels: Sequence[str]) -> str:
    """List what one of has to be chosen, for a message: of very many the first ones."""
    more = len(labels) - _MOST_LISTED
    rest = f" and {more} more" if more > 0 else ""
    return f"{', '.join(labels[:_MOST_LISTED])}{rest}"


def merge_grants(grants: Sequence[DeployedGrant]) -> list[DeployedGrant]:
    """Make one of those that are parts of one grant and destination, where they agree."""
    alike: dict[object, list[DeployedGrant]] = {}
    for position, grant in enumerate(grants):
        many = grant.documents.account is not None
        key: object = (grant.documents.role.arn, grant.name) if many else position
        alike.setdefault(key, []).append(grant)
    return [grant for parts in alike.values() for grant in _merge_parts(parts)]


def _merge_parts(parts: list[DeployedGrant]) -> list[DeployedGrant]:
    if len(parts) == 1:
        return parts
    documents: GrantDocuments | None = parts[0].documents
    outputs: dict[str, Any] = {}
    for part in parts:
        documents = documents and merge_records(documents, part.documents)
        outputs = {**part.outputs, **outputs}
    if documents is None:
        return parts
    stacks = join_words([*dict.fromkeys(part.stack for part in parts)], "and")
    pairs = dict.fromkeys(
        pair for part in parts for pair in zip(part.options[::2], part.options[1::2], strict=True)
    )
    return [DeployedGrant(stacks, documents, outputs, tuple(chain(*pairs)), tuple(parts))]


def load_grant(where: StackSource, name: str | None) -> DeployedGrant:
    """Load the grant of that name; without a name the only grant.

    Raises:
        Failure: If there is not exactly one.
    """
    return choose_grant(load_grants(where, [name] if name else []))


def choose_grant(grants: Sequence[DeployedGrant]) -> DeployedGrant:
    """Choose the only grant.

    Raises:
        Failure: If there is not exactly one.
    """
    if len(grants) == 1:
        return grants[0]
    names = list(dict.fromkeys(grant.name for grant in grants))
    stacks = dict.fromkeys(grant.stack for grant in grants)
    remedy = (
        f"Name one: {list_labels(names)}."
        if len(names) == len(grants)
        else f"Pass outputs that have each grant once; these are of {', '.join(stacks)}."
    )
    raise InputError(f"there are {len(grants)} such grants", remedy)


_NamedOutputs: TypeAlias = tuple[str, Mapping[str, Any], tuple[str, ...]]


def _read_outputs(where: StackSource) -> Iterator[_NamedOutputs]:
    """Each stack's or file's name and outputs, and the options that select it."""
    folder = () if where.folder == Path() else ("--cwd", str(where.folder))
    stacks = where.stacks or (() if where.files else (_find_selected_stack(where.folder),))
    for name in stacks:
        yield name, _read_stack(name, where.folder), ("--stack", name, *folder)
    for name in where.files:
        title = "stdin" if name == _STDIN else name
        yield title, _read_file(name, title), ("--outputs", name)


def _find_selected_stack(folder: Path) -> str:
    """The name of the stack that the project has selected."""
    from pulumi import automation  # noqa: PLC0415 - takes seconds to import

    try:
        return _run_pulumi(folder, "stack", "--show-name").strip()
    except FileNotFoundError:
        reason = "the Pulumi CLI is not here"
    except automation.CommandError as error:
        reason = _last_line(str(error))
    raise InputError(
        f"no stack is given, and the selected one isn't found: {reason}",
        "Pass --stack NAME, or --outputs FILE with its outputs.",
    )


def _read_stack(name: str, folder: Path) -> Mapping[str, Any]:
    from pulumi import automation  # noqa: PLC0415

    command = ("stack", "output", "--json", "--show-secrets", "--stack", name)
    try:
        outputs = parse_json(_run_pulumi(folder, *command))
    except FileNotFoundError:
        raise Failure(
            "the Pulumi CLI is not here, and the stack cannot be read without it",
            remedy="Install it, or pass --outputs FILE with the stack's outputs.",
        ) from None
    except automation.StackNotFoundError:
        raise InputError(f"there is no stack {name}", "`pulumi stack ls` lists them.") from None
    except automation.CommandError as error:
        raise Failure(f"the stack {name} cannot be read: {_last_line(str(error))}") from None
    except Refusal as refusal:
        raise Failure(f"the stack {name} cannot be read: {refusal.rule}") from None
    return outputs if isinstance(outputs, dict) else {}


def _run_pulumi(folder: Path, *command: str) -> str:
    """Run a command of the Pulumi CLI: `automation.select_stack` would select the stack."""
    from pulumi import automation  # noqa: PLC0415

    return automation.PulumiCommand(skip_version_check=True).run([*command], str(folder), {}).stdout


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if "error:" in line]
    return lines[-1].rpartition("error:")[2].strip() if lines else " ".join(text.split())


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
        raise InputError(f"{title}{where}: {refusal.rule}", WRITE_AGAIN) from None
    except ValueError as error:  # of a name that no file can have
        raise InputError(f"{title}: {error}") from None
    if not isinstance(outputs, dict):
        message = f"{title} is not a stack's outputs, which must be a JSON object"
        raise InputError(message, WRITE_AGAIN)
    return outputs


def _read_all(file: Any) -> bytes:
    """Read a file or pipe in a loop of Python, which notices Ctrl-C between its pieces."""
    content = bytearray()
    while piece := file.read1():
        content += piece
    return bytes(content)
