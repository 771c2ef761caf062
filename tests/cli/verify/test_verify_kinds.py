"""Every kind of principal and every condition of a call, verified by its caller."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import deploy, restoring
from tests.cli.verify.verifying import codes, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.aws.server import Sandbox
    from tests.cli.conftest import Stage

BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
GRANTS: dict[str, Any] = {
    "by-group": {"principals": [{"group": "developers"}]},
    "by-account": {"principals": [{"account": "111111111111"}]},
    "by-set": {"principals": [{"permissionSet": "Operators"}]},
    "by-pattern": {"principals": [{"rolePattern": "team-*"}]},
    "by-path": {"principals": [{"path": "/deployers/"}]},
    "by-session": {"principals": [{"session": "ci/release"}]},
    "by-name": {"principals": [{"user": "team/carol", "trustBy": "name"}]},
    "by-organization": {"principals": [{"organization": "o-a1b2c3d4e5"}]},
    "tagged": {
        "principals": [{"user": "dora"}],
        "conditions": {
            "externalId": "second-id",
            "previousExternalId": "first-id",
            "sessionTags": {"Team": ["blue", "red"]},
            "transitiveTagKeys": ["Team"],
            "sourceIdentities": ["dora*"],
            "sessionNames": ["${aws:username}"],
        },
    },
    "bounded": {
        "principals": [
            {"user": "erin"},
            {"user": "frank", "conditions": {"externalId": "of-frank"}},
        ],
        "role": {"permissionsBoundary": BOUNDARY, "maxSessionDuration": 7200, "path": "/team/"},
    },
    "elsewhere": {
        "principals": [{"user": "gina"}],
        "conditions": {"sourceVpcs": ["vpc-0123456789abcdef0"]},
    },
}
# Who verifies the grant, and what must be refused beside the session that is too long.
CALLERS: dict[str, tuple[str, list[str]]] = {
    "by-group": ("developers", []),
    "by-account": ("111111111111", []),
    "by-set": ("set-Operators", []),
    "by-pattern": ("team-*", []),
    "by-path": ("deployers", []),
    "by-session": ("ci/release", []),
    "by-name": ("carol", []),
    "by-organization": ("o-a1b2c3d4e5", []),
    "tagged": (
        "dora",
        ["without the external ID", "without a source identity", "without session tags"],
    ),
    "bounded": ("frank", ["without the external ID"]),
}


@pytest.fixture(scope="module")
def kinds(accounts: Sandbox) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        yield from deploy(accounts, Path(folder), grants=GRANTS)


@pytest.mark.parametrize("grant", CALLERS)
def test_an_undamaged_grant_has_no_finding(kinds: Stage, grant: str) -> None:
    caller, refused = CALLERS[grant]
    code, told = verify(kinds, "--profile", caller, grant)
    [result] = told["grants"]
    assert (code, codes(result)) == (0, []), result
    tried = [
        attempt["attempt"] for attempt in result["attempts"] if attempt["observed"] == "refused"
    ]
    assert tried[:-1] == refused
    assert tried[-1].startswith("a session of")
    assert result["became"]


def test_the_caller_is_found_among_the_grants(kinds: Stage) -> None:
    _, told = verify(kinds, "--profile", "erin")
    found = {result["grant"]: result["principal"] for result in told["grants"]}
    assert found == {
        "by-account": "111111111111",
        "by-organization": "o-a1b2c3d4e5",
        "bounded": "erin",
    }


def test_a_condition_that_no_call_meets_is_told(kinds: Stage) -> None:
    code, told = verify(kinds, "--profile", "gina", "elsewhere")
    [result] = told["grants"]
    assert (code, codes(result)) == (1, ["access-refused"])
    assert "aws:SourceVpc" in result["findings"][0]["message"]


def test_whole_accounts_and_what_is_handed_out_are_told_as_not_checked(kinds: Stage) -> None:
    _, told = verify(kinds, "--profile", "set-Operators", "by-set")
    assert [one["what"] for one in told["grants"][0]["notChecked"]] == [
        "the policy of permission set Operators"
    ]


@pytest.mark.parametrize(
    ("grant", "label"), [("by-pattern", "roles-team-*"), ("by-path", "path-deployers")]
)
def test_a_role_that_is_not_named_by_a_pattern_or_path_is_refused(
    kinds: Stage, grant: str, label: str
) -> None:
    for number, near in enumerate(kinds.everybody.near_misses[label]):
        kinds.profile(f"near-{number}-{grant}", near.person.credentials)
        code, told = verify(kinds, "--profile", f"near-{number}-{grant}", grant)
        [result] = told["grants"]
        assert (code, codes(result), result["principal"]) == (0, [], None), near.what
        assert [one["observed"] for one in result["attempts"]] == ["refused"], near.what


def test_a_pattern_that_was_widened_in_the_account_is_told(kinds: Stage) -> None:
    trust = json.loads(kinds.grants["by-pattern"]["documents"])["role"]["trustPolicy"]
    condition = trust["Statement"][0]["Condition"]["ArnLike"]
    condition["aws:PrincipalArn"] = condition["aws:PrincipalArn"].replace("team-*", "*")
    with restoring(kinds):
        kinds.destination.update_assume_role_policy(
            RoleName="by-pattern", PolicyDocument=json.dumps(trust)
        )
        code, told = verify(kinds, "--profile", "team-*", "by-pattern")
    [result] = told["grants"]
    assert code == 1
    assert "role/*" in json.dumps(result["findings"])


def test_a_loosened_tag_is_widened(kinds: Stage) -> None:
    trust = json.loads(kinds.grants["tagged"]["documents"])["role"]["trustPolicy"]
    for statement in trust["Statement"]:
        statement["Condition"]["StringEquals"]["aws:RequestTag/Team"] = ["blue", "red", "green"]
    with restoring(kinds):
        kinds.destination.update_assume_role_policy(
            RoleName="tagged", PolicyDocument=json.dumps(trust)
        )
        code, told = verify(kinds, "--profile", "dora", "tagged")
    [result] = told["grants"]
    assert (code, codes(result)) == (1, ["trust-widened"])
    assert (
        "aws:RequestTag/Team has blue, green, red instead of blue, red"
        in result["findings"][0]["message"]
    )


def test_a_boundary_that_is_taken_away_is_told(kinds: Stage) -> None:
    with restoring(kinds):
        kinds.destination.delete_role_permissions_boundary(RoleName="bounded")
        code, told = verify(kinds, "--profile", "erin", "bounded")
    assert (code, codes(told["grants"][0])) == (1, ["role-boundary-changed"])


def test_a_group_without_its_policy_is_told(kinds: Stage) -> None:
    arn = json.loads(kinds.grants["by-group"]["documents"])["principals"][0]["policyArn"]
    with restoring(kinds):
        kinds.source.detach_group_policy(GroupName="developers", PolicyArn=arn)
        code, told = verify(kinds, "--profile", "developers", "by-group")
    assert (code, codes(told["grants"][0])) == (1, ["policy-detached"])


def test_whoever_a_whole_accounts_own_policies_let_in_is_no_finding(kinds: Stage) -> None:
    code, told = verify(kinds, "--profile", "outsider", "by-group")
    [result] = told["grants"]
    assert (code, codes(result)) == (0, [])
    assert [one["what"] for one in result["notChecked"]] == [
        "that others are refused",
        "role by-group of account 222222222222",
    ]


def test_nobody_is_let_in_all_the_same(kinds: Stage) -> None:
    code, told = verify(kinds, "--profile", "nobody", "by-group")
    assert (code, codes(told["grants"][0])) == (0, [])
    assert [attempt["observed"] for attempt in told["grants"][0]["attempts"]] == ["refused"]
