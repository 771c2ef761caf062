"""AWS's query protocol, as IAM and STS speak it: requests from WSGI, replies as XML.

Errors are JSON where the service that was called speaks it.
"""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

Environ = dict[str, Any]

NAMESPACES: Mapping[str, str] = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}

# The HTTP status of the errors that differ from 400: IAM's and STS's own service models.
_STATUSES: Mapping[str, int] = {
    "AccessDenied": 403,
    "DeleteConflict": 409,
    "EntityAlreadyExists": 409,
    "ExpiredToken": 403,
    "InternalFailure": 500,
    "InvalidAuthenticationCode": 403,
    "InvalidClientTokenId": 403,
    "LimitExceeded": 409,
    "MissingAuthenticationToken": 403,
    "NoSuchEntity": 404,
    # 501 is the one 5xx that no AWS SDK retries: what isn't emulated fails at once.
    "NotImplemented": 501,
}

# What services that speak JSON call the errors that any service has.
_JSON_CODES: Mapping[str, str] = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InternalFailure": "InternalServerException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
}


class AwsError(Exception):
    """An error that AWS would answer with.

    Attributes:
        code: AWS's error code, e.g. `AccessDenied`.
        message: AWS's text, as far as it is known.
        headers: what the sandbox adds for its own readers, such as the half that refused.
    """

    def __init__(self, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        return _STATUSES.get(self.code, 400)


def make_not_implemented_error(what: str) -> AwsError:
    return AwsError("NotImplemented", f"The sandbox does not emulate {what}.")


@dataclass(frozen=True)
class Reply:
    """An HTTP response, complete."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/xml"),)


@dataclass(frozen=True)
class AwsCall:
    """One request to an AWS service.

    Attributes:
        service: the credential scope's service: "iam", "sts", "ec2", …; empty when unsigned.
        region: the credential scope's region, us-east-1 when there is none.
        action: the operation's name; for a REST service the HTTP method and path.
        access_key_id: who signed; None when nobody did.
        session_token: the token that belongs to temporary keys.
        params: the parameters of the query protocol, flat: `Tags.member.1.Key`.
        headers: HTTP headers by lower-case name.
        peer: the client's IP address.
    """

    service: str
    region: str
    action: str
    access_key_id: str | None
    session_token: str | None = field(repr=False)
    params: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    peer: str = "127.0.0.1"


# Credential=KEY/20260131/us-east-1/iam/aws4_request; SigV4A has no region in its scope.
_SCOPE = re.compile(r"Credential=([^/,\s]+)/\d{8}/(?:([^/,\s]+)/)?([^/,\s]+)/aws4_request")


def read_call(environ: Environ) -> AwsCall:
    """The request in `environ`, whose body stays readable for whoever handles it next."""
    body = read_body(environ)
    params = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        params |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    # A presigned request carries in its query what others carry in the headers.
    credential = headers.get("authorization") or f"Credential={params.get('X-Amz-Credential', '')}"
    scope = _SCOPE.search(credential)
    key_id, region, service = scope.groups() if scope else (None, None, "")
    target = headers.get("x-amz-target", "")
    action = (
        params.get("Action")
        or target.rpartition(".")[2]
        or f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '/')}"
    )
    return AwsCall(
        service=service.lower(),
        region=region or "us-east-1",
        action=action,
        access_key_id=key_id,
        session_token=headers.get("x-amz-security-token") or params.get("X-Amz-Security-Token"),
        params=params,
        headers=headers,
        peer=environ.get("REMOTE_ADDR") or "127.0.0.1",
    )


def read_body(environ: Environ) -> bytes:
    """The request's body, which stays readable; empty where its length is none."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        body: bytes = stream.read()
    else:
        length = environ.get("CONTENT_LENGTH") or ""
        body = stream.read(int(length)) if re.fullmatch(r"[0-9]{1,10}", length) else b""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return body


def replace_params(environ: Environ, params: Mapping[str, str]) -> None:
    """Give the request other parameters than those that came."""
    body = urlencode(params).encode()
    environ |= {
        "QUERY_STRING": "",
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }


# Characters that XML can't hold, not even escaped; they come in through JSON's own escapes.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def build_xml_reply(service: str, action: str, result: Mapping[str, Any] | None = None) -> Reply:
    """The reply of `action` with `result` as elements; without it, IAM's empty reply."""
    inner = "" if result is None else f"<{action}Result>{_render_elements(result)}</{action}Result>"
    body = (
        f'<{action}Response xmlns="{NAMESPACES[service]}">{inner}'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{action}Response>"
    )
    return Reply(200, body.encode())


def _render_elements(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(
            f"<{k}>{_render_elements(v)}</{k}>" for k, v in value.items() if v is not None
        )
    if isinstance(value, (list, tuple)):
        return "".join(f"<member>{_render_elements(item)}</member>" for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return _escape_text(str(value))


def _escape_text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def build_error_reply(error: AwsError, call: AwsCall) -> Reply:
    """`error` in the protocol of the service that was called."""
    extra = tuple((name, to_header_text(value)) for name, value in error.headers.items())
    request_id = str(uuid.uuid4())
    if _speaks_json(call):
        code = _JSON_CODES.get(error.code, error.code)
        body = json.dumps({"__type": code, "message": error.message})
        kind: tuple[tuple[str, str], ...] = (
            ("Content-Type", "application/x-amz-json-1.1"),
            ("x-amzn-ErrorType", code),
        )
    else:
        side = "Receiver" if error.status >= 500 else "Sender"  # noqa: PLR2004 - HTTP's own line
        inside = f"<Code>{error.code}</Code><Message>{_escape_text(error.message)}</Message>"
        request = f"<RequestId>{request_id}</RequestId>"
        if call.service == "s3":
            body = f"<Error>{inside}{request}</Error>"
        else:
            namespace = NAMESPACES.get(call.service, NAMESPACES["sts"])
            error_element = f"<Error><Type>{side}</Type>{inside}</Error>"
            body = f'<ErrorResponse xmlns="{namespace}">{error_element}{request}</ErrorResponse>'
        kind = (("Content-Type", "text/xml"),)
    return Reply(error.status, body.encode(), (*kind, ("x-amzn-RequestId", request_id), *extra))


def _speaks_json(call: AwsCall) -> bool:
    """Whether the service that was called isn't one of those that speak XML."""
    if "x-amz-target" in call.headers or "json" in call.headers.get("content-type", ""):
        return True
    return call.service not in ("", "s3", *NAMESPACES) and "Action" not in call.params


def to_header_text(text: str) -> str:
    """`text` as an HTTP header can carry it: one line of latin-1."""
    return " ".join(text.split()).encode("latin-1", "replace").decode("latin-1")
