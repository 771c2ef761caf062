"""Who calls: asked of AWS by the caller's credentials, once, and only for what must be known."""

from dataclasses import dataclass
from functools import cached_property

from .accounts import DENIED, AwsAccess, get_error_code, translate_errors
from .terminal import ExitCode, Failure


@dataclass(frozen=True)
class Identity:
    """Who calls, as `get-caller-identity` tells it.

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
        """The user's name; None for a role's session, which has none."""
        return self.arn.rpartition("/")[2] if ":user/" in self.arn else None

    @property
    def chained(self) -> bool:
        """Whether it is a role's session, so that what it assumes lasts an hour at most (role chaining)."""
        return ":assumed-role/" in self.arn


def get_identity(aws: AwsAccess, what: str = "who the caller is") -> Identity:
    """Whom credentials speak for.

    Args:
        aws: The credentials.
        what: What is asked, for the message.

    Raises:
        Failure: If AWS can't be asked.
    """
    with translate_errors(what):
        told = aws.sts().get_caller_identity()
    return Identity(told["Arn"], told["UserId"])


class CallerSession:
    """Whoever calls, by their credentials."""

    def __init__(self, aws: AwsAccess) -> None:
        self.aws = aws

    @cached_property
    def identity(self) -> Identity:
        """Who it is.

        Raises:
            Failure: If AWS can't be asked.
        """
        return get_identity(self.aws)

    @cached_property
    def temporary(self) -> bool:
        """Whether the credentials are temporary, so that they may carry MFA already: an access key of a user can't.

        Raises:
            Failure: If there are none.
        """
        with translate_errors("who the caller is"):
            credentials = self.aws.session().get_credentials()
            return bool(credentials and credentials.get_frozen_credentials().token)

    @cached_property
    def mfa_serial(self) -> str:
        """The user's MFA device, if there is one that shows codes.

        Raises:
            Failure: If there isn't exactly one, or the credentials may not tell.
        """
        by_hand = (
            "Give --mfa-serial ARN, as the console shows it at your user's security credentials."
        )
        client = self.aws.iam()
        with translate_errors("which MFA device the caller has"):
            try:
                pages = client.get_paginator("list_mfa_devices").paginate()
                found = [device["SerialNumber"] for page in pages for device in page["MFADevices"]]
            except client.exceptions.ClientError as error:
                if get_error_code(error) not in DENIED:
                    raise
                told = (
                    f"{self.identity.arn} may not ask which MFA device it has (iam:ListMFADevices)"
                )
                raise Failure(told, remedy=by_hand) from None
        # A security key shows no codes, and the API takes nothing else.
        showing = [serial for serial in found if ":u2f/" not in serial]
        if len(showing) == 1:
            return showing[0]
        if showing:
            told = f"{self.identity.arn} has {len(showing)} MFA devices: {', '.join(showing)}"
            raise Failure(told, ExitCode.WRONG_INPUT, remedy="Say which: --mfa-serial ARN.")
        why = "only security keys, which show no codes" if found else "no MFA device"
        remedy = (
            "Register an authenticator app in the console, at your user's security credentials."
        )
        raise Failure(
            f"the grant requires MFA, and {self.identity.arn} has {why}", ExitCode.NO, remedy=remedy
        )
