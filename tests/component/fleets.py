"""Four accounts and the grants among them, and what each account's part of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.component.programs import IDS, fleet, provider, wide
from tests.component.world import CI

if TYPE_CHECKING:
    from collections.abc import Collection

PASS = {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
GROUPS = {"production": ["workloads"], "staging": ["workloads", "tests"]}
NAMES = IDS | {"ci": CI}
CI_ROLE = f"arn:aws:iam::{CI}:role/deployer"
GRANTS = {
    "read": wide(
        principals=[{"user": "alice"}, {"role": "deployer", "source": "ci"}],
        role={"managed_policies": ["ReadOnlyAccess"], "inline_policies": {"pass": PASS}},
    ),
    "write": wide(
        exclude=["tests"],
        principals=[{"user": "alice"}, {"group": "admins"}],
        role={"name": "writer", "path": "/x/"},
    ),
}
COMPONENT = {("MultiAccountAccess", "team", "project-stack", "")}
PARTS: dict[str, set[tuple[str, str, str, str]]] = {
    "people": {
        ("AssumeRoleGrant", "team-user-alice@people", "team", ""),
        ("Policy", "team-user-alice@people", "team-user-alice@people", "people"),
        ("UserPolicyAttachment", "team-user-alice@people", "team-user-alice@people", "people"),
        ("AssumeRoleGrant", "team-group-admins@people", "team", ""),
        ("Policy", "team-group-admins@people", "team-group-admins@people", "people"),
        (
            *("GroupPolicyAttachment", "team-group-admins@people"),
            *("team-group-admins@people", "people"),
        ),
    },
    "ci": {
        ("AssumeRoleGrant", "team-role-deployer@ci", "team", ""),
        ("Policy", "team-role-deployer@ci", "team-role-deployer@ci", "ci"),
        ("RolePolicyAttachment", "team-role-deployer@ci", "team-role-deployer@ci", "ci"),
    },
    "production": {
        ("TrustedRole", "team-read@production", "team", ""),
        ("Role", "team-read@production", "team-read@production", "production"),
        (
            *("RolePolicyAttachment", "team-read@production-aws-ReadOnlyAccess"),
            *("team-read@production", "production"),
        ),
        (
            *("RolePolicy", "team-read@production-inline-pass"),
            *("team-read@production", "production"),
        ),
        ("TrustedRole", "team-write@production", "team", ""),
        ("Role", "team-write@production", "team-write@production", "production"),
    },
    "staging": {
        ("TrustedRole", "team-read@staging", "team", ""),
        ("Role", "team-read@staging", "team-read@staging", "staging"),
        (
            *("RolePolicyAttachment", "team-read@staging-aws-ReadOnlyAccess"),
            *("team-read@staging", "staging"),
        ),
        ("RolePolicy", "team-read@staging-inline-pass", "team-read@staging", "staging"),
    },
}
LOOKUPS = {("getUser", "alice", "people"), ("getRole", "deployer", "ci")}
POLICY_LOOKUPS = {
    ("getPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess", account)
    for account in ("production", "staging")
}


def accounts(making: Collection[str], looking: Collection[str] = ()) -> dict[str, Any]:
    """All accounts; some with the provider that makes their part, some with one to look up with."""

    def settings(name: str) -> dict[str, Any]:
        keys: dict[str, Any] = {"groups": GROUPS.get(name, [])}
        if name in making:
            return keys | {"provider": provider(name)}
        given = {"lookup_provider": provider(name)} if name in looking else {}
        return keys | given | {"account_id": NAMES[name]}

    return {name: settings(name) for name in NAMES}


EVERYWHERE = fleet(GRANTS, accounts(set(NAMES)))
