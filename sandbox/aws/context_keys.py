"""The condition keys that a call of sts:AssumeRole, or of its kin, comes with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING

from sandbox.aws.query_protocol import AwsCall, AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.aws.credentials import CallingIdentity
    from sandbox.aws.moto_accounts import Entity
    from sandbox.aws.sandbox_state import SandboxState
    from sandbox.aws.sts_request import StsRequest

Keys = dict[str, str | tuple[str, ...]]

# Headers by which a test, or a person, says where a call is to have come from.
SOURCE_IP, SOURCE_VPC, SOURCE_VPCE = (
    "x-sandbox-source-ip",
    "x-sandbox-source-vpc",
    "x-sandbox-source-vpce",
)


def collect_context_keys(request: StsRequest, role: Entity, *, mfa: bool) -> Keys:
    """All keys of one call, absent ones left out; `mfa`: whether it came with a right code."""
    call, identity, state = request.call, request.identity, request.state
    return {
        **_get_request_keys(call, state.clock()),
        **_get_network_keys(call),
        **_get_caller_keys(identity, state),
        **_get_mfa_keys(identity, state.clock(), mfa=mfa),
        **_prefix_tags("aws:ResourceTag", state.accounts.get_tags(role)),
        **_prefix_tags("iam:ResourceTag", state.accounts.get_tags(role)),
        **_get_organization_keys("Resource", role.account_id, state),
    }


def add_session_keys(
    keys: Keys, call: AwsCall, tags: Mapping[str, str], transitive: Iterable[str]
) -> Keys:
    """Add what the call asks of the session: its name, external id, tags and source identity."""
    for key, parameter in (
        ("sts:RoleSessionName", "RoleSessionName"),
        ("sts:ExternalId", "ExternalId"),
        ("sts:SourceIdentity", "SourceIdentity"),
    ):
        if parameter in call.params:
            keys[key] = call.params[parameter]
    if tags:
        keys |= _prefix_tags("aws:RequestTag", tags)
        keys["aws:TagKeys"] = tuple(tags)
    if transitive := tuple(transitive):
        keys["sts:TransitiveTagKeys"] = transitive
    return keys


def _get_request_keys(call: AwsCall, now: float) -> Keys:
    keys: Keys = {
        "aws:CurrentTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now)),
        "aws:SecureTransport": "true",  # AWS's own endpoint is TLS, whatever the sandbox's is
        "aws:RequestedRegion": call.region,
        "aws:ViaAWSService": "false",
        "aws:PrincipalIsAWSService": "false",
    }
    if agent := call.headers.get("user-agent"):
        keys["aws:UserAgent"] = agent
    return keys


def _get_network_keys(call: AwsCall) -> Keys:
    header = call.headers.get(SOURCE_IP)
    try:
        address = str(ip_address(header or call.peer))
    except ValueError:
        raise AwsError(
            "ValidationError", f"X-Sandbox-Source-Ip: {header!r} must be an IP address"
        ) from None
    endpoint = {
        key: call.headers[header]
        for key, header in (("aws:SourceVpc", SOURCE_VPC), ("aws:SourceVpce", SOURCE_VPCE))
        if header in call.headers
    }
    # Through a VPC endpoint the public address isn't known, and its key is absent.
    return {**endpoint, "aws:VpcSourceIp": address} if endpoint else {"aws:SourceIp": address}


def _get_caller_keys(identity: CallingIdentity, state: SandboxState) -> Keys:
    if identity.kind in ("web identity", "service"):
        return dict(identity.keys)
    keys: Keys = {
        "aws:PrincipalArn": identity.principal_arn,
        "aws:PrincipalAccount": identity.account,
        "aws:userid": identity.unique_id,
    }
    tags = state.accounts.get_tags(identity.principal) if identity.principal is not None else {}
    session = identity.session
    if session is not None:
        # A session tag takes the place of the role's tag of the same key, in whatever case.
        session_keys = {key.lower() for key in session.tags}
        tags = {key: value for key, value in tags.items() if key.lower() not in session_keys}
        tags |= session.tags
        issued = datetime.fromtimestamp(session.issued, UTC)
        keys["aws:TokenIssueTime"] = issued.strftime("%Y-%m-%dT%H:%M:%SZ")
        if session.source_identity:
            keys["aws:SourceIdentity"] = session.source_identity
        keys |= session.federated_keys
    keys |= _prefix_tags("aws:PrincipalTag", tags)
    return keys | _get_organization_keys("Principal", identity.account, state)


def _get_organization_keys(whose: str, account: str, state: SandboxState) -> Keys:
    organization = state.organizations.get(account)
    if organization is None:
        return {}
    return {f"aws:{whose}OrgID": organization.id, f"aws:{whose}OrgPaths": (organization.path,)}


def _get_mfa_keys(identity: CallingIdentity, now: float, *, mfa: bool) -> Keys:
    """Whether MFA was used, and how many seconds ago.

    Long-term keys have no such key at all, so that Bool and BoolIfExists differ on them; nor have
    role sessions: "temporary credentials returned by AssumeRole do not include MFA information".
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


def _prefix_tags(prefix: str, tags: Mapping[str, str]) -> Keys:
    return {f"{prefix}/{key}": value for key, value in tags.items()}
