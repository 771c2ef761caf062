"""The request that is explained: checked as STS checks a call, and turned into condition keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address

from cross_account_access.cli.assume_role_call import OWN_EXTERNAL_ID, SOURCE_IDENTITY
from cross_account_access.cli.terminal import InputError
from cross_account_access.errors import Refusal
from cross_account_access.grants.conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from cross_account_access.iam import limits
from cross_account_access.iam.evaluator import Caller

ConditionKeys = dict[str, str | tuple[str, ...]]

# An account may be directly under the root.
_ACCOUNT_PATH = limits.StringRule(
    "an account's path in its organization",
    18,
    512,
    r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}(/ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})*/?",
    "o-…/r-…/ and then ou-…/ for each unit down to its own",
)


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

    def check(self) -> None:
        """Check what STS refuses whatever the policies say.

        Raises:
            InputError: With the option and the rule; an external ID isn't shown.

        Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        external_id = None if self.external_id == OWN_EXTERNAL_ID else self.external_id
        for option, value, check in (
            ("--external-id", external_id, limits.EXTERNAL_ID),
            ("--session-name", self.session_name, limits.SESSION_NAME),
            ("--source-identity", self.source_identity, SOURCE_IDENTITY),
            ("--inherited-source-identity", self.inherited_identity, SOURCE_IDENTITY),
            ("--source-ip", self.source_ip, _check_address),
            ("--source-vpc", self.source_vpc, limits.VPC),
            ("--source-vpce", self.source_vpce, limits.VPC_ENDPOINT),
            ("--organization", self.organization, limits.ORGANIZATION),
            ("--org-path", self.organization_path, _ACCOUNT_PATH),
            ("--session-tag", dict(self.session_tags), limits.check_tags),
            ("--principal-tag", dict(self.principal_tags), limits.check_tags),
            ("--inherited-tag", dict(self.inherited_tags), limits.check_tags),
        ):
            if value is not None:
                _check_option(option, value, check)
        if self.mfa_age is not None and self.mfa_age < 0:
            raise InputError("--mfa-age must be 0 or more, in seconds since the MFA code")
        self._check_tag_keys()

    def _check_tag_keys(self) -> None:
        keys = {key.lower() for key in self.session_tags}
        for key in self.transitive_tag_keys:
            if key.lower() not in keys:
                raise InputError(
                    f"--transitive-tag-key {key}: must be the key of a session tag",
                    f"Pass --session-tag {key}=VALUE too, or leave it out.",
                )
        for key in self.inherited_tags:
            if key.lower() in keys:
                raise InputError(
                    f"--session-tag {key}: must not be a tag that the calling session inherited",
                    "Leave it out of the call.",
                )

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
            "aws:CurrentTime": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
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


def _check_address(value: object) -> str:
    try:
        address = ip_address(str(value))
    except ValueError:
        address = None
    # A zone means something on one machine alone, and AWS sees an IPv4 caller by IPv4.
    if not address or getattr(address, "scope_id", None) or getattr(address, "ipv4_mapped", None):
        rule = "must be an IPv4 or IPv6 address, such as 203.0.113.7 or 2001:db8::1"
        raise Refusal(rule, code="invalid-address")
    return str(address)


def _check_option(option: str, value: object, check: Callable[[object], object]) -> None:
    try:
        check(value)
    except Refusal as refusal:
        shown = "" if option == "--external-id" or isinstance(value, dict) else f" {value}"
        raise InputError(f"{option}{shown}: {refusal.rule}", refusal.remedy) from None


def parse_moment(text: str | None) -> datetime:
    """Parse ISO 8601, in UTC where it names no zone; now for None.

    Raises:
        InputError: If it has another form.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"--at {text}: must be in ISO 8601, such as 2026-12-31T18:00:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_condition_keys(option: str, pairs: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Parse condition keys, each KEY=VALUE; a repeated key has several values.

    Raises:
        InputError: If one has another form.
    """
    keys: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if ":" not in key or not equals:
            # The message has no value, which may be an external ID.
            raise InputError(f"{option} {key}: must be KEY=VALUE, such as aws:UserAgent=curl/8")
        keys[key] = (*keys.get(key, ()), value)
    return keys
