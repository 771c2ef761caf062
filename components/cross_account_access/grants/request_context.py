"""A call of sts:AssumeRole as whoever makes it describes it, turned into condition keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cross_account_access.iam.evaluator import Caller

from .conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION

ConditionKeys = dict[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class RequestContext:
    """One call of sts:AssumeRole, and where it comes from.

    Attributes:
        at: When.
        mfa_age: How many seconds ago the caller passed an MFA code; None if it passed none.
        source_ip: Its address; through a VPC endpoint the one in the VPC.
        duration: In seconds; None for STS's default, an hour.
        session_tags: The tags that the call passes.
        principal_tags: The caller's tags: of its user or role, and of its session.
        inherited_tags: Transitive tags of the calling session, which the new one inherits.
        inherited_identity: The source identity of the calling session, which it inherits too.
        more: Any other condition keys.
    """

    at: datetime
    mfa_age: int | None = None
    external_id: str | None = field(default=None, repr=False)
    source_ip: str | None = None
    source_vpc: str | None = None
    source_vpce: str | None = None
    session_name: str | None = None
    source_identity: str | None = None
    session_tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    principal_tags: Mapping[str, str] = field(default_factory=dict)
    inherited_tags: Mapping[str, str] = field(default_factory=dict)
    inherited_identity: str | None = None
    organization: str | None = None
    organization_path: str | None = None
    duration: int | None = None
    region: str = "us-east-1"
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that both halves must allow: AWS decides the call once for each."""
        actions = [ASSUME_ROLE]
        if self.session_tags or self.inherited_tags:
            actions.append(TAG_SESSION)
        if self.source_identity or self.inherited_identity:
            actions.append(SET_SOURCE_IDENTITY)
        return tuple(actions)

    @property
    def effective_session_name(self) -> str:
        """The session's name; the AWS CLI's default where none is given."""
        return self.session_name or f"botocore-session-{int(self.at.timestamp())}"

    @property
    def _now(self) -> str:
        """When the call is made, and the calling session issued unless `more` says otherwise."""
        return self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def build_condition_keys(
        self, caller: Caller, *, account: str, tags: Mapping[str, str]
    ) -> ConditionKeys:
        """Build the call's condition keys; the evaluator adds those of caller and role.

        Args:
            caller: Who calls; only an IAM user's call carries MFA.
            account: The role's account.
            tags: The caller's own tags, where they are known.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        with_mfa = caller.kind == "User" and self.mfa_age is not None
        principal_tags = {**tags, **self.inherited_tags, **self.principal_tags}
        keys: dict[str, str | tuple[str, ...] | None] = {
            "aws:CurrentTime": self._now,
            "aws:EpochTime": str(int(self.at.timestamp())),
            "aws:SecureTransport": "true",
            "aws:RequestedRegion": self.region,
            "aws:ViaAWSService": "false",
            "aws:PrincipalIsAWSService": "false",
            **self._build_origin_keys(),
            **self._build_organization_keys("Principal"),
            # Which organization another account is in isn't known; --context says it.
            **(self._build_organization_keys("Resource") if caller.account == account else {}),
            "aws:MultiFactorAuthPresent": "true" if with_mfa else None,
            "aws:MultiFactorAuthAge": str(self.mfa_age) if with_mfa else None,
            "aws:SourceIdentity": self.inherited_identity,
            "aws:TokenIssueTime": self._now if caller.kind == "AssumedRole" else None,
            "sts:ExternalId": self.external_id,
            "sts:RoleSessionName": self.effective_session_name,
            "sts:SourceIdentity": self.source_identity,
            "sts:TransitiveTagKeys": self.transitive_tag_keys or None,
            "aws:TagKeys": tuple(self.session_tags) or None,
            **{f"aws:RequestTag/{key}": value for key, value in self.session_tags.items()},
            **{f"aws:PrincipalTag/{key}": value for key, value in principal_tags.items()},
            **{key: values[0] if len(values) == 1 else values for key, values in self.more.items()},
        }
        return {key: value for key, value in keys.items() if value is not None}

    def _build_origin_keys(self) -> dict[str, str | tuple[str, ...] | None]:
        through_endpoint = self.source_vpc is not None or self.source_vpce is not None
        return {
            "aws:VpcSourceIp" if through_endpoint else "aws:SourceIp": self.source_ip,
            "aws:SourceVpc": self.source_vpc,
            "aws:SourceVpce": self.source_vpce,
        }

    def _build_organization_keys(self, whose: str) -> dict[str, str | tuple[str, ...] | None]:
        path = self.organization_path
        return {
            f"aws:{whose}OrgID": self.organization or (path or "").partition("/")[0] or None,
            f"aws:{whose}OrgPaths": (f"{path.rstrip('/')}/",) if path else None,
        }
