"""Checks of the names and ARNs that principals are given by."""

import re

from cross_account_access.errors import Refusal
from cross_account_access.iam import arns, limits

from .role_patterns import WILDCARDS, can_match_alike, split_lead

_PATHS_OF_AWS = ("aws-reserved/", "aws-service-role/")
_NAMES_OF_AWS = ("awsreservedsso", "awsservicerolefor")
_IDENTITY_CENTER_ROLE = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f]{16}", re.ASCII | re.IGNORECASE)


def check_own_role(path: str, name: str, session: str = "") -> None:
    """Check that a role is the account's own: AWS lets nobody attach a policy to its roles.

    Args:
        path: The role's path, `/` where it isn't known.
        name: Its name.
        session: Its session that is trusted; empty for all of them.

    Raises:
        Refusal: If it is Identity Center's or a service-linked role.

    Source: https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    low_path, low_name = path.lower(), name.lower()
    if low_path.startswith("/aws-reserved/") or low_name.startswith("awsreservedsso_"):
        match = _IDENTITY_CENTER_ROLE.fullmatch(name)
        permission_set = f": {match[1]}" if match else ", with the permission set's name"
        only = f'. For one session alone add raw: {{StringLike: {{"aws:userid": ["*:{session}"]}}}}'
        raise Refusal(
            "must not be a role of Identity Center, to which AWS lets nobody attach a policy",
            code="reserved-role",
            remedy=f"Use the key permission_set (permissionSet in config){permission_set}"
            f"{only if session else ''}",
        )
    if low_path.startswith("/aws-service-role/") or low_name.startswith("awsservicerolefor"):
        raise Refusal(
            "must not be a service-linked role, to which AWS lets nobody attach a policy",
            code="reserved-role",
            remedy="Only its service acts as it: name the role that the callers have themselves",
        )


def _check_name_with_path(value: object, rule: limits.StringRule) -> str:
    if isinstance(value, str) and value.startswith("arn:"):
        remedy = "Use its name" if rule is limits.GROUP_NAME else "Use the key arn for an ARN"
        raise Refusal(rule.rule, code="arn-for-name", remedy=remedy)
    if not isinstance(value, str):
        return rule(value)
    path, name = arns.split_path(value)
    limits.check_path(path)
    rule(name)
    return value


def check_user_name(value: object) -> str:
    """Check a user's name, with its path where it has one: `alice`, `team/alice`."""
    return _check_name_with_path(value, limits.USER_NAME)


def check_role_name(value: object) -> str:
    """Check a role's name, with its path where it has one: `ci`, `team/ci`."""
    if isinstance(value, str):
        check_own_role(*arns.split_path(value))
    return _check_name_with_path(value, limits.ROLE_NAME)


def check_role_pattern(value: object) -> str:
    """Check a pattern of roles' names, with a path where they have one: `team-*`, `team/ci-*`."""
    if isinstance(value, str) and value.startswith("arn:"):
        raise Refusal(
            limits.ROLE_NAME_PATTERN.rule,
            code="arn-for-pattern",
            remedy="Write only what stands behind role/ in the ARN",
        )
    if not isinstance(value, str):
        return limits.ROLE_NAME_PATTERN(value)
    path, name = arns.split_path(value)
    limits.ROLE_NAME_PATTERN(name)
    _check_not_of_aws(f"{path}{name}")
    limits.check_path(path)
    if not WILDCARDS.intersection(name):
        raise Refusal(
            "a role name's pattern must have a wildcard, * or ?",
            code="pattern-without-wildcard",
            remedy="Use the key role for one role",
        )
    if WILDCARDS.issuperset(name):
        raise Refusal(
            "a role name's pattern must have other characters beside its wildcards",
            code="pattern-of-wildcards",
            remedy="Use the key account for the whole account"
            if path == "/"
            else f"For all roles at that path, use the key path: {path}",
        )
    return f"{path}{name}".removeprefix("/")


