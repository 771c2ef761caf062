"""The caller and the role with their policies: as the stack's documents have them, or as they stand in the accounts."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cross_account_access.cli.accounts import AwsAccess, translate_errors
from cross_account_access.cli.caller import get_identity
from cross_account_access.cli.iam_reader import LiveEntity, UnreadableError, read_entity
from cross_account_access.cli.terminal import Failure
from cross_account_access.grants import policies
from cross_account_access.grants.conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam import arns
from cross_account_access.iam.evaluator import Caller, Policy

from .principal_ref import PrincipalRef
from .request_context import wrong

TRUST = "trust policy"
_ENTITLED = "the policy that its own account is supposed to give it"
_EVERY_ACTION = (ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION)
_USER_ID, _ROLE_ID = "AIDA0000000000000000", "AROA0000000000000000"


@dataclass(frozen=True)
class CallerWithPolicies:
    """The caller with what is known of it.

    Attributes:
        tags: Of its user or role.
        known: Whether its policies are: if not, it is taken to have none.
    """

    caller: Caller
    tags: Mapping[str, str] = field(default_factory=dict)
    known: bool = True


@dataclass(frozen=True)
class Role:
    """The role that is asked for.

    Attributes:
        trust: Its trust policy; None where there is no such role.
        max_session_duration: In seconds.
    """

    arn: str
    trust: Policy | None
    max_session_duration: int = 3600


def stated_caller(
    who: PrincipalRef, documents: GrantDocuments, *, entitled: bool
) -> CallerWithPolicies:
    """The caller as the stack's documents have it: with the policies that the stack made for it.

    Args:
        who: Who it is.
        documents: The grant.
        entitled: Whether its own account is supposed to allow it what it needs.
    """
    halves = who.halves(documents)
    made = {half.policy_arn: half.policy for half in halves if half.policy_arn and half.policy}
    owned = [Policy(f"managed policy {arn}", document) for arn, document in made.items()]
    if entitled:
        owned.append(entitlement(documents.role.arn))
    unique_id = next((half.unique_id for half in halves if half.unique_id), None)
    known = entitled or bool(made) or who.kind == "root"
    return CallerWithPolicies(_caller(who, unique_id, tuple(owned)), known=known)


def entitled_caller(
    who: PrincipalRef, role: str, documents: GrantDocuments | None
) -> CallerWithPolicies:
    """The caller with whatever policy it needs for the role, and no other."""
    halves = who.halves(documents) if documents else []
    unique_id = next((half.unique_id for half in halves if half.unique_id), None)
    return CallerWithPolicies(_caller(who, unique_id, (entitlement(role),)))


def stated_role(documents: GrantDocuments) -> Role:
    """The role as the stack's documents have it."""
    role = documents.role
    return Role(role.arn, Policy(TRUST, role.trust_policy), role.max_session_duration or 3600)


def entitlement(role: str) -> Policy:
    """A policy with all that a caller may need for a role."""
    return Policy(
        _ENTITLED,
        json.loads(
            policies.build_assume_role_policy([policies.AssumableRole(role, _EVERY_ACTION)])
        ),
    )


def _caller(
    who: PrincipalRef,
    unique_id: str | None,
    owned: tuple[Policy, ...],
    boundary: Policy | None = None,
) -> Caller:
    if who.kind == "root":
        return Caller(who.arn, who.account, who.arn)
    told = unique_id or (_USER_ID if who.is_user else _ROLE_ID)
    if not who.is_user:
        told = f"{told}:{who.arn.rpartition('/')[2]}"
    return Caller(who.arn, told, who.principal_arn, owned, boundary)


# What stands in the accounts


def standing_caller(who: PrincipalRef, aws: AwsAccess) -> CallerWithPolicies:
    """The caller with all the policies that its account has for it now.

    Raises:
        Failure: If there is no such user, role or group, the credentials are another account's, or AWS can't be asked.
    """
    if who.kind in ("root", "account", "organization", "organizational-unit"):
        return CallerWithPolicies(_caller(who, None, ()), known=who.kind == "root")
    _speaks_for(
        aws,
        who.account,
        "--source-profile",
        "its policies",
        "or --entitled, which takes them for granted",
    )
    with _readable("--source-profile"):
        if who.kind == "permission-set":
            return _permission_set(who, aws)
        kind = who.holder
        found = read_entity(aws, kind, who.name)
    if found is None or who.path not in (None, _path(found.arn)):
        other = f"; {found.arn} has the same name" if found else ""
        raise wrong(
            f"there is no {kind} {(who.path or '/').lstrip('/')}{who.name} in account {who.account}{other}"
        )
    placed = PrincipalRef(
        who.kind, who.partition, who.account, who.name, _path(found.arn), who.session
    )
    return _standing(placed, found)


def _standing(who: PrincipalRef, found: LiveEntity) -> CallerWithPolicies:
    boundary = None
    if found.permissions_boundary:
        boundary = Policy(f"managed policy {found.permissions_boundary}", found.boundary or {})
    unique_id = None if who.kind == "group" else found.unique_id
    return CallerWithPolicies(
        _caller(who, unique_id, found.identity_policies, boundary), found.tags
    )


def _path(arn: str) -> str:
    parsed = arns.parse_arn(arn)
    return parsed.path if parsed else "/"


def _permission_set(who: PrincipalRef, aws: AwsAccess) -> CallerWithPolicies:
    prefix = f"AWSReservedSSO_{who.name}_"
    with translate_errors(f"by iam:ListRoles about permission set {who.name}"):
        pages: Any = (
            aws.iam()
            .get_paginator("list_roles")
            .paginate(PathPrefix="/aws-reserved/sso.amazonaws.com/")
        )
        names = [role["RoleName"] for page in pages for role in page["Roles"]]
    suffixes = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    suffix = next(
        (text for text in suffixes if "_" not in text and who.suffix in (None, text)), None
    )
    found = read_entity(aws, "role", f"{prefix}{suffix}") if suffix else None
    if found is None:
        raise wrong(f"permission set {who.name} is not provisioned in account {who.account}")
    placed = PrincipalRef(
        "session", who.partition, who.account, f"{prefix}{suffix}", _path(found.arn), who.session
    )
    return _standing(placed, found)


def standing_role(arn: str, aws: AwsAccess) -> Role:
    """The role as its account has it now.

    Raises:
        Failure: If the credentials are another account's, or AWS can't be asked.
    """
    parsed = arns.parse_arn(arn)
    if parsed is None or parsed.kind != "role":
        raise wrong(f"{arn} is no role's ARN")
    _speaks_for(aws, parsed.account, "--destination-profile", "the role")
    with _readable("--destination-profile"):
        found = read_entity(aws, "role", parsed.name)
    if found is None or found.arn != arn:
        return Role(arn, None)
    return Role(arn, Policy(TRUST, found.trust_policy or {}), found.max_session_duration or 3600)


def _speaks_for(aws: AwsAccess, account: str, option: str, what: str, otherwise: str = "") -> None:
    actual = get_identity(aws).account
    if actual != account:
        told = f"the credentials are of account {actual}, and {what} can be read only with those of account {account}"
        raise wrong(told, f"Give {option} NAME{', ' if otherwise else ''}{otherwise}.")


@contextmanager
def _readable(option: str) -> Iterator[None]:
    try:
        yield
    except UnreadableError as error:
        told = f"the credentials lack {error.permission} on {error.resource}, and without it there is no answer"
        raise Failure(told, remedy=f"Give {option} NAME with read access to IAM.") from None
