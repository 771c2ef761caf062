"""What can be wrong between the parts of a grant, and between the grants of a pair of accounts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access import Side
from cross_account_access.grants import AccessModel, GrantModel, GrantSet, TrustModel
from cross_account_access.model import Later, read
from tests.unit.reading import DESTINATION, OTHER, SOURCE, messages, problems, refusal

if TYPE_CHECKING:
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
        ([{"user": "alice"}, {"user": "team/alice"}], "principals[1]", "alice"),
        ([{"user": "alice"}, user("alice")], "principals[1]", "alice"),
        ([{"role": "ci"}, {"role": "x"}, {"role": "CI"}, {"role": "y"}], "principals[2]", "CI"),
        ([{"user": Later(), "label": "a"}, {"user": Later(), "label": "A"}], "principals[1]", "A"),
        ([{"user": Later(), "label": "alice"}, {"user": "alice"}], "principals[1]", "alice"),
        ([{"user": "alice", "label": "one"}, {"user": "alice", "label": "two"}], "principals[1]", "alice"),
        ([{"user": "alice", "label": "one"}, user("alice")], "principals[1]", "alice"),
    ],
)
def test_a_principal_stands_in_a_grant_once(principals: list[Any], path: str, value: str) -> None:
    assert messages(TrustModel, {"principals": principals}) == [f'{path}: "{value}": {ONCE}.']


@pytest.mark.parametrize(
    "principals",
    [
        [{"user": "ci"}, {"role": "ci"}],
        [{"user": "alice"}, {"user": "alice2"}],
        [{"arn": Later(), "label": "x"}, {"user": Later(), "label": "x"}],
    ],
)
def test_a_user_and_a_role_may_have_one_name(principals: list[Any]) -> None:
    assert len(read(TrustModel, {"principals": principals}).principals) == 2


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
        ([{"role": Later(), "label": "ci"}], "principals[0]", ""),
    ],
)
@pytest.mark.parametrize("conditions", [{"mfa": True}, {"mfa_max_age": 60}])
def test_mfa_is_not_asked_of_a_role(principals: list[Any], path: str, value: str, conditions: dict[str, Any]) -> None:
    (problem,) = problems(TrustModel, {"principals": principals, "conditions": conditions})
    assert (problem.path, problem.value) == (path, value)
    assert problem.rule == "a role's sessions carry no MFA, so that requiring it would lock the role out"
    assert problem.remedy == "Give the role a grant of its own, without an MFA condition"


@pytest.mark.parametrize(
    ("principal", "conditions"),
    [
        ({"user": "alice"}, {"mfa": True}),
        ({"role": "ci"}, {"mfa": False}),
        ({"role": "ci"}, {"external_id": "partner-7f3a"}),
        ({"arn": Later(), "label": "x"}, {"mfa": True}),
    ],
)
def test_other_conditions_of_a_role_and_mfa_of_a_user_are_taken(principal: Any, conditions: dict[str, Any]) -> None:
    assert read(TrustModel, {"principals": [principal], "conditions": conditions}).conditions is not None


def test_a_grants_principals_are_of_one_account() -> None:
    assert messages(TrustModel, {"principals": [user("alice"), {"user": "bob"}, user("carol", OTHER)]}) == [
        f"principals: a grant's principals are of one source account; here are {SOURCE}, {OTHER}."
    ]


def test_a_trust_policy_that_is_too_large_is_refused_as_soon_as_it_is_known() -> None:
    names = [f"user-{n:03}" for n in range(60)]
    (problem,) = problems(GrantModel, {"principals": [{"user": name} for name in names]})
    arn = f"arn:aws:iam::{SOURCE}:user/user-000"
    assert problem.path == "principals"
    assert problem.rule.startswith("a trust policy has at most 2048 characters without white space, this one ")
    assert problem.rule.endswith(f": 60 principals with ARNs of up to {len(arn)}")
    assert (
        problem.remedy == "Make two grants of it, each with a role of its own, or let people share a role to come from"
    )


def test_the_trust_policy_holds_what_is_known() -> None:
    trust = read(
        TrustModel,
        {
            "principals": [{"user": "alice"}, {"role": Later(), "label": "ci"}],
            "conditions": {"external_id": Later()},
        },
    )
    (statement,) = json.loads(trust.trust_policy("aws", SOURCE, ()))["Statement"]
    assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{SOURCE}:user/alice"]}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": ""}}
    nobody = read(TrustModel, {"principals": [{"role": Later(), "label": "ci"}]})
    assert nobody.trust_policy("aws", SOURCE) == ""


def test_the_trust_policy_of_another_partition_and_account_names_its_arns() -> None:
    trust = read(TrustModel, ALICE).trust_policy("aws-us-gov", OTHER)
    assert json.loads(trust)["Statement"][0]["Principal"] == {"AWS": [f"arn:aws-us-gov:iam::{OTHER}:user/alice"]}


@pytest.mark.parametrize(
    ("role", "name", "arn"),
    [
        ({}, "deploy", f"arn:aws:iam::{DESTINATION}:role/deploy"),
        ({"name": "x"}, "x", f"arn:aws:iam::{DESTINATION}:role/x"),
        ({"path": "/team/"}, "deploy", f"arn:aws:iam::{DESTINATION}:role/team/deploy"),
    ],
)
def test_a_roles_name_is_the_grants_by_default(role: dict[str, str], name: str, arn: str) -> None:
    grant = read(GrantModel, {"role": role} | ALICE)
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
            grants(a={"role": {"name": "x", "path": "/one/"}}, b={"role": {"name": "X", "path": "/two/"}}),
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
            'grants.a b: "a b": a grant\'s name has 1–64 characters: letters, digits and _+=,.@-.',
        ),
        (
            {"grants": {"x" * 65: ALICE}},
            f'grants.{"x" * 65}: "{"x" * 65}": a grant\'s name has 1–64 characters: letters, digits and _+=,.@-.',
        ),
        ({"grants": {5: ALICE}}, "grants.5: 5: a grant's name is text. Put it in quotes"),
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
        (grants(a={}) | {"source_account_id": "1"}, 'source_account_id: "1": an account ID has 12 characters: digits.'),
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
        grants(a=names_of({"user": Later(), "label": "alice"}), b={}),
        grants(a=names_of(user("alice", OTHER))) | {"source_account_id": OTHER},
        grants(a={}) | {"side": "source", "destination_account_id": DESTINATION},
        grants(a={}) | {"side": "destination", "source_account_id": SOURCE},
    ],
)
def test_what_is_right_between_grants_is_taken(args: dict[str, Any]) -> None:
    assert set(read(AccessModel, args).grants) == set(args["grants"])


@pytest.mark.parametrize("side", [*Side, "both", "source", "destination"])
def test_a_side_may_be_pulumis_enum(side: Enum | str) -> None:
    ids = {"source_account_id": SOURCE, "destination_account_id": DESTINATION}
    assert read(AccessModel, grants(a={}) | {"side": side} | ids).side == str(getattr(side, "value", side))


def test_the_grants_are_checked_against_the_accounts_once_those_are_known() -> None:
    own = f"arn:aws:iam::{DESTINATION}:policy/x"
    access = read(AccessModel, grants(a={"role": {"managed_policies": [own]}} | names_of(user("alice"))))
    access.check_accounts(SOURCE, DESTINATION)
    of_source = refusal(lambda source: access.check_accounts(source, DESTINATION), OTHER)
    assert (of_source.where, of_source.value) == (("grants", "a", "principals", 0), SOURCE)
    of_destination = refusal(lambda destination: access.check_accounts(SOURCE, destination), OTHER)
    assert of_destination.where == ("grants", "a", "role", "managed_policies", 0)


def test_whoever_has_accounts_says_where_their_ids_stand() -> None:
    with pytest.raises(NotImplementedError):
        read(GrantSet, grants(a={}))
