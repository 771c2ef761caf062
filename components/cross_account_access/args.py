"""What a grant is, as components take it: in every Pulumi language, and in the program's config.

A key typed without `pulumi.Input` must be plain, that is, known in every preview. The others may be
Outputs of other resources.
"""

from enum import Enum
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class Conditions(TypedDict):
    """Conditions under which the role may be assumed. All of them must be met. Must not be empty:
    leave the key out for no conditions.
    """

    external_id: NotRequired[pulumi.Input[str]]
    """The external ID that the caller must give, 2–1,224 characters. Use it for third parties who
    act for several customers
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html).
    The console can't switch to a role that requires one."""
    previous_external_id: NotRequired[pulumi.Input[str]]
    """A second external ID that is accepted too, while you change the external ID on both sides."""
    mfa: NotRequired[bool]
    """Whether the caller must be signed in with MFA. Principals whose sessions carry no MFA, such
    as roles, are refused then."""
    mfa_max_age: NotRequired[int]
    """How long ago the caller may have signed in with MFA, in seconds, 1 to 129600. Requires MFA,
    whether or not `mfa` is set."""
    source_ips: NotRequired[list[pulumi.Input[str]]]
    """Public IP addresses or ranges that the request must come from, IPv4 or IPv6. Requests through
    a VPC endpoint never meet this condition."""
    source_vpcs: NotRequired[list[pulumi.Input[str]]]
    """VPCs (vpc-…) that the request must come from, through an STS endpoint in them."""
    source_vpc_endpoints: NotRequired[list[pulumi.Input[str]]]
    """STS VPC endpoints (vpce-…) that the request must come through."""
    organizations: NotRequired[list[pulumi.Input[str]]]
    """AWS organizations (o-…), one of which the caller's account must belong to."""
    session_names: NotRequired[list[pulumi.Input[str]]]
    """Role session names that the caller may choose; `*` and `?` are wildcards. `${aws:username}`
    stands for the calling user's name."""
    source_identities: NotRequired[list[pulumi.Input[str]]]
    """Source identities, one of which the caller must set; `*` and `?` are wildcards. Both accounts
    then allow sts:SetSourceIdentity."""
    allow_source_identity: NotRequired[bool]
    """Whether the caller may set a source identity, any one, and need not: a role session that has
    one passes it on, and is refused unless both accounts allow sts:SetSourceIdentity. Not beside
    `source_identities`, which require one."""
    session_tags: NotRequired[dict[str, list[pulumi.Input[str]]]]
    """Session tags that the caller must set: for each key its allowed values, in which `*` and `?`
    are wildcards; `*` alone is any value. No other keys may be set, unless `allow_session_tags`
    allows them. Transitive tags that the caller's session inherited count too. Both accounts then
    allow sts:TagSession."""
    allow_session_tags: NotRequired[Any]
    """Session tags that the caller may set, and need not: a list of keys, `true` for any tags, or
    `false` for none, which is the default. Callers that always pass tags, such as GitHub's AWS
    action and EKS Pod Identity, are refused unless both accounts allow sts:TagSession, as they then
    do. With `true`, a caller can pass whatever tags other policies trust."""
    transitive_tag_keys: NotRequired[list[str]]
    """Keys of `session_tags` or `allow_session_tags` that the caller may make transitive, that is,
    pass on to sessions which this session assumes. The caller must make no others transitive, and
    at least one of them if some are keys of `session_tags`."""
    allow_identity_context: NotRequired[bool]
    """Whether the caller may pass the identity context of an IAM Identity Center user, for trusted
    identity propagation, and need not. Both accounts then allow sts:SetContext, the trust policy
    with IAM Identity Center as the context's provider
    (https://docs.aws.amazon.com/singlesignon/latest/userguide/trustedidentitypropagation-identity-enhanced-iam-role-sessions.html)."""
    principal_tags: NotRequired[dict[str, list[pulumi.Input[str]]]]
    """Tags that the caller must have: for each key its allowed values, with wildcards likewise."""
    not_before: NotRequired[pulumi.Input[str]]
    """The earliest time at which the role may be assumed, in ISO 8601 and UTC:
    `2026-12-01T08:00:00Z`."""
    not_after: NotRequired[pulumi.Input[str]]
    """The time from which the role may no longer be assumed, likewise. Sessions that run go on."""
    raw: NotRequired[dict[str, dict[str, list[pulumi.Input[str]]]]]
    """Further conditions, {OPERATOR: {KEY: [VALUES]}} as in a policy. They add to the others and
    never replace them."""


class TrustBy(Enum):
    """How the trust policy recognizes a user or role."""

    ID = "id"
    """By its unique ID. If you delete the user or role and re-create it, it is no longer trusted
    until the trust policy is saved again."""
    NAME = "name"
    """By its name. A user or role that is re-created, or that doesn't exist yet, is trusted too.
    Whoever may create users and roles of that name in the source account can gain access."""


