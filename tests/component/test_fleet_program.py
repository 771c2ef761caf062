"""The program with many accounts: a stack of one part, and the stack of all."""

from __future__ import annotations

import json
import re
import runpy
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pulumi
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cross_account_access.errors import SECRET
from tests.component.harness import attempt, run
from tests.component.world import World

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.component.engine_record import Made, Run

ROOT = Path(__file__).parents[2]
NAMESPACE = "cross-account-access"
IDS = {
    name: f"{number}" * 12
    for number, name in enumerate(("people", "ci", "production", "staging", "test", "audit"), 1)
}
WORLD = World(roles={"cd": "/team/"}, accounts=IDS)

Access = dict[str, Any]


def program() -> None:
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


def as_pulumi_gives_it(config: dict[str, Any]) -> dict[str, str]:
    return {
        f"{NAMESPACE}:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in config.items()
    }


def deploy(access: Access, secrets: Collection[str] = (), **own: Any) -> Run:
    """Deploy a stack with such a file, and no other config than this."""
    found, error = try_deploy(access, secrets, **own)
    if error:
        raise error
    return found


def try_deploy(
    access: Access, secrets: Collection[str] = (), **own: Any
) -> tuple[Run, BaseException | None]:
    """The same, and what the program raised."""
    with TemporaryDirectory() as name, patch.object(pulumi, "get_root_directory", lambda: name):
        (Path(name) / "access.yaml").write_text(yaml.safe_dump(access), encoding="utf-8")
        config = as_pulumi_gives_it({"file": "access.yaml", **own})
        keys = tuple(f"{NAMESPACE}:{key}" for key in secrets)
        return attempt(program, world=WORLD, config=config, secret_config=keys)


def account(name: str, *groups: str, **more: Any) -> dict[str, Any]:
    return {"accountId": IDS[name], "groups": list(groups), **more}


ACCESS: Access = {
    "accounts": {
        "people": account("people", lookUp=True),
        "ci": account("ci"),
        "production": account("production", "workloads"),
        "staging": account("staging", "workloads"),
    },
    "grants": {
        "read-only": {
            "source": "people",
            "destinations": ["workloads"],
            "principals": [{"user": "alice"}, {"role": "team/cd", "source": "ci"}],
            "role": {"managedPolicies": ["ReadOnlyAccess"]},
            "conditions": {"externalId": "${config:partner}"},
        },
        "deploy": {
            "source": "ci",
            "destinations": ["workloads"],
            "exclude": ["production"],
            "principals": [{"role": "team/cd"}],
        },
    },
    "tags": {"owner": "platform"},
}
PARTNER = {"partner": "partner-7f3a"}


def test_a_stack_of_two_lines_makes_its_part_and_contacts_no_other_account() -> None:
    found = deploy(ACCESS, only=["ci"], **PARTNER)
    assert {one.name for one in found.of("aws")} == {"ci"}
    assert {call.provider for call in found.calls} == {"ci"}
    assert {one.name for one in found.of("AssumeRoleGrant")} == {"access-role-cd@ci"}
    assert found.of("TrustedRole") == []


def test_an_account_is_looked_up_only_where_a_role_for_its_principals_is_made() -> None:
    found = deploy(ACCESS, only=["production"], **PARTNER)
    assert {one.name for one in found.of("aws")} == {"production", "people"}
    looked_up = {call.provider for call in found.calls if "getUser" in call.token}
    assert looked_up == {"people"}
    made = {one.provider for one in found.made if one.type.startswith("aws:")}
    assert made == {"production"}
    access = deepcopy(ACCESS)
    access["grants"]["read-only"]["exclude"] = ["staging"]
    assert {one.name for one in deploy(access, only=["staging"]).of("aws")} == {"staging"}


def test_the_program_exports_each_role_that_it_makes_a_part_of() -> None:
    found = deploy(ACCESS, only=["people"], **PARTNER).outputs
    assert {grant: set(accounts) for grant, accounts in found["grants"].items()} == {
        "read-only": {"production", "staging"}
    }
    told = found["grants"]["read-only"]["staging"]
    assert told["roleArn"] == f"arn:aws:iam::{IDS['staging']}:role/read-only"
    assert told["sourceAccountId"] == IDS["people"]
    assert told["destinationAccountId"] == IDS["staging"]
    assert told["cliProfile"].startswith("[profile read-only-staging]\n")
    assert told["assumeRoleCommand"].endswith("--external-id partner-7f3a")
    records = found["documents"].pop("read-only")
    assert records.keys() == {"production", "staging"}
    (document,) = found["documents"].values()
    assert "role/read-only" in document
    assert deploy(ACCESS, **PARTNER).outputs["grants"].keys() == {"read-only", "deploy"}


