"""Bad input: the destination's role and what it may do."""

from __future__ import annotations

from typing import Any

from tests.unit.config.bad_input import DESTINATION, OTHER, QUOTES, REMOVED, SOURCE, Bad

NAME = "a role name must have 1–64 characters: letters, digits and _+=,.@-"
PATH = (
    "a path must have 1–512 characters: a slash alone, or ASCII between two slashes, without spaces"
)
PATTERN = "a path must not contain *, ? or ${: in a policy these would match other names too"
DESCRIPTION = "a description must have at most 1000 characters: Latin-1 letters, digits, signs, tabs and line ends"
DURATION = "a maximum session duration must be 3600 to 43200 whole seconds"
POLICY_NAME = "a policy name must have 1–128 characters: letters, digits and _+=,.@-"
POLICY_ARN = "a managed policy's ARN is arn:aws:iam::ACCOUNT:policy/NAME, ACCOUNT aws for AWS's own"
ACCOUNTS = f"a role takes policies of AWS's and of its own account, {DESTINATION}"
STATEMENT_KEYS = (
    "a statement has the keys Action, Condition, Effect, NotAction, NotResource, Resource, Sid"
)
TAG_KEY = "a tag key must have 1–128 characters: letters, digits, spaces and _.:/=+-@"
TAG_VALUE = "a tag value must have at most 256 characters: letters, digits, spaces and _.:/=+-@"
TAG_TEXT = "a tag value must be a string"
TAGS = "tags must be a map from strings to strings"
NO_KEY = "there is no such key"
NULL, GIVE_IT = "a key has a value", "Give it one, or leave it out"

ROLE = "grants.deploy.role"
MANAGED = f"{ROLE}.managedPolicies"
LABELLED = f"{ROLE}.managedPolicyArns"
INLINE = f"{ROLE}.inlinePolicies.pass"
STATEMENT = f"{INLINE}.Statement[0]"
THIRD = f"arn:aws:iam::{OTHER}:policy/x"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def inline(**statement: Any) -> dict[str, Any]:
    """The role with an inline policy whose statement is changed."""
    changed = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", **statement}
    kept = {key: value for key, value in changed.items() if value is not REMOVED}
    return {INLINE: {"Version": "2012-10-17", "Statement": [kept]}}


def shortened(text: str) -> str:
    """A text as it is shown where it is too long."""
    return f'"{text}'[:120] + "…"


_STATEMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:"}]}'
TOO_LARGE = inline(Resource="arn:" + "x" * (10241 - len(_STATEMENT)))[INLINE]

