"""Bad config: quotas that AWS can't have raised so far, and grants beyond them."""

from __future__ import annotations

from typing import Any

from tests.unit.config.bad_config import Bad, BadFile, BadFleet

TRUST, USER, ROLE = (
    f"limits.{key}" for key in ("trustPolicyCharacters", "policiesPerUser", "policiesPerRole")
)
PRINCIPALS = "grants.deploy.principals"
POLICIES = "grants.deploy.role.managedPolicies"


def users(count: int) -> list[dict[str, Any]]:
    return [{"user": f"user-{number:03}"} for number in range(count)]


def policies(count: int) -> list[str]:
    return [f"AmazonP{number}" for number in range(count)]


LIMITS = [
    Bad("a shorter trust policy than AWS's", "trust-policy-quota-out-of-range", {TRUST: 2047}),
    Bad("a longer trust policy than AWS's", "trust-policy-quota-out-of-range", {TRUST: 8193}),
    Bad("a trust policy's length in quotes", "trust-policy-quota-not-integer", {TRUST: "4096"}),
    Bad("a trust policy's length that is true", "trust-policy-quota-not-integer", {TRUST: True}),
    Bad("a trust policy's length that is null", "null-value", {TRUST: None}),
    Bad("no policy for a user", "user-quota-of-policies-out-of-range", {USER: 0}),
    Bad("21 policies for a user", "user-quota-of-policies-out-of-range", {USER: 21}),
    Bad("a user's policies in words", "user-quota-of-policies-not-integer", {USER: "ten"}),
    Bad("no policy for a role", "role-quota-of-policies-out-of-range", {ROLE: 0}),
    Bad("26 policies for a role", "role-quota-of-policies-out-of-range", {ROLE: 26}),
    Bad("a half policy for a role", "role-quota-of-policies-not-integer", {ROLE: 12.5}),
    Bad("a group's quota, which isn't raised", "unknown-key", {"limits.policiesPerGroup": 11}),
    Bad("limits in a list", "not-object", {"limits": [{"policiesPerUser": 12}]}),
    Bad("limits that are null", "null-value", {"limits": None}),
    Bad("a misspelt limit", "unknown-key", {"limits.policiesPerUsers": 12}),
    Bad("the former key of both quotas", "unknown-key", {"policiesPerPrincipal": 20}),
    Bad("the former key among the limits", "unknown-key", {"limits.policiesPerPrincipal": 20}),
    BadFile("the former key in a file", "unknown-key", {"policiesPerPrincipal": 20}),
    BadFile(
        "limits in the config and in the file",
        "key-in-config-and-file",
        {TRUST: 4096},
        "cross-account-access:limits",
        own={"limits": {"policiesPerUser": 12}},
    ),
    BadFile("a file's limit out of range", "user-quota-of-policies-out-of-range", {USER: 21}),
    Bad(
        "more principals than AWS's longest trust policy holds",
        "trust-policy-too-long",
        {PRINCIPALS: users(200), TRUST: 8192},
    ),
    Bad(
        "more principals than the trust policy holds that is set",
        "trust-policy-too-long",
        {PRINCIPALS: users(120), TRUST: 4096},
    ),
    BadFleet(
        "more principals of many accounts than a trust policy holds",
        "trust-policy-too-long",
        {PRINCIPALS: users(60)},
    ),
    Bad(
        "more policies of a role than are set",
        "too-many-managed-policies",
        {POLICIES: policies(13), ROLE: 12},
    ),
    Bad(
        "more policies of a role than AWS's default, which is set",
        "too-many-managed-policies",
        {POLICIES: policies(11), ROLE: 10},
    ),
    BadFleet(
        "more policies of a role in many accounts than are set",
        "too-many-managed-policies",
        {POLICIES: policies(6), ROLE: 5},
    ),
]
