"""sts:AssumeRole, decided as AWS decides it; moto would give a session of any role to anyone.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from cross_account_access.iam.evaluator import (
    Decision,
    OutsideCaller,
    Policy,
    Request,
    decide,
    decide_by_trust,
)
from sandbox.aws import context_keys, policy_parsing, tag_checks
from sandbox.aws.credentials import (
    CallingIdentity,
    IssuedSession,
    build_caller,
    read_managed_policy,
)
from sandbox.aws.iam_request import AWS_SERVICE
from sandbox.aws.query_protocol import AwsError, Reply
from sandbox.aws.sandbox_state import LoggedDecision, SandboxState
from sandbox.aws.sts_request import StsRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.moto_accounts import Entity

log = logging.getLogger("sandbox")

ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
_DEFAULT_DURATION = 3600
_CHAINED_DURATION = 3600
_MOST_SESSION_POLICIES = 10
# "The plaintext that you use for both inline and managed session policies can't exceed 2,048
# characters." How AWS packs them, and tags with them, it doesn't publish.
_SESSION_POLICY_SIZE = 2048


@dataclass(frozen=True)
class AssumeRoleRequest(StsRequest):
    """One call of AssumeRole, or of its kin for web identities."""

    tags: Mapping[str, str]
    inherited_tags: Mapping[str, str]

    @property
    def role_arn(self) -> str:
        arn: str = self.value["RoleArn"]
        return arn


def assume_role(call: StsRequest) -> Reply:
    """Answer a call of AssumeRole.

    Raises:
        AwsError: AccessDenied, with the half that refuses and why in headers of the sandbox's own;
            ValidationError and others for parameters that can't be.
    """
    value, identity, state = call.value, _find_identity(call), call.state
    if not ROLE_ARN.fullmatch(value["RoleArn"]):
        raise AwsError("ValidationError", f"{value['RoleArn']} is invalid")
    tags = tag_checks.read_tags(value.get("Tags", ()), "InvalidParameterValue")
    inherited = _get_inherited_tags(identity)
    request = AssumeRoleRequest(call.call, value, identity, state, tags, inherited)
    transitive = _choose_transitive_keys(request)
    mfa = request.check_mfa()
    role = state.accounts.find_role_by_arn(request.role_arn)
    if role is None:
        # AWS doesn't tell whether a role exists.
        missing = Decision(False, "destination", "there is no such role")
        refuse(request, "sts:AssumeRole", missing)
    source_identity = _choose_source_identity(request)
    decision = _decide_all(request, role, source_identity, mfa=mfa)
    duration = check_duration(value, identity, role)
    policies = read_session_policies(value, role, state)
    packed = compute_packed_size(value, tags)
    log_decision(request, decision)
    return request.answer(
        issue_session(
            request,
            role,
            tags={**request.inherited_tags, **tags},
            transitive_tag_keys=(*request.inherited_tags, *transitive),
            source_identity=source_identity,
            duration=duration,
            policies=policies,
            packed=packed,
        )
    )


def _find_identity(call: StsRequest) -> CallingIdentity:
    """Who calls: whoever signed, or the AWS service that is to have made the call."""
    if service := call.call.headers.get(AWS_SERVICE):
        keys = {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": service}
        return CallingIdentity("service", call.identity.account, service, service, keys=keys)
    return call.identity


# What the session is to have


def _get_inherited_tags(identity: CallingIdentity) -> dict[str, str]:
    session = identity.session
    if session is None or identity.kind != "role":
        return {}
    return {key: session.tags[key] for key in session.transitive_tag_keys}


def _choose_transitive_keys(request: AssumeRoleRequest) -> tuple[str, ...]:
    by_lower = {key.lower(): key for key in request.tags}
    if any(key.lower() in by_lower for key in request.inherited_tags):
        raise AwsError(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session.",
        )
    requested: list[str] = request.value.get("TransitiveTagKeys", [])
    if any(key.lower() not in by_lower for key in requested):
        text = "The specified transitive tag key must be included in the requested tags."
        raise AwsError("InvalidParameterValue", text)
    return tuple(by_lower[key.lower()] for key in requested)


def _choose_source_identity(request: AssumeRoleRequest) -> str | None:
    session = request.identity.session
    existing = session.source_identity if session else None
    requested: str | None = request.value.get("SourceIdentity")
    if existing and requested and requested != existing:
        reason = f"the session's source identity is {existing}, and can't be changed"
        refuse(request, "sts:SetSourceIdentity", Decision(False, "source", reason))
    return requested or existing


def check_duration(value: Mapping[str, Any], identity: CallingIdentity, role: Entity) -> int:
    duration: int = value.get("DurationSeconds", _DEFAULT_DURATION)
    # The keys of GetSessionToken count as well:
    # https://repost.aws/knowledge-center/iam-role-chaining-limit
    if identity.session is not None and duration > _CHAINED_DURATION:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining.",
        )
    if duration > int(role.max_session_duration or _DEFAULT_DURATION):
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return duration


def read_session_policies(
    value: Mapping[str, Any], role: Entity, state: SandboxState
) -> tuple[Policy, ...]:
    policies: list[Policy] = []
    if text := value.get("Policy"):
        policies.append(Policy("inline session policy", policy_parsing.parse(text, "session")))
    arns = [item.get("arn", "") for item in value.get("PolicyArns", ())]
    if len(arns) > _MOST_SESSION_POLICIES:
        raise AwsError(
            "ValidationError",
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MOST_SESSION_POLICIES}",
        )
    for arn in arns:
        policy = state.accounts.find_managed_policy(role.account_id, arn)
        if policy is None:
            raise AwsError("MalformedPolicyDocument", f"The session policy {arn} does not exist.")
        policies.append(read_managed_policy(policy))
    return tuple(policies)


def compute_packed_size(value: Mapping[str, Any], given_tags: Mapping[str, str]) -> int | None:
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


def _decide_all(
    request: AssumeRoleRequest, role: Entity, source_identity: str | None, *, mfa: bool
) -> Decision:
    """Decide each action that the call needs; returns the decision of AssumeRole itself."""
    keys = context_keys.add_session_keys(
        context_keys.collect_context_keys(request, role, mfa=mfa),
        request.call,
        # As in a target role of EKS Pod Identity, whose trust asks for inherited tags like this:
        # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html
        {**request.inherited_tags, **request.tags},
        request.value.get("TransitiveTagKeys", ()),
    )
    if providers := _read_context_providers(request):
        keys["sts:RequestContextProviders"] = providers
    actions = ["sts:AssumeRole"]
    if request.tags or request.inherited_tags:
        # Inherited tags are passed too: https://github.com/aws/eks-pod-identity-agent/issues/80
        actions.append("sts:TagSession")
    if source_identity:
        # In a chain as well: a session passes its source identity on, which needs permission.
        actions.append("sts:SetSourceIdentity")
    if providers:
        actions.append("sts:SetContext")
    first, *_ = [decide_action(request, role, action, keys) for action in actions]
    return first


def _read_context_providers(request: AssumeRoleRequest) -> tuple[str, ...]:
    """The providers of the contexts that the call passes; what these assert isn't looked at."""
    contexts = request.value.get("ProvidedContexts", ())
    return tuple(dict.fromkeys(item["ProviderArn"] for item in contexts if "ProviderArn" in item))


