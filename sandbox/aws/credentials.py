"""Who calls: administrators, users with access keys, and sessions that the sandbox's STS issued.

An access key id of 12 digits is an administrator of that account, LocalStack's convention.
Signatures aren't verified: knowing a key id is enough here, as it is in moto.
"""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cross_account_access.iam.evaluator import Caller, Policy
from sandbox.aws.moto_accounts import Entity, MotoAccounts, get_boundary_arn, get_default_document
from sandbox.aws.query_protocol import AwsCall, AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

ADMINISTRATOR = "sandbox-administrator"
"""The name of the user that an account's administrator is seen as. No real user may take it."""

ACCOUNT = re.compile(r"\d{12}")

_ADMINISTRATOR_POLICY = Policy(
    name="managed policy arn:aws:iam::aws:policy/AdministratorAccess",
    document={
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    },
)


@dataclass(frozen=True)
class IssuedSession:
    """Temporary keys, of a role (AssumeRole) or of a user (GetSessionToken).

    Attributes:
        principal_id: the unique ID of the role or user that the keys speak for.
        name: the role session's name; None for a user's.
        issued, expires: seconds since the epoch.
        tags, transitive_tag_keys: session tags, and those that the next role in a chain inherits.
        policies: session policies, which restrict what the role allows.
        mfa_at: when an MFA code was given for it; only GetSessionToken's keys carry that on.
        federated_keys: condition keys that a web identity's token left to the session.
    """

    access_key_id: str
    token: str = field(repr=False)
    account: str
    principal_id: str
    issued: float
    expires: float
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None
    policies: tuple[Policy, ...] = ()
    mfa_at: float | None = None
    federated_keys: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class CallingIdentity:
    """Who signed a request, or comes with a web identity's token.

    Attributes:
        arn, unique_id: as `get-caller-identity` says them; of a web identity the identity
            provider's ARN, of an AWS service its name.
        principal: moto's user or role; None for any other.
        session: the temporary keys that were used; None for long-term ones.
        keys: the condition keys of a web identity or of an AWS service, which has no others.
    """

    kind: Literal["administrator", "user", "role", "web identity", "service"]
    account: str
    arn: str
    unique_id: str
    principal: Entity | None = None
    session: IssuedSession | None = None
    keys: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    @property
    def principal_arn(self) -> str:
        """aws:PrincipalArn: the role's ARN for a role session, otherwise the caller's own."""
        return (
            self.principal.arn if self.kind == "role" and self.principal is not None else self.arn
        )


class IssuedSessions:
    """The temporary keys that were issued, by key id."""

    def __init__(self) -> None:
        self._by_key: dict[str, IssuedSession] = {}

    def add(self, session: IssuedSession) -> None:
        self._by_key[session.access_key_id] = session

    def get(self, access_key_id: str) -> IssuedSession | None:
        return self._by_key.get(access_key_id)

    def clear(self) -> None:
        self._by_key.clear()


def make_administrator(account: str, partition: str) -> CallingIdentity:
    """An account's administrator, who may do everything in it and assume what trusts it."""
    return CallingIdentity(
        kind="administrator",
        account=account,
        arn=f"arn:{partition}:iam::{account}:user/{ADMINISTRATOR}",
        unique_id=f"AIDAADMIN{account}",
    )


def identify(
    call: AwsCall, accounts: MotoAccounts, sessions: IssuedSessions, now: float
) -> CallingIdentity:
    """Who signed `call`.

    Raises:
        AwsError: MissingAuthenticationToken when nobody did; ExpiredToken; InvalidClientTokenId for
            keys that IAM and STS of this partition never issued, were deactivated, or whose user
            or role is gone.
    """
    key_id = call.access_key_id
    if key_id is None:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token")
    if ACCOUNT.fullmatch(key_id):
        return make_administrator(key_id, accounts.partition)
    if (session := sessions.get(key_id)) is not None:
        return _identify_session(call, session, accounts, now)
    match = accounts.find_key(key_id)
    if match is None or call.session_token:
        raise _make_token_error()
    account, user, key = match
    if key.status != "Active":
        raise _make_token_error()
    return CallingIdentity("user", account, user.arn, user.id, principal=user)


def _identify_session(
    call: AwsCall, session: IssuedSession, accounts: MotoAccounts, now: float
) -> CallingIdentity:
    if not hmac.compare_digest((call.session_token or "").encode(), session.token.encode()):
        raise _make_token_error()
    if now >= session.expires:
        raise AwsError("ExpiredToken", "The security token included in the request is expired")
    principal = accounts.find_principal_by_id(session.principal_id)
    if principal is None:
        raise _make_token_error()
    if session.name is None:
        # Keys of GetSessionToken without MFA are good for no IAM call, and for two of STS:
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
        if call.service == "iam" and session.mfa_at is None:
            raise _make_token_error()
        return CallingIdentity(
            "user", session.account, principal.arn, principal.id, principal, session
        )
    return CallingIdentity(
        kind="role",
        account=session.account,
        arn=(
            f"arn:{accounts.partition}:sts::{session.account}"
            f":assumed-role/{principal.name}/{session.name}"
        ),
        unique_id=f"{principal.id}:{session.name}",
        principal=principal,
        session=session,
    )


def _make_token_error() -> AwsError:
    return AwsError(
        "InvalidClientTokenId", "The security token included in the request is invalid."
    )


def build_caller(identity: CallingIdentity, accounts: MotoAccounts) -> Caller:
    """The caller with every policy that speaks about it, as the evaluator wants it."""
    principal = identity.principal
    if principal is None:
        return Caller(
            arn=identity.arn,
            unique_id=identity.unique_id,
            principal_arn=identity.arn,
            identity_policies=(_ADMINISTRATOR_POLICY,),
        )
    policies = _read_policies(principal)
    if identity.kind == "user":
        for group in accounts.get_groups(identity.account, principal):
            policies += _read_policies(group, f" of group {group.name}")
    return Caller(
        arn=identity.arn,
        unique_id=identity.unique_id,
        principal_arn=identity.principal_arn,
        identity_policies=policies,
        permissions_boundary=_read_boundary(principal, identity.account, accounts),
        session_policies=identity.session.policies if identity.session else (),
    )


def _read_policies(holder: Entity, where: str = "") -> tuple[Policy, ...]:
    inline = tuple(
        Policy(f"inline policy {name}{where}", json.loads(text))
        for name, text in holder.policies.items()
    )
    return inline + tuple(
        read_managed_policy(policy, where) for policy in holder.managed_policies.values()
    )


def read_managed_policy(policy: Entity, where: str = "") -> Policy:
    """The version in force of moto's managed policy."""
    return Policy(f"managed policy {policy.arn}{where}", json.loads(get_default_document(policy)))


def _read_boundary(principal: Entity, account: str, accounts: MotoAccounts) -> Policy | None:
    arn = get_boundary_arn(principal)
    if not arn:
        return None
    policy = accounts.find_managed_policy(account, arn)
    # A boundary can't be deleted while it is one; without its document nothing is allowed.
    if policy:
        return read_managed_policy(policy)
    return Policy(f"managed policy {arn}", {"Statement": []})
