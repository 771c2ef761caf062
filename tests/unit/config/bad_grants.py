"""What a row of the tables of bad grants is, and the rows that are about a grant as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SOURCE, DESTINATION, OTHER = "111111111111", "222222222222", "333333333333"

NULL, GIVE_IT = "a key has a value", "Give it one, or leave it out"
QUOTES = "Put it in quotes; with `pulumi config set`, add --type string"
LIST, OBJECT = "this must be a list", "this must be an object with keys of its own"
NO_KEY = "there is no such key"
ONCE = "the values of a list must be unique"
NAME = "letters, digits and _+=,.@-"
LEAVE_OUT = "Leave one of them out"

_TAG_KEY = "a tag key must have 1–128 characters: letters, digits, spaces and _.:/=+-@"
_FORMER = "a former name was one grant's and is none's now; grant {} has it"
_GRANT_NAME = f"a grant's name must have 1–64 characters: {NAME}"
_IMPORTS = "imports are import IDs by TYPE/NAME, such as Role/access-deploy: deploy"
_CHAINED = (
    "a session that a role's session assumed lasts at most 3600 seconds (role chaining), and all of the principals "
    "are such"
)
_QUOTA = "a trust policy has at most 2048 characters without white space, this one {}: {} principals in {}"
_SMALLER = (
    "Make two grants of it, each with a role of its own; or give principals the same conditions, so that they share "
    "a statement; or trust a group, whose members are not listed"
)


@dataclass(frozen=True)
class Bad:
    """A bad grant and what is said about it.

    Attributes:
        what: What is bad about it; the row's name.
        grant: The grant `deploy`, as the config has it.
        path: Where the problem stands, below the grant; a path from the namespace on begins with a colon.
        value: The value that is shown.
        rule: The rule that is told.
        remedy: The remedy that is told.
        more: Other keys of the config.
    """

    what: str
    grant: dict[str, Any]
    path: str
    value: str
    rule: str
    remedy: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        """The config as a whole."""
        source, destination = {"accountId": SOURCE}, {"accountId": DESTINATION}
        grants = {"deploy": self.grant} | self.more.get("grants", {})
        return {"source": source, "destination": destination, **self.more, "grants": grants}

    @property
    def error(self) -> dict[str, str]:
        """The problem as a machine gets it: its message is one line with all of it."""
        below = f":grants.deploy{'.' if self.path else ''}{self.path}"
        path = f"cross-account-access{self.path if self.path.startswith(':') else below}"
        shown = f"{self.value}: " if self.value else ""
        end = f". {self.remedy}" if self.remedy else "."
        return {
            "path": path,
            "value": self.value,
            "rule": self.rule,
            "message": f"{path}: {shown}{self.rule}{end}",
        }


def to(*principals: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A grant to these principals."""
    return {"principals": list(principals), **more}


ALICE = {"user": "alice"}
_TAGS = {f"key-{number}": "x" for number in range(30)}


def _short(role: str, what: str, longest: int) -> Bad:
    kind, _, name = role.partition(" ")
    grant = to({kind: name}, role={"maxSessionDuration": longest})
    return Bad(what, grant, "role.maxSessionDuration", str(longest), _CHAINED, "Leave it out")


