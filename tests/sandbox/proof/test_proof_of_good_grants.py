"""Grants that are as they should be hold in the proof, whatever stands together in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.commands import SOURCE, document, project, sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.aws.server import Sandbox

ALICE = {"user": "alice"}
OURS, THEIRS = "o-a1b2c3d4e5", "o-zzzzzzzzzz"
UNIT = f"{OURS}/r-ab12/ou-ab12-11111111/"
BELOW = f"{UNIT}ou-ab12-22222222/"
ID = {"externalId": "partner-7f3a"}
HELPERS = ("operator", "outsider", "nobody", "stranger", "entitled")

# Each grant, and the attempts that are refused because one of its conditions isn't met.
GRANTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "all addresses that are for documentation": (
        {
            "principals": [ALICE],
            "conditions": {"sourceIps": ["198.51.100.0/24", "192.0.2.0/24", "203.0.113.0/24"]},
        },
        {"another address"},
    ),
    "nearly all addresses": (
        {
            "principals": [ALICE],
            "conditions": {
                "sourceIps": ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3", "2001:db8::/32"]
            },
        },
        set(),
    ),
    "session names that begin as the proof's wrong one": (
        {"principals": [ALICE], "conditions": {"sessionNames": ["sand*"]}},
        {"wrong session name"},
    ),
    "session names of one length": (
        {"principals": [ALICE], "conditions": {"sessionNames": ["?" * len("sandbox-wrong")]}},
        {"wrong session name"},
    ),
    "any session name": ({"principals": [ALICE], "conditions": {"sessionNames": ["??*"]}}, set()),
    "an organization beside the account, which needs less": (
        {"principals": [{"account": SOURCE}, {"organization": OURS, "conditions": ID}]},
        {"no external ID", "wrong external ID"},
    ),
    "an organization beside a group, which needs less": (
        {"principals": [{"group": "developers"}, {"organization": OURS, "conditions": ID}]},
        {"no external ID", "wrong external ID"},
    ),
    "an organization beside a unit of it, which needs less": (
        {"principals": [{"organization": OURS, "conditions": ID}, {"organizationalUnit": UNIT}]},
        {"no external ID", "wrong external ID"},
    ),
    "a unit beside one below it, which needs less": (
        {
            "principals": [
                {"organizationalUnit": UNIT, "conditions": ID},
                {"organizationalUnit": BELOW},
            ]
        },
        {"no external ID", "wrong external ID"},
    ),
    "two organizations": (
        {"principals": [{"organization": OURS, "conditions": ID}, {"organization": THEIRS}]},
        {"no external ID", "wrong external ID"},
    ),
    "a pattern that starts with a wildcard": ({"principals": [{"rolePattern": "*-ci"}]}, set()),
    "a pattern that the proof's own roles match": (
        {"principals": [{"rolePattern": "near*"}, {"rolePattern": "in-*"}]},
        set(),
    ),
    "a pattern without a *": ({"principals": [{"rolePattern": "ci-?"}]}, set()),
    "patterns of one name at two paths": (
        {"principals": [{"rolePattern": "a/ci-*"}, {"rolePattern": "b/ci-*"}]},
        set(),
    ),
    "paths in each other, and a role in both": (
        {
            "principals": [
                {"path": "/team/", "conditions": ID},
                {"path": "/team/blue/"},
                {"role": "team/blue/ci"},
            ]
        },
        {"no external ID", "wrong external ID"},
    ),
    "a pattern beside its account, which needs less": (
        {"principals": [{"account": SOURCE}, {"rolePattern": "team-*"}], "conditions": ID},
        {"no external ID", "wrong external ID"},
    ),
    "a path beside a group": ({"principals": [{"group": "devs"}, {"path": "/team/"}]}, set()),
    "a user in an organization": (
        {"principals": [ALICE], "conditions": {"organizations": [OURS]}},
        set(),
    ),
    "a member of an organization's unit with tags": (
        {
            "principals": [{"organizationalUnit": UNIT}],
            "conditions": {"principalTags": {"team": ["a"]}, "organizations": [OURS]},
        },
        set(),
    ),
}


@pytest.mark.parametrize(("grant", "unmet"), GRANTS.values(), ids=GRANTS)
def test_a_good_grant_holds(
    grant: dict[str, Any], unmet: set[str], accounts: Sandbox, tmp_path: Path
) -> None:
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants={"good": grant}), "--json")
    assert up.exit_code == 0, up.stderr
    proof = document(up)["proof"]
    assert sum(one["observed"] == "allowed" for one in proof) == len(grant["principals"])
    of_others = {
        "session too long",
        "untrusted, same account",
        "untrusted, another account",
        "a role that doesn't match",
        "the pattern inside",
        "a user, not a role",
        "a matching role, another account",
    }
    attempts = {one["attempt"] for one in proof if one["observed"] == "refused"}
    assert {one for one in attempts if ", otherwise like " not in one} - of_others == unmet


@pytest.mark.parametrize(
    "principals",
    [
        *([{"user": f"sandbox-{name}"}] for name in HELPERS),
        [{"user": "Sandbox-Outsider"}],
        [{"group": name} for name in HELPERS],
        [{"user": f"sandbox-{HELPERS[0]}"}, {"group": HELPERS[0]}, {"account": SOURCE}],
    ],
    ids=str,
)
def test_principals_may_be_called_like_the_proofs_own_people(
    principals: list[dict[str, str]], accounts: Sandbox, tmp_path: Path
) -> None:
    grants = {f"grant-{number}": {"principals": [one]} for number, one in enumerate(principals)}
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants=grants), "--json")
    assert up.exit_code == 0, up.stderr
    proof = document(up)["proof"]
    assert sum(one["observed"] == "allowed" for one in proof) == len(principals)


@pytest.mark.parametrize(
    "grants",
    [
        {name: {"principals": [{"organization": name}]} for name in (OURS, THEIRS)},
        {
            name: {"principals": [ALICE], "conditions": {"organizations": [name]}}
            for name in (OURS, THEIRS)
        },
        {
            name: {
                "principals": [{"group": "developers"}],
                "conditions": {"principalTags": {"team": [name]}},
            }
            for name in ("blue", "green")
        },
    ],
    ids=["two organizations", "two organizations of a user", "two teams of a group"],
)
def test_grants_that_require_different_callers_hold(
    grants: dict[str, Any], accounts: Sandbox, tmp_path: Path
) -> None:
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants=grants), "--json")
    assert up.exit_code == 0, up.stderr
    assert sum(one["observed"] == "allowed" for one in document(up)["proof"]) == len(grants)