SETTINGS = [
    Bad("a name with a space", {f"{ROLE}.name": "the role"}, '"the role"', NAME),
    Bad("an empty name", {f"{ROLE}.name": ""}, '""', NAME),
    Bad("a name of 65 characters", {f"{ROLE}.name": "x" * 65}, f'"{"x" * 65}"', NAME),
    Bad("a name with its path", {f"{ROLE}.name": "team/deploy"}, '"team/deploy"', NAME),
    Bad(
        "a number for a name",
        {f"{ROLE}.name": 4711},
        "4711",
        "a role name must be a string",
        QUOTES,
    ),
    Bad("a name that is null", {f"{ROLE}.name": None}, "null", NULL, GIVE_IT),
    Bad("a path without slashes", {f"{ROLE}.path": "team"}, '"team"', PATH),
    Bad("a path without its last slash", {f"{ROLE}.path": "/team"}, '"/team"', PATH),
    Bad("a path with a space", {f"{ROLE}.path": "/the team/"}, '"/the team/"', PATH),
    Bad("an empty path", {f"{ROLE}.path": ""}, '""', PATH),
    Bad(
        "a path of 513 characters",
        {f"{ROLE}.path": f"/{'x' * 511}/"},
        shortened("/" + "x" * 511),
        PATH,
    ),
    Bad(
        "a path that makes the source's policy a pattern", {f"{ROLE}.path": "/*/"}, '"/*/"', PATTERN
    ),
    Bad(
        "a path with a policy variable",
        {f"{ROLE}.path": "/${aws:username}/"},
        '"/${aws:username}/"',
        PATTERN,
    ),
    Bad("a number for a path", {f"{ROLE}.path": 5}, "5", "a path must be a string", QUOTES),
    Bad(
        "a description of 1001 characters",
        {f"{ROLE}.description": "x" * 1001},
        shortened("x" * 1001),
        DESCRIPTION,
    ),
    Bad(
        "a description outside of Latin-1",
        {f"{ROLE}.description": "für 中文"},
        '"für 中文"',
        DESCRIPTION,
    ),
    Bad(
        "a list for a description",
        {f"{ROLE}.description": []},
        "[]",
        "a description must be a string",
    ),
    Bad("a session a second too short", {f"{ROLE}.maxSessionDuration": 3599}, "3599", DURATION),
    Bad("a session a second too long", {f"{ROLE}.maxSessionDuration": 43201}, "43201", DURATION),
    Bad("a session in hours", {f"{ROLE}.maxSessionDuration": 4}, "4", DURATION),
    Bad("a session with a unit", {f"{ROLE}.maxSessionDuration": "4h"}, '"4h"', DURATION),
    Bad(
        "a session in quotes",
        {f"{ROLE}.maxSessionDuration": "3600"},
        '"3600"',
        DURATION,
        "Leave the quotes out",
    ),
    Bad(
        "a session of half a second more",
        {f"{ROLE}.maxSessionDuration": 3600.5},
        "3600.5",
        DURATION,
    ),
    Bad("a session that is true", {f"{ROLE}.maxSessionDuration": True}, "true", DURATION),
    Bad(
        "a role that is text",
        {ROLE: "deploy"},
        '"deploy"',
        "this must be an object with keys of its own",
    ),
    Bad(
        "a misspelt setting",
        {f"{ROLE}.managedPolicy": []},
        "[]",
        NO_KEY,
        "Did you mean managedPolicyArns or managedPolicies?",
    ),
    Bad(
        "a setting in snake_case",
        {f"{ROLE}.max_session_duration": 7200},
        "7200",
        NO_KEY,
        "Did you mean maxSessionDuration?",
    ),
    Bad(
        "a tag that AWS keeps to itself",
        {f"{ROLE}.tags": {"aws:owner": "me"}},
        '"aws:owner"',
        "a tag key must not start with aws:, which is reserved for AWS",
        path=f"{ROLE}.tags.aws:owner",
    ),
    Bad(
        "tags of one key, ignoring case",
        {f"{ROLE}.tags": {"Owner": "a", "owner": "b"}},
        '"owner"',
        "tag keys must be unique, ignoring case",
        path=f"{ROLE}.tags.owner",
    ),
    Bad(
        "a number for a tag",
        {f"{ROLE}.tags": {"cost": 4711}},
        "4711",
        TAG_TEXT,
        QUOTES,
        path=f"{ROLE}.tags.cost",
    ),
    Bad(
        "a number for a tag's key",
        {f"{ROLE}.tags": {4711: "cost"}},
        "4711",
        "a tag key must be a string",
        QUOTES,
        path=f"{ROLE}.tags.4711",
    ),
    Bad(
        "a tag that is null",
        {f"{ROLE}.tags": {"cost": None}},
        "null",
        TAG_TEXT,
        path=f"{ROLE}.tags.cost",
    ),
    Bad(
        "tags as CloudFormation has them",
        {f"{ROLE}.tags": [{"Key": "a", "Value": "b"}]},
        '[{"Key":"a","Value":"b"}]',
        TAGS,
    ),
    Bad(
        "51 tags",
        {f"{ROLE}.tags": {f"k{n}": "" for n in range(51)}},
        "51",
        "there must be at most 50 tags",
    ),
    Bad(
        "a tag's key of 129 characters",
        {f"{ROLE}.tags": {"k" * 129: ""}},
        shortened("k" * 129),
        TAG_KEY,
        path=f"{ROLE}.tags.{'k' * 129}",
    ),
    Bad(
        "a tag with a semicolon",
        {f"{ROLE}.tags": {"a": "b;c"}},
        '"b;c"',
        TAG_VALUE,
        path=f"{ROLE}.tags.a",
    ),
]

