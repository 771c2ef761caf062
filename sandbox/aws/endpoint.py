"""The sandbox's endpoint for its clients: whether one answers, and boto3 clients for it."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import urllib.request
from functools import cache
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.session import Session
    from types_boto3_iam.client import IAMClient
    from types_boto3_sts.client import STSClient

DEFAULT_REGION = "us-east-1"

_HEALTH_TIMEOUT = 1.0
# Only the plainest form. Of others parsers read different hosts: http://evil.com\\@127.0.0.1 is
# evil.com for urllib3, which boto3 uses, and 127.0.0.1 for urllib.parse.
_ENDPOINT = re.compile(
    r"https?://(?P<host>[a-z0-9.]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?/?", re.IGNORECASE | re.ASCII
)


def is_loopback_host(host: str) -> bool:
    """Whether a host's name or address is of the loopback range."""
    try:
        return ipaddress.ip_address(host).is_loopback and "%" not in host
    except ValueError:
        return host.lower() == "localhost"


def is_loopback(endpoint: str) -> bool:
    """Whether a URL is a scheme, a host of the loopback range and a port, and nothing else."""
    match = _ENDPOINT.fullmatch(endpoint)
    return match is not None and is_loopback_host(match["host"].strip("[]"))


class _RefusedRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an error: it could lead off the loopback range."""

    def redirect_request(self, *_: Any) -> None:
        return None


def open_url(request: str | urllib.request.Request, timeout: float) -> bytes:
    """The body of what answers on the loopback range, where a proxy has no business.

    Raises:
        OSError: if nothing answers, or with an HTTP error.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _RefusedRedirects())
    with opener.open(request, timeout=timeout) as response:
        body: bytes = response.read(10_000)
        return body


def is_sandbox(endpoint: str) -> bool:
    """Whether a sandbox of this kind, and not moto alone or something else, answers there."""
    return read_health(endpoint) is not None


def read_health(endpoint: str) -> Mapping[str, Any] | None:
    """What a sandbox there says of itself; None if none answers.

    Its `used_by` is the command whose own the accounts are, None where they are for anybody.
    """
    if not is_loopback(endpoint):
        return None
    try:
        health = json.loads(open_url(f"{endpoint.rstrip('/')}/_sandbox/health", _HEALTH_TIMEOUT))
    except (OSError, HTTPException, ValueError, RecursionError):
        return None
    is_ours = isinstance(health, dict) and health.get("sandbox") == "cross-account-access"
    return health if is_ours else None


def get_partition(region: str) -> str:
    """The partition of a region, such as `aws-us-gov`."""
    from moto.utilities.utils import get_partition as find  # noqa: PLC0415 - heavy, as is botocore

    return str(find(region))


@overload
def client(
    service: Literal["iam"], endpoint: str, *, account: str, region: str = ...
) -> IAMClient: ...
@overload
def client(
    service: Literal["sts"], endpoint: str, *, account: str, region: str = ...
) -> STSClient: ...
@overload
def client(service: str, endpoint: str, *, account: str, region: str = ...) -> Any: ...
def client(service: str, endpoint: str, *, account: str, region: str = DEFAULT_REGION) -> Any:
    """A boto3 client that is an administrator of an account.

    Args:
        service: boto3's name of it: "iam", "sts", …
        endpoint: the sandbox's.
        account: 12 digits.
        region: its partition is the account's.
    """
    keys = {"aws_access_key_id": account, "aws_secret_access_key": "sandbox"}
    return make_client(service, endpoint, keys, region)


def make_client(
    service: str, endpoint: str, keys: Mapping[str, str], region: str = DEFAULT_REGION
) -> Any:
    """A boto3 client with these keys, which are called as an AWS profile calls them.

    It reads nothing of the person's own AWS configuration: no profile, no proxy, no endpoint.
    """
    from botocore.config import Config  # noqa: PLC0415

    made: Any = _load_session().create_client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        config=Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 1}),
        aws_access_key_id=keys["aws_access_key_id"],
        aws_secret_access_key=keys["aws_secret_access_key"],
        aws_session_token=keys.get("aws_session_token"),
    )
    return made


@cache
def _load_session() -> Session:
    """One session for all clients, in which no variable and no file sets anything."""
    from botocore.configprovider import (  # noqa: PLC0415
        BOTOCORE_DEFAUT_SESSION_VARIABLES,
        ConfigValueStore,
        ConstantProvider,
    )
    from botocore.session import Session  # noqa: PLC0415

    defaults = {
        name: default for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    } | dict.fromkeys(("config_file", "credentials_file"), os.devnull)
    session = Session()
    session.register_component(
        "config_store",
        ConfigValueStore({name: ConstantProvider(value) for name, value in defaults.items()}),
    )
    return session
