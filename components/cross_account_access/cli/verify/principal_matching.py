"""Which principal of a grant a caller is. Pure."""

import re
from collections.abc import Iterable

from cross_account_access.cli.caller import CallerIdentity
from cross_account_access.cli.trust_requirements import find_caller_exclusion
from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.grants.role_patterns import can_match_alike

_FROM_NARROW_TO_WIDE = ({"user", "role", "session"}, {"permission_set", "role_pattern"}, {"path"})
_SESSION_ARN = re.compile(r"arn:[^:]+:sts::\d{12}:assumed-role/([^/]+)/.+")


def match_principal(
    caller: CallerIdentity,
    documents: GrantDocuments,
    groups: Iterable[str] | None,
    role_path: str | None = None,
) -> SourceHalf | None:
    """Find the principal of the grant that the caller is; None if it is none of them, or excluded.

    Args:
        caller: The caller.
        documents: The grant.
        groups: The names of the caller's groups; None if unknown, so that it may be in any.
        role_path: The path of the caller's role; None if unknown, so that it may be at any.
    """
    if find_caller_exclusion(documents, caller.arn):
        return None
    names = None if groups is None else {*groups}
    matches = [
        half
        for half in documents.principals
        if documents.get_account(half) == caller.account
        and _matches(caller, half, names, role_path)
    ]
    # A principal that is named itself comes before a pattern, and that before a whole account.
    matches.sort(key=lambda half: [half.kind not in kinds for kinds in _FROM_NARROW_TO_WIDE])
    return matches[0] if matches else None


def _matches(
    caller: CallerIdentity, half: SourceHalf, groups: set[str] | None, role_path: str | None
) -> bool:
    session = _SESSION_ARN.fullmatch(caller.arn)
    match half.kind:
        case "user" | "session":
            return caller.arn == half.arn
        case "role":
            return bool(session and half.attached_to and session[1] == half.attached_to[1])
        case "permission_set":
            reserved = f"AWSReservedSSO_{re.escape(half.name)}_[0-9a-f]{{16}}"
            return bool(session and re.fullmatch(reserved, session[1]))
        case "role_pattern" | "path":
            return session is not None and _has_role_like(half, session[1], role_path)
        case "group":
            name = half.name.rpartition("/")[2]
            return caller.user is not None and (groups is None or name in groups)
        case _:
            return True


def _has_role_like(half: SourceHalf, name: str, path: str | None) -> bool:
    """Whether a role is one that a pattern or path names; where its path is unknown, it may be."""
    if path is None:
        return half.kind == "path" or can_match_alike(half.name.rpartition("/")[2], name)
    pattern = half.name.removeprefix("/") + ("*" if half.kind == "path" else "")
    return can_match_alike(pattern, f"{path}{name}".removeprefix("/"))
