"""Bad grants: who is trusted."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.config.bad_grants import (
    DESTINATION,
    GIVE_IT,
    LEAVE_OUT,
    NAME,
    NO_KEY,
    NULL,
    OBJECT,
    OTHER,
    QUOTES,
    SOURCE,
    Bad,
    to,
)

ONE_WAY = (
    "a principal is given by exactly one of user, role, group, account, permissionSet, organization, "
    "organizationalUnit, session, arn; {} here"
)
GROUP = f"a group name must have 1–128 characters: {NAME}"
ACCOUNT = "an account ID must have 12 characters: digits"
SET = f"a permission set's name must have 1–32 characters: {NAME}"
ORGANIZATION = (
    "an organization's ID must have 12–34 characters: o- followed by lowercase letters and digits"
)
UNIT = (
    "an organizational unit's path must have 20–512 characters: o-…/r-…/ou-…/, from the organization through the root down to "
    "the unit"
)
SESSION = "a session is ROLE/SESSION, the role's name without its path"
SESSION_NAME = f"a session name must have 2–64 characters: {NAME}"
ARN = "a principal's ARN is that of an IAM user or role, arn:aws:iam::ACCOUNT:user/NAME or …:role/NAME"
TRUST_BY = "a principal is trusted by id or by name"
BESIDE = "this stands beside a user, role or arn"
UNIQUE_ID = (
    "a unique id must have 16–128 characters: uppercase letters and digits, such as AIDA… or AROA…"
)
OF_SOURCE = f"a principal is of the source account, {SOURCE}"
ANOTHER = "Another source account takes another stack, or another CrossAccountAccess"
ONCE = "a principal stands in a grant once; names are unique ignoring case, whatever the path"
EMPTY = "conditions must not be empty: what was meant to be in them may have got lost"

OURS = "o-a1b2c3d4e5"
OU = f"{OURS}/r-ab12/ou-ab12-11111111"
ID = "AIDA1234567890ABCDEF"
FIRST = "principals[0]"


def bad(what: str, key: str, value: Any, rule: str, remedy: str = "") -> Bad:
    """A principal of one key that is bad."""
    text = json.dumps(value)
    return Bad(
        what,
        to({key: value}),
        f"{FIRST}.{key}",
        text if len(text) <= 120 else f"{text[:120]}…",
        rule,
        remedy,
    )


def twice(what: str, *principals: dict[str, Any]) -> Bad:
    value = next(str(text) for key, text in principals[1].items() if key != "trustBy")
    return Bad(what, to(*principals), "principals[1]", f'"{value}"', ONCE)


def beside(what: str, key: str, shown: str, **principal: Any) -> Bad:
    return Bad(what, to(principal), f"{FIRST}.{key}", shown, BESIDE)


PRINCIPALS = [
    # Groups
    bad("an empty group's name", "group", "", GROUP),
    bad("a group's name with a space", "group", "dev ops", GROUP),
    bad("a group's name of 129 characters", "group", "x" * 129, GROUP),
    bad("every group", "group", "*", GROUP),
    bad("a number for a group", "group", 5, "a group name must be a string", QUOTES),
    bad("a group that is null", "group", None, NULL, GIVE_IT),
    bad(
        "a group's ARN for its name",
        "group",
        f"arn:aws:iam::{SOURCE}:group/devs",
        GROUP,
        "Give its name",
    ),
    bad(
        "a group's ARN",
        "arn",
        f"arn:aws:iam::{SOURCE}:group/devs",
        ARN,
        "A group can't be a principal: use the key group",
    ),
    # Accounts
    bad("an account of 11 digits", "account", "1" * 11, ACCOUNT),
    bad("an account of 11 digits as a number", "account", int("1" * 11), ACCOUNT, QUOTES),
    bad("every account", "account", "*", ACCOUNT),
    bad("an account's ARN", "account", f"arn:aws:iam::{SOURCE}:root", ACCOUNT),
    bad(
        "the account's root user",
        "arn",
        f"arn:aws:iam::{SOURCE}:root",
        ARN,
        "This is the whole account: if that is meant, use the key account",
    ),
    Bad("another account", to({"account": OTHER}), FIRST, f'"{OTHER}"', OF_SOURCE, ANOTHER),
    Bad(
        "the destination account",
        to({"account": DESTINATION}),
        FIRST,
        f'"{DESTINATION}"',
        OF_SOURCE,
        ANOTHER,
    ),
    # Permission sets
    bad("an empty permission set's name", "permissionSet", "", SET),
    bad("every permission set", "permissionSet", "*", SET),
    bad("a permission set's name of 33 characters", "permissionSet", "x" * 33, SET),
    bad(
        "the reserved role of a permission set",
        "permissionSet",
        "AWSReservedSSO_Operators_0123456789abcdef",
        SET,
    ),
    bad(
        "a number for a permission set",
        "permissionSet",
        7,
        "a permission set's name must be a string",
        QUOTES,
    ),
    # Organizations
    bad("every organization", "organization", "*", ORGANIZATION),
    bad("an organization's name", "organization", "acme", ORGANIZATION),
    bad("an organization's ID in capitals", "organization", OURS.upper(), ORGANIZATION),
    bad("an organization's ID that is short", "organization", "o-a1b2c3d", ORGANIZATION),
    bad("a unit for an organization", "organization", "ou-ab12-11111111", ORGANIZATION),
    # Units
    bad("a unit's ID without its path", "organizationalUnit", "ou-ab12-11111111", UNIT),
    bad("an organization for a unit", "organizationalUnit", OURS, UNIT),
    bad("an organization's root for a unit", "organizationalUnit", f"{OURS}/r-ab12/", UNIT),
    bad("every unit of an organization", "organizationalUnit", f"{OURS}/*", UNIT),
    bad("a unit with a wildcard", "organizationalUnit", f"{OU}/*", UNIT),
    bad(
        "a list of units",
        "organizationalUnit",
        [OU],
        "an organizational unit's path must be a string",
    ),
    # Sessions
    bad("a session without its name", "session", "ci", SESSION),
    bad("a session with its role's path", "session", "team/ci/build", SESSION),
    bad(
        "a session by its ARN",
        "session",
        f"arn:aws:sts::{SOURCE}:assumed-role/ci/b",
        SESSION,
    ),
    bad("a number for a session", "session", 4, SESSION),
    bad("a session's name of one character", "session", "ci/x", SESSION_NAME),
    bad("every session", "session", "ci/*", SESSION_NAME),
    bad(
        "a session without its role",
        "session",
        "/build",
        f"a role name must have 1–64 characters: {NAME}",
    ),
    bad(
        "a session's ARN",
        "arn",
        f"arn:aws:sts::{SOURCE}:assumed-role/ci/build",
        ARN,
        f"This is one session of a role; the role's own ARN is arn:aws:iam::{SOURCE}:role/ci, with its path. For "
        "exactly this session use the key session",
    ),
    # By id or by name
    Bad(
        "trusted by another thing",
        to({"user": "a", "trustBy": "arn"}),
        f"{FIRST}.trustBy",
        '"arn"',
        TRUST_BY,
    ),
    Bad("trusted by yes", to({"user": "a", "trustBy": True}), f"{FIRST}.trustBy", "true", TRUST_BY),
    beside("a group by name", "trustBy", '"name"', group="a", trustBy="name"),
    beside("an account by name", "trustBy", '"name"', account=SOURCE, trustBy="name"),
    beside("a permission set by name", "trustBy", '"name"', permissionSet="a", trustBy="name"),
    beside("an organization by name", "trustBy", '"name"', organization=OURS, trustBy="name"),
    beside("a unit by name", "trustBy", '"name"', organizationalUnit=OU, trustBy="name"),
    beside("a session by name", "trustBy", '"name"', session="ci/build", trustBy="name"),
    # Unique ids
    Bad(
        "a unique id that is short",
        to({"user": "a", "uniqueId": "AIDA"}),
        f"{FIRST}.uniqueId",
        '"AIDA"',
        UNIQUE_ID,
    ),
    Bad(
        "a unique id in small letters",
        to({"user": "a", "uniqueId": ID.lower()}),
        f"{FIRST}.uniqueId",
        f'"{ID.lower()}"',
        UNIQUE_ID,
    ),
    Bad(
        "a number for a unique id",
        to({"user": "a", "uniqueId": 1234567890123456}),
        f"{FIRST}.uniqueId",
        "1234567890123456",
        "a unique id must be a string",
        QUOTES,
    ),
    beside("a group's unique id", "uniqueId", f'"{ID}"', group="a", uniqueId=ID),
    beside("an account's unique id", "uniqueId", f'"{ID}"', account=SOURCE, uniqueId=ID),
    beside("a session's unique id", "uniqueId", f'"{ID}"', session="ci/build", uniqueId=ID),
    Bad(
        "a unique id of a user by name",
        to({"user": "a", "trustBy": "name", "uniqueId": ID}),
        f"{FIRST}.uniqueId",
        f'"{ID}"',
        "a principal trusted by name is trusted whatever its unique id",
        LEAVE_OUT,
    ),
    # Which of them
    Bad(
        "two kinds in one",
        to({"user": "a", "group": "b"}),
        FIRST,
        "",
        ONE_WAY.format("user and group are"),
    ),
    Bad(
        "three kinds in one",
        to({"permissionSet": "a", "organizationalUnit": OU, "account": SOURCE}),
        FIRST,
        "",
        ONE_WAY.format("account and permissionSet and organizationalUnit are"),
    ),
    Bad("trusted by name, but who", to({"trustBy": "name"}), FIRST, "", ONE_WAY.format("none is")),
    Bad(
        "conditions, but for whom",
        to({"conditions": {"mfa": True}}),
        FIRST,
        "",
        ONE_WAY.format("none is"),
    ),
    Bad(
        "a misspelt permission set",
        to({"permissionset": "a"}),
        f"{FIRST}.permissionset",
        '"a"',
        NO_KEY,
        "Did you mean permissionSet?",
    ),
    Bad(
        "a misspelt trust",
        to({"user": "a", "trust_by": "name"}),
        f"{FIRST}.trust_by",
        '"name"',
        NO_KEY,
        "Did you mean trustBy?",
    ),
    # Twice
    twice("a group twice, ignoring case", {"group": "devs"}, {"group": "Devs"}),
    twice("an account twice", {"account": SOURCE}, {"account": SOURCE}),
    twice("a user twice, once by name", {"user": "alice"}, {"user": "alice", "trustBy": "name"}),
    twice(
        "a unit twice, with and without a slash",
        {"organizationalUnit": OU},
        {"organizationalUnit": f"{OU}/"},
    ),
    twice("a session twice", {"session": "ci/build"}, {"session": "ci/build"}),
    twice("a permission set twice", {"permissionSet": "Ops"}, {"permissionSet": "ops"}),
    twice("an organization twice", {"organization": OURS}, {"organization": OURS}),
    # Conditions of its own
    Bad(
        "conditions of its own that are empty",
        to({"user": "a", "conditions": {}}),
        f"{FIRST}.conditions",
        "",
        EMPTY,
        "Name at least one, or leave the key out",
    ),
    Bad(
        "conditions of its own that are null",
        to({"user": "a", "conditions": None}),
        f"{FIRST}.conditions",
        "null",
        NULL,
        GIVE_IT,
    ),
    Bad(
        "conditions of its own that are a list",
        to({"user": "a", "conditions": ["mfa"]}),
        f"{FIRST}.conditions",
        '["mfa"]',
        OBJECT,
    ),
    Bad(
        "a misspelt condition of its own",
        to({"user": "a", "conditions": {"sourceIp": "203.0.113.7"}}),
        f"{FIRST}.conditions.sourceIp",
        '"203.0.113.7"',
        NO_KEY,
        "Did you mean sourceIps?",
    ),
]
