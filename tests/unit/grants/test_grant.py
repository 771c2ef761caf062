"""What can be wrong between the parts of a grant, and between the grants of a pair of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access import Side
from cross_account_access.errors import InvalidInput
from cross_account_access.grants.grant import GrantModel, TrustModel
from cross_account_access.grants.grant_set import AccessModel
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.trust import build_trust_policy, get_effective_conditions
from tests.unit.reading import DESTINATION, OTHER, SOURCE, codes, problems, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import Enum

ALICE: dict[str, Any] = {"principals": [{"user": "alice"}]}


def user(name: str, account: str = SOURCE) -> dict[str, str]:
    """A principal by its ARN."""
    return {"arn": f"arn:aws:iam::{account}:user/{name}"}


# One grant


@pytest.mark.parametrize(
    ("principals", "path", "value"),
    [
        ([{"user": "alice"}, {"user": "alice"}], "principals[1]", "alice"),
        ([{"user": "alice"}, {"role": "ci"}, {"user": "Alice"}], "principals[2]", "Alice"),
        ([{"user": "alice"}, {"user": "team/alice"}], "principals[1]", "team/alice"),
        ([{"user": "alice"}, user("alice")], "principals[1]", user("alice")["arn"]),
        ([{"role": "ci"}, {"role": "x"}, {"role": "CI"}, {"role": "y"}], "principals[2]", "CI"),
        (
            [{"user": Unresolved(), "label": "a"}, {"user": Unresolved(), "label": "A"}],
            "principals[1]",
            "A",
        ),
        ([{"user": Unresolved(), "label": "alice"}, {"user": "alice"}], "principals[1]", "alice"),
        (
            [{"user": "alice", "label": "one"}, {"user": "alice", "label": "two"}],
            "principals[1]",
            "alice",
        ),
    ],
)
def test_a_principal_stands_in_a_grant_once(principals: list[Any], path: str, value: str) -> None:
    (problem,) = problems(TrustModel, {"principals": principals})
    assert (problem.code, problem.path) == ("repeated-principal", path)
    assert problem.value == f'"{value}"'


@pytest.mark.parametrize(
    "principals",
    [
        [{"user": "ci"}, {"role": "ci"}],
        [{"user": "alice"}, {"user": "alice2"}],
        [{"arn": Unresolved(), "label": "x"}, {"user": Unresolved(), "label": "x"}],
    ],
)
def test_a_user_and_a_role_may_have_one_name(principals: list[Any]) -> None:
    assert len(read_model(TrustModel, {"principals": principals}).principals) == 2


@pytest.mark.parametrize(
    ("principals", "path", "value"),
    [
        ([{"role": "team/ci"}], "principals[0]", '"team/ci"'),
        (
            [{"arn": f"arn:aws:iam::{SOURCE}:role/ci"}],
            "principals[0]",
            f'"arn:aws:iam::{SOURCE}:role/ci"',
        ),
        ([{"role": Unresolved(), "label": "ci"}], "principals[0]", '"ci"'),
    ],
)
def test_mfa_is_not_asked_of_a_role(principals: list[Any], path: str, value: str) -> None:
    (problem,) = problems(TrustModel, {"principals": principals, "conditions": {"mfa": True}})
    assert (problem.path, problem.value) == (path, value)
    assert problem.code == "mfa-for-role"


@pytest.mark.parametrize(
    ("principal", "conditions"),
    [
        ({"user": "alice"}, {"mfa": True}),
        ({"role": "ci"}, {"mfa": False}),
        ({"role": "ci"}, {"external_id": "partner-7f3a"}),
        ({"arn": Unresolved(), "label": "x"}, {"mfa": True}),
    ],
)
def test_other_conditions_of_a_role_and_mfa_of_a_user_are_taken(
    principal: Any, conditions: dict[str, Any]
) -> None:
    assert (
        read_model(TrustModel, {"principals": [principal], "conditions": conditions}).conditions
        is not None
    )


def test_a_grants_principals_are_of_one_account() -> None:
    principals = [user("alice"), {"user": "bob"}, user("carol", OTHER)]
    assert codes(TrustModel, {"principals": principals}) == [
        ("principals-of-several-accounts", "principals")
    ]


def test_principals_that_are_not_known_yet_do_not_hide_that_the_others_are_too_many() -> None:
    names = [f"user-{n:03}" for n in range(60)]
    later: list[dict[str, Any]] = [{"user": Unresolved(), "label": "x"}]
    data = {
        "principals": [*later, *({"user": name} for name in names)],
        "conditions": {"external_id": Unresolved()},
    }
    (problem,) = problems(TrustModel, data)
    assert (problem.code, problem.path) == ("trust-policy-too-long", "principals")
    assert ": 60 principals in 1 statement" in problem.rule
    assert len(read_model(TrustModel, {"principals": later}).principals) == 1


@pytest.mark.parametrize(
    "unique_id", [{}, {"unique_id": Unresolved()}, {"unique_id": "AIDA" + "0" * 16}]
)
def test_the_trust_policy_keeps_room_for_the_unique_ids_until_they_are_known(
    unique_id: dict[str, Any],
) -> None:
    def trust(length: int) -> TrustModel:
        users = [{"user": f"user-{n:03}"} | unique_id for n in range(44)]
        return read_model(TrustModel, {"principals": [*users, {"user": "x" * length}]})

    longest = max(length for length in range(1, 65) if _taken(lambda: trust(length)))  # noqa: B023 - called at once
    known = [
        p.model_copy(update={"unique_id": f"AIDA{number:016}"})
        for number, p in enumerate(trust(longest).principals)
    ]
    assert len(build_trust_policy(known, None, "aws", SOURCE)) == 2048


def _taken(reading: Callable[[], object]) -> bool:
    try:
        reading()
    except InvalidInput:
        return False
    return True


def test_what_can_not_be_met_together_is_told_where_the_principals_own_conditions_stand() -> None:
    data: dict[str, Any] = {
        "principals": [
            {"user": "alice"},
            {"role": "ci", "conditions": {"source_vpcs": ["vpc-12345678"]}},
        ],
        "conditions": {"source_ips": ["203.0.113.7"]},
    }
    assert codes(TrustModel, data) == [
        ("source-ip-with-vpc", "principals[1].conditions.source_ips")
    ]


def test_what_a_principal_says_itself_is_told_where_it_stands_beside_one_that_is_not_known() -> (
    None
):
    raw = {"raw": {"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/x"]}}}
    principals = [{"user": Unresolved(), "label": "x"}, {"permission_set": "Admin"}]
    assert codes(TrustModel, {"principals": principals, "conditions": raw}) == [
        ("condition-of-principal", "principals[1]")
    ]


@pytest.mark.parametrize(
    "principal", [{"role": "ci"}, {"session": "ci/build-7"}, {"permission_set": "Admin"}]
)
@pytest.mark.parametrize("conditions", [{"mfa": True}, {"mfa_max_age": 60}])
def test_the_advice_to_let_one_principal_in_without_mfa_works(
    principal: dict[str, Any], conditions: dict[str, Any]
) -> None:
    alice = {"user": "alice"}
    data = {"principals": [alice, principal], "conditions": conditions}
    assert codes(TrustModel, data) == [("mfa-for-role", "principals[1]")]
    own = principal | {"conditions": {"mfa": False}}
    trust = read_model(TrustModel, {"principals": [alice, own], "conditions": conditions})
    needs = [
        under.needs_mfa
        for p in trust.principals
        if (under := get_effective_conditions(p, trust.conditions))
    ]
    assert needs == [True, False]


@pytest.mark.parametrize(
    "principal", [{"role": "ci"}, {"session": "ci/build-7"}, {"permission_set": "Admin"}]
)
def test_a_session_that_role_chaining_would_cut_short_is_refused(principal: dict[str, Any]) -> None:
    role = {"role": {"max_session_duration": 7200}}
    assert codes(GrantModel, {"principals": [principal]} | role) == [
        ("chained-session-too-long", "role.max_session_duration")
    ]
    assert (
        read_model(GrantModel, {"principals": [principal, {"user": "alice"}]} | role).chained
        is False
    )


@pytest.mark.parametrize("former", ["deploy", "other/deploy"])
def test_a_former_name_is_a_grants_or_a_components_and_a_grants(former: str) -> None:
    assert read_model(GrantModel, ALICE | {"formerly": [former]}).formerly == [former]


@pytest.mark.parametrize(
    ("role", "name", "arn"),
    [
        ({}, "deploy", f"arn:aws:iam::{DESTINATION}:role/deploy"),
        ({"name": "x"}, "x", f"arn:aws:iam::{DESTINATION}:role/x"),
        ({"path": "/team/"}, "deploy", f"arn:aws:iam::{DESTINATION}:role/team/deploy"),
    ],
)
def test_a_roles_name_is_the_grants_by_default(role: dict[str, str], name: str, arn: str) -> None:
    grant = read_model(GrantModel, {"role": role} | ALICE)
    assert grant.role_name("deploy") == name
    assert grant.role_arn("deploy", "aws", DESTINATION) == arn


# Grants together


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
    access.check_accounts({"source": SOURCE, "destination": DESTINATION})
    of_source = refusal(
        lambda source: access.check_accounts({"source": source, "destination": DESTINATION}), OTHER
    )
    assert (of_source.where, of_source.value) == (("grants", "a", "principals", 0), SOURCE)
    of_destination = refusal(
        lambda destination: access.check_accounts({"source": SOURCE, "destination": destination}),
        OTHER,
    )
    assert of_destination.where == ("grants", "a", "role", "managed_policies", 0)
