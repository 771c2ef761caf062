"""sts:AssumeRole, decided as AWS decides it; moto would give a session of any role to anyone.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from cross_account_access.iam.evaluator import Decision, Policy, Request, decide
from sandbox.aws import context, policy_grammar, tags
from sandbox.aws.credentials import Identity, Session, caller, managed_policy
from sandbox.aws.mfa_devices import check_code
from sandbox.aws.query_protocol import AwsError, Call, Reply, xml_reply
from sandbox.aws.world import LoggedDecision, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.accounts import Entity

log = logging.getLogger("sandbox")

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
_DEFAULT_DURATION = 3600
_CHAINED_DURATION = 3600
_MOST_SESSION_POLICIES = 10
# "The plaintext that you use for both inline and managed session policies can't exceed 2,048 characters." How AWS
# packs them, and tags with them, it doesn't publish.
_SESSION_POLICY_SIZE = 2048


def assume_role(call: Call, value: Mapping[str, Any], identity: Identity, world: World) -> Reply:
    """Answer a call of AssumeRole.

    Args:
        call: the call.
        value: its parameters, nested and typed, within the constraints of AWS's model.
        identity: who calls.
        world: what it is answered from.

    Raises:
        AwsError: AccessDenied, with the half that refuses and why in headers of the sandbox's own;
            ValidationError and others for parameters that can't be.
    """
    role_arn: str = value["RoleArn"]
    if not _ROLE_ARN.fullmatch(role_arn):
        raise AwsError("ValidationError", f"{role_arn} is invalid")
    given_tags = tags.as_dict(value.get("Tags", ()), "InvalidParameterValue")
    inherited = _inherited_tags(identity)
    transitive = _transitive_keys(value, given_tags, inherited)
    mfa = check_code(
        identity, value.get("SerialNumber"), value.get("TokenCode"), world.accounts, world.clock()
    )

    role = world.accounts.role_by_arn(role_arn)
    if role is None:
        # AWS doesn't tell whether a role exists.
        _refuse(
            identity,
            role_arn,
            "sts:AssumeRole",
            Decision(False, "destination", "there is no such role"),
            world,
        )
    source_identity = _source_identity(value, identity, role_arn, world)
    found = context.keys(call, identity, role, world, mfa=mfa)
    found = context.with_session_request(
        found, call, given_tags, value.get("TransitiveTagKeys", ())
    )
    actions = ["sts:AssumeRole"]
    if given_tags or inherited:
        # Inherited tags are passed too: https://github.com/aws/eks-pod-identity-agent/issues/80
        actions.append("sts:TagSession")
    if source_identity:
        # In a chain as well: a session that has a source identity hands it on, and that needs permission.
        actions.append("sts:SetSourceIdentity")
    decision, *_ = [
        _decide(identity, role, Request(action, role_arn, found), world) for action in actions
    ]

    duration = _duration(value, identity, role)
    session_policies = _session_policies(value, role, world)
    packed = _packed_size(value, given_tags)
    _log(identity, role_arn, decision, world)
    return _new_session(
        call,
        role,
        world,
        duration=duration,
        tags=inherited | given_tags,
        transitive_tag_keys=(*inherited, *transitive),
        source_identity=source_identity,
        policies=session_policies,
        packed=packed,
    )


# What the session is to have


def _inherited_tags(identity: Identity) -> dict[str, str]:
    session = identity.session
    if session is None or identity.kind != "role":
        return {}
    return {key: session.tags[key] for key in session.transitive_tag_keys}


def _transitive_keys(
    value: Mapping[str, Any], given: Mapping[str, str], inherited: Mapping[str, str]
) -> tuple[str, ...]:
    by_lower = {key.lower(): key for key in given}
    if any(key.lower() in by_lower for key in inherited):
        raise AwsError(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag "
            "key from the calling session.",
        )
    wanted: list[str] = value.get("TransitiveTagKeys", [])
    if any(key.lower() not in by_lower for key in wanted):
        text = "The specified transitive tag key must be included in the requested tags."
        raise AwsError("InvalidParameterValue", text)
    return tuple(by_lower[key.lower()] for key in wanted)


def _source_identity(
    value: Mapping[str, Any], identity: Identity, role_arn: str, world: World
) -> str | None:
    existing = identity.session.source_identity if identity.session else None
    wanted: str | None = value.get("SourceIdentity")
    if existing and wanted and wanted != existing:
        reason = f"the session's source identity is {existing}, and can't be changed"
        _refuse(
            identity, role_arn, "sts:SetSourceIdentity", Decision(False, "source", reason), world
        )
    return wanted or existing


def _duration(value: Mapping[str, Any], identity: Identity, role: Entity) -> int:
    duration: int = value.get("DurationSeconds", _DEFAULT_DURATION)
    if identity.kind == "role" and duration > _CHAINED_DURATION:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    if duration > int(role.max_session_duration or _DEFAULT_DURATION):
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return duration


def _session_policies(value: Mapping[str, Any], role: Entity, world: World) -> tuple[Policy, ...]:
    found: list[Policy] = []
    if text := value.get("Policy"):
        found.append(Policy("inline session policy", policy_grammar.parse(text, "session")))
    arns = [item.get("arn", "") for item in value.get("PolicyArns", ())]
    if len(arns) > _MOST_SESSION_POLICIES:
        raise AwsError(
            "ValidationError",
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have "
            f"length less than or equal to {_MOST_SESSION_POLICIES}",
        )
    for arn in arns:
        policy = world.accounts.managed_policy(role.account_id, arn)
        if policy is None:
            raise AwsError("MalformedPolicyDocument", f"The session policy {arn} does not exist.")
        found.append(managed_policy(policy))
    return tuple(found)


def _packed_size(value: Mapping[str, Any], given_tags: Mapping[str, str]) -> int | None:
    """How full the session's policies and tags are, roughly, in per cent; None when it has none."""
    policies = len(value.get("Policy", "")) + sum(
        len(item.get("arn", "")) for item in value.get("PolicyArns", ())
    )
    if policies > _SESSION_POLICY_SIZE:
        percent = -(-100 * policies // _SESSION_POLICY_SIZE)
        text = f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
        raise AwsError("PackedPolicyTooLarge", text)
    used = policies + sum(len(key) + len(tag) for key, tag in given_tags.items())
    return min(100, -(-100 * used // _SESSION_POLICY_SIZE)) or None


# The decision


def _decide(identity: Identity, role: Entity, request: Request, world: World) -> Decision:
    trust = Policy("trust policy", json.loads(role.assume_role_policy_document))
    try:
        decision = decide(caller(identity, world.accounts), request, trust)
    except ValueError as error:
        # A policy that the evaluator doesn't understand opens nothing.
        decision = Decision(False, "destination", str(error))
    if not decision.allowed:
        _refuse(identity, role.arn, request.action, decision, world)
    return decision


def _refuse(
    identity: Identity, role_arn: str, action: str, decision: Decision, world: World
) -> NoReturn:
    what = "" if action == "sts:AssumeRole" else f"{action}: "
    told = Decision(False, decision.half, what + decision.reason)
    _log(identity, role_arn, told, world)
    raise AwsError(
        "AccessDenied",
        f"User: {identity.arn} is not authorized to perform: {action} on resource: {role_arn}",
        {"x-sandbox-half": told.half or "", "x-sandbox-reason": told.reason},
    )


def _log(identity: Identity, role_arn: str, decision: Decision, world: World) -> None:
    entry = LoggedDecision(
        at=world.clock(),
        caller=identity.arn,
        role=role_arn,
        allowed=decision.allowed,
        half=decision.half,
        reason=" ".join(decision.reason.split()),
    )
    world.decisions.append(entry)
    if decision.allowed:
        log.info("allowed: %s → %s", entry.caller, entry.role)
    else:
        log.info(
            "refused: %s → %s: %s half: %s", entry.caller, entry.role, entry.half, entry.reason
        )


# The session


def _new_session(
    call: Call, role: Entity, world: World, *, duration: int, packed: int | None, **session: Any
) -> Reply:
    name = call.params["RoleSessionName"]
    made = world.accounts.sts(role.account_id).assume_role(
        region_name=call.region,
        role_session_name=name,
        role_arn=role.arn,
        policy=call.params.get("Policy"),
        duration=duration,
        external_id=None,
    )
    now = world.clock()
    world.sessions.add(
        Session(
            access_key_id=made.access_key_id,
            token=made.session_token,
            account=role.account_id,
            principal_id=role.id,
            issued=now,
            expires=now + duration,
            name=name,
            **session,
        )
    )
    return xml_reply(
        "sts",
        "AssumeRole",
        {
            "SourceIdentity": session["source_identity"],
            "AssumedRoleUser": {
                "AssumedRoleId": f"{role.id}:{name}",
                "Arn": f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{name}",
            },
            "Credentials": credentials(made, made.session_token, now + duration),
            "PackedPolicySize": packed,
        },
    )


def credentials(key: Any, token: str, expires: float) -> dict[str, str]:
    """The element Credentials of STS's replies, for one of moto's temporary keys."""
    return {
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
        "SessionToken": token,
        "Expiration": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