class Principal(TypedDict):
    """Who is trusted, given by exactly one of the keys before `label`."""

    user: NotRequired[pulumi.Input[str]]
    """An IAM user's name, with its path if it has one: `alice`, `team/alice`."""
    role: NotRequired[pulumi.Input[str]]
    """An IAM role's name, with its path if it has one: `ci`, `team/ci`."""
    arn: NotRequired[pulumi.Input[str]]
    """The ARN of an IAM user or role. A role session's ARN (`assumed-role/…`) is refused."""
    group: NotRequired[pulumi.Input[str]]
    """An IAM group's name. A group can't be a principal in AWS: the trust policy names the whole
    source account, and the group's policy allows its members. Whoever may write policies in the
    source account can give others access too."""
    account: NotRequired[str]
    """The whole source account, by its 12 digits. Its administrators decide who in it may assume
    the role."""
    permission_set: NotRequired[str]
    """An IAM Identity Center permission set's name: everyone who has it in the source account. No
    policy can be attached to its reserved role; the policy to add to the permission set is an
    output."""
    organization: NotRequired[str]
    """A whole AWS organization (o-…). The administrators of its accounts decide who in them may
    assume the role."""
    organizational_unit: NotRequired[str]
    """The accounts of an organizational unit and of the units below it, by its path:
    `o-…/r-…/ou-…/`."""
    session: NotRequired[str]
    """One session of a role, as ROLE/SESSION, with the role's name without its path."""
    source: NotRequired[str]
    """The name of the principal's account, among many accounts; the grant's `source` by
    default."""
    label: NotRequired[str]
    """The name that the principal's resources are given in Pulumi. Required if the name or ARN is
    an Output; otherwise the principal's name is the default."""
    trust_by: NotRequired[TrustBy]
    """How the trust policy recognizes a user, role or arn: `id` (the default) or `name`."""
    unique_id: NotRequired[pulumi.Input[str]]
    """The unique ID (AIDA…, AROA…) of a user, role or arn, so that the trust policy is saved again
    when it changes. Needed only if the source account can't be asked for it."""
    conditions: NotRequired[Conditions]
    """Conditions for this principal. Each key replaces the grant's key of the same name. `mfa:
    false` also drops `mfa_max_age`; a new `external_id` drops `previous_external_id`."""


class RoleSettings(TypedDict):
    """The role in the destination account."""

    name: NotRequired[str]
    """The role's name, 1–64 characters. In a grant, the grant's name is the default; otherwise
    Pulumi generates a name."""
    path: NotRequired[str]
    """The role's path; `/` by default."""
    description: NotRequired[pulumi.Input[str]]
    """At most 1,000 characters."""
    max_session_duration: NotRequired[int]
    """The maximum session duration in seconds, 3600 to 43200; 3600 by default. With role chaining,
    a session lasts at most an hour, whatever this says."""
    managed_policies: NotRequired[list[str]]
    """Managed policies to attach: names of AWS managed policies, or ARNs of AWS managed policies
    and of the destination account's own."""
    managed_policy_arns: NotRequired[dict[str, pulumi.Input[str]]]
    """Managed policies of the same program: their ARNs, each under a plain label that names the
    attachment in Pulumi."""
    inline_policies: NotRequired[dict[str, pulumi.Input[Any]]]
    """Inline policies by name: each a policy document, as an object or as JSON text."""
    permissions_boundary: NotRequired[pulumi.Input[str]]
    """The managed policy that is the role's permissions boundary: the name of an AWS managed
    policy, or an ARN."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """At most 50 tags of the role."""


class AccountSettings(TypedDict):
    """One of the accounts of a `MultiAccountAccess`. With a `provider`, its part is made here;
    without one, it is made elsewhere.
    """

    provider: NotRequired[pulumi.Input[aws.Provider]]
    """The AWS provider with the account's credentials: its part is made with it."""
    lookup_provider: NotRequired[pulumi.Input[aws.Provider]]
    """An AWS provider with which principals are looked up in the account, whose part is made
    elsewhere. Without one, principals are trusted by their ARNs as the args give them."""
    account_id: NotRequired[str]
    """The account's ID, 12 digits. Required without a provider; otherwise the credentials must
    belong to this account."""
    groups: NotRequired[list[str]]
    """Names of groups that the account is in. Grants may name a group in place of its accounts."""


class Grant(TypedDict):
    """A role in the destination account, and who from the source account may assume it. Among many
    accounts the role is made in each destination.
    """

    principals: list[Principal]
    """Who is trusted: one or more principals."""
    role: NotRequired[RoleSettings]
    """The role. By default it has the grant's name and no permissions."""
    conditions: NotRequired[Conditions]
    """Conditions under which the role may be assumed; none by default."""
    source: NotRequired[str]
    """The name of the principals' account. Only among many accounts, where it is required if a
    principal has no `source` of its own."""
    destinations: NotRequired[list[str]]
    """Names of accounts, or of groups of accounts, that have the role. Only among many accounts,
    where it is required."""
    exclude: NotRequired[list[str]]
    """Names of accounts, or of groups of accounts, that don't have the role although
    `destinations` names them. Only among many accounts."""
    formerly: NotRequired[list[str]]
    """Former names of the grant, as GRANT, or as COMPONENT/GRANT if it was in another component of
    the same type in the program: resources made under them are kept. The role's name is the
    grant's by default, so set `role.name` too."""
    protect: NotRequired[bool]
    """Whether Pulumi refuses to delete or replace the role and its policies. To lift it, set it to
    `false` and run `pulumi up`. By default as the component's option `protect` says."""
    retain: NotRequired[bool]
    """Whether the role stays in AWS, with its policies, when it is removed from the stack. It takes
    effect with the `pulumi up` after it is set. By default as the component's option
    `retain_on_delete` says."""
