"""Brings roles that are alike in many accounts together, so that a map of hundreds is readable."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .access_map import AccessMap, Edge, Node


def group_roles(access: AccessMap) -> AccessMap:
    """Show roles once that one grant makes in several accounts, for the same principals.

    A role that may itself assume another stays apart, for the others need not.
    """
    groups: defaultdict[Any, list[Node]] = defaultdict(list)
    edges = _sort_by_role(access.edges)
    callers = {edge.principal for edge in access.edges}
    for node, details in access.roles:
        alike: object = node.key
        if details.many_grant is not None and node.key not in callers:
            alike = node.name, details, frozenset(map(_describe, edges[node.key]))
        groups[alike].append(node)
    firsts: dict[str, str] = {}
    nodes = dict(access.nodes)
    for first, *others in (sorted(alike, key=_rank) for alike in groups.values()):
        homes = tuple(node.home for node in others)
        nodes[first.key] = replace(first, other_homes=homes)
        firsts |= {node.key: first.key for node in others}
    kept = {key: node for key, node in nodes.items() if key not in firsts}
    return AccessMap(kept, tuple(_merge_edges(access.edges, firsts)))


def _rank(node: Node) -> tuple[str, str]:
    return node.home.short.casefold(), node.home.id


def _sort_by_role(edges: Iterable[Edge]) -> defaultdict[str, list[Edge]]:
    by_role: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        by_role[edge.role].append(edge)
    return by_role


def _describe(edge: Edge) -> tuple[Any, ...]:
    """What two edges to different roles have in common where these are alike."""
    return edge.principal, edge.conditions, edge.session, edge.chained, edge.half


def _merge_edges(edges: Iterable[Edge], firsts: dict[str, str]) -> Iterable[Edge]:
    merged: dict[Any, Edge] = {}
    for edge in edges:
        role = firsts.get(edge.role, edge.role)
        key = role, _describe(edge)
        earlier = merged[key].origins if key in merged else ()
        merged[key] = replace(edge, role=role, origins=tuple(sorted({*edge.origins, *earlier})))
    return merged.values()
