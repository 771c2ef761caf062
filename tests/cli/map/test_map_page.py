"""The map as a page: what is in it, as a parser reads it."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from cross_account_access.cli.map.markup import Markup, element
from cross_account_access.cli.map.page import render_page
from tests.cli.map import maps
from tests.cli.map.test_map_text import each_world

if TYPE_CHECKING:
    from cross_account_access.cli.map.access_map import AccessMap

VOID = {"meta", "input", "link", "br"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    inner: list[Element | str] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        found = [child for child in self.inner if isinstance(child, Element)]
        return [
            match
            for child in found
            for match in ([child] if tag in ("*", child.tag) else []) + child.all(tag)
        ]

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.inner)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]


class Reader(HTMLParser):
    """A tree, of which every element that was opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(text)
        self.close()
        assert self.open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        assert len(made.attributes) == len(attrs)
        self.open[-1].inner.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].inner.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def read(access: AccessMap) -> Element:
    return Reader(render_page(access)).root


def rows(document: Element, table: str) -> list[list[str]]:
    found = next(element for element in document.all("table") if element["id"] == table)
    (body,) = found.all("tbody")
    return [
        [cell.text for cell in row.inner if isinstance(cell, Element)] for row in body.all("tr")
    ]


def find(part: Element, tag: str, name: str) -> list[Element]:
    return [one for one in part.all(tag) if name in one.attributes.get("class", "").split()]


def drawn(document: Element) -> list[tuple[str, ...]]:
    """The picture's edges: caller, its home, the role's home, the role, conditions, session."""
    lines = [
        (account["aria-label"], find(card, "a", "name")[0].text, line)
        for account in find(document, "section", "home")
        for card in account.all("article")
        for line in find(card, "div", "line")
    ]
    return [
        (caller.text, home.all("span")[0].text, account, role, *terms.rsplit(" · up to ", 1))
        for account, role, line in lines
        for terms in [line.all("p")[0].text.removeprefix("wide ")]
        for home in find(line, "div", "home")
        for caller in find(home, "a", "caller")
    ]


@each_world
def test_ids_are_unique_and_every_reference_meets_one(access: AccessMap) -> None:
    document = read(access)
    ids = [element["id"] for element in document.all("*") if "id" in element.attributes]
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    referring = (
        "aria-labelledby",
        "aria-describedby",
        "aria-controls",
        "for",
        "data-to",
        "data-way",
    )
    wanted = {
        name
        for element in document.all("*")
        for key in referring
        for name in element.attributes.get(key, "").split()
    }
    wanted |= {link["href"].removeprefix("#") for link in document.all("a")}
    assert wanted <= set(ids)
    assert all(link["href"].startswith("#") for link in document.all("a"))
    rows = {row["id"]: row for row in document.all("tr") if "data-from" in row.attributes}
    callers = find(document, "a", "caller")
    assert sorted(caller["data-way"] for caller in callers) == sorted(rows)
    assert all(rows[caller["data-way"]]["data-from"] == caller["data-node"] for caller in callers)
    assert [row["data-node"] for row in document.all("tr") if "data-node" in row.attributes] == [
        row["id"].removeprefix("role-")
        for row in document.all("tr")
        if "data-node" in row.attributes
    ]


@each_world
def test_headings_labels_and_tables_tell_what_is_where(access: AccessMap) -> None:
    document = read(access)
    assert document.all("html")[0]["lang"] == "en"
    assert [h.text for h in document.all("h1")] == ["Who may assume what"]
    assert [h.text for h in document.all("h2")] == ["Picture", "List", "Roles"]
    assert len(document.all("main")) == 1
    (label,) = document.all("label")
    (filter_field,) = document.all("input")
    assert label["for"] == filter_field["id"]
    assert "status" in [element.attributes.get("role") for element in document.all("p")]
    for table in document.all("table"):
        assert len(table.all("caption")) == 1
        heads = table.all("thead")[0].all("th")
        assert {head["scope"] for head in heads} == {"col"}
        for row in table.all("tbody")[0].all("tr"):
            cells = [cell for cell in row.inner if isinstance(cell, Element)]
            assert [cell.tag for cell in cells] == ["th"] + ["td"] * (len(heads) - 1)
            assert cells[0]["scope"] == "row"
    assert [part["aria-label"] for part in document.all("article")] == [
        node.label for node, _ in access.roles
    ]
    homes = [part.text for part in document.all("h3")]
    assert homes == list(dict.fromkeys(str(node.home) for node, _ in access.roles))


