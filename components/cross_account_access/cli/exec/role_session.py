"""A role session by botocore's own means: its fetcher, its MFA prompt, its cache on disk."""

import re
import shlex
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, Credentials
from botocore.exceptions import ClientError, NoCredentialsError

from cross_account_access.cli.assume_role_call import OWN_EXTERNAL_ID, AssumeRoleCall
from cross_account_access.cli.aws_access import DENIED, AwsAccess, get_error_code, translate_errors
from cross_account_access.cli.cache import SharedCache, format_expiration
from cross_account_access.cli.caller import CallerSession
from cross_account_access.cli.endpoints import get_endpoint
from cross_account_access.cli.mfa_code import prompt_for_code
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.cli.trust_requirements import read_requirements
from cross_account_access.iam.partitions import get_main_region

_WRONG_CALL = frozenset({"ValidationError", "InvalidParameterValue", "PackedPolicyTooLarge"})
_DENIED_USER = re.compile(r"\bUser: (arn:\S+) is not authorized")
# The number of attempts is left to the user: AWS_MAX_ATTEMPTS.
_CLIENT_CONFIG = Config(retries={"mode": "standard"}, connect_timeout=10, read_timeout=30)


def fetch_session(aws: AwsAccess, grant: DeployedGrant, call: AssumeRoleCall) -> dict[str, Any]:
    """Fetch a session of a grant's role, or return the cached one.

    Returns:
        Its `access_key`, `secret_key`, `token`, `account_id` and `expiry_time`, in ISO 8601.

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
            raise _translate_refusal(aws, grant, call, error) from None
        account = grant.documents.destination_account_id
        expiry_time = format_expiration(fetched["expiry_time"])
        return {**fetched, "account_id": account, "expiry_time": expiry_time}


def _make_fetcher(
    aws: AwsAccess, session: boto3.Session, credentials: Credentials, call: AssumeRoleCall
) -> AssumeRoleCredentialFetcher:
    arguments = call.arguments()
    # A session with MFA is shared with the AWS CLI's profiles, all others are kept by access key.
    # Those of an emulator are never shared, nor given to whoever asks AWS.
    endpoint = get_endpoint(aws.endpoints, "sts")
    shared = "SerialNumber" in arguments and endpoint is None
    access_key = credentials.get_frozen_credentials().access_key
    client = partial(
        session.client,
        region_name=session.region_name or get_main_region(aws.partition),
        endpoint_url=aws.endpoint,
        config=_CLIENT_CONFIG,
    )
    return AssumeRoleCredentialFetcher(
        client,
        credentials,
        call.role_arn,
        extra_args=arguments,
        mfa_prompter=prompt_for_code,
        cache=SharedCache("" if shared else f"{access_key} {endpoint}"),  # type: ignore[arg-type] # any mapping will do
    )


def _translate_refusal(
    aws: AwsAccess, grant: DeployedGrant, call: AssumeRoleCall, error: ClientError
) -> Exception:
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
        explain = _build_explain(match[1] if match else "WHO", aws, grant, call)
        remedy = (
            f"To see why: `{shlex.join(explain)}`, and with --live by the policies in the "
            "accounts, such as an explicit deny. IAM changes take effect after some seconds."
        )
        if "--mfa" in explain and call.mfa_serial is None:
            remedy += " If your temporary credentials were got without MFA, sign in with MFA."
    return Failure(f"AWS denies grant {grant.name}: {message}", ExitCode.NO, remedy=remedy)


def _build_explain(
    who: str, aws: AwsAccess, grant: DeployedGrant, call: AssumeRoleCall
) -> list[str]:
    """Build the command that explains this very call; the external ID is not shown in it."""
    words = ["cross-account-access", "explain", who, grant.name, *grant.options]
    for option, value in (
        ("--profile", aws.profile),
        ("--region", aws.region),
        ("--endpoint-url", aws.endpoint),
        ("--external-id", OWN_EXTERNAL_ID if call.external_id else None),
        ("--session-name", call.session_name),
        ("--source-identity", call.source_identity),
        ("--duration", call.duration),
    ):
        words += [] if value is None else [option, str(value)]
    for key, value in sorted(call.tags.items()):
        words += ["--session-tag", f"{key}={value}"]
    for key in call.transitive_tag_keys:
        words += ["--transitive-tag-key", key]
    return [*words, "--mfa"] if _may_carry_mfa(aws, grant, call) else words


def _may_carry_mfa(aws: AwsAccess, grant: DeployedGrant, call: AssumeRoleCall) -> bool:
    """Whether the call carried MFA, as far as can be known of a user's temporary credentials."""
    caller = CallerSession(aws)
    is_required = any(required.mfa for required in read_requirements(grant.documents))
    return call.mfa_serial is not None or (is_required and caller.is_temporary)
