"""The destination's role: its settings and their checks."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import PlainValidator, model_validator

from cross_account_access.errors import FieldPath, Key, Refusal, locate
from cross_account_access.iam import arns, limits
from cross_account_access.iam.identity_policy import check_identity_policy
from cross_account_access.iam.policy_document import list_statements, to_list
from cross_account_access.iam.quotas import POLICIES_PER_ROLE, Quota

from .account_limits import check_policies_of_role, find_warning_of_policies
from .condition_values import check_known_tags
from .conditions import ASSUME_ROLE
from .generated_policies import RoleWithGenerated
from .model import Unresolved, find_unsafe_text, plain, when_known

# AWS's own policies at the path job-function/. Source:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html
_JOB_FUNCTION = re.compile(
    r"AmazonODB\w+Admin|AWSManagementConsoleAdministratorAccess|Billing|DataScientist|SupportUser"
    r"|(Database|Network|System)Administrator|ViewOnlyAccess",
    re.ASCII,
)
# What nearly all names of AWS's own policies have in them.
_NAMED_AS_AWS_DOES = re.compile(
    r"AWS|Aws|Amazon|Access|ReadOnly|ReadWrite|SecurityAudit|^(AIOps|CloudWatch|EC2|IAM|SageMaker)"
)

Tags = dict[str, Any]
"""Values by tag key; an `Unresolved` for one that isn't known."""


def check_managed_policy(value: object) -> str:
    """Check a managed policy: an ARN, or the name of one of AWS's, with its path if it has one."""
    if not isinstance(value, str):
        raise Refusal(
            "must be the name of one of AWS's managed policies, or a managed policy's ARN",
            code="invalid-managed-policy",
        )
    if value.startswith("arn:"):
        return check_managed_policy_arn(value)
    path, name = arns.split_path(value)
    limits.POLICY_PATH(path)
    limits.POLICY_NAME(name)
    _check_path_of_aws(path, name, "")
    return value


def _check_path_of_aws(path: str, name: str, start: str) -> None:
    """Check the path of one of AWS's own policies.

    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
    """
    if path.startswith("/aws-service-role/"):
        raise Refusal(
            "must not be a policy of a service-linked role, which AWS attaches to that alone",
            code="service-linked-policy",
        )
    if path == "/" and _JOB_FUNCTION.fullmatch(name):
        raise Refusal(
            "a policy of AWS's own must have its path",
            code="managed-policy-without-path",
            remedy=f"Write {start}job-function/{name}",
        )


def check_managed_policy_arn(value: object) -> str:
    """Check a managed policy's ARN."""
    arn = arns.parse_arn(value) if isinstance(value, str) else None
    if arn is None or arn.kind != "policy":
        raise Refusal(
            "must be a managed policy's ARN, arn:aws:iam::ACCOUNT:policy/NAME, where ACCOUNT is "
            "aws for AWS's own",
            code="invalid-managed-policy-arn",
        )
    limits.POLICY_PATH(arn.path)
    limits.POLICY_NAME(arn.name)
    if arn.account == "aws":
        _check_path_of_aws(arn.path, arn.name, f"arn:{arn.partition}:iam::aws:policy/")
    return str(arn)


def check_role_arn(value: object) -> str:
    """Check a role's ARN."""
    arn = arns.parse_arn(value) if isinstance(value, str) else None
    if arn is None or arn.kind != "role" or arn.account == "aws":
        session_of = arns.find_role_of_session(value) if isinstance(value, str) else None
        remedy = f"This is a role session; use its role's ARN, {session_of} with the role's path"
        raise Refusal(
            "must be a role's ARN, arn:aws:iam::ACCOUNT:role/NAME",
            code="invalid-role-arn",
            remedy=remedy if session_of else "",
        )
    limits.check_path(arn.path)
    limits.ROLE_NAME(arn.name)
    return str(arn)


def is_of_aws(policy: str) -> bool:
    """Whether a checked managed policy is one of AWS's own."""
    arn = arns.parse_arn(policy)
    return arn is None or arn.account == "aws"


def refuse_missing_policy() -> Refusal:
    """The refusal of a managed policy that AWS doesn't have."""
    return Refusal(
        "must be a managed policy that AWS has",
        code="missing-managed-policy",
        remedy="Correct the name; it is case-sensitive, and a path such as job-function/ belongs "
        "to it. List them all: aws iam list-policies --scope AWS --query 'Policies[].Arn'",
    )


