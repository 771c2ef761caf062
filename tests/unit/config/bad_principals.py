"""Bad input: who is trusted."""

from __future__ import annotations

from typing import Any

from tests.unit.config.bad_input import OTHER, QUOTES, REMOVED, SOURCE, Bad

NAME = "must have 1–64 characters: letters, digits and _+=,.@-"
PATH = (
    "a path must have 1–512 characters: a slash alone, or ASCII between two slashes, without spaces"
)
PATTERN = "a path must not contain *, ? or ${: in a policy these would match other names too"
ARN = "a principal's ARN is that of an IAM user or role, arn:aws:iam::ACCOUNT:user/NAME or …:role/NAME"
ONE_WAY = (
    "a principal is given by exactly one of user, role, group, account, permissionSet, organization, "
    "organizationalUnit, session, arn"
)
ONCE = "a principal stands in a grant once; names are unique ignoring case, whatever the path"
OBJECT = "this must be an object with keys of its own"
NO_KEY = "there is no such key"
NULL, GIVE_IT = "a key has a value", "Give it one, or leave it out"
TRUST_POLICY = "a trust policy has at most 2048 characters without white space"
SPELL = "Spell its path and name as IAM shows them"
SESSION = f"arn:aws:sts::{SOURCE}:assumed-role/ci/build-7"

DEPLOY = "grants.deploy"
FIRST = f"{DEPLOY}.principals[0]"


def arn(rest: str, account: str = SOURCE) -> str:
    """An IAM ARN."""
    return f"arn:aws:iam::{account}:{rest}"


def first(**principal: Any) -> dict[str, Any]:
    """The grant `deploy` with another principal."""
    return {FIRST: principal}


