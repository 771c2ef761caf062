"""The map as a Mermaid flowchart, for documents: https://mermaid.js.org/syntax/flowchart.html."""

import re
from collections.abc import Mapping

from .access_map import AccessMap, Edge, Node
from .layout import line_of
from .picture import ids

MARK = "%% Made by cross-account-access map"
# What Mermaid draws unless its config says otherwise.
MOST_EDGES = 500
MOST_TEXT = 50_000

# Letters and digits of all scripts, and what means nothing in a quoted label, neither to Mermaid nor to HTML.
_NOT_PLAIN = re.compile(r"[^\w ./:,()@=+·…-]")


def mermaid(access: AccessMap) -> str:
    """The map as a flowchart from left to right, an account a box."""
    named = ids(access)
    lines = [MARK, "flowchart LR"]
    for number, home in enumerate(access.homes, start=1):
        lines.append(f"  subgraph h{number}[{_label(str(home))}]")
        lines += [
            _node(node, named[node.key]) for node in access.nodes.values() if node.home == home
        ]
        lines.append("  end")
    lines += [_edge(edge, named) for edge in access.edges]
    lines += [
        "  classDef role stroke-width:2px",
        "  classDef wide stroke-dasharray:5 3,stroke-width:3px",
    ]
    for kind, nodes in (("role", access.roles), ("wide", [n for n in access.principals if n.wide])):
        if nodes:
            lines.append(f"  class {','.join(named[node.key] for node in nodes)} {kind}")
    return "\n".join([*lines, ""])


def too_large(text: str, access: AccessMap) -> bool:
    """Whether Mermaid refuses to draw the flowchart as it is set by default."""
    return len(access.edges) > MOST_EDGES or len(text) > MOST_TEXT


def _node(node: Node, own_id: str) -> str:
    label = _label(f"{node.label} (wide)" if node.wide else node.label)
    return f"    {own_id}[{label}]" if node.role else f"    {own_id}({label})"


def _edge(edge: Edge, named: Mapping[str, str]) -> str:
    arrow = "==>" if edge.wide else "-->"
    return (
        f"  {named[edge.principal]} {arrow}|{_label(' · '.join(line_of(edge)))}| {named[edge.role]}"
    )


def _label(text: str) -> str:
    """Text in quotes, and characters with a meaning as their codes.

    Source: https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
    """
    return '"' + _NOT_PLAIN.sub(lambda found: f"#{ord(found[0])};", text) + '"'
