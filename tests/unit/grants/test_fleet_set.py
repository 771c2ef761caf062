"""Which roles there are among many accounts; a pair has no keys of theirs."""

from __future__ import annotations

from typing import Any

import pytest

from cross_account_access.grants.fleet_set import FleetSet
from cross_account_access.grants.grant_set import AccessModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.trusted_role import TrustedRoleModel
from tests.unit.reading import DESTINATION, OTHER, SOURCE, codes

CI = "444444444444"
ACCOUNTS: dict[str, Any] = {
    "people": {"account_id": SOURCE},
    "production": {"account_id": DESTINATION, "groups": ["workloads"]},
    "staging": {"account_id": OTHER, "groups": ["workloads", "tests"]},
}
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


ROLES: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a group": (fleet(), [("read", "production"), ("read", "staging")]),
    "accounts and groups that overlap": (
        fleet(of_read={"destinations": ["workloads", "tests", "production"]}),
        [("read", "production"), ("read", "staging")],
    ),
    "a group but for another one": (
        fleet(
            a=grant(exclude=["tests"]), b=grant(destinations=["staging"], exclude=["production"])
        ),
        [("a", "production"), ("b", "staging")],
    ),
    "roles of one name that never meet": (
        fleet(
            a=grant(destinations=["production"], role={"name": "x"}),
            b=grant(destinations=["staging"], role={"name": "x"}),
        ),
        [("a", "production"), ("b", "staging")],
    ),
    "accounts that are source and destination of different grants": (
        fleet(
            a=grant(),
            b=grant(source="production", destinations=["staging"]),
            c=grant(source="staging", destinations=["people"]),
        ),
        [("a", "production"), ("a", "staging"), ("b", "staging"), ("c", "people")],
    ),
    "a user and one of its name in another account": (
        fleet(PEOPLE_AND_CI, read=of_ci(user="alice")),
        [("read", "production"), ("read", "staging")],
    ),
    "a user beside another account's group, with conditions": (
        fleet(
            PEOPLE_AND_CI,
            read=grant(
                principals=[ALICE | {"conditions": {"mfa": True}}, {"group": "g", "source": "ci"}]
            ),
        ),
        [("read", "production"), ("read", "staging")],
    ),
    "no source but the principals' own": (
        fleet(
            PEOPLE_AND_CI,
            read=grant(
                source="left out",
                principals=[ALICE | {"source": "people"}, ALICE | {"source": "ci"}],
            ),
        ),
        [("read", "production"), ("read", "staging")],
    ),
    "a policy of the one account that has the role": (
        fleet(
            a=grant(destinations=["production"], role={"managed_policies": [OWN_POLICY]}),
            b=grant(destinations=["staging"]),
        ),
        [("a", "production"), ("b", "staging")],
    ),
    "accounts called like a pair's": (
        fleet(
            {"destination": {}, "source": {}},
            a=grant(source="destination", destinations=["source"]),
        ),
        [("a", "source")],
    ),
}


@pytest.mark.parametrize("case", ROLES)
def test_a_grant_has_a_role_in_each_destination_that_isnt_excluded(case: str) -> None:
    args, roles = ROLES[case]
    assert read_model(FleetSet, args).roles == roles


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"source": "people"}, "source"),
        ({"destinations": ["production"]}, "destinations"),
        ({"exclude": ["production"]}, "exclude"),
        ({"exclude": []}, "exclude"),
        ({"principals": [ALICE | {"source": "people"}]}, "principals[0].source"),
    ],
)
def test_a_key_of_many_accounts_is_refused_between_a_pair(changes: Any, path: str) -> None:
    args = {"grants": {"read": {"principals": [ALICE], **changes}}}
    assert codes(AccessModel, args) == [("key-of-many-accounts", f"grants.read.{path}")]


def test_a_role_alone_has_principals_of_one_account() -> None:
    args = {"principals": [ALICE | {"source": "people"}], "source_account_id": SOURCE}
    found = codes(TrustedRoleModel, args)
    assert found == [("key-of-many-accounts", "principals[0].source")]
