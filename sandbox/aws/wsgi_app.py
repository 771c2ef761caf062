"""The WSGI application: moto's server behind the checks that make accounts of it.

For every request it identifies the caller, and so the account; it answers STS itself, checks
what goes to moto's IAM, and hands all else on to moto's other services, as far as they are
installed, unchecked.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from threading import RLock
from typing import Any

from sandbox.aws import constraints, iam_checks, sts
from sandbox.aws.credentials import CallingIdentity, identify
from sandbox.aws.iam_request import AWS_SERVICE, IamRequest
from sandbox.aws.query_protocol import (
    AwsCall,
    AwsError,
    Environ,
    Reply,
    build_error_reply,
    make_not_implemented_error,
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

_UNSIGNED = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}


class WsgiApp:
    """The application. It answers IAM and STS one request at a time: moto doesn't lock."""

    def __init__(self, state: SandboxState) -> None:
        self.state = state
        self.lock = RLock()
        self._moto: Application = _load_moto()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_sandbox/"):
            reply = self._answer_own(path, environ)
        elif path.startswith("/moto-api"):
            # moto's own reset would leave sessions behind.
            reply = _build_json_reply(
                404, {"error": "The sandbox has its own: POST /_sandbox/reset"}
            )
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
        except (NotImplementedError, ImportError):
            # An action that moto lacks, or a service whose own needs aren't installed.
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
        if not call.service and call.action in _UNSIGNED:
            raise make_not_implemented_error(f"sts:{call.action}")
        with self.lock:
            identity = self._identify(call)
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = identity.account
            if call.service == "sts":
                value = constraints.check_parameters("sts", call.action, call.params)
                return sts.answer_sts_call(StsRequest(call, value, identity, self.state))
            if call.service == "iam":
                return self._answer_iam(call, identity, environ)
        return self._forward(environ)

    def _identify(self, call: AwsCall) -> CallingIdentity:
        try:
            identity = identify(call, self.state.accounts, self.state.sessions, self.state.clock())
        except AwsError:
            self.state.requests.append(RequestRecord("", call.service, call.action))
            raise
        self.state.requests.append(RequestRecord(identity.account, call.service, call.action))
        return identity

    def _answer_iam(self, call: AwsCall, identity: CallingIdentity, environ: Environ) -> Reply:
        request = IamRequest(
            action=call.action,
            params=dict(call.params),
            value=constraints.check_parameters("iam", call.action, call.params),
            identity=identity,
            accounts=self.state.accounts,
            hold=self.state.hold_new_principals,
            now=self.state.clock(),
            by_aws=AWS_SERVICE in call.headers,
        )
        iam_checks.check_iam_request(request)
        if request.reply is not None:
            return request.reply
        replace_params(environ, request.params)
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
                    return _build_json_reply(200, {"sandbox": NAME, "version": VERSION})
                case "GET", "log":
                    with self.lock:
                        return _build_json_reply(
                            200, [asdict(decision) for decision in self.state.decisions]
                        )
                case "POST", "reset":
                    with self.lock:
                        self.state.reset()
                    return _build_json_reply(200, {})
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


def _read_json_body(environ: Environ) -> Mapping[str, str]:
    text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    body = json.loads(text)
    if not isinstance(body, dict) or not all(isinstance(value, str) for value in body.values()):
        raise ValueError("The body must be a JSON object of strings")
    return body


def _build_json_reply(status: int, value: Any) -> Reply:
    return Reply(status, json.dumps(value).encode(), (("Content-Type", "application/json"),))


def _load_moto() -> Application:
    """The server of moto as a WSGI application, every service of it."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415 - heavy: only when a sandbox starts

    application: Application = DomainDispatcherApplication(create_backend_app)
    return application
