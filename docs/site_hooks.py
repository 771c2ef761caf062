"""What the site has besides docs/: README and the like, the API reference, the schema's pages.

mkdocs calls the functions (https://www.mkdocs.org/dev-guide/plugins/#events). The pages are written
for GitHub: what MkDocs reads in another way is changed here.
"""

import posixpath
import re
from enum import EnumType
from pathlib import Path
from textwrap import indent

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

import cross_account_access
from cross_account_access import testing
from docs.schema_pages import LANGUAGES, read_components, render_pages

_ROOT = Path(__file__).resolve().parents[1]
_TAKEN_IN = {
    "README.md": "index.md",
    "components/README.md": "package.md",
    "examples/README.md": "examples.md",
    "benchmarks/README.md": "benchmarks.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
}
_SOURCES = {uri: source for source, uri in _TAKEN_IN.items()}
_FENCED = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
_CELL = re.compile(r"<td.*?</td>", re.DOTALL)
_ITEM = re.compile(r"(?:[-*]|\d+\.) +")

_CHOOSER = re.compile(r"\{\{< /?chooser\b.*?>\}\}\n")
_CHOOSABLE = re.compile(
    r"\{\{% choosable language (\w+) %\}\}\n(.*?)\{\{% /choosable %\}\}", re.DOTALL
)
_TITLES = {language.title.lower().replace("#", "sharp"): language.title for language in LANGUAGES}


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages that aren't in docs/."""
    for source, uri in _TAKEN_IN.items():
        files.append(File.generated(config, uri, abs_src_path=str(_ROOT / source)))
    generated = {f"schema/{name}": text for name, text in render_pages().items()}
    generated["api/index.md"] = render_api()
    generated["api/testing.md"] = render_testing_api()
    for uri, text in generated.items():
        files.append(File.generated(config, uri, content=text))


def render_api() -> str:
    """The API reference: components with their arguments first, errors last."""
    names = cross_account_access.__all__
    components = [name for name in names if name.removesuffix("Args") in read_components()]
    values = {name: getattr(cross_account_access, name) for name in names}
    errors = [name for name in names if issubclass(values[name], Exception) or name == "Problem"]
    others = [name for name in names if name not in {*components, *errors}]
    return _render_reference(
        "# API reference",
        "Everything that `import cross_account_access` gives. Types of arguments are spelt as the "
        "source does: what is no `pulumi.Input` must be plain, that is, known in every preview.",
        *("## Components", *map(_refer, components)),
        *("## Grants and accounts", *map(_refer, others)),
        *("## Errors", *map(_refer, errors)),
    )


def render_testing_api() -> str:
    """The reference of what tests of users' programs import."""
    return _render_reference(
        "# API of `cross_account_access.testing`",
        "[Test your program](../testing.md) shows how it is used.",
        *(_refer(f"testing.{name}", level=2) for name in testing.__all__),
    )


def _refer(name: str, level: int = 3) -> str:
    value = getattr(cross_account_access, name, None)
    # The values of an Enum are what one writes; those of other attributes are how they are made.
    values = str(isinstance(value, EnumType)).lower()
    options = f"{{heading_level: {level}, show_attribute_values: {values}}}"
    return f"::: cross_account_access.{name}\n    options: {options}"


def _render_reference(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make of a page for GitHub one for MkDocs."""
    source = _SOURCES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    if not (_ROOT / source).is_file():
        return markdown
    repository = str(config.repo_url).rstrip("/")
    page.edit_url = f"{repository}/edit/main/{source}"

    def rewrite_link(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[1]))
        uri = _TAKEN_IN.get(target, target.removeprefix("docs/"))
        file = files.get_file_from_path(uri)
        known = {_SOURCES.get(uri), f"docs/{uri}"}
        if file and file.inclusion != InclusionLevel.EXCLUDED and target in known:
            return posixpath.relpath(uri, posixpath.dirname(page.file.src_uri) or ".")
        kind = "tree" if (_ROOT / target).is_dir() else "blob"
        # What isn't there stays as it is, and MkDocs warns of it.
        return f"{repository}/{kind}/main/{target}" if (_ROOT / target).exists() else link[1]

    parts = _FENCED.split(markdown)
    for number in range(0, len(parts), 2):
        parts[number] = re.sub(r"<!--.*?-->\n?", "", _LINK.sub(rewrite_link, parts[number]))
    return open_choosers(indent_lists("".join(parts)))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Show a pipe in a table's code without the backslash that a table on GitHub needs."""
    del page, config, files
    return _CELL.sub(lambda cell: cell[0].replace("\\|", "|"), html)


def indent_lists(markdown: str) -> str:
    """Indent what is in a list item by four, as MkDocs wants it; for GitHub it is the marker."""
    lines: list[str] = []
    items: list[int] = []
    fenced = loose = False
    for line in markdown.splitlines():
        text = line.lstrip()
        indent = len(line) - len(text)
        marker = None if fenced else _ITEM.match(text)
        if text and not fenced and (marker or loose):
            items = [item for item in items if item <= indent]
        inside = items[-1] if items else 0
        lines.append(" " * (4 * len(items) + max(indent - inside, 0)) + text if text else "")
        if marker:
            items.append(indent + marker.end())
        fenced ^= text.startswith("```")
        loose = not text
    return "\n".join(lines) + "\n"


def open_choosers(markdown: str) -> str:
    """Make tabs of the choosers of a language that Pulumi's registry knows."""

    def make_tab(choosable: re.Match[str]) -> str:
        return f'=== "{_TITLES[choosable[1]]}"\n{indent(choosable[2], "    ")}'

    return _CHOOSABLE.sub(make_tab, _CHOOSER.sub("", markdown))


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Keep a reader's browser from asking GitHub for the repository's stars."""
    del page, config
    return output.replace(' data-md-component="source"', "")


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """Do so on the page for what isn't there too."""
    del template_name, config
    return output_content.replace(' data-md-component="source"', "")
