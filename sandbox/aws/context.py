"""The condition keys that a call of sts:AssumeRole comes with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING

from sandbox.aws.query_protocol import AwsError, Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.aws.accounts import Entity
    from sandbox.aws.credentials import Identity
    from sandbox.aws.world import World

Keys = dict[str, str | tuple[str, ...]]

# Headers by which a test, or a person, says where a call is to have come from.
SOURCE_IP, SOURCE_VPC, SOURCE_VPCE = (
    "x-sandbox-source-ip",
    "x-sandbox-source-vpc",
    "x-sandbox-source-vpce",
)


def keys(call: Call, identity: Identity, role: Entity, world: World, *, mfa: bool) -> Keys:
    """All keys of one call, absent ones left out.

    Args:
        call: the call.
        identity: who calls.
        role: the role that is to be assumed.
        world: what else is known.
        mfa: whether the call itself came with a right MFA code.
    """
    return {
        **_of_the_request(call, world.clock()),
        **_network(call),
        **_of_the_caller(identity, world),
        **_mfa(identity, world.clock(), mfa=mfa),
        **_tags("aws:ResourceTag", world.accounts.tags(role)),
        **_tags("iam:ResourceTag", world.accounts.tags(role)),
        "aws:ResourceAccount": role.account_id,
    }


def with_session_request(
    found: Keys, call: Call, tags: Mapping[str, str], transitive: Iterable[str]
) -> Keys:
    """Add what the call asks of the session: its name, external id, tags and source identity."""
    for key, parameter in (
        ("sts:RoleSessionName", "RoleSessionName"),
        ("sts:ExternalId", "ExternalId"),
        ("sts:SourceIdentity", "SourceIdentity"),
    ):
        if parameter in call.params:
            found[key] = call.params[parameter]
    if tags:
        found |= _tags("aws:RequestTag", tags)
        found["aws:TagKeys"] = tuple(tags)
    if transitive := tuple(transitive):
        found["sts:TransitiveTagKeys"] = transitive
    return found


def _of_the_request(call: Call, now: float) -> Keys:
    found: Keys = {
        "aws:CurrentTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now)),
        "aws:SecureTransport": "false",
        "aws:RequestedRegion": call.region,
        "aws:ViaAWSService": "false",
        "aws:PrincipalIsAWSService": "false",
    }
    if agent := call.headers.get("user-agent"):
        found["aws:UserAgent"] = agent
    return found


def _network(call: Call) -> Keys:
    given = call.headers.get(SOURCE_IP)
    try:
        address = str(ip_address(given or call.peer))
    except ValueError:
        raise AwsError(
            "ValidationError", f"X-Sandbox-Source-Ip: {given!r} is no IP address"
        ) from None
    endpoint = {
        key: call.headers[header]
        for key, header in (("aws:SourceVpc", SOURCE_VPC), ("aws:SourceVpce", SOURCE_VPCE))
        if header in call.headers
    }
    # Through a VPC endpoint the public address isn't known, and its key is absent.
    return {**endpoint, "aws:VpcSourceIp": address} if endpoint else {"aws:SourceIp": address}


def _of_the_caller(identity: Identity, world: World) -> Keys:
    found: Keys = {
        "aws:PrincipalArn": identity.principal_arn,
        "aws:PrincipalAccount": identity.account,
        "aws:userid": identity.unique_id,
    }
    tags = world.accounts.tags(identity.principal) if identity.principal is not None else {}
    session = identity.session
    if session is not None:
        # A session tag takes the place of the role's tag of the same key, in whatever case.
        session_keys = {key.lower() for key in session.tags}
        tags = {key: value for key, value in tags.items() if key.lower() not in session_keys}
        tags |= session.tags
        issued = datetime.fromtimestamp(session.issued, UTC)
        found["aws:TokenIssueTime"] = issued.strftime("%Y-%m-%dT%H:%M:%SZ")
        if session.source_identity:
            found["aws:SourceIdentity"] = session.source_identity
    found |= _tags("aws:PrincipalTag", tags)
    if organization := world.organizations.get(identity.account):
        found["aws:PrincipalOrgID"] = organization.id
        found["aws:PrincipalOrgPaths"] = (organization.path,)
    return found


def _mfa(identity: Identity, now: float, *, mfa: bool) -> Keys:
    """Whether MFA was used, and how many seconds ago.

    Long-term keys have no such key at all, so that Bool and BoolIfExists differ on them; nor have role
    sessions: "temporary credentials returned by AssumeRole do not include MFA information".
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    if mfa:
        return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    if identity.kind != "user" or identity.session is None:
        return {}
    if identity.session.mfa_at is None:
        return {"aws:MultiFactorAuthPresent": "false"}
    age = str(max(0, int(now - identity.session.mfa_at)))
    return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": age}


def _tags(prefix: str, tags: Mapping[str, str]) -> Keys:
    return {f"{prefix}/{key}": value for key, value in tags.items()}
