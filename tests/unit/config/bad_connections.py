"""Bad input: the grants' names, how the accounts are reached, and what is not for the sandbox."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.unit.config.bad_input import DESTINATION, OTHER, QUOTES, REMOVED, SOURCE, Bad, BadFile

ACCOUNT_ID = "an account ID has 12 characters: digits"
REGION = "a region has 4–32 characters: small letters and hyphens, a number at the end, such as us-east-1"
ONE_WAY = "credentials come one way: by profile, or by access key and secret key"
TOGETHER = "an access key ID and its secret key go together, a token with both"
ENDPOINT = "an endpoint is a URL such as http://127.0.0.1:4577"
LOOPBACK = "must be on a loopback address for the sandbox, such as http://127.0.0.1:4577"
ON_AWS = "To deploy to AWS, use `pulumi up`"
EMULATED = "as an emulator's keys of twelve digits do"
GRANT_NAME = "a grant's name has 1–64 characters: letters, digits and _+=,.@-"
ROLE_NAMES = "roles of an account have names of their own, ignoring case; grant"
IMPORTS = "imports are import IDs by TYPE/NAME, such as Role/access-deploy: deploy"
ROLE_ARN = "a role's ARN is arn:aws:iam::ACCOUNT:role/NAME"
OBJECT = "this must be an object with keys of its own"
ENCRYPTED = "must not be encrypted: only the Pulumi CLI can decrypt it"
NO_KEY = "there is no such key"
NULL, GIVE_IT = "a key has a value", "Give it one, or leave it out"
SECURE = {"secure": "v1:AAAAAAAA:BBBBBBBBBBBBBBBB"}

GRANT = {"principals": [{"user": "carol"}]}
PULUMI = f"arn:aws:iam::{SOURCE}:role/pulumi"


def assumed(**role: Any) -> dict[str, Any]:
    """The source's credentials assume a role first."""
    return {"source.assumeRole": role}


def everywhere(endpoint: object) -> dict[str, Any]:
    """Both accounts at another endpoint."""
    return {"source.endpoint": endpoint, "destination.endpoint": endpoint}


GRANTS = [
    Bad("no grants", {"grants": {}}, "{}", "this must not be empty"),
    Bad("grants left out", {"grants": REMOVED}, "", "this key is required"),
    Bad("grants that are null", {"grants": None}, "null", NULL, GIVE_IT),
    Bad(
        "grants in a list",
        {"grants": [GRANT]},
        '[{"principals":[{"user":"carol"}]}]',
        "this must be a map",
    ),
    Bad(
        "grants that are text with a secret in it",
        {"grants": "{a: {conditions: {externalId: partner-7f3a}}}"},
        "[secret]",
        "this must be a map",
    ),
    Bad("a grant that is null", {"grants.deploy": None}, "null", OBJECT),
    Bad("a grant that is a list", {"grants.deploy": []}, "[]", OBJECT),
    Bad("a grant's name with a space", {"grants.my grant": GRANT}, '"my grant"', GRANT_NAME),
    Bad(
        "a grant's name of 65 characters",
        {f"grants.{'x' * 65}": GRANT},
        f'"{"x" * 65}"',
        GRANT_NAME,
    ),
    Bad(
        "a grant's name that is a number",
        {"grants": {4711: GRANT}},
        "4711",
        "a grant's name is text",
        QUOTES,
        path="grants.4711",
    ),
    Bad(
        "grants of one name, ignoring case",
        {"grants.Deploy": GRANT},
        '"deploy"',
        f"{ROLE_NAMES} Deploy has this one",
        path="grants.deploy.role.name",
    ),
    Bad(
        "roles of one name, ignoring case",
        {"grants.x": {**GRANT, "role": {"name": "READ-ONLY"}}},
        '"READ-ONLY"',
        f"{ROLE_NAMES} read-only has this one",
        path="grants.x.role.name",
    ),
    Bad(
        "a misspelt part of a grant",
        {"grants.deploy.roles": {}},
        "{}",
        NO_KEY,
        "Did you mean role?",
    ),
    Bad(
        "a condition beside the conditions",
        {"grants.deploy.mfa": True},
        "true",
        NO_KEY,
        "Known keys: principals, conditions, role, formerly",
    ),
    Bad("a misspelt key of the config", {"grant": {}}, "{}", NO_KEY, "Did you mean grants?"),
    Bad(
        "a date for a side",
        {"side": date(2030, 1, 1)},
        '"2030-01-01"',
        "a side is both, source or destination",
    ),
    Bad(
        "a former name with a space",
        {"grants.deploy.formerly": ["my grant"]},
        '"my grant"',
        GRANT_NAME,
        path="grants.deploy.formerly[0]",
    ),
    Bad(
        "a former name that is no list",
        {"grants.deploy.formerly": "old"},
        '"old"',
        "this must be a list",
    ),
    Bad(
        "a number for a tag of everything",
        {"tags": {"cost": 4711}},
        "4711",
        "a tag's value is text",
        QUOTES,
        path="tags.cost",
    ),
    Bad("imports in a list", {"imports": ["Role/x"]}, '["Role/x"]', IMPORTS),
    Bad(
        "an import without the resource's name",
        {"imports": {"Role": "x"}},
        '"x"',
        IMPORTS,
        path="imports.Role",
    ),
    Bad(
        "an import without its ID",
        {"imports": {"Role/x": ""}},
        '""',
        IMPORTS,
        path="imports.Role/x",
    ),
    Bad(
        "a side that there is not",
        {"side": "left"},
        '"left"',
        "a side is both, source or destination",
    ),
    Bad(
        "a side in capital letters",
        {"side": "Both"},
        '"Both"',
        "a side is both, source or destination",
    ),
    Bad("a side that is null", {"side": None}, "null", NULL, GIVE_IT),
    Bad(
        "one side without the other account's ID",
        {"destination": {}, "side": "source"},
        "",
        "side source needs the other account's ID",
        "Add the key",
        path="destination.accountId",
    ),
    Bad(
        "the other side without the one's ID",
        {"source": {}, "side": "destination"},
        "",
        "side destination needs the other account's ID",
        "Add the key",
        path="source.accountId",
    ),
]

