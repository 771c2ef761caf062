"""The command `map`."""

from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Literal, get_args

import click
from rich.console import Console

from cross_account_access.cli.files import write_file
from cross_account_access.cli.stacks import StackSource, add_stack_options, load_grants
from cross_account_access.cli.terminal import Command, emit, make_console, make_progress_console

from .access_map import AccessMap, access_map
from .access_map import as_json as map_as_json
from .mermaid import MARK as MERMAID_MARK
from .mermaid import MOST_EDGES, mermaid, too_large
from .page import MARK as PAGE_MARK
from .page import page
from .tree import TITLE, tree

Form = Literal["tree", "mermaid", "html"]

_FORMS: Mapping[str, Form] = {
    ".html": "html",
    ".htm": "html",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".md": "mermaid",
}
_WIDTH = 160


@click.command("map", cls=Command)
@add_stack_options
@click.option(
    "--format",
    "form",
    type=click.Choice(get_args(Form)),
    help="The form; by default what FILE's name ends in says (.html, .mmd, .md), and else a tree.",
)
@click.option(
    "--to",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it there, all of it or nothing, and not on stdout.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE even if this command didn't make it.")
def map_command(
    *, where: StackSource, form: Form | None, file: Path | None, force: bool, as_json: bool
) -> None:
    """Show who may assume what, by all grants of one or more stacks.

    A tree for the terminal, a Mermaid flowchart for documents, or one HTML page with a picture, a list and a filter,
    which needs no network. Roles that are reached through another grant's role are shown behind it.

    It reads the stacks' outputs alone: it never asks AWS, and an external ID is never shown.

    \b
    Examples:
      cross-account-access map --stack dev
      cross-account-access map --stack hub --stack spokes --to access.html
      cross-account-access map --outputs outputs.json --format mermaid
    """  # noqa: D301 - \b is click's
    if file == Path("-"):
        file = None
    access = access_map(
        (_called(grant.stack, where), grant.documents) for grant in load_grants(where)
    )
    form = form or (_FORMS.get(file.suffix.lower(), "tree") if file else "tree")
    text, mark = _RENDERERS[form](access)
    if form == "mermaid":
        if file and file.suffix.lower() == ".md":
            text = f"```mermaid\n{text}```\n"
        if too_large(text, access):
            _warn(
                f"Mermaid draws at most {MOST_EDGES} lines unless its config says more: --format html has no limit."
            )
    if file:
        write_file(file, text, mark, force=force)
    if as_json:
        emit(_json(access, file, form))
    elif file:
        click.echo(f"{access.summary}\nWritten to {file}.")
    elif form == "tree":
        make_console().print(tree(access))
    else:
        click.echo(text, nl=False)


def _called(stack: str, where: StackSource) -> str:
    """What a map calls a stack; a file's by its name alone, for the map may go to others."""
    if stack not in where.files:
        return stack
    alike = [file for file in where.files if Path(file).stem == Path(stack).stem]
    return "stdin" if stack == "-" else Path(stack).stem if len(alike) == 1 else stack


def _tree_text(access: AccessMap) -> tuple[str, str]:
    text = StringIO()
    Console(
        file=text, width=_WIDTH, color_system=None, highlight=False, markup=False, emoji=False
    ).print(tree(access))
    return text.getvalue(), TITLE


_RENDERERS: Mapping[Form, Callable[[AccessMap], tuple[str, str]]] = {
    "tree": _tree_text,
    "mermaid": lambda access: (mermaid(access), MERMAID_MARK),
    "html": lambda access: (page(access), PAGE_MARK),
}


def _json(access: AccessMap, file: Path | None, form: Form) -> dict[str, object]:
    written = {"written": {"file": str(file), "format": form}} if file else {}
    return map_as_json(access) | written


def _warn(text: str) -> None:
    make_progress_console().print(text)
