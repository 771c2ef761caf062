"""What AWS adds to the inputs of a resource that a program makes, reads or imports."""

import hashlib
from collections.abc import Mapping
from typing import Any

from pulumi.runtime import mocks

from .mock_account import IamLookups, make_unique_id

_UNIQUE_ID_KEYS = {
    "group": "uniqueId",
    "policy": "policyId",
    "role": "uniqueId",
    "user": "uniqueId",
}


def add_outputs(
    args: mocks.MockResourceArgs, inputs: Mapping[str, Any], lookups: IamLookups | None
) -> tuple[str, dict[str, Any]]:
    """Return the ID of a resource, and the outputs that AWS adds to its inputs.

    Args:
        args: What the program registers or reads.
        inputs: Its inputs, secrets as plain values.
        lookups: Its account; None where that isn't known.

    Raises:
        LookupError: If it is read, and isn't there.
    """
    own_id = args.resource_id or f"{args.name}_id"
    if lookups is None or not args.typ.startswith("aws:"):
        return own_id, {}
    service, kind = args.typ.split(":")[1].partition("/")[0], args.typ.rpartition(":")[2].lower()
    if service == "iam" and kind in _UNIQUE_ID_KEYS:
        name, path = inputs.get("name") or _generate_name(args), inputs.get("path")
        if args.resource_id:
            found = lookups.get(kind, args.resource_id.rpartition("/")[2])
            name, path = found.name, found.path
        arn = lookups.account.build_arn(kind, name, path or "/")
        added = {"name": name, "arn": arn, _UNIQUE_ID_KEYS[kind]: make_unique_id(arn)}
        return (arn if kind == "policy" else name), added
    account = lookups.account
    if kind == "openidconnectprovider":
        url = inputs.get("url", own_id).removeprefix("https://")
        arn = f"arn:{account.partition}:iam::{account.id}:oidc-provider/{url}"
        return arn, {"arn": arn}
    arn = f"arn:{account.partition}:{service}:us-east-1:{account.id}:{kind}/{args.name}"
    return own_id, {"arn": arn}


def _generate_name(args: mocks.MockResourceArgs) -> str:
    """Generate a name as Pulumi does, but the same each time."""
    return f"{args.name}-{hashlib.sha256(f'{args.typ} {args.name}'.encode()).hexdigest()[:7]}"
