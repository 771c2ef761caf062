"""What a decision of the evaluator rests on, for whoever explains it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .operators import UnmetCondition

AccountSide: TypeAlias = Literal["source", "destination"]
FindingKind: TypeAlias = Literal[
    "allow", "deny", "root_user", "partition", "identity", "boundary", "session", "trust"
]
StatementElement: TypeAlias = Literal["principal", "action", "resource", "condition"]


@dataclass(frozen=True)
class Finding:
    """One thing that allows or refuses a request. It never holds an external ID.

    Attributes:
        half: Whose it is.
        kind: `allow`, or what refuses: an explicit `deny`; a `root_user` or another `partition`,
            whatever the policies say; no allow by the `identity` policies, the permissions
            `boundary`, the `session` policies or the role's `trust` policy.
        text: The same in words.
        policy: The policy that it rests on; where nothing allows, the one that comes nearest to it.
            None if none does.
        statement: That policy's statement, counted from 1.
        element: Where nothing allows, which element of that statement doesn't match.
        unmet: Which conditions aren't met.
        condition_keys: Of a deny, the keys of the conditions that are met.
        dead_ids: Unique IDs in the trust policy that replace users and roles that were deleted.
    """

    half: AccountSide
    kind: FindingKind
    text: str
    policy: str | None = None
    statement: int | None = None
    element: StatementElement | None = None
    unmet: tuple[UnmetCondition, ...] = ()
    condition_keys: tuple[str, ...] = ()
    dead_ids: tuple[str, ...] = ()
