"""The caller: asked of AWS with the caller's credentials, once, and only what a command needs."""

import re
from dataclasses import dataclass
from functools import cached_property

from cross_account_access.iam.limits import SESSION_NAME

from .assume_role_call import is_security_key
from .aws_access import AwsAccess, get_error_code, translate_errors
from .iam_reader import is_denied
from .terminal import ExitCode, Failure, InputError

_ARN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:[\x21-\x7e]+", re.ASCII)


@dataclass(frozen=True)
class CallerIdentity:
    """The answer of GetCallerIdentity.

    Attributes:
        arn: A user's, or a role session's.
        user_id: AIDA…, or AROA…:SESSION.
    """

    arn: str
    user_id: str

    @property
    def account(self) -> str:
        """The account's 12 digits."""
        return self.arn.split(":")[4]

    @property
    def user(self) -> str | None:
        """The user's name; None for a role session, which has none."""
        return self.arn.rpartition("/")[2] if ":user/" in self.arn else None

    @property
    def is_role_session(self) -> bool:
        """Whether it is a role session; what it assumes lasts an hour at most (role chaining)."""
        return ":assumed-role/" in self.arn

    @property
    def session_name(self) -> str | None:
        """The name of the sessions that it starts: its own, as far as STS takes it."""
        name = self.user or (self.arn.rpartition("/")[2] if self.is_role_session else None)
        return f"{name}-session" if name and len(name) < SESSION_NAME.least else name


def get_identity(aws: AwsAccess, action: str = "identify the caller") -> CallerIdentity:
    """Get the identity that credentials belong to.

    Args:
        aws: The credentials.
        action: What the call is for, for the message.

    Raises:
        Failure: If AWS cannot be asked.
    """
    with translate_errors(action):
        answer = aws.sts().get_caller_identity()
        if not _ARN.fullmatch(answer["Arn"]):
            raise ValueError("the answer is not AWS's, for it has no caller's ARN")
        return CallerIdentity(answer["Arn"], answer["UserId"])


class CallerSession:
    """The caller and its credentials. Each property raises Failure if AWS cannot be asked."""

    def __init__(self, aws: AwsAccess) -> None:
        self.aws = aws

    @cached_property
    def identity(self) -> CallerIdentity:
        """Who the caller is."""
        return get_identity(self.aws)

    @cached_property
    def is_temporary(self) -> bool:
        """Whether the credentials are temporary, a role's or those of GetSessionToken.

        Only these can carry MFA, and what they assume lasts an hour at most, a user's too:
        https://repost.aws/knowledge-center/iam-role-chaining-limit
        """
        with translate_errors("identify the caller"):
            return self.aws.is_temporary

    @cached_property
    def mfa_serial(self) -> str:
        """The user's MFA device that shows codes.

        Raises:
            Failure: If there is not exactly one, or the credentials may not list them.
        """
        devices = self._mfa_devices
        if devices is None:
            raise Failure(
                f"{self.identity.arn} may not read its MFA devices (iam:ListMFADevices)",
                remedy="Pass --mfa-serial ARN; the console shows it in your user's security "
                "credentials.",
            )
        # A security key shows no codes, and the API takes nothing else.
        with_codes = [serial for serial in devices if not is_security_key(serial)]
        if len(with_codes) == 1:
            return with_codes[0]
        if with_codes:
            listed = ", ".join(with_codes)
            message = f"{self.identity.arn} has {len(with_codes)} MFA devices: {listed}"
            raise InputError(message, "Choose one with --mfa-serial ARN.")
        lacking = "only security keys, which show no codes" if devices else "no MFA device"
        raise Failure(
            f"the grant requires MFA, and {self.identity.arn} has {lacking}",
            ExitCode.NO,
            remedy="Register an authenticator app in the console, in your user's security "
            "credentials.",
        )

    def keep_mfa_serial(self, serial: str) -> str | None:
        """Keep a device that was chosen before; None if the user has it no more.

        Raises:
            Failure: If AWS cannot be asked.
        """
        if is_security_key(serial):
            return None
        return serial if self._mfa_devices is None or serial in self._mfa_devices else None

    @cached_property
    def _mfa_devices(self) -> list[str] | None:
        """The user's MFA devices; None if the credentials may not list them."""
        client = self.aws.iam()
        with translate_errors("read the caller's MFA devices"):
            try:
                pages = client.get_paginator("list_mfa_devices").paginate()
                return [device["SerialNumber"] for page in pages for device in page["MFADevices"]]
            except client.exceptions.ClientError as error:
                if get_error_code(error) == "ValidationError":
                    # What IAM says of credentials that aren't a user's, an emulator's own too.
                    raise Failure(
                        f"{self.identity.arn} is not a user of IAM and has no MFA device",
                        ExitCode.NO,
                        remedy="Pass --profile NAME of a user that the grant names.",
                    ) from None
                if not is_denied(error, self.aws):
                    raise
                return None
