"""Bad config: principals."""

from __future__ import annotations

from tests.unit.config.bad_config import DESTINATION, OTHER, REMOVED, SOURCE, Bad

ALL = "grants.deploy.principals"
FIRST = f"{ALL}[0]"
IAM = f"arn:aws:iam::{SOURCE}"


def bad_key(what: str, code: str, **principal: object) -> Bad:
    """A principal whose last key is bad."""
    return Bad(what, code, {FIRST: principal}, path=f"{FIRST}.{list(principal)[-1]}")


PRINCIPALS = [
    bad_key("a user's name with a space", "invalid-user-name", user="al ice"),
    Bad("a role's name of 65 characters", "role-name-too-long", {f"{FIRST}.role": "x" * 65}),
    bad_key("every user", "invalid-user-name", user="*"),
    Bad("a path with a space", "invalid-path", {f"{FIRST}.role": "the team/ci"}),
    Bad("a path with a pattern", "path-with-wildcard", {f"{FIRST}.role": "*/ci"}),
    bad_key("a number for a name", "user-name-not-string", user=4711),
    Bad("a list of names", "role-name-not-string", {f"{FIRST}.role": ["ci", "cd"]}),
    Bad("an ARN for a name", "arn-for-name", {f"{FIRST}.role": f"arn:aws:iam::{SOURCE}:role/ci"}),
    bad_key(
        "Identity Center's role", "reserved-role", role="AWSReservedSSO_Admin_0123456789abcdef"
    ),
    bad_key(
        "the ARN of Identity Center's role",
        "reserved-role",
        arn=f"arn:aws:iam::{SOURCE}:role/aws-reserved/sso.amazonaws.com/eu-west-1/"
        "AWSReservedSSO_Admin_0123456789abcdef",
    ),
    bad_key(
        "a session's ARN of Identity Center's role",
        "invalid-principal-arn",
        arn=f"arn:aws:sts::{SOURCE}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann",
    ),
    bad_key(
        "a session of Identity Center's role",
        "reserved-role",
        session="AWSReservedSSO_Admin_0123456789abcdef/ann",
    ),
    bad_key("a service-linked role", "reserved-role", role="AWSServiceRoleForSupport"),
    bad_key("a user at AWS's own path", "reserved-path", user="aws-reserved/x/ann"),
    Bad("a label with a space", "invalid-label", {f"{FIRST}.label": "the ci"}),
    bad_key(
        "a session's ARN",
        "invalid-principal-arn",
        arn=f"arn:aws:sts::{SOURCE}:assumed-role/ci/build-7",
    ),
    Bad(
        "another account's ARN",
        "principal-in-other-account",
        {FIRST: {"arn": f"arn:aws:iam::{OTHER}:user/eve"}},
    ),
    bad_key("the whole account", "invalid-principal-arn", arn=f"arn:aws:iam::{SOURCE}:root"),
    bad_key("a group's ARN", "invalid-principal-arn", arn=f"arn:aws:iam::{SOURCE}:group/devs"),
    bad_key("a policy's ARN", "invalid-principal-arn", arn=f"arn:aws:iam::{SOURCE}:policy/x"),
    bad_key("users by a pattern", "invalid-user-name", arn=f"arn:aws:iam::{SOURCE}:user/*"),
    Bad(
        "principals of two accounts",
        "principals-of-several-accounts",
        {ALL: [{"arn": f"arn:aws:iam::{SOURCE}:user/a"}, {"arn": f"arn:aws:iam::{OTHER}:user/b"}]},
    ),
    Bad(
        "principals of two partitions",
        "principal-in-other-partition",
        {
            ALL: [
                {"arn": f"arn:aws-cn:iam::{SOURCE}:user/a"},
                {"arn": f"arn:aws:iam::{SOURCE}:user/b"},
            ]
        },
        path=f"{ALL}[1]",
    ),
    Bad(
        "a user's own conditions beside a group",
        "conditions-bypassed",
        {ALL: [{"user": "alice", "conditions": {"mfa": True}}, {"group": "developers"}]},
        path=f"{ALL}[1]",
    ),
    Bad(
        "a grant's conditions that an organization is spared",
        "conditions-bypassed",
        {
            ALL: [
                {"organization": "o-a1b2c3d4e5", "conditions": {"mfa": False}},
                {"user": "alice"},
            ],
            "grants.deploy.conditions": {"mfa": True},
        },
        path=f"{ALL}[0]",
    ),
    Bad(
        "a session beside a group of its account",
        "session-bypassed",
        {ALL: [{"session": "ci/build-7"}, {"group": "developers"}]},
        path=FIRST,
    ),
    Bad("a principal without a kind", "one-principal-key", {FIRST: {}}),
    Bad("a principal of two kinds", "one-principal-key", {FIRST: {"user": "a", "role": "b"}}),
    bad_key("a misspelt kind", "unknown-key", users="alice"),
    Bad("a principal that is text", "not-object", {FIRST: "alice"}),
    Bad("a name that is null", "null-value", {f"{FIRST}.role": None}),
    bad_key("a group's name with a space", "invalid-group-name", group="the devs"),
    bad_key("an account's name", "account-id-too-short", account="people"),
    bad_key(
        "a permission set's name of 33 characters",
        "permission-set-name-too-long",
        permissionSet="x" * 33,
    ),
    bad_key("every permission set", "invalid-permission-set-name", permissionSet="*"),
    bad_key("every role", "pattern-of-wildcards", rolePattern="*"),
    bad_key("every role, by two wildcards", "pattern-of-wildcards", rolePattern="?*"),
    bad_key("every role at a path, as a pattern", "pattern-of-wildcards", rolePattern="team/*"),
    bad_key("a pattern that is one role", "pattern-without-wildcard", rolePattern="team/ci"),
    bad_key("a pattern of paths", "path-with-wildcard", rolePattern="team-*/ci-*"),
    bad_key("a pattern with a variable", "invalid-role-name-pattern", rolePattern="${aws:userid}*"),
    bad_key(
        "a pattern that no name is as long as", "role-name-pattern-too-long", rolePattern="x" * 65
    ),
    bad_key(
        "a pattern that is an ARN", "arn-for-pattern", rolePattern=f"arn:aws:iam::{SOURCE}:role/x*"
    ),
    bad_key(
        "a pattern of reserved roles", "pattern-of-reserved-roles", rolePattern="AWSReservedSSO_*"
    ),
    bad_key("a pattern that AWS's paths match", "pattern-of-reserved-roles", rolePattern="aws-*"),
    bad_key("a pattern that is a number", "role-name-pattern-not-string", rolePattern=7),
    bad_key("a pattern trusted by name", "not-user-or-role", rolePattern="team-*", trustBy="name"),
    bad_key("a pattern's unique ID", "not-user-or-role", rolePattern="t-*", uniqueId="A" * 20),
    bad_key("a misspelt pattern", "unknown-key", role_pattern="team-*"),
    bad_key("the path of every role", "path-of-all-roles", path="/"),
    bad_key("a path without its last slash", "path-without-slashes", path="/team"),
    bad_key("names at a path", "path-with-wildcard", path="team/*"),
    bad_key("a path without its first slash", "path-without-slashes", path="team/"),
    bad_key("a path with a wildcard", "path-with-wildcard", path="/team-*/"),
    bad_key("Identity Center's path", "pattern-of-reserved-roles", path="/aws-reserved/"),
    bad_key("a path trusted by name", "not-user-or-role", path="/team/", trustBy="name"),
    Bad(
        "a pattern beside a role",
        "one-principal-key",
        {FIRST: {"rolePattern": "t-*", "role": "t-a"}},
    ),
    Bad(
        "a pattern twice",
        "repeated-principal",
        {ALL: [{"rolePattern": "team-*"}, {"rolePattern": "team-*"}]},
        path=f"{ALL}[1]",
    ),
    Bad(
        "a pattern that lets a role in without its external ID",
        "conditions-bypassed",
        {
            ALL: [
                {"rolePattern": "team-*"},
                {"role": "team-a", "conditions": {"externalId": "partner-7f3a"}},
            ]
        },
        path=FIRST,
    ),
    Bad(
        "two patterns that one role may match, under two conditions",
        "conditions-bypassed",
        {
            ALL: [
                {"rolePattern": "team-*"},
                {"rolePattern": "*-ci", "conditions": {"externalId": "partner-7f3a"}},
            ]
        },
        path=FIRST,
    ),
    Bad(
        "a session beside a path that may be its role's",
        "session-bypassed",
        {ALL: [{"session": "ci/build-7"}, {"path": "/team/"}]},
        path=FIRST,
    ),
    bad_key("an organization's name", "organization-id-too-short", organization="example"),
    bad_key(
        "an organizational unit without its path",
        "organizational-unit-path-too-short",
        organizationalUnit="ou-ab12-11111111",
    ),
    bad_key("a session without its role", "invalid-session", session="build-7"),
    bad_key("every session of a role", "session-name-too-short", session="ci/*"),
    Bad("a way of trust that there is not", "invalid-trust-by", {f"{FIRST}.trustBy": "arn"}),
    bad_key("a group trusted by name", "not-user-or-role", group="devs", trustBy="name"),
    bad_key("an account's unique ID", "not-user-or-role", account=SOURCE, uniqueId="A" * 20),
    bad_key(
        "a unique ID beside trust by name",
        "unique-id-with-name",
        role="ci",
        trustBy="name",
        uniqueId="A" * 20,
    ),
    Bad("a unique ID in small letters", "invalid-unique-id", {f"{FIRST}.uniqueId": "a" * 20}),
    Bad("conditions of its own that are empty", "empty-conditions", {f"{FIRST}.conditions": {}}),
    Bad("conditions of its own that are null", "null-value", {f"{FIRST}.conditions": None}),
    Bad("no principals", "empty", {ALL: []}),
    Bad("principals left out", "missing-key", {ALL: REMOVED}),
    Bad("principals that are null", "null-value", {ALL: None}),
    Bad("principals that are one", "not-list", {ALL: {"role": "ci"}}),
    Bad("a principal twice", "repeated-principal", {f"{ALL}[1]": {"role": "team/ci"}}),
    Bad(
        "a principal twice, ignoring case",
        "repeated-principal",
        {"grants.read.principals[2]": {"user": "ALICE"}},
    ),
    Bad(
        "a principal twice, once by ARN",
        "repeated-principal",
        {"grants.read.principals[2]": {"arn": f"arn:aws:iam::{SOURCE}:user/bob"}},
    ),
    Bad(
        "a principal twice, under two labels",
        "repeated-principal",
        {"grants.read.principals[2]": {"user": "bob", "label": "b"}},
    ),
    Bad(
        "a principal at another path in another grant",
        "principal-spelt-differently",
        {f"{ALL}[1]": {"user": "team/bob"}},
        path="grants.read.principals[1]",
    ),
    Bad(
        "a principal in other letters in another grant",
        "principal-spelt-differently",
        {f"{ALL}[1]": {"user": "Bob"}},
        path="grants.read.principals[1]",
    ),
    Bad(
        "more principals than a trust policy holds",
        "trust-policy-too-long",
        {ALL: [{"user": f"user-{number:02}"} for number in range(60)]},
    ),
    *(
        Bad(
            what,
            code,
            {FIRST: {"account": SOURCE, "except": [*before, value]}},
            path=f"{FIRST}.except[{len(before)}]",
        )
        for what, code, *before, value in (
            ("everybody excluded", "exclusion-with-wildcard", "*"),
            ("those of a pattern excluded", "exclusion-with-wildcard", "team-?"),
            ("a variable excluded", "exclusion-with-wildcard", "${aws:username}"),
            ("an ARN with a wildcard excluded", "exclusion-with-wildcard", f"{IAM}:user/eve*"),
            ("a user excluded by kind and name", "exclusion-with-kind", "user/eve"),
            ("a role excluded by kind and name", "exclusion-with-kind", "/role/team/ci"),
            ("a group excluded", "exclusion-with-kind", "group/devs"),
            ("a group's ARN excluded", "invalid-excluded-arn", f"{IAM}:group/devs"),
            ("the root user excluded", "invalid-excluded-arn", f"{IAM}:root"),
            (
                "a session excluded",
                "invalid-excluded-arn",
                f"arn:aws:sts::{SOURCE}:assumed-role/ci/build-7",
            ),
            ("another service's ARN excluded", "invalid-excluded-arn", "arn:aws:s3:::x"),
            ("a name with a space excluded", "invalid-excluded-name", "the eve"),
            ("a name of 65 characters excluded", "excluded-name-too-long", "x" * 65),
            ("a path alone excluded", "excluded-name-too-short", "team/"),
            ("a number excluded", "excluded-name-not-string", 4711),
            ("null excluded", "excluded-name-not-string", None),
            ("somebody excluded at two paths", "excluded-twice", "eve", "team/eve"),
            ("somebody excluded by name and ARN", "excluded-twice", "eve", f"{IAM}:role/team/eve"),
            (
                "another account's user excluded",
                "exclusion-in-other-account",
                f"arn:aws:iam::{OTHER}:user/eve",
            ),
        )
    ),
    Bad(
        "another partition's user excluded",
        "exclusion-in-other-partition",
        {
            FIRST: {
                "organization": "o-a1b2c3d4e5",
                "except": [f"{IAM}:user/eve", f"arn:aws-cn:iam::{OTHER}:user/eve"],
            }
        },
        path=f"{FIRST}.except[1]",
    ),
    Bad(
        "somebody excluded twice",
        "repeated-value",
        {FIRST: {"group": "devs", "except": ["eve", "/eve"]}},
        path=f"{FIRST}.except",
    ),
    Bad(
        "a user of the grant excluded",
        "excluded-principal-trusted",
        {ALL: [{"user": "team/alice"}, {"group": "devs", "except": ["bob", "alice"]}]},
        path=f"{ALL}[1].except[1]",
    ),
    Bad(
        "a session's role excluded",
        "excluded-principal-trusted",
        {ALL: [{"session": "ci/build"}, {"organization": "o-a1b2c3d4e5", "except": ["ci"]}]},
        path=f"{ALL}[1].except[0]",
    ),
    Bad(
        "a role of the grant's permission set excluded",
        "excluded-principal-trusted",
        {
            ALL: [
                {"account": SOURCE, "except": ["AWSReservedSSO_Admin_0123456789abcdef"]},
                {"permissionSet": "Admin"},
            ]
        },
        path=f"{FIRST}.except[0]",
    ),
    bad_key("nobody excluded", "not-filled-list", account=SOURCE, **{"except": []}),
    bad_key("an exclusion that is text", "not-filled-list", account=SOURCE, **{"except": "eve"}),
    bad_key("an exclusion that is null", "null-value", account=SOURCE, **{"except": None}),
    bad_key("somebody excluded from a user", "except-beside-one", user="a", **{"except": ["b"]}),
    bad_key("somebody excluded from a role", "except-beside-one", role="a", **{"except": ["b"]}),
    bad_key("a session's exclusion", "except-beside-one", session="ci/build", **{"except": ["b"]}),
    bad_key(
        "a permission set's exclusion",
        "except-beside-one",
        permissionSet="Admin",
        **{"except": ["b"]},
    ),
    bad_key("Python's name of the key", "unknown-key", account=SOURCE, except_=["eve"]),
    Bad(
        "more exclusions than a trust policy holds",
        "trust-policy-too-long",
        {FIRST: {"account": SOURCE, "except": [f"somebody-{number:02}" for number in range(60)]}},
        path=ALL,
    ),
    bad_key("every group", "invalid-group-name", group="*"),
    bad_key("a group that is null", "null-value", group=None),
    bad_key(
        "a group's ARN for its name", "arn-for-name", group=f"arn:aws:iam::{SOURCE}:group/devs"
    ),
    Bad("the destination account", "principal-in-other-account", {FIRST: {"account": DESTINATION}}),
    bad_key("every organization", "organization-id-too-short", organization="*"),
    bad_key(
        "a unit with a wildcard",
        "invalid-organizational-unit-path",
        organizationalUnit="o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*",
    ),
    bad_key("a session of no role", "role-name-too-short", session="/build"),
    bad_key("an account by name", "not-user-or-role", account=SOURCE, trustBy="name"),
    bad_key("a unique ID that is short", "unique-id-too-short", user="a", uniqueId="AIDA"),
    bad_key("a misspelt permission set", "unknown-key", permissionset="a"),
    bad_key("a misspelt trust", "unknown-key", user="a", trust_by="name"),
    Bad(
        "a misspelt condition of its own",
        "unknown-key",
        {f"{FIRST}.conditions.sourceIp": "203.0.113.7"},
    ),
]
