"""What can be wrong between the parts of a grant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.errors import InvalidInput
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.trust import build_trust_policy, get_effective_conditions
from cross_account_access.grants.trust_model import TrustModel
from cross_account_access.grants.trusted_role import TrustedRoleModel
from tests.unit.reading import DESTINATION, OTHER, SOURCE, codes, problems

if TYPE_CHECKING:
    from collections.abc import Callable

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
    names = [f"user-{n:03}" for n in range(200)]
    later: list[dict[str, Any]] = [{"user": Unresolved(), "label": "x"}]
    data = {
        "principals": [*later, *({"user": name} for name in names)],
        "conditions": {"external_id": Unresolved()},
    }
    (problem,) = problems(TrustModel, data)
    assert (problem.code, problem.path) == ("trust-policy-too-long", "principals")
    assert ": 200 principals in 1 statement" in problem.rule
    assert len(read_model(TrustModel, {"principals": later}).principals) == 1


@pytest.mark.parametrize(
    "unique_id", [{}, {"unique_id": Unresolved()}, {"unique_id": "AIDA" + "0" * 16}]
)
def test_the_trust_policy_keeps_room_for_the_unique_ids_until_they_are_known(
    unique_id: dict[str, Any],
) -> None:
    def trust(length: int) -> TrustModel:
        users = [{"user": f"user-{n:03}"} | unique_id for n in range(44)]
        data = {"source_account_id": SOURCE, "principals": [*users, {"user": "x" * length}]}
        return read_model(TrustedRoleModel, data)

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


_REPLACED = (
    ": role.name isn't set, so that the first `pulumi up` under the new name replaces the role by "
    "one named deploy; role.name "
)


@pytest.mark.parametrize(
    ("former", "role", "line"),
    [
        ([], {}, None),
        (["ship"], {"name": "ship"}, "ship: nothing is re-made for the new name"),
        (["ship"], {}, f"ship{_REPLACED}ship, set before, keeps it"),
        (
            ["ship", "old/release"],
            {},
            f"ship and old/release{_REPLACED}ship or release, set before, keeps it",
        ),
        (
            ["old/deploy"],
            {},
            "old/deploy: the role is kept; its principals' policies are created again here",
        ),
        (
            ["old/ship"],
            {"name": "ship"},
            "old/ship: the role is kept; its principals' policies are created again here",
        ),
    ],
)
def test_a_renamed_grant_says_what_its_new_name_changes(
    former: list[str], role: dict[str, str], line: str | None
) -> None:
    grant = read_model(GrantModel, ALICE | {"formerly": former, "role": role})
    assert grant.describe_rename("deploy") == (line and f"grant deploy was {line}")


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
