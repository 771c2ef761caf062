"""Resources that a killed update was creating: nobody recorded whether AWS made them.

The engine would create them again: a role would be refused, for there is one, and a policy would
stay in the account for ever, for its name is new each time. What a resource's ID would be is known
from its inputs, so that AWS is asked.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cross_account_access.cli.terminal import Failure

_DOCUMENTS = {"aws:iam/role:Role": "assumeRolePolicy", "aws:iam/policy:Policy": "policy"}
_ATTACHMENTS = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "role",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "user",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "group",
}
_IMPORTED = {*_DOCUMENTS, *_ATTACHMENTS, "aws:iam/rolePolicy:RolePolicy"}
_PARTITION = re.compile(r"arn:(aws[a-z-]*):iam::\d{12}:")


def has_unrecorded(deployment: Mapping[str, Any]) -> bool:
    """Whether a state has resources of which nobody knows whether they were made."""
    return bool(_list_creating(deployment) or list_unconfirmed(deployment))


def adopt_pending_creates(deployment: dict[str, Any], account_id: str | None) -> None:
    """Put the resources that were being created into a state, as if they had been.

    A refresh then asks AWS, and takes those away that don't exist.

    Args:
        deployment: The state, which is changed.
        account_id: The stack's account.

    Raises:
        Failure: If a resource's ID can't be known.
    """
    partition = _find_partition(deployment)
    for resource in _list_creating(deployment):
        import_id = _build_import_id(resource, account_id, partition)
        if import_id is None:
            continue
        for other in deployment["resources"]:
            if other["urn"] == resource["urn"]:
                other["delete"] = True  # what it replaces
        deployment["resources"].append({**resource, "id": import_id, "outputs": {}})
    deployment["pending_operations"] = []


def list_unconfirmed(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources that were put into a state, and about which AWS wasn't asked yet."""
    return [
        resource
        for resource in deployment.get("resources") or []
        if resource["type"] in _IMPORTED and resource.get("id") and not resource.get("outputs")
    ]


def find_strangers(
    unconfirmed: Iterable[Mapping[str, Any]], refreshed: Mapping[str, Any]
) -> list[str]:
    """The resources that aren't the stack's: they were in the account before it.

    Args:
        unconfirmed: What was put into the state, its secrets in plain text.
        refreshed: The state after the refresh, likewise.

    Returns:
        Their URNs.
    """
    found = {
        resource["urn"]: resource.get("outputs") or {}
        for resource in refreshed.get("resources") or []
        if not resource.get("delete")
    }
    return [
        resource["urn"]
        for resource in unconfirmed
        if (key := _DOCUMENTS.get(resource["type"])) and resource["urn"] in found
        if not _is_same(resource["inputs"].get(key), found[resource["urn"]].get(key))
    ]


def _list_creating(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    operations = deployment.get("pending_operations") or []
    return [one["resource"] for one in operations if one.get("type") == "creating"]


def _build_import_id(
    resource: Mapping[str, Any], account_id: str | None, partition: str
) -> str | None:
    """The ID by which Pulumi imports a resource of ours; None for what AWS doesn't keep.

    Source: the section Import of each resource's page, such as
    https://www.pulumi.com/registry/packages/aws/api-docs/iam/policy/#import
    """
    match resource["type"], resource["inputs"]:
        case "aws:iam/role:Role", {"name": str(name)}:
            return name
        case "aws:iam/policy:Policy", {"name": str(name), **others}:
            if account_id is None:
                raise Failure(
                    f"nobody knows whether the policy {name} was made when an update was killed",
                    remedy="Set the account's `accountId` in the access file, and run it again.",
                )
            return f"arn:{partition}:iam::{account_id}:policy{others.get('path') or '/'}{name}"
        case "aws:iam/rolePolicy:RolePolicy", {"role": str(role), "name": str(name)}:
            return f"{role}:{name}"
        case str(kind), {"policyArn": str(policy), **others} if kind in _ATTACHMENTS:
            holder = others.get(_ATTACHMENTS[kind])
            return f"{holder}/{policy}" if isinstance(holder, str) else None
        case _:
            return None


def _find_partition(deployment: Mapping[str, Any]) -> str:
    match = _PARTITION.search(json.dumps(deployment))
    return match[1] if match else "aws"


def _is_same(one: object, other: object) -> bool:
    """Whether two policy documents are the same, however they are written."""
    try:
        return bool(json.loads(str(one)) == json.loads(str(other)))
    except ValueError:
        return one == other