CONNECTIONS = [
    Bad("an account ID of 11 digits", {"source.accountId": "1" * 11}, f'"{"1" * 11}"', ACCOUNT_ID),
    Bad(
        "an account ID with dashes",
        {"source.accountId": "1111-1111-1111"},
        '"1111-1111-1111"',
        ACCOUNT_ID,
    ),
    Bad(
        "an account ID that lost its leading zero",
        {"source.accountId": 12345678901},
        "12345678901",
        ACCOUNT_ID,
        QUOTES,
    ),
    Bad(
        "a negative account ID",
        {"source.accountId": -11111111111},
        "-11111111111",
        ACCOUNT_ID,
        QUOTES,
    ),
    Bad("an account ID that is null", {"source.accountId": None}, "null", NULL, GIVE_IT),
    Bad(
        "an account without its ID",
        {"source.accountId": REMOVED},
        "",
        "must be set for the sandbox, which creates users in the account",
        "Add the key",
    ),
    Bad(
        "source equal to destination",
        {"destination.accountId": SOURCE, "destination.accessKey": SOURCE},
        f'"{SOURCE}"',
        "source and destination are two accounts",
        "Inside one account an identity policy is enough",
    ),
    Bad(
        "credentials of another account than configured",
        {"source.accountId": OTHER},
        f'"{OTHER}"',
        f"the credentials belong to account {SOURCE}, {EMULATED}",
    ),
    Bad(
        "credentials of the other account",
        {"destination.accessKey": SOURCE},
        f'"{DESTINATION}"',
        f"the credentials belong to account {SOURCE}, {EMULATED}",
        path="destination.accountId",
    ),
    Bad(
        "a role to assume in another account than configured",
        assumed(roleArn=f"arn:aws:iam::{OTHER}:role/x"),
        f'"{SOURCE}"',
        f"the credentials belong to account {OTHER}, as the role to assume does",
        path="source.accountId",
    ),
    Bad(
        "two ways of credentials at once",
        {"source.profile": "people"},
        '"people"',
        ONE_WAY,
        "Leave one of them out",
    ),
    Bad(
        "an access key ID without its secret key",
        {"source.secretKey": REMOVED},
        "",
        TOGETHER,
        "Add the key",
    ),
    Bad(
        "a secret key without its access key ID",
        {"source.accessKey": REMOVED},
        "",
        TOGETHER,
        "Add the key",
    ),
    Bad(
        "a token alone",
        {"source.accessKey": REMOVED, "source.secretKey": REMOVED, "source.token": "t0k3n"},
        "",
        TOGETHER,
        "Add the key",
    ),
    Bad(
        "an access key ID too short",
        {"source.accessKey": "AKIA"},
        "[secret]",
        "an access key ID has 12–128 characters: letters and digits",
    ),
    Bad(
        "an access key ID that is a number",
        {"source.accessKey": 11111111111},
        "[secret]",
        "an access key ID is text",
        QUOTES,
    ),
    Bad(
        "a secret key with a space",
        {"source.secretKey": "sand box"},
        "[secret]",
        "a secret key or token has 1–16384 characters: all but white space",
    ),
    Bad(
        "an empty profile",
        {"source": {"accountId": SOURCE, "profile": ""}},
        '""',
        "a profile has 1–256 characters: all but line ends and ]",
        path="source.profile",
    ),
    Bad("a region's name for people", {"source.region": "Ireland"}, '"Ireland"', REGION),
    Bad(
        "an availability zone for a region", {"source.region": "us-east-1a"}, '"us-east-1a"', REGION
    ),
    Bad("a number for a region", {"source.region": 1}, "1", "a region is text", QUOTES),
    Bad(
        "a misspelt secret key",
        {"source.secretkey": "hunter2"},
        "[secret]",
        NO_KEY,
        "Did you mean secretKey?",
    ),
    Bad(
        "a misspelt account ID",
        {"source.acountId": SOURCE},
        f'"{SOURCE}"',
        NO_KEY,
        "Did you mean accountId?",
    ),
    Bad("a connection that is null", {"source": None}, "null", NULL, GIVE_IT),
    Bad("a connection that is text", {"source": "people"}, '"people"', OBJECT),
    Bad(
        "a connection that is text with a secret in it",
        {"source": "{accessKey: AKIAIOSFODNN7EXAMPLE}"},
        "[secret]",
        OBJECT,
    ),
    Bad(
        "a role to assume without its ARN",
        assumed(externalId="partner-7f3a"),
        "",
        "this key is required",
        path="source.assumeRole.roleArn",
    ),
    Bad(
        "a role to assume by its name",
        assumed(roleArn="pulumi"),
        '"pulumi"',
        ROLE_ARN,
        path="source.assumeRole.roleArn",
    ),
    Bad(
        "a session to assume",
        assumed(roleArn=f"arn:aws:sts::{SOURCE}:assumed-role/pulumi/me"),
        f'"arn:aws:sts::{SOURCE}:assumed-role/pulumi/me"',
        ROLE_ARN,
        f"This is one session of a role; the role's own ARN is {PULUMI}, with its path",
        path="source.assumeRole.roleArn",
    ),
    Bad(
        "a session's name of one character",
        assumed(roleArn=PULUMI, sessionName="x"),
        '"x"',
        "a session name has 2–64 characters: letters, digits and _+=,.@-",
        path="source.assumeRole.sessionName",
    ),
    Bad(
        "an external ID of one character for it",
        assumed(roleArn=PULUMI, externalId="x"),
        "[secret]",
        "an external ID has 2–1224 characters: letters, digits and _+=,.@:/-",
        path="source.assumeRole.externalId",
    ),
    Bad(
        "an endpoint without its scheme",
        everywhere("127.0.0.1:4577") | {"destination.endpoint": "http://127.0.0.1:4577"},
        '"127.0.0.1:4577"',
        ENDPOINT,
    ),
    Bad(
        "an endpoint with a path",
        {"source.endpoint": "http://127.0.0.1:4577/iam"},
        '"http://127.0.0.1:4577/iam"',
        ENDPOINT,
    ),
    Bad(
        "an endpoint's port above 65535",
        {"source.endpoint": "http://127.0.0.1:65536"},
        '"http://127.0.0.1:65536"',
        ENDPOINT,
    ),
    Bad(
        "an endpoint with a password",
        {"source.endpoint": "http://me:hunter2@127.0.0.1:4577"},
        '"http://[secret]@127.0.0.1:4577"',
        ENDPOINT,
        "It holds no user name and no password",
    ),
    Bad("a port for an endpoint", {"source.endpoint": 4577}, "4577", ENDPOINT),
]

