"""Every kind of grant in one stack, what `pulumi up` makes of it, and its handoffs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import yaml
from click.testing import CliRunner

import stack_config
from cross_account_access.cli.main import cli
from cross_account_access.grants.documents import GrantDocuments, build_grant_documents
from cross_account_access.iam.policy_normalization import normalize_policy
from tests.sandbox.commands import DESTINATION, ROOT, SOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from types_boto3_iam import IAMClient

    from tests.cli.conftest import Stage

_FILES = (
    "Pulumi.dev.yaml",
    "examples/grants/Pulumi.principals.yaml",
    "examples/grants/Pulumi.conditions.yaml",
)
SIDES = ("source", "destination")

# All that a role can have, with what shells, YAML, CloudFormation and Terraform would interpret.
RICH = {
    "principals": [{"user": "alice"}, {"role": "team/ci"}, {"session": "ci/release"}],
    "role": {
        "name": "rich-role",
        "path": "/delivery/x/",
        "description": (
            "https://wiki.example/${not} %{if} 'q' \"dq\" $(touch x) `y` \\ é\nsecond line"
        ),
        "managedPolicies": ["PowerUserAccess", "job-function/ViewOnlyAccess"],
        "permissionsBoundary": "PowerUserAccess",
        "maxSessionDuration": 7200,
        "sessionsIssuedAfter": "2026-11-27T10:00:00Z",
        "tags": {"owner": "plat form", "note": "x=1 / é", "yes": "no", "version": "1.10"},
        "inlinePolicies": {
            "own-things": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "s3:*",
                        "Resource": "arn:aws:s3:::things/${aws:username}/*",
                        "Condition": {
                            "StringNotLike": {
                                "aws:UserAgent": ["%{x}*", "a<b>&c", "$(touch x)'\"\\"]
                            },
                            "NumericLessThan": {"aws:MultiFactorAuthAge": 3600},
                            "Bool": {"aws:SecureTransport": True},
                        },
                    }
                ],
            },
            "second.one": {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"},
            },
        },
    },
    "conditions": {"externalId": "rich:4711", "previousExternalId": "rich-0815"},
}
# Tags whose keys have spaces, and what YAML, shells and Terraform would read as something else.
TAGGED = {
    "principals": [{"user": "dora"}],
    "conditions": {
        "principalTags": {"Cost Center: é": ["7", "x y"]},
        "sessionTags": {"on - off": ["yes"], "a = b": ["1e3", "no: @"]},
        "transitiveTagKeys": ["on - off"],
    },
}


def grants() -> dict[str, Any]:
    """The dev stack's grants, those of examples/grants, and one with all that a role can have."""
    found: dict[str, Any] = {}
    for name in _FILES:
        # In one account a role has one path.
        text = (ROOT / name).read_text(encoding="utf-8").replace("role: ci", "role: team/ci")
        found |= yaml.safe_load(text)["config"]["cross-account-access:grants"]
    itself = {"principals": [{"user": "alice"}], "role": {"selfAssuming": True}}
    return {**found, "rich": RICH, "tagged": TAGGED, "itself": itself}


GRANTS = grants()
# What the forms differ by: the kinds of holders, several principals, all that a role can have.
DEPLOYED = {
    name: GRANTS[name]
    for name in (
        *("by-name", "group", "account", "all-but-some", "principal-tags", "mixed", "rich"),
        "itself",
    )
}


def records(side: Literal["both", "source", "destination"] = "both") -> dict[str, GrantDocuments]:
    """What a stack of these grants tells of each, but for what AWS alone knows."""
    config = {
        "source": {"accountId": SOURCE},
        "destination": {"accountId": DESTINATION},
        "grants": GRANTS,
    }
    accounts = {"partition": "aws", "source": SOURCE, "destination": DESTINATION}
    return {
        name: build_grant_documents(name, grant, side=side, tags=grant.role.tags, **accounts)
        for name, grant in stack_config.check(config).grants.items()
    }


@dataclass(frozen=True)
class Made:
    """What two accounts have."""

    roles: dict[str, Any]
    """The destination's roles with all their settings, by name."""
    rights: dict[tuple[str, str], list[Any]]
    """The source's policy documents, normalized, by the holder's kind and name."""

    def reach(self, holder: tuple[str, str]) -> set[tuple[str, str]]:
        """What a principal may do on which role."""
        return {
            (action, resource)
            for document in self.rights.get(holder, [])
            for statement in document["Statement"]
            for action in statement["Action"]
            for resource in statement["Resource"]
        }


def made(stage: Stage) -> Made:
    """Read from IAM all that stands."""
    roles = {
        role["RoleName"]: role_of(stage.destination, role["RoleName"])
        for role in list_own_roles(stage.destination)
    }
    holders: set[tuple[str, str]] = {
        ("role", role["RoleName"]) for role in list_own_roles(stage.source)
    }
    holders |= {("user", user["UserName"]) for user in stage.source.list_users()["Users"]}
    holders |= {("group", group["GroupName"]) for group in stage.source.list_groups()["Groups"]}
    return Made(roles, {holder: rights_of(stage.source, *holder) for holder in sorted(holders)})


def list_own_roles(iam: IAMClient) -> list[Any]:
    pages = iam.get_paginator("list_roles").paginate()
    found: list[Any] = [role for page in pages for role in page["Roles"]]
    # Those are the proof's.
    return [role for role in found if not role["RoleName"].startswith("sandbox-")]


def role_of(iam: Any, name: str) -> dict[str, Any]:
    """A role with all its settings."""
    role = iam.get_role(RoleName=name)["Role"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return {
        "arn": role["Arn"],
        "description": role.get("Description") or "",
        "maxSessionDuration": role["MaxSessionDuration"],
        "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tags": {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        "trust": normalize_policy(role["AssumeRolePolicyDocument"]),
        "managed": sorted(policy["PolicyArn"] for policy in attached),
        "inline": {
            policy: normalize_policy(
                iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            )
            for policy in sorted(inline)
        },
    }


def rights_of(iam: Any, kind: str, name: str) -> list[Any]:
    """The documents of the managed policies attached to a user, role or group, normalized."""
    listed = getattr(iam, f"list_attached_{kind}_policies")(**{f"{kind.capitalize()}Name": name})
    documents = []
    for policy in listed["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)[
            "PolicyVersion"
        ]["Document"]
        documents.append(normalize_policy(found))
    return documents


def record(stage: Stage, grant: str) -> GrantDocuments:
    """What the stack tells of a grant."""
    return GrantDocuments.model_validate_json(stage.grants[grant]["documents"])


def hand_off(outputs: Path, to: Path, *args: str) -> Any:
    """Run `handoff --json` in this process; returns what it tells."""
    done = CliRunner().invoke(
        cli, ["handoff", *args, "--outputs", str(outputs), "--to", str(to), "--json"]
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)