def check_roles_path(value: object) -> str:
    """Check a path for all roles at it and below it: `/team/`."""
    if isinstance(value, str):
        if not value.strip("/"):
            raise Refusal(
                "must be a path below /, which is that of every role",
                code="path-of-all-roles",
                remedy="Use the key account for the whole account",
            )
        if value.startswith("arn:"):
            raise Refusal(limits.PATH.rule, code="arn-for-path", remedy="Write the path alone")
        _check_not_of_aws(f"/{value.lstrip('/')}")
        if WILDCARDS.intersection(value):
            raise Refusal(
                "must be a path without wildcards",
                code="path-with-wildcard",
                remedy="For a pattern of names use the key role_pattern (rolePattern in config); a "
                "path has all roles below it anyway",
            )
        if not (value.startswith("/") and value.endswith("/")):
            raise Refusal(
                "must start and end with a slash",
                code="path-without-slashes",
                remedy=f"Write /{value.strip('/')}/",
            )
    return limits.check_path(value)


def _check_not_of_aws(text: str) -> None:
    """Check that a path, or a pattern behind one, doesn't match the roles that AWS makes.

    A pattern that starts with a wildcard is for any path: it is let pass.
    """
    own = text.removeprefix("/")
    lead = split_lead(own)
    if own.lower().startswith((*_PATHS_OF_AWS, *_NAMES_OF_AWS)) or (
        lead and any(can_match_alike(own, f"{path}*") for path in _PATHS_OF_AWS)
    ):
        raise Refusal(
            "must not match roles that only AWS can change, at /aws-reserved/ and "
            "/aws-service-role/",
            code="pattern-of-reserved-roles",
            remedy="For a permission set of Identity Center use the key permission_set "
            "(permissionSet in config); otherwise write more of the name",
        )


def check_group_name(value: object) -> str:
    """Check a group's name, with its path where it has one."""
    return _check_name_with_path(value, limits.GROUP_NAME)


def check_session(value: object) -> str:
    """Check an exact role session, ROLE/SESSION."""
    role, slash, name = value.partition("/") if isinstance(value, str) else ("", "", "")
    if not slash or not isinstance(value, str) or "/" in name:
        raise Refusal(
            "must be ROLE/SESSION, the role's name without its path", code="invalid-session"
        )
    limits.ROLE_NAME(role)
    limits.SESSION_NAME(name)
    check_own_role("/", role, name)
    return value


def check_unit_path(value: object) -> str:
    """Check an organizational unit's path from the organization down, and end it with a slash."""
    return f"{limits.ORGANIZATION_PATH(value).rstrip('/')}/"


def check_principal_arn(value: object) -> str:
    """Check the ARN of a user or role.

    A role session's ARN is refused: whoever trusts the role trusts its sessions. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    arn = arns.parse_arn(value) if isinstance(value, str) else None
    if (
        not isinstance(value, str)
        or arn is None
        or arn.kind not in ("user", "role")
        or arn.account == "aws"
    ):
        raise Refusal(
            "must be the ARN of an IAM user or role, arn:aws:iam::ACCOUNT:user/NAME or …:role/NAME",
            code="invalid-principal-arn",
            remedy=_suggest_principal(value) if isinstance(value, str) else "",
        )
    if arn.kind == "role":
        check_own_role(arn.path, arn.name)
    limits.check_path(arn.path)
    (limits.USER_NAME if arn.kind == "user" else limits.ROLE_NAME)(arn.name)
    return value


def _suggest_principal(arn: str) -> str:
    if role := arns.find_role_of_session(arn):
        try:
            check_own_role("/", role.rpartition("/")[2], arn.rpartition("/")[2])
        except Refusal as refusal:
            return refusal.remedy
        return (
            f"This is a role session; use its role's ARN, {role} with the role's path, or the key "
            "session for this session alone"
        )
    if arn.endswith(":root"):
        return "Use the key account for the whole account"
    return "Use the key group for a group" if arns.get_kind(arn) == "group" else ""
