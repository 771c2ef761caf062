"""Who is excluded is tried in the proof, and refused by the trust policy; the others get in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.grants import trust
from tests.sandbox.commands import SOURCE, account_id, document, fleet, project, sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.aws.server import Sandbox

OURS = "o-a1b2c3d4e5"
ELSEWHERE = "555555555555"
SSO = "AWSReservedSSO_Reader_0123456789abcdef"
SET = f"arn:aws:iam::{SOURCE}:role/aws-reserved/sso.amazonaws.com/{SSO}"

# Each grant's principals, and who is tried because it is excluded.
GRANTS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "an account": (
        [{"account": SOURCE, "except": ["mallory", "team/eve"]}],
        [f"arn:aws:iam::{SOURCE}:user/mallory", f"arn:aws:iam::{SOURCE}:user/team/eve"],
    ),
    "roles of an account, by their ARNs": (
        [{"account": SOURCE, "except": [f"arn:aws:iam::{SOURCE}:role/team/ci", SET]}],
        [
            f"arn:aws:sts::{SOURCE}:assumed-role/ci/sandbox",
            f"arn:aws:sts::{SOURCE}:assumed-role/{SSO}/sandbox",
        ],
    ),
    "a group": (
        [{"group": "team/devs", "except": ["mallory"], "conditions": {"mfa": True}}],
        [f"arn:aws:iam::{SOURCE}:user/mallory"],
    ),
    "a group that is excluded from, beside its account": (
        [{"group": "devs", "except": ["mallory"]}, {"account": SOURCE}],
        [f"arn:aws:iam::{SOURCE}:user/mallory"],
    ),
    "an organization": (
        [
            {
                "organization": OURS,
                "except": ["mallory", f"arn:aws:iam::{ELSEWHERE}:user/eve"],
                "conditions": {"principalTags": {"team": ["blue"]}, "externalId": "partner-7f3a"},
            }
        ],
        [f"arn:aws:iam::{SOURCE}:user/mallory", f"arn:aws:iam::{ELSEWHERE}:user/eve"],
    ),
    "a unit": (
        [{"organizationalUnit": f"{OURS}/r-ab12/ou-ab12-11111111/", "except": ["mallory"]}],
        [f"arn:aws:iam::{SOURCE}:user/mallory"],
    ),
    "the proof's own people": (
        [{"account": SOURCE, "except": ["sandbox-entitled", "sandbox-nobody", "anyone"]}],
        [
            f"arn:aws:iam::{SOURCE}:user/{n}"
            for n in ("sandbox-entitled", "sandbox-nobody", "anyone")
        ],
    ),
    "a service's role, which nobody can be": (
        [{"account": SOURCE, "except": [f"arn:aws:iam::{SOURCE}:role/aws-service-role/x.y/z"]}],
        [],
    ),
}


@pytest.mark.parametrize(("principals", "excluded"), GRANTS.values(), ids=GRANTS)
def test_who_is_excluded_is_refused_by_the_trust_policy_and_others_get_in(
    principals: list[dict[str, Any]], excluded: list[str], accounts: Sandbox, tmp_path: Path
) -> None:
    folder = project(tmp_path, accounts.endpoint, grants={"good": {"principals": principals}})
    up = sandbox("up", folder, "--json")
    assert up.exit_code == 0, up.stdout + up.stderr
    proof = document(up)["proof"]
    assert sum(one["observed"] == "allowed" for one in proof) == len(principals)
    tried = [one for one in proof if one["attempt"].startswith("excluded from the ")]
    assert [one["caller"] for one in tried] == excluded
    for one in tried:
        assert one["observed"] == "refused"
        assert "explicit deny in trust policy" in one["reason"]


def test_among_many_accounts_who_is_excluded_is_of_the_principals_account(
    accounts: Sandbox, tmp_path: Path
) -> None:
    grants = {
        "read": {
            "source": "people",
            "destinations": ["production", "staging"],
            "principals": [
                {"group": "devs", "except": ["mallory"]},
                {"user": "mallory", "source": "ci"},
            ],
        }
    }
    names = ("people", "ci", "production", "staging")
    folder = fleet(tmp_path, accounts.endpoint, {name: {} for name in names}, grants)
    up = sandbox("up", folder, "--json")
    assert up.exit_code == 0, up.stdout + up.stderr
    proof = document(up)["proof"]
    allowed = [one["caller"] for one in proof if one["observed"] == "allowed"]
    assert allowed.count(f"arn:aws:iam::{account_id('ci')}:user/mallory") == 2
    tried = [one for one in proof if one["attempt"] == "excluded from the group"]
    # The user of that name is the principal of the other account: here its role is tried.
    caller = f"arn:aws:sts::{account_id('people')}:assumed-role/mallory/sandbox"
    assert [(one["caller"], one["observed"]) for one in tried] == [(caller, "refused")] * 2


@pytest.mark.parametrize("principal", [{"account": SOURCE}, {"group": "devs"}], ids=str)
def test_a_proof_fails_where_nobody_is_denied(
    principal: dict[str, str], accounts: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "build_exclusion_statements", lambda _: [])
    grants = {"good": {"principals": [principal | {"except": ["mallory"]}]}}
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants=grants), "--json")
    assert up.exit_code == 1, up.stderr
    (wrong,) = [one for one in document(up)["proof"] if one["observed"] != one["expected"]]
    assert wrong["caller"] == f"arn:aws:iam::{SOURCE}:user/mallory"
    assert wrong["attempt"] == f"excluded from the {next(iter(principal))}"


def test_whoever_another_grant_names_is_excluded_all_the_same(
    accounts: Sandbox, tmp_path: Path
) -> None:
    """Its name is tried as a role's, for its user has the rights of the other grant."""
    grants = {
        "own": {"principals": [{"user": "mallory"}]},
        "team": {"principals": [{"group": "devs", "except": ["mallory"]}]},
        "all": {"principals": [{"group": "devs"}]},
    }
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants=grants), "--json")
    assert up.exit_code == 0, up.stdout
    proof = document(up)["proof"]
    assert sum(one["observed"] == "allowed" for one in proof) == len(grants)
    (tried,) = [one for one in proof if one["attempt"].startswith("excluded from")]
    assert tried["caller"] == f"arn:aws:sts::{SOURCE}:assumed-role/mallory/sandbox"
