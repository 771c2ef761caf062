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
    ".filter(part => part.getBoundingClientRect().height).map(part => part.textContent)"
)
SHOWN_LINES = (
    "[...document.querySelectorAll('#picture .line')]"
    ".filter(part => part.getBoundingClientRect().height).length"
)
FOCUSED = (
    "document.activeElement.getAttribute('aria-label')"
    " ?? (document.activeElement.id || document.activeElement.textContent)"
)
LIT = (
    "[...document.querySelectorAll('#picture .line.lit')].map(line => "
    "[...line.querySelectorAll('.caller.lit'), line.closest('.card').querySelector('.name')]"
    ".map(part => part.textContent).join(' > '))"
)
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


def test_what_is_left_closes_up_and_comes_back_where_it_was(opened: Any) -> None:
    shown = opened(maps.large(200, 300))
    picture = "document.getElementById('picture').outerHTML"
    before = shown(picture)
    height = shown("picture.getBoundingClientRect().height")
    begun = time.monotonic()
    filtered(shown, "user-199")
    assert time.monotonic() - begun < 5
    assert shown(SHOWN_LINES) == shown(f"{SHOWN_ROWS}.length") > 0
    assert shown("picture.getBoundingClientRect().height") < height / 10
    filtered(shown, " ")
    shown.wait(f"{SHOWN_LINES} > 100")
    assert re.sub(r' (hidden|class)=""', "", shown(picture)) == re.sub(
        r' (hidden|class)=""', "", before
    )


def test_the_keyboard_goes_through_it_in_order_and_is_seen(opened: Any) -> None:
    shown = opened(maps.chain())
    order = []
    for _ in range(13):
        shown.press("Tab")
        order.append(shown(FOCUSED))
    assert order == [
        "Skip the picture",
        "filter",
        *("role build", "role ci"),
        *("group operators", "role team/hub", "user alice"),
        *("role ci", "role deploy", "user local"),
        *("role team/hub", "role spoke"),
        "List, scrollable",
    ]
    for _ in range(2):
        shown.press("Tab", shift=True)
    assert shown(FOCUSED) == "role team/hub"
    assert shown("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    shown.press("Enter")
    assert shown(FOCUSED) == "role team/hub"
    assert shown("document.activeElement.className") == "card"
    shown.press("Tab")
    shown.press("Tab")
    shown.press("Enter")
    assert shown("document.activeElement.querySelector('th').textContent") == "role team/hub"
    assert shown("document.activeElement.closest('table').id") == "roles"


@pytest.mark.parametrize(
    ("part", "lit"),
    [
        ("[data-way=way3]", ["user alice > role team/hub"]),
        (
            "#n5 .name",
            [
                "group operators > role team/hub",
                "user alice > role team/hub",
                "role team/hub > role spoke",
            ],
        ),
        ("#n6 .role", ["role build > role ci", "role ci > role deploy"]),
    ],
)
def test_whoever_is_pointed_at_or_focused_lights_its_own_lines(
    opened: Any, part: str, lit: list[str]
) -> None:
    shown = opened(maps.chain())
    ids = {
        label: shown(f"document.querySelector('[aria-label=\"{label}\"]').id")
        for label in ("role team/hub", "role ci")
    }
    part = part.replace("n5", ids["role team/hub"]).replace("n6", ids["role ci"])
    element = f"document.querySelector({json.dumps('#picture ' + part)})"
    assert shown(LIT) == []
    shown(f"{element}.scrollIntoView()")
    x, y = shown(f"(({{x, y}}) => [x + 5, y + 5])({element}.getBoundingClientRect())")
    shown.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    assert sorted(shown(LIT)) == sorted(lit)
    dim = "[...document.querySelectorAll('.line:not(.lit)')].map(l => getComputedStyle(l).opacity)"
    assert set(shown(dim)) == {"0.4"}
    shown.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    assert shown(LIT) == []
    if part.endswith(".role"):
        return
    shown(f"{element}.focus()")
    assert sorted(shown(LIT)) == sorted(lit)


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
        ("region", "account 222222222222"),
        ("article", "role team/hub"),
        ("link", "user alice"),
        ("link", "role deploy"),
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


@pytest.mark.parametrize("width", [320, 400, 700, 1000, 1400, 1920])
@pytest.mark.parametrize("world", ["hostile", "grants Pulumi.conditions", "large"])
def test_every_text_has_room_and_every_line_leads_from_its_callers_to_its_role(
    opened: Any, world: str, width: int
) -> None:
    access = maps.large() if world == "large" else WORLDS[world]
    shown = opened(access, width=width)
    assert shown("document.documentElement.scrollWidth") <= width
    texts = "[...document.querySelectorAll('#picture .caller, #picture .role > *')]"
    outside = """.filter(text => {
        const outer = text.closest('.card').getBoundingClientRect();
        const inner = text.getBoundingClientRect();
        if (!inner.height) return false;
        return inner.left < outer.left - 1 || inner.right > outer.right + 1
            || inner.bottom > outer.bottom + 1 || text.scrollWidth > text.clientWidth + 1
            && getComputedStyle(text).display !== 'inline';
    }).map(text => text.textContent)"""
    assert shown(texts + outside) == []
    ends = """[...document.querySelectorAll('#picture .line')].filter(line => {
        const [from, arrow, to] = [...line.children].map(part => part.getBoundingClientRect());
        const across = Math.abs(from.right - arrow.left) < 2 && Math.abs(arrow.right - to.left) < 2
            && arrow.top >= Math.min(from.top, to.top)
            && arrow.bottom <= Math.max(from.bottom, to.bottom);
        const down = arrow.top >= from.bottom - 2 && arrow.bottom <= to.top + 2
            && arrow.left >= to.left && arrow.right <= to.right;
        return !across && !down;
    }).length"""
    assert shown(ends) == 0


@pytest.mark.parametrize(("width", "columns"), [(400, 1), (1000, 1), (1400, 2), (1920, 3)])
def test_the_width_is_used(opened: Any, width: int, columns: int) -> None:
    shown = opened(maps.large(), width=width)
    lefts = "[...document.querySelectorAll('.card')].map(card => card.getBoundingClientRect().left)"
    assert len(set(shown(lefts))) == columns
    rights = lefts.replace(".left)", ".right)")
    assert max(shown(rights)) > width - 60


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
    assert len(shown(SHOWN_CARDS)) == 10
    assert shown("getComputedStyle(document.getElementById('search')).display") == "none"
