"""A role session by botocore's own means: its fetcher, its MFA prompt, its cache on disk."""

import getpass
import os
import re
import shlex
import sys
from functools import partial
from typing import Any

import boto3
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
_DENIED_USER = re.compile(r"\bUser: (arn:\S+) is not authorized")
# The number of attempts is left to the user: AWS_MAX_ATTEMPTS.
_CLIENT_CONFIG = Config(retries={"mode": "standard"}, connect_timeout=10, read_timeout=30)


def fetch_session(aws: AwsAccess, grant: DeployedGrant, call: AssumeRoleCall) -> dict[str, Any]:
    """Fetch a session of a grant's role, or return the cached one.

    Returns:
        Its `access_key`, `secret_key`, `token` and `expiry_time`.

    Raises:
        Failure: If AWS denies the call or can't be reached.
    """
    session = aws.session()
    with translate_errors(f"assume the role of {grant.name}"):
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        fetcher = _make_fetcher(aws, session, credentials, call)
        try:
            fetched: dict[str, Any] = fetcher.fetch_credentials()
        except ClientError as error:
            raise _translate_refusal(grant, error) from None
    return fetched


def _make_fetcher(
    aws: AwsAccess, session: boto3.Session, credentials: Credentials, call: AssumeRoleCall
) -> AssumeRoleCredentialFetcher:
    arguments = call.arguments()
    # A session with MFA is shared with the AWS CLI's profiles, all others are kept by access key.
    shared = "SerialNumber" in arguments and aws.endpoint is None
    access_key = credentials.get_frozen_credentials().access_key
    client = partial(
        session.client,
        region_name=session.region_name or _REGION,
        endpoint_url=aws.endpoint,
        config=_CLIENT_CONFIG,
    )
    return AssumeRoleCredentialFetcher(
        client,
        credentials,
        call.role_arn,
        extra_args=arguments,
        mfa_prompter=_prompt_for_code,
        cache=SharedCache("" if shared else f"{access_key} {aws.endpoint}"),  # type: ignore[arg-type] # any mapping will do
    )


def _prompt_for_code(prompt: str) -> str:
    """Ask for an MFA code on the terminal: stdin and stdout belong to the command."""
    if not _has_terminal():
        raise Failure(
            "an MFA code is required, and there is no terminal to enter it",
            remedy="Run the command once on a terminal: the session is cached until it expires.",
        )
    return getpass.getpass(prompt)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except (OSError, AttributeError):
        return os.name == "nt" and sys.stdin.isatty()
    return True


def _translate_refusal(grant: DeployedGrant, error: ClientError) -> Exception:
    code = get_error_code(error)
    message = error.response.get("Error", {}).get("Message", "").strip()
    if code in _WRONG_CALL:
        return Failure(
            f"AWS rejects the call for grant {grant.name}: {message}", ExitCode.WRONG_INPUT
        )
    if code not in DENIED:
        return error
    if "MultiFactorAuthentication" in message:
        remedy = (
            "Wait for the next code: each is valid once. If the device isn't yours, pass "
            "--mfa-serial ARN."
        )
    else:
        match = _DENIED_USER.search(message)
        who = match[1] if match else "WHO"
        explain = ["cross-account-access", "explain", who, grant.name, *grant.options]
        remedy = f"To see why: `{shlex.join(explain)}`. IAM changes take effect after some seconds."
    return Failure(f"AWS denies grant {grant.name}: {message}", ExitCode.NO, remedy=remedy)
