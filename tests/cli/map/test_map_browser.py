"""The page in a real browser: as it is seen, filtered, walked through by keyboard, and read out."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.map.page import render_page
from tests.cli.map import maps
from tests.cli.map.browser import CHROMIUM, Browser, Page
from tests.cli.map.test_map_text import WORLDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cross_account_access.cli.map.access_map import AccessMap

if CHROMIUM is None:
    pytest.skip("no Chromium is on PATH: apt-get install chromium", allow_module_level=True)

SHOWN_ROWS = (
    "[...document.querySelectorAll('#ways tbody tr:not([hidden]) th')]"
    ".map(cell => cell.firstChild.data)"
)
SHOWN_CARDS = (
    "[...document.querySelectorAll('#picture a')]"
    ".filter(card => card.getBoundingClientRect().height)"
    ".map(card => card.querySelector('text').textContent)"
)
SHOWN_LINES = "[...document.querySelectorAll('#picture path:not([hidden])')].length"
FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"
FOUND = "document.getElementById('found').textContent"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    running = Browser(tmp_path_factory.mktemp("chromium"))
    yield running
    running.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Opens a map's page; at the end, nothing was complained of and nothing else was asked for."""
    pages: list[tuple[Page, str]] = []

    def opening(access: AccessMap, **how: Any) -> Page:
        file = tmp_path / f"map{len(pages)}.html"
        file.write_text(render_page(access), encoding="utf-8")
        pages.append((Page(browser, file.as_uri(), **how), file.as_uri()))
        return pages[-1][0]

    yield opening
    for shown, address in pages:
        assert shown.complaints == []
        assert {url.partition("#")[0] for url in shown.requested} == {address}


def filtered(shown: Page, text: str) -> str:
    """What is announced after somebody has typed into the field."""
    shown("document.getElementById('filter').select()")
    before = shown(FOUND)
    shown.type(text)
    shown.wait(f"{FOUND} !== {json.dumps(before)}")
    return str(shown(FOUND))


def test_the_filter_narrows_list_and_picture_and_tells_how_many_are_left(opened: Any) -> None:
    shown = opened(maps.chain())
    assert shown(FOUND) == "All 6 shown."
    assert filtered(shown, "ALICE") == "1 of 6 shown: 1 principal, 1 role."
    assert shown(SHOWN_ROWS) == ["user alice"]
    assert shown(SHOWN_CARDS) == ["user alice", "role team/hub"]
    assert shown(SHOWN_LINES) == 1
    assert filtered(shown, "333333333333 chaining") == "2 of 6 shown: 2 principals, 2 roles."
    assert shown(SHOWN_ROWS) == ["role ci", "role team/hub"]
    assert filtered(shown, "nobody-of-that-name") == "0 of 6 shown: 0 principals, 0 roles."
    assert shown(SHOWN_CARDS) == []
    shown.press("Escape")
    shown.wait(f"{FOUND} === 'All 6 shown.'")
    assert shown("document.getElementById('filter').value") == ""
    assert len(shown(SHOWN_ROWS)) == 6


@pytest.mark.parametrize(
    "what", ["PowerUserAccess", "owner: platform", "Deployments from the source", "team/ci"]
)
def test_the_filter_finds_by_what_a_role_may_do_and_is_called(opened: Any, what: str) -> None:
    shown = opened(WORLDS[f"{maps.ROOT.name} Pulumi.dev"])
    assert filtered(shown, what) == "1 of 4 shown: 1 principal, 1 role."
    rows = "document.querySelectorAll('#roles tbody tr:not([hidden]) th')"
    roles = f"[...{rows}].map(cell => cell.textContent)"
    assert shown(roles) == ["role deploy"]


@pytest.mark.parametrize(
    "access", [maps.chain(), maps.circle(), maps.large()], ids=["chain", "circle", "large"]
)
def test_the_script_places_everything_where_it_was_drawn(opened: Any, access: AccessMap) -> None:
    text, shown = render_page(access), opened(access)
    svg = text[text.index("<svg") : text.index("</svg>")]
    for name, parts in (
        ("transform", "g, #picture a"),
        ("d", "path"),
        ("viewBox", "g:first-of-type"),
    ):
        drawn = re.findall(rf' {name}="([^"]+)"', svg)
        owner = "closest('svg')." if name == "viewBox" else ""
        placed = shown(
            f"[...document.querySelectorAll('#picture {parts}')]"
            f".map(part => part.{owner}getAttribute('{name}'))"
        )
        assert [value for value in placed if value][: len(drawn)] == drawn


def test_what_is_left_closes_up_and_comes_back_where_it_was(opened: Any) -> None:
    shown = opened(maps.large())
    picture = "document.getElementById('picture').outerHTML"
    before = shown(picture)
    height = shown("picture.getBoundingClientRect().height")
    begun = time.monotonic()
    filtered(shown, "user-199")
    assert time.monotonic() - begun < 5
    assert shown(SHOWN_LINES) == shown(f"{SHOWN_ROWS}.length") > 0
    assert shown("picture.getBoundingClientRect().height") < height / 10
    # Each line still ends at its cards.
    assert shown(
        """[...document.querySelectorAll('#picture path:not([hidden])')].every(path => {
            const end = path.getPointAtLength(path.getTotalLength()), matrix = path.getScreenCTM();
            const box = document.getElementById(path.dataset.to).getBoundingClientRect();
            const [x, y] = [end.x + matrix.e, end.y + matrix.f];
            return Math.abs(x - box.left) < 3 && y > box.top && y < box.bottom;
        })"""
    )
    filtered(shown, " ")
    assert shown(picture) == before


