"""Builds the map from grants: nodes that several grants name become one, and edges that agree."""

from collections.abc import Iterable, Mapping
from typing import Any

from cross_account_access.cli.trust_requirements import find_extra_conditions, find_statements
from cross_account_access.errors import escape_invisible
from cross_account_access.grants.documents import DestinationHalf, GrantDocuments, SourceHalf
from cross_account_access.grants.generated_policies import (
    ASSUMES_ITSELF,
    REVOKES_SESSIONS,
    find_issued_after,
)
from cross_account_access.grants.principal_kinds import TRAITS, PrincipalKind
from cross_account_access.iam import arns, limits
from cross_account_access.iam.condition_words import describe_conditions
from cross_account_access.text_format import join_words

from .access_map import AccessMap, Chained, Edge, Home, MadeHalves, Node, Origin, RoleDetails

NOT_TRUSTED = "not trusted by the role"

# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html
_DEFAULT_SESSION = 3600
_CHAINED: Mapping[str, Chained] = {"yes": "yes", "no": "no", "roles": "roles"}


def build_access_map(grants: Iterable[tuple[str, GrantDocuments]]) -> AccessMap:
    """Build the map of these grants, each with its stack's name."""
    builder = _Builder()
    ordered = sorted(grants, key=lambda item: (item[0], item[1].grant, item[1].account or ""))
    for _, documents in ordered:
        builder.learn_name(documents)
    for _, documents in ordered:
        builder.add_role(documents)
    for _, documents in ordered:
        builder.learn_arns(documents)
    for stack, documents in ordered:
        for half in documents.principals:
            side = _find_made_halves(documents, half)
            origin = Origin(escape_invisible(stack), escape_invisible(documents.grant), side)
            builder.add_edges(origin, documents, half)
    return builder.build()


class _Builder:
    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._edges: dict[tuple[Any, ...], Edge] = {}
        # By account and name, which is unique there.
        self._role_arns: dict[tuple[str, str], str] = {}
        self._account_names: dict[str, str] = {}

    def learn_name(self, documents: GrantDocuments) -> None:
        """Remember an account's name, which only its own roles have."""
        if documents.account:
            self._account_names.setdefault(documents.destination_account_id, documents.account)

    def _make_account(self, account_id: str) -> Home:
        name = self._account_names.get(account_id, "")
        return Home("account", escape_invisible(account_id), escape_invisible(name))

    def add_role(self, documents: GrantDocuments) -> None:
        role, account = documents.role, documents.destination_account_id
        self._role_arns[account, role.name] = role.arn
        details = RoleDetails(
            description=escape_invisible(role.description or ""),
            permissions=tuple(_list_permissions(role)),
            tags=tuple(
                (escape_invisible(key), escape_invisible(value))
                for key, value in sorted(role.tags.items())
            ),
            max_session=role.max_session_duration or _DEFAULT_SESSION,
            many_grant=escape_invisible(documents.grant) if documents.account else None,
        )
        name = f"{role.path}{role.name}".removeprefix("/")
        home = self._make_account(account)
        node = _make_node(role.arn, "role", name, home, role.arn, details)
        self._nodes.setdefault(node.key, node)

    def learn_arns(self, documents: GrantDocuments) -> None:
        """Remember the ARNs of the roles among the principals, by which sessions find theirs."""
        for half in documents.principals:
            if half.kind == "role" and half.arn and (arn := arns.parse_arn(half.arn)):
                self._role_arns.setdefault((arn.account, arn.name), half.arn)

    def add_edges(self, origin: Origin, documents: GrantDocuments, half: SourceHalf) -> None:
        node, scoping = self._make_principal(documents, half)
        self._nodes.setdefault(node.key, node)
        session = documents.role.max_session_duration or _DEFAULT_SESSION
        chained = _CHAINED[TRAITS[half.kind].chained]
        if chained == "yes":
            session = min(session, limits.CHAINED_SESSION_SECONDS)
        for described in _describe_statements(documents, half):
            conditions = (*scoping, *described)
            role = escape_invisible(documents.role.arn)
            key = (node.key, role, conditions, session)
            earlier = self._edges[key].origins if key in self._edges else ()
            origins = tuple(sorted({origin, *earlier}))
            self._edges[key] = Edge(
                node.key, role, conditions, session, chained, node.wide, origins
            )

    def _make_principal(
        self, documents: GrantDocuments, half: SourceHalf
    ) -> tuple[Node, tuple[str, ...]]:
        """Return the principal's node, and what the grant trusts of it alone."""
        account = self._make_account(documents.get_account(half))
        name = half.name
        if half.kind == "session":
            role, _, session = half.name.partition("/")
            arn = self._role_arns.get((documents.get_account(half), role))
            if arn and (parsed := arns.parse_arn(arn)):
                role = f"{parsed.path}{parsed.name}".removeprefix("/")
                scoping = (f"only session {escape_invisible(session)}",)
                return _make_node(arn, "role", role, account, arn), scoping
        if half.kind in ("organization", "organizational_unit"):
            home = Home("organization", escape_invisible(name.partition("/")[0]))
            return _make_node(f"{half.kind}:{name}", half.kind, name, home), ()
        key = half.arn if half.arn and half.kind != "group" else f"{half.kind}:{account.id}:{name}"
        return _make_node(key, half.kind, name, account, half.arn), ()

    def build(self) -> AccessMap:
        nodes = {node.key: node for node in sorted(self._nodes.values(), key=_rank)}
        order = {key: position for position, key in enumerate(nodes)}
        edges = sorted(
            self._edges.values(),
            key=lambda edge: (order[edge.principal], order[edge.role], edge.conditions),
        )
        return AccessMap(nodes, tuple(edges))


