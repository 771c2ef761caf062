"""Update the generated blocks of the pages: `make docs`.

A block is what stands between `<!-- make docs: NAME ARGUMENT -->` and `<!-- end -->`. NAME is a key
of `BLOCKS`.
"""

import ast
import inspect
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

import cross_account_access
import sandbox.__main__
from cross_account_access.cli.main import cli
from cross_account_access.cli.verify.drift_findings import KINDS
from cross_account_access.grants.principal_kinds import TRAITS, PrincipalKind
from cross_account_access.text_format import to_camel

_FOLDER = Path(__file__).resolve().parent
_ROOT = _FOLDER.parent
_EXAMPLES: dict[PrincipalKind, str] = {
    "user": "{user: alice}",
    "role": "{role: team/ci}",
    "group": "{group: developers}",
    "account": '{account: "111111111111"}',
    "permission_set": "{permissionSet: Operators}",
    "role_pattern": "{rolePattern: team-*}",
    "path": "{path: /team/}",
    "organization": "{organization: o-a1b2c3d4e5}",
    "organizational_unit": "{organizationalUnit: o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/}",
    "session": "{session: ci/release}",
}


def _render_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [header, ["---"] * len(header), *rows]
    escaped = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in cells)
    return "\n".join(f"| {row} |" for row in escaped)


def render_principal_kinds() -> str:
    """Every kind of principal: who that is, and what works for whom."""
    header = ("in config", "who can assume the role", "principal in the trust policy")
    columns = ("console", "role chaining", "MFA", "source policy")
    return _render_table(
        (*header, *columns),
        (
            (
                f"`{_EXAMPLES[kind]}`",
                *(traits.meaning, traits.trust, traits.console, traits.chained, traits.mfa),
                f"attached to the {traits.attached}" if traits.attached else "unattached",
            )
            for kind, traits in TRAITS.items()
        ),
    )


def render_inputs(name: str) -> str:
    """Every key of a TypedDict or member of an Enum, with the docstring below it."""
    described = getattr(cross_account_access, name)
    (tree,) = ast.parse(inspect.getsource(described)).body
    assert isinstance(tree, ast.ClassDef)
    rows: list[tuple[str, ...]] = []
    for line, doc in zip(tree.body, tree.body[1:], strict=False):
        if not (isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant)):
            continue
        meaning = " ".join(str(doc.value.value).split())
        if isinstance(line, ast.AnnAssign):
            rows.append((*_describe_key(line), meaning))
        elif isinstance(line, ast.Assign):
            rows.append((f"`{ast.literal_eval(line.value)}`", meaning))
    keys = ("value",) if issubclass(described, Enum) else ("in Python", "in config", "type")
    return _render_table((*keys, "meaning"), rows)


def _describe_key(line: ast.AnnAssign) -> tuple[str, str, str]:
    key = ast.unparse(line.target)
    kind = ast.unparse(line.annotation).replace("pulumi.", "")
    optional = re.fullmatch(r"NotRequired\[(.*)\]", kind)
    required = "" if optional else ", required"
    return f"`{key}`", f"`{to_camel(key)}`", f"`{optional[1] if optional else kind}`{required}"


def render_findings() -> str:
    """Every finding of `verify`."""
    rows = [
        (f"`{code}`", kind.half or "either", kind.meaning, kind.remedy)
        for code, kind in KINDS.items()
    ]
    order = ("destination", "source", "either")
    header = ("code", "half", "what it means", "what to do")
    return _render_table(header, sorted(rows, key=lambda row: (order.index(row[1]), row[0])))


def render_help() -> str:
    """The help of the tool and of each command, as a terminal of 100 columns shows it."""
    return "\n\n".join(f"## {name}\n\n```\n{text}```" for name, text in _read_help())


def render_proof(grant: str) -> str:
    """What `make up` prints of one grant of the dev stack, on 100 columns."""
    name = grant.replace("_", "-")
    dev = (_ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        config = Path(folder, "Pulumi.dev.yaml")
        config.write_text(dev.replace(":4577", f":{port}"), encoding="utf-8")
        result = CliRunner(env={"COLUMNS": "100"}).invoke(
            sandbox.__main__.main, ["up", "--engine", "in-process", "--config-file", str(config)]
        )
    if result.exit_code:
        raise RuntimeError(result.output)
    header, *rows = result.stdout[result.stdout.index("grant  ") :].splitlines()
    (first,) = (number for number, row in enumerate(rows) if row.startswith(f"{name} "))
    others = (number for number, row in enumerate(rows) if number > first and row[0] != " ")
    return "\n".join(["```", header, *rows[first : next(others, None)], "```"])


def render_fleet(command: str) -> str:
    """What a command of `fleet` prints of the page's access file, on 100 columns."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_ROOT / "Pulumi.yaml", folder)
        Path(folder, "access.yaml").write_text(read_access_file(), encoding="utf-8")
        result = CliRunner(env={"COLUMNS": "100"}).invoke(cli, ["fleet", command, "-C", folder])
    if result.exit_code:
        raise RuntimeError(result.output)
    return f"```\n{_strip_lines(result.stdout)}\n```"


def read_access_file() -> str:
    """The example of an access file in many-accounts.md."""
    page = (_FOLDER / "many-accounts.md").read_text(encoding="utf-8")
    return page.partition("```yaml\n")[2].partition("```")[0]


def _strip_lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


def _read_help() -> Iterator[tuple[str, str]]:
    settings: dict[str, Any] = {"terminal_width": 100, "max_content_width": 100}
    for words in _list_commands(cli):
        result = CliRunner().invoke(
            cli, [*words, "--help"], prog_name="cross-account-access", **settings
        )
        yield " ".join(["cross-account-access", *words]), result.output


def _list_commands(command: click.Command) -> Iterator[list[str]]:
    """The command, and those below it, each by its words."""
    yield []
    for name, inner in command.commands.items() if isinstance(command, click.Group) else ():
        yield from ([name, *words] for words in _list_commands(inner))


BLOCKS: dict[str, Callable[..., str]] = {
    "principals": render_principal_kinds,
    "inputs": render_inputs,
    "findings": render_findings,
    "help": render_help,
    "proof": render_proof,
    "fleet": render_fleet,
}
_BLOCK = re.compile(r"(<!-- make docs: (\w+) ?(\w*) -->\n)(?:.*?)(<!-- end -->)", re.DOTALL)
README = _ROOT / "README.md"
PAGES = sorted(page for page in _FOLDER.glob("*.md") if _BLOCK.search(page.read_text("utf-8")))


def fill_blocks(page: str) -> str:
    """A page's text with its blocks as the code has them now."""
    return _BLOCK.sub(
        lambda block: f"{block[1]}\n{BLOCKS[block[2]](*filter(None, [block[3]]))}\n\n{block[4]}",
        page,
    )


if __name__ == "__main__":
    for path in (README, *PAGES):
        path.write_text(fill_blocks(path.read_text(encoding="utf-8")), encoding="utf-8")