def resolve_policy_arn(policy: str, partition: str | None, account: str) -> str:
    """Get the ARN of a checked managed policy, for a role in `account`.

    Args:
        policy: The policy.
        partition: The account's partition; None where it isn't known.
        account: The account's ID.

    Raises:
        Refusal: If the policy is in another account or partition.
    """
    arn = arns.parse_arn(policy) or arns.IamArn(
        partition or "aws", "aws", "policy", *arns.split_path(policy)
    )
    if partition not in (None, arn.partition):
        own = f"Use the ARN of one that starts with arn:{partition}:"
        name = f"{arn.path}{arn.name}".removeprefix("/")
        raise Refusal(
            f"must be in the role's partition, {partition}",
            code="policy-in-other-partition",
            value=policy,
            remedy=f"Use its name alone: {name}" if arn.account == "aws" else own,
        )
    if arn.account not in {"aws", account}:
        raise Refusal(
            f"must be AWS's own policy or one in the role's account, {account}",
            code="policy-in-other-account",
            value=policy,
        )
    return str(arn)


def build_attachment_key(policy: str) -> str:
    """Build the key in the name of a checked managed policy's attachment."""
    arn = arns.parse_arn(policy)
    if arn is None:
        return f"aws-{arns.split_path(policy)[1]}"
    return f"{'aws' if arn.account == 'aws' else 'own'}-{arn.name}"


def _check_known_policy(value: object) -> Any:
    if not has_unresolved(value):
        check_inline_policy(value)
    return value


def check_inline_policy(value: object, partition: str | None = None) -> str:
    """Check an inline policy, an object or JSON text, and render it in one form.

    Args:
        value: The policy.
        partition: The partition of the role's account; None where it isn't known.

    Raises:
        Refusal: If AWS would refuse it, or if its text isn't safe to show.
    """
    document = check_identity_policy(value)
    policy = json.loads(document)
    for refusal in find_unsafe_text(policy):
        raise refusal
    if partition:
        _check_partition_of_resources(policy, partition)
    return document


def _check_partition_of_resources(policy: Mapping[str, Any], partition: str) -> None:
    resources = (
        (("Statement", number, key), resource)
        for number, statement in enumerate(list_statements(policy))
        for key in ("Resource", "NotResource")
        for resource in to_list(statement.get(key, []))
    )
    for where, resource in resources:
        named = re.match("arn:(aws[a-z-]*):", resource, re.ASCII)
        if named and named[1] != partition:
            raise Refusal(
                f"must be in the role's partition, {partition}",
                code="resource-in-other-partition",
                where=where,
                value=resource,
                remedy=f"Write arn:{partition}:",
            )


def has_unresolved(value: object) -> bool:
    """Whether a document holds an unknown value."""
    if isinstance(value, Mapping):
        return any(map(has_unresolved, value.values()))
    if isinstance(value, list):
        return any(map(has_unresolved, value))
    return isinstance(value, Unresolved)


def _check_listed_policy(value: object) -> str:
    if isinstance(value, Unresolved):
        raise Refusal(
            "must be plain, because its attachment is named after it",
            code="output-not-allowed",
            remedy="Put an Output under a label of its own: managed_policy_arns "
            "(managedPolicyArns in config)",
        )
    return check_managed_policy(value)


