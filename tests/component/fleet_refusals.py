"""What is wrong among accounts by the args alone, each with the path and code of its refusal."""

from __future__ import annotations

from typing import Any

from tests.component.world import CI, DESTINATION, ELSEWHERE, SOURCE

ACCOUNTS: dict[str, Any] = {
    "people": {"account_id": SOURCE},
    "production": {"account_id": DESTINATION, "groups": ["workloads"]},
    "staging": {"account_id": ELSEWHERE, "groups": ["workloads", "tests"]},
}
NUMBERED: Any = {1: {}}
PEOPLE_AND_CI = ACCOUNTS | {"ci": {"account_id": CI}}
ALICE = {"user": "alice"}
OWN_POLICY = f"arn:aws:iam::{DESTINATION}:policy/x"


def grant(**changes: Any) -> dict[str, Any]:
    given = {"source": "people", "destinations": ["workloads"], "principals": [ALICE]}
    return {key: value for key, value in {**given, **changes}.items() if value != "left out"}


def fleet(
    accounts: dict[str, Any] | None = None,
    /,
    *,
    of_read: dict[str, Any] | None = None,
    **named: Any,
) -> dict[str, Any]:
    """Args of one grant, or of those that are named."""
    grants = named or {"read": grant(**(of_read or {}))}
    return {"accounts": ACCOUNTS if accounts is None else accounts, "grants": grants}


