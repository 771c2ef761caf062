"""A call of sts:AssumeRole: its parameters, and those that the command line overrides. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cross_account_access.errors import Refusal, escape_invisible
from cross_account_access.iam import limits

from .terminal import InputError

OWN_EXTERNAL_ID = "-"
"""Stands on a command line for the grant's external ID, which is never shown."""
_SECURITY_KEY = ":u2f/"


@dataclass(frozen=True)
class CallOverrides:
    """What the command line sets of a call; None, or empty, where the grant decides.

    Attributes:
        duration: In seconds.
        tags: Session tags.

    Raises:
        InputError: If AWS would refuse a value whatever the policies say; an external ID isn't
            shown.
    """

    mfa_serial: str | None = None
    session_name: str | None = None
    duration: int | None = None
    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    external_id: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check each value that is set."""
        if is_security_key(self.mfa_serial or ""):
            raise InputError(
                f"--mfa-serial {escape_invisible(str(self.mfa_serial))}: a security key shows no "
                "codes, which AssumeRole requires",
                "Pass the ARN of an authenticator app: arn:…:mfa/NAME.",
            )
        _check_option("--mfa-serial", self.mfa_serial, limits.MFA_SERIAL)
        _check_option("--session-name", self.session_name, limits.SESSION_NAME)
        _check_option("--source-identity", self.source_identity, limits.SOURCE_IDENTITY)
        _check_option("--session-tag", dict(self.tags), limits.check_tags)
        _check_option("--external-id", self.external_id, limits.EXTERNAL_ID, hidden=True)


def is_security_key(serial: str) -> bool:
    """Whether an MFA device is a security key (FIDO), which shows no codes."""
    return _SECURITY_KEY in serial


def _check_option(
    option: str, value: object, check: Callable[[object], object], *, hidden: bool = False
) -> None:
    if value is None:
        return
    try:
        check(value)
    except Refusal as refusal:
        shown = refusal.where[-1] if isinstance(value, dict) and refusal.where else value
        text = "" if hidden else f" {escape_invisible(str(shown))}"
        raise InputError(f"{option}{text}: {refusal.rule}", refusal.remedy) from None


@dataclass(frozen=True)
class AssumeRoleCall:
    """A call of AssumeRole, without the MFA code.

    Attributes:
        duration: In seconds; None for AWS's default, an hour.
        tags: Session tags.
        transitive_tag_keys: The keys of tags that pass to the next role in a chain.
    """

    role_arn: str
    external_id: str | None = field(default=None, repr=False)
    mfa_serial: str | None = None
    session_name: str | None = None
    duration: int | None = None
    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """The API's parameters beside the role's ARN, in the form that the AWS CLI's cache keys.

        Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        tags = [{"Key": key, "Value": value} for key, value in sorted(self.tags.items())]
        parameters = {
            "RoleSessionName": self.session_name,
            "ExternalId": self.external_id,
            "SerialNumber": self.mfa_serial,
            "DurationSeconds": self.duration,
            "SourceIdentity": self.source_identity,
            "Tags": tags or None,
            "TransitiveTagKeys": list(self.transitive_tag_keys) or None,
        }
        return {name: value for name, value in parameters.items() if value is not None}
