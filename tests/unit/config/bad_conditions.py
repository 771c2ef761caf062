"""Bad config: conditions."""

from __future__ import annotations

from typing import Any

from tests.unit.config.bad_config import SOURCE, Bad

AUDIT = "grants.audit.conditions"
FIRST = "grants.deploy.principals[0]"
ORGANIZATION = "o-a1b2c3d4e5"
UNIT = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/"


def bad(what: str, code: str, **conditions: object) -> Bad:
    """Conditions of which the first is bad."""
    return Bad(what, code, {f"{AUDIT}.{key}": value for key, value in conditions.items()})


def bad_item(what: str, code: str, key: str, value: object) -> Bad:
    """A condition that is a list, with one value in it."""
    return Bad(what, code, {f"{AUDIT}.{key}": [value]}, path=f"{AUDIT}.{key}[0]")


def bad_principal(
    what: str, code: str, principal: dict[str, str], conditions: dict[str, Any]
) -> Bad:
    """A principal that can't meet the conditions of its grant."""
    change = {"grants.deploy": {"principals": [principal], "conditions": conditions}}
    return Bad(what, code, change, path=FIRST)


CONDITIONS = [
    Bad("conditions that are empty", "empty-conditions", {AUDIT: {}}),
    Bad("conditions that are null", "null-value", {AUDIT: None}),
    Bad("conditions that are a list", "not-object", {AUDIT: ["mfa"]}),
    Bad("conditions that are text", "not-object", {AUDIT: "externalId: partner-7f3a"}),
    bad_principal("MFA for a role", "mfa-for-role", {"role": "ci"}, {"mfa": True}),
    bad_principal("MFA's age for a role", "mfa-for-role", {"role": "ci"}, {"mfaMaxAge": 3600}),
    bad("text for MFA", "not-boolean", mfa="true"),
    bad("a number for MFA", "not-boolean", mfa=1),
    bad("MFA that is null", "null-value", mfa=None),
    bad("MFA's age of no seconds", "mfa-age-out-of-range", mfaMaxAge=0),
    bad("MFA's age with a unit", "mfa-age-not-integer", mfaMaxAge="1h"),
    bad("MFA's age without MFA", "mfa-age-without-mfa", mfa=False, mfaMaxAge=60),
    bad("an external ID of one character", "external-id-too-short", externalId="x"),
    bad("an external ID with a star", "invalid-external-id", externalId="partner-*"),
    bad("a number for an external ID", "external-id-not-string", externalId=12345),
    bad("an external ID that is null", "null-value", externalId=None),
    bad("a misspelt external ID", "unknown-key", externalID="partner-7f3a"),
    Bad(
        "a previous external ID without a new one",
        "previous-external-id-alone",
        {AUDIT: {"previousExternalId": "partner-7f3a"}},
        path=f"{AUDIT}.externalId",
    ),
    bad(
        "a previous external ID that is the new one",
        "previous-external-id-same",
        previousExternalId="partner-7f3a",
    ),
    bad("source IPs that are one", "not-filled-list", sourceIps="203.0.113.7"),
    bad_item("a host's name for a source IP", "invalid-source-ip", "sourceIps", "vpn.example"),
    bad_item(
        "an address inside its range for the range",
        "invalid-source-ip",
        "sourceIps",
        "203.0.113.7/24",
    ),
    bad_item("an address with a zone", "invalid-source-ip", "sourceIps", "2001:db8::1%eth0"),
    bad_item("an IPv4 address as IPv6", "invalid-source-ip", "sourceIps", "::ffff:203.0.113.7"),
    bad_item("every address, 0.0.0.0/0", "source-ip-of-everyone", "sourceIps", "0.0.0.0/0"),
    bad(
        "every address, in two ranges",
        "source-ip-of-everyone",
        sourceIps=["128.0.0.0/1", "0.0.0.0/1"],
    ),
    bad_item(
        "an address that AWS never sees, 10.1.2.3", "private-source-ip", "sourceIps", "10.1.2.3"
    ),
    bad_item(
        "an address that AWS never sees, fd00::/8", "private-source-ip", "sourceIps", "fd00::/8"
    ),
    bad("an address twice", "repeated-value", sourceIps=["203.0.113.7", "203.0.113.7/32"]),
    bad(
        "addresses and a VPC",
        "source-ip-with-vpc",
        sourceIps=["203.0.113.7"],
        sourceVpcs=["vpc-12345678"],
    ),
    bad_item("a VPC's name", "vpc-id-too-short", "sourceVpcs", "main"),
    bad_item(
        "a VPC for its endpoint", "vpc-endpoint-id-too-short", "sourceVpcEndpoints", "vpc-12345678"
    ),
    bad_item(
        "an organization by its name", "organization-id-too-short", "organizations", "example"
    ),
    bad_item(
        "another variable than the user's name in a session's name",
        "invalid-session-name-pattern",
        "sessionNames",
        "${aws:userid}",
    ),
    bad_principal(
        "the user's name for a role's session",
        "username-for-non-user",
        {"role": "ci"},
        {"sessionNames": ["${aws:username}"]},
    ),
    bad_item(
        "a source identity of AWS's own",
        "invalid-source-identity-pattern",
        "sourceIdentities",
        "aws:me",
    ),
    Bad(
        "a session tag's value without a list",
        "tag-values-not-list",
        {f"{AUDIT}.sessionTags.team": "red"},
    ),
    bad("session tags in a list", "tag-values-not-map", sessionTags=["team"]),
    bad("no principal tags", "tag-values-not-map", principalTags={}),
    Bad(
        "a transitive tag that is no session tag",
        "transitive-tag-not-in-session",
        {AUDIT: {"sessionTags": {"team": ["red"]}, "transitiveTagKeys": ["app"]}},
        path=f"{AUDIT}.transitiveTagKeys[0]",
    ),
    bad("a moment without its time", "invalid-time", notAfter="2030-01-01"),
    bad("a moment of another zone", "invalid-time", notBefore="2030-01-01T10:00:00+01:00"),
    bad("a day that there is not", "invalid-time", notAfter="2030-02-31T00:00:00Z"),
    bad(
        "a window that closes before it opens",
        "end-before-start",
        notAfter="2030-01-01T00:00:00Z",
        notBefore="2030-01-02T00:00:00Z",
    ),
    bad("a misspelt MFA's age", "unknown-key", mfaAge=60),
    bad_principal("MFA for a session", "mfa-for-role", {"session": "ci/build"}, {"mfa": True}),
    bad_principal(
        "MFA for a permission set", "mfa-for-role", {"permissionSet": "Operators"}, {"mfa": True}
    ),
    bad_principal(
        "MFA for a role by ARN",
        "mfa-for-role",
        {"arn": f"arn:aws:iam::{SOURCE}:role/ci"},
        {"mfa": True},
    ),
    Bad(
        "MFA of its own for a role",
        "mfa-for-role",
        {FIRST: {"role": "ci", "conditions": {"mfaMaxAge": 60}}},
    ),
    Bad(
        "MFA's age of its own without MFA",
        "mfa-age-without-mfa",
        {FIRST: {"role": "ci", "conditions": {"mfa": False, "mfaMaxAge": 60}}},
        path=f"{FIRST}.conditions.mfa",
    ),
    bad_principal(
        "a user's name as session name of a group",
        "username-for-non-user",
        {"group": "developers"},
        {"sessionNames": ["ci-*", "${aws:username}"]},
    ),
    bad_principal(
        "an organization as a condition of that organization",
        "condition-of-principal",
        {"organization": ORGANIZATION},
        {"organizations": [ORGANIZATION]},
    ),
    bad(
        "a window of no time",
        "end-before-start",
        notAfter="2026-02-01T00:00:00Z",
        notBefore="2026-02-01T00:00:00Z",
    ),
    bad("a moment with a fraction", "invalid-time", notBefore="2026-02-02T00:00:00.5Z"),
    bad("seconds for a moment", "invalid-time", notAfter=1770000000),
    bad_item("a link-local address", "private-source-ip", "sourceIps", "169.254.169.254"),
    bad_item("a range of IPv6 with host bits", "invalid-source-ip", "sourceIps", "2001:db8::1/48"),
    bad(
        "an address and an endpoint",
        "source-ip-with-vpc",
        sourceIps=["203.0.113.7"],
        sourceVpcEndpoints=["vpce-11111111"],
    ),
    Bad(
        "an address of its own where the grant asks for a VPC",
        "source-ip-with-vpc",
        {
            "grants.deploy": {
                "principals": [{"user": "alice", "conditions": {"sourceIps": ["203.0.113.7"]}}],
                "conditions": {"sourceVpcs": ["vpc-11111111"]},
            }
        },
        path=f"{FIRST}.conditions.sourceIps",
    ),
    bad_item("every VPC", "vpc-id-too-short", "sourceVpcs", "*"),
    bad("no VPC", "not-filled-list", sourceVpcs=[]),
    bad("a VPC twice", "repeated-value", sourceVpcs=["vpc-11111111", "vpc-11111111"]),
    bad("an endpoint without its list", "not-filled-list", sourceVpcEndpoints="vpce-11111111"),
    bad(
        "an organization twice in a condition",
        "repeated-value",
        organizations=[ORGANIZATION, ORGANIZATION],
    ),
    bad("organizations that are null", "null-value", organizations=None),
    bad("no session name", "not-filled-list", sessionNames=[]),
    bad("a session name twice", "repeated-value", sessionNames=["ci", "ci"]),
    bad("a map of identities", "not-filled-list", sourceIdentities={"a": "b"}),
    Bad("a session tag without values", "tag-values-not-list", {f"{AUDIT}.sessionTags.team": []}),
    Bad("a session tag's value twice", "repeated-value", {f"{AUDIT}.sessionTags.team": ["a", "a"]}),
    Bad(
        "a session tag's value with other characters than a pattern's",
        "invalid-tag-value",
        {AUDIT: {"sessionTags": {"team": ["app-[a-z]*"]}}},
        path=f"{AUDIT}.sessionTags.team[0]",
    ),
    Bad("a session tag of AWS's own", "reserved-tag-key", {f"{AUDIT}.sessionTags.aws:team": ["a"]}),
    Bad(
        "session tags that are the same ignoring case",
        "repeated-tag-key",
        {AUDIT: {"sessionTags": {"team": ["a"], "Team": ["b"]}}},
        path=f"{AUDIT}.sessionTags.Team",
    ),
    bad(
        "51 session tags",
        "too-many-tags",
        sessionTags={f"key-{number}": ["a"] for number in range(51)},
    ),
    bad(
        "a transitive key twice",
        "repeated-value",
        transitiveTagKeys=["team", "team"],
        sessionTags={"team": ["a"]},
    ),
    bad("no transitive key", "not-filled-list", transitiveTagKeys=[]),
    bad("no allowed tag", "allowed-tags-not-list", allowSessionTags=[]),
    bad("text for allowed tags", "allowed-tags-not-list", allowSessionTags="team"),
    bad("true in quotes for allowed tags", "allowed-tags-not-list", allowSessionTags="true"),
    bad("values of allowed tags", "allowed-tags-not-list", allowSessionTags={"team": ["a"]}),
    bad("allowed tags that are null", "null-value", allowSessionTags=None),
    bad("an allowed tag twice", "repeated-value", allowSessionTags=["team", "team"]),
    bad(
        "allowed tags that are the same ignoring case",
        "repeated-tag-key",
        allowSessionTags=["team", "Team"],
    ),
    bad(
        "an allowed tag that is required in another case",
        "repeated-tag-key",
        allowSessionTags=["Team"],
        sessionTags={"team": ["a"]},
    ),
    bad_item("an allowed tag with a star", "tag-key-with-wildcards", "allowSessionTags", "app-*"),
    bad_item("an allowed tag of AWS's own", "reserved-tag-key", "allowSessionTags", "aws:team"),
    bad_item("a number among allowed tags", "tag-key-not-string", "allowSessionTags", 7),
    Bad(
        "a transitive tag that is not allowed",
        "transitive-tag-not-in-session",
        {AUDIT: {"allowSessionTags": ["team"], "transitiveTagKeys": ["team", "app"]}},
        path=f"{AUDIT}.transitiveTagKeys[1]",
    ),
    Bad(
        "a transitive tag that a principal takes back",
        "transitive-tag-not-in-session",
        {
            "grants.deploy": {
                "principals": [{"role": "ci", "conditions": {"allowSessionTags": False}}],
                "conditions": {"allowSessionTags": ["team"], "transitiveTagKeys": ["team"]},
            }
        },
        path=f"{FIRST}.conditions.transitiveTagKeys[0]",
    ),
    bad("text for a source identity", "not-boolean", allowSourceIdentity="ann"),
    bad(
        "a source identity that is required and allowed",
        "source-identity-required-and-allowed",
        allowSourceIdentity=True,
        sourceIdentities=["ann"],
    ),
    bad("text for an identity context", "not-boolean", allowIdentityContext="IdentityCenter"),
    Bad(
        "a pattern of a principal tag that is too long",
        "tag-value-too-long",
        {AUDIT: {"principalTags": {"team": ["*" * 257]}}},
        path=f"{AUDIT}.principalTags.team[0]",
    ),
    Bad(
        "tags that a group allows, and a user takes back",
        "allowance-widened",
        {
            "grants.deploy": {
                "principals": [
                    {"group": "devs"},
                    {"user": "ann", "conditions": {"allowSessionTags": False}},
                ],
                "conditions": {"allowSessionTags": True},
            }
        },
        path=FIRST,
    ),
    Bad(
        "session tags of its own where the grant hands others on",
        "transitive-tag-not-in-session",
        {
            "grants.deploy": {
                "principals": [{"role": "ci", "conditions": {"sessionTags": {"stage": ["test"]}}}],
                "conditions": {"sessionTags": {"team": ["a"]}, "transitiveTagKeys": ["team"]},
            }
        },
        path=f"{FIRST}.conditions.transitiveTagKeys[0]",
    ),
    Bad(
        "a principal tag without values", "tag-values-not-list", {f"{AUDIT}.principalTags.team": []}
    ),
    Bad(
        "a principal tag's key with a star",
        "invalid-tag-key",
        {f"{AUDIT}.principalTags.te*m": ["a"]},
    ),
    bad(
        "a previous external ID of one character",
        "external-id-too-short",
        previousExternalId="x",
        externalId="new-1",
    ),
    bad(
        "a number for a previous external ID",
        "external-id-not-string",
        previousExternalId=4711,
        externalId="new-1",
    ),
]
