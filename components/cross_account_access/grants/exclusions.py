"""Users and roles that a principal's statement would let in, and that the trust policy denies."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cross_account_access.errors import Refusal
from cross_account_access.iam import arns, limits

from .condition_values import make_list_check

_NAME = replace(limits.ROLE_NAME, what="an excluded name")
_KIND_FIRST = re.compile("/*(user|role|group|assumed-role)/", re.IGNORECASE)


def check_exclusions(value: object) -> list[Any]:
    """Check a list of names and ARNs of users and roles; an `Unresolved` waits for it.

    Raises:
        Refusal: If one has another form, or excludes what another one excludes already.
    """
    exclusions = make_list_check(_check_exclusion)(value)
    names = [one for one in exclusions if isinstance(one, str) and not one.startswith("arn:")]
    for position, one in enumerate(exclusions):
        for name in names:
            if isinstance(one, str) and one.endswith(f"/{name}"):
                raise Refusal(
                    "must not be excluded twice",
                    code="excluded-twice",
                    remedy=f"Remove it: {name} excludes the user and the role of that name at "
                    "every path",
                    where=(position,),
                    value=one,
                )
    return exclusions


def _check_exclusion(value: object) -> str:
    if not isinstance(value, str):
        return _NAME(value)
    if re.search(r"[*?]|\$\{", value):
        raise Refusal(
            "must be one user's or role's name or ARN, without *, ? and ${",
            code="exclusion-with-wildcard",
            remedy="List each name",
        )
    if value.startswith("arn:"):
        return _check_arn(value)
    if match := _KIND_FIRST.match(value):
        raise Refusal(
            f"must not start with {match[0]}: a name excludes the user and the role so named",
            code="exclusion-with-kind",
            remedy="Leave the kind out, or use the ARN",
        )
    path, name = arns.split_path(value)
    limits.PATH(path)
    _NAME(name)
    return value.lstrip("/")


def _check_arn(value: str) -> str:
    arn = arns.parse_arn(value)
    if arn is None or arn.kind not in ("user", "role") or arn.account == "aws":
        raise Refusal(
            "must be the ARN of an IAM user or role, arn:aws:iam::ACCOUNT:user/NAME or …:role/NAME",
            code="invalid-excluded-arn",
            remedy=_suggest_arn(value),
        )
    limits.PATH(arn.path)
    _NAME(arn.name)
    return value


def _suggest_arn(value: str) -> str:
    if role := arns.find_role_of_session(value):
        return (
            "This is a role session, and a trust policy excludes all sessions of a role: use its "
            f"role's ARN, {role} with the role's path, or its name, {role.rpartition('/')[2]}"
        )
    if value.endswith(":root"):
        return "Leave it out: a root user can't assume roles"
    return "List its members, for a group calls nothing" if arns.get_kind(value) == "group" else ""


def build_exclusion_pattern(exclusion: str, partition: str, account: str) -> str:
    """Build the pattern of `aws:PrincipalArn` that denies a user or role.

    Args:
        exclusion: Its name, or its ARN.
        partition: The partition of the principal's account.
        account: That account's ID, or `*` for every account.

    Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    if exclusion.startswith("arn:"):
        return exclusion
    # A * matches slashes too, and so the kind and whatever path there is.
    return f"arn:{partition}:iam::{account}:*/{exclusion}"


def read_exclusion_pattern(pattern: str) -> str:
    """Read the name or ARN from which a pattern was built."""
    return re.sub(r"^arn:[^:]*:iam::[^:]*:\*/", "", pattern)


def find_excluded_arns(exclusions: Sequence[Any]) -> list[tuple[int, arns.IamArn]]:
    """Find those that are given by their ARNs, with their positions."""
    return [
        (position, arn)
        for position, one in enumerate(exclusions)
        if isinstance(one, str) and (arn := arns.parse_arn(one))
    ]


def check_excluded_account(arn: arns.IamArn, account: str | None, partition: str | None) -> None:
    """Check that an excluded ARN is of the account whose principals are trusted.

    Args:
        arn: The ARN.
        account: The account's ID; None where it isn't known, or any will do.
        partition: Its partition; None where it isn't known.

    Raises:
        Refusal: If it is of another account or partition.
    """
    for key, expected, actual in (
        ("account", account, arn.account),
        ("partition", partition, arn.partition),
    ):
        if expected is not None and actual != expected:
            raise Refusal(
                f"an excluded principal must be in the {key} of those that are trusted",
                code=f"exclusion-in-other-{key}",
                remedy=f"That is {expected}: nobody of {actual} gets in by it",
                value=actual,
            )
