"""The WSGI application: moto's IAM behind the checks that make accounts of it.

For every request it identifies the caller, and so the account; it answers STS and ValidatePolicy of
Access Analyzer itself, and checks what goes to moto's IAM. There is no other service: moto's would
call other addresses, or start containers.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from threading import RLock
from typing import Any

from sandbox.aws import constraints, iam_checks, policy_validation, sts, web_identity
from sandbox.aws.credentials import CallingIdentity, identify
from sandbox.aws.endpoint import get_partition
from sandbox.aws.iam_request import AWS_SERVICE, IamRequest
from sandbox.aws.local_requests import describe_foreign_request
from sandbox.aws.mfa_devices import show_code
from sandbox.aws.query_protocol import (
    AwsCall,
    AwsError,
    Environ,
    Reply,
    build_error_reply,
    make_not_implemented_error,
    read_body,
    read_call,
    replace_params,
)
from sandbox.aws.sandbox_state import RequestRecord, SandboxState
from sandbox.aws.sts_request import StsRequest

log = logging.getLogger("sandbox")

NAME = "cross-account-access"
VERSION = "1"
"""The version of the sandbox's own interface under /_sandbox/."""

StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_UNSIGNED = "AssumeRoleWithSAML"
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}


class WsgiApp:
    """The application. It answers IAM and STS one request at a time: moto doesn't lock."""

    def __init__(self, state: SandboxState, used_by: str | None = None) -> None:
        """Make the application.

        Args:
            state: what requests are answered from.
            used_by: the command whose own these accounts are; None where they are for anybody.
        """
        self.state = state
        self.lock = RLock()
        self._used_by = used_by
        self._moto: Application = _load_moto()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if rule := describe_foreign_request(environ):
            reply = build_error_reply(AwsError("AccessDenied", rule), read_call(environ))
        elif path.startswith("/_sandbox/"):
            reply = self._answer_own(path, environ)
        else:
            reply = self._answer_aws(environ)
        headers = list(reply.headers)
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(reply.body))))
        start_response(f"{reply.status} {_REASONS.get(reply.status, 'Status')}", headers)
        return [reply.body]

    # AWS

    def _answer_aws(self, environ: Environ) -> Reply:
        call = read_call(environ)
        try:
            return self._dispatch(call, environ)
        except AwsError as error:
            return build_error_reply(error, call)
        except NotImplementedError:  # an action that moto lacks
            return build_error_reply(
                make_not_implemented_error(f"{call.service}:{call.action}"), call
            )
        except Exception as error:  # a bug here or in moto is an answer, not the server's end
            log.warning(
                "%s:%s failed: %r", call.service, call.action, error, exc_info=log.isEnabledFor(10)
            )
            return build_error_reply(
                AwsError("InternalFailure", f"The sandbox failed: {error!r}"), call
            )

    def _dispatch(self, call: AwsCall, environ: Environ) -> Reply:
        if not call.service and call.action == _UNSIGNED:
            raise make_not_implemented_error(f"sts:{call.action}")
        with self.lock:
            if call.action == web_identity.ACTION and call.service in ("", "sts"):
                return web_identity.assume_role_with_web_identity(call, self.state)
            state = self.state.in_partition(get_partition(call.region))
            identity = _identify(call, state)
            if call.service == "sts":
                value = constraints.check_parameters("sts", call.action, call.params)
                return sts.answer_sts_call(StsRequest(call, value, identity, state))
            if call.service == "iam":
                return self._answer_iam(call, identity, state, environ)
            if (call.service, call.action) == policy_validation.VALIDATE_POLICY:
                return policy_validation.answer_validate_policy(_read_params(call, environ))
        raise make_not_implemented_error(f"{call.service}:{call.action}")

    def _answer_iam(
        self, call: AwsCall, identity: CallingIdentity, state: SandboxState, environ: Environ
    ) -> Reply:
        request = IamRequest(
            action=call.action,
            params=dict(call.params),
            value=constraints.check_parameters("iam", call.action, call.params),
            identity=identity,
            accounts=state.accounts,
            hold=state.hold_new_principals,
            quotas=state.quotas,
            now=state.clock(),
            by_aws=AWS_SERVICE in call.headers,
        )
        iam_checks.check_iam_request(request)
        if request.reply is not None:
            return request.reply
        replace_params(environ, request.params)
        _name_account(environ, call, identity, state)
        reply = self._forward(environ)
        if reply.status >= 300:  # noqa: PLR2004 - HTTP's own line
            return reply
        body = reply.body
        for step in request.afterwards:
            body = step(body)
        return Reply(reply.status, body, reply.headers)

    def _forward(self, environ: Environ) -> Reply:
        """What moto answers."""
        status, headers = 500, []

        def start_response(line: str, sent: list[tuple[str, str]], _: Any = None) -> None:
            nonlocal status, headers
            status, headers = int(line.split(" ", 1)[0]), sent

        chunks = self._moto(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            if (close := getattr(chunks, "close", None)) is not None:
                close()
        if environ["REQUEST_METHOD"] != "HEAD":  # whose length is that of a body that isn't sent
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        return Reply(status, body, tuple(headers))

    # The sandbox's own interface

    def _answer_own(self, path: str, environ: Environ) -> Reply:
        try:
            match environ["REQUEST_METHOD"], path.removeprefix("/_sandbox/"):
                case "GET", "health":
                    return _build_json_reply(
                        200, {"sandbox": NAME, "version": VERSION, "used_by": self._used_by}
                    )
                case "GET", "log":
                    with self.lock:
                        return _build_json_reply(
                            200, [asdict(decision) for decision in self.state.decisions]
                        )
                case "POST", "reset":
                    with self.lock:
                        self.state.reset()
                    return _build_json_reply(200, {})
                case "POST", "mfa":
                    body = _read_json_body(environ)
                    account, now = body.get("account", ""), self.state.clock()
                    with self.lock:
                        code = show_code(self.state.accounts, body["user"], account, now)
                    return _build_json_reply(200, code)
                case "PUT", "organization":
                    body = _read_json_body(environ)
                    with self.lock:
                        self.state.set_organization(body["account"], body["id"], body["path"])
                    return _build_json_reply(200, {})
                case method, name:
                    return _build_json_reply(
                        404, {"error": f"There is no {method} /_sandbox/{name}"}
                    )
        except KeyError as error:
            return _build_json_reply(400, {"error": f"{error.args[0]} is missing"})
        except ValueError as error:
            return _build_json_reply(400, {"error": str(error)})


def _identify(call: AwsCall, state: SandboxState) -> CallingIdentity:
    account = ""
    try:
        identity = identify(call, state.accounts, state.sessions, state.clock())
        account = identity.account
    finally:
        state.requests.append(RequestRecord(account, call.service, call.action))
    return identity


def _name_account(
    environ: Environ, call: AwsCall, identity: CallingIdentity, state: SandboxState
) -> None:
    """Say to moto which account of which partition is meant, and leave it nothing to guess from."""
    environ.pop("HTTP_USER_AGENT", None)  # which may name a region
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = identity.account
    scope = f"{call.access_key_id}/20260101/{state.accounts.partition}/iam/aws4_request"
    environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0"


def _read_params(call: AwsCall, environ: Environ) -> Mapping[str, str]:
    """The parameters of a call whose body is JSON."""
    try:
        return {**call.params, **_read_json_body(environ)}
    except ValueError as error:
        raise AwsError("ValidationException", str(error)) from None


def _read_json_body(environ: Environ) -> Mapping[str, str]:
    try:
        body = json.loads(read_body(environ))
    except RecursionError:
        body = None
    if not isinstance(body, dict) or not all(isinstance(value, str) for value in body.values()):
        raise ValueError("The body must be a JSON object of strings")
    return body


def _build_json_reply(status: int, value: Any) -> Reply:
    return Reply(status, json.dumps(value).encode(), (("Content-Type", "application/json"),))


def _load_moto() -> Application:
    """The server of moto's IAM as a WSGI application."""
    from moto.moto_server.werkzeug_app import create_backend_app  # noqa: PLC0415 - heavy: only when a sandbox starts

    application: Application = create_backend_app("iam")
    return application