@each_world
def test_picture_and_list_tell_the_same(access: AccessMap) -> None:
    document = read(access)
    nodes = access.nodes
    wanted = [
        (
            nodes[e.principal].label,
            str(nodes[e.principal].home),
            nodes[e.role].label,
            e.session_text,
        )
        for e in access.edges
    ]
    listed = [(row[0], row[1], row[2], row[5]) for row in rows(document, "ways")]
    assert [
        (head.startswith(label), *rest)
        for (head, *rest), (label, *_) in zip(listed, wanted, strict=True)
    ] == [(True, *rest) for _, *rest in wanted]
    assert sorted(drawn(document)) == sorted(
        (label, home, f"account {edge.role.split(':')[4]}", role, edge.conditions_text, session)
        for (label, home, role, session), edge in zip(wanted, access.edges, strict=True)
    )
    assert [row[0] for row in rows(document, "roles")] == [node.label for node, _ in access.roles]


@each_world
def test_no_external_id_is_in_it(access: AccessMap) -> None:
    text = render_page(access)
    assert not [secret for secret in (maps.SECRET, "new-4711", "old-0815") if secret in text]


def test_texts_of_a_stack_are_never_markup() -> None:
    text = render_page(maps.hostile())
    document = Reader(text).root
    assert len(document.all("script")) == 1
    assert "<script>alert" not in text
    shown = maps.HOSTILE.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    (role,) = rows(document, "roles")
    assert role[2] == shown
    assert role[4] == f"{shown}: {shown}"
    (way,) = rows(document, "ways")
    assert way[4] == f"aws:UserAgent must not match {shown}"
    assert way[6] == f"{shown} of {shown}"


def test_its_policy_lets_its_own_style_and_script_run_and_nothing_else() -> None:
    document = read(maps.chain())
    policy = next(
        m["content"]
        for m in document.all("meta")
        if m.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    hashes = {
        tag: base64.b64encode(hashlib.sha256(document.all(tag)[0].text.encode()).digest()).decode()
        for tag in ("style", "script")
    }
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; "
        f"script-src 'sha256-{hashes['script']}'; base-uri 'none'; form-action 'none'"
    )
    loading = ("src", "srcset", "action", "poster", "style", "onload", "onclick", "xlink:href")
    assert not [e for e in document.all("*") for name in loading if name in e.attributes]
    assert not re.search(
        r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", render_page(maps.chain())
    )


def test_it_is_the_same_bytes_each_time() -> None:
    assert render_page(maps.chain()) == render_page(maps.chain())


def test_markup_escapes_whatever_is_none() -> None:
    assert element("a", "<b>", Markup("<i></i>"), title='"<&', data_x=1, hidden=False) == (
        '<a title="&quot;&lt;&amp;" data-x="1">&lt;b&gt;<i></i></a>'
    )


def test_callers_under_the_same_conditions_share_a_line() -> None:
    document = read(maps.chain())
    cards = {card["aria-label"]: card for card in document.all("article")}
    lines = {
        name: [
            ([caller.text for caller in find(line, "a", "caller")], line.all("p")[0].text)
            for line in find(card, "div", "line")
        ]
        for name, card in cards.items()
    }
    assert lines == {
        "role ci": [(["role build"], "no conditions · up to 1 h (role chaining)")],
        "role team/hub": [
            (["group operators"], "wide no conditions · up to 1 h"),
            (["user alice"], "no conditions · up to 1 h"),
        ],
        "role deploy": [
            (["role ci"], "only session release · up to 1 h (role chaining)"),
            (["user local"], "no conditions · up to 4 h"),
        ],
        "role spoke": [(["role team/hub"], "no conditions · up to 1 h (role chaining)")],
    }
    shared = {"it": {"principals": [{"user": "alice"}, {"user": "bob"}]}}
    (line,) = find(read(maps.drawn(shared)), "div", "line")
    assert [caller.text for caller in find(line, "a", "caller")] == ["user alice", "user bob"]


def test_a_role_that_others_may_assume_leads_to_its_own_card() -> None:
    document = read(maps.chain())
    links = {link.text: link["href"][1:] for link in find(document, "a", "caller")}
    cards = {card["aria-label"]: card["id"] for card in document.all("article")}
    rows = {
        row["id"]: row.all("th")[0].inner[0] for row in document.all("tr") if "id" in row.attributes
    }
    assert links["role team/hub"] == cards["role team/hub"]
    assert rows[links["user alice"]] == "user alice"


def test_a_large_map_is_drawn_at_once() -> None:
    access = maps.large(200, 300)
    assert (len(access.principals), len(access.roles)) == (200, 300)
    begun = time.process_time()
    text = render_page(access)
    assert time.process_time() - begun < 2
    assert len(text) < 1_000_000
