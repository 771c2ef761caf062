"""A program that uses the whole public API; it is never run, only type-checked: by mypy and by
pyright."""

from typing import assert_type

import pulumi
import pulumi_aws as aws

from cross_account_access import (
    AccountSettings,
    AssumeRoleGrant,
    AssumeRoleGrantArgs,
    Conditions,
    CrossAccountAccess,
    CrossAccountAccessArgs,
    CrossAccountAccessError,
    Grant,
    GrantOutputs,
    InvalidArgs,
    InvalidInput,
    Limits,
    MultiAccountAccess,
    MultiAccountAccessArgs,
    Principal,
    Problem,
    RoleSettings,
    Side,
    TrustBy,
    TrustedRole,
    TrustedRoleArgs,
)

source = aws.Provider("source", profile="people", region="us-east-1")
destination = aws.Provider("destination", profile="production", region="us-east-1")
alice = aws.iam.User("alice", opts=pulumi.ResourceOptions(provider=source))

conditions: Conditions = {
    "external_id": pulumi.Output.secret("partner-7f3a"),
    "previous_external_id": "partner-0815",
    "mfa": True,
    "mfa_max_age": 3600,
    "source_ips": ["203.0.113.0/24", alice.name],
    "session_names": ["${aws:username}"],
    "session_tags": {"team": ["platform"]},
    "raw": {
        "StringNotLike": {"aws:UserAgent": ["*curl*"]},
        "Bool": {"aws:SecureTransport": True},
        "StringLike": {"aws:PrincipalTag/Cost Center": pulumi.Output.from_input("7")},
    },
}
limits: Limits = {"trust_policy_characters": 4096, "policies_per_user": 20}
principals: list[Principal] = [
    {"user": alice.name, "label": "alice"},
    {"arn": alice.arn, "label": "alice-too", "unique_id": alice.unique_id, "trust_by": TrustBy.ID},
    {"role": "team/ci", "conditions": {"mfa": False}},
]
role: RoleSettings = {
    "name": "deploy",
    "managed_policies": ["ReadOnlyAccess"],
    "managed_policy_arns": {"own": alice.arn},
    "inline_policies": {"read": {"Version": "2012-10-17", "Statement": []}},
    "tags": {"owner": "platform"},
}
grant: Grant = {
    "principals": principals,
    "role": role,
    "conditions": conditions,
    "formerly": ["release"],
    "protect": True,
    "retain": False,
}
args: CrossAccountAccessArgs = {
    "source_provider": source,
    "destination_provider": pulumi.Output.from_input(destination),
    "grants": {"deploy": grant},
    "side": Side.BOTH,
    "limits": limits,
    "tags": {"owner": "platform"},
}

access = CrossAccountAccess("team", args, pulumi.ResourceOptions(protect=True))
assert_type(access.role_arns, pulumi.Output[dict[str, str]])
assert_type(access.longest_sessions, pulumi.Output[dict[str, int]])
assert_type(access.granted, dict[str, GrantOutputs])
assert_type(access.granted["deploy"].role_arn, pulumi.Output[str])
assert_type(access.granted["deploy"].switch_role_url, pulumi.Output[str | None])

account: AccountSettings = {"provider": destination, "groups": ["workloads"]}
many: MultiAccountAccessArgs = {
    "accounts": {
        "people": {"lookup_provider": source, "account_id": "111111111111"},
        "production": account,
        "staging": {"account_id": "333333333333", "groups": ["workloads"]},
    },
    "grants": {
        "read": {
            "source": "people",
            "destinations": ["workloads"],
            "exclude": ["staging"],
            "principals": [{"user": "alice"}, {"role": "ci", "source": "production"}],
        }
    },
    "tags": {"owner": alice.name},
}
fleet = MultiAccountAccess("fleet", many, pulumi.ResourceOptions(protect=True))
assert_type(fleet.role_arns, pulumi.Output[dict[str, dict[str, str]]])
assert_type(fleet.longest_sessions, pulumi.Output[dict[str, dict[str, int]]])
assert_type(fleet.policies, pulumi.Output[dict[str, str]])
assert_type(fleet.granted["read"]["production"], GrantOutputs)
MultiAccountAccess("inline-fleet", accounts=many["accounts"], grants=many["grants"])

inline = CrossAccountAccess(
    "inline",
    source_provider=source,
    destination_provider=destination,
    grants={
        "read": Grant(
            principals=[Principal(user="alice")],
            role=RoleSettings(managed_policies=["ReadOnlyAccess"]),
            conditions=Conditions(mfa=True),
        )
    },
    opts=pulumi.ResourceOptions(protect=True),
)
TrustedRole("keywords", principals=principals, source_account_id="111111111111")
AssumeRoleGrant("keywords", principal=Principal(user="alice"), role_arns={"read": alice.arn})

role_args: TrustedRoleArgs = {
    "principals": principals,
    "source_account_id": inline.source_account_id,
}
trusted = TrustedRole("audit", role_args, pulumi.ResourceOptions(provider=destination))
assert_type(trusted.role_arn, pulumi.Output[str])
assert_type(trusted.longest_session, pulumi.Output[int])

grant_args: AssumeRoleGrantArgs = {
    "principal": {"user": alice.name, "label": "alice"},
    "role_arns": {"audit": trusted.role_arn, "fixed": "arn:aws:iam::222222222222:role/fixed"},
}
allowed = AssumeRoleGrant("audit-alice", grant_args, pulumi.ResourceOptions(provider=source))
assert_type(allowed.policy_arns, pulumi.Output[list[str]])


def is_ours(error: Exception) -> bool:
    """Whether this package refused something."""
    return isinstance(error, CrossAccountAccessError)


def problems(error: InvalidArgs | InvalidInput) -> list[str]:
    """What a caller reads of a refusal."""
    first: Problem = error.problems[0]
    return [first.code, first.path, first.value, first.rule, first.remedy, first.message]


wrong: Grant = {"principals": [{"usr": "alice"}]}  # type: ignore[typeddict-unknown-key]
missing: Grant = {"role": role}  # type: ignore[typeddict-item]
no_account: AccountSettings = {"id": "1"}  # type: ignore[typeddict-unknown-key]
CrossAccountAccess("team")  # type: ignore[call-overload]
MultiAccountAccess("team", grants={})  # type: ignore[call-overload]
CrossAccountAccess("team", grants={}, sides=Side.BOTH)  # type: ignore[call-overload]
CrossAccountAccess("team", args, grants={})  # type: ignore[call-overload]

# mypy reads only a part of pulumi_aws (pyproject.toml): what is used must have its types.
aws.Provider("typed", regoin="us-east-1")  # type: ignore[call-overload]
aws.iam.Role("typed", assume_role_polcy="{}")  # type: ignore[call-overload]
aws.get_caller_identity_output(optz=None)  # type: ignore[call-arg]
