"""AWS as a caller sees it: sessions by profile, and what goes wrong with them in plain words."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

import boto3
import botocore.exceptions
import botocore.loaders
import botocore.session
import click
from botocore.config import Config

from .cache import SharedCache
from .terminal import ExitCode, Failure

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_sts import STSClient

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
INVALID = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure"}
)
THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

_REGION = "us-east-1"
# AWS's own: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_RETRYING = Config(
    retries={"mode": "adaptive", "total_max_attempts": 6}, connect_timeout=10, read_timeout=30
)


@dataclass(frozen=True)
class AwsAccess:
    """Somebody's credentials, and where they are used.

    Attributes:
        profile: A profile of the AWS CLI's config; None for the ambient credentials.
        region: A region; None for the profile's.
        endpoint: An emulator's address; None for AWS's own, or what AWS_ENDPOINT_URL says.
    """

    profile: str | None = None
    region: str | None = None
    endpoint: str | None = None

    def session(self) -> boto3.Session:
        """A session with the credentials.

        Raises:
            Failure: If there is no such profile, or the AWS CLI's config isn't understood.
        """
        try:
            session = get_botocore_session()
            if self.profile is not None:
                session.set_config_variable("profile", self.profile)
            session.get_scoped_config()  # which looks the profile up
            # As the AWS CLI does it, so that a profile with MFA asks for a code once.
            session.get_component("credential_provider").get_provider(
                "assume-role"
            ).cache = SharedCache()
            # boto3 doesn't read AWS_REGION, which the AWS CLI and the other SDKs do.
            region = self.region or os.environ.get("AWS_REGION")
            return boto3.Session(botocore_session=session, region_name=region)
        except botocore.exceptions.ConfigParseError as error:
            # botocore's message quotes lines of the file, and keys may stand in them.
            told = f"the AWS CLI doesn't understand {error.kwargs['path']}"
            raise Failure(told, ExitCode.WRONG_INPUT, remedy="Mend the file.") from None
        except botocore.exceptions.ProfileNotFound as error:
            told = f"there is no AWS profile {error.kwargs['profile']}"
            raise Failure(
                told, ExitCode.WRONG_INPUT, remedy="`aws configure list-profiles` tells."
            ) from None

    def iam(self) -> "IAMClient":
        """IAM's client."""
        session = self.session()
        client: IAMClient = session.client(
            "iam", region_name=session.region_name or _REGION, **self._at()
        )
        return client

    def sts(self) -> "STSClient":
        """STS's client."""
        session = self.session()
        client: STSClient = session.client(
            "sts", region_name=session.region_name or _REGION, **self._at()
        )
        return client

    def _at(self) -> dict[str, Any]:
        return {"endpoint_url": self.endpoint, "config": _RETRYING}


def get_botocore_session() -> botocore.session.Session:
    """What a boto3 session is made of; AWS's service models are read once for all of them."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _loader())
    return session


@cache
def _loader() -> botocore.loaders.Loader:
    return botocore.loaders.create_loader(
        botocore.session.get_session().get_config_variable("data_path")
    )


def get_error_code(error: botocore.exceptions.ClientError) -> str:
    """AWS's code of an error."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def translate_errors(what: str) -> Iterator[None]:
    """Turn what keeps AWS from answering into a Failure.

    Args:
        what: What is asked, for the message: "who the caller is".

    Raises:
        Failure: With the reason and what to do.
    """
    try:
        yield
    except botocore.exceptions.ClientError as error:
        raise Failure(
            f"AWS doesn't tell {what}: {_told(error)}", remedy=_remedy(get_error_code(error))
        ) from None
    except (botocore.exceptions.NoCredentialsError, botocore.exceptions.PartialCredentialsError):
        remedy = "Give --profile NAME, or set AWS_PROFILE."
        raise Failure(f"there are no AWS credentials to ask {what}", remedy=remedy) from None
    except botocore.exceptions.BotoCoreError as error:
        raise Failure(f"AWS can't be asked {what}: {error}") from None


def _told(error: botocore.exceptions.ClientError) -> str:
    return f"{get_error_code(error)}: {error.response.get('Error', {}).get('Message', '')}".rstrip(
        ": "
    )


def _remedy(code: str) -> str:
    if code in EXPIRED:
        return "The credentials have expired: sign in again."
    if code in INVALID:
        return "The credentials are not valid: another profile may be meant."
    if code in THROTTLED:
        return "AWS throttles: try again in a minute."
    return ""


endpoint_option = click.option(
    "--endpoint-url",
    "endpoint",
    metavar="URL",
    envvar="AWS_ENDPOINT_URL",
    help="Where AWS is: the sandbox's address, for example. [env: AWS_ENDPOINT_URL]",
)


def add_aws_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say whose credentials are used, as its parameter `aws`."""

    @click.option(
        "--profile",
        metavar="NAME",
        help="A profile of the AWS CLI; the ambient credentials by default.",
    )
    @click.option("--region", metavar="REGION", help="The region whose STS is used.")
    @endpoint_option
    @wraps(command)
    def with_aws(
        *, profile: str | None, region: str | None, endpoint: str | None, **others: Any
    ) -> Any:
        return command(aws=AwsAccess(profile, region, endpoint), **others)

    return with_aws
