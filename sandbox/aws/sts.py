"""STS, which the sandbox answers without moto; what it can't decide it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.aws.assume_role import assume_role, render_credentials
from sandbox.aws.credentials import ACCOUNT, CallingIdentity, IssuedSession
from sandbox.aws.mfa_devices import check_code
from sandbox.aws.query_protocol import (
    AwsCall,
    AwsError,
    Reply,
    build_xml_reply,
    make_not_implemented_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.aws.sandbox_state import SandboxState

_DEFAULT_DURATION = 43200


def answer_sts_call(
    call: AwsCall, value: Mapping[str, Any], identity: CallingIdentity, state: SandboxState
) -> Reply:
    """Answer a call of STS.

    Raises:
        AwsError: what AWS would refuse it with; NotImplemented for what isn't emulated.
    """
    handler = _HANDLERS.get(call.action)
    if handler is None:
        raise make_not_implemented_error(f"sts:{call.action}")
    return handler(call, value, identity, state)


def _get_caller_identity(
    call: AwsCall, _: Mapping[str, Any], identity: CallingIdentity, __: SandboxState
) -> Reply:
    result = {"Arn": identity.arn, "UserId": identity.unique_id, "Account": identity.account}
    return build_xml_reply("sts", call.action, result)


def _get_session_token(
    call: AwsCall, value: Mapping[str, Any], identity: CallingIdentity, state: SandboxState
) -> Reply:
    if identity.session is not None:
        raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials")
    if identity.principal is None:
        raise AwsError(
            "AccessDenied", f"{identity.arn} is the sandbox's own and has no sessions. Make a user."
        )
    now = state.clock()
    with_mfa = check_code(
        identity, value.get("SerialNumber"), value.get("TokenCode"), state.accounts, now
    )
    from moto.sts.utils import random_session_token  # noqa: PLC0415 - with moto, after the start

    key = state.accounts.get_iam(identity.account).create_temp_access_key()
    session = IssuedSession(
        access_key_id=key.access_key_id,
        token=random_session_token(),
        account=identity.account,
        principal_id=identity.principal.id,
        issued=now,
        expires=now + value.get("DurationSeconds", _DEFAULT_DURATION),
        mfa_at=now if with_mfa else None,
    )
    state.sessions.add(session)
    result = {"Credentials": render_credentials(key, session.token, session.expires)}
    return build_xml_reply("sts", call.action, result)


def _get_access_key_info(
    call: AwsCall, value: Mapping[str, Any], _: CallingIdentity, state: SandboxState
) -> Reply:
    key_id: str = value["AccessKeyId"]
    session, key = state.sessions.get(key_id), state.accounts.find_key(key_id)
    if session is not None:
        account = session.account
    elif key is not None:
        account = key[0]
    elif ACCOUNT.fullmatch(key_id):
        account = key_id
    else:
        raise AwsError("ValidationError", "Invalid access key id")
    return build_xml_reply("sts", call.action, {"Account": account})


_HANDLERS: Mapping[
    str, Callable[[AwsCall, Mapping[str, Any], CallingIdentity, SandboxState], Reply]
] = {
    "AssumeRole": assume_role,
    "GetAccessKeyInfo": _get_access_key_info,
    "GetCallerIdentity": _get_caller_identity,
    "GetSessionToken": _get_session_token,
}
