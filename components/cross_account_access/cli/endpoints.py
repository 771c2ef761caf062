"""The endpoints of AWS: the command line's, the environment's and a profile's, in this order.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import click
from botocore.utils import ensure_boolean, is_valid_endpoint_url, is_valid_ipv6_endpoint_url

from cross_account_access.errors import escape_invisible
from cross_account_access.iam.partitions import get_main_region

from .terminal import InputError

ENDPOINT, IGNORED = "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
_VARIABLE = re.compile(rf"{ENDPOINT}(_[A-Z0-9_]+)?|{IGNORED}")


def read_endpoints(
    session: botocore.session.Session, variables: Mapping[str, str]
) -> dict[str, str]:
    """Read the endpoints of an environment and of a session's profile, as variables.

    Args:
        session: The session, of a profile that exists.
        variables: The environment.

    Raises:
        InputError: If one of them is no URL.
    """
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return {IGNORED: "true"}
    own = {
        name: _check_url(name, url)
        for name, url in variables.items()
        if url and name != IGNORED and _VARIABLE.fullmatch(name)
    }
    # A variable for all services comes before a profile's endpoint for one of them.
    return own if ENDPOINT in own else _read_profile(session, session.get_scoped_config()) | own


def get_endpoint(endpoints: Mapping[str, str], service: str) -> str | None:
    """The endpoint of a service, by boto3's name of it; None where it is AWS's own."""
    return endpoints.get(f"{ENDPOINT}_{service.upper()}") or endpoints.get(ENDPOINT)


def replace_endpoints(
    variables: Mapping[str, str], endpoints: Mapping[str, str], session: botocore.session.Session
) -> dict[str, str]:
    """Replace the endpoints in the environment of a child, which has no profile.

    Args:
        variables: The environment.
        endpoints: The endpoints that the child is to have.
        session: A session, whose config the child reads.
    """
    default = session.full_config["profiles"].get("default", {})
    if not endpoints and _read_profile(session, default):
        # Those of the profile `default`, which isn't the caller's, would be the child's.
        endpoints = {IGNORED: "true"}
    kept = {name: text for name, text in variables.items() if not _VARIABLE.fullmatch(name)}
    return {**kept, **endpoints}


def find_place(
    own: Mapping[str, Any], given: Mapping[str, str | None], partition: str
) -> dict[str, str]:
    """Find region and endpoints of a new profile, which the AWS CLI doesn't take from its source.

    Args:
        own: The source profile.
        given: The command line's `region` and `endpoint_url`.
        partition: The partition that the profile is to be in.
    """
    ignored = ensure_boolean(own.get("ignore_configured_endpoint_urls", ""))
    keys = ("region",) if ignored else ("region", "endpoint_url", "services")
    # A map is of nested keys, which mean nothing here.
    places = {key: text for key in keys if isinstance(text := own.get(key), str) and text}
    if partition != "aws":
        # The AWS CLI would ask the commercial partition.
        places.setdefault("region", get_main_region(partition))
    if given["endpoint_url"]:
        places.pop("services", None)
    return places | {key: text for key, text in given.items() if text}


def _read_profile(session: botocore.session.Session, profile: Mapping[str, Any]) -> dict[str, str]:
    services = session.full_config.get("services", {}).get(profile.get("services"), {})
    urls = {ENDPOINT: profile.get("endpoint_url")} | {
        f"{ENDPOINT}_{service.upper()}": keys.get("endpoint_url")
        for service, keys in services.items()
        if isinstance(keys, dict)
    }
    return {
        name: _check_url("endpoint_url of the AWS profile", str(url))
        for name, url in urls.items()
        if url
    }


def _check_url(what: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in ("http", "https") and parts.port != 0  # raises where it is too big
        is_url = is_url and (is_valid_endpoint_url(text) or is_valid_ipv6_endpoint_url(text))
    except ValueError:
        is_url = False
    if not is_url:
        rule = "must be a URL, such as http://127.0.0.1:4577"
        raise InputError(f"{what} {escape_invisible(text)}: {rule}")
    return text


def _check_option(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    return None if text is None else _check_url("--endpoint-url", text)


endpoint_option = click.option(
    "--endpoint-url",
    "endpoint",
    metavar="URL",
    callback=_check_option,
    help="The endpoint of AWS, such as the sandbox's address; by default the configured one.",
)
