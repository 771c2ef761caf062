"""Bad input: under which conditions."""

from __future__ import annotations

from typing import Any

from tests.unit.config.bad_input import QUOTES, SOURCE, Bad

NULL, GIVE_IT = "a key has a value", "Give it one, or leave it out"
OBJECT = "this must be an object with keys of its own"
NO_KEY = "there is no such key"
NO_MFA = "a role's sessions carry no MFA, so that requiring it would lock it out"
OWN_GRANT = "Give it conditions of its own with MFA false, or a grant of its own"
EXTERNAL_ID = "an external ID must have 2–1224 characters: letters, digits and _+=,.@:/-"
AGE = "an MFA's age must be 1 to 129600 whole seconds (credentials of GetSessionToken last 36 hours at most)"
ROLE = f"arn:aws:iam::{SOURCE}:role/x"

DEPLOY = "grants.deploy"
AUDIT = "grants.partner-audit.conditions"

SEVERAL = "are a list with at least one"
IP = "a source IP must be an address or a range, such as 203.0.113.7 or 2001:db8::/48"
TAG_MAP = "must be a map from at least one tag key to a list of values"
MOMENT = "a moment is in ISO 8601 and in UTC, such as 2026-12-31T18:00:00Z"
AT_TEN, NO_DAY = "2030-01-01T10:00:00+01:00", "2030-02-31T00:00:00Z"
RAW = "raw conditions are {OPERATOR: {KEY: [VALUES]}}, as in a policy"


def one(key: str, value: str) -> dict[str, Any]:
    """A condition that is a list, with one value in it."""
    return {f"{AUDIT}.{key}": [value]}


def first(key: str) -> str:
    """Where that value stands."""
    return f"{AUDIT}.{key}[0]"


