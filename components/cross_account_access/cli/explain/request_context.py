"""Under which circumstances a role is asked for, checked as STS checks a call, and as the keys of conditions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address

from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.errors import Refusal
from cross_account_access.grants.conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from cross_account_access.iam import limits

Context = dict[str, str | tuple[str, ...]]

# An account may be right under the root.
_ACCOUNT_PATH = limits.StringRule(
    "an account's path in its organization",
    18,
    512,
    r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}(/ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})*/?",
    "o-…/r-…/ and then ou-…/ for each unit down to its own",
)
_SOURCE_IDENTITY = limits.StringRule(
    "a source identity", 2, 64, r"(?!aws:)[\w+=,.@-]*", "letters, digits and _+=,.@-"
)


def wrong(message: str, remedy: str = "") -> Failure:
    """What ends the command for a wrong command line."""
    return Failure(message, ExitCode.WRONG_INPUT, remedy=remedy)


@dataclass(frozen=True)
class RequestContext:
    """One call of sts:AssumeRole, and from where it comes.

    Attributes:
        at: When.
        mfa_age: How many seconds ago the caller gave an MFA code; None if it gave none.
        source_ip: Its address; through a VPC endpoint the one in the VPC.
        duration: In seconds; None for STS's default, an hour.
        session_tags: What the call passes.
        principal_tags: What the caller has: tags of its user or role, and its session's.
        inherited_tags: Transitive tags of the calling session, which go on to the new one.
        inherited_identity: The source identity of the calling session, which goes on too.
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
        """Check what STS would refuse whatever the policies say.

        Raises:
            Failure: With the option and the rule; an external ID isn't shown.

        Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        for option, value, check in (
            ("--external-id", self.external_id, limits.EXTERNAL_ID),
            ("--session-name", self.session_name, limits.SESSION_NAME),
            ("--source-identity", self.source_identity, _SOURCE_IDENTITY),
            ("--inherited-source-identity", self.inherited_identity, _SOURCE_IDENTITY),
            ("--source-ip", self.source_ip, _address),
            ("--source-vpc", self.source_vpc, limits.VPC),
            ("--source-vpce", self.source_vpce, limits.VPC_ENDPOINT),
            ("--organization", self.organization, limits.ORGANIZATION),
            ("--org-path", self.organization_path, _ACCOUNT_PATH),
            ("--session-tag", dict(self.session_tags), limits.check_tags),
            ("--principal-tag", dict(self.principal_tags), limits.check_tags),
            ("--inherited-tag", dict(self.inherited_tags), limits.check_tags),
        ):
            if value is not None:
                _checked(option, value, check)
        if self.mfa_age is not None and self.mfa_age < 0:
            raise wrong("--mfa-age is how many seconds ago the MFA code was given: 0 or more")
        given = {key.lower() for key in self.session_tags}
        for key in self.transitive_tag_keys:
            if key.lower() not in given:
                raise wrong(
                    f"--transitive-tag-key {key}: a transitive tag key is one of the session tags' keys",
                    f"Give --session-tag {key}=VALUE too, or leave it out.",
                )
        for key in self.inherited_tags:
            if key.lower() in given:
                raise wrong(
                    f"--session-tag {key}: the calling session hands this tag on, and it can't be set anew",
                    "Leave it out of the call.",
                )

    @property
    def actions(self) -> tuple[str, ...]:
        """What both halves must allow: AWS decides the call once for each."""
        actions = [ASSUME_ROLE]
        if self.session_tags or self.inherited_tags:
            actions.append(TAG_SESSION)
        if self.source_identity or self.inherited_identity:
            actions.append(SET_SOURCE_IDENTITY)
        return tuple(actions)

    @property
    def named(self) -> str:
        """The session's name; the AWS CLI's own where none is given."""
        return self.session_name or f"botocore-session-{int(self.at.timestamp())}"

    @property
    def through_endpoint(self) -> bool:
        """Whether the call comes through a VPC endpoint."""
        return self.source_vpc is not None or self.source_vpce is not None

    def context(self, *, user: bool, account: str, tags: Mapping[str, str]) -> Context:
        """The call's condition keys; what follows from the caller alone is the evaluator's.

        Args:
            user: Whether an IAM user calls: no other caller's call carries MFA.
            account: The role's account.
            tags: The caller's own tags, as far as they are known.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        mine = {**tags, **self.inherited_tags, **self.principal_tags}
        found: dict[str, str | tuple[str, ...] | None] = {
            "aws:CurrentTime": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:EpochTime": str(int(self.at.timestamp())),
            "aws:SecureTransport": "true",
            "aws:RequestedRegion": self.region,
            "aws:ViaAWSService": "false",
            "aws:PrincipalIsAWSService": "false",
            "aws:ResourceAccount": account,
            "aws:VpcSourceIp" if self.through_endpoint else "aws:SourceIp": self.source_ip,
            "aws:SourceVpc": self.source_vpc,
            "aws:SourceVpce": self.source_vpce,
            "aws:PrincipalOrgID": self.organization
            or (self.organization_path or "").partition("/")[0]
            or None,
            "aws:PrincipalOrgPaths": (f"{self.organization_path.rstrip('/')}/",)
            if self.organization_path
            else None,
            "aws:SourceIdentity": self.inherited_identity,
            "sts:ExternalId": self.external_id,
            "sts:RoleSessionName": self.named,
            "sts:SourceIdentity": self.source_identity,
            "sts:TransitiveTagKeys": self.transitive_tag_keys or None,
            "aws:TagKeys": tuple(self.session_tags) or None,
            **{f"aws:RequestTag/{key}": value for key, value in self.session_tags.items()},
            **{f"aws:PrincipalTag/{key}": value for key, value in mine.items()},
        }
        if user and self.mfa_age is not None:
            found |= {
                "aws:MultiFactorAuthPresent": "true",
                "aws:MultiFactorAuthAge": str(self.mfa_age),
            }
        known = {key: value for key, value in found.items() if value is not None}
        return known | {
            key: values[0] if len(values) == 1 else values for key, values in self.more.items()
        }


def _address(value: object) -> str:
    try:
        return str(ip_address(str(value)))
    except ValueError:
        raise Refusal(
            "an address is one of IPv4 or IPv6, such as 203.0.113.7 or 2001:db8::1"
        ) from None


def _checked(option: str, value: object, check: Callable[[object], object]) -> None:
    try:
        check(value)
    except Refusal as refusal:
        shown = "" if option == "--external-id" or isinstance(value, dict) else f" {value}"
        raise wrong(f"{option}{shown}: {refusal.rule}", refusal.remedy) from None


def moment(text: str | None) -> datetime:
    """A moment from ISO 8601, in UTC where it names no zone; now for None.

    Raises:
        Failure: If it is none.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise wrong(f"--at {text}: a moment is in ISO 8601, such as 2026-12-31T18:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def several(option: str, given: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Condition keys from KEY=VALUE, several values of one that stands several times.

    Raises:
        Failure: If one isn't of that form.
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if ":" not in key or not equals:
            # Its value may be an external ID.
            raise wrong(
                f"{option} {key}: a condition key is KEY=VALUE, such as aws:UserAgent=curl/8"
            )
        found[key] = (*found.get(key, ()), value)
    return found
