"""`python -m sandbox` with stacks among many accounts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.commands import account_id, document, fleet, sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.aws.server import Sandbox

WORKLOADS = {"groups": ["workloads"]}
ACCOUNTS: dict[str, dict[str, Any]] = {
    "people": {},
    "ci": {},
    "production": WORKLOADS,
    "staging": WORKLOADS,
    "lab": WORKLOADS,
}
GRANTS: dict[str, Any] = {
    "audit": {
        "source": "ci",
        "destinations": ["lab", "people"],
        "principals": [{"user": "alice"}],
        "conditions": {"externalId": "audit-7f3a"},
    },
    "deploy": {
        "source": "people",
        "destinations": ["workloads"],
        "exclude": ["lab"],
        "principals": [{"user": "alice"}, {"role": "team/deployer", "source": "ci"}],
        "role": {"path": "/team/"},
    },
}
PEOPLE, CI = account_id("people"), account_id("ci")
ALICE = f"arn:aws:iam::{PEOPLE}:user/alice"
ALICE_OF_CI = f"arn:aws:iam::{CI}:user/alice"
DEPLOYER = f"arn:aws:sts::{CI}:assumed-role/deployer/sandbox"
OUTSIDERS = {name: f"arn:aws:iam::{name}:user/sandbox-outsider" for name in (PEOPLE, CI)}
STRANGER = "arn:aws:iam::999999999999:user/sandbox-stranger"
IN, SAME, ANOTHER = "assumes the role", "untrusted, same account", "untrusted, another account"

EVERYWHERE = [
    (ALICE, IN),
    (DEPLOYER, IN),
    (OUTSIDERS[CI], SAME),
    (OUTSIDERS[PEOPLE], SAME),
    (STRANGER, ANOTHER),
]
THOROUGH = [
    (ALICE, "session too long"),
    (ALICE_OF_CI, "same name, another account"),
    (f"arn:aws:sts::{PEOPLE}:assumed-role/deployer/sandbox", "same name, another account"),
]
AUDIT = [
    (ALICE_OF_CI, IN),
    (OUTSIDERS[CI], SAME),
    (OUTSIDERS[PEOPLE], ANOTHER),
    (STRANGER, ANOTHER),
]
PROOF: dict[str, list[tuple[str, str]]] = {
    "audit@lab": [
        *AUDIT,
        (ALICE_OF_CI, "no external ID"),
        (ALICE_OF_CI, "wrong external ID"),
        (ALICE_OF_CI, "session too long"),
        (ALICE, "same name, another account"),
    ],
    "audit@people": AUDIT,
    "deploy@production": EVERYWHERE + THOROUGH,
    "deploy@lab": [(ALICE, "excluded account")],
    "deploy@staging": EVERYWHERE,
}


def list_attempts(told: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """What was tried of each role, in its order."""
    found: dict[str, list[tuple[str, str]]] = {}
    for attempt in told["proof"]:
        found.setdefault(attempt["grant"], []).append((attempt["caller"], attempt["attempt"]))
    return found


def test_every_grant_is_proved_in_each_destination(accounts: Sandbox, tmp_path: Path) -> None:
    up = sandbox("up", fleet(tmp_path, accounts.endpoint, ACCOUNTS, GRANTS), "--json")
    assert up.exit_code == 0, up.stderr
    told = document(up)
    assert list_attempts(told) == PROOF
    assert "\n26 of 26 " in up.stderr
    for attempt in told["proof"]:
        assert attempt["observed"] == attempt["expected"]
        assert attempt["expected"] == ("allowed" if attempt["attempt"] == IN else "refused")
    outputs = told["outputs"]["grants"]
    assert {name: sorted(roles) for name, roles in outputs.items()} == {
        "audit": ["lab", "people"],
        "deploy": ["production", "staging"],
    }
    arn = f"arn:aws:iam::{account_id('staging')}:role/team/deploy"
    assert outputs["deploy"]["staging"]["roleArn"] == arn


@pytest.mark.parametrize(
    "only",
    [["people"], ["ci"], ["production"], ["staging"], ["people", "staging"], ["ci", "production"]],
    ids=",".join,
)
def test_a_part_is_proved_with_the_parts_of_the_other_owners(
    only: list[str], accounts: Sandbox, tmp_path: Path
) -> None:
    folder = fleet(tmp_path, accounts.endpoint, ACCOUNTS, GRANTS, only=only)
    up = sandbox("up", folder, "--json")
    assert up.exit_code == 0, up.stderr
    told = document(up)
    made = {resource["account"] for resource in told["resources"]} - {None}
    assert made == {account_id(name) for name in only}
    assert all(attempt["observed"] == attempt["expected"] for attempt in told["proof"])
    sources = {"audit": {"ci"}, "deploy": {"ci", "people"}}
    proved = {
        role
        for role in ("audit@lab", "audit@people", "deploy@production", "deploy@staging")
        for grant, _, account in [role.partition("@")]
        if account in only or sources[grant].intersection(only)
    }
    excluded = {"deploy@lab"} if any(role.startswith("deploy@") for role in proved) else set()
    assert set(list_attempts(told)) == proved | excluded


def test_conditions_are_tried_where_the_stack_makes_the_role(
    accounts: Sandbox, tmp_path: Path
) -> None:
    folder = fleet(tmp_path, accounts.endpoint, ACCOUNTS, GRANTS, only=["people", "staging"])
    tried = list_attempts(document(sandbox("up", folder, "--json")))
    assert tried["deploy@staging"] == EVERYWHERE + THOROUGH
    assert tried["deploy@production"] == EVERYWHERE


def test_twelve_spokes_of_one_group_take_ten_attachments_at_most(
    accounts: Sandbox, tmp_path: Path
) -> None:
    spokes = [f"spoke-{number}" for number in range(12)]
    grants = {
        name: {"source": "hub", "destinations": ["spokes"], "principals": [{"group": "developers"}]}
        for name in ("read-only", "deploy")
    }
    folder = fleet(
        tmp_path,
        accounts.endpoint,
        {"hub": {}, **{spoke: {"groups": ["spokes"]} for spoke in spokes}},
        grants,
    )
    up = sandbox("up", folder, "--json")
    assert up.exit_code == 0, up.stderr
    told = document(up)
    attached = [one for one in told["resources"] if "GroupPolicyAttachment" in one["type"]]
    assert 1 <= len(attached) <= 10
    allowed = [one["grant"] for one in told["proof"] if one["observed"] == "allowed"]
    assert sorted(allowed) == sorted(f"{grant}@{spoke}" for grant in grants for spoke in spokes)
    assert all(one["observed"] == one["expected"] for one in told["proof"])


def read_named_accounts(told: dict[str, Any]) -> list[list[str]]:
    """The accounts of each statement that names roles and accounts."""
    return [
        statement["Condition"]["StringEquals"]["aws:ResourceAccount"]
        for made in told["resources"]
        if made["type"] == "aws:iam/policy:Policy"
        for statement in json.loads(made["inputs"]["policy"])["Statement"]
        if "Condition" in statement
    ]


def test_a_policy_of_names_and_accounts_opens_these_roles_and_no_other(
    accounts: Sandbox, tmp_path: Path
) -> None:
    spokes = [f"spoke-{number}" for number in range(5)]
    path = f"/{'p' * 470}/"  # so long that the roles' ARNs alone don't fit into one policy
    grants = {
        f"grant-{number}": {
            "source": "hub",
            "destinations": ["spokes"],
            "exclude": ["spoke-4"],
            "principals": [{"user": "alice"}],
            "role": {"path": path},
        }
        for number in range(4)
    }
    grants["own"] = {
        "source": "hub",
        "destinations": ["spoke-4"],
        "principals": [{"user": "bob"}],
        "role": {"path": path, "name": "grant-0"},  # alice has one of that name elsewhere
    }
    folder = fleet(
        tmp_path,
        accounts.endpoint,
        {"hub": {}, **{spoke: {"groups": ["spokes"]} for spoke in spokes}},
        grants,
        only=["hub"],
        limits={"policiesPerUser": 1},
    )
    up = sandbox("up", folder, "--json")
    assert up.exit_code == 0, up.stderr
    told = document(up)
    limited = read_named_accounts(told)
    assert limited
    assert {account for ids in limited for account in ids} == {
        account_id(spoke) for spoke in spokes[:4]
    }
    allowed = {one["grant"] for one in told["proof"] if one["observed"] == "allowed"}
    assert len(allowed) == 4 * 4 + 1
    assert all(one["observed"] == one["expected"] for one in told["proof"])


def test_principals_of_other_grants_are_kept_out(accounts: Sandbox, tmp_path: Path) -> None:
    principals: dict[str, list[dict[str, Any]]] = {
        "first": [{"group": f"{'g' * 80}1"}, {"role": "runner"}],
        "second": [{"group": f"{'g' * 80}2"}, {"role": "runner"}],
        "third": [{"user": "alice"}, {"session": "runner/build"}],
    }
    grants = {
        name: {"source": "people", "destinations": ["lab"], "principals": trusted}
        for name, trusted in principals.items()
    }
    folder = fleet(tmp_path, accounts.endpoint, {"people": {}, "lab": {}}, grants)
    up = sandbox("up", folder, "--json")
    assert up.exit_code == 0, up.stderr
    tried = [
        f"{one['grant']} {one['caller'].rpartition('/')[2]}"
        for one in document(up)["proof"]
        if one["attempt"] == "principal of another grant"
    ]
    g = f"sandbox-{'g' * 52}"
    assert tried == [f"first@lab {g}-2", "first@lab alice", f"second@lab {g}", "second@lab alice"]


UNIT = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"
KINDS: dict[str, list[dict[str, Any]]] = {
    "accounts": [{"account": PEOPLE}, {"account": CI, "source": "ci"}],
    "organization": [{"organization": "o-a1b2c3d4e5"}],
    "unit": [
        {"user": "alice", "source": "ci"},
        {"organizationalUnit": UNIT, "conditions": {"externalId": "unit-7f3a"}},
    ],
    "sets": [{"permissionSet": "Ops"}, {"permissionSet": "Ops", "source": "ci"}, {"path": "/t/"}],
    "groups": [{"group": "developers"}, {"group": "developers", "source": "ci"}],
    "sessions": [{"session": "runner/build"}, {"session": "runner/build", "source": "ci"}],
    "by-arn": [{"arn": ALICE}, {"arn": f"arn:aws:iam::{CI}:role/team/deployer", "source": "ci"}],
    "members": [
        {"user": "alice", "conditions": {"organizations": ["o-zzzzzzzzzz"]}},
        {"user": "bob", "source": "ci", "conditions": {"organizations": ["o-a1b2c3d4e5"]}},
    ],
}


@pytest.mark.parametrize("only", [None, ["people"], ["production"]], ids=str)
def test_every_kind_of_principal_is_let_in_from_each_source(
    only: list[str] | None, accounts: Sandbox, tmp_path: Path
) -> None:
    grants = {
        name: {"source": "people", "destinations": ["workloads"], "principals": principals}
        for name, principals in KINDS.items()
    }
    folder = fleet(
        tmp_path, accounts.endpoint, ACCOUNTS, grants, **({"only": only} if only else {})
    )
    up = sandbox("up", folder, "--json")
    assert up.exit_code == 0, up.stderr
    proof = document(up)["proof"]
    assert all(attempt["observed"] == attempt["expected"] for attempt in proof)
    allowed = [attempt["grant"] for attempt in proof if attempt["observed"] == "allowed"]
    destinations = ["production"] if only == ["production"] else ["lab", "production", "staging"]
    assert sorted(allowed) == sorted(
        f"{name}@{account}"
        for name, principals in KINDS.items()
        for account in destinations
        for _ in principals
    )


def test_accounts_are_asked_in_their_own_regions(accounts: Sandbox, tmp_path: Path) -> None:
    regions = {"people": "cn-northwest-1", "production": "cn-north-1"}
    connected = {name: given | {"region": regions.get(name)} for name, given in ACCOUNTS.items()}
    for given in connected.values():
        if given["region"] is None:
            given["region"] = "cn-north-1"
    up = sandbox("up", fleet(tmp_path, accounts.endpoint, connected, GRANTS), "--json")
    assert up.exit_code == 0, up.stderr
    providers = {
        one["name"]: one["inputs"]["region"]
        for one in document(up)["resources"]
        if one["type"] == "pulumi:providers:aws"
    }
    assert (providers["people"], providers["production"]) == ("cn-northwest-1", "cn-north-1")
    assert "arn:aws:" not in up.stdout


def test_preview_makes_nothing_but_the_people(accounts: Sandbox, tmp_path: Path) -> None:
    folder = fleet(tmp_path, accounts.endpoint, ACCOUNTS, GRANTS, only=["people"])
    preview = sandbox("preview", folder)
    assert preview.exit_code == 0, preview.stderr
    lines = [line.split() for line in preview.stdout.splitlines()]
    assert [PEOPLE, "Policy", "access-user-alice@people"] in lines
    assert [PEOPLE, "Role", "access-audit@people"] in lines
    asked = {request.account for request in accounts.requests if request.action != "AssumeRole"}
    assert asked == {PEOPLE, CI, "999999999999"}
    assert not {request.action for request in accounts.requests if request.action == "CreatePolicy"}


@pytest.mark.parametrize(
    ("account", "given", "code", "path"),
    [
        (
            "staging",
            {"endpoint": "https://sts.amazonaws.com"},
            "not-on-loopback",
            "access.yaml: accounts.staging.endpoint",
        ),
        (
            "staging",
            {"endpoint": "http://127.0.0.1:9"},
            "two-endpoints",
            "access.yaml: accounts.staging.endpoint",
        ),
        ("ci", {"accountId": None}, "account-id-missing", "access.yaml: accounts.ci.accountId"),
    ],
)
def test_an_account_that_is_not_emulated_is_refused(
    account: str, given: dict[str, Any], code: str, path: str, accounts: Sandbox, tmp_path: Path
) -> None:
    folder = fleet(
        tmp_path, accounts.endpoint, ACCOUNTS | {account: ACCOUNTS[account] | given}, GRANTS
    )
    up = sandbox("up", folder, "--json")
    assert up.exit_code == 2
    (error,) = document(up)["errors"]
    assert (error["code"], error["path"]) == (code, path)
    assert accounts.requests == []


def test_the_table_names_grant_and_account(accounts: Sandbox, tmp_path: Path) -> None:
    up = sandbox("up", fleet(tmp_path, accounts.endpoint, ACCOUNTS, GRANTS))
    assert up.exit_code == 0, up.stderr
    _, proof = up.stdout.split("\n\n")
    labels = [line.split()[0] for line in proof.splitlines()[1:] if not line.startswith(" ")]
    assert labels == [*PROOF]