def test_the_keyboard_goes_through_it_in_order_and_is_seen(opened: Any) -> None:
    shown = opened(maps.chain())
    order = []
    for _ in range(12):
        shown.press("Tab")
        order.append(shown(FOCUSED))
    assert order == [
        "",
        "filter",
        "Picture, scrollable",
        "group operators, wide trust, may assume 1 role",
        "user alice, may assume 1 role",
        "role build, may assume 1 role",
        "user local, may assume 1 role",
        "role team/hub, assumed by 2 principals, may assume 1 role",
        "role ci, assumed by 1 principal, may assume 1 role",
        "role spoke, assumed by 1 principal",
        "role deploy, assumed by 2 principals",
        "List, scrollable",
    ]
    for _ in range(4):
        shown.press("Tab", shift=True)
    assert shown(FOCUSED).startswith("role team/hub")
    assert (
        shown("getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth") == "4px"
    )
    texts = "document.querySelectorAll('#picture a.lit text:first-of-type')"
    lit = f"[...{texts}].map(text => text.textContent)"
    assert shown(lit) == ["group operators", "user alice", "role team/hub", "role spoke"]
    shown.press("Enter")
    assert shown("document.activeElement.querySelector('th').textContent") == "role team/hub"
    assert shown("document.activeElement.closest('table').id") == "roles"


def test_the_picture_can_be_skipped(opened: Any) -> None:
    shown = opened(maps.large())
    shown.press("Tab")
    skip = shown("document.activeElement.getBoundingClientRect().left")
    assert skip >= 0
    shown.press("Enter")
    assert shown(FOCUSED) == "list"
    shown.press("Tab")
    assert shown(FOCUSED) == "List, scrollable"


def test_a_screen_reader_gets_names_roles_and_the_table(opened: Any) -> None:
    told = opened(maps.chain()).tree()
    for expected in [
        ("heading", "Who may assume what"),
        ("searchbox", "Filter by principal, role, account, condition, policy or tag"),
        ("region", "Picture"),
        ("group", "Who may assume what"),
        ("group", "account 111111111111"),
        ("link", "user alice, may assume 1 role"),
        ("table", "6 rows: a principal and a role that it may assume"),
        ("columnheader", "Conditions"),
        ("rowheader", "user alice"),
        ("cell", "1 h (role chaining)"),
    ]:
        assert expected in told
    assert "status" in [role for role, _ in told]
    assert [
        role for role, name in told if role in ("link", "searchbox", "table", "region") and not name
    ] == []


def test_a_stacks_texts_run_nothing(opened: Any) -> None:
    shown = opened(maps.hostile())
    assert shown("document.scripts.length") == 1
    assert shown("document.querySelector('#roles td:nth-of-type(2)').textContent").startswith(
        "<script>alert(1)"
    )
    assert filtered(shown, "<script>alert(1)").startswith("1 of 1 shown")


def test_its_policy_refuses_whatever_is_put_into_it(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "map.html"
    image = '<img src="http://127.0.0.1:9/x.png" onerror="window.ran = 1">'
    evil = f"<script>window.ran = 1</script>{image}"
    file.write_text(render_page(maps.chain()).replace("<main>", f"<main>{evil}"), encoding="utf-8")
    shown = Page(browser, file.as_uri())
    assert shown("window.ran ?? 0") == 0
    assert any("Content Security Policy" in complaint for complaint in shown.complaints)


@pytest.mark.parametrize(("dark", "ground", "text"), [(False, 255, 0x1B), (True, 0x0D, 0xE6)])
def test_it_is_light_or_dark_as_its_reader_likes(
    opened: Any, tmp_path: Path, dark: bool, ground: int, text: int
) -> None:
    shown = opened(WORLDS["grants Pulumi.principals"], dark=dark)
    style = "getComputedStyle(document.body)"
    assert shown(f"{style}.backgroundColor").startswith(f"rgb({ground}, ")
    assert shown(f"{style}.color").startswith(f"rgb({text}, ")
    shown.picture(tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 20_000


@pytest.mark.parametrize(
    "world", ["chain", "hostile", "grants Pulumi.principals", "grants Pulumi.conditions"]
)
def test_every_text_of_the_picture_has_room(opened: Any, world: str) -> None:
    shown = opened(WORLDS[world])
    outside = """[...document.querySelectorAll('#picture a text')].filter(text => {
        const [inner, outer] = [text, text.parentNode.querySelector('rect')]
            .map(part => part.getBoundingClientRect());
        return inner.left < outer.left || inner.right > outer.right || inner.bottom > outer.bottom;
    }).map(text => text.textContent)"""
    assert shown(outside) == []


def test_a_narrow_screen_scrolls_the_picture_and_not_the_page(opened: Any) -> None:
    shown = opened(maps.chain(), width=400, height=800)
    assert shown("document.documentElement.scrollWidth") <= 400


def test_it_prints_without_the_filter_and_on_white(opened: Any) -> None:
    shown = opened(maps.chain(), dark=True, width=700)  # as wide as A4 is between its margins
    assert shown.print().startswith(b"%PDF")
    shown.call(
        "Emulation.setEmulatedMedia",
        media="print",
        features=[{"name": "prefers-color-scheme", "value": "dark"}],
    )
    assert shown("getComputedStyle(document.getElementById('search')).display") == "none"
    assert shown("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert shown("document.documentElement.scrollWidth") <= 700


def test_without_scripts_list_and_picture_are_there(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "map.html"
    text = render_page(maps.chain())
    file.write_text(text[: text.rindex("<script>")] + "</body></html>", encoding="utf-8")
    shown = Page(browser, file.as_uri())
    assert len(shown(SHOWN_ROWS)) == 6
    assert len(shown(SHOWN_CARDS)) == 8
    assert shown("getComputedStyle(document.getElementById('search')).display") == "none"
