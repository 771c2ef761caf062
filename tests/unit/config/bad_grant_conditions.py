"""Bad grants: under which conditions."""

from __future__ import annotations

from typing import Any

from tests.unit.config.bad_grants import ALICE, GIVE_IT, NAME, NULL, ONCE, SOURCE, Bad, to

NO_MFA = "a {} no MFA, so that requiring it would lock it out"
ITS_OWN = "Give it conditions of its own with MFA false, or a grant of its own"
USERS_ONLY = "only a user has an aws:username, so that a session name with it would lock others out"
ANOTHER_NAME = "Give it conditions of its own with another session name, or a grant of its own"
RECOGNIZED = "{} stands there already, by another condition"
OWN_GRANT = "The principal itself says it: leave it out of the conditions"
MOMENT = "a moment is in ISO 8601 and in UTC, such as 2026-12-31T18:00:00Z"
WINDOW = "the window closes after it opens"
ADDRESS = "a source IP must be an address or a range, such as 203.0.113.7 or 2001:db8::/48"
PUBLIC = "a source IP must be public, because AWS sees no private addresses"
PRIVATE = (
    "Use the VPC (source_vpcs, sourceVpcs in config), its endpoint, or the public "
    "address of the network"
)
NEVER = "a request through a VPC endpoint has no source IP, so that both together are never met"
TWO_GRANTS = "Make two grants of it, or give each principal its own conditions"
VPC = "a VPC's ID must have 12–21 characters: vpc- followed by hexadecimal digits"
VPCE = "a VPC endpoint's ID must have 13–22 characters: vpce- followed by hexadecimal digits"
SESSION_NAME = f"a session name's pattern must have 2–64 characters: {NAME}, * and ? as wildcards, ${{aws:username}}"
IDENTITY = f"a source identity's pattern must have 2–64 characters: {NAME}, * and ? as wildcards; it doesn't start with aws:"
TAGS = "must be a map from at least one tag key to a list of values"
TAG_VALUE = "a tag value must have at most 256 characters: letters, digits, spaces and _.:/=+-@"
TAG_VALUES = "a tag's values must be a list of at least one string"
TRANSITIVE = "a transitive tag key is one of the session tags' keys"
EXTERNAL_ID = "an external ID must have 2–1224 characters: letters, digits and _+=,.@:/-"
RAW = "raw conditions are {OPERATOR: {KEY: [VALUES]}}, as in a policy"
NO_OPERATOR = "there is no such condition operator"
KEYS = "an operator has a map from condition keys to lists of values"
KEY = "a condition key must have 3–256 characters: PREFIX:NAME, such as aws:SourceAccount"
VALUES = "a condition key's values are a list of texts"
ABSENT = "the MFA keys are absent from requests by access keys, so that this operator lets them in"
THERE = "{} of {} stands there already, by another condition"

OURS, ORG_ID = "o-a1b2c3d4e5", "aws:PrincipalOrgID"
MFA, AGENT = "aws:MultiFactorAuthPresent", "aws:UserAgent"
TOO_LONG = "x" * 257
FIRST = "principals[0]"


def one(key: str, value: Any, shown: str, rule: str, remedy: str = "", **more: Any) -> Bad:
    """A bad condition: `what` names the row, `at` is where in it the problem stands, `beside` are other conditions."""
    conditions = {key: value, **more.get("beside", {})}
    return Bad(
        more["what"],
        to(ALICE, conditions=conditions),
        f"conditions.{key}{more.get('at', '')}",
        shown,
        rule,
        remedy,
    )


def listed(key: str, value: Any, rule: str, remedy: str = "", *, what: str) -> Bad:
    """A bad value in a list."""
    shown = str(value) if isinstance(value, int) else f'"{value}"'
    return one(key, [value], shown, rule, remedy, what=what, at="[0]")


def private(what: str, address: str) -> Bad:
    return listed("sourceIps", address, PUBLIC, PRIVATE, what=what)


def locked_out(what: str, carries: str, conditions: dict[str, Any], **principal: str) -> Bad:
    """A principal that can't meet a condition."""
    (value,) = principal.values()
    grant = to(principal, conditions=conditions)
    return Bad(what, grant, FIRST, f'"{value}"', NO_MFA.format(carries), ITS_OWN)


def nameless(what: str, **principal: str) -> Bad:
    (value,) = principal.values()
    grant = to(principal, conditions={"sessionNames": ["ci-*", "${aws:username}"]})
    return Bad(what, grant, FIRST, f'"{value}"', USERS_ONLY, ANOTHER_NAME)


def recognized(what: str, by: str, principal: dict[str, str], conditions: dict[str, Any]) -> Bad:
    value = next(iter(principal.values()))
    return Bad(
        what,
        to(principal, conditions=conditions),
        FIRST,
        f'"{value}"',
        RECOGNIZED.format(by),
        OWN_GRANT,
    )


