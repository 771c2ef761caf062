"""What each half of a grant is expected to be, in the form in which it is compared to AWS."""

from collections.abc import Mapping, Sequence
from typing import Any

from cross_account_access.errors import SECRET
from cross_account_access.grants.documents import Document, GrantDocuments
from cross_account_access.iam.findings import AccountSide
from cross_account_access.iam.policy_normalization import normalize_policy, render_canonical

_EXTERNAL_ID = "sts:externalid"
_DEFAULT_SESSION_SECONDS = 3600


def build_expected_half(documents: GrantDocuments, half: AccountSide) -> Document:
    """Return what a grant's documents expect of one half."""
    if half == "source":
        return build_source_half(
            {f"{one.kind} {one.name}": one.needs for one in documents.principals}
        )
    role = documents.role
    return build_destination_half(
        trust_policy=role.trust_policy,
        inline_policies=role.inline_policies,
        managed_policies=role.managed_policies,
        permissions_boundary=role.permissions_boundary,
        max_session_duration=role.max_session_duration,
    )


def build_destination_half(
    *,
    trust_policy: Mapping[str, Any],
    inline_policies: Mapping[str, Mapping[str, Any]],
    managed_policies: Sequence[str],
    permissions_boundary: str | None,
    max_session_duration: int | None,
) -> Document:
    """Return the destination's half, the role: from a grant's documents, or as it is in AWS.

    Of external IDs only their number is in it: from its checksum, which isn't kept secret, a weak
    one could be guessed. An inline policy has another role's where it allows to assume that.
    """
    return {
        "trustPolicy": _normalize_masked(trust_policy),
        "inlinePolicies": {
            name: _normalize_masked(document) for name, document in inline_policies.items()
        },
        "managedPolicies": sorted(set(managed_policies)),
        "permissionsBoundary": permissions_boundary,
        "maxSessionDuration": max_session_duration or _DEFAULT_SESSION_SECONDS,
    }


def _normalize_masked(policy: Mapping[str, Any]) -> Document:
    """Return a policy in normal form with each external ID replaced."""
    normalized = normalize_policy(policy)
    masked = map(_mask_statement, normalized["Statement"])
    # Sorted again: the order so far is that of the external IDs.
    return normalized | {"Statement": sorted(masked, key=render_canonical)}


def _mask_statement(statement: Document) -> Document:
    condition = statement.get("Condition", {})
    masked = _mask_condition(condition)
    if masked == condition:
        return statement
    # The Sid of one of several statements has a digest of its conditions.
    return {key: value for key, value in statement.items() if key != "Sid"} | {"Condition": masked}


def _mask_condition(condition: Mapping[str, Any]) -> Document:
    return {
        operator: {
            key: [SECRET] * len(values) if key.lower() == _EXTERNAL_ID else values
            for key, values in keys.items()
        }
        for operator, keys in condition.items()
    }


def build_source_half(policies: Mapping[str, Mapping[str, Any] | None]) -> Document:
    """Return the source's half: each principal's policy for the role.

    Args:
        policies: By the principal's kind and name, `user team/x`; None where it has no such policy.
    """
    return {
        principal: normalize_policy(document) if document else None
        for principal, document in policies.items()
    }
