"""The pages as a site: built once by MkDocs, read as HTML, and opened in a browser."""

from __future__ import annotations

import functools
import html
import inspect
import json
import os
import posixpath
import re
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

import cross_account_access
from cross_account_access import testing
from docs import schema_pages
from tests.cli.map.browser import CHROMIUM, Browser, Page
from tests.distribution import PROJECT
from tests.doc_pages import ROOT
from tests.html_pages import HtmlPage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URLS = PROJECT["urls"]
BASE: str = urlsplit(URLS["Documentation"]).path
REGISTRY_ONLY = {"_index.md"}
CHOOSERS = "installation-configuration"  # has the registry's shortcodes, which GitHub doesn't know
TAKEN_IN = {
    "index": "README.md",
    "package": "components/README.md",
    "examples": "examples/README.md",
    "benchmarks": "benchmarks/README.md",
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "security": "SECURITY.md",
    "code-of-conduct": "CODE_OF_CONDUCT.md",
}
SOURCES = {
    **{page.stem: page for page in (ROOT / "docs").glob("*.md") if page.name not in REGISTRY_ONLY},
    **{name: ROOT / source for name, source in TAKEN_IN.items()},
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the site is served from, as `make docs` builds it: without a warning."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(  # noqa: S603 - MkDocs
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", f"{folder}{BASE}"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, HtmlPage]:
    """Every page, by its path at the site's address."""
    files = site.rglob("*.html")
    return {file.relative_to(site).as_posix(): HtmlPage(file.read_text("utf-8")) for file in files}


def read_page(site: Path, name: str) -> str:
    folder = "" if name == "index" else f"{name}/"
    return (site / BASE.strip("/") / folder / "index.html").read_text("utf-8")


def resolve(page: str, link: str) -> tuple[str, str]:
    """The file that a page's link leads to, and the anchor in it."""
    parts = urlsplit(link)
    path = posixpath.join("/", posixpath.dirname(page), unquote(parts.path)) if parts.path else page
    is_folder = posixpath.basename(path) in {"", ".", ".."}
    path = posixpath.normpath(posixpath.join(path, "index.html") if is_folder else path)
    return path.lstrip("/"), unquote(parts.fragment)


def test_every_internal_link_and_anchor_leads_somewhere(
    site: Path, pages: dict[str, HtmlPage]
) -> None:
    dead = []
    for name, page in pages.items():
        for link in page.links:
            if urlsplit(link).scheme or link in {"#", "javascript:void(0)"}:
                continue
            path, anchor = resolve(name, link)
            there = (site / path).is_file() and (not anchor or anchor in pages[path].ids)
            dead += [] if there else [(name, link)]
    assert dead == []
    assert sum(len(page.links) for page in pages.values()) > 1000


def test_every_link_into_the_repository_is_to_what_is_there(pages: dict[str, HtmlPage]) -> None:
    pattern = re.compile(re.escape(URLS["Repository"]) + r"/(?:blob|tree|edit)/main/([^#]+)")
    links = {link for page in pages.values() for link in page.links}
    paths = {unquote(found[1]) for link in links if (found := pattern.match(link))}
    assert {"examples/fleet/access.yaml", "README.md", "docs/grants.md"} <= paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_it_has_the_addresses_of_the_package(pages: dict[str, HtmlPage]) -> None:
    home = pages[f"{BASE.strip('/')}/index.html"]
    assert URLS["Documentation"] in home.links
    assert URLS["Repository"] in home.links
    assert f"{URLS['Repository']}/edit/main/README.md" in home.links


def test_nothing_is_fetched_from_elsewhere(site: Path, pages: dict[str, HtmlPage]) -> None:
    fetched = [link for page in pages.values() for link in page.fetched]
    assert len(fetched) > len(pages)
    assert [link for link in fetched if urlsplit(link).netloc] == []
    styles = "".join(file.read_text("utf-8") for file in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)]*", styles) == []


