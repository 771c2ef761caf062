"""What can be wrong between the parts of a grant, and between the grants of a pair of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access import Side
from cross_account_access.errors import InvalidInput
from cross_account_access.grants.grant import AccessModel, GrantModel, TrustModel
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.trust import build_trust_policy, get_effective_conditions
from tests.unit.reading import DESTINATION, OTHER, QUOTES, SOURCE, messages, problems, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import Enum

ALICE: dict[str, Any] = {"principals": [{"user": "alice"}]}


def user(name: str, account: str = SOURCE) -> dict[str, str]:
    """A principal by its ARN."""
    return {"arn": f"arn:aws:iam::{account}:user/{name}"}


# One grant

ONCE = "a principal stands in a grant once; names are unique ignoring case, whatever the path"


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
        ([{"user": "alice", "label": "one"}, user("alice")], "principals[1]", user("alice")["arn"]),
    ],
)
def test_a_principal_stands_in_a_grant_once(principals: list[Any], path: str, value: str) -> None:
    assert messages(TrustModel, {"principals": principals}) == [f'{path}: "{value}": {ONCE}.']


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
        ([{"user": "alice"}, {"role": "ci"}], "principals[1]", '"ci"'),
        (
            [{"arn": f"arn:aws:iam::{SOURCE}:role/ci"}],
            "principals[0]",
            f'"arn:aws:iam::{SOURCE}:role/ci"',
        ),
        ([{"role": Unresolved(), "label": "ci"}], "principals[0]", '"ci"'),
    ],
)
@pytest.mark.parametrize("conditions", [{"mfa": True}, {"mfa_max_age": 60}])
def test_mfa_is_not_asked_of_a_role(
    principals: list[Any], path: str, value: str, conditions: dict[str, Any]
) -> None:
    (problem,) = problems(TrustModel, {"principals": principals, "conditions": conditions})
    assert (problem.path, problem.value) == (path, value)
    assert problem.rule == "a role's sessions carry no MFA, so that requiring it would lock it out"
    assert problem.remedy == "Give it conditions of its own with MFA false, or a grant of its own"


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
    assert messages(
        TrustModel, {"principals": [user("alice"), {"user": "bob"}, user("carol", OTHER)]}
    ) == [f"principals: a grant's principals are of one source account. Here are {SOURCE}, {OTHER}"]


def test_a_trust_policy_that_is_too_large_is_refused_as_soon_as_it_is_known() -> None:
    names = [f"user-{n:03}" for n in range(60)]
    (problem,) = problems(GrantModel, {"principals": [{"user": name} for name in names]})
    assert problem.path == "principals"
    assert problem.rule.startswith(
        "a trust policy has at most 2048 characters without white space, this one "
    )
    assert problem.rule.endswith(": 60 principals in 1 statement")
    assert problem.remedy.startswith("Make two grants of it, each with a role of its own; or ")


def test_principals_that_are_not_known_yet_do_not_hide_that_the_others_are_too_many() -> None:
    names = [f"user-{n:03}" for n in range(60)]
    later: list[dict[str, Any]] = [{"user": Unresolved(), "label": "x"}]
    data = {
        "principals": [*later, *({"user": name} for name in names)],
        "conditions": {"external_id": Unresolved()},
    }
    (problem,) = problems(TrustModel, data)
    assert problem.path == "principals"
    assert problem.rule.endswith(": 60 principals in 1 statement")
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
    (problem,) = problems(TrustModel, data)
    assert problem.path == "principals[1].conditions.source_ips"
    assert problem.rule.startswith("a request through a VPC endpoint has no source IP")


def test_what_a_principal_says_itself_is_told_where_it_stands_beside_one_that_is_not_known() -> (
    None
):
    raw = {"raw": {"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/x"]}}}
    principals = [{"user": Unresolved(), "label": "x"}, {"permission_set": "Admin"}]
    assert messages(TrustModel, {"principals": principals, "conditions": raw}) == [
        (
            'principals[1]: "Admin": ArnLike of aws:PrincipalArn stands there already, by another condition. '
            "The principal itself says it: leave it out of the conditions"
        )
    ]


@pytest.mark.parametrize(
    ("principal", "told"),
    [
        ({"role": "ci"}, "a role's sessions carry"),
        ({"session": "ci/build-7"}, "a session carries"),
        ({"permission_set": "Admin"}, "a permission set's sessions carry"),
    ],
)
@pytest.mark.parametrize("conditions", [{"mfa": True}, {"mfa_max_age": 60}])
def test_the_advice_to_let_one_principal_in_without_mfa_works(
    principal: dict[str, Any], told: str, conditions: dict[str, Any]
) -> None:
    alice = {"user": "alice"}
    (problem,) = problems(TrustModel, {"principals": [alice, principal], "conditions": conditions})
    assert problem.rule.startswith(f"{told} no MFA, ")
    assert problem.remedy.startswith("Give it conditions of its own with MFA false")
    own = principal | {"conditions": {"mfa": False}}
    trust = read_model(TrustModel, {"principals": [alice, own], "conditions": conditions})
    needs = [
        under.needs_mfa
        for p in trust.principals
        if (under := get_effective_conditions(p, trust.conditions))
    ]
    assert needs == [True, False]


def test_a_session_name_after_the_user_is_for_users_alone() -> None:
    conditions = {"session_names": ["${aws:username}"]}
    assert messages(
        TrustModel, {"principals": [{"user": "a"}, {"group": "devs"}], "conditions": conditions}
    ) == [
        (
            'principals[1]: "devs": only a user has an aws:username, so that a session name with it would lock others '
            "out. Give it conditions of its own with another session name, or a grant of its own"
        )
    ]


@pytest.mark.parametrize(
    "principal", [{"role": "ci"}, {"session": "ci/build-7"}, {"permission_set": "Admin"}]
)
def test_a_session_that_role_chaining_would_cut_short_is_refused(principal: dict[str, Any]) -> None:
    role = {"role": {"max_session_duration": 7200}}
    assert messages(GrantModel, {"principals": [principal]} | role) == [
        (
            "role.max_session_duration: 7200: a session that a role's session assumed lasts at most 3600 seconds (role "
            "chaining), and all of the principals are such. Leave it out"
        )
    ]
    assert (
        read_model(GrantModel, {"principals": [principal, {"user": "alice"}]} | role).chained
        is False
    )


@pytest.mark.parametrize("former", ["deploy", "other/deploy"])
def test_a_former_name_is_a_grants_or_a_components_and_a_grants(former: str) -> None:
    assert read_model(GrantModel, ALICE | {"formerly": [former]}).formerly == [former]


@pytest.mark.parametrize("former", ["", "/deploy", "a b", "other/", 5])
def test_another_former_name_is_refused(former: object) -> None:
    (problem,) = problems(GrantModel, ALICE | {"formerly": [former]})
    assert problem.path == "formerly[0]"


@pytest.mark.parametrize(
    ("imports", "path"),
    [
        ([], "imports"),
        ({"Role": "deploy"}, "imports.Role"),
        ({"Role/": "deploy"}, "imports.Role/"),
        ({"/x": "deploy"}, "imports./x"),
        ({"Role/x": ""}, "imports.Role/x"),
        ({"Role/x": 5}, "imports.Role/x"),
    ],
)
def test_imports_are_ids_by_type_and_name(imports: object, path: str) -> None:
    (problem,) = problems(AccessModel, grants(a={}) | {"imports": imports})
    assert problem.path == path
    assert problem.rule == "imports are import IDs by TYPE/NAME, such as Role/access-deploy: deploy"
    assert read_model(AccessModel, grants(a={}) | {"imports": {"Role/x": "deploy"}}).imports == {
        "Role/x": "deploy"
    }


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


OWN_NAMES = "roles of an account have names of their own, ignoring case; grant"
TAKES = f"a role takes policies of AWS's and of its own account, {DESTINATION}"
SPELL = "Spell its path and name as IAM shows them"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            grants(a={"role": {"name": "Deploy"}}, deploy={}),
            f'grants.deploy.role.name: "deploy": {OWN_NAMES} a has this one.',
        ),
        (
            grants(Deploy={}, deploy={}),
            f'grants.deploy.role.name: "deploy": {OWN_NAMES} Deploy has this one.',
        ),
        (
            grants(
                a={"role": {"name": "x", "path": "/one/"}},
                b={"role": {"name": "X", "path": "/two/"}},
            ),
            f'grants.b.role.name: "X": {OWN_NAMES} a has this one.',
        ),
        (
            grants(a={}, b=names_of({"user": "Alice"})),
            f'grants.b.principals[0]: "/Alice": the same principal is /alice in another grant. {SPELL}',
        ),
        (
            grants(a=names_of({"user": "bob"}, {"role": "t/ci"}), b=names_of({"role": "ci"})),
            f'grants.b.principals[0]: "/ci": the same principal is /t/ci in another grant. {SPELL}',
        ),
        ({"grants": {}}, "grants: {}: this must not be empty."),
        ({}, "grants: this key is required."),
        ({"grants": []}, "grants: []: this must be a map."),
        (
            {"grants": {"a b": ALICE}},
            'grants.a b: "a b": a grant\'s name must have 1–64 characters: letters, digits and _+=,.@-.',
        ),
        (
            {"grants": {"x" * 65: ALICE}},
            f'grants.{"x" * 65}: "{"x" * 65}": a grant\'s name must have 1–64 characters: letters, digits and _+=,.@-.',
        ),
        ({"grants": {5: ALICE}}, f"grants.5: 5: a grant's name must be a string. {QUOTES}"),
        ({"grants": {"a": None}}, "grants.a: null: this must be an object with keys of its own."),
        (grants(a={}) | {"side": "left"}, 'side: "left": a side is both, source or destination.'),
        (grants(a={}) | {"side": 5}, "side: 5: a side is both, source or destination."),
        (
            grants(a={}) | {"side": "source", "source_account_id": SOURCE},
            "destination_account_id: side source needs the other account's ID. Add the key",
        ),
        (
            grants(a={}) | {"side": "destination", "destination_account_id": DESTINATION},
            "source_account_id: side destination needs the other account's ID. Add the key",
        ),
        (
            grants(a={}) | {"source_account_id": SOURCE, "destination_account_id": SOURCE},
            (
                f'destination_account_id: "{SOURCE}": source and destination are two accounts. '
                "Inside one account an identity policy is enough"
            ),
        ),
        (
            grants(a=names_of(user("alice", OTHER))) | {"source_account_id": SOURCE},
            (
                f'grants.a.principals[0]: "{OTHER}": a principal is of the source account, {SOURCE}. '
                "Another source account takes another stack, or another CrossAccountAccess"
            ),
        ),
        (
            grants(a=names_of(user("alice")), b=names_of(user("bob", OTHER))),
            (
                f'grants.b.principals[0]: "{OTHER}": a principal is of the source account, {SOURCE}. '
                "Another source account takes another stack, or another CrossAccountAccess"
            ),
        ),
        (
            grants(a={"role": {"managed_policies": [f"arn:aws:iam::{OTHER}:policy/x"]}})
            | {"destination_account_id": DESTINATION},
            f'grants.a.role.managed_policies[0]: "arn:aws:iam::{OTHER}:policy/x": {TAKES}.',
        ),
        (
            grants(a={"role": {"permissions_boundary": f"arn:aws:iam::{SOURCE}:policy/x"}})
            | {"destination_account_id": DESTINATION},
            f'grants.a.role.permissions_boundary: "arn:aws:iam::{SOURCE}:policy/x": {TAKES}.',
        ),
        (
            grants(a={}) | {"source_account_id": "1"},
            'source_account_id: "1": an account ID must have 12 characters: digits.',
        ),
    ],
)
def test_what_is_wrong_between_grants_is_refused(args: dict[str, Any], message: str) -> None:
    assert messages(AccessModel, args) == [message]


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
    access.check_accounts(SOURCE, DESTINATION)
    of_source = refusal(lambda source: access.check_accounts(source, DESTINATION), OTHER)
    assert (of_source.where, of_source.value) == (("grants", "a", "principals", 0), SOURCE)
    of_destination = refusal(lambda destination: access.check_accounts(SOURCE, destination), OTHER)
    assert of_destination.where == ("grants", "a", "role", "managed_policies", 0)
