"""The calls of STS that the sandbox answers itself. Those that it can't decide it refuses, moto's ways unused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.aws.assume_role import assume_role, credentials
from sandbox.aws.credentials import ACCOUNT, Identity, Session
from sandbox.aws.mfa_devices import check_code
from sandbox.aws.query_protocol import AwsError, Call, Reply, not_implemented, xml_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.aws.world import World

_DEFAULT_DURATION = 43200


def answer(call: Call, value: Mapping[str, Any], identity: Identity, world: World) -> Reply:
    """Answer a call of STS.

    Raises:
        AwsError: what AWS would refuse it with; NotImplemented for what isn't emulated.
    """
    handler = _HANDLERS.get(call.action)
    if handler is None:
        raise not_implemented(f"sts:{call.action}")
    return handler(call, value, identity, world)


def _get_caller_identity(call: Call, _: Mapping[str, Any], identity: Identity, __: World) -> Reply:
    result = {"Arn": identity.arn, "UserId": identity.unique_id, "Account": identity.account}
    return xml_reply("sts", call.action, result)


def _get_session_token(
    call: Call, value: Mapping[str, Any], identity: Identity, world: World
) -> Reply:
    if identity.session is not None:
        raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials")
    if identity.principal is None:
        raise AwsError(
            "AccessDenied", f"{identity.arn} is the sandbox's own and has no sessions. Make a user."
        )
    now = world.clock()
    with_mfa = check_code(
        identity, value.get("SerialNumber"), value.get("TokenCode"), world.accounts, now
    )
    from moto.sts.utils import random_session_token  # noqa: PLC0415 - with moto, after the start

    key = world.accounts.iam(identity.account).create_temp_access_key()
    session = Session(
        access_key_id=key.access_key_id,
        token=random_session_token(),
        account=identity.account,
        principal_id=identity.principal.id,
        issued=now,
        expires=now + value.get("DurationSeconds", _DEFAULT_DURATION),
        mfa_at=now if with_mfa else None,
    )
    world.sessions.add(session)
    result = {"Credentials": credentials(key, session.token, session.expires)}
    return xml_reply("sts", call.action, result)


def _get_access_key_info(call: Call, value: Mapping[str, Any], _: Identity, world: World) -> Reply:
    key_id: str = value["AccessKeyId"]
    session, key = world.sessions.get(key_id), world.accounts.key(key_id)
    if session is not None:
        account = session.account
    elif key is not None:
        account = key[0]
    elif ACCOUNT.fullmatch(key_id):
        account = key_id
    else:
        raise AwsError("ValidationError", "Invalid access key id")
    return xml_reply("sts", call.action, {"Account": account})


_HANDLERS: Mapping[str, Callable[[Call, Mapping[str, Any], Identity, World], Reply]] = {
    "AssumeRole": assume_role,
    "GetAccessKeyInfo": _get_access_key_info,
    "GetCallerIdentity": _get_caller_identity,
    "GetSessionToken": _get_session_token,
}
