"""The source's policies: what they allow, and how roles are packed into as few as possible.

The same roles give the same bytes, whatever their order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from cross_account_access.errors import Refusal
from cross_account_access.iam import limits
from cross_account_access.iam.identity_policy import VERSION, render_document

from .conditions import ASSUME_ROLE

# What an ARN takes in a policy beside its own characters.
_QUOTES_AND_COMMA = 3


@dataclass(frozen=True)
class AssumableRole:
    """A role that a principal may assume, as the source's policy allows it.

    Attributes:
        arn: The role's ARN.
        actions: What is allowed on it, `sts:AssumeRole` first.
    """

    arn: str
    actions: tuple[str, ...] = (ASSUME_ROLE,)


def build_assume_role_policy(roles: Iterable[AssumableRole]) -> str:
    """Build the source's identity policy: assume the roles, set what their conditions require.

    Raises:
        Refusal: If the document is larger than a managed policy may be.
    """
    document = _render_policy(roles)
    if (size := limits.count_characters(document)) > limits.MANAGED_POLICY_QUOTA:
        raise Refusal(
            f"a managed policy must have at most {limits.MANAGED_POLICY_QUOTA} characters, white "
            f"space not counted; this one has {size}",
            code="managed-policy-too-long",
        )
    return document


def _render_policy(roles: Iterable[AssumableRole]) -> str:
    arns: dict[tuple[str, ...], set[str]] = {}
    for role in roles:
        arns.setdefault(role.actions, set()).add(role.arn)
    statements = [
        {
            "Effect": "Allow",
            "Action": actions[0] if len(actions) == 1 else list(actions),
            "Resource": sorted(resources),
        }
        for actions, resources in sorted(arns.items())
    ]
    return render_document({"Version": VERSION, "Statement": statements})


def pack_roles(roles: Mapping[str, AssumableRole]) -> list[tuple[str, ...]]:
    """Distribute roles over as few policies as hold them, always in the same way.

    A role's name gives its order of preference among the policies, and it goes to the first that
    has room. So a role more or less changes few policies, and moves none while one is enough.
    Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998).

    Args:
        roles: The roles by name. In the place of an unknown ARN stands one of its maximum length.

    Returns:
        The names in each policy; a policy may be empty.

    Raises:
        Refusal: If more policies are needed than attach to one principal.
    """
    # Every policy keeps room for a statement of each combination of actions.
    frame = _render_policy(AssumableRole("", role.actions) for role in roles.values())
    # The frame has an empty ARN's quotes in each statement, whose last ARN has no comma.
    statements = len({role.actions for role in roles.values()})
    room = limits.MANAGED_POLICY_QUOTA - limits.count_characters(frame)
    room += statements * _QUOTES_AND_COMMA
    lengths = {name: len(role.arn) for name, role in roles.items()}
    for count in range(1, limits.MANAGED_POLICIES_PER_PRINCIPAL + 1):
        if (distributed := _distribute(lengths, count, room)) is not None:
            return distributed
    raise Refusal(
        f"the ARNs of {len(roles)} roles must fit in {limits.MANAGED_POLICIES_PER_PRINCIPAL} "
        f"managed policies of {limits.MANAGED_POLICY_QUOTA} characters, the most that attach to "
        "one principal",
        code="too-many-roles",
        remedy="Shorten the roles' names or paths, or let the principal assume a role that may "
        "assume the others",
    )


def _distribute(
    arn_lengths: Mapping[str, int], count: int, room: int
) -> list[tuple[str, ...]] | None:
    names: list[list[str]] = [[] for _ in range(count)]
    left = [room] * count
    for name in sorted(arn_lengths, key=lambda name: _hash_name(name, "order")):
        needed = arn_lengths[name] + _QUOTES_AND_COMMA
        preferred = sorted(range(count), key=lambda policy: _hash_name(name, str(policy)))
        chosen = next((policy for policy in preferred if left[policy] >= needed), None)
        if chosen is None:
            return None
        names[chosen].append(name)
        left[chosen] -= needed
    return [tuple(sorted(policy)) for policy in names]


def _hash_name(name: str, salt: str) -> bytes:
    return sha256(f"{salt}/{name}".encode()).digest()
