"""Managed and inline policies: documents, sizes, names, versions, attachments, deletion."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cross_account_access.iam import limits, quotas
from sandbox.aws import policy_parsing
from sandbox.aws.entities import check_quota
from sandbox.aws.moto_accounts import Entity, get_boundary_arn
from sandbox.aws.query_protocol import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cross_account_access.iam.policy_grammar import PolicyKind
    from sandbox.aws.iam_request import Check, IamRequest

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
POLICY_SIZE = 6144
POLICIES = 1500
INLINE_SIZES: Mapping[str, int] = {"user": 2048, "group": 5120, "role": 10240}
ATTACHMENTS: Mapping[str, quotas.Quota] = {
    "user": quotas.POLICIES_PER_USER,
    "group": quotas.POLICIES_PER_GROUP,
    "role": quotas.POLICIES_PER_ROLE,
}

# What moto gets in a document's place: its own validator refuses what AWS takes.
_PLACEHOLDER = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
)


def _get_holder(request: IamRequest, kind: str) -> Entity:
    return {"user": request.get_user, "group": request.get_group, "role": request.get_role}[kind]()


# Documents


def check_create_policy(request: IamRequest) -> None:
    name = request.get("PolicyName")
    customer_managed = [
        policy
        for arn, policy in request.iam.managed_policies.items()
        if not arn.startswith(request.accounts.aws_policy_prefix)
    ]
    # moto compares ARNs, and so takes a second policy of that name in another path or case.
    if any(policy.name.lower() == name.lower() for policy in customer_managed):
        text = f"A policy called {name} already exists. Duplicate names are not allowed."
        raise AwsError("EntityAlreadyExists", text)
    check_quota("PoliciesPerAccount", POLICIES, len(customer_managed))
    text = _check_document(request, POLICY_SIZE)
    arn = (
        f"arn:{request.accounts.partition}:iam::{request.account}:policy"
        f"{request.get('Path') or '/'}{name}"
    )
    request.then(lambda: _keep_text(request.iam.managed_policies[arn], text))


def check_create_version(request: IamRequest) -> None:
    policy = _get_own_policy(request)
    text = _check_document(request, POLICY_SIZE)
    request.then(lambda: _keep_text(policy, text))


def _check_document(request: IamRequest, most: int) -> str:
    text = _replace_document(request, "managed")
    if limits.count_characters(text) > most:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for PolicySize: {most}")
    return text


def _replace_document(request: IamRequest, kind: PolicyKind) -> str:
    """Return the document, checked, in whose place moto gets another one."""
    text = request.get("PolicyDocument")
    policy_parsing.parse(text, kind)
    request.params["PolicyDocument"] = _PLACEHOLDER
    return text


def _keep_text(policy: Entity, text: str) -> None:
    policy.versions[-1].document = text


def build_inline_policy_check(kind: str) -> Check:
    """The check of Put{User,Group,Role}Policy."""

    def check(request: IamRequest) -> None:
        holder, name = _get_holder(request, kind), request.get("PolicyName")
        text = _replace_document(request, "inline")
        total = sum(
            limits.count_characters(other) for key, other in holder.policies.items() if key != name
        )
        if total + limits.count_characters(text) > INLINE_SIZES[kind]:
            raise AwsError(
                "LimitExceeded",
                f"Maximum policy size of {INLINE_SIZES[kind]} bytes exceeded "
                f"for {kind} {holder.name}",
            )
        request.then(lambda: holder.policies.update({name: text}))

    return check


# Attachments


def build_attachment_check(kind: str) -> Check:
    """The check of Attach{User,Group,Role}Policy."""

    def check(request: IamRequest) -> None:
        holder, arn = _get_holder(request, kind), request.get("PolicyArn")
        if arn in holder.managed_policies:
            # Attaching twice is no error, and moto would count it twice.
            request.answer()
            return
        if request.accounts.find_managed_policy(request.account, arn) is None:
            raise AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
        quota = request.get_quota(ATTACHMENTS[kind])
        check_quota(f"PoliciesPer{kind.title()}", quota, len(holder.managed_policies))

    return check


def check_delete_policy(request: IamRequest) -> None:
    policy = _get_own_policy(request)
    holders = (
        *request.iam.users.values(),
        *request.iam.groups.values(),
        *request.iam.roles.values(),
    )
    if any(
        policy.arn in holder.managed_policies or get_boundary_arn(holder) == policy.arn
        for holder in holders
    ):
        raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise AwsError(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete "
            "the policy's versions. The default version is deleted with the policy.",
        )


def _get_own_policy(request: IamRequest) -> Entity:
    """The account's own managed policy that the call is about."""
    arn = request.get("PolicyArn")
    if arn.startswith(request.accounts.aws_policy_prefix):
        who = f"User: {request.identity.arn} is not authorized to perform: iam:{request.action}"
        raise AwsError("AccessDenied", f"{who} on resource: policy {arn.rpartition('/')[2]}")
    policy = request.iam.managed_policies.get(arn)
    if policy is None:
        raise AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    return policy


def load_aws_policies(request: IamRequest) -> None:
    """Let AWS's managed policies be there before they are listed."""
    if request.get("Scope") != "Local":
        request.accounts.load_all_aws_policies(request.account)
