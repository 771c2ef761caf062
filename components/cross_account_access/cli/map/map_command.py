"""The command `map`."""

from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Literal, get_args

import click
from rich.console import Console

from cross_account_access.cli.files import write_file
from cross_account_access.cli.stacks import StackSource, add_stack_options, load_grants
from cross_account_access.cli.terminal import (
    Command,
    InputError,
    echo,
    emit,
    make_console,
    make_progress_console,
)

from .access_map import AccessMap
from .map_builder import build_access_map
from .map_json import render_json
from .mermaid import MARK as MERMAID_MARK
from .mermaid import MOST_EDGES, exceeds_mermaid_limits, render_mermaid
from .page import MARK as PAGE_MARK
from .page import render_page
from .role_groups import group_roles
from .tree import TITLE, build_tree

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
    help="The output format. Default: by FILE's extension (.html, .mmd, .md), otherwise a tree.",
)
@click.option(
    "--to",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the map to FILE instead of stdout.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE even if this command didn't create it.")
def map_command(
    *, where: StackSource, form: Form | None, file: Path | None, force: bool, as_json: bool
) -> None:
    """Show who may assume what, by all grants of one or more stacks.

    The map is a tree for the terminal, a Mermaid flowchart for documents, or an HTML page with a
    picture, a list and a filter, which loads nothing from the network. Roles that are assumed
    through another grant's role are shown behind it. A role that a grant has in many accounts is
    shown once, with its accounts; --json lists each.

    Only the stacks' outputs are read: AWS is never called, and no external ID is shown.

    \b
    Examples:
      cross-account-access map --stack dev
      cross-account-access map --stack hub --stack spokes --to access.html
      cross-account-access map --outputs outputs.json --format mermaid
    """  # noqa: D301 - \b is click's
    if file == Path("-"):
        file = None
    form = _choose_form(form, file)
    access = _load_map(where)
    grouped = group_roles(access)
    text, mark = _RENDERERS[form](grouped)
    if form == "mermaid":
        _warn_of_size(text, grouped)
    if file:
        if form == "mermaid" and file.suffix.lower() == ".md":
            text = f"```mermaid\n{text}```\n"
        write_file(file, text, mark, force=force)
    if as_json:
        written = {"written": {"file": str(file), "format": form}} if file else {}
        emit(render_json(access) | written)
    elif file:
        echo(f"{access.summary}\nWritten to {file}.")
    elif form == "tree":
        make_console().print(build_tree(grouped))
    else:
        echo(text, nl=False)


def _load_map(where: StackSource) -> AccessMap:
    # Unmerged, for each origin is shown with its stack.
    grants = load_grants(where, merged=False)
    return build_access_map((_name_stack(one.stack, where), one.documents) for one in grants)


def _choose_form(form: Form | None, file: Path | None) -> Form:
    named = _FORMS.get(file.suffix.lower()) if file else None
    if form and named and form != named:
        raise InputError(
            f"--to {file} is named as {named}, but --format is {form}",
            "Leave --format out, or choose another name.",
        )
    return form or named or "tree"


def _warn_of_size(text: str, access: AccessMap) -> None:
    if exceeds_mermaid_limits(text, access):
        make_progress_console().print(
            f"Mermaid draws at most {MOST_EDGES} lines by default. Use --format html instead, "
            "which has no limit, or raise maxEdges in Mermaid's config."
        )


def _name_stack(stack: str, where: StackSource) -> str:
    """Name a stack; a file without its folder, because the map may be shared."""
    if stack not in where.files:
        return stack
    alike = [file for file in where.files if Path(file).stem == Path(stack).stem]
    return "stdin" if stack == "-" else Path(stack).stem if len(alike) == 1 else stack


def _render_tree(access: AccessMap) -> tuple[str, str]:
    text = StringIO()
    Console(
        file=text, width=_WIDTH, color_system=None, highlight=False, markup=False, emoji=False
    ).print(build_tree(access))
    return text.getvalue(), TITLE


_RENDERERS: Mapping[Form, Callable[[AccessMap], tuple[str, str]]] = {
    "tree": _render_tree,
    "mermaid": lambda access: (render_mermaid(access), MERMAID_MARK),
    "html": lambda access: (render_page(access), PAGE_MARK),
}