PRINCIPALS = [
    # Names
    Bad(
        "a user's name with a space",
        first(user="al ice"),
        '"al ice"',
        f"a user name {NAME}",
        path=f"{FIRST}.user",
    ),
    Bad("an empty user's name", first(user=""), '""', f"a user name {NAME}", path=f"{FIRST}.user"),
    Bad(
        "a user's name of 65 characters",
        {f"{FIRST}.user": "x" * 65, f"{FIRST}.role": REMOVED},
        f'"{"x" * 65}"',
        f"a user name {NAME}",
    ),
    Bad(
        "a role's name of 65 characters",
        {f"{FIRST}.role": "x" * 65},
        f'"{"x" * 65}"',
        f"a role name {NAME}",
    ),
    Bad("every user", first(user="*"), '"*"', f"a user name {NAME}", path=f"{FIRST}.user"),
    Bad("a line end after a name", {f"{FIRST}.role": "ci\n"}, '"ci\\n"', f"a role name {NAME}"),
    Bad("a path without a name", {f"{FIRST}.role": "team/"}, '"team/"', f"a role name {NAME}"),
    Bad("a path with a space", {f"{FIRST}.role": "the team/ci"}, '"the team/ci"', PATH),
    Bad("a path with a pattern", {f"{FIRST}.role": "*/ci"}, '"*/ci"', PATTERN),
    Bad(
        "a number for a name",
        first(user=4711),
        "4711",
        "a user name must be a string",
        QUOTES,
        path=f"{FIRST}.user",
    ),
    Bad("yes for a name", {f"{FIRST}.role": True}, "true", "a role name must be a string", QUOTES),
    Bad(
        "a list of names",
        {f"{FIRST}.role": ["ci", "cd"]},
        '["ci","cd"]',
        "a role name must be a string",
    ),
    Bad(
        "an ARN for a name",
        {f"{FIRST}.role": arn("role/ci")},
        f'"{arn("role/ci")}"',
        f"a role name {NAME}",
        "An ARN goes into the key arn",
    ),
    Bad(
        "a label with a space",
        {f"{FIRST}.label": "the ci"},
        '"the ci"',
        "a label must have 1–128 characters: letters, digits and _+=,.@-",
    ),
    # ARNs
    Bad(
        "a session's ARN",
        first(arn=SESSION),
        f'"{SESSION}"',
        ARN,
        f"This is one session of a role; the role's own ARN is {arn('role/ci')}, with its path. "
        "For exactly this session use the key session",
        path=f"{FIRST}.arn",
    ),
    Bad(
        "another account's ARN",
        first(arn=arn("user/eve", OTHER)),
        f'"{OTHER}"',
        f"a principal is of the source account, {SOURCE}",
        "Another source account takes another stack, or another CrossAccountAccess",
        path=FIRST,
    ),
    Bad(
        "the whole account",
        first(arn=arn("root")),
        f'"{arn("root")}"',
        ARN,
        "This is the whole account: if that is meant, use the key account",
        path=f"{FIRST}.arn",
    ),
    Bad(
        "a group's ARN",
        first(arn=arn("group/devs")),
        f'"{arn("group/devs")}"',
        ARN,
        "A group can't be a principal: use the key group",
        path=f"{FIRST}.arn",
    ),
    Bad(
        "a policy's ARN",
        first(arn=arn("policy/x")),
        f'"{arn("policy/x")}"',
        ARN,
        path=f"{FIRST}.arn",
    ),
    Bad("everybody", first(arn="*"), '"*"', ARN, path=f"{FIRST}.arn"),
    Bad("a name for an ARN", first(arn="alice"), '"alice"', ARN, path=f"{FIRST}.arn"),
    Bad("a number for an ARN", first(arn=5), "5", ARN, path=f"{FIRST}.arn"),
    Bad(
        "users by a pattern",
        first(arn=arn("user/*")),
        f'"{arn("user/*")}"',
        f"a user name {NAME}",
        path=f"{FIRST}.arn",
    ),
    Bad(
        "an account of 11 digits in an ARN",
        first(arn=arn("user/a", "1" * 11)),
        f'"{arn("user/a", "1" * 11)}"',
        ARN,
        path=f"{FIRST}.arn",
    ),
    Bad(
        "principals of two accounts",
        {f"{DEPLOY}.principals": [{"arn": arn("user/a")}, {"arn": arn("user/b", OTHER)}]},
        "",
        "a grant's principals are of one source account",
        f"Here are {SOURCE}, {OTHER}",
    ),
    # Kinds
    Bad("a principal without a kind", first(), "", f"{ONE_WAY}; none is here"),
    Bad(
        "a principal of two kinds",
        first(user="a", role="b"),
        "",
        f"{ONE_WAY}; user and role are here",
    ),
    Bad(
        "a misspelt kind",
        first(users="alice"),
        '"alice"',
        NO_KEY,
        "Did you mean user?",
        path=f"{FIRST}.users",
    ),
    Bad("a principal that is text", {FIRST: "alice"}, '"alice"', OBJECT),
    Bad("a principal that is null", {FIRST: None}, "null", OBJECT),
    Bad("a name that is null", {f"{FIRST}.role": None}, "null", NULL, GIVE_IT),
    # Other kinds
    Bad(
        "a group's name with a space",
        first(group="the devs"),
        '"the devs"',
        f"a group name {NAME.replace('64', '128')}",
        path=f"{FIRST}.group",
    ),
    Bad(
        "a whole account that is not the source",
        first(account=OTHER),
        f'"{OTHER}"',
        f"a principal is of the source account, {SOURCE}",
        "Another source account takes another stack, or another CrossAccountAccess",
        path=FIRST,
    ),
    Bad(
        "an account's name",
        first(account="people"),
        '"people"',
        "an account ID must have 12 characters: digits",
        path=f"{FIRST}.account",
    ),
    Bad(
        "a permission set's name of 33 characters",
        first(permissionSet="x" * 33),
        f'"{"x" * 33}"',
        f"a permission set's name {NAME.replace('64', '32')}",
        path=f"{FIRST}.permissionSet",
    ),
    Bad(
        "every permission set",
        first(permissionSet="*"),
        '"*"',
        f"a permission set's name {NAME.replace('64', '32')}",
        path=f"{FIRST}.permissionSet",
    ),
    Bad(
        "an organization's name",
        first(organization="example"),
        '"example"',
        "an organization's ID must have 12–34 characters: o- followed by lowercase letters and digits",
        path=f"{FIRST}.organization",
    ),
    Bad(
        "an organizational unit without its path",
        first(organizationalUnit="ou-ab12-11111111"),
        '"ou-ab12-11111111"',
        "an organizational unit's path must have 20–512 characters: o-…/r-…/ou-…/, from the organization through the root down "
        "to the unit",
        path=f"{FIRST}.organizationalUnit",
    ),
    *(
        Bad(
            f"a session {what}",
            first(session=session),
            f'"{session}"',
            "a session is ROLE/SESSION, the role's name without its path",
            path=f"{FIRST}.session",
        )
        for what, session in (
            ("without its role", "build-7"),
            ("of a role with its path", "team/ci/build-7"),
        )
    ),
    Bad(
        "every session of a role",
        first(session="ci/*"),
        '"ci/*"',
        "a session name must have 2–64 characters: letters, digits and _+=,.@-",
        path=f"{FIRST}.session",
    ),
    # Beside them
    Bad(
        "a way of trust that there is not",
        {f"{FIRST}.trustBy": "arn"},
        '"arn"',
        "a principal is trusted by id or by name",
    ),
    Bad(
        "a group trusted by name",
        first(group="devs", trustBy="name"),
        '"name"',
        "this stands beside a user, role or arn",
        path=f"{FIRST}.trustBy",
    ),
    Bad(
        "an account's unique id",
        first(account=SOURCE, uniqueId="A" * 20),
        f'"{"A" * 20}"',
        "this stands beside a user, role or arn",
        path=f"{FIRST}.uniqueId",
    ),
    Bad(
        "a unique id beside trust by name",
        first(role="ci", trustBy="name", uniqueId="A" * 20),
        f'"{"A" * 20}"',
        "a principal trusted by name is trusted whatever its unique id",
        "Leave one of them out",
        path=f"{FIRST}.uniqueId",
    ),
    Bad(
        "a unique id in small letters",
        {f"{FIRST}.uniqueId": "a" * 20},
        f'"{"a" * 20}"',
        "a unique id must have 16–128 characters: uppercase letters and digits, such as AIDA… or AROA…",
    ),
    Bad(
        "conditions of its own that are empty",
        {f"{FIRST}.conditions": {}},
        "",
        "conditions must not be empty: what was meant to be in them may have got lost",
        "Name at least one, or leave the key out",
    ),
    Bad(
        "conditions of its own that are null",
        {f"{FIRST}.conditions": None},
        "null",
        NULL,
        GIVE_IT,
    ),
    # Lists of them
    Bad("no principals", {f"{DEPLOY}.principals": []}, "[]", "this must not be empty"),
    Bad("principals left out", {f"{DEPLOY}.principals": REMOVED}, "", "this key is required"),
    Bad("principals that are null", {f"{DEPLOY}.principals": None}, "null", NULL, GIVE_IT),
    Bad(
        "principals that are one",
        {f"{DEPLOY}.principals": {"role": "ci"}},
        '{"role":"ci"}',
        "this must be a list",
    ),
    Bad("a principal twice", {f"{DEPLOY}.principals[1]": {"role": "team/ci"}}, '"team/ci"', ONCE),
    Bad(
        "a principal twice, ignoring case",
        {"grants.read-only.principals[2]": {"user": "ALICE"}},
        '"ALICE"',
        ONCE,
    ),
    Bad(
        "a principal twice, once by ARN",
        {"grants.read-only.principals[2]": {"arn": arn("user/bob")}},
        f'"{arn("user/bob")}"',
        ONCE,
    ),
    Bad(
        "a principal twice, under two labels",
        {"grants.read-only.principals[2]": {"user": "bob", "label": "b"}},
        '"bob"',
        ONCE,
    ),
    Bad(
        "a principal at another path in another grant",
        {f"{DEPLOY}.principals[1]": {"user": "team/bob"}},
        '"/bob"',
        "the same principal is /team/bob in another grant",
        SPELL,
        path="grants.read-only.principals[1]",
    ),
    Bad(
        "a principal in other letters in another grant",
        {f"{DEPLOY}.principals[1]": {"user": "Bob"}},
        '"/bob"',
        "the same principal is /Bob in another grant",
        SPELL,
        path="grants.read-only.principals[1]",
    ),
    Bad(
        "more principals than a trust policy holds",
        {f"{DEPLOY}.principals": [{"user": f"user-{n:02}"} for n in range(60)]},
        "",
        f"{TRUST_POLICY}, this one 2591: 60 principals in 1 statement",
        "Make two grants of it, each with a role of its own; or give principals the same conditions, so that they "
        "share a statement; or trust a group, whose members are not listed",
    ),
]
