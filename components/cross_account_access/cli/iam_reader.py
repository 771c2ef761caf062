"""A user, role or group with all its policies, read from IAM. Changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import botocore.exceptions

from cross_account_access.grants.documents import Document
from cross_account_access.iam.evaluator import Policy

from .aws_access import DENIED, AwsAccess, get_error_code, translate_errors

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

EntityKind = Literal["user", "role", "group"]

_NOT_FOUND = "NoSuchEntity"


class UnreadableError(Exception):
    """The credentials may not read something.

    Attributes:
        permission: The missing permission: `iam:GetRole`.
        resource: The resource, an ARN or a name.
    """

    def __init__(self, permission: str, resource: str) -> None:
        super().__init__(f"{permission} on {resource}")
        self.permission = permission
        self.resource = resource


class _NotFoundError(Exception):
    """There is no such entity."""


@dataclass(frozen=True)
class LiveEntity:
    """A user, role or group as it is in its account.

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
    def name(self) -> str:
        """Its name without the path."""
        return self.arn.rpartition("/")[2]

    @property
    def identity_policies(self) -> tuple[Policy, ...]:
        """All its identity policies, including its groups', as the evaluator takes them."""
        inline = [
            Policy(f"inline policy {name}", document)
            for name, document in self.inline_policies.items()
        ]
        managed = [
            Policy(f"managed policy {arn}", document)
            for arn, document in self.managed_policies.items()
        ]
        of_groups = (policy for group in self.groups for policy in group.identity_policies)
        return (*inline, *managed, *of_groups)

    @property
    def boundary_policy(self) -> Policy | None:
        """Its permissions boundary, as the evaluator takes it."""
        if self.permissions_boundary is None:
            return None
        return Policy(f"managed policy {self.permissions_boundary}", self.boundary or {})


def read_entity(aws: AwsAccess, kind: EntityKind, name: str) -> LiveEntity | None:
    """Read a user, role or group by its name without the path; None if there is none.

    Raises:
        UnreadableError: If the credentials may not read something of it.
        Failure: If AWS cannot be asked.
    """
    reader = _Reader(aws.iam(), aws)
    read = {"user": reader.read_user, "role": reader.read_role, "group": reader.read_group}[kind]
    try:
        with translate_errors(f"read {kind} {name}"):
            return read(name)
    except _NotFoundError:
        return None


@dataclass(frozen=True)
class _Reader:
    iam: "IAMClient"
    aws: AwsAccess

    def read_user(self, name: str) -> LiveEntity:
        user = self._call("iam:GetUser", name, self.iam.get_user, UserName=name)["User"]
        with self._translate_read_errors("iam:ListGroupsForUser", name):
            pages = list(self.iam.get_paginator("list_groups_for_user").paginate(UserName=name))
        groups = [self.read_group(group["GroupName"]) for page in pages for group in page["Groups"]]
        return LiveEntity(
            user["Arn"],
            user["UserId"],
            self._read_inline_policies("User", name),
            self._read_managed_policies("User", name),
            *self._read_boundary(user),
            groups=tuple(groups),
            tags=_read_tags(user),
        )

    def read_role(self, name: str) -> LiveEntity:
        role = self._call("iam:GetRole", name, self.iam.get_role, RoleName=name)["Role"]
        return LiveEntity(
            role["Arn"],
            role["RoleId"],
            self._read_inline_policies("Role", name),
            self._read_managed_policies("Role", name),
            *self._read_boundary(role),
            trust_policy=role["AssumeRolePolicyDocument"],
            max_session_duration=role.get("MaxSessionDuration"),
            tags=_read_tags(role),
        )

    def read_group(self, name: str) -> LiveEntity:
        group = self._call("iam:GetGroup", name, self.iam.get_group, GroupName=name)["Group"]
        return LiveEntity(
            group["Arn"],
            group["GroupId"],
            self._read_inline_policies("Group", name),
            self._read_managed_policies("Group", name),
        )

    def _read_boundary(self, entity: Any) -> tuple[str | None, Document | None]:
        arn = entity.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return (arn, self._read_document(arn)) if arn else (None, None)

    def _read_inline_policies(self, kind: str, name: str) -> dict[str, Document]:
        lower, key = kind.lower(), {f"{kind}Name": name}
        with self._translate_read_errors(f"iam:List{kind}Policies", name):
            pages = self._paginate(f"list_{lower}_policies", key)
            names = [policy for page in pages for policy in page["PolicyNames"]]
        get: Callable[..., Any] = getattr(self.iam, f"get_{lower}_policy")
        permission = f"iam:Get{kind}Policy"
        return {
            policy: self._call(permission, name, get, **key, PolicyName=policy)["PolicyDocument"]
            for policy in names
        }

    def _read_managed_policies(self, kind: str, name: str) -> dict[str, Document]:
        with self._translate_read_errors(f"iam:ListAttached{kind}Policies", name):
            pages = self._paginate(f"list_attached_{kind.lower()}_policies", {f"{kind}Name": name})
            arns = [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]
        return {arn: self._read_document(arn) for arn in arns}

    def _read_document(self, arn: str) -> Document:
        policy = self._call("iam:GetPolicy", arn, self.iam.get_policy, PolicyArn=arn)["Policy"]
        version = self._call(
            "iam:GetPolicyVersion",
            arn,
            self.iam.get_policy_version,
            PolicyArn=arn,
            VersionId=policy["DefaultVersionId"],
        )
        document: Document = version["PolicyVersion"]["Document"]
        return document

    def _paginate(self, operation: Any, parameters: dict[str, str]) -> Iterator[Any]:
        paginator: Any = self.iam.get_paginator(operation)
        yield from paginator.paginate(**parameters)

    def _call(
        self, permission: str, resource: str, call: Callable[..., Any], **parameters: str
    ) -> Any:
        with self._translate_read_errors(permission, resource):
            return call(**parameters)

    @contextmanager
    def _translate_read_errors(self, permission: str, resource: str) -> Iterator[None]:
        with translate_errors(f"read {resource} ({permission})"):
            try:
                yield
            except botocore.exceptions.ClientError as error:
                if is_denied(error, self.aws):
                    raise UnreadableError(permission, resource) from None
                if get_error_code(error) == _NOT_FOUND:
                    raise _NotFoundError from None
                raise


def _read_tags(entity: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in entity.get("Tags", [])}


def is_denied(error: botocore.exceptions.ClientError, aws: AwsAccess) -> bool:
    """Whether the credentials, which STS has taken, may not call an operation of IAM.

    IAM calls the keys of GetSessionToken invalid if they were got without MFA:
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    """
    code = get_error_code(error)
    return code in DENIED or (code == "InvalidClientTokenId" and aws.is_temporary)
