"""Whatever a record has in any place, a map shows it as text: each form read by a parser."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.map.map_builder import build_access_map
from cross_account_access.cli.map.map_json import render_json
from cross_account_access.cli.map.mermaid import render_mermaid
from cross_account_access.cli.map.page import render_page
from cross_account_access.errors import escape_invisible
from cross_account_access.grants.documents import DestinationHalf, GrantDocuments, SourceHalf
from tests.cli.map.test_map_page import Element, Reader, drawn, rows
from tests.cli.map.test_map_text import grown, parsed
from tests.cli.map.test_map_text import read as read_label
from tests.hostile_outputs import HOSTILE_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cross_account_access.cli.map.access_map import AccessMap

VALUES = (
    *HOSTILE_VALUES,
    "_x_ *x* `x`",
    "fa:fa-car",
    "1. x",
    "# x",
    "end",
    "&#60;b&#62;",
    "#60;b#62;",
    "</td></table><b>",
    "<!-- x",
    "<![CDATA[x",
    "\r\n",
    "\t",
    "\xa0",
    "$policy ${mark} $$",
    "</article>",
    "javascript:x",
)
PLACES = (
    "stack",
    "grant",
    "source",
    "destination",
    "arn",
    "name",
    "path",
    "description",
    "boundary",
    "managed",
    "inline",
    "tag key",
    "tag value",
    "condition",
    "condition key",
    "user",
    "user arn",
    "session",
)


def build_role(texts: Mapping[str, str]) -> DestinationHalf:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["everybody"]},
        "Action": "sts:AssumeRole",
        "Condition": {"StringNotLike": {texts["condition key"]: texts["condition"]}},
    }
    return DestinationHalf.model_construct(
        arn=texts["arn"],
        name=texts["name"],
        path=texts["path"],
        trust_policy={"Statement": [statement]},
        description=texts["description"],
        max_session_duration=7200,
        permissions_boundary=texts["boundary"] or "some",
        managed_policies=[texts["managed"]],
        inline_policies={texts["inline"]: {}},
        tags={texts["tag key"]: texts["tag value"]},
    )


def build(given: dict[str, str]) -> AccessMap:
    """A map with a user, a role's session and an organization, of a record made unchecked."""
    texts = {place: f"some {place}" for place in PLACES} | given
    kinds: Any = {
        "user": (texts["user"], texts["user arn"]),
        "session": (f"ci/{texts['session']}", None),
        "organization": (texts["user"], None),
    }
    principals = [
        SourceHalf.model_construct(
            kind=kind,
            name=name,
            arn=arn,
            trusted_as="everybody",
            scoping_conditions={},
            attached_to=None,
            needs={},
        )
        for kind, (name, arn) in kinds.items()
    ]
    documents = GrantDocuments.model_construct(
        grant=texts["grant"],
        side="both",
        partition="aws",
        source_account_id=texts["source"],
        destination_account_id=texts["destination"],
        role=build_role(texts),
        principals=principals,
    )
    return build_access_map([(texts["stack"], documents)])


def list_maps() -> Iterator[AccessMap]:
    """Each value alone in each place, and beside others in all of them."""
    for place, value in product(PLACES, VALUES[:: len(VALUES) // 8]):
        yield build({place: value})
    for start in range(len(VALUES)):
        yield build(
            {place: VALUES[(start + step) % len(VALUES)] for step, place in enumerate(PLACES)}
        )


def count_elements(document: Element) -> Counter[tuple[str, ...]]:
    """How often there is each element with the names of its attributes."""
    return Counter((one.tag, *one.attributes) for one in document.all("*"))


def test_a_page_has_the_texts_and_no_element_of_theirs() -> None:
    harmless = count_elements(Reader(render_page(build({}))).root)
    for access in list_maps():
        document = Reader(render_page(access)).root
        assert count_elements(document) == harmless
        assert all(link["href"].startswith("#") for link in document.all("a"))
        nodes = access.nodes
        assert sorted(drawn(document)) == sorted(
            (
                nodes[edge.principal].label,
                str(nodes[edge.principal].home),
                str(nodes[edge.role].home),
                nodes[edge.role].label,
                edge.conditions_text,
                edge.session_text,
            )
            for edge in access.edges
        )
        ((name, home, description, permissions, tags, _),) = rows(document, "roles")
        ((node, details),) = access.roles
        assert (name, home, description) == (node.label, str(node.home), details.description)
        assert permissions == "".join(details.permissions)
        assert tags == "".join(f"{key}: {value}" for key, value in details.tags)


def test_the_map_has_the_record_s_texts_with_escapes_for_what_is_invisible() -> None:
    for place, value in product(("description", "condition", "user", "session", "grant"), VALUES):
        shown = escape_invisible(value)
        text = json.dumps(render_json(build({place: value})), ensure_ascii=False)
        assert json.dumps(shown, ensure_ascii=False)[1:-1] in text
        assert escape_invisible(text) == text


@pytest.mark.parametrize("place", PLACES)
def test_a_flowchart_has_the_texts_and_no_line_of_theirs(place: str) -> None:
    for value in VALUES:
        access = build({place: value})
        lines = parsed(render_mermaid(access))
        labels = [read_label(found["label"]) for _, found in lines if "label" in found]
        wide = {node.key for node in access.principals if node.wide}
        assert sorted(labels) == sorted(
            [
                *(str(home) for place in access.places for home in place),
                *(
                    f"{node.label} (wide)" if node.key in wide else node.label
                    for node in access.nodes.values()
                ),
                *(f"{edge.conditions_text} · up to {edge.session_text}" for edge in access.edges),
            ]
        )
        for _, found in lines:
            assert not re.search(r"_|:fa|#(?!\d+;)", found.get("label", ""))


def test_a_tree_moves_no_cursor() -> None:
    for access in list_maps():
        text = grown(access, width=10_000)
        assert escape_invisible(text.replace("\n", "")) == text.replace("\n", "")
        assert text.count("\n") <= len(access.edges) + len(access.nodes) + len(access.places) + 1
