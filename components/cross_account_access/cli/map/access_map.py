"""The map: who may assume which role under which conditions, by all grants of some stacks.

Made from both halves of each grant, as plain data; it holds no external ID.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cross_account_access.grants.documents import DestinationHalf, GrantDocuments, SourceHalf
from cross_account_access.grants.grant import Side
from cross_account_access.grants.principals import TRAITS, PrincipalKind
from cross_account_access.iam import arns, limits

from . import words
from .statements import trusted_under

_DEFAULT_SESSION = (
    3600  # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html
)
_WIDE: frozenset[PrincipalKind] = frozenset(
    {"group", "account", "organization", "organizational_unit"}
)

Chained = Literal["yes", "no", "roles"]


@dataclass(frozen=True, order=True)
class Home:
    """Where a principal or role is: an account, or an organization.

    Attributes:
        kind: Which.
        id: The account's 12 digits, or o-….
    """

    kind: Literal["account", "organization"]
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True)
class Role:
    """What is known of a destination's role.

    Attributes:
        permissions: Its policies' names, its permissions boundary last.
    """

    description: str
    permissions: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    max_session: int


@dataclass(frozen=True)
class Node:
    """A principal, a role, or both: a role that a grant opens and another trusts is one node.

    Attributes:
        key: What it is known by: its ARN where it has one.
        name: With its path; an account's or organization's ID.
        role: What a grant of the map says of it; None for one that is a principal alone.
    """

    key: str
    kind: PrincipalKind
    name: str
    home: Home
    arn: str | None = None
    role: Role | None = None

    @property
    def label(self) -> str:
        """What it is called where its home is told beside it."""
        if self.kind in ("account", "organization"):
            return f"the whole {self.kind}"
        name = (
            self.name.rstrip("/").rpartition("/")[2]
            if self.kind == "organizational_unit"
            else self.name
        )
        return f"{words.KINDS[self.kind]} {name}"

    @property
    def wide(self) -> bool:
        """Whether trusting it lets in more than it names."""
        return self.kind in _WIDE

    @property
    def meaning(self) -> str:
        """Who gets in where it is trusted."""
        return TRAITS[self.kind].meaning

    @property
    def told(self) -> str:
        """What it is called where nothing is told beside it."""
        if self.kind in ("account", "organization"):
            return f"the whole {self.home}"
        return f"{self.label} in {self.home}"


@dataclass(frozen=True, order=True)
class Origin:
    """The grant that an edge comes from.

    Attributes:
        side: Which half the stack makes.
    """

    stack: str
    grant: str
    side: Side = "both"


@dataclass(frozen=True)
class Edge:
    """That a principal may assume a role, by one statement of its trust policy.

    Attributes:
        conditions: In words; empty where there are none.
        session: How long a session lasts at most, in seconds.
        chained: Whether the session is of role chaining, and so lasts an hour at most; `roles` for that of roles among
            the callers.
        wide: Whether more is trusted than the principal's name tells.
        origins: The grants.
    """

    principal: str
    role: str
    conditions: tuple[str, ...]
    session: int
    chained: Chained
    wide: bool
    origins: tuple[Origin, ...]

    @property
    def under(self) -> str:
        """The conditions as one text."""
        return "; ".join(self.conditions) or "no further condition"

    @property
    def lasting(self) -> str:
        """The longest session as text."""
        if self.chained == "yes":
            return f"{words.duration(self.session)} (role chaining)"
        text = words.duration(self.session)
        if self.chained == "roles" and self.session > limits.CHAINED_SESSION_SECONDS:
            return f"{text}; of a role's session {words.duration(limits.CHAINED_SESSION_SECONDS)}"
        return text

    @property
    def half(self) -> Side:
        """Which halves the stacks of the map make."""
        sides = {origin.side for origin in self.origins}
        return "both" if len(sides) > 1 else next(iter(sides))


@dataclass(frozen=True)
class AccessMap:
    """Nodes by their key, and the edges between them, both in the order in which they are shown."""

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]

    @property
    def principals(self) -> list[Node]:
        """Whoever may assume a role."""
        found = {edge.principal for edge in self.edges}
        return [node for node in self.nodes.values() if node.key in found]

    @property
    def roles(self) -> list[Node]:
        """The roles that may be assumed."""
        return [node for node in self.nodes.values() if node.role]

    @property
    def homes(self) -> list[Home]:
        """The accounts and organizations."""
        return sorted({node.home for node in self.nodes.values()})

    @property
    def stacks(self) -> list[str]:
        """The stacks that the map is of."""
        return sorted({origin.stack for edge in self.edges for origin in edge.origins})

    def from_(self, key: str) -> list[Edge]:
        """What a principal may assume."""
        return [edge for edge in self.edges if edge.principal == key]

    def to(self, key: str) -> list[Edge]:
        """By whom a role may be assumed."""
        return [edge for edge in self.edges if edge.role == key]

    @property
    def summary(self) -> str:
        """How much there is, in a sentence."""
        counts = [
            words.count(len(self.principals), "principal"),
            "may assume",
            words.count(len(self.roles), "role"),
            "in",
            words.count(len({node.home for node in self.roles}), "account"),
        ]
        return f"{' '.join(counts)}, by the grants of {words.enumeration(self.stacks)}."


@dataclass
class _Making:
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[Any, ...], Edge] = field(default_factory=dict)
    roles: dict[tuple[str, str], str] = field(default_factory=dict)
    """The ARN of each role that is known, by its account and its name, which is unique there."""


def access_map(grants: Iterable[tuple[str, GrantDocuments]]) -> AccessMap:
    """The map of these grants, each with its stack's name."""
    given = sorted(grants, key=lambda item: (item[0], item[1].grant))
    made = _Making()
    for _, documents in given:
        _add_role(made, documents)
    for _, documents in given:
        for half in documents.principals:
            if half.kind == "role" and half.arn and (arn := arns.parse_arn(half.arn)):
                made.roles.setdefault((arn.account, arn.name), half.arn)
    for stack, documents in given:
        for half in documents.principals:
            _add_edges(
                made,
                Origin(words.visible(stack), words.visible(documents.grant), documents.side),
                documents,
                half,
            )
    nodes = {node.key: node for node in sorted(made.nodes.values(), key=_rank)}
    order = {key: position for position, key in enumerate(nodes)}
    edges = sorted(
        made.edges.values(),
        key=lambda edge: (order[edge.principal], order[edge.role], edge.conditions),
    )
    return AccessMap(nodes, tuple(edges))


