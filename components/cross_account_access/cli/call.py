"""A call of sts:AssumeRole: what the command line says of it, and what it brings. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CallOverrides:
    """What the command line says of the call; None, or nothing, where it leaves it to the grant.

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
class Call:
    """A call of AssumeRole, but for the MFA code.

    Attributes:
        duration: In seconds; None for AWS's default, an hour.
        tags: Session tags.
        transitive_tag_keys: Those of them that go on to the next role in a chain.
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
        """What goes with the role's ARN, by the names of the API and in the form that the AWS CLI's cache knows.

        Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        given = {
            "RoleSessionName": self.session_name,
            "ExternalId": self.external_id,
            "SerialNumber": self.mfa_serial,
            "DurationSeconds": self.duration,
            "SourceIdentity": self.source_identity,
            "Tags": [{"Key": key, "Value": text} for key, text in sorted(self.tags.items())]
            or None,
            "TransitiveTagKeys": list(self.transitive_tag_keys) or None,
        }
        return {name: value for name, value in given.items() if value is not None}
