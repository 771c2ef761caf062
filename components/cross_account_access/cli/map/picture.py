"""The picture of a map: SVG whose cards are links, to be focused by keyboard and told by a screen reader."""

import unicodedata
from collections.abc import Mapping
from itertools import accumulate

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
    layout,
)
from .markup import Markup, element
from .words import count

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


def ids(access: AccessMap) -> dict[str, str]:
    """An ID for each node, valid wherever IDs are."""
    return {key: f"n{number}" for number, key in enumerate(access.nodes, start=1)}


def anchors(access: AccessMap, named: Mapping[str, str]) -> dict[str, str]:
    """What each card leads to: a role's row, or a principal's first."""
    found: dict[str, str] = {}
    for number, edge in enumerate(access.edges, start=1):
        found.setdefault(edge.principal, f"way{number}")
    return found | {node.key: f"role-{named[node.key]}" for node in access.roles}


def picture(access: AccessMap) -> Markup:
    """The picture as an `svg` element."""
    drawn, named = layout(access), ids(access)
    leads_to = anchors(access, named)
    return element(
        "svg",
        element("title", "Who may assume what", id="picture-title"),
        element("desc", _told(access, drawn), id="picture-desc"),
        element(
            "g",
            *(_curve(curve, n, named) for n, curve in enumerate(drawn.curves, start=1)),
            aria_hidden="true",
        ),
        *(_frame(frame, access, named, leads_to) for frame in drawn.frames),
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


def _told(access: AccessMap, drawn: Layout) -> str:
    columns = len({frame.column for frame in drawn.frames})
    between = " Roles that lead on to others stand between." if columns > 2 else ""  # noqa: PLR2004 - left and right
    return (
        f"Principals at the left, by account, are joined by lines with the roles at the right that they may assume."
        f"{between} {access.summary} The table below says the same."
    )


def _frame(
    frame: Frame, access: AccessMap, named: Mapping[str, str], leads_to: Mapping[str, str]
) -> Markup:
    return element(
        "g",
        element("rect", width=frame.width, height=frame.height, rx=10, class_="frame"),
        element("text", str(frame.home), x=_INSET, y=22, class_="home", aria_hidden="true"),
        *(
            _card(card, access, named[card.node.key], leads_to[card.node.key])
            for card in frame.cards
        ),
        class_="home",
        role="group",
        aria_label=str(frame.home),
        transform=f"translate({frame.x} {frame.y})",
        data_column=frame.column,
        data_x=frame.x,
    )


def _card(card: Card, access: AccessMap, own_id: str, leads_to: str) -> Markup:
    told = _described(card.node, access)
    room = card.width - 2 * _INSET
    badge = card.node.wide
    size = _FONT * _BOLD if card.node.role else _FONT
    parts = [
        element("title", told),
        element("rect", width=card.width, height=card.height, rx=6),
        element("text", cut(card.node.label, (room - badge * _BADGE) / size), x=_INSET, y=20),
    ]
    if badge:
        parts.append(
            element("text", "wide", x=card.width - _INSET, y=20, class_="badge", text_anchor="end")
        )
    for line in card.lines:
        tip = f"0,{line.port - 4} 7,{line.port} 0,{line.port + 4}"
        parts.append(element("polygon", points=tip))
        parts.append(
            element("text", *_line(line, room / _SMALL), x=_INSET, y=line.port + 4, class_="line")
        )
    kinds = " ".join(["card", *(["role"] if card.node.role else []), *(["wide"] if badge else [])])
    return element(
        "a",
        *parts,
        id=own_id,
        href=f"#{leads_to}",
        class_=kinds,
        aria_label=told,
        transform=f"translate({PAD} {card.y})",
        data_width=card.width,
        data_height=card.height,
        data_port=CARD_HEAD // 2,
    )


def _line(line: Line, room: float) -> tuple[str, ...]:
    """A line's text, its conditions cut to what room the session leaves; they are told in full where one points."""
    session = f" · {line.session}"
    text = cut(line.conditions, room - sum(map(_width, session))) + session
    return (text,) if text == line.text else (element("title", line.text), text)


def _curve(curve: Curve, number: int, named: Mapping[str, str]) -> Markup:
    bend = max(40, abs(curve.x2 - curve.x1) // 2)
    course = f"M{curve.x1} {curve.y1}C{curve.x1 + bend} {curve.y1} {curve.x2 - bend} {curve.y2} {curve.x2} {curve.y2}"
    return element(
        "path",
        d=course,
        class_="wide" if curve.edge.wide else None,
        data_way=f"way{number}",
        data_from=named[curve.edge.principal],
        data_to=named[curve.edge.role],
        data_port=curve.port,
    )


def _described(node: Node, access: AccessMap) -> str:
    """What a screen reader says of a card."""
    onward, inward = access.from_(node.key), access.to(node.key)
    parts = [node.label]
    if node.wide:
        parts.append("wide trust")
    if inward:
        parts.append(f"assumed by {count(len({edge.principal for edge in inward}), 'principal')}")
    if onward:
        parts.append(f"may assume {count(len({edge.role for edge in onward}), 'role')}")
    return ", ".join(parts)


def cut(text: str, room: float) -> str:
    """Text that is as wide as `room`, in its font's size, at most."""
    ends = list(accumulate(map(_width, text)))
    if not ends or ends[-1] <= room:
        return text
    kept = sum(end <= room - _width("…") for end in ends)
    return f"{text[:kept]}…"


def _width(char: str) -> float:
    """How wide a character is in the widest of the usual fonts (DejaVu Sans, Verdana), in its size."""
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    return next((width for chars, width in _WIDTHS if char in chars), _LETTER)
