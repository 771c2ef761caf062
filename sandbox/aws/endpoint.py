"""The sandbox's endpoint for its clients: whether one answers, and boto3 clients for it."""

from __future__ import annotations

import ipaddress
import json
import os
import urllib.request
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3
    from botocore.session import Session
    from types_boto3_iam.client import IAMClient
    from types_boto3_sts.client import STSClient

_HEALTH_TIMEOUT = 1.0


def is_loopback_host(host: str) -> bool:
    """Whether a host's name or address is of the loopback range."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_loopback(endpoint: str) -> bool:
    """Whether a URL's host is of the loopback range."""
    return is_loopback_host(urlsplit(endpoint).hostname or "")


def open_url(request: str | urllib.request.Request, timeout: float) -> bytes:
    """The body of what answers on the loopback range, where a proxy has no business.

    Raises:
        OSError: if nothing answers, or with an HTTP error.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=timeout) as response:
        body: bytes = response.read(10_000)
        return body


def is_sandbox(endpoint: str) -> bool:
    """Whether a sandbox of this kind, and not moto alone or something else, answers there."""
    if urlsplit(endpoint).scheme not in ("http", "https"):
        return False
    try:
        health = json.loads(open_url(f"{endpoint.rstrip('/')}/_sandbox/health", _HEALTH_TIMEOUT))
    except (OSError, ValueError):
        return False
    return isinstance(health, dict) and health.get("sandbox") == "cross-account-access"


@overload
def client(service: Literal["iam"], endpoint: str, *, account: str) -> IAMClient: ...
@overload
def client(service: Literal["sts"], endpoint: str, *, account: str) -> STSClient: ...
@overload
def client(service: str, endpoint: str, *, account: str) -> Any: ...
def client(service: str, endpoint: str, *, account: str) -> Any:
    """A boto3 client that is an administrator of an account.

    Args:
        service: boto3's name of it: "iam", "sts", …
        endpoint: the sandbox's.
        account: 12 digits.
    """
    keys = {"aws_access_key_id": account, "aws_secret_access_key": "sandbox"}
    return make_client(service, endpoint, keys)


def make_client(service: str, endpoint: str, keys: Mapping[str, str]) -> Any:
    """A boto3 client with these keys, which are called as an AWS profile calls them.

    It reads nothing of the person's own AWS configuration: no profile, no proxy, no endpoint.
    """
    from botocore.config import Config  # noqa: PLC0415

    made: Any = _load_session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        config=Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 1}),
        aws_access_key_id=keys["aws_access_key_id"],
        aws_secret_access_key=keys["aws_secret_access_key"],
        aws_session_token=keys.get("aws_session_token"),
    )
    return made


@cache
def _load_session() -> Session:
    """One session for all clients, without the person's own AWS configuration."""
    from botocore.session import Session  # noqa: PLC0415

    session = Session()
    for variable in ("config_file", "credentials_file"):
        session.set_config_variable(variable, os.devnull)
    session.set_config_variable("profile", None)
    return session


def use_shared_models(session: boto3.Session) -> boto3.Session:
    """Let a session take AWS's service models from memory, where each would read them anew."""
    loader = _load_session().get_component("data_loader")
    session._session.register_component("data_loader", loader)  # noqa: SLF001 - boto3 has no other way
    return session