def test_the_themes_script_has_no_reason_to_ask_others(
    site: Path, pages: dict[str, HtmlPage]
) -> None:
    # It asks GitHub for the repository's stars, and a CDN for Mermaid, where a page has these.
    assert [name for name, page in pages.items() if "mermaid" in page.classes] == []
    texts = [file.read_text("utf-8") for file in site.rglob("*.html")]
    assert [text for text in texts if 'data-md-component="source"' in text] == []
    assert all('class="md-source"' in text for text in texts)


def test_every_tag_is_closed(pages: dict[str, HtmlPage]) -> None:
    assert {name: page.broken for name, page in pages.items() if page.broken} == {}


def test_no_marker_of_a_generated_block_and_no_shortcode_is_left(site: Path) -> None:
    texts = {file.name: file.read_text("utf-8") for file in site.rglob("*.html")}
    texts |= {file.name: file.read_text("utf-8") for file in site.rglob("search_index.json")}
    for mark in ("<!-- make docs", "make docs:", "<!-- end", "<!-- preview", "{{<", "{{%"):
        assert [name for name, text in texts.items() if mark in html.unescape(text)] == []


def test_every_page_is_in_the_navigation_and_the_search(
    site: Path, pages: dict[str, HtmlPage]
) -> None:
    built = {posixpath.dirname(name.removeprefix(BASE[1:])) for name in pages if "404" not in name}
    assert {name for name in SOURCES if name != "index"} <= built
    home = HtmlPage(read_page(site, "index").partition("<article")[0]).links
    assert {f"{name}/" for name in built if name} <= set(home)
    index = json.loads((site / BASE.strip("/") / "search" / "search_index.json").read_text("utf-8"))
    found = {document["location"].partition("#")[0].rstrip("/") for document in index["docs"]}
    assert built <= found


@pytest.mark.parametrize("name", sorted(SOURCES.keys() - {CHOOSERS}))
def test_a_page_has_the_blocks_that_github_shows(site: Path, name: str) -> None:
    github = MarkdownIt("commonmark").enable("table")
    text = re.sub(r"\A---\n.*?\n---\n", "", SOURCES[name].read_text("utf-8"), flags=re.DOTALL)
    shown = HtmlPage(f"<article>{github.render(text)}</article>").blocks
    assert HtmlPage(read_page(site, name)).blocks == shown


