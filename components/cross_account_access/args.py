"""What a grant is, as components take it: in every Pulumi language, and in the program's config.

A key typed without `pulumi.Input` must be plain, that is, known from the start; the others may be Outputs.
"""

from enum import Enum
from typing import Any, NotRequired, TypedDict

import pulumi


class Conditions(TypedDict):
    """Under which conditions the role may be assumed: all of these. Never empty: leave it out for none."""

    external_id: NotRequired[pulumi.Input[str]]
    """The external ID that the caller must give, 2–1,224 characters. For third parties who act for several customers
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html). It closes the
    console's switch-role to the role."""
    previous_external_id: NotRequired[pulumi.Input[str]]
    """Another one that is still good, while the external ID is changed on both sides."""
    mfa: NotRequired[bool]
    """Whether the caller must have signed in by MFA. Principals whose sessions carry none, such as roles, are refused
    then."""
    mfa_max_age: NotRequired[int]
    """How long ago at most that sign-in may be, in seconds, 1 to 129600; asks for MFA by itself."""
    source_ips: NotRequired[list[pulumi.Input[str]]]
    """From which public addresses or ranges, IPv4 or IPv6. Never met through a VPC endpoint."""
    source_vpcs: NotRequired[list[str]]
    """From which VPCs (vpc-…), through an endpoint of STS in them."""
    source_vpc_endpoints: NotRequired[list[str]]
    """Through which VPC endpoints of STS (vpce-…)."""
    organizations: NotRequired[list[str]]
    """Of which AWS organizations (o-…) the caller's account must be one."""
    session_names: NotRequired[list[str]]
    """What the session may be called: names, with * and ? as wildcards. `${aws:username}` is the calling user's
    name."""
    source_identities: NotRequired[list[str]]
    """Which source identity the caller must set, with * and ? as wildcards. Both sides allow sts:SetSourceIdentity
    then."""
    session_tags: NotRequired[dict[str, list[str]]]
    """Which session tags the caller must set: for each key the values that it may have. Others can't be set. Both sides
    allow sts:TagSession then."""
    transitive_tag_keys: NotRequired[list[str]]
    """Which of these the caller must hand on to sessions assumed from this one: at least one of these keys, and no
    others."""
    principal_tags: NotRequired[dict[str, list[str]]]
    """Which tags the caller must have: for each key the values that it may have."""
    not_before: NotRequired[str]
    """From when on, in ISO 8601 and UTC: `2026-12-01T08:00:00Z`."""
    not_after: NotRequired[str]
    """Until when: the first moment at which the role can't be assumed any more. Sessions that run go on."""
    raw: NotRequired[dict[str, dict[str, list[str]]]]
    """Other conditions, {OPERATOR: {KEY: [VALUES]}} as in a policy. Beside the others, never in their place."""


class TrustBy(Enum):
    """What a user or role is recognized by."""

    ID = "id"
    """By its unique id: one that is deleted and made again is another one, until the trust policy is saved anew."""
    NAME = "name"
    """By its name: one that is made again, or isn't made yet, is trusted too. Whoever may make users and roles of that
    name in the source account thereby decides who gets in."""


class Principal(TypedDict):
    """Who is trusted, given by exactly one of the keys before `label`."""

    user: NotRequired[pulumi.Input[str]]
    """An IAM user's name, with its path where it has one: `alice`, `team/alice`."""
    role: NotRequired[pulumi.Input[str]]
    """An IAM role's name, with its path where it has one: `ci`, `team/ci`."""
    arn: NotRequired[pulumi.Input[str]]
    """An IAM user's or role's ARN. A role session's (`assumed-role/…`) is refused."""
    group: NotRequired[pulumi.Input[str]]
    """An IAM group's name. AWS knows no groups as principals: the whole source account is trusted, and the group's
    policy allows its members. Whoever may write policies in the source account can let others in too."""
    account: NotRequired[str]
    """The whole source account, by its 12 digits: its owners decide who of it assumes the role."""
    permission_set: NotRequired[str]
    """An Identity Center permission set's name: whoever has it in the source account. Nothing can be attached to its
    reserved role: the policy to put into the set is an output."""
    organization: NotRequired[str]
    """A whole AWS organization (o-…): the owners of its accounts decide who of them assumes the role."""
    organizational_unit: NotRequired[str]
    """The accounts of an organizational unit and of the units below it, by its path: `o-…/r-…/ou-…/`."""
    session: NotRequired[str]
    """One session of a role, ROLE/SESSION, by the role's name without its path."""
    label: NotRequired[str]
    """What resources made for the principal are called by: required where its name or ARN is an Output,
    otherwise its name."""
    trust_by: NotRequired[TrustBy]
    """Beside a user, role or arn: what it is recognized by, `id` (the default) or `name`."""
    unique_id: NotRequired[pulumi.Input[str]]
    """Beside a user, role or arn: its unique id (AIDA…, AROA…), so that the trust is saved anew when it changes. Needed
    only where the source account isn't at hand to be asked."""
    conditions: NotRequired[Conditions]
    """Conditions of this principal's own: what they name stands in the place of the grant's. No MFA means no age of it
    either, another external ID no previous one."""


class RoleSettings(TypedDict):
    """The role in the destination account."""

    name: NotRequired[str]
    """The role's name, 1–64 characters. In a grant it is the grant's name by default; otherwise Pulumi gives one."""
    path: NotRequired[str]
    """The role's path, `/` by default."""
    description: NotRequired[str]
    """At most 1,000 characters."""
    max_session_duration: NotRequired[int]
    """The longest session in seconds, 3600 to 43200; 3600 by default. A session that a role's session assumed
    (role chaining) lasts an hour at most, whatever stands here."""
    managed_policies: NotRequired[list[str]]
    """What the role may do: names of AWS's managed policies, or ARNs of AWS's and of the destination account's own."""
    managed_policy_arns: NotRequired[dict[str, pulumi.Input[str]]]
    """The same for policies made in the same program: their ARNs by a plain label each, by which the attachment
    is called."""
    inline_policies: NotRequired[dict[str, pulumi.Input[Any]]]
    """Inline policies by name: each a policy document, as an object or as JSON text."""
    permissions_boundary: NotRequired[pulumi.Input[str]]
    """The managed policy that bounds what the role may do: the name of one of AWS's, or an ARN."""
    tags: NotRequired[dict[str, str]]
    """At most 50 tags of the role."""


class Grant(TypedDict):
    """A role in the destination account, and who from the source account may assume it."""

    principals: list[Principal]
    """Who is trusted: one or more."""
    role: NotRequired[RoleSettings]
    """The role; without it one without permissions, called as the grant is."""
    conditions: NotRequired[Conditions]
    """Under which conditions the role may be assumed; none by default."""
    formerly: NotRequired[list[str]]
    """Names that the grant had before, GRANT, or COMPONENT/GRANT where it was in another CrossAccountAccess of the
    program: what was made then is kept. The role's name is the grant's by default, so that it is to be given too."""
