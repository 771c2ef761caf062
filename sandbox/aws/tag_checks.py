"""Tags of users, roles and policies, and of sessions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws.query_protocol import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.aws.iam_request import Check, IamRequest

MOST = 50
"""Tags of one entity."""

_DUPLICATE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."


def read_tags(tags: Iterable[Mapping[str, str]], code: str = "InvalidInput") -> dict[str, str]:
    """Tags as they come in a request, by key.

    Args:
        tags: mappings of Key and Value.
        code: the error code, which is not STS's when it is IAM's.

    Raises:
        AwsError: for keys that are the same ignoring case, or reserved.
    """
    by_key: dict[str, str] = {}
    for tag in tags:
        key = tag["Key"]
        if key.lower().startswith("aws:"):
            raise AwsError(code, f"Tag keys that start with aws: are reserved for AWS: {key}")
        if key.lower() in map(str.lower, by_key):
            raise AwsError(code, _DUPLICATE)
        by_key[key] = tag.get("Value", "")
    return by_key


def check_tags(request: IamRequest) -> None:
    """The check of an entity that is made with tags."""
    read_tags(request.value.get("Tags", ()))


def build_tagging_check(kind: str) -> Check:
    """The check of Tag{User,Role,Policy}."""

    def check(request: IamRequest) -> None:
        added = read_tags(request.value.get("Tags", ()))
        if kind == "user":
            existing = request.accounts.get_tags(request.get_user())
        elif kind == "role":
            existing = request.accounts.get_tags(request.get_role())
        else:
            policy = request.accounts.find_managed_policy(request.account, request.get("PolicyArn"))
            existing = {tag["Key"]: tag["Value"] for tag in policy.get_tags()} if policy else {}
        if len({key.lower() for key in (*existing, *added)}) > MOST:
            raise AwsError("LimitExceeded", "The number of tags has reached the maximum limit.")

    return check
