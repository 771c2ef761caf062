"""Who calls which action on which role, with which policies: what a decision is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .policy_patterns import ContextKeys

ASSUMING_KEYS = frozenset({"sts:externalid", "sts:rolesessionname"})
"""The condition keys, in small letters, that a call has where it assumes a role, and not for its
tags, its source identity and its context. Source:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""
_PASSING_ACTIONS = ("sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext")
_PRINCIPAL_TYPES = {"user": "User", "assumed-role": "AssumedRole", "root": "Account"}


@dataclass(frozen=True)
class Policy:
    """A policy document and what to call it."""

    name: str
    """For messages: "inline policy NAME", "managed policy ARN", "trust policy"."""
    document: Mapping[str, Any]
    """The parsed JSON."""


@dataclass(frozen=True)
class Caller:
    """Whoever makes the request: an IAM user, a role's session or an account's root user."""

    arn: str
    """As get-caller-identity returns it: arn:aws:iam::1…:user/x, arn:aws:iam::1…:root, or
    arn:aws:sts::1…:assumed-role/ROLE/SESSION."""
    unique_id: str
    """AIDA… of a user, AROA…:SESSION of a role's session, the account's id of the root user."""
    principal_arn: str
    """aws:PrincipalArn: the user's or root's ARN, and for a session its role's, with the path."""
    identity_policies: tuple[Policy, ...] = ()
    """All that are attached to the user or the role, and to the user's groups."""
    permissions_boundary: Policy | None = None
    session_policies: tuple[Policy, ...] = ()

    @property
    def partition(self) -> str:
        """The partition that the caller belongs to, such as `aws`."""
        return self.arn.split(":")[1]

    @property
    def account(self) -> str:
        """The 12 digits of the account that the caller belongs to."""
        return self.arn.split(":")[4]

    @property
    def kind(self) -> str:
        """aws:PrincipalType; ValueError for an ARN that belongs to none of the three kinds."""
        resource = self.arn.split(":", 5)[5]
        kind = _PRINCIPAL_TYPES.get(resource.partition("/")[0])
        if kind is None:
            raise ValueError(
                f"{self.arn} must be the ARN of a user, a role's session or a root user"
            )
        return kind


@dataclass(frozen=True)
class OutsideCaller:
    """Whoever makes the request without an identity of IAM's, and so without policies: a user of an
    identity provider, with its token, or an AWS service.
    """

    kind: Literal["Federated", "Service"]
    """The key of a trust policy's Principal that names it."""
    arn: str
    """The identity provider's ARN; of a service its name, such as pods.eks.amazonaws.com."""


@dataclass(frozen=True)
class Request:
    """One action on one role."""

    action: str
    """sts:AssumeRole or sts:AssumeRoleWithWebIdentity; sts:TagSession, sts:SetSourceIdentity: a
    call that passes session tags or a source identity is decided once for each."""
    resource: str
    """The role's ARN."""
    context: ContextKeys
    """Condition keys, in any case. What follows from the caller and the role (aws:PrincipalArn,
    aws:username, aws:ResourceAccount and their like) is filled in where absent."""

    @property
    def own_context(self) -> dict[str, str | tuple[str, ...]]:
        """The condition keys that the action has, in small letters."""
        absent = ASSUMING_KEYS if self.action in _PASSING_ACTIONS else ()
        lowered = {key.lower(): value for key, value in self.context.items()}
        return {key: value for key, value in lowered.items() if key not in absent}


def build_context(caller: Caller, request: Request) -> ContextKeys:
    """Return the request's context, with the keys that follow from the caller and the role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    derived: dict[str, str | tuple[str, ...]] = {
        "aws:principalarn": caller.principal_arn,
        "aws:principalaccount": caller.account,
        "aws:principaltype": caller.kind,
        "aws:userid": caller.unique_id,
        "aws:resourceaccount": request.resource.split(":")[4],
    }
    if caller.kind == "User":  # a role's session has no user name
        derived["aws:username"] = caller.arn.rpartition("/")[2]
    return derived | request.own_context
