"""What stands in the accounts: a role or user with all its policies, read from IAM and nothing changed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import botocore.exceptions

from cross_account_access.grants.documents import Document
from cross_account_access.iam.evaluator import Policy

from .accounts import DENIED, AwsAccess, get_error_code, translate_errors

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

_NOT_FOUND = "NoSuchEntity"


class UnreadableError(Exception):
    """The credentials may not read something.

    Attributes:
        permission: What they lack: `iam:GetRole`.
        resource: Of which resource, an ARN or a name.
    """

    def __init__(self, permission: str, resource: str) -> None:
        super().__init__(f"{permission} on {resource}")
        self.permission = permission
        self.resource = resource


class _Absent(Exception):
    """What was looked for isn't there."""


@dataclass(frozen=True)
class LiveEntity:
    """A user, role or group as its account has it.

    Attributes:
        arn: Its ARN.
        unique_id: AIDA…, AROA…, AGPA….
        inline_policies: Their documents by name.
        managed_policies: Their documents by ARN.
        permissions_boundary: A managed policy's ARN.
        boundary: That policy's document.
        groups: Of a user, its groups.
        trust_policy: Of a role.
        max_session_duration: Of a role, in seconds.
        tags: Of a user or role.
    """

    arn: str
    unique_id: str
    inline_policies: dict[str, Document]
    managed_policies: dict[str, Document]
    permissions_boundary: str | None = None
    boundary: Document | None = None
    groups: tuple["LiveEntity", ...] = ()
    trust_policy: Document | None = None
    max_session_duration: int | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def identity_policies(self) -> tuple[Policy, ...]:
        """Every policy that speaks of it, its groups' too, as the evaluator takes them."""
        own = [
            Policy(f"inline policy {name}", document)
            for name, document in self.inline_policies.items()
        ]
        own += [
            Policy(f"managed policy {arn}", document)
            for arn, document in self.managed_policies.items()
        ]
        return (*own, *(policy for group in self.groups for policy in group.identity_policies))


def read_entity(
    aws: AwsAccess, kind: Literal["user", "role", "group"], name: str
) -> LiveEntity | None:
    """A user, role or group by its name without the path; None if there is none.

    Raises:
        NotToldError: If the credentials may not read something of it.
        Failure: If AWS can't be asked.
    """
    return _Reader(aws.iam()).find(kind, name)


@dataclass(frozen=True)
class _Reader:
    iam: "IAMClient"

    def find(self, kind: Literal["user", "role", "group"], name: str) -> LiveEntity | None:
        try:
            match kind:
                case "user":
                    return self._user(name)
                case "role":
                    return self._role(name)
                case "group":
                    return self._group(name)
        except _Absent:
            return None

    def _user(self, name: str) -> LiveEntity:
        found = self._ask("iam:GetUser", name, self.iam.get_user, UserName=name)["User"]
        with _telling("iam:ListGroupsForUser", name):
            pages = list(self.iam.get_paginator("list_groups_for_user").paginate(UserName=name))
        groups = [self._group(group["GroupName"]) for page in pages for group in page["Groups"]]
        return LiveEntity(
            found["Arn"],
            found["UserId"],
            self._inline("User", name),
            self._managed("User", name),
            *self._boundary(found),
            groups=tuple(groups),
            tags=_tags(found),
        )

    def _role(self, name: str) -> LiveEntity:
        found = self._ask("iam:GetRole", name, self.iam.get_role, RoleName=name)["Role"]
        return LiveEntity(
            found["Arn"],
            found["RoleId"],
            self._inline("Role", name),
            self._managed("Role", name),
            *self._boundary(found),
            trust_policy=found["AssumeRolePolicyDocument"],
            max_session_duration=found.get("MaxSessionDuration"),
            tags=_tags(found),
        )

    def _group(self, name: str) -> LiveEntity:
        found = self._ask("iam:GetGroup", name, self.iam.get_group, GroupName=name)["Group"]
        return LiveEntity(
            found["Arn"],
            found["GroupId"],
            self._inline("Group", name),
            self._managed("Group", name),
        )

    def _boundary(self, found: Any) -> tuple[str | None, Document | None]:
        arn = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return (arn, self._document(arn)) if arn else (None, None)

    def _inline(self, kind: str, name: str) -> dict[str, Document]:
        lower, key = kind.lower(), {f"{kind}Name": name}
        with _telling(f"iam:List{kind}Policies", name):
            pages = self._pages(f"list_{lower}_policies", key)
            names = [policy for page in pages for policy in page["PolicyNames"]]
        get: Callable[..., Any] = getattr(self.iam, f"get_{lower}_policy")
        return {
            policy: self._ask(f"iam:Get{kind}Policy", name, get, **key, PolicyName=policy)[
                "PolicyDocument"
            ]
            for policy in names
        }

    def _managed(self, kind: str, name: str) -> dict[str, Document]:
        with _telling(f"iam:ListAttached{kind}Policies", name):
            pages = self._pages(f"list_attached_{kind.lower()}_policies", {f"{kind}Name": name})
            arns = [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]
        return {arn: self._document(arn) for arn in arns}

    def _document(self, arn: str) -> Document:
        version = self._ask("iam:GetPolicy", arn, self.iam.get_policy, PolicyArn=arn)["Policy"][
            "DefaultVersionId"
        ]
        get = self.iam.get_policy_version
        found = self._ask("iam:GetPolicyVersion", arn, get, PolicyArn=arn, VersionId=version)[
            "PolicyVersion"
        ]
        document: Document = found["Document"]
        return document

    def _pages(self, operation: Any, parameters: dict[str, str]) -> Iterator[Any]:
        paginator: Any = self.iam.get_paginator(operation)
        yield from paginator.paginate(**parameters)

    def _ask(
        self, permission: str, resource: str, call: Callable[..., Any], **parameters: str
    ) -> Any:
        with _telling(permission, resource):
            return call(**parameters)


def _tags(found: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


@contextmanager
def _telling(permission: str, resource: str) -> Iterator[None]:
    with translate_errors(f"by {permission} what {resource} has"):
        try:
            yield
        except botocore.exceptions.ClientError as error:
            if get_error_code(error) in DENIED:
                raise UnreadableError(permission, resource) from None
            if get_error_code(error) == _NOT_FOUND:
                raise _Absent from None
            raise
