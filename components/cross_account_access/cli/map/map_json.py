"""The map as a JSON object, for `--json`."""

from typing import Any

from .access_map import AccessMap, Edge, Node, RoleDetails


def render_json(access: AccessMap) -> dict[str, Any]:
    """Render the map; durations are in seconds."""
    return {
        "principals": [
            {
                "id": node.key,
                "kind": node.kind,
                "name": node.name,
                node.home.kind: node.home.id,
                **_name_account(node),
            }
            for node in access.principals
        ],
        "roles": [_render_role(node, details) for node, details in access.roles],
        "access": [_render_edge(edge) for edge in access.edges],
    }


def _render_role(node: Node, details: RoleDetails) -> dict[str, Any]:
    return {
        "id": node.key,
        "name": node.name,
        "account": node.home.id,
        **_name_account(node),
        "description": details.description,
        "permissions": list(details.permissions),
        "tags": dict(details.tags),
        "maxSessionDuration": details.max_session,
    }


def _name_account(node: Node) -> dict[str, str]:
    return {"accountName": node.home.name} if node.home.name else {}


def _render_edge(edge: Edge) -> dict[str, Any]:
    return {
        "principal": edge.principal,
        "role": edge.role,
        "conditions": list(edge.conditions),
        "longestSession": edge.session,
        "roleChaining": edge.chained,
        "wide": edge.wide,
        "half": edge.half,
        "grants": [{"stack": origin.stack, "grant": origin.grant} for origin in edge.origins],
    }