def _find_made_halves(documents: GrantDocuments, half: SourceHalf) -> MadeHalves:
    in_source = documents.makes_part_of(documents.get_account(half))
    if documents.makes_part_of(documents.destination_account_id):
        return "both" if in_source else "destination"
    return "source" if in_source else "neither"


def _make_node(
    key: str,
    kind: PrincipalKind,
    name: str,
    home: Home,
    arn: str | None = None,
    role: RoleDetails | None = None,
) -> Node:
    """Make a node in whose texts everything can be seen."""
    shown = escape_invisible(arn) if arn else None
    return Node(escape_invisible(key), kind, escape_invisible(name), home, shown, role)


def _rank(node: Node) -> tuple[Any, ...]:
    return node.home, node.kind, node.name.casefold(), node.key


def _list_permissions(role: DestinationHalf) -> list[str]:
    names = [_name_policy(arn) for arn in role.managed_policies]
    names += [
        f"{escape_invisible(name)} (inline)"
        for name in role.inline_policies
        if not (name == ASSUMES_ITSELF and role.self_assuming)
    ]
    if role.self_assuming:
        names.append("the role itself again")
    if ended := find_issued_after(role.inline_policies):
        names.remove(f"{REVOKES_SESSIONS} (inline)")
        names.append(f"nothing for sessions issued before {ended}")
    boundary = role.permissions_boundary
    return names + ([f"permissions boundary {_name_policy(boundary)}"] if boundary else [])


def _name_policy(arn: str) -> str:
    parsed = arns.parse_arn(arn)
    return escape_invisible(parsed.name if parsed else arn)


def _describe_statements(documents: GrantDocuments, half: SourceHalf) -> list[tuple[str, ...]]:
    """Describe the conditions of each statement that trusts a principal."""
    by_name = half.kind in ("user", "role") and half.arn != half.trusted_as
    excluded = [escape_invisible(name) for name in half.excluded_names]
    return [
        (
            *(one.short for one in describe_conditions(find_extra_conditions(statement, half))),
            *(["trusted by name"] if by_name else []),
            *([f"except {join_words(excluded, 'and')}"] if excluded else []),
        )
        for statement in find_statements(documents, half)
    ] or [(NOT_TRUSTED,)]
