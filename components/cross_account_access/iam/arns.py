"""IAM's ARNs, built and parsed in one place, for every partition."""

import re
from dataclasses import dataclass

_IAM_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}|aws):(?P<kind>[a-z-]+)/(?P<rest>.+)",
    re.ASCII,
)
_SESSION_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+",
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
    """Return an IAM ARN's parts; None where the text isn't an IAM ARN."""
    parts = _IAM_ARN.fullmatch(arn)
    if not parts:
        return None
    path, name = split_path(parts["rest"])
    return IamArn(parts["partition"], parts["account"], parts["kind"], path, name)


def get_kind(arn: str) -> str | None:
    """Return `user`, `role`, … of an IAM ARN; None where the text isn't an IAM ARN."""
    parsed = parse_arn(arn)
    return parsed.kind if parsed else None


def split_path(name_with_path: str) -> tuple[str, str]:
    """Split a name from the path before it: `team/ci` is `ci` at `/team/`."""
    path, slash, name = name_with_path.lstrip("/").rpartition("/")
    return f"/{path}/" if slash else "/", name


def find_role_of_session(arn: str) -> str | None:
    """Return the ARN of a role session's role, without its path, which the session's ARN lacks.

    None where the text isn't the ARN of a role's session.
    """
    parts = _SESSION_ARN.fullmatch(arn)
    if not parts:
        return None
    return str(IamArn(parts["partition"], parts["account"], "role", "/", parts["role"]))
