"""The map as a tree and as a Mermaid flowchart."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from cross_account_access.cli.map.access_map import AccessMap
from cross_account_access.cli.map.map_builder import build_access_map
from cross_account_access.cli.map.mermaid import (
    MARK,
    MOST_EDGES,
    exceeds_mermaid_limits,
    render_mermaid,
)
from cross_account_access.cli.map.tree import build_tree
from tests.cli.map import maps

WORLDS = {
    "chain": maps.chain(),
    "circle": maps.circle(),
    "hostile": maps.hostile(),
    **{
        f"{file.parent.name} {file.stem}": build_access_map(
            ("dev", documents) for documents in maps.of_file(file)
        )
        for file in maps.EXAMPLES
    },
}
CHAIN = """\
Who may assume what: 6 principals may assume 4 roles in 2 accounts, by the grants of people and
spokes.
├── account 111111111111
│   ├── group operators (wide: every identity of the account that its own account allows; of these,
│   │   the group's policy allows its members)
│   │   └── role team/hub in account 222222222222: no conditions; up to 1 h (people hub)
│   │       └── role spoke in account 333333333333: no conditions; up to 1 h (role chaining) (spokes
│   │           spoke)
│   ├── role build
│   │   └── role ci in account 222222222222: no conditions; up to 1 h (role chaining) (people ci)
│   │       └── role deploy in account 333333333333: only session release; up to 1 h (role chaining)
│   │           (spokes deploy)
│   └── user alice
│       └── role team/hub in account 222222222222: no conditions; up to 1 h (people hub); continued
│           above
└── account 222222222222
    └── user local
        └── role deploy in account 333333333333: no conditions; up to 4 h (spokes deploy)
"""
CIRCLE = """\
Who may assume what: 2 principals may assume 2 roles in 2 accounts, by the grants of one and two.
└── account 111111111111
    └── role back
        └── role there in account 222222222222: no conditions; up to 1 h (role chaining) (one there)
            └── role back in account 111111111111: no conditions; up to 1 h (role chaining) (two
                back); continued above
"""
each_world = pytest.mark.parametrize("access", WORLDS.values(), ids=WORLDS)


def grown(access: AccessMap, *, width: int = 400, colours: bool = False) -> str:
    text = StringIO()
    Console(file=text, width=width, force_terminal=colours, markup=False, highlight=False).print(
        build_tree(access)
    )
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def test_the_tree_goes_from_account_to_principal_to_role_and_on_from_there() -> None:
    assert grown(maps.chain(), width=100) == CHAIN


def test_roles_that_trust_each_other_end_the_tree_all_the_same() -> None:
    assert grown(maps.circle(), width=100) == CIRCLE


def test_a_chain_may_be_as_long_as_it_likes() -> None:
    grants = []
    for number in range(1200):
        (made,) = maps.of_config(
            {f"r{number + 1}": {"principals": [{"role": f"r{number}"}]}},
            source=f"{number + 1:012}",
            destination=f"{number + 2:012}",
        )
        grants.append(("long", made))
    access = build_access_map(grants)
    assert len(render_mermaid(access).splitlines()) > 1200
    branches, node = 0, build_tree(access)
    while node.children:
        branches, node = branches + 1, node.children[-1]
    assert branches == 1202


def test_a_half_that_no_stack_makes_is_told() -> None:
    (documents,) = maps.of_config({"deploy": {"principals": [{"user": "alice"}]}})
    access = build_access_map([("people", documents.model_copy(update={"side": "source"}))])
    assert "only the source half is in these stacks (deploy)" in grown(access)


@each_world
def test_neither_shows_an_external_id_or_moves_the_cursor(access: AccessMap) -> None:
    for text in (grown(access), render_mermaid(access)):
        assert maps.SECRET not in text
        assert "new-4711" not in text
        assert "old-0815" not in text
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_colours_are_the_trees_own_alone() -> None:
    coloured = grown(maps.hostile(), colours=True)
    assert "\x1b[" in coloured
    assert "\x1b[31m" not in coloured


# --- Mermaid --------------------------------------------------------------------------------------

LABEL = r'"(?P<{}>[^"]*)"'
LINES = {
    "mark": re.compile(re.escape(MARK)),
    "kind": re.compile(r"flowchart LR"),
    "opened": re.compile(rf"  subgraph (?P<id>h\d+)\[{LABEL.format('label')}\]"),
    "closed": re.compile(r"  end"),
    "role": re.compile(rf"    (?P<id>n\d+)\[{LABEL.format('label')}\]"),
    "principal": re.compile(rf"    (?P<id>n\d+)\({LABEL.format('label')}\)"),
    "edge": re.compile(
        rf"  (?P<from>n\d+) (?P<arrow>-->|==>)\|{LABEL.format('label')}\| (?P<to>n\d+)"
    ),
    "style": re.compile(r"  classDef (role|wide) [a-z0-9:, -]+"),
    "styled": re.compile(r"  class n\d+(,n\d+)* (role|wide)"),
}


def parsed(text: str) -> list[tuple[str, dict[str, str]]]:
    """Each line by what it is; none may be anything else."""
    found = []
    for line in text.splitlines():
        kinds = [
            (kind, match.groupdict())
            for kind, form in LINES.items()
            if (match := form.fullmatch(line))
        ]
        assert len(kinds) == 1, line
        found += kinds
    return found


def read(label: str) -> str:
    """A label as Mermaid shows it."""
    assert not re.search(r"[<>&`|\[\]{}\\'$%]", label)
    return re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label)


@each_world
def test_mermaid_has_every_node_and_edge(access: AccessMap) -> None:
    lines = parsed(render_mermaid(access))
    kinds = [kind for kind, _ in lines]
    assert kinds[:2] == ["mark", "kind"]
    assert kinds.count("opened") == kinds.count("closed") == len(access.places)
    nodes = {
        found["id"]: read(found["label"]) for kind, found in lines if kind in ("role", "principal")
    }
    assert sorted(nodes.values()) == sorted(
        f"{node.label} (wide)" if node.wide else node.label for node in access.nodes.values()
    )
    edges = [found for kind, found in lines if kind == "edge"]
    assert [
        (nodes[e["from"]].removesuffix(" (wide)"), nodes[e["to"]], e["arrow"] == "==>")
        for e in edges
    ] == [
        (access.nodes[edge.principal].label, access.nodes[edge.role].label, edge.wide)
        for edge in access.edges
    ]
    assert [read(e["label"]) for e in edges] == [
        f"{edge.conditions_text} · up to {edge.session_text}" for edge in access.edges
    ]


def test_a_flowchart_that_is_too_large_for_mermaid_is_known() -> None:
    small, many = maps.chain(), maps.large()
    assert not exceeds_mermaid_limits(render_mermaid(small), small)
    assert exceeds_mermaid_limits("", AccessMap(many.nodes, many.edges * 2))
    assert len(many.edges) <= MOST_EDGES < len(many.edges) * 2
    assert exceeds_mermaid_limits("x" * 50_001, small)