def decide_action(
    request: AssumeRoleRequest, role: Entity, action: str, keys: context_keys.Keys
) -> Decision:
    trust = Policy("trust policy", json.loads(role.assume_role_policy_document))
    identity, asked = request.identity, Request(action, request.role_arn, keys)
    try:
        if identity.kind == "web identity":
            decision = decide_by_trust(OutsideCaller("Federated", identity.arn), asked, trust)
        elif identity.kind == "service":
            decision = decide_by_trust(OutsideCaller("Service", identity.arn), asked, trust)
        else:
            decision = decide(build_caller(identity, request.state.accounts), asked, trust)
    except ValueError as error:
        # A policy that the evaluator doesn't understand opens nothing.
        decision = Decision(False, "destination", str(error))
    if not decision.allowed:
        refuse(request, action, decision)
    return decision


def refuse(request: AssumeRoleRequest, action: str, decision: Decision) -> NoReturn:
    is_call = action == f"sts:{request.call.action}"
    reason = decision.reason if is_call else f"{action}: {decision.reason}"
    log_decision(request, Decision(False, decision.half, reason))
    text = f"User: {request.identity.arn} is not authorized to perform: {action} "
    text += f"on resource: {request.role_arn}"
    if request.identity.kind == "web identity":
        text = f"Not authorized to perform {action}"
    headers = {"x-sandbox-half": decision.half or "", "x-sandbox-reason": reason}
    raise AwsError("AccessDenied", text, headers)


def log_decision(request: AssumeRoleRequest, decision: Decision) -> None:
    entry = LoggedDecision(
        at=request.state.clock(),
        caller=request.identity.arn,
        role=request.role_arn,
        allowed=decision.allowed,
        half=decision.half,
        reason=" ".join(decision.reason.split()),
    )
    request.state.decisions.append(entry)
    if decision.allowed:
        log.info("allowed: %s → %s", entry.caller, entry.role)
    else:
        log.info(
            "refused: %s → %s: %s half: %s", entry.caller, entry.role, entry.half, entry.reason
        )


# The session


def issue_session(
    request: StsRequest, role: Entity, *, duration: int, packed: int | None, **session: Any
) -> dict[str, Any]:
    """Issue a session of the role; what the reply says of it."""
    call, state = request.call, request.state
    name = call.params["RoleSessionName"]
    made = state.accounts.get_sts(role.account_id).assume_role(
        region_name=call.region,
        role_session_name=name,
        role_arn=role.arn,
        policy=call.params.get("Policy"),
        duration=duration,
        external_id=None,
    )
    now = state.clock()
    state.sessions.add(
        IssuedSession(
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
    arn = f"arn:{state.accounts.partition}:sts::{role.account_id}"
    return {
        "SourceIdentity": session["source_identity"],
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{name}",
            "Arn": f"{arn}:assumed-role/{role.name}/{name}",
        },
        "Credentials": render_credentials(made, made.session_token, now + duration),
        "PackedPolicySize": packed,
    }


def render_credentials(key: Any, token: str, expires: float) -> dict[str, str]:
    """The element Credentials of STS's replies, for one of moto's temporary keys."""
    return {
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
        "SessionToken": token,
        "Expiration": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
