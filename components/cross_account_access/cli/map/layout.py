"""Where each part of the picture stands: principals at the left, the roles they reach at the right.

A role that another trusts stands in a column between. Lengths are in pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .access_map import AccessMap, Edge, Home, Node

MARGIN = 8
HEAD = 34  # a frame's, with the account's ID
PAD = 12
GAP = 6  # between cards
FRAME_GAP = 20
CARD_HEAD = 30
LINE = 20
PRINCIPAL_WIDTH = 260
ROLE_WIDTH = 380
COLUMN_GAP = 90
_SWEEPS = 3


@dataclass(frozen=True)
class Line:
    """A line of a role's card: conditions and a session that some of its callers share.

    Attributes:
        port: Where its edges end, below the card's upper side.
    """

    conditions: str
    session: str
    port: int

    @property
    def text(self) -> str:
        """The whole line."""
        return f"{self.conditions} · {self.session}"


@dataclass(frozen=True)
class Card:
    """A principal or role; x and y are within its frame."""

    node: Node
    y: int
    width: int
    height: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Frame:
    """The cards of one account or organization in one column."""

    home: Home
    column: int
    x: int
    y: int
    width: int
    height: int
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Curve:
    """An edge from x1, y1 to x2, y2, where it meets the role's card at `port`."""

    edge: Edge
    port: int
    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True)
class Layout:
    """The picture's parts in reading order."""

    width: int
    height: int
    frames: tuple[Frame, ...]
    curves: tuple[Curve, ...]


def describe_edge(edge: Edge) -> tuple[str, str]:
    """Describe an edge on its role's card: its conditions, its session."""
    return edge.conditions_text, f"up to {edge.session_text}"


def lay_out(access: AccessMap) -> Layout:
    """Lay a map out."""
    columns = _arrange_columns(access)
    xs, x = [], MARGIN
    for column in columns:
        xs.append(x)
        x += _column_width(column) + 2 * PAD + COLUMN_GAP
    frames: list[Frame] = []
    for number, column in enumerate(columns):
        y = MARGIN
        for home, nodes in _group_by_home(column).items():
            cards = [(node, _list_lines(access, node)) for node in nodes]
            frame = _build_frame(home, number, xs[number], y, _column_width(column), cards)
            frames.append(frame)
            y += frame.height + FRAME_GAP
    height = max((frame.y + frame.height for frame in frames), default=0) + MARGIN
    return Layout(x - COLUMN_GAP + MARGIN, height, tuple(frames), _draw_curves(access, frames))


def _column_width(column: Sequence[Node]) -> int:
    return ROLE_WIDTH if any(node.role for node in column) else PRINCIPAL_WIDTH


def _group_by_home(column: Sequence[Node]) -> dict[Home, list[Node]]:
    groups: dict[Home, list[Node]] = {}
    for node in column:
        groups.setdefault(node.home, []).append(node)
    return groups


def _list_lines(access: AccessMap, node: Node) -> tuple[Line, ...]:
    texts = dict.fromkeys(describe_edge(edge) for edge in access.edges_to(node.key))
    return tuple(
        Line(*text, CARD_HEAD + LINE * number + LINE // 2 - 4) for number, text in enumerate(texts)
    )


def _build_frame(
    home: Home,
    column: int,
    x: int,
    y: int,
    width: int,
    cards: Sequence[tuple[Node, tuple[Line, ...]]],
) -> Frame:
    placed, at = [], HEAD
    for node, lines in cards:
        card = Card(node, at, width, CARD_HEAD + LINE * len(lines) + (4 if lines else 0), lines)
        placed.append(card)
        at += card.height + GAP
    return Frame(home, column, x, y, width + 2 * PAD, at - GAP + PAD, tuple(placed))


def _draw_curves(access: AccessMap, frames: Sequence[Frame]) -> tuple[Curve, ...]:
    cards = {card.node.key: (frame, card) for frame in frames for card in frame.cards}
    curves = []
    for edge in access.edges:
        (source_frame, source), (target_frame, target) = cards[edge.principal], cards[edge.role]
        port = next(
            line.port
            for line in target.lines
            if (line.conditions, line.session) == describe_edge(edge)
        )
        curves.append(
            Curve(
                edge,
                port,
                source_frame.x + PAD + source.width,
                source_frame.y + source.y + CARD_HEAD // 2,
                target_frame.x + PAD,
                target_frame.y + target.y + port,
            )
        )
    return tuple(curves)


# --- Columns, and the order in them ---------------------------------------------------------------


def _arrange_columns(access: AccessMap) -> list[list[Node]]:
    depths = _measure_depths(access)
    columns: list[list[Node]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for node in access.nodes.values():
        columns[depths[node.key]].append(node)
    return _untangle([column for column in columns if column], access)


def _measure_depths(access: AccessMap) -> dict[str, int]:
    """Measure the longest path to each node; a cycle of roles is entered at its first node."""
    waiting = {key: len(access.edges_to(key)) for key in access.nodes}
    onward = {key: access.edges_from(key) for key in access.nodes}
    depths = dict.fromkeys(access.nodes, 0)
    ready = [key for key, missing in waiting.items() if not missing]
    left = dict.fromkeys(access.nodes)
    while left:
        key = ready.pop() if ready else next(iter(left))
        del left[key]
        roles = [edge.role for edge in onward[key] if edge.role in left]
        for role in roles:
            depths[role] = max(depths[role], depths[key] + 1)
            waiting[role] -= 1
        ready += [role for role in dict.fromkeys(roles) if not waiting[role]]
    return depths


def _untangle(columns: list[list[Node]], access: AccessMap) -> list[list[Node]]:
    """Order each column so that joined nodes are near each other; accounts stay together.

    A few sweeps of the barycenter method of Sugiyama, Tagawa and Toda (1981).
    """
    before: dict[str, list[str]] = {
        key: [edge.principal for edge in access.edges_to(key)] for key in access.nodes
    }
    after: dict[str, list[str]] = {
        key: [edge.role for edge in access.edges_from(key)] for key in access.nodes
    }
    for sweep in range(_SWEEPS):
        joined = after if sweep % 2 else before
        order = range(len(columns) - 1, -1, -1) if sweep % 2 else range(len(columns))
        places = {node.key: place for column in columns for place, node in enumerate(column)}
        for number in order:
            columns[number] = _order_column(columns[number], joined, places)
            places |= {node.key: place for place, node in enumerate(columns[number])}
    return columns


def _order_column(
    column: list[Node], joined: Mapping[str, list[str]], places: Mapping[str, int]
) -> list[Node]:
    def middle(keys: Sequence[str], otherwise: float) -> float:
        return sum(places[key] for key in keys) / len(keys) if keys else otherwise

    centers = {node.key: middle(joined[node.key], places[node.key]) for node in column}
    home_centers = {
        home: sum(centers[node.key] for node in nodes) / len(nodes)
        for home, nodes in _group_by_home(column).items()
    }
    return sorted(
        column,
        key=lambda node: (home_centers[node.home], node.home, centers[node.key], places[node.key]),
    )
