"""What can be wrong between the grants of a pair of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access import Side
from cross_account_access.grants.grant_set import AccessModel
from cross_account_access.grants.model import Unresolved, read_model
from tests.unit.reading import DESTINATION, OTHER, SOURCE, codes, refusal

if TYPE_CHECKING:
    from enum import Enum

ALICE: dict[str, Any] = {"principals": [{"user": "alice"}]}


def user(name: str, account: str = SOURCE) -> dict[str, str]:
    return {"arn": f"arn:aws:iam::{account}:user/{name}"}


def grants(**named: Any) -> dict[str, Any]:
    """Args with these grants, each alice's unless it says otherwise."""
    return {"grants": {name: {**ALICE, **grant} for name, grant in named.items()}}


def names_of(*principals: dict[str, Any]) -> dict[str, Any]:
    return {"principals": list(principals)}


@pytest.mark.parametrize(
    ("args", "code", "path"),
    [
        (
            grants(a={"role": {"name": "Deploy"}}, deploy={}),
            "repeated-role-name",
            "grants.deploy.role.name",
        ),
        (grants(Deploy={}, deploy={}), "repeated-role-name", "grants.deploy.role.name"),
        (
            grants(
                a={"role": {"name": "x", "path": "/one/"}},
                b={"role": {"name": "X", "path": "/two/"}},
            ),
            "repeated-role-name",
            "grants.b.role.name",
        ),
        (
            grants(a={}, b=names_of({"user": "Alice"})),
            "principal-spelt-differently",
            "grants.b.principals[0]",
        ),
        (
            grants(a=names_of({"user": "bob"}, {"role": "t/ci"}), b=names_of({"role": "ci"})),
            "principal-spelt-differently",
            "grants.b.principals[0]",
        ),
        (grants(a={}) | {"side": 5}, "invalid-side", "side"),
        (
            grants(a={}) | {"side": "source", "source_account_id": SOURCE},
            "missing-account-id",
            "destination_account_id",
        ),
        (
            grants(a={}) | {"side": "destination", "destination_account_id": DESTINATION},
            "missing-account-id",
            "source_account_id",
        ),
        (
            grants(a={}) | {"source_account_id": SOURCE, "destination_account_id": SOURCE},
            "same-account",
            "destination_account_id",
        ),
        (
            grants(a=names_of(user("alice", OTHER))) | {"source_account_id": SOURCE},
            "principal-in-other-account",
            "grants.a.principals[0]",
        ),
        (
            grants(a=names_of(user("alice")), b=names_of(user("bob", OTHER))),
            "principal-in-other-account",
            "grants.b.principals[0]",
        ),
        (
            grants(a={"role": {"managed_policies": [f"arn:aws:iam::{OTHER}:policy/x"]}})
            | {"destination_account_id": DESTINATION},
            "policy-in-other-account",
            "grants.a.role.managed_policies[0]",
        ),
        (
            grants(a={"role": {"permissions_boundary": f"arn:aws:iam::{SOURCE}:policy/x"}})
            | {"destination_account_id": DESTINATION},
            "policy-in-other-account",
            "grants.a.role.permissions_boundary",
        ),
        (grants(a={}) | {"source_account_id": "1"}, "account-id-too-short", "source_account_id"),
    ],
)
def test_what_is_wrong_between_grants_is_refused(
    args: dict[str, Any], code: str, path: str
) -> None:
    assert codes(AccessModel, args) == [(code, path)]


@pytest.mark.parametrize(
    "args",
    [
        grants(a={}, b={}),
        grants(a=names_of({"user": "x"}), b=names_of({"role": "X"})),
        grants(a={}, b=names_of(user("alice"))),
        grants(a=names_of({"user": "t/alice"}), b=names_of({"user": "/t/alice"})),
        grants(a={"role": {"name": "b"}}, b={"role": {"name": "a"}}),
        grants(a=names_of({"user": Unresolved(), "label": "alice"}), b={}),
        grants(a=names_of(user("alice", OTHER))) | {"source_account_id": OTHER},
        grants(a={}) | {"side": "source", "destination_account_id": DESTINATION},
        grants(a={}) | {"side": "destination", "source_account_id": SOURCE},
    ],
)
def test_what_is_right_between_grants_is_taken(args: dict[str, Any]) -> None:
    assert set(read_model(AccessModel, args).grants) == set(args["grants"])


@pytest.mark.parametrize("side", [*Side, "both", "source", "destination"])
def test_a_side_may_be_pulumis_enum(side: Enum | str) -> None:
    ids = {"source_account_id": SOURCE, "destination_account_id": DESTINATION}
    assert read_model(AccessModel, grants(a={}) | {"side": side} | ids).side == str(
        getattr(side, "value", side)
    )


def test_the_grants_are_checked_against_the_accounts_once_those_are_known() -> None:
    own = f"arn:aws:iam::{DESTINATION}:policy/x"
    access = read_model(
        AccessModel, grants(a={"role": {"managed_policies": [own]}} | names_of(user("alice")))
    )

    def check(source: str, destination: str) -> None:
        access.check_accounts({"source": source, "destination": destination})

    check(SOURCE, DESTINATION)
    of_source = refusal(lambda source: check(source, DESTINATION), OTHER)
    assert (of_source.where, of_source.value) == (("grants", "a", "principals", 0), SOURCE)
    of_destination = refusal(lambda destination: check(SOURCE, destination), OTHER)
    assert of_destination.where == ("grants", "a", "role", "managed_policies", 0)
