"""What a killed update was creating."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cross_account_access.cli.fleet.pending_creates import (
    adopt_pending_creates,
    find_strangers,
    has_unrecorded,
    list_unconfirmed,
)
from cross_account_access.cli.terminal import Failure

ACCOUNT = "111111111111"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/p"
DOCUMENT = '{"Version":"2012-10-17","Statement":[]}'
ROLE = "aws:iam/role:Role"


def pending(kind: str, inputs: dict[str, Any], op: str = "creating") -> dict[str, Any]:
    return {"resource": {"urn": f"urn:{kind}", "type": kind, "inputs": inputs}, "type": op}


def state(*operations: dict[str, Any], resources: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {"resources": [*copy.deepcopy(resources)], "pending_operations": [*operations]}


@pytest.mark.parametrize(
    ("kind", "inputs", "import_id"),
    [
        (ROLE, {"name": "deploy", "path": "/team/"}, "deploy"),
        (
            "aws:iam/policy:Policy",
            {"name": "a-1f", "policy": "{}"},
            f"arn:aws:iam::{ACCOUNT}:policy/a-1f",
        ),
        (
            "aws:iam/policy:Policy",
            {"name": "a", "path": "/x/", "policy": "arn:aws-us-gov:iam::222222222222:role/r"},
            f"arn:aws-us-gov:iam::{ACCOUNT}:policy/x/a",
        ),
        ("aws:iam/rolePolicy:RolePolicy", {"role": "r", "name": "p"}, "r:p"),
        (
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {"role": "r", "policyArn": POLICY},
            f"r/{POLICY}",
        ),
        (
            "aws:iam/userPolicyAttachment:UserPolicyAttachment",
            {"user": "u", "policyArn": POLICY},
            f"u/{POLICY}",
        ),
        (
            "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
            {"group": "g", "policyArn": POLICY},
            f"g/{POLICY}",
        ),
    ],
)
def test_a_resource_is_put_into_the_state_by_its_import_id(
    kind: str, inputs: dict[str, Any], import_id: str
) -> None:
    deployment = state(pending(kind, inputs))
    assert has_unrecorded(deployment)
    adopt_pending_creates(deployment, ACCOUNT)
    (resource,) = deployment["resources"]
    assert (resource["id"], resource["inputs"], resource["outputs"]) == (import_id, inputs, {})
    assert deployment["pending_operations"] == []
    # Until AWS was asked, which a kill may prevent.
    assert has_unrecorded(deployment)
    assert list_unconfirmed(deployment) == [resource]
    resource["outputs"] = {"arn": "x"}
    assert not has_unrecorded(deployment)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("pulumi:providers:aws", {"region": "us-east-1"}),
        ("aws:iam/policyAttachment:PolicyAttachment", {"name": "n", "policyArn": POLICY}),
        (ROLE, {"name": {"4dabf18193072939515e22adb298388d": "secret"}}),
        ("aws:iam/userPolicyAttachment:UserPolicyAttachment", {"policyArn": POLICY}),
    ],
)
def test_what_aws_has_no_id_for_is_made_again(kind: str, inputs: dict[str, Any]) -> None:
    deployment = state(pending(kind, inputs))
    adopt_pending_creates(deployment, ACCOUNT)
    assert deployment == {"resources": [], "pending_operations": []}


@pytest.mark.parametrize("op", ["updating", "deleting", "reading"])
def test_other_operations_are_the_engines(op: str) -> None:
    assert not has_unrecorded(state(pending(ROLE, {"name": "r"}, op)))


def test_what_is_replaced_goes_after_its_replacement() -> None:
    old = {"urn": f"urn:{ROLE}", "type": ROLE, "id": "old", "inputs": {}, "outputs": {"arn": "x"}}
    deployment = state(pending(ROLE, {"name": "new"}), resources=(old,))
    adopt_pending_creates(deployment, ACCOUNT)
    assert [(one["id"], one.get("delete")) for one in deployment["resources"]] == [
        ("old", True),
        ("new", None),
    ]


def test_a_policy_of_an_unknown_account_is_not_forgotten() -> None:
    with pytest.raises(Failure):
        adopt_pending_creates(state(pending("aws:iam/policy:Policy", {"name": "a"})), None)


@pytest.mark.parametrize(
    ("found", "is_stranger"),
    [
        ({"assumeRolePolicy": DOCUMENT.replace(",", ", ")}, False),
        ({"assumeRolePolicy": '{"Version":"2012-10-17","Statement":[{}]}'}, True),
        ({}, True),
        (None, False),  # it doesn't exist
    ],
)
def test_a_role_that_was_there_before_is_a_stranger(
    found: dict[str, Any] | None, *, is_stranger: bool
) -> None:
    deployment = state(pending(ROLE, {"name": "r", "assumeRolePolicy": DOCUMENT}))
    adopt_pending_creates(deployment, ACCOUNT)
    unconfirmed = list_unconfirmed(deployment)
    resources = [] if found is None else [{"urn": f"urn:{ROLE}", "id": "r", "outputs": found}]
    strangers = find_strangers(unconfirmed, {"resources": resources})
    assert strangers == ([f"urn:{ROLE}"] if is_stranger else [])