POLICIES = [
    Bad(
        "managed policies that are text",
        {MANAGED: "ReadOnlyAccess"},
        '"ReadOnlyAccess"',
        "this must be a list",
    ),
    Bad("managed policies that are null", {MANAGED: None}, "null", NULL, GIVE_IT),
    Bad(
        "a managed policy's name with a space",
        {MANAGED: ["Read Only"]},
        '"Read Only"',
        POLICY_NAME,
        path=f"{MANAGED}[0]",
    ),
    Bad(
        "a managed policy's path with a space",
        {MANAGED: ["job function/X"]},
        '"job function/X"',
        "a policy's path must have 1–512 characters: slashes at both ends, letters, digits and _+=,.@- between slashes",
        path=f"{MANAGED}[0]",
    ),
    Bad(
        "a managed policy that is a number",
        {MANAGED: [5]},
        "5",
        "a managed policy is given by the name of one of AWS's, or by its ARN",
        path=f"{MANAGED}[0]",
    ),
    Bad(
        "a role's ARN for a policy",
        {MANAGED: [f"arn:aws:iam::{DESTINATION}:role/x"]},
        f'"arn:aws:iam::{DESTINATION}:role/x"',
        POLICY_ARN,
        path=f"{MANAGED}[0]",
    ),
    Bad(
        "a policy twice",
        {MANAGED: ["A", "B", "A"]},
        '"A"',
        "a policy is attached once",
        path=f"{MANAGED}[2]",
    ),
    Bad(
        "a policy by name and by ARN",
        {MANAGED: ["ReadOnlyAccess", READ_ONLY]},
        f'"{READ_ONLY}"',
        "a policy is attached once",
        path=f"{MANAGED}[1]",
    ),
    Bad(
        "a policy of another account",
        {MANAGED: [THIRD]},
        f'"{THIRD}"',
        ACCOUNTS,
        path=f"{MANAGED}[0]",
    ),
    Bad(
        "a policy of the source account",
        {MANAGED: [f"arn:aws:iam::{SOURCE}:policy/x"]},
        f'"arn:aws:iam::{SOURCE}:policy/x"',
        ACCOUNTS,
        path=f"{MANAGED}[0]",
    ),
    Bad(
        "21 policies",
        {MANAGED: [f"P{n}" for n in range(21)]},
        "21",
        "at most 20 managed policies attach to a role",
    ),
    Bad(
        "a labelled policy's name for its ARN",
        {f"{LABELLED}.own": "ReadOnlyAccess"},
        '"ReadOnlyAccess"',
        POLICY_ARN,
    ),
    Bad("a labelled policy of another account", {f"{LABELLED}.own": THIRD}, f'"{THIRD}"', ACCOUNTS),
    Bad(
        "a policy's label with a space",
        {f"{LABELLED}.my own": READ_ONLY},
        '"my own"',
        "a label must have 1–128 characters: letters, digits and _+=,.@-",
    ),
    Bad(
        "labelled policies in a list",
        {LABELLED: [READ_ONLY]},
        f'["{READ_ONLY}"]',
        "this must be a map",
    ),
    Bad(
        "a boundary's name with a space",
        {f"{ROLE}.permissionsBoundary": "the boundary"},
        '"the boundary"',
        POLICY_NAME,
    ),
    Bad(
        "a boundary of another account",
        {f"{ROLE}.permissionsBoundary": THIRD},
        f'"{THIRD}"',
        ACCOUNTS,
    ),
    # Inline policies that are none
    Bad(
        "an inline policy that is no JSON",
        {INLINE: "iam:PassRole"},
        '"iam:PassRole"',
        "a policy is an object or JSON text (Expecting value: line 1 column 1 (char 0))",
    ),
    Bad(
        "an inline policy that is null",
        {INLINE: None},
        "null",
        "a policy is an object or JSON text",
    ),
    Bad(
        "an inline policy that is a list", {INLINE: []}, "[]", "a policy is an object or JSON text"
    ),
    Bad(
        "an inline policy that is a statement",
        {INLINE: {"Effect": "Allow"}},
        '"Allow"',
        "a policy has the keys Version, Id and Statement",
        path=f"{INLINE}.Effect",
    ),
    Bad(
        "an inline policy without statements",
        {INLINE: {"Version": "2012-10-17"}},
        "null",
        "a policy has at least one statement",
        path=f"{INLINE}.Statement",
    ),
    Bad(
        "a version of another day",
        {INLINE: {"Version": "2012-10-18", "Statement": []}},
        '"2012-10-18"',
        "a policy's version is 2012-10-17",
        path=f"{INLINE}.Version",
    ),
    Bad(
        "an effect in small letters",
        inline(Effect="allow"),
        '"allow"',
        "an effect is Allow or Deny",
        path=f"{STATEMENT}.Effect",
    ),
    Bad(
        "no effect",
        inline(Effect=REMOVED),
        "null",
        "an effect is Allow or Deny",
        path=f"{STATEMENT}.Effect",
    ),
    Bad(
        "no action",
        inline(Action=REMOVED),
        "",
        "a statement has exactly one of Action and NotAction",
        path=STATEMENT,
    ),
    Bad(
        "an action without its service",
        inline(Action="PassRole"),
        '"PassRole"',
        "Action is SERVICE:ACTION, such as s3:GetObject, or *",
        path=f"{STATEMENT}.Action",
    ),
    Bad(
        "resources both ways",
        inline(NotResource="*"),
        "",
        "a statement has exactly one of Resource and NotResource",
        path=STATEMENT,
    ),
    Bad(
        "a resource that is no ARN",
        inline(Resource=["bucket"]),
        '["bucket"]',
        "Resource is an ARN, or *",
        path=f"{STATEMENT}.Resource",
    ),
    Bad(
        "a principal in an inline policy",
        inline(Principal="*"),
        '"*"',
        "an identity policy has no principal: it is whoever assumes the role",
        path=f"{STATEMENT}.Principal",
    ),
    Bad(
        "a misspelt key in a statement",
        inline(Conditions={}),
        "{}",
        STATEMENT_KEYS,
        path=f"{STATEMENT}.Conditions",
    ),
    Bad(
        "an inline policy's name with a space",
        {f"{ROLE}.inlinePolicies.pass roles": inline()[INLINE]},
        '"pass roles"',
        POLICY_NAME,
    ),
    Bad(
        "inline policies of 10241 characters",
        {f"{ROLE}.inlinePolicies": {"a": TOO_LARGE}},
        "10241",
        "a role's inline policies have at most 10240 characters together, white space not counted",
        "Make a managed policy of one",
    ),
]