def test_a_pair_exports_its_grants_and_their_documents() -> None:
    pair = {
        "source": {"accountId": IDS["people"]},
        "destination": {"accountId": IDS["production"]},
        "grants": {"a": {"principals": [{"user": "alice"}]}},
    }
    world = World(accounts={"source": IDS["people"], "destination": IDS["production"]})
    found = run(program, world=world, config=as_pulumi_gives_it(pair))
    assert {output: set(told) for output, told in found.outputs.items()} == {
        "grants": {"a"},
        "documents": {"a"},
    }
    assert found.shown["documents"] == SECRET


# External IDs that the file refers to


def test_a_secret_that_a_file_refers_to_is_a_secret_in_all_that_is_made() -> None:
    found = deploy(ACCESS, ["partner"], only=["production"], **PARTNER)
    role = found.one("Role", "access-read-only@production")
    assert "partner-7f3a" in role.inputs["assumeRolePolicy"]
    assert role.secret == {"assumeRolePolicy"}
    told = found.shown["grants"]["read-only"]["production"]
    assert told["assumeRoleCommand"] == SECRET
    assert "partner-7f3a" not in found.visible()
    assert deploy(ACCESS, only=["production"], **PARTNER).of("Role")[0].secret == set()


@pytest.mark.parametrize("only", [["people"], ["ci"], ["production"], ["staging"], ["*"]])
def test_a_part_of_a_grant_needs_its_external_id(only: list[str]) -> None:
    found, error = try_deploy(ACCESS, only=only)
    assert isinstance(error, pulumi.RunError)
    assert "grants.read-only.conditions.externalId: ${config:partner}: " in str(error)
    assert found.made == []


def test_a_stack_without_a_part_of_a_grant_needs_no_external_id_of_it() -> None:
    access = deepcopy(ACCESS)
    access["accounts"]["audit"] = account("audit")
    access["grants"]["audit"] = {
        "source": "ci",
        "destinations": ["audit"],
        "principals": [{"user": "bob"}],
    }
    found = deploy(access, only=["audit"])
    assert [one.name for one in found.of("Role")] == ["access-audit@audit"]


@pytest.mark.parametrize(("only", "needed"), [("people", True), ("ci", False), ("staging", True)])
def test_an_account_that_is_contacted_needs_the_external_id_of_its_role(
    only: str, *, needed: bool
) -> None:
    access = deepcopy(ACCESS)
    role = f"arn:aws:iam::{IDS['people']}:role/pulumi"
    access["accounts"]["people"]["assumeRole"] = {"roleArn": role, "externalId": "${config:ours}"}
    access["grants"]["read-only"]["principals"].pop()
    found, error = try_deploy(access, only=[only], **PARTNER)
    assert ("assumeRole.externalId: ${config:ours}: " in str(error)) is needed
    found, error = try_deploy(access, ["ours"], only=[only], ours="swordfish", **PARTNER)
    assert error is None
    assert "swordfish" not in found.visible()


def test_a_wrong_secret_that_a_file_refers_to_is_not_shown() -> None:
    for value in ("sword*fish", "s"):
        _, error = try_deploy(ACCESS, ["partner"], only=["people"], partner=value)
        assert f"{NAMESPACE}:partner: {SECRET}: " in str(error)
        assert "sword" not in str(error)


# Accounts in the stack's own config


def test_what_is_encrypted_of_an_account_is_a_secret_of_its_provider_alone() -> None:
    accounts = deepcopy(ACCESS["accounts"])
    accounts["ci"] |= {"region": "eu-west-1", "profile": "swordfish"}
    accounts["people"] |= {"region": "eu-central-1"}
    grants = deepcopy(ACCESS["grants"])
    grants["read-only"]["conditions"]["externalId"] = "partner-7f3a"
    config = {"accounts": accounts, "grants": grants, "only": ["ci", "people"]}
    found = run(
        program,
        world=WORLD,
        config=as_pulumi_gives_it(config),
        secret_config=(f"{NAMESPACE}:accounts",),
    )
    assert {one.name: one.secret for one in found.of("aws")} == {
        "ci": {"region", "profile", "allowedAccountIds"},
        "people": {"region", "allowedAccountIds"},
    }
    assert "swordfish" not in found.visible()
    assert SECRET not in json.dumps(found.shown["grants"])


