"""What `verify` says of a role whose sessions are ended, by the stack or outside of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.iam_reader import LiveEntity
from cross_account_access.cli.verify.drift_findings import DriftFinding
from cross_account_access.cli.verify.grant_snapshot import EntitySnapshot, GrantSnapshot
from cross_account_access.cli.verify.half_drift import compare_grant
from cross_account_access.grants.documents import GrantDocuments, build_grant_documents
from cross_account_access.grants.generated_policies import REVOKES_SESSIONS, build_revocation
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from tests.cli.verify.verifying import by_caller, verify

if TYPE_CHECKING:
    from tests.cli.conftest import Stage

TIME, EARLIER, LATER = (f"2026-11-27T10:00:0{second}Z" for second in (1, 0, 2))
NOTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}


def expect(**role: Any) -> GrantDocuments:
    """The record of a grant whose role has these settings."""
    model = read_model(GrantModel, {"principals": [{"account": "111111111111"}], "role": role})
    accounts = {"partition": "aws", "source": "111111111111", "destination": "222222222222"}
    return build_grant_documents("deploy", model, side="both", tags={}, **accounts)


def compare(documents: GrantDocuments, inline: dict[str, Any]) -> list[DriftFinding]:
    """The findings about the role, where it has these inline policies."""
    role = documents.role
    live = LiveEntity(role.arn, "AROA", inline, {}, trust_policy=role.trust_policy)
    snapshot = GrantSnapshot(EntitySnapshot(live), {})
    return [one for one in compare_grant(documents, snapshot) if isinstance(one, DriftFinding)]


def end(time: str) -> dict[str, Any]:
    return dict(json.loads(build_revocation(time)))


# The stack's time, what the role has, the finding's code and the time that it tells.
CASES: list[tuple[str | None, dict[str, Any] | None, str | None, str]] = [
    (TIME, end(TIME), None, ""),
    (None, None, None, ""),
    (None, end(TIME), "sessions-ended", TIME),
    (None, end("2026-11-27T10:00:00.123Z"), "sessions-ended", TIME),
    (EARLIER, end(TIME), "sessions-ended", TIME),
    (LATER, end(TIME), "role-policy-changed", ""),
    (TIME, None, "role-policy-detached", ""),
    (None, NOTHING, "role-policy-added", ""),
    (TIME, NOTHING, "role-policy-changed", ""),
]


@pytest.mark.parametrize(("expected", "live", "code", "told"), CASES)
def test_only_the_consoles_own_form_is_told_as_ended_sessions(
    expected: str | None, live: dict[str, Any] | None, code: str | None, told: str
) -> None:
    documents = expect(**({"sessions_issued_after": expected} if expected else {}))
    found = compare(documents, {REVOKES_SESSIONS: live} if live else {})
    assert [finding.code for finding in found] == ([code] if code else [])
    if told:
        (finding,) = found
        assert f"issued before {told} were ended" in finding.message
        assert f"sessionsIssuedAfter: {told} in the grant's role" in finding.remedy
        assert f"`cross-account-access revoke deploy --at {told}`" in finding.remedy


def test_a_policy_of_the_users_own_by_that_name_is_drift_as_any_other() -> None:
    documents = expect(inline_policies={REVOKES_SESSIONS: NOTHING})
    (finding,) = compare(documents, {REVOKES_SESSIONS: end(TIME)})
    assert finding.code == "role-policy-changed"


def test_a_role_that_assumes_itself_has_no_finding_and_one_that_no_longer_may_has() -> None:
    documents = expect(self_assuming=True)
    inline = dict(documents.role.inline_policies)
    assert compare(documents, inline) == []
    (finding,) = compare(documents, {})
    assert (finding.code, "AssumeItself" in finding.message) == ("role-policy-detached", True)


def test_sessions_that_the_console_ended_are_the_only_finding(own: Stage) -> None:
    own.destination.put_role_policy(
        RoleName="deploy",
        PolicyName=REVOKES_SESSIONS,
        PolicyDocument=build_revocation("2026-01-01T00:00:00.5Z"),
    )
    code, result = by_caller(own, "deploy")
    assert code == 1
    assert [finding["code"] for finding in result["findings"]] == ["sessions-ended"]


ROLE = "arn:aws:iam::222222222222:role/deploy"
ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [ROLE]}
POLICY = {"Version": "2012-10-17", "Statement": [ALLOW]}


def let_it_assume_itself(stage: Stage) -> dict[str, Any]:
    """Change the deployed role so that it may assume itself; returns its trust policy."""
    role: Any = stage.destination.get_role(RoleName="deploy")["Role"]
    trust: dict[str, Any] = role["AssumeRolePolicyDocument"]
    own = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": ROLE}},
    }
    trust["Statement"].append(own)
    stage.destination.update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(trust))
    stage.destination.put_role_policy(
        RoleName="deploy", PolicyName="AssumeItself", PolicyDocument=json.dumps(POLICY)
    )
    return trust


def write_record(stage: Stage, trust: dict[str, Any]) -> None:
    """Write the outputs of a stack that has the role so."""
    record = json.loads(stage.deployment.outputs["documents"]["deploy"])
    record["role"] |= {"selfAssuming": True, "trustPolicy": trust}
    record["role"]["inlinePolicies"]["AssumeItself"] = POLICY
    outputs = {"documents": {"deploy": json.dumps(record, separators=(",", ":"))}}
    stage.outputs.write_text(json.dumps(outputs), encoding="utf-8")


def test_the_roles_own_session_is_a_stranger_only_where_it_may_not_assume_the_role(
    own: Stage,
) -> None:
    trust = let_it_assume_itself(own)
    callers = own.everybody.callers.values()
    ci = next(one for one in callers if ":assumed-role/ci/" in one.arn)
    session = ci.sts.assume_role(RoleArn=ROLE, RoleSessionName="deploy-1")["Credentials"]
    keys = {
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
        "aws_session_token": session["SessionToken"],
    }
    own.profile("itself", keys)
    _, told = verify(own, "--profile", "itself", "deploy")
    assert "stranger-allowed" in [finding["code"] for finding in told["grants"][0]["findings"]]
    write_record(own, trust)
    _, told = verify(own, "--profile", "itself", "deploy")
    (result,) = told["grants"]
    assert "stranger-allowed" not in [finding["code"] for finding in result["findings"]]
    assert "the role assumes itself" in json.dumps(result)