class RoleModel(RoleWithGenerated):
    """The destination's role; `args.RoleSettings` says what each key means."""

    description: Annotated[str | Unresolved | None, when_known(limits.DESCRIPTION)] = None
    max_session_duration: Annotated[int | None, plain(limits.MAX_SESSION_DURATION)] = None
    managed_policies: list[Annotated[str, PlainValidator(_check_listed_policy)]] = []
    managed_policy_arns: dict[
        Annotated[str, plain(limits.LABEL)],
        Annotated[str | Unresolved, when_known(check_managed_policy_arn)],
    ] = {}
    inline_policies: dict[
        Annotated[str, plain(limits.POLICY_NAME)], Annotated[Any, when_known(_check_known_policy)]
    ] = {}
    permissions_boundary: Annotated[str | Unresolved | None, when_known(check_managed_policy)] = (
        None
    )
    tags: Annotated[Tags, plain(check_known_tags)] = {}

    @model_validator(mode="after")
    def _check_policies(self) -> "RoleModel":
        self._check_attachments()
        self.check_inline_names()
        self.check_inline_size()
        return self

    def check_inline_size(
        self, role_arn: str | None = None, actions: tuple[str, ...] = (ASSUME_ROLE,)
    ) -> None:
        """Check that the inline policies, as far as they are known, aren't too long together.

        The arguments are those of `build_generated_policies`.
        """
        generated = self.build_generated_policies(role_arn, actions)
        known = [
            check_identity_policy(policy)
            for policy in (*self.inline_policies.values(), *generated.values())
            if not has_unresolved(policy)
        ]
        size = sum(map(limits.count_characters, known))
        if size > limits.ROLE_INLINE_POLICIES_QUOTA:
            raise Refusal(
                f"a role's inline policies must have at most {limits.ROLE_INLINE_POLICIES_QUOTA} "
                "characters together, white space not counted",
                code="inline-policies-too-long",
                remedy="Make one of them a managed policy",
                where=(Key("inline_policies"),),
                value=size,
            )

    def _check_attachments(self) -> None:
        check_policies_of_role(self.number_of_policies, POLICIES_PER_ROLE.at_maximum)
        seen: set[str] = set()
        for where, policy in self._list_attached():
            if (key := build_attachment_key(policy)) in seen:
                raise Refusal(
                    "a policy must be attached only once",
                    code="repeated-managed-policy",
                    where=where,
                    value=policy,
                )
            seen.add(key)

    @property
    def number_of_policies(self) -> int:
        """How many managed policies are attached."""
        return len(self.managed_policies) + len(self.managed_policy_arns)

    def _list_attached(self) -> Iterator[tuple[FieldPath, str]]:
        """Each known policy that is attached, with its path."""
        for position, policy in enumerate(self.managed_policies):
            yield (Key("managed_policies"), position), policy
        for label, arn in self.managed_policy_arns.items():
            if isinstance(arn, str):
                yield (Key("managed_policy_arns"), label), arn

    def find_warnings(self, quota: Quota) -> Iterator[tuple[FieldPath, str]]:
        """Find what AWS may refuse of the managed policies and the boundary, each with its path."""
        if warning := find_warning_of_policies(self.number_of_policies, quota):
            yield (Key("managed_policies"),), warning
        yield from self.find_time_warnings()
        for where, policy in self.list_known_policies():
            if policy.startswith("arn:") or arns.split_path(policy)[0] != "/":
                continue
            if policy.endswith("Role"):
                warning = f"AWS's policies for service roles are at service-role/{policy}"
                yield where, f"{policy} means AWS's own policy without a path; {warning}"
            elif not _NAMED_AS_AWS_DOES.search(policy):
                warning = "for one of the account write its ARN, arn:aws:iam::ACCOUNT:policy/NAME"
                yield where, f"{policy} means AWS's own policy of that name; {warning}"

    def list_known_policies(self) -> Iterator[tuple[FieldPath, str]]:
        """List every known managed policy, the boundary too, with its path."""
        yield from self._list_attached()
        if isinstance(self.permissions_boundary, str):
            yield (Key("permissions_boundary"),), self.permissions_boundary

    def check_account(self, account: str, partition: str | None) -> None:
        """Check that the known policies are AWS's or in the role's account and its partition.

        Args:
            account: The role's account.
            partition: The account's partition; None where it isn't known.

        Raises:
            Refusal: If one is in another account or partition.
        """
        for path, policy in self.list_known_policies():
            with locate(*path):
                resolve_policy_arn(policy, partition, account)
        for name, policy in self.inline_policies.items():
            with locate(Key("inline_policies"), name):
                if not has_unresolved(policy):
                    check_inline_policy(policy, partition)


def merge_tags(common: Tags, own: Tags) -> Tags:
    """Merge a role's tags: its own replace the common ones of the same key, ignoring case.

    Raises:
        Refusal: If both together are too many.
    """
    named = {key.lower() for key in own}
    return check_known_tags(
        {key: value for key, value in common.items() if key.lower() not in named} | dict(own)
    )
