"""Held against an independent decision: over random fleets, every caller that a grant names gets
in to every destination that it names, and nobody else gets in anywhere."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access import InvalidArgs
from cross_account_access.iam.evaluator import Caller, Policy, Request, decide
from tests.component.fleet_oracle import (
    CALLS,
    OUTSIDE,
    Asker,
    draw_fleet,
    find_destinations,
    list_askers,
    should_get_in,
)
from tests.component.harness import attempt
from tests.component.programs import fleet, provider
from tests.component.world import World

if TYPE_CHECKING:
    from tests.component.engine_record import Run

EVERYTHING = Policy(
    "everything",
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
)
# Of a random fleet, what a grant may be refused for.
UNLUCKY = {"conditions-bypassed", "session-bypassed", "repeated-role-name", "empty"}
TARGETS = {
    "UserPolicyAttachment": "user",
    "RolePolicyAttachment": "role",
    "GroupPolicyAttachment": "group",
}
Attached = dict[tuple[str, str, str], list[Policy]]


def deploy(args: dict[str, Any], ids: dict[str, str], *, split: bool) -> list[Run] | None:
    """Deploy a fleet, by one program or by one for each account; None if it is refused."""
    runs = []
    for making in [[name] for name in ids] if split else [[*ids]]:
        accounts = {
            name: settings
            | {"account_id": ids[name]}
            | ({"provider": provider(name)} if name in making else {})
            for name, settings in args["accounts"].items()
        }
        found, error = attempt(fleet(args["grants"], accounts), world=World(accounts=ids))
        if isinstance(error, InvalidArgs):
            assert {problem.code for problem in error.problems} <= UNLUCKY, error
            return None
        if error:
            raise error
        runs.append(found)
    return runs


def draw(seed: int, *, split: bool) -> tuple[dict[str, Any], dict[str, str], list[Run]]:
    for attempted in range(50):
        args, ids = draw_fleet(seed * 100 + attempted)
        if args["grants"] and (runs := deploy(args, ids, split=split)):
            return args, ids, runs
    raise AssertionError("no fleet of fifty is taken")


def find_policies(runs: list[Run], ids: dict[str, str]) -> Attached:
    """What is attached, by account, kind and name."""
    attached: Attached = {}
    for found in runs:
        for kind, key in TARGETS.items():
            for made in found.of(kind):
                document = Policy(made.name, found.document("Policy", made.name))
                target = ids[made.provider], key, made.inputs[key]
                attached.setdefault(target, []).append(document)
    return attached


def find_roles(runs: list[Run], ids: dict[str, str]) -> dict[tuple[str, str], tuple[str, Policy]]:
    """Each role's ARN and trust policy, by its grant and its account's name."""
    return {
        (made.name.removeprefix("team-").rpartition("@")[0], made.provider): (
            f"arn:aws:iam::{ids[made.provider]}:role/{made.inputs['name']}",
            Policy("trust", json.loads(made.inputs["assumeRolePolicy"])),
        )
        for found in runs
        for made in found.of("Role")
    }


def as_caller(who: Asker, policies: list[Policy]) -> Caller:
    kind = "role" if who.session else "user"
    principal = f"arn:aws:iam::{who.account}:{kind}/{who.name}"
    arn = (
        f"arn:aws:sts::{who.account}:assumed-role/{who.name}/{who.session}"
        if who.session
        else principal
    )
    unique_id = f"AROA{who.name}:{who.session}" if who.session else f"AIDA{who.name}"
    return Caller(arn, unique_id, principal, tuple(policies))


def with_own_policies(who: Asker, attached: Attached) -> Caller:
    own = [(who.account, "role" if who.session else "user", who.name)]
    own += [(who.account, "group", group) for group in who.groups]
    return as_caller(who, [policy for target in own for policy in attached.get(target, [])])


@pytest.mark.parametrize("split", [False, True], ids=["one program", "a program each"])
@pytest.mark.parametrize("seed", range(8))
def test_exactly_whom_the_grants_name_gets_in_exactly_where_they_say(
    seed: int, *, split: bool
) -> None:
    args, ids, runs = draw(seed, split=split)
    roles, attached = find_roles(runs, ids), find_policies(runs, ids)
    assert set(roles) == {
        (name, account)
        for name, grant in args["grants"].items()
        for account in find_destinations(args, grant)
    }
    askers = [who for account in [*ids.values(), OUTSIDE] for who in list_askers(account)]
    wrong, entered = [], 0
    for ((name, _), (arn, trust)), who, call, omnipotent in product(
        roles.items(), askers, CALLS, (False, True)
    ):
        caller = as_caller(who, [EVERYTHING]) if omnipotent else with_own_policies(who, attached)
        allowed = decide(caller, Request("sts:AssumeRole", arn, call.context), trust).allowed
        entered += allowed
        grant = args["grants"][name]
        if allowed != should_get_in(grant, ids, who, call, omnipotent=omnipotent):
            wrong.append((name, arn, caller.arn, omnipotent, call, allowed))
    assert wrong == []
    assert entered
