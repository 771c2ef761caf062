"""Credentials for AWS, the clients made with them, and AWS's errors as failures of a command."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property, wraps
from typing import TYPE_CHECKING, Any

import boto3
import botocore.exceptions
import botocore.loaders
import botocore.parsers
import botocore.session
import click
import urllib3.exceptions
from boto3.exceptions import Boto3Error
from botocore.config import Config

from cross_account_access.errors import Refusal, escape_invisible
from cross_account_access.iam.limits import StringRule
from cross_account_access.iam.partitions import get_main_region

from .cache import SharedCache
from .endpoints import ENDPOINT, endpoint_option, read_endpoints, replace_endpoints
from .mfa_code import prompt_for_code
from .terminal import Failure, InputError

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

REGION = StringRule(
    "a region", 1, 63, r"[a-z0-9]+(-[a-z0-9]+)*", "lowercase letters and digits with - between them"
)
_ALL_ERRORS = (
    botocore.exceptions.BotoCoreError,
    botocore.parsers.ResponseParserError,
    Boto3Error,
    urllib3.exceptions.HTTPError,
    ValueError,  # for an endpoint that is no URL
    TypeError,  # for keys that a process prints as numbers or objects
    AttributeError,
    RuntimeError,  # for credentials that have expired when they are new
    OSError,
)
_SIGN_IN = "Sign in to IAM Identity Center again: `aws sso login`, with the same --profile."
# AWS's own: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_CLIENT_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 6}, connect_timeout=10, read_timeout=30
)


@dataclass(frozen=True)
class AwsAccess:
    """Which credentials to use, and where.

    Attributes:
        profile: A profile of the AWS CLI's config; None for the default credential chain.
        region: A region; None for the profile's.
        endpoint: An emulator's address; None for the configured ones, or AWS's own.
        partition: The partition that is asked where no region is configured.
    """

    profile: str | None = None
    region: str | None = None
    endpoint: str | None = None
    partition: str = "aws"

    def session(self) -> boto3.Session:
        """A session with the credentials.

        Raises:
            InputError: If there is no such profile, or the AWS CLI's config cannot be parsed.
            Failure: If the profile's credentials cannot be loaded.
        """
        return self._session

    @cached_property
    def _session(self) -> boto3.Session:
        try:
            session = get_botocore_session(self.profile)
            session.get_scoped_config()  # raises if there is no such profile
            # The AWS CLI's own cache, so that a profile with MFA asks for a code once.
            provider = session.get_component("credential_provider").get_provider("assume-role")
            provider.cache = SharedCache()
            provider._prompter = prompt_for_code  # noqa: SLF001 - botocore's own falls back to stdin
            self._load_credentials(session)
            # boto3 doesn't read AWS_REGION, which the AWS CLI and the other SDKs do.
            region = self.region or os.environ.get("AWS_REGION")
            if self.partition != "aws" and not (region or session.get_config_variable("region")):
                # Without one, the role of a profile is asked of the commercial partition too.
                region = get_main_region(self.partition)
            return boto3.Session(botocore_session=session, region_name=region)
        except botocore.exceptions.ConfigParseError as error:
            # botocore's message quotes lines of the file, and keys may stand in them.
            message = f"the AWS CLI's config {error.kwargs['path']} cannot be parsed"
            raise InputError(message, "Correct the file.") from None
        except botocore.exceptions.ProfileNotFound as error:
            message = f"there is no AWS profile {error.kwargs['profile']}"
            raise InputError(message, "`aws configure list-profiles` lists them.") from None

    def _load_credentials(self, session: botocore.session.Session) -> None:
        """Load the credentials, which a profile's `credential_process` may print in any form."""
        profile = self.profile or session.profile or "default"
        with translate_errors(f"load the credentials of profile {profile}"):
            try:
                credentials = session.get_credentials()
                if credentials and credentials.method == "custom-process":
                    "".join(key or "" for key in credentials.get_frozen_credentials()[:3])
            except (ValueError, TypeError, AttributeError):
                # botocore's message may quote the answer, and so keys.
                raise Failure(
                    f"credential_process of profile {profile} must print the JSON document that "
                    "the AWS CLI's guide describes, with Version 1 and keys",
                    remedy="Run its command by hand, and correct it.",
                ) from None

    @property
    def is_temporary(self) -> bool:
        """Whether the credentials are temporary, a role's or those of GetSessionToken."""
        credentials = self.session().get_credentials()
        return bool(credentials and credentials.get_frozen_credentials().token)

    def iam(self) -> "IAMClient":
        """A client of IAM."""
        client: IAMClient = self.client("iam")
        return client

    def sts(self) -> "STSClient":
        """A client of STS."""
        client: STSClient = self.client("sts")
        return client

    def client(self, service: str, config: Config = _CLIENT_CONFIG) -> Any:
        """A client of a service, by boto3's name of it; made once, since that takes a while.

        Raises:
            InputError: As `session` does, or if a configured endpoint is no URL.
            Failure: As `session` does, or if region or endpoint is malformed.
        """
        if service not in self._clients:
            session: Any = self.session()
            _ = self.endpoints  # checks them
            with translate_errors(f"call {service.upper()}"):
                self._clients[service] = session.client(
                    service,
                    region_name=session.region_name or get_main_region(self.partition),
                    endpoint_url=self.endpoint,
                    config=config,
                )
        return self._clients[service]

    @cached_property
    def endpoints(self) -> dict[str, str]:
        """The endpoints that are given or configured, as variables of an environment."""
        if self.endpoint:
            return {ENDPOINT: self.endpoint}
        return read_endpoints(get_botocore_session(self.profile), os.environ)

    def replace_endpoints(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Give a child's environment the endpoints of the profile, which the child hasn't."""
        session = get_botocore_session(self.profile)
        return replace_endpoints(variables, self.endpoints, session)

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class TemporaryAccess(AwsAccess):
    """Temporary credentials that STS issued.

    Attributes:
        keys: STS's element Credentials.
    """

    keys: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def issued_to(cls, aws: AwsAccess, credentials: Any) -> "TemporaryAccess":
        """Credentials that STS issued to a caller, used where that caller's are used."""
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        keys = {name: str(credentials[name]) for name in names}
        return cls(aws.profile, aws.region, aws.endpoint, aws.partition, keys)

    def session(self) -> boto3.Session:
        """A session with the credentials."""
        return self._own_session

    @cached_property
    def _own_session(self) -> boto3.Session:
        return boto3.Session(
            self.keys["AccessKeyId"],
            self.keys["SecretAccessKey"],
            self.keys["SessionToken"],
            botocore_session=get_botocore_session(self.profile),
            region_name=self.region or super().session().region_name,
        )


def get_botocore_session(profile: str | None) -> botocore.session.Session:
    """A botocore session; all of them share one loader, which reads AWS's service models once.

    Args:
        profile: The profile, set first of all: AWS_PROFILE may name one that doesn't exist.
    """
    session = botocore.session.Session(profile=profile)
    data_path = session.get_config_variable("data_path")
    session.register_component("data_loader", _get_loader(data_path))
    return session


@cache
def _get_loader(data_path: str | None) -> botocore.loaders.Loader:
    return botocore.loaders.create_loader(data_path)


def get_error_code(error: botocore.exceptions.ClientError) -> str:
    """AWS's code of an error, such as AccessDenied."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def translate_errors(action: str) -> Iterator[None]:
    """Turn errors of AWS, and of the way to it, into a Failure.

    Args:
        action: What the call is for, as it follows "cannot": "read the user's MFA devices".

    Raises:
        Failure: With AWS's reason and what to do.
    """
    try:
        yield
    except botocore.exceptions.ClientError as error:
        code = get_error_code(error)
        reason = f"{code}: {error.response.get('Error', {}).get('Message', '')}".rstrip(": ")
        raise Failure(f"cannot {action}: {reason}", remedy=_get_remedy(code)) from None
    except (botocore.exceptions.NoCredentialsError, botocore.exceptions.PartialCredentialsError):
        message = f"cannot {action}: there are no AWS credentials"
        raise Failure(message, remedy=_suggest_profile()) from None
    except (botocore.exceptions.SSOError, botocore.exceptions.TokenRetrievalError) as error:
        raise Failure(f"cannot {action}: {error}", remedy=_SIGN_IN) from None
    except KeyError as error:
        message = f"cannot {action}: the answer is not AWS's, for it has no {error}"
        raise Failure(message, remedy="Check the endpoint.") from None
    except _ALL_ERRORS as error:
        raise Failure(f"cannot {action}: {error}") from None


def _suggest_profile() -> str:
    """Suggest the running command's own option for the caller's profile."""
    context = click.get_current_context(silent=True)
    options = [name for one in context.command.params for name in one.opts] if context else []
    if "--source-profile" in options and "--profile" not in options:
        return "Pass --source-profile NAME of a profile with credentials."
    return "Pass --profile NAME, or set AWS_PROFILE."


def _get_remedy(code: str) -> str:
    if code in EXPIRED:
        return "The credentials have expired: sign in again."
    if code in INVALID:
        return "The credentials are not valid: check the profile."
    if code in THROTTLED:
        return "AWS throttles: try again in a minute."
    return ""


def _check_region(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    try:
        return None if text is None else REGION(text)
    except Refusal as refusal:
        raise InputError(f"--region {escape_invisible(str(text))}: {refusal.rule}") from None


def region_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The parameter `region`.

    Args:
        text: The help.
    """
    return click.option("--region", metavar="REGION", callback=_check_region, help=text)


def add_aws_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose credentials; the command gets them as its parameter `aws`."""

    @click.option(
        "--profile",
        metavar="NAME",
        help="A profile of the AWS CLI; by default the default credential chain.",
    )
    @region_option("The region of the STS endpoint; by default the configured one.")
    @endpoint_option
    @wraps(command)
    def with_aws(
        *, profile: str | None, region: str | None, endpoint: str | None, **others: Any
    ) -> Any:
        return command(aws=AwsAccess(profile, region, endpoint), **others)

    return with_aws
