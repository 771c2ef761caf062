"""A principal's roles in many accounts, as the components make its policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws
import pytest

from cross_account_access import MultiAccountAccess
from tests.component.harness import run
from tests.component.programs import assume_role_grant, outputs
from tests.component.refusals import refused_at_once

if TYPE_CHECKING:
    from tests.component.harness import Program

ACCOUNTS = {f"account-{number}": f"{900000000000 + number}" for number in range(100)}
NAMES = ("audit", "deploy")


def in_many_accounts(principal: dict[str, str], policies: int) -> Program:
    """Two roles in each of the accounts, of which only the source's part is made."""

    def program() -> dict[str, Any]:
        accounts: dict[str, Any] = {
            name: {"account_id": account, "groups": ["workloads"]}
            for name, account in ACCOUNTS.items()
        }
        accounts["people"] = {"provider": aws.Provider("source", region="us-east-1")}
        grant = {"source": "people", "destinations": ["workloads"], "principals": [principal]}
        args: Any = {
            "accounts": accounts,
            "grants": dict.fromkeys(NAMES, grant),
            "limits": {"policies_per_user": policies},
        }
        return outputs(MultiAccountAccess("team", args))

    return program


PRINCIPALS = [{"group": "developers"}, {"user": "alice"}]


@pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])
@pytest.mark.parametrize("principal", PRINCIPALS, ids=str)
def test_a_principals_roles_in_many_accounts_are_said_by_names_and_accounts(
    principal: dict[str, str], *, preview: bool
) -> None:
    found = run(in_many_accounts(principal, 1), preview=preview)
    (statement,) = found.document("Policy")["Statement"]
    assert statement["Resource"] == [f"arn:aws:iam::*:role/{name}" for name in NAMES]
    assert statement["Condition"] == {
        "StringEquals": {"aws:ResourceAccount": sorted(ACCOUNTS.values())}
    }


def test_they_are_said_by_their_arns_where_these_fit() -> None:
    found = run(in_many_accounts({"user": "alice"}, 10))
    policies = [json.loads(one.inputs["policy"]) for one in found.of("Policy")]
    statements = [statement for policy in policies for statement in policy["Statement"]]
    assert len(policies) > 1
    assert not any("Condition" in statement for statement in statements)
    assert sorted(arn for statement in statements for arn in statement["Resource"]) == sorted(
        f"arn:aws:iam::{account}:role/{name}" for account in ACCOUNTS.values() for name in NAMES
    )


def test_an_assume_role_grant_alone_says_known_arns_so_too() -> None:
    arns = {
        f"{name}@{label}": f"arn:aws:iam::{account}:role/{name}"
        for label, account in ACCOUNTS.items()
        for name in NAMES
    }
    found = run(assume_role_grant(role_arns=arns, limits={"policies_per_user": 1}))
    (statement,) = found.document("Policy")["Statement"]
    assert statement["Resource"] == [f"arn:aws:iam::*:role/{name}" for name in NAMES]


def test_roles_without_a_likeness_are_refused_before_anything_is_made() -> None:
    arns = {f"r{number}": f"arn:aws:iam::900000000000:role/r{number}" for number in range(400)}
    refused_at_once(
        assume_role_grant(role_arns=arns, limits={"policies_per_user": 1}),
        "AssumeRoleGrant reach",
        ("role_arns", "too-many-roles"),
    )