GRANTS = [
    # Former names
    Bad("a former name that isn't in a list", to(ALICE, formerly="old"), "formerly", '"old"', LIST),
    Bad(
        "a former name with a space",
        to(ALICE, formerly=["o ld"]),
        "formerly[0]",
        '"o ld"',
        _GRANT_NAME,
    ),
    Bad(
        "a former name of another component without the grant's",
        to(ALICE, formerly=["team/"]),
        "formerly[0]",
        '"team/"',
        _GRANT_NAME,
    ),
    Bad(
        "a former name of no component",
        to(ALICE, formerly=["/old"]),
        "formerly[0]",
        '"/old"',
        "a former name is GRANT, or COMPONENT/GRANT for one that was in another component",
    ),
    Bad(
        "a number for a former name",
        to(ALICE, formerly=[5]),
        "formerly[0]",
        "5",
        "a former name is text",
    ),
    Bad("former names that are null", to(ALICE, formerly=None), "formerly", "null", NULL, GIVE_IT),
    Bad(
        "its own name for a former one",
        to(ALICE, formerly=["deploy"]),
        "formerly[0]",
        '"deploy"',
        _FORMER.format("deploy"),
    ),
    Bad(
        "another grant's name for a former one",
        to(ALICE, formerly=["old", "read"]),
        "formerly[1]",
        '"read"',
        _FORMER.format("read"),
        more={"grants": {"read": to(ALICE)}},
    ),
    Bad(
        "a former name that another grant has too",
        to(ALICE, formerly=["old"]),
        ":grants.read.formerly[0]",
        '"old"',
        _FORMER.format("deploy"),
        more={"grants": {"read": to(ALICE, formerly=["old"])}},
    ),
    # How long a session may be
    _short("role ci", "more than an hour for a role", 7200),
    _short("session ci/build", "more than an hour for a session", 3601),
    _short("permissionSet Operators", "more than an hour for a permission set", 43200),
    # All principals together
    Bad(
        "principals of two accounts",
        to({"account": SOURCE}, {"arn": f"arn:aws:iam::{OTHER}:user/alice"}),
        "principals",
        "",
        "a grant's principals are of one source account",
        f"Here are {SOURCE}, {OTHER}",
    ),
    Bad(
        "more principals than a trust policy holds",
        to(*[{"user": f"user-{number:02}"} for number in range(60)]),
        "principals",
        "",
        _QUOTA.format(2591, 60, "1 statement"),
        _SMALLER,
    ),
    Bad(
        "more conditions than a trust policy holds",
        to(
            *[
                {"user": f"u{n:02}", "conditions": {"sourceIdentities": [f"id-{n}"]}}
                for n in range(20)
            ]
        ),
        "principals",
        "",
        _QUOTA.format(4308, 20, "20 statements"),
        _SMALLER,
    ),
    # Tags of everything
    Bad(
        "tags that are a list",
        to(ALICE),
        ":tags",
        '["owner"]',
        "tags must be a map from strings to strings",
        more={"tags": ["owner"]},
    ),
    Bad(
        "a number for a tag",
        to(ALICE),
        ":tags.cost",
        "5",
        "a tag value must be a string",
        QUOTES,
        more={"tags": {"cost": 5}},
    ),
    Bad(
        "a tag's key with a star",
        to(ALICE),
        ":tags.c*st",
        '"c*st"',
        _TAG_KEY,
        more={"tags": {"c*st": "x"}},
    ),
    Bad(
        "a tag of AWS's own",
        to(ALICE),
        ":tags.aws:owner",
        '"aws:owner"',
        "a tag key must not start with aws:, which is reserved for AWS",
        more={"tags": {"aws:owner": "x"}},
    ),
    Bad(
        "tags that are the same ignoring case",
        to(ALICE),
        ":tags.Owner",
        '"Owner"',
        "tag keys must be unique, ignoring case",
        more={"tags": {"owner": "x", "Owner": "y"}},
    ),
    Bad(
        "more tags than a role may have, with its own",
        to(ALICE, role={"tags": {f"own-{key}": "x" for key in _TAGS}}),
        "role.tags",
        "60",
        "there must be at most 50 tags",
        more={"tags": _TAGS},
    ),
    # What is taken over
    Bad(
        "imports that are text",
        to(ALICE),
        ":imports",
        '"deploy"',
        _IMPORTS,
        more={"imports": "deploy"},
    ),
    Bad(
        "imports that are a list",
        to(ALICE),
        ":imports",
        '["deploy"]',
        _IMPORTS,
        more={"imports": ["deploy"]},
    ),
    Bad(
        "an import without the type",
        to(ALICE),
        ":imports.access-deploy",
        '"deploy"',
        _IMPORTS,
        more={"imports": {"access-deploy": "deploy"}},
    ),
    Bad(
        "an import without the name",
        to(ALICE),
        ":imports.Role/",
        '"x"',
        _IMPORTS,
        more={"imports": {"Role/": "x"}},
    ),
    Bad(
        "an empty import ID",
        to(ALICE),
        ":imports.Role/access-deploy",
        '""',
        _IMPORTS,
        more={"imports": {"Role/access-deploy": ""}},
    ),
    Bad(
        "a number for an import ID",
        to(ALICE),
        ":imports.Role/access-deploy",
        "5",
        _IMPORTS,
        more={"imports": {"Role/access-deploy": 5}},
    ),
]
