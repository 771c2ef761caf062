"""The map as a tree for the terminal: accounts, principals, roles, and what those assume."""

from rich.text import Text
from rich.tree import Tree

from .access_map import AccessMap, Edge, Home, Node, Origin

TITLE = "Who may assume what"


def build_tree(access: AccessMap) -> Tree:
    """Build the tree.

    What a role may assume stands below its first mention; later mentions refer to it.
    """
    return _TreeBuilder(access).build()


class _TreeBuilder:
    def __init__(self, access: AccessMap) -> None:
        self._access = access
        self._expanded: set[str] = set()
        self._several_stacks = len(access.stacks) > 1

    def build(self) -> Tree:
        root = Tree(Text(f"{TITLE}: {self._access.summary}"))
        branches: dict[Home, Tree] = {}
        # Roles of a circle that nobody else enters come last.
        for node in sorted(self._access.principals, key=lambda node: bool(node.role)):
            if node.key in self._expanded:
                continue
            if node.home not in branches:
                branches[node.home] = root.add(Text(str(node.home), style="bold"))
            self._expand(branches[node.home].add(_describe_principal(node)), node)
        return root

    def _expand(self, branch: Tree, node: Node) -> None:
        """Add what a principal may assume, and what is reached from there."""
        self._expanded.add(node.key)
        # No recursion: a chain may be longer than Python's stack.
        pending = [(branch, edge) for edge in reversed(self._access.edges_from(node.key))]
        while pending:
            parent, edge = pending.pop()
            onward = self._access.edges_from(edge.role)
            repeated = bool(onward) and edge.role in self._expanded
            added = parent.add(self._describe_edge(edge, repeated=repeated))
            if onward and not repeated:
                self._expanded.add(edge.role)
                pending += [(added, further) for further in reversed(onward)]

    def _describe_edge(self, edge: Edge, *, repeated: bool) -> Text:
        role = self._access.nodes[edge.role].full_label
        text = Text.assemble((role, "cyan"), f": {edge.conditions_text}; up to {edge.session_text}")
        if missing := edge.missing_half:
            text.append(f"; {missing}", "yellow")
        grants = self._access.name_grants(edge, self._name_origin)
        text.append(f" ({', '.join(grants)})", "dim")
        if repeated:
            text.append("; continued above", "dim")
        return text

    def _name_origin(self, origin: Origin) -> str:
        return f"{origin.stack} {origin.grant}" if self._several_stacks else origin.grant


def _describe_principal(node: Node) -> Text:
    text = Text(node.label)
    if node.wide:
        text.append(f" (wide: {node.meaning})", "yellow")
    return text
