"""Checks of the names and ARNs that principals are given by."""

from cross_account_access.errors import Refusal
from cross_account_access.iam import arns, limits


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
    return _check_name_with_path(value, limits.ROLE_NAME)


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
    limits.check_path(arn.path)
    (limits.USER_NAME if arn.kind == "user" else limits.ROLE_NAME)(arn.name)
    return value


def _suggest_principal(arn: str) -> str:
    if role := arns.find_role_of_session(arn):
        return (
            f"This is a role session; use its role's ARN, {role} with the role's path, or the key "
            "session for this session alone"
        )
    if arn.endswith(":root"):
        return "Use the key account for the whole account"
    return "Use the key group for a group" if arns.get_kind(arn) == "group" else ""
