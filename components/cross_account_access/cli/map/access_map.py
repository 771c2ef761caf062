"""The map as plain data: principals, roles, and which may assume which. No external ID is in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cross_account_access.grants.grant import Side
from cross_account_access.grants.principal_kinds import MANY_ROLES, TRAITS, PrincipalKind
from cross_account_access.iam import limits
from cross_account_access.text_format import format_count, format_duration, join_words, shorten_list

_WIDE: frozenset[PrincipalKind] = frozenset(
    {"group", "account", "organization", "organizational_unit", *MANY_ROLES}
)

_MOST_NAMED = 12

Chained = Literal["yes", "no", "roles"]
MadeHalves: TypeAlias = Side | Literal["neither"]


@dataclass(frozen=True, order=True)
class Home:
    """Where a principal or role belongs.

    Attributes:
        kind: An account or an organization.
        id: The account's 12 digits, or o-….
        name: The account's name, where a grant among many accounts gives it one.
    """

    kind: Literal["account", "organization"]
    id: str
    name: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({self.name})" if self.name else f"{self.kind} {self.id}"

    @property
    def short(self) -> str:
        """Its name, or its ID where it has none."""
        return self.name or self.id


@dataclass(frozen=True)
class RoleDetails:
    """What a grant sets on its role.

    Attributes:
        permissions: Its policies' names, its permissions boundary last.
        max_session: In seconds.
        many_grant: The grant's name, if it is one among many accounts.
    """

    description: str
    permissions: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    max_session: int
    many_grant: str | None = None


@dataclass(frozen=True)
class Node:
    """A principal, a role, or both: a role that one grant opens and another trusts is one node.

    Attributes:
        key: Unique on the map: the ARN where there is one.
        name: With its path; an account's or organization's ID.
        role: What a grant on the map sets on it; None for a principal that no grant opens.
        other_homes: Further accounts that have a role just like it, for the same principals.
    """

    key: str
    kind: PrincipalKind
    name: str
    home: Home
    arn: str | None = None
    role: RoleDetails | None = None
    other_homes: tuple[Home, ...] = ()

    @property
    def homes(self) -> tuple[Home, ...]:
        """All its accounts, or its organization."""
        return (self.home, *self.other_homes)

    @property
    def label(self) -> str:
        """The kind and the name, to stand beside the home."""
        if self.kind in ("account", "organization"):
            return f"the whole {self.kind}"
        if self.kind == "organizational_unit":
            return f"OU {self.name.rstrip('/').rpartition('/')[2]}"
        return f"{self.kind.replace('_', ' ')} {self.name}"

    @property
    def full_label(self) -> str:
        """The label with the home in it."""
        if self.kind in ("account", "organization"):
            return f"the whole {self.home}"
        return f"{self.label} in {describe_homes(self.homes)}"

    @property
    def wide(self) -> bool:
        """Whether trusting it lets in more than one identity."""
        return self.kind in _WIDE

    @property
    def meaning(self) -> str:
        """Who can assume a role that trusts it."""
        return TRAITS[self.kind].meaning


@dataclass(frozen=True, order=True)
class Origin:
    """The grant that an edge comes from.

    Attributes:
        side: Which halves the stack makes; of many accounts' grants perhaps neither of an edge's.
    """

    stack: str
    grant: str
    side: MadeHalves = "both"


@dataclass(frozen=True)
class Edge:
    """That a principal may assume a role, by one statement of the role's trust policy.

    Attributes:
        principal: The principal's key.
        role: The role's key.
        conditions: In words; empty where there are none.
        session: How long a session lasts at most, in seconds.
        chained: Whether the session is role chaining, which AWS limits to an hour; `roles` where it
            is so for the roles among the callers.
        wide: Whether the principal is wide.
        origins: The grants, sorted.
    """

    principal: str
    role: str
    conditions: tuple[str, ...]
    session: int
    chained: Chained
    wide: bool
    origins: tuple[Origin, ...]

    @property
    def conditions_text(self) -> str:
        """The conditions as one text."""
        return "; ".join(self.conditions) or "no conditions"

    @property
    def session_text(self) -> str:
        """The longest session as text."""
        text = format_duration(self.session)
        if self.chained == "yes":
            return f"{text} (role chaining)"
        if self.chained == "roles" and self.session > limits.CHAINED_SESSION_SECONDS:
            return f"{text}; {format_duration(limits.CHAINED_SESSION_SECONDS)} for role sessions"
        return text

    @property
    def half(self) -> MadeHalves:
        """Which halves the map's stacks make."""
        sides = {origin.side for origin in self.origins}
        if len(sides) > 1:
            sides -= {"neither"}
        return "both" if len(sides) > 1 else next(iter(sides))

    @property
    def missing_half(self) -> str:
        """That a half is missing, in words; empty where both are there."""
        match self.half:
            case "both":
                return ""
            case "neither":
                return "neither half is in these stacks"
            case half:
                return f"only the {half} half is in these stacks"


@dataclass(frozen=True)
class AccessMap:
    """Nodes by their key, and the edges between them, both in the order in which they are shown."""

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]

    @property
    def principals(self) -> list[Node]:
        """The nodes that may assume a role."""
        callers = {edge.principal for edge in self.edges}
        return [node for node in self.nodes.values() if node.key in callers]

    @property
    def roles(self) -> list[tuple[Node, RoleDetails]]:
        """The roles that may be assumed."""
        return [(node, node.role) for node in self.nodes.values() if node.role]

    @property
    def places(self) -> list[tuple[Home, ...]]:
        """The accounts and organizations; those that have the same roles together."""
        return sorted({node.homes for node in self.nodes.values()})

    @property
    def stacks(self) -> list[str]:
        """The names of the stacks."""
        return sorted({origin.stack for edge in self.edges for origin in edge.origins})

    def edges_from(self, key: str) -> list[Edge]:
        """Return what a principal may assume."""
        return [edge for edge in self.edges if edge.principal == key]

    def name_grants(self, edge: Edge, name: Callable[[Origin], str]) -> list[str]:
        """Name the grants that an edge comes from: of very many the first ones.

        Args:
            edge: The edge.
            name: Names a grant by its stack too. One among many accounts of which several stacks
                make parts is one grant, and is called as the stacks call it.
        """
        role = self.nodes[edge.role]
        many = role.role.many_grant if role.role else None
        is_shared = len({origin.stack for origin in edge.origins if origin.grant == many}) > 1
        names = [
            many if is_shared and origin.grant == many else name(origin) for origin in edge.origins
        ]
        unique = list(dict.fromkeys(names))
        return shorten_list(unique) if role.other_homes else unique

    @property
    def summary(self) -> str:
        """How many principals and roles there are, in a sentence."""
        accounts = {home for node, _ in self.roles for home in node.homes}
        roles = sum(len(node.homes) for node, _ in self.roles)
        return (
            f"{format_count(len(self.principals), 'principal')} may assume "
            f"{format_count(roles, 'role')} in {format_count(len(accounts), 'account')}, "
            f"by the grants of {join_words(self.stacks, 'and')}."
        )


def describe_homes(homes: Sequence[Home]) -> str:
    """Describe accounts in a line: of very many the first ones."""
    if len(homes) == 1:
        return str(homes[0])
    names = [home.short for home in homes[:_MOST_NAMED]]
    if more := len(homes) - len(names):
        names.append(f"{more} more")
    return f"{format_count(len(homes), 'account')}: {', '.join(names)}"
