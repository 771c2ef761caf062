"""The map as a tree for the terminal: account, principal, roles, and the roles that are reached from those."""

from rich.text import Text
from rich.tree import Tree

from .access_map import AccessMap, Edge, Home, Node

TITLE = "Who may assume what"


def tree(access: AccessMap) -> Tree:
    """The map as a tree.

    What is reached from a role stands below it where it comes first, and is referred to wherever it comes again.
    """
    return _Growing(access).grown()


class _Growing:
    def __init__(self, access: AccessMap) -> None:
        self.access = access
        self.shown: set[str] = set()
        self.several_stacks = len(access.stacks) > 1

    def grown(self) -> Tree:
        root = Tree(Text(f"{TITLE}: {self.access.summary}"))
        branches: dict[Home, Tree] = {}
        # Roles of a circle that nobody else enters come last.
        for node in sorted(self.access.principals, key=lambda node: bool(node.role)):
            if node.key in self.shown:
                continue
            if node.home not in branches:
                branches[node.home] = root.add(Text(str(node.home), style="bold"))
            self._add_onward(branches[node.home].add(_principal(node)), node)
        return root

    def _add_onward(self, branch: Tree, node: Node) -> None:
        """Add what a principal may assume, and what is reached from there."""
        self.shown.add(node.key)
        # Not by recursion: nothing says how long a chain is.
        open_branches = [(branch, edge) for edge in reversed(self.access.from_(node.key))]
        while open_branches:
            parent, edge = open_branches.pop()
            onward = self.access.from_(edge.role)
            again = bool(onward) and edge.role in self.shown
            added = parent.add(self._edge(edge, again=again))
            if onward and not again:
                self.shown.add(edge.role)
                open_branches += [(added, further) for further in reversed(onward)]

    def _edge(self, edge: Edge, *, again: bool) -> Text:
        role = self.access.nodes[edge.role]
        text = Text.assemble((role.told, "cyan"), f": {edge.under}; up to {edge.lasting}")
        if edge.half != "both":
            text.append(f"; only the {edge.half}'s half is here", "yellow")
        origins = [f"{o.stack} {o.grant}" if self.several_stacks else o.grant for o in edge.origins]
        text.append(f" ({', '.join(origins)})", "dim")
        if again:
            text.append("; from there as above", "dim")
        return text


def _principal(node: Node) -> Text:
    text = Text(node.label)
    if node.wide:
        text.append(f" (wide: {node.meaning})", "yellow")
    return text
