"""Every kind of principal: who gets in by it, and who doesn't."""

from __future__ import annotations

from typing import Any

from cross_account_access.iam.evaluator import Caller
from tests.unit.grants.callers import (
    OTHER,
    SOURCE,
    Case,
    Wrong,
    in_organization,
    reserved,
    session,
    user,
    without_rights,
)

ALICE, BOB = user("alice", "/people/"), user("bob")
CI, CD = session("ci", "/team/"), session("cd")
ROOT, ROLES = f"arn:aws:iam::{SOURCE}:root", f"arn:aws:iam::{SOURCE}:role"

OURS, THEIRS = "o-a1b2c3d4e5", "o-z9y8x7w6v5"
UNIT = f"{OURS}/r-ab12/ou-ab12-11111111/"
MEMBER = in_organization(OURS, UNIT)
NO_ORGANIZATION = ("aws:PrincipalOrgID", "aws:PrincipalOrgPaths")


def grant(*principals: dict[str, Any]) -> dict[str, Any]:
    """A grant without conditions."""
    return {"principals": list(principals)}


USER = {
    "another user of the account": Wrong(BOB),
    "the user of that name in another account": Wrong(user("alice", "/people/", OTHER)),
    "the user of that name at another path": Wrong(user("alice")),
    "a user whose name begins so": Wrong(user("alice2", "/people/")),
    "the user's name in capitals": Wrong(user("ALICE", "/people/")),
    "a role of that name": Wrong(session("alice", "/people/")),
    "the user, if its own account doesn't allow it": Wrong(without_rights(ALICE), half="source"),
}
ROLE = {
    "a session of another role": Wrong(CD),
    "a session of the role of that name in another account": Wrong(session("ci", "/team/", OTHER)),
    "a session of the role of that name at another path": Wrong(session("ci")),
    "a user of that name": Wrong(user("ci", "/team/")),
    "the role, if its own account doesn't allow it": Wrong(without_rights(CI), half="source"),
}
OTHERS_OF_ACCOUNT = {
    "a user whom its own account doesn't allow it": Wrong(without_rights(ALICE), half="source"),
    "a user of another account, whatever that allows": Wrong(user("alice", account=OTHER)),
    "a role of another account, whatever that allows": Wrong(session("ci", account=OTHER)),
    "the account's root user": Wrong(Caller(ROOT, SOURCE, ROOT), half="source"),
}
WHOLE_ACCOUNT = {
    "a role whom its own account doesn't allow it": Wrong(without_rights(CI), half="source"),
    **OTHERS_OF_ACCOUNT,
}

