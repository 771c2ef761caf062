"""sts:AssumeRoleWithWebIdentity, decided as AWS decides it, by the role's trust policy and a token.

Nobody signs this call. The identity provider must exist in IAM, in the role's account.

- https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cross_account_access.iam.evaluator import Decision
from cross_account_access.iam.partitions import get_main_region
from sandbox.aws import assume_role, constraints, context_keys
from sandbox.aws.credentials import CallingIdentity
from sandbox.aws.endpoint import get_partition
from sandbox.aws.moto_accounts import get_account_id
from sandbox.aws.query_protocol import AwsError, make_not_implemented_error
from sandbox.aws.sandbox_state import RequestRecord
from sandbox.aws.web_tokens import WebToken, read_token

if TYPE_CHECKING:
    from sandbox.aws.moto_accounts import Entity
    from sandbox.aws.query_protocol import AwsCall, Reply
    from sandbox.aws.sandbox_state import SandboxState

ACTION = "AssumeRoleWithWebIdentity"
_PARAMETERS = ("RoleSessionName", "Policy")


def assume_role_with_web_identity(call: AwsCall, state: SandboxState) -> Reply:
    """Answer a call of AssumeRoleWithWebIdentity.

    Raises:
        AwsError: InvalidIdentityToken; ExpiredTokenException, which is this action's own; or
            AccessDenied, with the reason in headers of the sandbox's own.
    """
    value = _check_call(call)
    account = get_account_id(value["RoleArn"])
    state = state.in_partition(get_partition(get_main_region(value["RoleArn"].split(":")[1])))
    state.requests.append(RequestRecord(account, "sts", ACTION))
    token = read_token(value["WebIdentityToken"])
    provider, audience = _find_provider(token, account, state)
    identity = CallingIdentity(
        kind="web identity",
        account=account,
        arn=provider.arn,
        unique_id=f"{provider.arn}:{audience}:{token.subject}",
        keys=token.build_keys(audience),
    )
    tags, transitive = token.read_tags()
    # Of the other parameters of AssumeRole this action has none.
    known = {name: call.params[name] for name in _PARAMETERS if name in call.params}
    call = replace(call, params=known)
    request = assume_role.AssumeRoleRequest(call, value, identity, state, tags, {})
    result = _let_in(request, token, transitive, audience)
    told = {"SubjectFromWebIdentityToken": token.subject, "Audience": audience}
    return request.answer(result | told | {"Provider": token.issuer})


def _check_call(call: AwsCall) -> dict[str, Any]:
    """The call's parameters."""
    value = constraints.check_parameters("sts", ACTION, call.params)
    if not assume_role.ROLE_ARN.fullmatch(value["RoleArn"]):
        raise AwsError("ValidationError", f"{value['RoleArn']} is invalid")
    if "ProviderId" in value:
        raise make_not_implemented_error("access tokens of OAuth 2.0 (ProviderId)")
    return value


def _let_in(
    request: assume_role.AssumeRoleRequest,
    token: WebToken,
    transitive: tuple[str, ...],
    audience: str,
) -> dict[str, Any]:
    """Decide the call and issue the session; what the reply says of it."""
    role = request.state.accounts.find_role_by_arn(request.role_arn)
    if role is None:
        # AWS doesn't tell whether a role exists.
        missing = Decision(False, "destination", "there is no such role")
        assume_role.refuse(request, f"sts:{ACTION}", missing)
    decision = _decide_all(request, role, token, transitive)
    duration = assume_role.check_duration(request.value, request.identity, role)
    policies = assume_role.read_session_policies(request.value, role, request.state)
    packed = assume_role.compute_packed_size(request.value, request.tags)
    assume_role.log_decision(request, decision)
    provider = {"aws:FederatedProvider": request.identity.arn}
    return assume_role.issue_session(
        request,
        role,
        tags=request.tags,
        transitive_tag_keys=transitive,
        source_identity=token.source_identity,
        duration=duration,
        policies=policies,
        packed=packed,
        federated_keys=provider | token.build_session_keys(audience),
    )


def _find_provider(token: WebToken, account: str, state: SandboxState) -> tuple[Entity, str]:
    """The token's identity provider in IAM, and which of its audiences the token is for."""
    providers = state.accounts.get_iam(account).open_id_providers.values()
    provider = next((one for one in providers if f"https://{one.url}" == token.issuer), None)
    if provider is None:
        text = f"No OpenIDConnect provider found in your account for {token.issuer}"
        raise AwsError("InvalidIdentityToken", text)
    audience = next((one for one in token.audiences if one in provider.client_id_list), None)
    if audience is None:
        raise AwsError("InvalidIdentityToken", "Incorrect token audience")
    now = int(state.clock())
    if now >= token.expires:
        text = f"Token expired: current date/time {now} must be before the expiration date/time "
        raise AwsError("ExpiredTokenException", f"{text}{token.expires}")
    return provider, audience


def _decide_all(
    request: assume_role.AssumeRoleRequest,
    role: Entity,
    token: WebToken,
    transitive: tuple[str, ...],
) -> Decision:
    """Decide each action that the token needs; returns the decision of the call itself."""
    if missing := {*map(str.lower, transitive)} - {*map(str.lower, request.tags)}:
        text = f"transitive_tag_keys must be keys of session tags, not {min(missing)}"
        raise AwsError("InvalidIdentityToken", text)
    keys = context_keys.add_session_keys(
        context_keys.collect_context_keys(request, role, mfa=False),
        request.call,
        request.tags,
        transitive,
    )
    actions = [f"sts:{ACTION}"]
    if request.tags:
        actions.append("sts:TagSession")
    if token.source_identity:
        keys["sts:SourceIdentity"] = token.source_identity
        actions.append("sts:SetSourceIdentity")
    first, *_ = [assume_role.decide_action(request, role, action, keys) for action in actions]
    return first