CONDITIONS = [
    Bad(
        "conditions that are empty",
        {AUDIT: {}},
        "",
        "conditions must not be empty: what was meant to be in them may have got lost",
        "Name at least one, or leave the key out",
    ),
    Bad("conditions that are null", {AUDIT: None}, "null", NULL, GIVE_IT),
    Bad("conditions that are a list", {AUDIT: ["mfa"]}, '["mfa"]', OBJECT),
    Bad("conditions that are text", {AUDIT: "externalId: partner-7f3a"}, "[secret]", OBJECT),
    Bad(
        "MFA for a role",
        {f"{DEPLOY}.conditions": {"mfa": True}},
        '"team/ci"',
        NO_MFA,
        OWN_GRANT,
        path=f"{DEPLOY}.principals[0]",
    ),
    Bad(
        "MFA's age for a role",
        {f"{DEPLOY}.conditions": {"mfaMaxAge": 3600}},
        '"team/ci"',
        NO_MFA,
        OWN_GRANT,
        path=f"{DEPLOY}.principals[0]",
    ),
    Bad(
        "MFA for a role among users",
        {"grants.read-only.principals[2]": {"arn": ROLE}},
        f'"{ROLE}"',
        NO_MFA,
        OWN_GRANT,
    ),
    Bad(
        "text for MFA",
        {f"{AUDIT}.mfa": "true"},
        '"true"',
        "this must be true or false",
        "Leave the quotes out",
    ),
    Bad("a number for MFA", {f"{AUDIT}.mfa": 1}, "1", "this must be true or false"),
    Bad("MFA that is null", {f"{AUDIT}.mfa": None}, "null", NULL, GIVE_IT),
    Bad("MFA's age of no seconds", {f"{AUDIT}.mfaMaxAge": 0}, "0", AGE),
    Bad("MFA's age above 36 hours", {f"{AUDIT}.mfaMaxAge": 129601}, "129601", AGE),
    Bad("MFA's age with a unit", {f"{AUDIT}.mfaMaxAge": "1h"}, '"1h"', AGE),
    Bad(
        "MFA's age without MFA",
        {AUDIT: {"mfa": False, "mfaMaxAge": 60}},
        "false",
        "an MFA's age can't be asked for where MFA is not",
        "Leave one of them out",
        path=f"{AUDIT}.mfa",
    ),
    Bad("an external ID of one character", {f"{AUDIT}.externalId": "x"}, "[secret]", EXTERNAL_ID),
    Bad(
        "an external ID of 1225 characters",
        {f"{AUDIT}.externalId": "x" * 1225},
        "[secret]",
        EXTERNAL_ID,
    ),
    Bad(
        "an external ID with a space",
        {f"{AUDIT}.externalId": "partner 7f3a"},
        "[secret]",
        EXTERNAL_ID,
    ),
    Bad(
        "an external ID with a star", {f"{AUDIT}.externalId": "partner-*"}, "[secret]", EXTERNAL_ID
    ),
    Bad(
        "a number for an external ID",
        {f"{AUDIT}.externalId": 12345},
        "[secret]",
        "an external ID must be a string",
        QUOTES,
    ),
    Bad("an external ID that is null", {f"{AUDIT}.externalId": None}, "null", NULL, GIVE_IT),
    Bad(
        "a misspelt external ID",
        {AUDIT: {"externalID": "partner-7f3a"}},
        "[secret]",
        NO_KEY,
        "Did you mean externalId?",
        path=f"{AUDIT}.externalID",
    ),
    # The others
    Bad(
        "a previous external ID without a new one",
        {AUDIT: {"previousExternalId": "partner-7f3a"}},
        "",
        "a previous external ID stands beside the new one",
        path=f"{AUDIT}.externalId",
    ),
    Bad(
        "a previous external ID that is the new one",
        {f"{AUDIT}.previousExternalId": "partner-7f3a"},
        "",
        "the previous external ID is another one",
    ),
    Bad(
        "source IPs that are one",
        {f"{AUDIT}.sourceIps": "203.0.113.7"},
        '"203.0.113.7"',
        f"source IPs {SEVERAL}",
    ),
    Bad("no source IPs", {f"{AUDIT}.sourceIps": []}, "[]", f"source IPs {SEVERAL}"),
    Bad(
        "a host's name for a source IP",
        one("sourceIps", "vpn.example"),
        '"vpn.example"',
        IP,
        path=first("sourceIps"),
    ),
    Bad(
        "an address inside its range for the range",
        one("sourceIps", "203.0.113.7/24"),
        '"203.0.113.7/24"',
        IP,
        "Write the range as 203.0.113.0/24",
        path=first("sourceIps"),
    ),
    *(
        Bad(
            f"every address, {text}",
            one("sourceIps", text),
            f'"{text}"',
            "a source IP must not be the range of all addresses",
            "Leave the condition out",
            path=first("sourceIps"),
        )
        for text in ("0.0.0.0/0", "::/0")
    ),
    *(
        Bad(
            f"an address that AWS never sees, {text}",
            one("sourceIps", text),
            f'"{text}"',
            "a source IP must be public, because AWS sees no private addresses",
            "Use the VPC (source_vpcs, sourceVpcs in config), its endpoint, or the public "
            "address of the network",
            path=first("sourceIps"),
        )
        for text in ("10.1.2.3", "192.168.0.0/24", "fd00::/8")
    ),
    Bad(
        "an address twice",
        {f"{AUDIT}.sourceIps": ["203.0.113.7", "203.0.113.7/32"]},
        '"203.0.113.7/32"',
        "the values of a list must be unique",
    ),
    Bad(
        "addresses and a VPC",
        {AUDIT: {"sourceIps": ["203.0.113.7"], "sourceVpcs": ["vpc-12345678"]}},
        "",
        "a request through a VPC endpoint has no source IP, so that both together are never met",
        "Make two grants of it, or give each principal its own conditions",
        path=f"{AUDIT}.sourceIps",
    ),
    Bad(
        "a VPC's name",
        one("sourceVpcs", "main"),
        '"main"',
        "a VPC's ID must have 12–21 characters: vpc- followed by hexadecimal digits",
        path=first("sourceVpcs"),
    ),
    Bad(
        "a VPC for its endpoint",
        one("sourceVpcEndpoints", "vpc-12345678"),
        '"vpc-12345678"',
        "a VPC endpoint's ID must have 13–22 characters: vpce- followed by hexadecimal digits",
        path=first("sourceVpcEndpoints"),
    ),
    Bad(
        "an organization by its name",
        one("organizations", "example"),
        '"example"',
        "an organization's ID must have 12–34 characters: o- followed by lowercase letters and digits",
        path=first("organizations"),
    ),
    Bad(
        "another variable than the user's name in a session's name",
        one("sessionNames", "${aws:userid}"),
        '"${aws:userid}"',
        "a session name's pattern must have 2–64 characters: letters, digits and _+=,.@-, * and ? as wildcards, "
        "${aws:username}",
        path=first("sessionNames"),
    ),
    Bad(
        "the user's name for a role's session",
        {f"{DEPLOY}.conditions": {"sessionNames": ["${aws:username}"]}},
        '"team/ci"',
        "only a user has an aws:username, so that a session name with it would lock others out",
        "Give it conditions of its own with another session name, or a grant of its own",
        path=f"{DEPLOY}.principals[0]",
    ),
    Bad(
        "a source identity of AWS's own",
        one("sourceIdentities", "aws:me"),
        '"aws:me"',
        "a source identity's pattern must have 2–64 characters: letters, digits and _+=,.@-, * and ? as wildcards; it "
        "doesn't start with aws:",
        path=first("sourceIdentities"),
    ),
    Bad(
        "a session tag's value without a list",
        {f"{AUDIT}.sessionTags": {"team": "red"}},
        '"red"',
        "a tag's values must be a list of at least one string",
        path=f"{AUDIT}.sessionTags.team",
    ),
    Bad("session tags in a list", {f"{AUDIT}.sessionTags": ["team"]}, '["team"]', TAG_MAP),
    Bad("no principal tags", {f"{AUDIT}.principalTags": {}}, "", TAG_MAP),
    Bad(
        "a transitive tag that is no session tag",
        {AUDIT: {"sessionTags": {"team": ["red"]}, "transitiveTagKeys": ["app"]}},
        '"app"',
        "a transitive tag key is one of the session tags' keys",
        path=f"{AUDIT}.transitiveTagKeys[0]",
    ),
    Bad("a moment without its time", {f"{AUDIT}.notAfter": "2030-01-01"}, '"2030-01-01"', MOMENT),
    Bad("a moment of another zone", {f"{AUDIT}.notBefore": AT_TEN}, f'"{AT_TEN}"', MOMENT),
    Bad(
        "a day that there is not",
        {f"{AUDIT}.notAfter": NO_DAY},
        f'"{NO_DAY}"',
        MOMENT,
        "There is no such date",
    ),
    Bad(
        "a window that closes before it opens",
        {AUDIT: {"notBefore": "2030-01-02T00:00:00Z", "notAfter": "2030-01-01T00:00:00Z"}},
        '"2030-01-01T00:00:00Z"',
        "the window closes after it opens",
        path=f"{AUDIT}.notAfter",
    ),
    Bad("raw conditions in a list", {f"{AUDIT}.raw": []}, "[]", RAW),
    Bad(
        "an operator that there is not",
        {f"{AUDIT}.raw": {"StringIs": {"aws:SourceAccount": ["1"]}}},
        '"StringIs"',
        "there is no such condition operator",
        path=f"{AUDIT}.raw.StringIs",
    ),
    Bad(
        "a raw condition that lets absent MFA pass",
        {f"{AUDIT}.raw": {"BoolIfExists": {"aws:MultiFactorAuthPresent": ["true"]}}},
        '"BoolIfExists"',
        "the MFA keys are absent from requests by access keys, so that this operator lets them in",
        "Use mfa: true",
        path=f"{AUDIT}.raw.BoolIfExists.aws:MultiFactorAuthPresent",
    ),
    Bad(
        "a raw condition in another's place",
        {f"{AUDIT}.raw": {"StringEquals": {"STS:externalid": ["other"]}}},
        "",
        "StringEquals of STS:externalid stands there already, by another condition",
        "Put it in one place",
        path=f"{AUDIT}.raw.StringEquals.STS:externalid",
    ),
    Bad("a misspelt MFA's age", {f"{AUDIT}.mfaAge": 60}, "60", NO_KEY, "Did you mean mfaMaxAge?"),
]
