"""Trust policies that the tests save, and how AWS shows or refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sandbox.conftest import DESTINATION, SOURCE, document, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Refusal, Stage


ALICE = f"arn:aws:iam::{SOURCE}:user/alice"
ROOT = f"arn:aws:iam::{SOURCE}:root"


def trust(principal: object, **more: Any) -> str:
    statement: dict[str, Any] = {"Principal": principal, "Action": "sts:AssumeRole"}
    return document(**statement | more)


def saved(stage: Stage, text: str) -> dict[str, Any]:
    """The trust policy of a new role, as AWS shows it."""
    stage.destination.create_role(RoleName="deploy", AssumeRolePolicyDocument=text)
    found: Any = stage.destination.get_role(RoleName="deploy")["Role"]["AssumeRolePolicyDocument"]
    return dict(found)


def principals(stage: Stage, role: str = "deploy", account: str = DESTINATION) -> Any:
    found: Any = stage.iam(account).get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    return found["Statement"][0]["Principal"]["AWS"]


def both_ways(stage: Stage, text: str) -> Refusal:
    """How a trust policy is refused, by CreateRole and by UpdateAssumeRolePolicy alike."""
    created = refusal(
        lambda: stage.destination.create_role(RoleName="deploy", AssumeRolePolicyDocument=text)
    )
    assert stage.destination.list_roles()["Roles"] == []
    stage.role("other", trusts=SOURCE)
    updated = refusal(
        lambda: stage.destination.update_assume_role_policy(RoleName="other", PolicyDocument=text)
    )
    assert (updated.code, updated.message) == (created.code, created.message)
    assert principals(stage, "other") == ROOT
    return created
