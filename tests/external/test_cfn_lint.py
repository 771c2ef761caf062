"""CloudFormation's linter, which knows IAM's grammar and actions, accepts every document.

It is asked once for many documents, since one template holds them all.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import stack_config
from cross_account_access.errors import InvalidInput
from cross_account_access.grants import policies
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.trust import build_trust_policy, get_allowed_actions
from cross_account_access.iam.identity_policy import check_identity_policy
from tests.linting import lint_template
from tests.unit.grants import grant_conditions, grant_principals
from tests.unit.grants.grant_oracle import SOURCE
from tests.unit.grants.grant_worlds import ROLE, grants
from tests.unit.grants.test_packing import PLAIN, pack, some_roles

if TYPE_CHECKING:
    from collections.abc import Iterable

PROJECT = Path(__file__).parents[2]
STACKS = [PROJECT / "Pulumi.dev.yaml", *sorted((PROJECT / "examples").rglob("Pulumi.*.yaml"))]
CASES = [*grant_principals.CASES, *grant_conditions.CASES]
# No more resources than a template may have.
MOST = 500


def role(document: str) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": json.loads(document)},
    }


def managed_policy(document: str) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": json.loads(document)},
    }


def complaints(resources: Iterable[dict[str, Any]]) -> list[str]:
    """What the linter says against a template of these."""
    found = {f"R{number}": resource for number, resource in enumerate(resources)}
    assert 0 < len(found) <= MOST
    template = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": found})
    return lint_template(template)


def halves(model: GrantModel, partition: str = "aws") -> list[dict[str, Any]]:
    """Both documents of a grant."""
    actions = sorted(
        {action for p in model.principals for action in get_allowed_actions(p, model.conditions)}
    )
    # Names of accounts stand for IDs there.
    principals = [one.located_in(one.known_account or SOURCE) for one in model.principals]
    own_role = model.own_role_arn("x", partition, "222222222222")
    return [
        role(build_trust_policy(principals, model.conditions, partition, SOURCE, own_role)),
        managed_policy(
            policies.build_assume_role_policy([policies.AssumableRole(ROLE, tuple(actions))])
        ),
    ]


def move(grant: dict[str, Any], partition: str) -> GrantModel:
    """A grant whose principals are in a partition."""
    text = json.dumps(grant).replace("arn:aws:", f"arn:{partition}:")
    return read_model(GrantModel, json.loads(text))


def of_stack(file: Path) -> list[dict[str, Any]]:
    """The documents of a stack's config, inline policies too."""
    config = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    own = {key.partition(":")[2]: value for key, value in config.items()}
    checked = stack_config.check(own, folder=file.parent)
    found = [document for grant in checked.grants.values() for document in halves(grant)]
    inline = [
        document
        for grant in checked.grants.values()
        for document in grant.role.inline_policies.values()
    ]
    return found + [managed_policy(check_identity_policy(document)) for document in inline]


def test_the_documents_of_every_principal_condition_and_example_are_accepted() -> None:
    partitions = ("aws", "aws-cn", "aws-us-gov")
    documents = [
        document
        for case in CASES
        for partition in partitions
        for document in halves(move(case.grant, partition), partition)
    ]
    assert len(STACKS) >= 3
    assert (
        complaints(documents + [document for file in STACKS for document in of_stack(file)]) == []
    )


@settings(max_examples=2, deadline=None)
@given(st.lists(grants(), min_size=40, max_size=60))
def test_the_documents_of_any_grant_that_is_not_refused_are_accepted(
    several: list[dict[str, Any]],
) -> None:
    documents = []
    for grant in several:
        try:
            documents += halves(read_model(GrantModel, grant))
        except InvalidInput:
            continue
    assume(documents)
    assert complaints(documents) == []


@pytest.mark.parametrize("kinds", [1, 3])
def test_policies_of_many_roles_are_accepted(kinds: int) -> None:
    roles = some_roles(300, 45, PLAIN, kinds, seed=0)
    dealt = [
        policies.build_assume_role_policy(roles[name] for name in names) for names in pack(roles)
    ]
    assert len(dealt) >= 4
    assert complaints(map(managed_policy, dealt)) == []


GOOD = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:user/alice"},
    "Action": "sts:AssumeRole",
}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"Effect": "Alow"}, "E3530"),
    ({"Principal": {"AWS": "arn:aws:iam::1:user/alice"}}, "E3530"),
    ({"Action": "sts:AssumeRoles"}, "W3037"),
    ({"Condition": {"StringEqual": {"sts:ExternalId": "x"}}}, "E3530"),
    ({"Resource": "*"}, "E3530"),
]


def test_the_linter_would_find_what_is_wrong() -> None:
    """Else the tests before this one would prove nothing."""
    documents = [
        json.dumps({"Version": "2012-10-17", "Statement": [GOOD | wrong]}) for wrong, _ in WRONG
    ]
    told = complaints(map(role, documents))
    for number, (wrong, rule) in enumerate(WRONG):
        found = {line.partition(" ")[0] for line in told if f"'R{number}'" in line}
        assert found == {rule}, wrong
