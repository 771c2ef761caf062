"""The picture of a map: a card for each role, to which lines lead from those who may assume it.

It is a list in HTML, so that it uses a wide screen, wraps on a narrow one and cuts no text off.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from cross_account_access.text_format import format_count

from .access_map import AccessMap, Edge, Home, Node
from .markup import Markup, element

_MOST_OPEN = 24

_NumberedEdge: TypeAlias = tuple[int, Edge]


def number_nodes(access: AccessMap) -> dict[str, str]:
    """Give each node an ID, valid in HTML and Mermaid."""
    return {key: f"n{number}" for number, key in enumerate(access.nodes, start=1)}


def render_picture(access: AccessMap) -> Markup:
    """Render the picture, in which the edges have the numbers of the list's rows."""
    node_ids = number_nodes(access)
    lines = _group_edges(access)
    cards: dict[tuple[Home, ...], list[Markup]] = {}
    for role, _ in access.roles:
        card = _render_card(role, lines.get(role.key, [[]]), access, node_ids)
        cards.setdefault(role.homes, []).append(card)
    return element(
        "div",
        *(
            element(
                "section",
                element("h3", title := _name_homes(homes)),
                *list_homes(homes, "Which", is_open=len(homes) <= _MOST_OPEN),
                element("div", *inner, class_="cards"),
                class_="home",
                aria_label=title,
            )
            for homes, inner in cards.items()
        ),
        id="picture",
    )


def _name_homes(homes: Sequence[Home]) -> str:
    return str(homes[0]) if len(homes) == 1 else format_count(len(homes), "account")


def list_homes(homes: Sequence[Home], title: str, *, is_open: bool = False) -> list[Markup]:
    """List several accounts below a title that opens the list; nothing for one account."""
    if len(homes) == 1:
        return []
    names = ", ".join(f"{home.name} {home.id}" if home.name else home.id for home in homes)
    summary, text = element("summary", title), element("p", names)
    return [element("details", summary, text, class_="accounts", open=is_open)]


def _group_edges(access: AccessMap) -> dict[str, list[list[_NumberedEdge]]]:
    """Group each role's edges into lines: callers under the same conditions share one."""
    roles: dict[str, dict[tuple[str, str, bool], list[_NumberedEdge]]] = {}
    for number, edge in enumerate(access.edges, start=1):
        key = (edge.conditions_text, edge.session_text, edge.wide)
        roles.setdefault(edge.role, {}).setdefault(key, []).append((number, edge))
    return {role: list(lines.values()) for role, lines in roles.items()}


def _render_card(
    role: Node,
    lines: Sequence[Sequence[_NumberedEdge]],
    access: AccessMap,
    node_ids: Mapping[str, str],
) -> Markup:
    card_id = node_ids[role.key]
    # In each line, for the filter may hide any; the style shows it once.
    name = element("a", role.label, href=f"#role-{card_id}", class_="name")
    rows = [
        element(
            "div",
            element("div", *_render_callers(line, access, node_ids), class_="callers"),
            element("span", class_="arrow", aria_hidden="true"),
            element("div", name, *_describe_line(line), class_="role"),
            class_="line wide" if line and line[0][1].wide else "line",
        )
        for line in lines
    ]
    return element("article", *rows, id=card_id, class_="card", aria_label=role.label, tabindex=-1)


def _render_callers(
    line: Sequence[_NumberedEdge], access: AccessMap, node_ids: Mapping[str, str]
) -> list[Markup]:
    callers: dict[Home, list[Markup]] = {}
    for number, edge in line:
        node, own_id = access.nodes[edge.principal], node_ids[edge.principal]
        link = element(
            "a",
            node.label,
            # A role that others may assume has a card of its own.
            href=f"#{own_id}" if node.role else f"#way{number}",
            class_="caller",
            data_node=own_id,
            data_way=f"way{number}",
        )
        callers.setdefault(node.home, []).append(element("li", link))
    return [
        element(
            "div", element("span", str(home), class_="from"), element("ul", *links), class_="home"
        )
        for home, links in callers.items()
    ]


def _describe_line(line: Sequence[_NumberedEdge]) -> list[Markup]:
    """Describe under which conditions a line's callers may assume the role, and for how long."""
    return [
        element(
            "p",
            *([element("span", "wide", class_="badge"), " "] if edge.wide else []),
            f"{edge.conditions_text} · ",
            element("span", f"up to {edge.session_text}", class_="session"),
        )
        for _, edge in line[:1]
    ]
