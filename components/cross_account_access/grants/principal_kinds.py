"""The kinds of principals, and what is true of every principal of a kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from .principal_entities import Attachable

PrincipalKind = Literal[
    "user",
    "role",
    "group",
    "account",
    "permission_set",
    "role_pattern",
    "path",
    "organization",
    "organizational_unit",
    "session",
]


@dataclass(frozen=True)
class Traits:
    """What is true of every principal of a kind.

    Attributes:
        meaning: Who gets in.
        trust: How the trust policy names it.
        console: Whether its callers can switch roles in the console: `yes`, `no`, or which can.
        chained: Whether its callers are role sessions, so that a session lasts at most an hour:
            likewise.
        mfa: Whether its callers can have MFA: likewise.
        attached: What the source's policy is attached to; None where the user attaches it.
    """

    meaning: str
    trust: str
    console: str
    chained: str
    mfa: str
    attached: Attachable | None


_WHOLE_ACCOUNT = "every identity of the account that its own account allows"
TRAITS: Mapping[PrincipalKind, Traits] = {
    "user": Traits("one IAM user", "its ARN", "yes", "no", "yes", "user"),
    "role": Traits("every session of one IAM role", "its ARN", "no", "yes", "no", "role"),
    "group": Traits(
        f"{_WHOLE_ACCOUNT}; of these, the group's policy allows its members",
        *("the account", "yes", "no", "yes", "group"),
    ),
    "account": Traits(_WHOLE_ACCOUNT, "the account", "users", "roles", "users", None),
    "permission_set": Traits(
        "every session of an Identity Center permission set in the account",
        "the account, and aws:PrincipalArn like the set's reserved role",
        *("yes", "yes", "no", None),
    ),
    "role_pattern": Traits(
        "every session of each role in the account whose name matches, also of roles made later",
        "the account, and aws:PrincipalArn like the pattern",
        *("no", "yes", "no", None),
    ),
    "path": Traits(
        "every session of each role in the account at the path and below it, also of roles made "
        "later",
        "the account, and aws:PrincipalArn like the path",
        *("no", "yes", "no", None),
    ),
    "organization": Traits(
        "every identity of the organization that its own account allows",
        "everybody, and aws:PrincipalOrgID",
        *("users", "roles", "users", None),
    ),
    "organizational_unit": Traits(
        "every identity of the unit's accounts, and of the units' below it, that its own account "
        "allows",
        "everybody, and aws:PrincipalOrgPaths",
        *("users", "roles", "users", None),
    ),
    "session": Traits("one session of a role, by its name", "its ARN", "no", "yes", "no", "role"),
}
KINDS = get_args(PrincipalKind)
MANY_ROLES: frozenset[PrincipalKind] = frozenset({"role_pattern", "path"})
"""The kinds that name roles of an account by what their ARNs are like."""