CASES = [
    Case("a user", grant({"user": "people/alice"}), ALICE, wrong=USER),
    Case(
        "a user by its ARN",
        grant({"arn": f"arn:aws:iam::{SOURCE}:user/people/alice"}),
        ALICE,
        wrong=USER,
    ),
    Case("a user by name", grant({"user": "people/alice", "trust_by": "name"}), ALICE, wrong=USER),
    Case(
        "a role",
        grant({"role": "team/ci"}),
        CI,
        wrong=ROLE,
        also={"any session of it": (session("ci", "/team/", name="other"), {})},
    ),
    Case(
        "a role by its ARN", grant({"arn": f"arn:aws:iam::{SOURCE}:role/team/ci"}), CI, wrong=ROLE
    ),
    Case("a role by name", grant({"role": "team/ci", "trust_by": "name"}), CI, wrong=ROLE),
    Case("a group", grant({"group": "developers"}), ALICE, wrong=WHOLE_ACCOUNT),
    Case(
        "an account",
        grant({"account": SOURCE}),
        ALICE,
        wrong=WHOLE_ACCOUNT,
        also={"a role that its account allows it": (CI, {})},
    ),
    Case(
        "an account but for some",
        grant({"account": SOURCE, "except_": ["bob", "team/ci", f"{ROLES}/ops/cd"]}),
        ALICE,
        wrong={
            **OTHERS_OF_ACCOUNT,
            "an excluded user": Wrong(BOB),
            "the user of that name at another path": Wrong(user("bob", "/team/")),
            "a role of that name": Wrong(session("bob")),
            "an excluded role": Wrong(CI),
            "a user of the role's path and name": Wrong(user("ci", "/team/")),
            "a role excluded by its ARN": Wrong(session("cd", "/ops/")),
        },
        also={
            "a user whose name begins so": (user("bob2"), {}),
            "a user whose name ends so": (user("jim-bob"), {}),
            "the user's name in capitals": (user("BOB"), {}),
            "a user at a path like that name": (user("alice", "/bob/"), {}),
            "a role at another path than was excluded": (session("ci", "/other/"), {}),
            "a role of that name at another path than the ARN's": (CD, {}),
            "a user of the role's ARN but for the kind": (user("cd", "/ops/"), {}),
        },
    ),
    Case(
        "a group but for some, beside the account",
        grant({"group": "developers", "except_": ["bob"]}, {"account": SOURCE}),
        ALICE,
        wrong={
            **OTHERS_OF_ACCOUNT,
            "who is excluded from the group, by the account": Wrong(BOB),
            "who is excluded, if its own account doesn't allow it either": Wrong(
                without_rights(BOB)
            ),
        },
    ),
    Case(
        "an organization but for some",
        grant({"organization": OURS, "except_": ["bob", f"arn:aws:iam::{OTHER}:role/team/ci"]}),
        user("alice", account=OTHER),
        MEMBER,
        also={"the role of that name in the other account": (CI, MEMBER)},
        wrong={
            "an excluded user of the source account": Wrong(BOB),
            "an excluded user of another account": Wrong(user("bob", account=OTHER)),
            "a role excluded by its ARN": Wrong(session("ci", "/team/", OTHER)),
            "a user of another organization": Wrong(
                but=in_organization(THEIRS, f"{THEIRS}/r-0000/")
            ),
            "a user whom its own account doesn't allow it": Wrong(
                without_rights(ALICE), half="source"
            ),
        },
    ),
    Case(
        "a unit but for a permission set's role",
        grant({"organizational_unit": UNIT, "except_": [reserved("Readers").arn.split("/")[1]]}),
        ALICE,
        MEMBER,
        also={"another set": (reserved("Operators"), {})},
        wrong={
            "who has the set": Wrong(reserved("Readers")),
            "who has it in another account, with the region in the role's path": Wrong(
                reserved("Readers", region="eu-west-1/", account=OTHER)
            ),
            "of the unit beside": Wrong(
                but=in_organization(OURS, f"{OURS}/r-ab12/ou-ab12-33333333/")
            ),
            "a user whom its own account doesn't allow it": Wrong(
                without_rights(ALICE), half="source"
            ),
        },
    ),
    Case(
        "a permission set",
        grant({"permission_set": "Operators"}),
        reserved("Operators"),
        also={
            "with the region in the role's path": (reserved("Operators", region="eu-west-1/"), {}),
            "after it was provisioned again": (reserved("Operators", "fedcba9876543210"), {}),
        },
        wrong={
            "another set": Wrong(reserved("Readers")),
            "a set whose name begins so": Wrong(reserved("Operators_More")),
            "a set whose name ends so": Wrong(reserved("Junior_Operators")),
            "a suffix that is one longer": Wrong(reserved("Operators", "0123456789abcdef0")),
            "a suffix that is one shorter": Wrong(reserved("Operators", "0123456789abcde")),
            "the set in another account": Wrong(reserved("Operators", account=OTHER)),
            "a role of that name that isn't reserved": Wrong(
                session("AWSReservedSSO_Operators_0123456789abcdef")
            ),
            "a user of the account": Wrong(ALICE),
            "the set, if it doesn't allow it": Wrong(
                without_rights(reserved("Operators")), half="source"
            ),
        },
    ),
    Case(
        "roles by a pattern",
        grant({"role_pattern": "team-*"}),
        session("team-a"),
        also={
            "a role made later": (session("team-of-tomorrow"), {}),
            "a role that is called as the pattern begins": (session("team-"), {}),
            "a role at a path that begins so, for * matches slashes": (
                session("anything", "/team-x/"),
                {},
            ),
        },
        wrong={
            "a role whose name has the pattern in its middle": Wrong(session("my-team-a")),
            "a role of another case": Wrong(session("Team-a")),
            "a matching role at another path": Wrong(session("team-a", "/other/")),
            "a matching role in another account": Wrong(session("team-a", account=OTHER)),
            "a user of a matching name": Wrong(user("team-a")),
            "the role, if its account doesn't allow it": Wrong(
                without_rights(session("team-a")), half="source"
            ),
        },
    ),
    Case(
        "roles by a pattern at a path",
        grant({"role_pattern": "team/ci-?"}),
        session("ci-1", "/team/"),
        wrong={
            "a name that is one longer": Wrong(session("ci-10", "/team/")),
            "a role of that name at /": Wrong(session("ci-1")),
            "a role further below": Wrong(session("ci-1", "/team/blue/")),
            "a user of that path and name": Wrong(user("ci-1", "/team/")),
        },
    ),
    Case(
        "roles by their path",
        grant({"path": "/team/"}),
        CI,
        also={"a role below it": (session("deep", "/team/blue/"), {})},
        wrong={
            "a role called as the path": Wrong(session("team")),
            "a role at a path that begins so": Wrong(session("ci", "/teams/")),
            "a role at a path that ends so": Wrong(session("ci", "/my/team/")),
            "a role at that path in another account": Wrong(session("ci", "/team/", OTHER)),
            "a user at that path": Wrong(user("alice", "/team/")),
            "the role, if its account doesn't allow it": Wrong(without_rights(CI), half="source"),
        },
    ),
    Case(
        "an organization",
        grant({"organization": OURS}),
        user("alice", account=OTHER),
        MEMBER,
        also={"a role of the source account": (CI, {})},
        wrong={
            "a user of another organization": Wrong(
                but=in_organization(THEIRS, f"{THEIRS}/r-0000/")
            ),
            "a user of an account without one": Wrong(without=NO_ORGANIZATION),
            "an organization whose ID begins so": Wrong(
                but=in_organization(f"{OURS}0", f"{OURS}0/r-0000/")
            ),
            "a user whom its own account doesn't allow it": Wrong(
                without_rights(BOB), half="source"
            ),
        },
    ),
    Case(
        "an organizational unit",
        grant({"organizational_unit": UNIT}),
        user("alice", account=OTHER),
        MEMBER,
        also={
            "of the unit below": (CI, in_organization(OURS, f"{UNIT}ou-ab12-22222222/")),
            "in a path with another": (CI, {"aws:PrincipalOrgPaths": (f"{OURS}/r-ab12/", UNIT)}),
        },
        wrong={
            "of the unit beside": Wrong(
                but=in_organization(OURS, f"{OURS}/r-ab12/ou-ab12-33333333/")
            ),
            "of a unit whose ID begins so": Wrong(
                but=in_organization(OURS, f"{OURS}/r-ab12/ou-ab12-111111119/")
            ),
            "of the root above": Wrong(but=in_organization(OURS, f"{OURS}/r-ab12/")),
            "of the same path in another organization": Wrong(
                but=in_organization(THEIRS, UNIT.replace(OURS, THEIRS))
            ),
            "of an account without an organization": Wrong(without=NO_ORGANIZATION),
            "whom its own account doesn't allow it": Wrong(without_rights(BOB), half="source"),
        },
    ),
    Case(
        "a session",
        grant({"session": "ci/release"}),
        session("ci", "/team/", name="release"),
        also={
            "of a role at another path, for a session's ARN has none": (
                session("ci", name="release"),
                {},
            )
        },
        wrong={
            "another session of the role": Wrong(session("ci", "/team/")),
            "a session whose name begins so": Wrong(session("ci", "/team/", name="release-2")),
            "a session of that name of another role": Wrong(session("cd", name="release")),
            "a session of that name in another account": Wrong(
                session("ci", "/team/", OTHER, "release")
            ),
            "a user of that name": Wrong(user("release", "/ci/")),
            "the session, if its role doesn't allow it": Wrong(
                without_rights(session("ci", "/team/", name="release")), half="source"
            ),
        },
    ),
    Case(
        "several principals",
        grant({"user": "people/alice"}, {"role": "team/ci"}, {"permission_set": "Operators"}),
        ALICE,
        also={"the role among them": (CI, {}), "the set among them": (reserved("Operators"), {})},
        wrong={
            "another user": Wrong(BOB),
            "another role": Wrong(CD),
            "another set": Wrong(reserved("Readers")),
            "one of them in another account": Wrong(user("alice", "/people/", OTHER)),
        },
    ),
]