# What `pulumi up` takes and the sandbox doesn't.
NOT_HERE = [
    Bad(
        "AWS itself",
        {"source.endpoint": REMOVED, "destination.endpoint": REMOVED},
        "",
        LOOPBACK,
        ON_AWS,
    ),
    Bad("AWS itself for one side", {"destination.endpoint": REMOVED}, "", LOOPBACK, ON_AWS),
    Bad(
        "AWS's own endpoint",
        everywhere("https://iam.amazonaws.com"),
        '"https://iam.amazonaws.com"',
        LOOPBACK,
        ON_AWS,
    ),
    Bad(
        "a private address",
        everywhere("http://10.0.0.1:4577"),
        '"http://10.0.0.1:4577"',
        LOOPBACK,
        ON_AWS,
    ),
    Bad(
        "every address of this machine",
        everywhere("http://0.0.0.0:4577"),
        '"http://0.0.0.0:4577"',
        LOOPBACK,
        ON_AWS,
    ),
    Bad(
        "a name that only looks like loopback",
        everywhere("http://127.0.0.1.example.org"),
        '"http://127.0.0.1.example.org"',
        LOOPBACK,
        ON_AWS,
    ),
    Bad(
        "loopback's address as a number",
        everywhere("http://2130706433"),
        '"http://2130706433"',
        LOOPBACK,
        ON_AWS,
    ),
    Bad(
        "two endpoints",
        {
            "source.endpoint": "http://127.0.0.1:4577",
            "destination.endpoint": "http://127.0.0.1:4578",
        },
        '"http://127.0.0.1:4578"',
        "must be the same as the source's endpoint for the sandbox, which is http://127.0.0.1:4577",
        path="destination.endpoint",
    ),
    Bad("a secret key that is encrypted", {"source.secretKey": SECURE}, "[secret]", ENCRYPTED),
    Bad(
        "an external ID that is encrypted",
        {"grants.partner-audit.conditions.externalId": SECURE},
        "[secret]",
        ENCRYPTED,
    ),
    Bad("grants that are encrypted as a whole", {"grants": SECURE}, "[secret]", ENCRYPTED),
    Bad(
        "a principal that is encrypted",
        {"grants.deploy.principals[0]": SECURE},
        "[secret]",
        ENCRYPTED,
    ),
]