# A stack of one part and the stack of all


PRINCIPALS = [{"user": "alice"}, {"user": "bob"}, {"role": "ci"}, {"role": "team/cd"}]


@st.composite
def fleets(draw: st.DrawFn) -> Access:
    """An access file in which every account is used."""
    names = draw(st.lists(st.sampled_from([*IDS]), min_size=2, unique=True))
    groups = {
        name: draw(st.lists(st.sampled_from(["east", "west"]), unique=True)) for name in names
    }
    grants = {
        f"grant-{number}": draw(grants_among(names, groups))
        for number in range(draw(st.integers(1, 4)))
    }
    used: set[str] = set()
    for grant in grants.values():
        used |= {one.get("source", grant["source"]) for one in grant["principals"]}
        for to in grant["destinations"]:
            named = {name for name in names if to in (name, *groups[name])}
            used |= named - {*grant.get("exclude", [])}
    unused = sorted(set(names) - used)
    if unused or len(used) < 2:
        source, *others = sorted(used) + unused
        grants["rest"] = {
            "source": source,
            "destinations": others,
            "principals": [{"user": "carol"}],
        }
    look_up = draw(st.booleans())
    return {
        "accounts": {
            name: account(name, *groups[name], lookUp=look_up)
            for name in draw(st.permutations(names))
        },
        "grants": grants,
    }


@st.composite
def grants_among(draw: st.DrawFn, names: list[str], groups: dict[str, list[str]]) -> Access:
    sources = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    if len(sources) == len(names):
        sources.pop()
    others = [name for name in names if name not in sources]
    grant: Access = {"source": sources[0]}
    group = draw(st.sampled_from(["", "east", "west"]))
    members = {name for name in names if group in groups[name]}
    if members & {*others}:
        grant["destinations"] = [group]
        if excluded := sorted(members & {*sources}):
            grant["exclude"] = excluded
    else:
        grant["destinations"] = draw(st.lists(st.sampled_from(others), min_size=1, unique=True))
    grant["principals"] = [
        {**one, **({"source": sources[-1]} if draw(st.booleans()) else {})}
        for one in draw(
            st.lists(st.sampled_from(PRINCIPALS), min_size=1, max_size=3, unique_by=str)
        )
    ]
    if draw(st.booleans()):
        grant["conditions"] = {"externalId": draw(st.sampled_from(["${config:one}", "two-2"]))}
    if draw(st.booleans()):
        grant["role"] = {"managedPolicies": ["ReadOnlyAccess"], "path": "/team/"}
    return grant


def describe(found: Run, part: str, *, digests: bool) -> dict[str, Any]:
    """All that is made in an account, by type and name."""

    def inputs(made: Made) -> str:
        text = json.dumps(made.inputs, sort_keys=True)
        return text if digests else re.sub(r'\\"Sid\\": ?\\"\w*\\"', "Sid", text)

    return {f"{one.type} {one.name}": inputs(one) for one in found.made if one.provider == part}


@settings(max_examples=12, deadline=None)
@given(fleets(), st.data())
def test_a_stack_of_one_part_makes_what_the_stack_of_all_makes_there(
    access: Access, data: st.DataObject
) -> None:
    one = {"one": "one-1"} if "${config:one}" in str(access) else {}
    whole = deploy(access, **one)
    looked_up = all(account["lookUp"] for account in access["accounts"].values())
    parts = st.lists(st.sampled_from([*access["accounts"]]), min_size=1, max_size=3, unique=True)
    for part in data.draw(parts):
        found, error = try_deploy(access, only=[part])
        if error:
            assert "${config:one}: the stack's config must have" in str(error)
            found = deploy(access, only=[part], **one)
        ours = describe(found, part, digests=looked_up)
        assert ours == describe(whole, part, digests=looked_up)
        assert {made.provider for made in found.made if made.type.startswith("aws:")} <= {part}
        for grant, accounts in found.outputs["grants"].items():
            for name, told in accounts.items():
                assert told["roleArn"] == whole.outputs["grants"][grant][name]["roleArn"]
        ours, theirs = (one.outputs["documents"] for one in (found, whole))
        policies = {name for name in ours if name.startswith("arn:")}
        assert {name: ours[name] for name in policies}.items() <= theirs.items()
