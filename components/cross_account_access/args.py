"""What a grant is, as components take it: in every Pulumi language, and in the program's config.

A key typed without `pulumi.Input` must be plain, that is, known from the start; the others may be Outputs.
"""

from typing import Any, NotRequired, TypedDict

import pulumi


class Principal(TypedDict):
    """One user or role of the source account, given by exactly one of `user`, `role` and `arn`."""

    user: NotRequired[pulumi.Input[str]]
    """An IAM user's name, with its path where it has one: `alice`, `team/alice`."""
    role: NotRequired[pulumi.Input[str]]
    """An IAM role's name, with its path where it has one: `ci`, `team/ci`."""
    arn: NotRequired[pulumi.Input[str]]
    """An IAM user's or role's ARN. A role session's (`assumed-role/…`) is refused."""
    label: NotRequired[str]
    """What resources made for the principal are called by: required where its name or ARN is an Output,
    otherwise its name."""


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


class Conditions(TypedDict):
    """Under which conditions the role may be assumed: all of these. Never empty: leave it out for none."""

    external_id: NotRequired[pulumi.Input[str]]
    """The external ID that the caller must give, 2–1,224 characters. For third parties who act for several customers
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html). It closes the
    console's switch-role to the role."""
    mfa: NotRequired[bool]
    """Whether the caller must have signed in by MFA. Roles among the principals are refused then: their sessions
    carry none."""
    mfa_max_age: NotRequired[int]
    """How long ago at most that sign-in may be, in seconds, 1 to 129600; asks for MFA by itself."""


class Grant(TypedDict):
    """A role in the destination account, and who from the source account may assume it."""

    principals: list[Principal]
    """Who is trusted: one or more users and roles of the source account."""
    role: NotRequired[RoleSettings]
    """The role; without it one without permissions, called as the grant is."""
    conditions: NotRequired[Conditions]
    """Under which conditions the role may be assumed; none by default."""