FILES = [
    BadFile(
        "no YAML",
        "config: {a",
        "Pulumi.bad.yaml, line 1",
        "must be valid YAML: expected ',' or '}', but got '<stream end>'",
    ),
    BadFile(
        "a secret in what is no YAML",
        'config:\n  cross-account-access:source: {secretKey: "hunter2}\n',
        "Pulumi.bad.yaml, line 3",
        "must be valid YAML: found unexpected end of stream",
    ),
    BadFile(
        "a tab in YAML",
        "config:\n\tside: both\n",
        "Pulumi.bad.yaml, line 2",
        "must be valid YAML: found character '\\t' that cannot start any token",
    ),
    BadFile(
        "a grant twice",
        "config:\n  cross-account-access:grants:\n    a: {}\n    b: {}\n    a: {}\n",
        "Pulumi.bad.yaml, line 5",
        "must be valid YAML: the key a appears twice in a map",
    ),
    BadFile("a list", "- config\n", "Pulumi.bad.yaml: config", "must be a map"),
    BadFile("text", "config\n", "Pulumi.bad.yaml: config", "must be a map"),
    BadFile(
        "config in a list", "config: [side]\n", "Pulumi.bad.yaml: config", "must be a map"
    ),
    BadFile("nothing", "", "cross-account-access:grants", "this key is required"),
    BadFile(
        "config without anything in it",
        "config:\n",
        "cross-account-access:grants",
        "this key is required",
    ),
    BadFile(
        "a number for a key",
        "config: {4711: x, grants: {a: {principals: [{user: b}]}}}\n",
        "cross-account-access:4711",
        "there is no such key",
        '"x"',
        "Known keys: grants, side, tags, imports, source, destination",
    ),
]
