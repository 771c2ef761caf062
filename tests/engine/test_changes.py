"""What a change of the config changes in the accounts, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.conftest import POLICY, ROLE, TRUSTED_ROLE, Step, in_this_order, outcome

if TYPE_CHECKING:
    from tests.engine.conftest import Project

pytestmark = pytest.mark.engine


def alices(*names: str) -> dict[str, Any]:
    """Grants for one user."""
    return {name: {"principals": [{"user": "alice"}]} for name in names}


def backwards(value: Any) -> Any:
    """The same config, every map and list of it in the opposite order."""
    if isinstance(value, dict):
        return {key: backwards(inner) for key, inner in reversed(value.items())}
    return [backwards(inner) for inner in reversed(value)] if isinstance(value, list) else value


def test_a_changed_session_duration_is_one_update_and_nothing_else(project: Project) -> None:
    project.user()
    grants = {"deploy": {"principals": [{"user": "alice"}], "role": {"maxSessionDuration": 3600}}}
    run = project.deployed(project.config(grants))
    run.up()

    grants["deploy"]["role"] = {"maxSessionDuration": 7200}
    run.configure(project.config(grants))
    update = Step("update", ROLE, "access-deploy", ("maxSessionDuration",))
    assert run.preview() == [update]
    assert run.up() == [update]
    assert (
        project.iam(project.destination).get_role(RoleName="deploy")["Role"]["MaxSessionDuration"]
        == 7200
    )


def test_a_renamed_role_is_made_and_opened_before_the_old_one_goes(project: Project) -> None:
    project.user()
    role = {"name": "before", "managedPolicies": ["ReadOnlyAccess"]}
    grants = {"deploy": {"principals": [{"user": "alice"}], "role": role}}
    run = project.deployed(project.config(grants))
    run.up()
    alice = project.keys()
    assert outcome(alice, project.role_arn("before")) == "allowed"

    role["name"] = "after"
    run.configure(project.config(grants))
    project.from_here()
    run.up()
    assert in_this_order(
        project.writes(),
        ("destination", "CreateRole"),
        ("destination", "AttachRolePolicy"),
        ("source", "CreatePolicyVersion"),
        ("destination", "DeleteRole"),
    )
    assert {action for side, action in project.writes() if side == "source"} == {
        "CreatePolicyVersion"
    }
    assert outcome(alice, project.role_arn("after")) == "allowed"
    assert list(project.accounts()[project.destination]) == [project.role_arn("after")]


def test_one_grant_more_or_less_for_a_principal_changes_one_policy_and_moves_nothing(
    project: Project,
) -> None:
    project.user()
    run = project.deployed(project.config(alices("one", "two")))
    run.up()
    run.preview(expect_no_changes=True)

    run.configure(project.config(alices("one", "two", "three")))
    policy = Step("update", POLICY, "access-user-alice", ("policy",))
    assert run.up() == [
        Step("create", ROLE, "access-three"),
        Step("create", TRUSTED_ROLE, "access-three"),
        policy,
    ]
    alice = project.keys()
    assert {name: outcome(alice, project.role_arn(name)) for name in ("one", "two", "three")} == {
        "one": "allowed",
        "two": "allowed",
        "three": "allowed",
    }

    run.configure(project.config(alices("two", "three")))
    project.from_here()
    assert run.up() == [
        Step("delete", ROLE, "access-one"),
        Step("delete", TRUSTED_ROLE, "access-one"),
        policy,
    ]
    assert in_this_order(
        project.writes(), ("source", "CreatePolicyVersion"), ("destination", "DeleteRole")
    )
    assert outcome(alice, project.role_arn("two")) == "allowed"


def test_the_same_grants_in_another_order_change_nothing(project: Project) -> None:
    for user in ("alice", "bob", "carol"):
        project.user(user)
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    grants = {
        "deploy": {
            "principals": [{"user": "alice"}, {"user": "bob"}, {"user": "carol"}],
            "role": {
                "managedPolicies": ["ReadOnlyAccess", "SecurityAudit", "job-function/Billing"],
                "inlinePolicies": {"first": policy, "second": policy},
                "tags": {"owner": "platform", "cost": "shared"},
            },
            "conditions": {"externalId": "an-id", "mfa": True, "mfaMaxAge": 3600},
        },
        "audit": {"principals": [{"user": "bob"}, {"user": "alice"}]},
    }
    run = project.deployed(project.config(grants))
    run.up()
    documents = project.accounts()

    shuffled = backwards(project.config(grants))
    assert list(shuffled["grants"]) == ["audit", "deploy"]
    run.configure(shuffled)
    run.preview(expect_no_changes=True)
    run.up()
    assert project.accounts() == documents
