"""What is asked about the grants on the command line, and the answer: a line each."""

from __future__ import annotations

from dataclasses import dataclass

from tests.cli.explain.explain_grants import (
    DESTINATION,
    EXTERNAL_ID,
    OTHER,
    OTHER_ROLE,
    OURS,
    SOURCE,
    THEIRS,
    UNIT,
    VPC,
    VPCE,
)


@dataclass(frozen=True)
class Row:
    """A refusal.

    Attributes:
        line: What is asked: WHO GRANT, and options.
        half: Which half refuses: the one that is told where both do.
        kind: What refuses in it.
        keys: The condition keys that aren't met.
        element: What of the nearest statement doesn't match.
        says: What the text or the remedies name.
    """

    line: str
    half: str
    kind: str
    keys: tuple[str, ...] = ()
    element: str | None = None
    says: str = ""

    @property
    def what_does_not_match(self) -> str | None:
        return self.element or ("condition" if self.keys else None)


def trust(line: str, *keys: str, element: str | None = None, says: str = "") -> Row:
    return Row(line, "destination", "trust", keys, element, says)


def source(line: str, kind: str = "identity", says: str = "", element: str | None = None) -> Row:
    return Row(line, "source", kind, (), element, says)


MFA, AGE, ID, IP = (
    "aws:MultiFactorAuthPresent",
    "aws:MultiFactorAuthAge",
    "sts:ExternalId",
    "aws:SourceIp",
)
NAME, IDENTITY, KEYS, HANDED_ON = (
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "aws:TagKeys",
    "sts:TransitiveTagKeys",
)
CONTEXTS, CENTER = (
    "sts:RequestContextProviders",
    "arn:aws:iam::aws:contextProvider/IdentityCenter",
)
TEAM, STAGE, ARN = "aws:RequestTag/team", "aws:RequestTag/stage", "aws:PrincipalArn"
ORG, PATHS, NOW = "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:CurrentTime"
TAGGED = "role/team/ci {} --session-tag team=platform --session-tag stage=live"
LIVE_AT = "--at 2026-12-15T12:00:00Z"

