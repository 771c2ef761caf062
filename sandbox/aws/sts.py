"""STS, which the sandbox answers without moto; what it can't decide it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws.assume_role import assume_role, render_credentials
from sandbox.aws.credentials import ACCOUNT, IssuedSession
from sandbox.aws.query_protocol import AwsError, Reply, make_not_implemented_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.aws.sts_request import StsRequest

_DEFAULT_DURATION = 43200


def answer_sts_call(request: StsRequest) -> Reply:
    """Answer a call of STS.

    Raises:
        AwsError: what AWS would refuse it with; NotImplemented for what isn't emulated.
    """
    action = request.call.action
    if action not in _HANDLERS:
        raise make_not_implemented_error(f"sts:{action}")
    return _HANDLERS[action](request)


def _get_caller_identity(request: StsRequest) -> Reply:
    identity = request.identity
    result = {"Arn": identity.arn, "UserId": identity.unique_id, "Account": identity.account}
    return request.answer(result)


def _get_session_token(request: StsRequest) -> Reply:
    identity, state = request.identity, request.state
    if identity.session is not None:
        raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials")
    if identity.principal is None:
        raise AwsError(
            "AccessDenied", f"{identity.arn} is the sandbox's own and has no sessions. Make a user."
        )
    now, with_mfa = state.clock(), request.check_mfa()
    from moto.sts.utils import random_session_token  # noqa: PLC0415 - with moto, after the start

    key = state.accounts.get_iam(identity.account).create_temp_access_key()
    session = IssuedSession(
        access_key_id=key.access_key_id,
        token=random_session_token(),
        account=identity.account,
        principal_id=identity.principal.id,
        issued=now,
        expires=now + request.value.get("DurationSeconds", _DEFAULT_DURATION),
        mfa_at=now if with_mfa else None,
    )
    state.sessions.add(session)
    result = {"Credentials": render_credentials(key, session.token, session.expires)}
    return request.answer(result)


def _get_access_key_info(request: StsRequest) -> Reply:
    key_id: str = request.value["AccessKeyId"]
    state = request.state
    session, key = state.sessions.get(key_id), state.accounts.find_key(key_id)
    if session is not None:
        account = session.account
    elif key is not None:
        account = key[0]
    elif ACCOUNT.fullmatch(key_id):
        account = key_id
    else:
        raise AwsError("ValidationError", "Invalid access key id")
    return request.answer({"Account": account})


_HANDLERS: Mapping[str, Callable[[StsRequest], Reply]] = {
    "AssumeRole": assume_role,
    "GetAccessKeyInfo": _get_access_key_info,
    "GetCallerIdentity": _get_caller_identity,
    "GetSessionToken": _get_session_token,
}
