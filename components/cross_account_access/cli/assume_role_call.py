"""A call of sts:AssumeRole: its parameters, and those that the command line overrides. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CallOverrides:
    """What the command line sets of a call; None, or empty, where the grant decides.

    Attributes:
        duration: In seconds.
        tags: Session tags.
    """

    mfa_serial: str | None = None
    session_name: str | None = None
    duration: int | None = None
    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    external_id: str | None = field(default=None, repr=False)


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