REFUSED = {
    # Who it is
    "a user whom the grant doesn't name": trust(
        "user/bob user --entitled", element="principal", says="grant user"
    ),
    "a user of that name at another path": trust(
        "user/other/alice user --entitled", element="principal", says="user/people/alice"
    ),
    "a user's name in capitals": trust("user/people/ALICE user --entitled", element="principal"),
    "a role of a user's name": trust("role/people/alice user --entitled", element="principal"),
    "a role whom the grant doesn't name": trust("role/cd role --entitled", element="principal"),
    "a user of a role's name": trust("user/team/ci role --entitled", element="principal"),
    "another session of a role": trust(
        "session/ci/other session", element="principal", says="session release"
    ),
    "whatever session of a role, where one is named": trust(
        "role/ci session", element="principal", says="release"
    ),
    "the user of that name in another account": trust(
        f"arn:aws:iam::{OTHER}:user/people/alice user --entitled", element="principal"
    ),
    "anybody of another account": trust(f"account/{OTHER} account --entitled", element="principal"),
    "another user, where one is trusted by name": trust("user/people/bob by-name --entitled", ARN),
    "another permission set": trust("permission-set/Readers set --entitled", ARN),
    "a user, where a permission set is trusted": trust("user/people/alice set --entitled", ARN),
    "a session of a role that is called so, but isn't reserved": trust(
        "role/AWSReservedSSO_Operators_0123456789abcdef set --entitled", ARN
    ),
    "a caller of another partition": Row(
        "arn:aws-cn:iam::111111111111:user/people/alice user --entitled",
        "destination",
        "partition",
        says="aws-cn and aws",
    ),
    # The source's own half
    "a user of the account whom no policy is known of": source("user/bob account"),
    "anybody of the account, without --entitled": source(f"{SOURCE} account", says="--entitled"),
    "a user who is no member, where a group is trusted": source(
        "user/bob group", says="group/developers"
    ),
    "a permission set, whose policies are Identity Center's": source(
        "permission-set/Operators set", says="--live"
    ),
    "somebody of the organization, whose account decides": source(
        f"organization/{OURS} organization"
    ),
    "an account's root user": source(f"root/{SOURCE} account", "root_user"),
    "a root user by its ARN": source(f"arn:aws:iam::{SOURCE}:root account", "root_user"),
    "a group's member for a role that isn't the group's": source("group/developers user"),
    # Organizations
    "somebody of no organization": trust("account/333333333333 organization --entitled", ORG),
    "another organization": trust(f"organization/{THEIRS} organization --entitled", ORG),
    "an organization whose ID begins so": trust(
        f"user/x organization --entitled --organization {OURS}0", ORG
    ),
    "a unit beside": trust(
        f"user/x unit --entitled --org-path {OURS}/r-ab12/ou-ab12-33333333/", PATHS
    ),
    "the root above a unit": trust(
        f"user/x unit --entitled --org-path {OURS}/r-ab12/", PATHS, says="--org-path"
    ),
    "a unit's path that isn't told": trust(f"user/x unit --entitled --organization {OURS}", PATHS),
    "an organization as a condition": trust(f"alice member --organization {THEIRS}", ORG),
    # External ID
    "no external ID": trust("alice external-id", ID),
    "a wrong external ID": trust("alice external-id --external-id wrong-id", ID),
    "an external ID in capitals": trust("alice external-id --external-id PARTNER-7F3A", ID),
    # MFA
    "no MFA": trust("alice mfa", MFA),
    "a role, which carries no MFA": trust("role/x mfa-of-all --entitled --mfa", MFA),
    "MFA that is too old": trust("alice mfa-age --mfa-age 3600", AGE),
    "no MFA, where its age is asked for": trust("alice mfa-age", MFA, AGE),
    # Where from
    "an address beside the range": trust("alice addresses --source-ip 203.0.112.255", IP),
    "an address of IPv6 beside the range": trust("alice addresses --source-ip 2001:db8:1::1", IP),
    "an address that isn't told": trust("alice addresses", IP, says="--source-ip"),
    "a VPC endpoint, where addresses are asked for": trust(
        f"alice addresses --source-ip 203.0.113.7 --source-vpc {VPC}", IP
    ),
    "another VPC": trust("role/team/ci vpc --source-vpc vpc-11111111", "aws:SourceVpc"),
    "no VPC": trust("role/team/ci vpc --source-ip 203.0.113.7", "aws:SourceVpc"),
    "another VPC endpoint": trust(
        f"role/team/ci endpoint --source-vpce vpce-11111111 --source-vpc {VPC}", "aws:SourceVpce"
    ),
    # The session
    "another session name": trust(
        "role/team/ci named --session-name build-7", NAME, says="deploy-*"
    ),
    "the AWS CLI's own session name": trust("role/team/ci named", NAME, says="botocore-session-"),
    "another user's name as session name": trust("alice own-name --session-name bob", NAME),
    "a session name that begins with the user's": trust(
        "alice own-name --session-name alice-2", NAME
    ),
    "no source identity": trust("role/team/ci identity", IDENTITY),
    "another source identity": trust(
        "role/team/ci identity --source-identity jane@example.org", IDENTITY
    ),
    "a source identity that nobody asks for": source("role/team/ci role --source-identity jane"),
    "no session tags": trust("role/team/ci tags", STAGE, TEAM),
    "another value of a session tag": trust(
        "role/team/ci tags --session-tag team=sales --session-tag stage=live", TEAM
    ),
    "one session tag of two": trust("role/team/ci tags --session-tag team=data", STAGE),
    "one session tag more": trust(TAGGED.format("tags") + " --session-tag admin=yes", KEYS),
    "session tags that nobody asks for": source(
        "role/team/ci role --session-tag team=data", says="allowSessionTags"
    ),
    "a tag that the calling session hands on": source(
        "role/team/ci role --inherited-tag team=data", says="allowSessionTags"
    ),
    "a source identity that the calling session hands on": source(
        "role/team/ci role --inherited-source-identity jane", says="allowSourceIdentity"
    ),
    "an identity context that nobody asks for": source(
        f"ci role --context {CONTEXTS}={CENTER}", says="allowIdentityContext"
    ),
    "an identity context where tags are allowed": source(
        f"ci may-tag --context {CONTEXTS}={CENTER}", says="Call without an identity context"
    ),
    "another provider's identity context": trust(
        f"ci may-pass-context --context {CONTEXTS}={CENTER.removesuffix('Center')}", CONTEXTS
    ),
    "tags where a source identity is allowed": source("ci may-identify --session-tag team=data"),
    "a session tag that isn't allowed": trust("ci may-tag --session-tag app=x", KEYS),
    "a session tag that is allowed in another case": trust("ci may-tag --session-tag TEAM=x", KEYS),
    "an inherited tag that isn't allowed": trust("ci may-tag --inherited-tag app=x", KEYS),
    "a value that fits no pattern": trust("ci patterns --session-tag team=my-app-1", TEAM),
    "an inherited value that fits no pattern": trust("ci patterns --inherited-tag team=data", TEAM),
    "an allowed tag without the required one": trust("ci patterns --session-tag stage=live", TEAM),
    "a source identity that isn't the calling session's": source(
        "ci identity --source-identity a@example.com --inherited-source-identity b@example.com",
        "source_identity",
    ),
    "no tag that is handed on": trust(TAGGED.format("transitive"), HANDED_ON),
    "another tag that is handed on": trust(
        TAGGED.format("transitive") + " --transitive-tag-key stage", HANDED_ON
    ),
    "one tag more that is handed on": trust(
        TAGGED.format("transitive") + " --transitive-tag-key stage --transitive-tag-key team",
        HANDED_ON,
    ),
    # The caller's tags, time, and what else
    "no tag of the caller": trust(
        "alice tagged", "aws:PrincipalTag/team", says="--principal-tag team="
    ),
    "another tag of the caller": trust(
        "alice tagged --principal-tag team=sales", "aws:PrincipalTag/team"
    ),
    "before the window": trust("alice window --at 2026-12-01T07:59:59Z", NOW),
    "after the window, in another zone": trust("alice window --at 2026-12-31T17:30:00-01:00", NOW),
    "a forbidden value of a raw condition": trust(
        "alice raw --context aws:UserAgent=curl/8", "aws:UserAgent"
    ),
    "several conditions at once": trust("role/team/ci transitive", STAGE, TEAM, HANDED_ON),
    # How long
    "longer than the role's sessions last": Row(
        "alice user --duration 7201", "destination", "duration"
    ),
    "longer than AWS's default": Row("alice by-name --duration 3601", "destination", "duration"),
    "longer than an hour by role chaining": source("ci both --duration 3601", "chaining"),
}