def _rank(node: Node) -> tuple[Any, ...]:
    return node.home, node.kind, node.name.casefold(), node.key


def _add_role(made: _Making, documents: GrantDocuments) -> None:
    half = documents.role
    made.roles[documents.destination_account_id, half.name] = half.arn
    node = Node(
        key=half.arn,
        kind="role",
        name=_with_path(half),
        home=Home("account", documents.destination_account_id),
        arn=half.arn,
        role=Role(
            description=words.visible(half.description or ""),
            permissions=tuple(_permissions(half)),
            tags=tuple(
                (words.visible(key), words.visible(value))
                for key, value in sorted(half.tags.items())
            ),
            max_session=half.max_session_duration or _DEFAULT_SESSION,
        ),
    )
    made.nodes.setdefault(node.key, node)


def _with_path(half: DestinationHalf) -> str:
    return words.visible(f"{half.path}{half.name}".removeprefix("/"))


def _permissions(half: DestinationHalf) -> list[str]:
    found = [arns.parse_arn(arn) for arn in half.managed_policies]
    told = [arn.name for arn in found if arn]
    told += [f"{words.visible(name)} (inline)" for name in half.inline_policies]
    boundary = arns.parse_arn(half.permissions_boundary) if half.permissions_boundary else None
    return told + ([f"within the boundary {boundary.name}"] if boundary else [])


def _add_edges(made: _Making, origin: Origin, documents: GrantDocuments, half: SourceHalf) -> None:
    node, narrowed = _principal(made, documents, half)
    made.nodes.setdefault(node.key, node)
    max_session = documents.role.max_session_duration or _DEFAULT_SESSION
    chained: Chained = _CHAINED[TRAITS[half.kind].chained]
    session = min(max_session, limits.CHAINED_SESSION_SECONDS) if chained == "yes" else max_session
    for more in trusted_under(documents, half):
        conditions = tuple(narrowed + list(more))
        key = (node.key, documents.role.arn, conditions, session)
        known = made.edges.get(key)
        origins = {origin, *(known.origins if known else ())}
        made.edges[key] = Edge(
            node.key,
            documents.role.arn,
            conditions,
            session,
            chained,
            node.wide,
            tuple(sorted(origins)),
        )


_CHAINED: Mapping[str, Chained] = {"yes": "yes", "no": "no", "roles": "roles"}


def _principal(
    made: _Making, documents: GrantDocuments, half: SourceHalf
) -> tuple[Node, list[str]]:
    """The principal's node, and what narrows it down there."""
    account = Home("account", documents.source_account_id)
    name = words.visible(half.name)
    if half.kind == "session":
        role, _, session = half.name.partition("/")
        arn = made.roles.get((documents.source_account_id, role))
        narrowed = [f"only its session {words.visible(session)}"]
        if arn and (parsed := arns.parse_arn(arn)):
            return Node(
                arn, "role", f"{parsed.path}{parsed.name}".removeprefix("/"), account, arn
            ), narrowed
    if half.kind in ("organization", "organizational_unit"):
        return Node(
            f"{half.kind}:{name}", half.kind, name, Home("organization", name.partition("/")[0])
        ), []
    key = half.arn if half.arn and half.kind != "group" else f"{half.kind}:{account.id}:{name}"
    return Node(key, half.kind, name, account, half.arn), []


def as_json(access: AccessMap) -> dict[str, Any]:
    """The map as a JSON object."""
    return {
        "principals": [
            {"id": n.key, "kind": n.kind, "name": n.name, n.home.kind: n.home.id}
            for n in access.principals
        ],
        "roles": [
            {
                "id": node.key,
                "name": node.name,
                "account": node.home.id,
                "description": node.role.description,
                "permissions": list(node.role.permissions),
                "tags": dict(node.role.tags),
                "maxSessionDuration": node.role.max_session,
            }
            for node in access.roles
            if node.role
        ],
        "access": [
            {
                "principal": edge.principal,
                "role": edge.role,
                "conditions": list(edge.conditions),
                "longestSession": edge.session,
                "roleChaining": edge.chained,
                "wide": edge.wide,
                "half": edge.half,
                "grants": [
                    {"stack": origin.stack, "grant": origin.grant} for origin in edge.origins
                ],
            }
            for edge in access.edges
        ],
    }
