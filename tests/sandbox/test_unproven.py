"""Grants whose conditions the sandbox can't meet are not said to be proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws.server import client
from tests.sandbox.commands import SOURCE, document, project, sandbox
from tests.sandbox.conftest import document as policy

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.aws.server import Sandbox

RAW = {"raw": {"StringEquals": {"aws:PrincipalTag/team": ["x"]}}}
PLAIN = {"principals": [{"user": "bob"}], "conditions": {"externalId": "partner-7f3a"}}
# Each stack's grants, and for each grant that is unproven who isn't tried and which conditions it
# has.
STACKS: dict[str, tuple[dict[str, Any], dict[str, dict[str, str]]]] = {
    "raw conditions": (
        {"raw": {"principals": [{"user": "alice"}], "conditions": RAW}},
        {"raw": {"alice": "raw"}},
    ),
    "raw conditions beside others": (
        {"raw": {"principals": [{"user": "alice"}], "conditions": RAW | {"mfa": True}}},
        {"raw": {"alice": "raw"}},
    ),
    "a time to come": (
        {
            "later": {
                "principals": [{"user": "alice"}, {"role": "ci"}],
                "conditions": {"notBefore": "2999-01-01T00:00:00Z"},
            }
        },
        {"later": {"alice": "notBefore", "ci/sandbox": "notBefore"}},
    ),
    "a time that is over": (
        {
            "over": {
                "principals": [{"user": "alice"}],
                "conditions": RAW
                | {"notBefore": "2001-01-01T00:00:00Z", "notAfter": "2002-01-01T00:00:00Z"},
            }
        },
        {"over": {"alice": "raw, notAfter"}},
    ),
    "a time that is now": (
        {
            "now": {
                "principals": [{"user": "alice"}],
                "conditions": {
                    "notBefore": "2001-01-01T00:00:00Z",
                    "notAfter": "2999-01-01T00:00:00Z",
                },
            }
        },
        {},
    ),
    "one principal of two": (
        {"both": {"principals": [{"user": "alice", "conditions": RAW}, {"user": "bob"}]}},
        {"both": {"alice": "raw"}},
    ),
    "one grant of two": (
        {"plain": PLAIN, "raw": {"principals": [{"user": "alice"}], "conditions": RAW}},
        {"raw": {"alice": "raw"}},
    ),
    "nothing": ({"plain": PLAIN}, {}),
}


@pytest.mark.parametrize(("grants", "unproven"), STACKS.values(), ids=STACKS)
def test_what_was_not_tried_is_unproven(
    grants: dict[str, Any], unproven: dict[str, dict[str, str]], accounts: Sandbox, tmp_path: Path
) -> None:
    folder = project(tmp_path, accounts.endpoint, grants=grants)
    as_json = sandbox("up", folder, "--json")
    assert as_json.exit_code == 0, as_json.stderr
    made = document(as_json)
    assert made["unproven"] == sorted(unproven)
    not_tried: dict[str, dict[str, str]] = {}
    for attempt in made["proof"]:
        if attempt["observed"] == "not tried":
            assert (attempt["attempt"], attempt["expected"]) == ("assumes the role", "allowed")
            caller = attempt["caller"].partition("/")[2]
            conditions = attempt["reason"].rpartition(" conditions ")[2]
            not_tried.setdefault(attempt["grant"], {})[caller] = conditions
    assert not_tried == unproven
    # Every principal is in the proof, tried or not.
    for name, grant in grants.items():
        rows = [
            one for one in made["proof"] if (one["grant"], one["expected"]) == (name, "allowed")
        ]
        assert len(rows) == len(grant["principals"])

    strict = sandbox("up", folder, "--strict")
    assert strict.exit_code == (3 if unproven else 0)
    tried = [one for one in made["proof"] if one["observed"] != "not tried"]
    _, summary, *more = strict.stderr.splitlines()
    assert summary.startswith(f"{len(tried)} of {len(tried)} attempts had the expected result")
    assert [line.partition(". ")[0] for line in more] == (
        [f"Unproven: {', '.join(sorted(unproven))}"] if unproven else []
    )
    lines = [line.rstrip() for line in strict.stdout.splitlines()]
    assert sum(line.endswith("  not tried") for line in lines) == len(
        [caller for callers in unproven.values() for caller in callers]
    )


def test_a_failure_is_a_failure_where_something_is_unproven(
    accounts: Sandbox, tmp_path: Path
) -> None:
    iam = client("iam", accounts.endpoint, account=SOURCE)
    iam.create_user(UserName="bob")
    deny = policy(Action="*", Resource="*").replace("Allow", "Deny")
    iam.put_user_policy(UserName="bob", PolicyName="deny", PolicyDocument=deny)
    grants = {"plain": PLAIN, "raw": {"principals": [{"user": "alice"}], "conditions": RAW}}
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants=grants), "--strict")
    assert up.exit_code == 1
    assert "Unproven: raw." in up.stderr
