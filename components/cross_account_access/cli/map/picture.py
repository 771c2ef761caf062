"""The picture of a map: SVG whose cards are links, for the keyboard and for screen readers too."""

import unicodedata
from collections.abc import Mapping
from itertools import accumulate

from cross_account_access.cli.text_format import format_count

from .access_map import AccessMap, Node
from .layout import (
    CARD_HEAD,
    FRAME_GAP,
    GAP,
    HEAD,
    MARGIN,
    PAD,
    Card,
    Curve,
    Frame,
    Layout,
    Line,
    lay_out,
)
from .markup import Markup, element

_INSET = 12  # of texts
_FONT, _SMALL = 13, 12
_BOLD = 1.12  # how much wider bold letters are
_BADGE = 44
_WIDTHS = (
    ("ijlI.,:;'|!· /()[]", 0.4),
    ("ftr-", 0.45),
    ("mMWw@%", 1.0),
    ("ABCDEFGHJKLNOPQRSTUVXYZ&+=<>…", 0.84),
)
_LETTER = 0.64


def number_nodes(access: AccessMap) -> dict[str, str]:
    """Give each node an ID, valid in HTML, SVG and Mermaid."""
    return {key: f"n{number}" for number, key in enumerate(access.nodes, start=1)}


def find_anchors(access: AccessMap, node_ids: Mapping[str, str]) -> dict[str, str]:
    """Find what each card links to: a role's row, or the first row of a principal."""
    anchors: dict[str, str] = {}
    for number, edge in enumerate(access.edges, start=1):
        anchors.setdefault(edge.principal, f"way{number}")
    return anchors | {node.key: f"role-{node_ids[node.key]}" for node, _ in access.roles}


def render_picture(access: AccessMap) -> Markup:
    """Render the picture as an `svg` element."""
    drawn, node_ids = lay_out(access), number_nodes(access)
    anchors = find_anchors(access, node_ids)
    return element(
        "svg",
        element("title", "Who may assume what", id="picture-title"),
        element("desc", _describe_picture(access, drawn), id="picture-desc"),
        element(
            "g",
            *(_render_curve(curve, n, node_ids) for n, curve in enumerate(drawn.curves, start=1)),
            aria_hidden="true",
        ),
        *(_render_frame(frame, access, node_ids, anchors) for frame in drawn.frames),
        xmlns="http://www.w3.org/2000/svg",
        id="picture",
        role="group",
        aria_labelledby="picture-title",
        aria_describedby="picture-desc",
        width=drawn.width,
        height=drawn.height,
        viewBox=f"0 0 {drawn.width} {drawn.height}",
        data_margin=MARGIN,
        data_head=HEAD,
        data_pad=PAD,
        data_gap=GAP,
        data_apart=FRAME_GAP,
    )


def _describe_picture(access: AccessMap, drawn: Layout) -> str:
    columns = len({frame.column for frame in drawn.frames})
    between = " Roles that may assume others stand between." if columns > 2 else ""  # noqa: PLR2004 - left and right
    return (
        "Lines lead from principals at the left, by account, to the roles that they may assume at "
        f"the right.{between} {access.summary} The table below has the same content."
    )


def _render_frame(
    frame: Frame, access: AccessMap, node_ids: Mapping[str, str], anchors: Mapping[str, str]
) -> Markup:
    return element(
        "g",
        element("rect", width=frame.width, height=frame.height, rx=10, class_="frame"),
        element("text", str(frame.home), x=_INSET, y=22, class_="home", aria_hidden="true"),
        *(
            _render_card(card, access, node_ids[card.node.key], anchors[card.node.key])
            for card in frame.cards
        ),
        class_="home",
        role="group",
        aria_label=str(frame.home),
        transform=f"translate({frame.x} {frame.y})",
        data_column=frame.column,
        data_x=frame.x,
    )


def _render_card(card: Card, access: AccessMap, card_id: str, anchor: str) -> Markup:
    description = _describe_card(card.node, access)
    room = card.width - 2 * _INSET
    badge = card.node.wide
    size = _FONT * _BOLD if card.node.role else _FONT
    parts = [
        element("title", description),
        element("rect", width=card.width, height=card.height, rx=6),
        element("text", truncate(card.node.label, (room - badge * _BADGE) / size), x=_INSET, y=20),
    ]
    if badge:
        parts.append(
            element("text", "wide", x=card.width - _INSET, y=20, class_="badge", text_anchor="end")
        )
    for line in card.lines:
        tip = f"0,{line.port - 4} 7,{line.port} 0,{line.port + 4}"
        parts.append(element("polygon", points=tip))
        parts.append(
            element(
                "text", *_render_line(line, room / _SMALL), x=_INSET, y=line.port + 4, class_="line"
            )
        )
    kinds = " ".join(["card", *(["role"] if card.node.role else []), *(["wide"] if badge else [])])
    return element(
        "a",
        *parts,
        id=card_id,
        href=f"#{anchor}",
        class_=kinds,
        aria_label=description,
        transform=f"translate({PAD} {card.y})",
        data_width=card.width,
        data_height=card.height,
        data_port=CARD_HEAD // 2,
    )


def _render_line(line: Line, room: float) -> tuple[str, ...]:
    """Truncate a line's conditions to the room beside the session; a tooltip has all of it."""
    session = f" · {line.session}"
    text = truncate(line.conditions, room - sum(map(_measure, session))) + session
    return (text,) if text == line.text else (element("title", line.text), text)


def _render_curve(curve: Curve, number: int, node_ids: Mapping[str, str]) -> Markup:
    bend = max(40, abs(curve.x2 - curve.x1) // 2)
    start, end = f"{curve.x1} {curve.y1}", f"{curve.x2} {curve.y2}"
    course = f"M{start}C{curve.x1 + bend} {curve.y1} {curve.x2 - bend} {curve.y2} {end}"
    return element(
        "path",
        d=course,
        class_="wide" if curve.edge.wide else None,
        data_way=f"way{number}",
        data_from=node_ids[curve.edge.principal],
        data_to=node_ids[curve.edge.role],
        data_port=curve.port,
    )


def _describe_card(node: Node, access: AccessMap) -> str:
    """Describe a card to a screen reader."""
    onward, inward = access.edges_from(node.key), access.edges_to(node.key)
    parts = [node.label]
    if node.wide:
        parts.append("wide trust")
    if inward:
        parts.append(
            f"assumed by {format_count(len({edge.principal for edge in inward}), 'principal')}"
        )
    if onward:
        parts.append(f"may assume {format_count(len({edge.role for edge in onward}), 'role')}")
    return ", ".join(parts)


def truncate(text: str, room: float) -> str:
    """Shorten text to a width in units of the font's size."""
    ends = list(accumulate(map(_measure, text)))
    if not ends or ends[-1] <= room:
        return text
    kept = sum(end <= room - _measure("…") for end in ends)
    return f"{text[:kept]}…"


def _measure(char: str) -> float:
    """Measure a character in units of the font's size, by wide fonts (DejaVu Sans, Verdana)."""
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    return next((width for chars, width in _WIDTHS if char in chars), _LETTER)
