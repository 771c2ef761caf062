"""Whom a trust policy excludes as the stack writes it: decided by STS over HTTP.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.grants.model import read_model
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import build_trust_policy
from tests.sandbox.conftest import DESTINATION, SOURCE

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

ROLE = f"arn:aws:iam::{DESTINATION}:role/deploy"
EVE = f"arn:aws:iam::{SOURCE}:role/x/eve"


def save(stage: Stage, *principals: dict[str, Any]) -> None:
    """Save a role with the trust policy of these principals."""
    models = [read_model(PrincipalModel, principal) for principal in principals]
    document = build_trust_policy(models, None, "aws", SOURCE)
    stage.destination.create_role(RoleName="deploy", AssumeRolePolicyDocument=document)


def session(stage: Stage, name: str, path: str = "/") -> dict[str, Any]:
    """A session of a role of the source account, which may assume every role."""
    operator = stage.user(f"operator-of-{name}")
    role = stage.role(name, trusts=SOURCE, account=SOURCE, may="sts:*", Path=path)
    return stage.session(operator, role)


def test_who_is_excluded_is_refused_by_the_destination_and_nobody_else_is(stage: Stage) -> None:
    save(stage, {"account": SOURCE, "except_": ["mallory", EVE]})
    for keys in (
        stage.user("mallory", path="/team/"),
        session(stage, "mallory"),
        session(stage, "eve", "/x/"),
    ):
        found = stage.refused(keys, ROLE)
        assert (found.code, found.half) == ("AccessDenied", "destination")
        assert found.reason == "explicit deny in trust policy, statement 2"
    for keys in (
        stage.user("mallory2"),
        stage.user("Mallory-x"),
        stage.user("eve", path="/x/"),
        session(stage, "ci", "/mallory/"),
    ):
        assert stage.session(keys, ROLE)
    assert stage.refused(stage.user("bob", may=None), ROLE).half == "source"


def test_who_is_excluded_is_refused_whichever_statement_names_the_account(stage: Stage) -> None:
    save(
        stage,
        {"group": "devs", "except_": ["mallory"]},
        {"account": SOURCE},
        {"organization": "o-a1b2c3d4e5"},
    )
    found = stage.refused(stage.user("mallory"), ROLE, Tags=[{"Key": "team", "Value": "x"}])
    assert found.half == "destination"
    assert stage.session(stage.user("alice"), ROLE)


@pytest.mark.parametrize("name", ["Mallory", "mallor", "x-mallory"])
def test_another_name_excludes_nobody(stage: Stage, name: str) -> None:
    save(stage, {"account": SOURCE, "except_": [name]})
    assert stage.session(stage.user("mallory"), ROLE)
