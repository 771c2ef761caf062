"""The map as one HTML page: picture, list and filter, with nothing to be fetched from anywhere.

Its content security policy names its own style and script by their hashes and forbids the rest, so that a text of a
stack's could run nothing even if it weren't escaped.
"""

from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from .access_map import AccessMap, Edge, Node
from .markup import Markup, element, joined
from .picture import anchors, ids, picture
from .words import count, duration

MARK = "cross-account-access map"
TITLE = "Who may assume what"


def page(access: AccessMap) -> str:
    """The map as a page."""
    style, script = _part("page.css"), _part("page.js")
    return Template(_part("page.html")).substitute(
        mark=MARK,
        policy=escape(
            f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; "
            "form-action 'none'"
        ),
        title=TITLE,
        summary=escape(access.summary),
        style=style,
        script=script,
        picture=picture(access),
        ways=_ways(access),
        roles=_roles(access),
    )


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _table(own_id: str, caption: str, heads: tuple[str, ...], rows: list[Markup]) -> Markup:
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
        element("tbody", *rows),
        id=own_id,
    )


def _ways(access: AccessMap) -> Markup:
    named, leads_to = ids(access), anchors(access, ids(access))
    rows = []
    for number, edge in enumerate(access.edges, start=1):
        principal, role = access.nodes[edge.principal], access.nodes[edge.role]
        row = element(
            "tr",
            element("th", *_principal(principal), scope="row"),
            element("td", str(principal.home), class_="home"),
            element("td", element("a", role.label, href=f"#{leads_to[role.key]}")),
            element("td", str(role.home), class_="home"),
            element("td", _conditions(edge), class_="long"),
            element("td", edge.lasting),
            element("td", *_origins(edge)),
            id=f"way{number}",
            tabindex="-1",
            data_from=named[edge.principal],
            data_to=named[edge.role],
        )
        rows.append(row)
    caption = f"{count(len(access.edges), 'row')}: a principal and a role that it may assume"
    heads = ("Principal", "From", "May assume", "In", "Conditions", "Longest session", "Grant")
    return _table("ways", caption, heads, rows)


def _principal(node: Node) -> list[str]:
    parts: list[str] = [node.label]
    if node.wide:
        parts.append(element("span", f"wide: {node.meaning}", class_="note wide"))
    if node.role:
        parts.append(element("span", "a role that is itself assumed by others here", class_="note"))
    return parts


def _conditions(edge: Edge) -> str:
    if not edge.conditions:
        return edge.under
    return element("ul", *(element("li", text) for text in edge.conditions), class_="plain")


def _origins(edge: Edge) -> list[str]:
    parts: list[str] = [
        joined(", " if number else "", f"{origin.grant} of {origin.stack}")
        for number, origin in enumerate(edge.origins)
    ]
    if edge.half != "both":
        parts.append(
            element("span", f"only the {edge.half}'s half is in these stacks", class_="note")
        )
    return parts


def _roles(access: AccessMap) -> Markup:
    named = ids(access)
    rows = []
    for node in access.roles:
        if node.role is None:
            continue
        tags = [f"{key}: {value}" for key, value in node.role.tags]
        row = element(
            "tr",
            element("th", node.label, scope="row"),
            element("td", str(node.home), class_="home"),
            element("td", node.role.description, class_="long"),
            element("td", _several(node.role.permissions), class_="long"),
            element("td", _several(tags)),
            element("td", duration(node.role.max_session)),
            id=f"role-{named[node.key]}",
            tabindex="-1",
            data_node=named[node.key],
        )
        rows.append(row)
    caption = f"{count(len(rows), 'role')}, and what each may do"
    heads = ("Role", "In", "Description", "Permissions", "Tags", "Maximum session")
    return _table("roles", caption, heads, rows)


def _several(texts: tuple[str, ...] | list[str]) -> Markup:
    return (
        element("ul", *(element("li", text) for text in texts), class_="plain")
        if texts
        else Markup("")
    )