def test_the_registrys_choosers_are_tabs(site: Path) -> None:
    titles = [language.title for language in schema_pages.LANGUAGES]
    tabs = re.findall(r'<label for="[^"]+">(?:<a[^>]*>)?([^<]+)', read_page(site, CHOOSERS))
    assert len(tabs) >= len(titles)
    assert tabs == titles * (len(tabs) // len(titles))


def read_signatures(text: str) -> dict[str, str]:
    """What the API reference says of each name, from its anchor to the next."""
    parts = re.split(r'<h\d id="(cross_account_access\.[\w.]+)"', text)
    bare = [html.unescape(re.sub(r"<[^>]+>", "", part)) for part in parts[2::2]]
    return {name: " ".join(part.split()) for name, part in zip(parts[1::2], bare, strict=True)}


@pytest.fixture(scope="module")
def signatures(site: Path) -> dict[str, str]:
    return read_signatures(read_page(site, "api")) | read_signatures(read_page(site, "api/testing"))


PUBLIC = {
    **{name: getattr(cross_account_access, name) for name in cross_account_access.__all__},
    **{f"testing.{name}": getattr(testing, name) for name in testing.__all__},
}


@pytest.mark.parametrize("name", PUBLIC)
def test_the_api_reference_shows_a_name_with_what_its_docstrings_say(
    signatures: dict[str, str], name: str
) -> None:
    value = PUBLIC[name]
    shown = {key: text for key, text in signatures.items() if f".{name}." in f".{key}."}
    whole = shown[f"cross_account_access.{name}"]
    first = re.sub(r"[`*]", "", inspect.getdoc(value) or "").split("\n\n")[0]
    assert " ".join(first.split()) in whole
    for member, raised in inspect.getmembers(value, inspect.isfunction):
        own = member in vars(value) and not member.startswith("_") and raised.__doc__
        assert not own or f"cross_account_access.{name}.{member}" in shown
        errors = re.findall(r"\n +(\w+): ", (raised.__doc__ or "").partition("Raises:")[2])
        for error in errors:
            assert not own or error in shown[f"cross_account_access.{name}.{member}"]
    if "Example:" in (value.__doc__ or ""):
        assert "from cross_account_access import" in whole


@pytest.mark.parametrize("name", [name for name in PUBLIC if hasattr(PUBLIC[name], "__total__")])
def test_the_api_reference_spells_each_key_as_the_source_does(
    signatures: dict[str, str], name: str
) -> None:
    source = inspect.getsource(PUBLIC[name])
    for key in PUBLIC[name].__annotations__:
        (written,) = re.findall(rf"^    ({key}: .*)$", source, re.MULTILINE)
        shown = signatures[f"cross_account_access.{name}.{key}"]
        assert "".join(written.split()) in "".join(shown.split())


def test_the_schemas_pages_have_every_property_in_every_language(site: Path) -> None:
    for name, component in schema_pages.read_components().items():
        page = read_page(site, f"schema/{name}")
        for language in schema_pages.LANGUAGES:
            for key in (*component["inputProperties"], *component["properties"]):
                assert f"<code>{language.spell_key(key)}</code>" in page
    page = read_page(site, "schema/types")
    for name, spec in schema_pages.read_types().items():
        assert f'<h2 id="{name.lower()}">' in page
        for language in schema_pages.LANGUAGES:
            for key in spec.get("properties", ()):
                assert f"<code>{language.spell_key(key)}</code>" in page


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=site))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{BASE}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is on PATH: apt-get install chromium")
    running = Browser(tmp_path_factory.mktemp("chromium"))
    yield running
    running.close()


def assert_content(shown: Page, address: str) -> None:
    """Nothing was complained of, and nothing was asked of others."""
    assert shown.complaints == []
    origin = address.removesuffix(BASE)
    assert [url for url in shown.requested if not url.startswith((origin, "data:"))] == []


# Those with the widest code and tables, and each kind of page that isn't written by hand.
@pytest.mark.parametrize(
    "page", ["", "commands/", "conditions/", "previews/", "api/", "schema/TrustedRole/", "404.html"]
)
def test_a_page_is_no_wider_than_the_window_and_asks_nobody_else(
    browser: Browser, address: str, page: str
) -> None:
    shown = Page(browser, address + page, height=844)
    for width in (1280, 390):
        size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
        shown.call("Emulation.setDeviceMetricsOverride", **size)
        assert shown("document.documentElement.scrollWidth") <= shown(
            "document.documentElement.clientWidth"
        )
    assert_content(shown, address)


@pytest.mark.parametrize(
    ("dark", "scheme", "background"),
    [(False, "default", "rgb(255, 255, 255)"), (True, "slate", "rgb(30, 33, 41)")],
)
def test_it_is_light_or_dark_as_the_system_is(
    browser: Browser, address: str, *, dark: bool, scheme: str, background: str
) -> None:
    shown = Page(browser, address, dark=dark)
    shown.wait(f"document.body.dataset.mdColorScheme === '{scheme}'")
    assert shown("getComputedStyle(document.body).backgroundColor") == background
    assert_content(shown, address)


def test_the_search_finds_a_page(browser: Browser, address: str) -> None:
    shown = Page(browser, address)
    shown("document.querySelector('.md-search__input').focus()")
    shown.type("permission set")
    shown.wait("document.querySelector('.md-search-result__link') !== null")
    found = shown(
        "[...document.querySelectorAll('.md-search-result__link')].map(link => link.pathname)"
    )
    assert f"{BASE}principals/" in found
    assert_content(shown, address)
