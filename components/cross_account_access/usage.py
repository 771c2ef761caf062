"""How a person uses the role: the console's switch-role URL, an AWS CLI profile, a command."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from . import arns, limits
from .arns import IamArn

_SIGN_IN_HOSTS = {
    "aws": "signin.aws.amazon.com",
    "aws-cn": "signin.amazonaws.cn",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
    "aws-eusc": "eusc-de-east-1.signin.amazonaws-eusc.eu",
}


@dataclass(frozen=True)
class Usage:
    """What a person must know to use a role.

    Attributes:
        role: The role's ARN.
        label: What the person calls it: the console's display name and the profile's name.
        users: The trusted users' ARNs.
        chained: Whether roles are trusted, whose sessions last an hour at most in the destination.
        needs_mfa: Whether the trust policy asks for MFA.
        needs_external_id: Whether it asks for an external ID.
        max_session_duration: The role's maximum session duration in seconds; None for AWS's default, an hour.
    """

    role: IamArn
    label: str
    users: Sequence[str]
    chained: bool
    needs_mfa: bool
    needs_external_id: bool
    max_session_duration: int | None

    @property
    def no_switch_role(self) -> str | None:
        """Why the console can't switch to the role; None where it can.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
        """
        if self.needs_external_id:
            return "the trust policy requires an external ID, and the console can't give one"
        if not self.users:
            return "no user is trusted, and a role session can't switch roles in the console"
        if len(f"{self.role.path.lstrip('/')}{self.role.name}") > limits.SWITCH_ROLE_NAME_LENGTH:
            return f"path and name of the role have more than {limits.SWITCH_ROLE_NAME_LENGTH} characters"
        if self.role.partition not in _SIGN_IN_HOSTS:
            return f"the console of partition {self.role.partition} is not known"
        return None

    @property
    def switch_role_url(self) -> str | None:
        """The console's switch-role URL; None where the console can't switch to the role."""
        if self.no_switch_role:
            return None
        query = urlencode(
            {
                "account": self.role.account,
                "roleName": f"{self.role.path.lstrip('/')}{self.role.name}",
                "displayName": self.label,
            },
            safe="/",
        )
        return f"https://{_SIGN_IN_HOSTS[self.role.partition]}/switchrole?{query}"

    def cli_profile(self, external_id: str | None) -> str:
        """A profile for `~/.aws/config`; `source_profile` is to be the name of the caller's own.

        Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
        """
        lines = {
            "role_arn": str(self.role),
            "source_profile": "default",
            "external_id": external_id,
            "mfa_serial": self._mfa_serial if self.needs_mfa else None,
            "duration_seconds": self._duration,
        }
        text = "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None)
        return f"[profile {self.label}]\n{text}"

    def assume_role_command(self, external_id: str | None) -> str:
        """The AWS CLI's command that assumes the role."""
        # A session's name has two characters at least, a role's one.
        session = self.label if len(self.label) > 1 else f"{self.label}-session"
        words = ["aws", "sts", "assume-role", "--role-arn", str(self.role), "--role-session-name", session]
        if external_id is not None:
            words += ["--external-id", external_id]
        if self.needs_mfa:
            words += ["--serial-number", self._mfa_serial, "--token-code", "CODE"]
        if self._duration is not None:
            words += ["--duration-seconds", str(self._duration)]
        return shlex.join(words)

    @property
    def _duration(self) -> int | None:
        return None if self.chained else self.max_session_duration

    @property
    def _mfa_serial(self) -> str:
        """The user's device, by the console's default name for it, which is the user's."""
        user = arns.parse(self.users[0]) if len(self.users) == 1 else None
        return str(replace(user, kind="mfa", path="/")) if user else "YOUR_MFA_DEVICE_ARN"
