"""A role that assumes itself, and sessions that are ended, as AWS decides them.

- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.grants.generated_policies import (
    ASSUMES_ITSELF,
    REVOKES_SESSIONS,
    build_own_policy,
    build_revocation,
    format_time,
)
from cross_account_access.grants.model import read_model
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import build_trust_policy
from tests.sandbox.conftest import DESTINATION, SOURCE, administrator

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

ROLE = f"arn:aws:iam::{DESTINATION}:role/deploy"


@pytest.fixture
def alice(stage: Stage) -> dict[str, Any]:
    """A user of the source account; the role that she may assume may assume itself."""
    keys = stage.user()
    alice = read_model(PrincipalModel, {"user": "alice"})
    trust = build_trust_policy([alice], None, "aws", SOURCE, ROLE)
    stage.destination.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust)
    put(stage, ASSUMES_ITSELF, build_own_policy(ROLE, ("sts:AssumeRole",)))
    return keys


def put(stage: Stage, name: str, policy: str) -> None:
    stage.destination.put_role_policy(RoleName="deploy", PolicyName=name, PolicyDocument=policy)


def end_sessions(stage: Stage, seconds: float) -> None:
    """End the role's sessions that were issued until some seconds after now."""
    now = datetime.fromtimestamp(stage.clock() + seconds, UTC)
    put(stage, REVOKES_SESSIONS, build_revocation(format_time(now)))


def test_the_role_assumes_itself_again_and_again(stage: Stage, alice: dict[str, Any]) -> None:
    first = stage.session(alice, ROLE)
    second = stage.session(first, ROLE)
    arn = stage.sts(stage.session(second, ROLE)).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{DESTINATION}:assumed-role/deploy/session"


def test_it_needs_its_own_policy_as_well(stage: Stage, alice: dict[str, Any]) -> None:
    session = stage.session(alice, ROLE)
    stage.destination.delete_role_policy(RoleName="deploy", PolicyName=ASSUMES_ITSELF)
    assert stage.refused(session, ROLE).half == "source"
    put(stage, ASSUMES_ITSELF, build_own_policy(ROLE, ("sts:AssumeRole",)))
    trust = json.loads(
        build_trust_policy([read_model(PrincipalModel, {"user": "alice"})], None, "aws", SOURCE)
    )
    stage.destination.update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(trust))
    assert stage.refused(session, ROLE).half == "destination"


def test_nobody_else_of_its_account_gets_in_nor_its_namesake(
    stage: Stage, alice: dict[str, Any]
) -> None:
    assert stage.session(alice, ROLE)
    administrator_there = administrator(DESTINATION)
    assert stage.refused(administrator_there, ROLE).half == "destination"
    for name, account in (("deploy-2", DESTINATION), ("deploy", SOURCE)):
        other = stage.role(name, trusts=account, account=account, may="sts:*")
        session = stage.session(administrator(account), other)
        assert stage.refused(session, ROLE).half == "destination"
    assert stage.refused(stage.user("bob"), ROLE).half == "destination"


def test_sessions_of_before_are_denied_and_those_of_after_are_not(
    stage: Stage, alice: dict[str, Any]
) -> None:
    before = stage.session(alice, ROLE)
    assert stage.session(before, ROLE)
    end_sessions(stage, 1)
    found = stage.refused(before, ROLE)
    assert (found.code, found.half) == ("AccessDenied", "source")
    assert "explicit deny in inline policy AWSRevokeOlderSessions" in (found.reason or "")
    stage.clock.offset += 2
    after = stage.session(alice, ROLE)
    assert stage.session(after, ROLE)
    assert stage.refused(before, ROLE).half == "source"


def test_a_session_that_renewed_itself_before_is_ended_too(
    stage: Stage, alice: dict[str, Any]
) -> None:
    renewed = stage.session(stage.session(alice, ROLE), ROLE)
    end_sessions(stage, 1)
    assert stage.refused(renewed, ROLE).half == "source"


def test_ended_sessions_can_assume_no_other_role_either(
    stage: Stage, alice: dict[str, Any]
) -> None:
    other = stage.role("other", trusts=ROLE)
    put(stage, "anything", build_own_policy("*", ("sts:AssumeRole",)))
    before = stage.session(alice, ROLE)
    assert stage.session(before, other)
    end_sessions(stage, 1)
    assert stage.refused(before, other).half == "source"


def test_without_the_policy_old_sessions_live_again(stage: Stage, alice: dict[str, Any]) -> None:
    before = stage.session(alice, ROLE)
    end_sessions(stage, 1)
    stage.refused(before, ROLE)
    stage.destination.delete_role_policy(RoleName="deploy", PolicyName=REVOKES_SESSIONS)
    assert stage.session(before, ROLE)


def test_a_time_in_the_future_denies_new_sessions_too(stage: Stage, alice: dict[str, Any]) -> None:
    end_sessions(stage, 60)
    assert stage.refused(stage.session(alice, ROLE), ROLE).half == "source"
    stage.clock.offset += 61
    assert stage.session(stage.session(alice, ROLE), ROLE)


def test_the_sessions_of_users_are_none_of_the_roles(stage: Stage, alice: dict[str, Any]) -> None:
    keys = dict(stage.sts(alice).get_session_token()["Credentials"])
    end_sessions(stage, 1)
    assert stage.session(keys, ROLE)
