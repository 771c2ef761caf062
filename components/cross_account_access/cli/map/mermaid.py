"""The map as a Mermaid flowchart, for documents: https://mermaid.js.org/syntax/flowchart.html."""

import re
from collections.abc import Mapping

from .access_map import AccessMap, Edge, Node, describe_homes
from .picture import number_nodes

MARK = "%% Made by cross-account-access map"
# Mermaid refuses more by default (maxEdges, maxTextSize).
MOST_EDGES = 500
MOST_TEXT = 50_000

# All but letters, digits and what has no meaning in a quoted label for Mermaid and HTML. Newer
# Mermaid reads _x_ as emphasis and :fa-x as an icon.
_NOT_PLAIN = re.compile(r"[^\w ./:,()@=+·…-]|_|:(?=fa)")


def render_mermaid(access: AccessMap) -> str:
    """Render the map as a flowchart from left to right, with a box for each account."""
    node_ids = number_nodes(access)
    lines = [MARK, "flowchart LR"]
    for number, homes in enumerate(access.places, start=1):
        lines.append(f"  subgraph h{number}[{_quote_label(describe_homes(homes))}]")
        lines += [
            _render_node(node, node_ids[node.key])
            for node in access.nodes.values()
            if node.homes == homes
        ]
        lines.append("  end")
    lines += [_render_edge(edge, node_ids) for edge in access.edges]
    lines += [
        "  classDef role stroke-width:2px",
        "  classDef wide stroke-dasharray:5 3,stroke-width:3px",
    ]
    wide = [node for node in access.principals if node.wide]
    for kind, nodes in (("role", [node for node, _ in access.roles]), ("wide", wide)):
        if nodes:
            lines.append(f"  class {','.join(node_ids[node.key] for node in nodes)} {kind}")
    return "\n".join([*lines, ""])


def exceeds_mermaid_limits(text: str, access: AccessMap) -> bool:
    """Whether Mermaid refuses to draw the flowchart by default."""
    return len(access.edges) > MOST_EDGES or len(text) > MOST_TEXT


def _render_node(node: Node, own_id: str) -> str:
    label = _quote_label(f"{node.label} (wide)" if node.wide else node.label)
    return f"    {own_id}[{label}]" if node.role else f"    {own_id}({label})"


def _render_edge(edge: Edge, node_ids: Mapping[str, str]) -> str:
    arrow = "==>" if edge.wide else "-->"
    label = _quote_label(f"{edge.conditions_text} · up to {edge.session_text}")
    return f"  {node_ids[edge.principal]} {arrow}|{label}| {node_ids[edge.role]}"


def _quote_label(text: str) -> str:
    """Quote text, with characters that have a meaning as entity codes.

    Source: https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
    """
    return '"' + _NOT_PLAIN.sub(lambda match: f"#{ord(match[0])};", text) + '"'
