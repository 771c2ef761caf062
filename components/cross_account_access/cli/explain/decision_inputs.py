"""The caller and the role with their policies, from the stack's documents or from the accounts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from cross_account_access.cli.aws_access import AwsAccess, translate_errors
from cross_account_access.cli.caller import get_identity
from cross_account_access.cli.iam_reader import LiveEntity, UnreadableError, read_entity
from cross_account_access.cli.terminal import Failure, InputError
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.grants.principal_ref import (
    SSO_PATH,
    PrincipalRef,
    build_entitlement,
    get_sso_prefix,
)
from cross_account_access.iam import arns
from cross_account_access.iam.evaluator import Caller, Policy

TRUST = "trust policy"


@dataclass(frozen=True)
class CallerWithPolicies:
    """The caller as the evaluator takes it.

    Attributes:
        tags: The tags of its user or role.
        has_known_policies: Whether its policies are known; if not, it counts as having none.
    """

    caller: Caller
    tags: Mapping[str, str] = field(default_factory=dict)
    has_known_policies: bool = True


@dataclass(frozen=True)
class TargetRole:
    """The role to assume.

    Attributes:
        trust: Its trust policy; None if there is no such role.
        max_session_duration: In seconds.
    """

    arn: str
    trust: Policy | None
    max_session_duration: int = 3600

    @property
    def account(self) -> str:
        """Its account."""
        return self.arn.split(":")[4]


# --- From the stack's documents -------------------------------------------------------------------


def read_documented_caller(
    who: PrincipalRef, documents: GrantDocuments, *, entitled: bool
) -> CallerWithPolicies:
    """Read the caller with the policies that the stack manages for it.

    Args:
        who: The caller.
        documents: The grant.
        entitled: Whether to assume that its own account allows what it needs.
    """
    halves = who.find_halves(documents)
    managed = {half.policy_arn: half.policy for half in halves if half.policy_arn and half.policy}
    owned = [Policy(f"managed policy {arn}", document) for arn, document in managed.items()]
    is_itself = documents.is_own_role(who.principal_arn)
    if is_itself:
        inline = documents.role.inline_policies
        owned += [Policy(f"inline policy {name}", inline[name]) for name in inline]
    if entitled:
        owned.append(build_entitlement(documents.role.arn))
    has_policies = entitled or is_itself or bool(managed) or who.kind == "root"
    caller = who.build_caller(_find_unique_id(who, documents), tuple(owned))
    return CallerWithPolicies(caller, has_known_policies=has_policies)


def build_entitled_caller(
    who: PrincipalRef, role: str, documents: GrantDocuments | None
) -> CallerWithPolicies:
    """Build the caller with the policy that it needs for the role, and no other."""
    unique_id = _find_unique_id(who, documents)
    return CallerWithPolicies(who.build_caller(unique_id, (build_entitlement(role),)))


def read_documented_role(documents: GrantDocuments) -> TargetRole:
    """Read the role from the stack's documents."""
    role = documents.role
    return TargetRole(role.arn, Policy(TRUST, role.trust_policy), role.max_session_duration or 3600)


def _find_unique_id(who: PrincipalRef, documents: GrantDocuments | None) -> str | None:
    halves = who.find_halves(documents) if documents else []
    return next((half.unique_id for half in halves if half.unique_id), None)


# --- From the accounts ----------------------------------------------------------------------------


def read_live_caller(who: PrincipalRef, aws: AwsAccess) -> CallerWithPolicies:
    """Read the caller with all the policies that its account has for it now.

    Raises:
        Failure: If there is no such user, role or group, the credentials are of another account, or
            AWS cannot be asked.
    """
    if who.kind in ("root", "account", "organization", "organizational-unit"):
        caller = who.build_caller(None)
        return CallerWithPolicies(caller, has_known_policies=who.kind == "root")
    remedy = "Pass --source-profile NAME, or --entitled, which assumes that they allow it."
    _check_account(aws, who.account, "the caller's policies", remedy)
    with _translate_unreadable("--source-profile"):
        if who.kind == "permission-set":
            return _read_permission_set(who, aws)
        entity = read_entity(aws, who.policy_holder, who.name)
    if entity is None or who.path not in (None, _get_path(entity.arn)):
        name = f"{who.policy_holder} {(who.path or '/').lstrip('/')}{who.name}"
        other = f"; {entity.arn} has the same name" if entity else ""
        raise InputError(f"there is no {name} in account {who.account}{other}")
    return _to_caller(replace(who, path=_get_path(entity.arn)), entity)


def _to_caller(who: PrincipalRef, entity: LiveEntity) -> CallerWithPolicies:
    unique_id = None if who.kind == "group" else entity.unique_id
    owned, boundary = entity.identity_policies, entity.boundary_policy
    return CallerWithPolicies(who.build_caller(unique_id, owned, boundary), entity.tags)


def _get_path(arn: str) -> str:
    parsed = arns.parse_arn(arn)
    return parsed.path if parsed else "/"


def _read_permission_set(who: PrincipalRef, aws: AwsAccess) -> CallerWithPolicies:
    prefix = get_sso_prefix(who.name)
    with translate_errors(f"find the role of permission set {who.name} (iam:ListRoles)"):
        paginator: Any = aws.iam().get_paginator("list_roles")
        pages = paginator.paginate(PathPrefix=SSO_PATH)
        names = [role["RoleName"] for page in pages for role in page["Roles"]]
    suffixes = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    # A longer suffix is of a permission set whose name begins with this one's.
    matching = (text for text in suffixes if "_" not in text and who.suffix in (None, text))
    suffix = next(matching, None)
    role = read_entity(aws, "role", f"{prefix}{suffix}") if suffix else None
    if role is None:
        raise InputError(f"permission set {who.name} is not provisioned in account {who.account}")
    session = replace(who, kind="session", name=role.name, path=_get_path(role.arn), suffix=None)
    return _to_caller(session, role)


def read_live_role(arn: str, aws: AwsAccess) -> TargetRole:
    """Read the role as its account has it now.

    Raises:
        Failure: If the credentials are of another account, or AWS cannot be asked.
    """
    parsed = arns.parse_arn(arn)
    if parsed is None or parsed.kind != "role":
        raise InputError(f"{arn} is no role's ARN")
    _check_account(aws, parsed.account, "the role", "Pass --destination-profile NAME.")
    with _translate_unreadable("--destination-profile"):
        role = read_entity(aws, "role", parsed.name)
    if role is None or role.arn != arn:
        return TargetRole(arn, None)
    trust = Policy(TRUST, role.trust_policy or {})
    return TargetRole(arn, trust, role.max_session_duration or 3600)


def _check_account(aws: AwsAccess, account: str, what: str, remedy: str) -> None:
    actual = get_identity(aws).account
    if actual != account:
        message = f"the credentials to read {what} must be of account {account}, not of {actual}"
        raise InputError(message, remedy)


@contextmanager
def _translate_unreadable(option: str) -> Iterator[None]:
    try:
        yield
    except UnreadableError as error:
        raise Failure(
            f"the credentials lack {error.permission} on {error.resource}",
            remedy=f"Pass {option} NAME of a profile that may read IAM.",
        ) from None
