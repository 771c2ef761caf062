"""Which roles a source's policy is about: by their ARNs, or by names and accounts."""

from collections.abc import Iterator, Mapping
from typing import Any

from cross_account_access.errors import Refusal
from cross_account_access.iam.limits import check_account_id
from cross_account_access.iam.policy_document import list_conditions, list_statements, list_values

from .roles import check_role_arn

_ANY_ACCOUNT = ":iam::*:role/"
_RESOURCE_ACCOUNT = "aws:resourceaccount"


def list_policy_roles(policy: Mapping[str, Any]) -> set[str]:
    """List the ARNs of the roles in a policy's statements, whatever these say of them.

    Where an ARN has * for the account, the statement's condition names the accounts:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount

    Raises:
        Refusal: If a resource is no role, or a role of any account at all.
    """
    return {role for statement in list_statements(policy) for role in _list_roles(statement)}


def _list_roles(statement: Mapping[str, Any]) -> Iterator[str]:
    for resource in list_values(statement.get("Resource", "NotResource")):
        if _ANY_ACCOUNT not in resource:
            yield check_role_arn(resource)
            continue
        for account in _list_accounts(statement):
            yield check_role_arn(resource.replace(_ANY_ACCOUNT, f":iam::{account}:role/", 1))


def _list_accounts(statement: Mapping[str, Any]) -> list[str]:
    conditions = list_conditions(statement.get("Condition", {}))
    if [(one.operator, one.key.lower()) for one in conditions] != [
        ("StringEquals", _RESOURCE_ACCOUNT)
    ]:
        raise Refusal(
            "must have exactly the condition StringEquals aws:ResourceAccount, for it names roles "
            "of any account",
            code="roles-of-any-account",
            where=("Condition",),
        )
    return [check_account_id(account) for account in conditions[0].values]
