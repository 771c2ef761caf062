"""Roles that assume themselves, and roles whose sessions of before a time are ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cross_account_access.grants.generated_policies import build_revocation, format_time
from tests.component.engine_record import UNKNOWN
from tests.component.harness import refused, run
from tests.component.programs import (
    IDS,
    NEVER_KNOWN,
    access,
    fleet,
    grant,
    output,
    provider,
    secret,
    trusted_role,
    wide,
)
from tests.component.refusals import refused_at_once, report
from tests.component.world import DESTINATION, World

TIME = "2026-11-27T10:00:00Z"
REVOKED = "team-deploy-inline-AWSRevokeOlderSessions"
OWN = "team-deploy-inline-AssumeItself"


def settings(**role: Any) -> Any:
    """A program of one grant with these settings of its role."""
    return access({"deploy": grant(role=role)})


def find_own_trust(document: dict[str, Any], account: str = DESTINATION) -> dict[str, Any]:
    """The statement by which a role's own account is trusted."""
    root = f"arn:aws:iam::{account}:root"
    (own,) = [one for one in document["Statement"] if one["Principal"] == {"AWS": [root]}]
    return dict(own)


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_both_settings_add_an_inline_policy_of_the_role(*, preview: bool) -> None:
    found = run(settings(self_assuming=True, sessions_issued_after=TIME), preview=preview)
    arn = f"arn:aws:iam::{DESTINATION}:role/deploy"
    assert [made.name for made in found.of("RolePolicy")] == [REVOKED, OWN]
    assert {made.inputs["name"] for made in found.of("RolePolicy")} == {
        "AWSRevokeOlderSessions",
        "AssumeItself",
    }
    assert found.one("RolePolicy", REVOKED).inputs["policy"] == build_revocation(TIME)
    assert found.document("RolePolicy", OWN)["Statement"] == [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [arn]}
    ]
    own = find_own_trust(found.document("Role"))
    assert own["Condition"] == {"ArnLike": {"aws:PrincipalArn": arn}}


def test_a_role_of_its_own_trusts_itself_by_its_name_and_path() -> None:
    role = {"self_assuming": True, "name": "x", "path": "/team/"}
    found = run(trusted_role(role=role), world=World(partition="aws-us-gov"))
    text = found.one("Role").inputs["assumeRolePolicy"]
    assert f'"arn:aws-us-gov:iam::{DESTINATION}:role/team/x"' in text
    assert f'"arn:aws-us-gov:iam::{DESTINATION}:root"' in text


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_role_that_pulumi_names_is_refused(*, preview: bool) -> None:
    expected = ("role.self_assuming", "self-assuming-without-name")
    program = trusted_role(role={"self_assuming": True})
    refused_at_once(program, "TrustedRole reader", expected, preview=preview)


def test_among_many_accounts_each_role_trusts_itself_in_its_own() -> None:
    accounts = {
        "people": {"provider": provider("people")},
        "production": {"provider": provider("production"), "groups": ["workloads"]},
        "staging": {"provider": provider("staging"), "groups": ["workloads"]},
    }
    found = run(fleet({"read": wide(role={"self_assuming": True})}, accounts))
    for account in ("production", "staging"):
        arn = f"arn:aws:iam::{IDS[account]}:role/read"
        own = find_own_trust(found.document("Role", f"team-read@{account}"), IDS[account])
        assert own["Condition"] == {"ArnLike": {"aws:PrincipalArn": arn}}
        policy = found.document("RolePolicy", f"team-read@{account}-inline-AssumeItself")
        assert policy["Statement"][0]["Resource"] == [arn]


# --- The time as an Output ------------------------------------------------------------------------


def test_a_time_that_isnt_known_leaves_the_trust_policy_known() -> None:
    found = run(settings(sessions_issued_after=NEVER_KNOWN), preview=True)
    assert found.one("RolePolicy", REVOKED).inputs["policy"] is UNKNOWN
    assert found.one("Role").inputs["assumeRolePolicy"] is not UNKNOWN


def test_a_time_that_becomes_known_is_the_policys() -> None:
    found = run(settings(sessions_issued_after=output(TIME)))
    assert found.one("RolePolicy", REVOKED).inputs["policy"] == build_revocation(TIME)
    record = json.loads(found.outputs["documents"]["deploy"])
    assert record["role"]["inlinePolicies"]["AWSRevokeOlderSessions"] == json.loads(
        build_revocation(TIME)
    )


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_secret_time_is_nowhere_in_plain_text(*, preview: bool) -> None:
    late = format_time(datetime.now(UTC) + timedelta(days=9))
    found = run(settings(sessions_issued_after=secret(late)), preview=preview)
    assert late not in found.visible()
    assert found.one("RolePolicy", REVOKED).secret == {"policy"}
    # AWS's provider repeats a role's inline policies among the role's outputs.
    assert found.one("Role").options.secret_outputs >= {"inlinePolicies"}
    assert late in run(settings(sessions_issued_after=output(late)), preview=preview).visible()


@pytest.mark.parametrize("way", [lambda value: value, output, secret], ids=["plain", "o", "s"])
@pytest.mark.parametrize(("days", "warned"), [(-1, False), (1, True)])
def test_a_time_in_the_future_is_warned_of(way: Any, days: int, *, warned: bool) -> None:
    moment = format_time(datetime.now(UTC) + timedelta(days=days))
    log = run(settings(sessions_issued_after=way(moment))).log
    warning = "grants.deploy.role.sessions_issued_after: is in the future: until then every"
    assert [warning in line for line in log] == [True] * warned


@pytest.mark.parametrize("make", [output, secret])
def test_a_time_of_another_form_is_refused_when_it_is_known(make: Any) -> None:
    program = settings(sessions_issued_after=make("yesterday"))
    path = "grants.deploy.role.sessions_issued_after"
    assert report(program)[:2] == ("CrossAccountAccess team", [(path, "invalid-time")])
    assert ("yesterday" in str(refused(program)[0])) is (make is output)


@pytest.mark.parametrize("key", ["self_assuming", "sessions_issued_after"])
def test_null_is_refused(key: str) -> None:
    expected = (f"grants.deploy.role.{key}", "null-value")
    refused_at_once(settings(**{key: None}), "CrossAccountAccess team", expected)


def test_the_switch_must_be_plain() -> None:
    expected = ("grants.deploy.role.self_assuming", "output-not-allowed")
    refused_at_once(settings(self_assuming=output(True)), "CrossAccountAccess team", expected)