ALLOWED = {
    "the user": "user/people/alice user",
    "the user by its name alone": "alice user",
    "the user by its ARN": f"arn:aws:iam::{SOURCE}:user/people/alice user",
    "the user in words": "'user alice' user",
    "the user for the longest session": "alice user --duration 7200",
    "the role": "role/team/ci role",
    "a session of the role": "session/ci/build-7 role",
    "a session of the role by its ARN": f"arn:aws:sts::{SOURCE}:assumed-role/ci/build-7 role",
    "a role for an hour": "team/ci role --duration 3600",
    "a user for half a day": "alice both --duration 43200",
    "one of two principals": "ci both",
    "a user by name": "alice by-name",
    "a group's member": "group/developers group",
    "a group's member by its name": "developers group",
    "anybody of the account whom it allows it": f"account/{SOURCE} account --entitled",
    "a role of the account whom it allows it": "role/whatever account --entitled",
    "a permission set": "permission-set/Operators set --entitled",
    "an organization's account": f"organization/{OURS} organization --entitled",
    "another account of the organization": (
        f"account/{OTHER} organization --entitled --organization {OURS}"
    ),
    "an organizational unit's account": f"organizational-unit/{UNIT} unit --entitled",
    "a unit below": f"user/x unit --entitled --org-path {UNIT}ou-ab12-22222222/",
    "the exact session": "session/ci/release session",
    "the exact session by its name": "ci/release session",
    "the external ID": f"alice external-id --external-id {EXTERNAL_ID}",
    "MFA": "alice mfa --mfa",
    "MFA that is young enough": "alice mfa-age --mfa-age 3599",
    "an address": "alice addresses --source-ip 203.0.113.255",
    "an address of IPv6": "alice addresses --source-ip 2001:db8:0:ffff::1",
    "a VPC": f"ci vpc --source-vpc {VPC} --source-ip 10.0.0.7",
    "a VPC endpoint": f"ci endpoint --source-vpce {VPCE}",
    "an organization": f"alice member --organization {OURS}",
    "a session name": "ci named --session-name deploy-7",
    "the user's own name": "alice own-name --session-name alice",
    "a source identity": "ci identity --source-identity jane@example.com",
    "a source identity that goes on": (
        "ci identity --source-identity j@example.com --inherited-source-identity j@example.com"
    ),
    "session tags": TAGGED.format("tags"),
    "a tag that is handed on": TAGGED.format("transitive") + " --transitive-tag-key team",
    "a value that fits the pattern": "ci patterns --session-tag team=app-1",
    "an inherited value that fits it": "ci patterns --inherited-tag team=app-1",
    "a tag that is allowed": "ci may-tag --session-tag stage=x",
    "no tag of those allowed": "ci may-tag",
    "tags that are allowed, some of them inherited": (
        "ci may-tag --session-tag stage=x --inherited-tag team=x"
    ),
    "any tags": "ci may-tag-all --session-tag a=1 --inherited-tag b=2 --transitive-tag-key a",
    "a source identity that is allowed": "ci may-identify --source-identity jane",
    "an inherited source identity that is allowed": (
        "ci may-identify --inherited-source-identity jane"
    ),
    "no source identity where one is allowed": "ci may-identify",
    "an identity context": f"ci may-pass-context --context {CONTEXTS}={CENTER}",
    "no identity context where one is allowed": "ci may-pass-context",
    "a tag of the caller": "alice tagged --principal-tag team=platform",
    "within the window": f"alice window {LIVE_AT}",
    "what a raw condition lets pass": "alice raw --context aws:UserAgent=aws-cli/2",
    "by the role's ARN": f"alice arn:aws:iam::{DESTINATION}:role/user",
}

