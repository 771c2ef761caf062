"""The map as one HTML page with a picture, a list and a filter, which loads nothing.

Its content security policy allows its own style and script by their hashes and nothing else, so
that a stack's text could run nothing even if it weren't escaped.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from cross_account_access.text_format import format_count, format_duration

from .access_map import AccessMap, Edge, Node
from .markup import Markup, element, join_markup
from .picture import list_homes, number_nodes, render_picture

MARK = "cross-account-access map"
TITLE = "Who may assume what"


def render_page(access: AccessMap) -> str:
    """Render the map as a page."""
    style, script = _read_part("page.css"), _read_part("page.js")
    hashes = f"style-src {_hash(style)}; script-src {_hash(script)}"
    return Template(_read_part("page.html")).substitute(
        mark=MARK,
        policy=escape(f"default-src 'none'; {hashes}; base-uri 'none'; form-action 'none'"),
        title=TITLE,
        summary=escape(access.summary),
        style=style,
        script=script,
        picture=render_picture(access),
        ways=_list_access(access),
        roles=_list_roles(access),
    )


def _read_part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _build_table(table_id: str, caption: str, heads: tuple[str, ...], rows: list[Markup]) -> Markup:
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
        element("tbody", *rows),
        id=table_id,
    )


def _list_access(access: AccessMap) -> Markup:
    node_ids = number_nodes(access)
    rows = []
    for number, edge in enumerate(access.edges, start=1):
        principal, role = access.nodes[edge.principal], access.nodes[edge.role]
        row = element(
            "tr",
            element("th", *_describe_principal(principal), scope="row"),
            element("td", str(principal.home), class_="home"),
            element("td", element("a", role.label, href=f"#role-{node_ids[role.key]}")),
            element("td", *_describe_homes(role), class_="home"),
            element("td", _list_conditions(edge), class_="long"),
            element("td", edge.session_text),
            element("td", *_list_origins(edge, access)),
            id=f"way{number}",
            tabindex="-1",
            data_from=node_ids[edge.principal],
            data_to=node_ids[edge.role],
        )
        rows.append(row)
    caption = f"{format_count(len(access.edges), 'row')}: a principal and a role that it may assume"
    heads = ("Principal", "From", "May assume", "In", "Conditions", "Longest session", "Grant")
    return _build_table("ways", caption, heads, rows)


def _describe_principal(node: Node) -> list[str]:
    parts: list[str] = [node.label]
    if node.wide:
        parts.append(element("span", f"wide: {node.meaning}", class_="note wide"))
    if node.role:
        parts.append(element("span", "a role that others here may assume", class_="note"))
    return parts


def _list_conditions(edge: Edge) -> str:
    if not edge.conditions:
        return edge.conditions_text
    return _build_list(edge.conditions)


def _describe_homes(role: Node) -> list[str]:
    several = format_count(len(role.homes), "account")
    return [*list_homes(role.homes, several)] or [str(role.home)]


def _list_origins(edge: Edge, access: AccessMap) -> list[str]:
    grants = access.name_grants(edge, lambda origin: f"{origin.grant} of {origin.stack}")
    parts: list[str] = [
        join_markup(", " if number else "", grant) for number, grant in enumerate(grants)
    ]
    if missing := edge.missing_half:
        parts.append(element("span", missing, class_="note"))
    return parts


def _list_roles(access: AccessMap) -> Markup:
    node_ids = number_nodes(access)
    rows = []
    for node, details in access.roles:
        tags = [f"{key}: {value}" for key, value in details.tags]
        row = element(
            "tr",
            element("th", node.label, scope="row"),
            element("td", *_describe_homes(node), class_="home"),
            element("td", details.description, class_="long"),
            element("td", _build_list(details.permissions), class_="long"),
            element("td", _build_list(tags)),
            element("td", format_duration(details.max_session)),
            id=f"role-{node_ids[node.key]}",
            tabindex="-1",
            data_node=node_ids[node.key],
        )
        rows.append(row)
    caption = f"{format_count(len(rows), 'role')}, and what each may do"
    heads = ("Role", "In", "Description", "Permissions", "Tags", "Maximum session")
    return _build_table("roles", caption, heads, rows)


def _build_list(texts: Sequence[str]) -> Markup:
    if not texts:
        return Markup("")
    return element("ul", *(element("li", text) for text in texts), class_="plain")
