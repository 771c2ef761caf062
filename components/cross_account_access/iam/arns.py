"""IAM's ARNs, each built and taken apart in one place, for every partition."""

import re
from dataclasses import dataclass

_IAM_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}|aws):(?P<kind>[a-z-]+)/(?P<rest>.+)",
    re.ASCII,
)
_SESSION_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/(?P<session>.+)",
    re.ASCII,
)


@dataclass(frozen=True)
class IamArn:
    """An IAM entity's ARN in its parts.

    Attributes:
        partition: `aws`, `aws-cn`, `aws-us-gov`, …
        account: Twelve digits, or `aws` for AWS's own managed policies.
        kind: `user`, `role`, `policy`, …
        path: The path with both slashes, `/` where there is none.
        name: The name without the path.
    """

    partition: str
    account: str
    kind: str
    path: str
    name: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:{self.kind}{self.path}{self.name}"


def parse_arn(arn: str) -> IamArn | None:
    """Take an IAM ARN apart; None where it is none."""
    found = _IAM_ARN.fullmatch(arn)
    if not found:
        return None
    path, name = split_path(found["rest"])
    return IamArn(found["partition"], found["account"], found["kind"], path, name)


def get_kind(arn: str) -> str | None:
    """Whether an IAM ARN is a `user`'s, a `role`'s, …; None where it is none."""
    found = parse_arn(arn)
    return found.kind if found else None


def split_path(name_with_path: str) -> tuple[str, str]:
    """Take the path from before a name: `team/ci` is `ci` at `/team/`."""
    path, slash, name = name_with_path.lstrip("/").rpartition("/")
    return f"/{path}/" if slash else "/", name


def find_role_of_session(arn: str) -> str | None:
    """The ARN of the role that a role session's ARN tells of (its path is unknown); None for other ARNs."""
    found = _SESSION_ARN.fullmatch(arn)
    return (
        str(IamArn(found["partition"], found["account"], "role", "/", found["role"]))
        if found
        else None
    )