def raw(what: str, value: Any, at: str, shown: str, *rule_and_remedy: str) -> Bad:
    return one("raw", value, shown, *rule_and_remedy, what=what, at=at)


def raw_twice(what: str, operator: str, key: str, beside: dict[str, Any]) -> Bad:
    rule = THERE.format(operator, key)
    return one(
        "raw",
        {operator: {key: ["x1"]}},
        "",
        rule,
        "Put it in one place",
        what=what,
        at=f".{operator}.{key}",
        beside=beside,
    )


def raw_mfa(operator: str, key: str = MFA) -> Bad:
    value = {operator: {key: ["true"]}}
    return raw(
        f"MFA by {operator}", value, f".{operator}.{key}", f'"{operator}"', ABSENT, "Use mfa: true"
    )


CONDITIONS = [
    # MFA for whom can't have it
    locked_out("MFA for a role", "role's sessions carry", {"mfa": True}, role="ci"),
    locked_out("MFA for a session", "session carries", {"mfa": True}, session="ci/build"),
    locked_out(
        "MFA for a permission set",
        "permission set's sessions carry",
        {"mfa": True},
        permissionSet="Operators",
    ),
    locked_out(
        "MFA's age for a permission set",
        "permission set's sessions carry",
        {"mfaMaxAge": 60},
        permissionSet="Ops",
    ),
    locked_out(
        "MFA for a role by ARN",
        "role's sessions carry",
        {"mfa": True},
        arn=f"arn:aws:iam::{SOURCE}:role/ci",
    ),
    Bad(
        "MFA for a role of all",
        to(ALICE, {"role": "ci"}, conditions={"mfa": True}),
        "principals[1]",
        '"ci"',
        NO_MFA.format("role's sessions carry"),
        ITS_OWN,
    ),
    Bad(
        "MFA of its own for a role",
        to({"role": "ci", "conditions": {"mfaMaxAge": 60}}),
        FIRST,
        '"ci"',
        NO_MFA.format("role's sessions carry"),
        ITS_OWN,
    ),
    Bad(
        "MFA's age of its own without MFA",
        to({"role": "ci", "conditions": {"mfa": False, "mfaMaxAge": 60}}),
        f"{FIRST}.conditions.mfa",
        "false",
        "an MFA's age can't be asked for where MFA is not",
        "Leave one of them out",
    ),
    # A user's name for whom has none
    nameless("a user's name as a role's session name", role="ci"),
    nameless("a user's name as session name of a whole account", account=SOURCE),
    nameless("a user's name as session name of a group", group="developers"),
    nameless("a user's name as session name of a permission set", permissionSet="Operators"),
    # What a principal is recognized by
    recognized(
        "an organization as a condition of that organization",
        f"StringEquals of {ORG_ID}",
        {"organization": OURS},
        {"organizations": [OURS]},
    ),
    recognized(
        "an organization, and a raw condition of another",
        f"StringEquals of {ORG_ID}",
        {"organization": OURS},
        {"raw": {"StringEquals": {ORG_ID.upper(): ["o-z9y8x7w6v5"]}}},
    ),
    recognized(
        "a unit, and a raw condition of all",
        "ForAnyValue:StringLike of aws:PrincipalOrgPaths",
        {"organizationalUnit": f"{OURS}/r-ab12/ou-ab12-11111111/"},
        {"raw": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["*"]}}},
    ),
    recognized(
        "a permission set, and a raw condition of everybody",
        "ArnLike of aws:PrincipalArn",
        {"permissionSet": "Operators"},
        {"raw": {"ArnLike": {"aws:principalarn": ["*"]}}},
    ),
    recognized(
        "a user by name, and a raw condition of everybody",
        "ArnLike of aws:PrincipalArn",
        {"user": "alice", "trustBy": "name"},
        {"raw": {"ArnLike": {"aws:PrincipalArn": ["*"]}}},
    ),
    # Time
    one(
        "notAfter",
        "2026-02-01T00:00:00Z",
        '"2026-02-01T00:00:00Z"',
        WINDOW,
        what="a window of no time",
        beside={"notBefore": "2026-02-01T00:00:00Z"},
    ),
    one(
        "notAfter",
        "2026-02-01T00:00:00Z",
        '"2026-02-01T00:00:00Z"',
        WINDOW,
        what="a window that closes first",
        beside={"notBefore": "2027-02-01T00:00:00Z"},
    ),
    one(
        "notBefore",
        "2026-02-02T00:00:00+01:00",
        '"2026-02-02T00:00:00+01:00"',
        MOMENT,
        what="a moment that isn't in UTC",
    ),
    one("notBefore", "2026-02-02", '"2026-02-02"', MOMENT, what="a day for a moment"),
    one(
        "notBefore",
        "2026-02-02T00:00:00.5Z",
        '"2026-02-02T00:00:00.5Z"',
        MOMENT,
        what="a moment with a fraction",
    ),
    one(
        "notAfter",
        "2026-02-30T00:00:00Z",
        '"2026-02-30T00:00:00Z"',
        MOMENT,
        "There is no such date",
        what="the 30th of February",
    ),
    one("notAfter", 1770000000, "1770000000", MOMENT, what="seconds for a moment"),
    # Addresses
    private("a private range", "10.0.0.0/8"),
    private("a private address", "10.1.2.3"),
    private("another private range", "172.16.5.0/24"),
    private("the home's range", "192.168.0.0/16"),
    private("a carrier's shared address", "100.64.0.1"),
    private("the loopback address", "127.0.0.1"),
    private("a link-local address", "169.254.169.254"),
    private("a multicast address", "224.0.0.1"),
    private("a private address of IPv6", "fd12:3456::1"),
    private("a link-local range of IPv6", "fe80::/10"),
    private("the loopback address of IPv6", "::1"),
    listed(
        "sourceIps",
        "0.0.0.0/0",
        "a source IP must not be the range of all addresses",
        "Leave the condition out",
        what="every address",
    ),
    listed(
        "sourceIps",
        "::/0",
        "a source IP must not be the range of all addresses",
        "Leave the condition out",
        what="every address of IPv6",
    ),
    listed(
        "sourceIps",
        "203.0.113.7/24",
        ADDRESS,
        "Write the range as 203.0.113.0/24",
        what="a range with host bits",
    ),
    listed(
        "sourceIps",
        "2001:db8::1/48",
        ADDRESS,
        "Write the range as 2001:db8::/48",
        what="a range of IPv6 with host bits",
    ),
    listed("sourceIps", "203.0.113.300", ADDRESS, what="an address that there is not"),
    listed("sourceIps", "203.0.113.0/33", ADDRESS, what="a range that is too small"),
    listed("sourceIps", "203.0.113.0-203.0.113.9", ADDRESS, what="a range from address to address"),
    listed("sourceIps", "vpn.example.com", ADDRESS, what="a name for an address"),
    listed("sourceIps", 5, ADDRESS, what="a number for an address"),
    one(
        "sourceIps",
        "203.0.113.7",
        '"203.0.113.7"',
        "source IPs are a list with at least one",
        what="an address without its list",
    ),
    one(
        "sourceIps",
        ["203.0.113.7", "203.0.113.7/32"],
        '"203.0.113.7/32"',
        ONCE,
        what="an address twice, once as a range",
    ),
    # Networks
    one(
        "sourceIps",
        ["203.0.113.7"],
        "",
        NEVER,
        TWO_GRANTS,
        what="an address and a VPC",
        beside={"sourceVpcs": ["vpc-11111111"]},
    ),
    one(
        "sourceIps",
        ["203.0.113.7"],
        "",
        NEVER,
        TWO_GRANTS,
        what="an address and an endpoint",
        beside={"sourceVpcEndpoints": ["vpce-11111111"]},
    ),
    Bad(
        "an address of its own where the grant asks for a VPC",
        to(
            {"user": "alice", "conditions": {"sourceIps": ["203.0.113.7"]}},
            conditions={"sourceVpcs": ["vpc-11111111"]},
        ),
        f"{FIRST}.conditions.sourceIps",
        "",
        NEVER,
        TWO_GRANTS,
    ),
    listed("sourceVpcs", "11111111", VPC, what="a VPC without its prefix"),
    listed("sourceVpcs", "vpc-1111111G", VPC, what="a VPC with another letter"),
    listed("sourceVpcs", "vpce-11111111", VPC, what="an endpoint for a VPC"),
    listed("sourceVpcs", "*", VPC, what="every VPC"),
    one("sourceVpcs", [], "[]", "source VPCs are a list with at least one", what="no VPC"),
    one("sourceVpcs", ["vpc-11111111"] * 2, '"vpc-11111111"', ONCE, what="a VPC twice"),
    listed("sourceVpcEndpoints", "vpc-11111111", VPCE, what="a VPC for an endpoint"),
    one(
        "sourceVpcEndpoints",
        "vpce-11111111",
        '"vpce-11111111"',
        "VPC endpoints are a list with at least one",
        what="an endpoint without its list",
    ),
    # Organizations
    listed(
        "organizations",
        "acme",
        "an organization's ID must have 12–34 characters: o- followed by lowercase letters and digits",
        what="a name for an organization",
    ),
    one(
        "organizations",
        [OURS, OURS],
        f'"{OURS}"',
        ONCE,
        what="an organization twice in a condition",
    ),
    one("organizations", None, "null", NULL, GIVE_IT, what="organizations that are null"),
]
