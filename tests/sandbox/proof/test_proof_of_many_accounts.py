"""The proof notices whatever lets in too many, or too few, in one account of many."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

import stack_config
from cross_account_access.grants.fleet_set import FleetSet
from sandbox.aws.server import client
from sandbox.proof.access_proof import prove
from sandbox.proof.other_side import allow_principals, make_roles
from sandbox.proof.people import make_people
from tests.sandbox.commands import account_id, connection
from tests.sandbox.proof.test_proof import name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_iam import IAMClient

    from cross_account_access.grants.grant import GrantModel
    from sandbox.aws.server import Sandbox
    from sandbox.proof.role_attempts import ProofAttempt

ACCOUNTS = ("people", "ci", "production", "staging", "lab")
SOURCES = ["ci", "people"]
GRANTS = {
    "read": {
        "source": "people",
        "destinations": ["workloads"],
        "exclude": ["lab"],
        "principals": [{"user": "alice"}],
    },
    "deploy": {
        "source": "ci",
        "destinations": ["workloads"],
        "principals": [{"role": "deployer"}, {"user": "alice"}],
        "conditions": {"externalId": "ci-7f3a"},
    },
    "admin": {"source": "people", "destinations": ["staging"], "principals": [{"group": "admins"}]},
}
PEOPLE, CI, STAGING, LAB = map(account_id, ("people", "ci", "staging", "lab"))


class Fleet:
    """The parts of all accounts, made without Pulumi, and hands to break them with."""

    def __init__(self, accounts: Sandbox) -> None:
        self.accounts = accounts
        self._endpoint = accounts.endpoint

    def check(self, *only: str) -> Any:
        """The settings of a stack that makes these accounts' parts."""
        config: dict[str, Any] = {
            "accounts": {
                name: connection(account_id(name), self._endpoint)
                | {"groups": [] if name in SOURCES else ["workloads"]}
                for name in ACCOUNTS
            },
            "grants": GRANTS,
        }
        return stack_config.check(config | ({"only": [*only]} if only else {}))

    def prove(self, spoil: Callable[[Fleet], object]) -> list[ProofAttempt]:
        """The proof of what a change made of the parts."""
        self.accounts.reset()
        settings = self.check()
        role_arns = {
            settings.label_role((name, account)): f"arn:aws:iam::{account_id(account)}:role/{name}"
            for name, account in settings.roles
        }
        with make_people(self._endpoint, settings, keep=False) as people:
            make_roles(self._endpoint, self.check(*SOURCES))
            allow_principals(self._endpoint, self.check("production", "staging", "lab"), role_arns)
            spoil(self)
            return prove(self._endpoint, settings, role_arns, people)

    def iam(self, account: str) -> IAMClient:
        return client("iam", self._endpoint, account=account)

    def trust(self, account: str, role: str, *principals: str) -> None:
        """Trust these in a role, which is made where there is none."""
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": [*principals]},
            "Action": "sts:AssumeRole",
        }
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam = self.iam(account)
        if role in [one["RoleName"] for one in iam.list_roles()["Roles"]]:
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=text)
        else:
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=text)

    def allow(self, account: str, user: str, *roles: str) -> None:
        """Let a user assume roles."""
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [*roles]}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.iam(account).put_user_policy(UserName=user, PolicyName="all", PolicyDocument=text)


def close_staging(fleet: Fleet) -> None:
    """Leave the roles of staging out of the deployer's policy."""
    iam = fleet.iam(CI)
    arn = f"arn:aws:iam::{CI}:policy/sandbox-1-role-deployer"
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    text = json.dumps(version["Document"]).replace(STAGING, "999999999998")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)


def open_lab(fleet: Fleet) -> None:
    """Make the role in the account that its grant excludes, and let alice in there."""
    alice = f"arn:aws:iam::{PEOPLE}:user/alice"
    fleet.trust(LAB, "read", alice)
    fleet.allow(PEOPLE, "alice", f"arn:aws:iam::{LAB}:role/read")


def trust_namesake(fleet: Fleet) -> None:
    """Trust both called alice in production, and let the other one assume every role."""
    both = [f"arn:aws:iam::{account}:user/alice" for account in (PEOPLE, CI)]
    fleet.trust(account_id("production"), "read", *both)
    fleet.allow(CI, "alice", "*")


ALICE = f"arn:aws:iam::{PEOPLE}:user/alice"
SPOILT: dict[str, tuple[Callable[[Fleet], object], list[str]]] = {
    "nothing": (lambda _: None, []),
    "a trust of a whole source account in one destination": (
        lambda fleet: fleet.trust(STAGING, "read", PEOPLE),
        ["read@staging, sandbox-outsider of people: untrusted, same account"],
    ),
    "a trust of another source account in one destination": (
        lambda fleet: fleet.trust(STAGING, "read", ALICE, CI),
        ["read@staging, sandbox-outsider of ci: untrusted, another account"],
    ),
    "a trust of everybody in one destination": (
        lambda fleet: fleet.trust(STAGING, "read", "*"),
        [
            "read@staging, sandbox-outsider of people: untrusted, same account",
            "read@staging, sandbox-outsider of ci: untrusted, another account",
            "read@staging, sandbox-stranger of None: untrusted, another account",
        ],
    ),
    "a policy with a role of another grant": (
        lambda fleet: fleet.allow(PEOPLE, "alice", f"arn:aws:iam::{STAGING}:role/admin"),
        ["admin@staging, alice of people: principal of another grant"],
    ),
    "a role that is gone from one destination": (
        lambda fleet: fleet.iam(STAGING).delete_role(RoleName="read"),
        ["read@staging, alice of people: assumes the role"],
    ),
    "a policy without one destination": (
        close_staging,
        ["deploy@staging, deployer/sandbox of ci: assumes the role"],
    ),
    "a role in an excluded account": (open_lab, ["read@lab, alice of people: excluded account"]),
    "a trust of somebody of the same name": (
        trust_namesake,
        ["read@production, alice of ci: same name, another account"],
    ),
}


@pytest.fixture(scope="module")
def parts(running: Sandbox) -> Fleet:
    return Fleet(running)


@pytest.mark.parametrize(("spoil", "noticed"), SPOILT.values(), ids=SPOILT)
def test_what_is_wrong_in_one_account_is_noticed(
    spoil: Callable[[Fleet], object], noticed: list[str], parts: Fleet
) -> None:
    wrong = [attempt for attempt in parts.prove(spoil) if not attempt.holds]
    names = {account_id(name): name for name in ACCOUNTS}
    assert [
        f"{one.grant}, {name_of(one)} of {names.get(one.caller.split(':')[4])}: {one.attempt}"
        for one in wrong
    ] == noticed


def test_an_exclusion_that_is_forgotten_is_noticed(parts: Fleet) -> None:
    """Although the proof reads from the same config what access there is to be."""
    find = FleetSet._find_destinations

    def forget(settings: FleetSet, grant: GrantModel) -> tuple[str, ...]:
        return find(settings, grant.model_copy(update={"exclude": []}))

    with patch.object(FleetSet, "_find_destinations", forget):
        wrong = [attempt for attempt in parts.prove(lambda _: None) if not attempt.holds]
    assert [(one.grant, one.attempt, one.observed) for one in wrong] == [
        ("read@lab", "excluded account", "allowed")
    ]