def of_ci(**principal: Any) -> dict[str, Any]:
    """A grant to alice, and to a principal of CI's account."""
    return grant(principals=[ALICE, {"source": "ci", **principal}])


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    # accounts
    "no accounts": (fleet({}), "empty", "accounts"),
    "one account": (fleet({"people": {}}), "one-account", "accounts"),
    "accounts that are a list": (fleet() | {"accounts": []}, "not-map", "accounts"),
    "an account that is null": (
        fleet(ACCOUNTS | {"staging": None}),
        "not-object",
        "accounts.staging",
    ),
    "an account that is its ID": (
        fleet(ACCOUNTS | {"staging": ELSEWHERE}),
        "not-object",
        "accounts.staging",
    ),
    "a null in an account": (
        fleet(ACCOUNTS | {"people": {"account_id": None}}),
        "null-value",
        "accounts.people.account_id",
    ),
    "a null among groups": (
        fleet(ACCOUNTS | {"people": {"groups": [None]}}),
        "account-or-group-name-not-string",
        "accounts.people.groups[0]",
    ),
    "an unknown key": (
        fleet(ACCOUNTS | {"people": {"account": SOURCE}}),
        "unknown-key",
        "accounts.people.account",
    ),
    "an ID that is none": (
        fleet(ACCOUNTS | {"people": {"account_id": "1"}}),
        "account-id-too-short",
        "accounts.people.account_id",
    ),
    "two names for one account": (
        fleet(ACCOUNTS | {"staging": {"account_id": DESTINATION, "groups": ["workloads"]}}),
        "account-named-twice",
        "accounts.staging.account_id",
    ),
    "a group called like an account": (
        fleet(ACCOUNTS | {"people": {"groups": ["staging"]}}),
        "group-named-like-account",
        "accounts.people.groups[0]",
    ),
    "a group called like its own account": (
        fleet(ACCOUNTS | {"people": {"groups": ["people"]}}),
        "group-named-like-account",
        "accounts.people.groups[0]",
    ),
    "an account that no grant uses": (fleet(PEOPLE_AND_CI), "unused-account", "accounts.ci"),
    "an account that is excluded wherever it is named": (
        fleet(of_read={"exclude": ["staging"]}),
        "unused-account",
        "accounts.staging",
    ),
    "a source that no principal is of": (
        fleet(PEOPLE_AND_CI, of_read={"principals": [{"user": "x", "source": "ci"}]}),
        "unused-account",
        "accounts.people",
    ),
    # where from
    "no source": (fleet(of_read={"source": "left out"}), "missing-source", "grants.read.source"),
    "no source of one principal": (
        fleet(
            PEOPLE_AND_CI,
            of_read={"source": "left out", "principals": [ALICE, {"user": "x", "source": "ci"}]},
        ),
        "missing-source",
        "grants.read.source",
    ),
    "an unknown source": (
        fleet(of_read={"source": "peopel"}),
        "unknown-account",
        "grants.read.source",
    ),
    "a source that is a group": (
        fleet(of_read={"source": "tests"}),
        "unknown-account",
        "grants.read.source",
    ),
    "an unknown source that every principal replaces": (
        fleet(of_read={"source": "peopel", "principals": [{"user": "x", "source": "people"}]}),
        "unknown-account",
        "grants.read.source",
    ),
    "an unknown source of a principal": (
        fleet(of_read={"principals": [ALICE, {"user": "x", "source": "elsewhere"}]}),
        "unknown-account",
        "grants.read.principals[1].source",
    ),
    "a null source": (fleet(of_read={"source": None}), "null-value", "grants.read.source"),
    # where to
    "no destinations": (
        fleet(of_read={"destinations": "left out"}),
        "missing-destinations",
        "grants.read.destinations",
    ),
    "empty destinations": (
        fleet(of_read={"destinations": []}),
        "empty",
        "grants.read.destinations",
    ),
    "destinations that are one name": (
        fleet(of_read={"destinations": "workloads"}),
        "not-list",
        "grants.read.destinations",
    ),
    "a null among destinations": (
        fleet(of_read={"destinations": ["production", None]}),
        "account-or-group-name-not-string",
        "grants.read.destinations[1]",
    ),
    "an unknown destination": (
        fleet(of_read={"destinations": ["workloads", "prodution"]}),
        "unknown-account",
        "grants.read.destinations[1]",
    ),
    "an unknown exclusion": (
        fleet(of_read={"exclude": ["sandbox"]}),
        "unknown-account",
        "grants.read.exclude[0]",
    ),
    "a group that excluding leaves empty": (
        fleet(of_read={"exclude": ["production", "tests"]}),
        "all-destinations-excluded",
        "grants.read.exclude",
    ),
    "an account that is its own destination": (
        fleet(of_read={"destinations": ["workloads", "people"]}),
        "destination-is-source",
        "grants.read.destinations",
    ),
    "a source in a group of destinations": (
        fleet(ACCOUNTS | {"people": {"groups": ["workloads"]}}),
        "destination-is-source",
        "grants.read.destinations",
    ),
    "a principal of a destination": (
        fleet(of_read={"principals": [ALICE, {"user": "x", "source": "staging"}]}),
        "destination-is-source",
        "grants.read.principals[1].source",
    ),
    # names
    "a name with an @": (
        fleet(ACCOUNTS | {"a@b": {}}),
        "invalid-account-or-group-name",
        "accounts.a@b",
    ),
    "a group with an @": (
        fleet(ACCOUNTS | {"people": {"groups": ["a@b"]}}),
        "invalid-account-or-group-name",
        "accounts.people.groups[0]",
    ),
    "a destination with an @": (
        fleet(of_read={"destinations": ["read@production"]}),
        "invalid-account-or-group-name",
        "grants.read.destinations[0]",
    ),
    "a name too long": (
        fleet(ACCOUNTS | {"x" * 65: {}}),
        "account-or-group-name-too-long",
        f"accounts.{'x' * 65}",
    ),
    "names that differ in case alone": (
        fleet(ACCOUNTS | {"People": {}}),
        "repeated-account-name",
        "accounts.People",
    ),
    "an empty name": (fleet(ACCOUNTS | {"": {}}), "account-or-group-name-too-short", "accounts."),
    "a name that is a path": (
        fleet(ACCOUNTS | {"../x": {}}),
        "invalid-account-or-group-name",
        "accounts.../x",
    ),
    "a name that is a number": (
        fleet(ACCOUNTS | NUMBERED),
        "account-or-group-name-not-string",
        "accounts.1",
    ),
    "a name that looks like another": (
        fleet(ACCOUNTS | {"pe\u043eple": {}}),
        "invalid-account-or-group-name",
        "accounts.pe\u043eple",
    ),
    # grants together
    "two roles of one name that meet": (
        fleet(
            read=grant(role={"name": "x"}), write=grant(destinations=["tests"], role={"name": "X"})
        ),
        "repeated-role-name",
        "grants.write.role.name",
    ),
    "two roles of one profile": (
        fleet(
            {"people": {}, "b-c": {}, "c": {}},
            a=grant(destinations=["b-c"]),
            **{"a-b": grant(destinations=["c"])},
        ),
        "repeated-profile-name",
        "grants.a-b",
    ),
    "one principal in two spellings": (
        fleet(a=grant(), b=grant(principals=[{"user": "x/alice"}])),
        "principal-spelt-differently",
        "grants.b.principals[0]",
    ),
    "a principal twice": (
        fleet(of_read={"principals": [ALICE, {"user": "Alice", "source": "people"}]}),
        "repeated-principal",
        "grants.read.principals[1]",
    ),
    "a user of another account than the source": (
        fleet(of_read={"principals": [{"arn": f"arn:aws:iam::{ELSEWHERE}:user/x"}]}),
        "principal-in-other-account",
        "grants.read.principals[0]",
    ),
    "an account that isn't the source": (
        fleet(of_read={"principals": [{"account": ELSEWHERE}]}),
        "principal-in-other-account",
        "grants.read.principals[0]",
    ),
    "a user of the grant's source with another source of its own": (
        fleet(PEOPLE_AND_CI, read=of_ci(arn=f"arn:aws:iam::{SOURCE}:user/x")),
        "principal-in-other-account",
        "grants.read.principals[1]",
    ),
    "users of two accounts under one source": (
        fleet(
            {"people": {}, "production": {}, "staging": {}},
            read=grant(
                destinations=["production", "staging"],
                principals=[
                    {"arn": f"arn:aws:iam::{account}:user/{account}"} for account in (SOURCE, CI)
                ],
            ),
        ),
        "principals-of-several-accounts",
        "grants.read.principals",
    ),
    "a policy of one account in a role of two": (
        fleet(of_read={"role": {"managed_policies": ["ReadOnlyAccess", OWN_POLICY]}}),
        "policy-of-one-account",
        "grants.read.role.managed_policies[1]",
    ),
    "a labelled policy of one account in a role of two": (
        fleet(of_read={"role": {"managed_policy_arns": {"x": OWN_POLICY}}}),
        "policy-of-one-account",
        "grants.read.role.managed_policy_arns.x",
    ),
    "a boundary of one account in a role of two": (
        fleet(of_read={"role": {"permissions_boundary": OWN_POLICY}}),
        "policy-of-one-account",
        "grants.read.role.permissions_boundary",
    ),
    "a policy of another account than the role's": (
        fleet(
            a=grant(), b=grant(destinations=["tests"], role={"permissions_boundary": OWN_POLICY})
        ),
        "policy-in-other-account",
        "grants.b.role.permissions_boundary",
    ),
    "a group's user with more conditions than the group of their account": (
        fleet(of_read={"principals": [{"group": "g"}, ALICE | {"conditions": {"mfa": True}}]}),
        "conditions-bypassed",
        "grants.read.principals[0]",
    ),
    "a session beside the organization, whatever its source": (
        fleet(
            of_read={
                "principals": [
                    {"session": "cd/build-7", "source": "ci"},
                    {"organization": "o-a1b2c3d4e5"},
                ]
            }
        ),
        "session-bypassed",
        "grants.read.principals[0]",
    ),
    "an organization under conditions, and without them as another source's": (
        fleet(
            of_read={
                "principals": [
                    {"organization": "o-a1b2c3d4e5", "conditions": {"mfa": True}},
                    {"organization": "o-a1b2c3d4e5", "source": "ci"},
                ]
            }
        ),
        "conditions-bypassed",
        "grants.read.principals[1]",
    ),
}