# What is wrong, and what of it the message names; § stands for what it must not show.
BAD = {
    "no such grant": ("alice nothing", "nothing"),
    "another role's ARN without --live": (f"alice {OTHER_ROLE}", OTHER_ROLE),
    "nobody": ("team/nobody user", "user/people/alice"),
    "a policy's ARN": ("arn:aws:iam::111111111111:policy/x user", ":policy/x"),
    "a malformed ARN": ("arn:aws:iam user", "arn:aws:iam"),
    "a name with a space": ("'user/a b' user", "user/a b"),
    "a name that is too long": (f"user/{'x' * 65} user", "user/xxx"),
    "an account of eleven digits": ("account/11111111111 user", "account/11111111111"),
    "a session name of one character": ("alice user --session-name x", "--session-name x"),
    "an external ID of one character": ("alice user --external-id §§§", "--external-id"),
    "a source identity of AWS's": (
        "ci identity --source-identity aws:x",
        "--source-identity aws:x",
    ),
    "no address": ("alice user --source-ip 300.1.1.1", "--source-ip 300.1.1.1"),
    "an address with a zone": ("alice addresses --source-ip 2001:db8::1%eth0", "IPv4 or IPv6"),
    "an IPv4 address as IPv6": ("alice user --source-ip ::ffff:203.0.113.7", "IPv4 or IPv6"),
    "a range": ("alice user --source-ip 203.0.113.0/24", "--source-ip 203.0.113.0/24"),
    "no VPC": ("alice user --source-vpc 10.0.0.0", "--source-vpc 10.0.0.0"),
    "no organization": ("alice user --organization ours", "--organization ours"),
    "no moment": ("alice user --at yesterday", "--at yesterday"),
    "MFA of tomorrow": ("alice mfa --mfa-age -1", "--mfa-age"),
    "a tag without a value": ("ci tags --session-tag team", "--session-tag team"),
    "a tag twice": ("ci tags --session-tag a=1 --session-tag A=2", "--session-tag A"),
    "a transitive key that is no tag": (
        "ci tags --transitive-tag-key team",
        "--transitive-tag-key team",
    ),
    "an inherited tag that is set anew": (
        "ci tags --session-tag team=data --inherited-tag team=data",
        "--session-tag team",
    ),
    "a condition key that is none": ("alice user --context curl=§", "--context curl"),
    "profiles without --live": ("alice user --source-profile x", "--live"),
}
