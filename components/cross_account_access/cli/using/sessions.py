"""Sessions of a role by botocore's own means: its fetcher, its prompt for the MFA code, its cache on the disk."""

import getpass
import os
import re
import shlex
import sys
from functools import partial
from typing import Any

from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, Credentials
from botocore.exceptions import ClientError, NoCredentialsError

from cross_account_access.cli.assume_role_call import AssumeRoleCall
from cross_account_access.cli.aws_access import DENIED, AwsAccess, get_error_code, translate_errors
from cross_account_access.cli.cache import SharedCache
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.terminal import ExitCode, Failure

_REGION = "us-east-1"
_WRONG_CALL = frozenset({"ValidationError", "InvalidParameterValue", "PackedPolicyTooLarge"})
_SPOKEN_OF = re.compile(r"\bUser: (arn:\S+) is not authorized")
# How often a call is tried stays the user's to say: AWS_MAX_ATTEMPTS.
_CALLING = Config(retries={"mode": "standard"}, connect_timeout=10, read_timeout=30)


class Sessions:
    """Sessions by somebody's credentials."""

    def __init__(self, aws: AwsAccess) -> None:
        self._aws = aws
        self._session = aws.session()

    @property
    def region(self) -> str | None:
        """The region that is told: on the command line, in the environment, in the profile."""
        return self._session.region_name

    def fetch(self, grant: DeployedGrant, call: AssumeRoleCall) -> dict[str, Any]:
        """A session of a grant's role, from the cache while it lasts.

        Returns:
            Its `access_key`, `secret_key`, `token` and `expiry_time`.

        Raises:
            Failure: If AWS refuses, or can't be asked.
        """
        with translate_errors(f"assume the role of {grant.name}"):
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            try:
                found: dict[str, Any] = self._fetcher(credentials, call).fetch_credentials()
            except ClientError as error:
                raise _refused(grant, error) from None
        return found

    def _fetcher(
        self, credentials: Credentials, call: AssumeRoleCall
    ) -> AssumeRoleCredentialFetcher:
        endpoint, arguments = self._aws.endpoint, call.arguments()
        shared = "SerialNumber" in arguments and endpoint is None
        apart = "" if shared else f"{credentials.get_frozen_credentials().access_key} {endpoint}"
        client = partial(
            self._session.client,
            region_name=self.region or _REGION,
            endpoint_url=endpoint,
            config=_CALLING,
        )
        return AssumeRoleCredentialFetcher(
            client,
            credentials,
            call.role_arn,
            extra_args=arguments,
            mfa_prompter=_code,
            cache=SharedCache(apart),  # type: ignore[arg-type] # any mapping will do
        )


def _code(prompt: str) -> str:
    """An MFA code, asked on the terminal: stdin and stdout are the command's."""
    if not _has_terminal():
        told = "an MFA code is needed, and there is no terminal to ask for it"
        raise Failure(
            told, remedy="Run the command once on a terminal: its session is kept until it expires."
        )
    return getpass.getpass(prompt)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except (OSError, AttributeError):
        return os.name == "nt" and sys.stdin.isatty()
    return True


def _refused(grant: DeployedGrant, error: ClientError) -> Exception:
    code = get_error_code(error)
    message = error.response.get("Error", {}).get("Message", "").strip()
    if code in _WRONG_CALL:
        return Failure(
            f"AWS can't give a session of grant {grant.name}: {message}", ExitCode.WRONG_INPUT
        )
    if code not in DENIED:
        return error
    if "MultiFactorAuthentication" in message:
        remedy = "Wait for the next code, each is good once; or give your own device by --mfa-serial ARN."
    else:
        who = _SPOKEN_OF.search(message)
        explain = [
            "cross-account-access",
            "explain",
            who[1] if who else "WHO",
            grant.name,
            *grant.options,
        ]
        remedy = f"Why: `{shlex.join(explain)}`. A change in IAM takes some seconds to be in force."
    return Failure(f"AWS refuses grant {grant.name}: {message}", ExitCode.NO, remedy=remedy)
