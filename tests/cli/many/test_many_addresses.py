"""Grants among many accounts are addressed by GRANT or GRANT@ACCOUNT, and stacks' parts merged."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.stacks import StackSource, load_grant, load_grants
from cross_account_access.cli.terminal import ExitCode, InputError
from tests.cli.fleets import ACCOUNTS, CI, PEOPLE, PRODUCTION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.cli.conftest import Stage
    from tests.cli.fleets import FleetStage

READ_ONLY = ["read-only@development", "read-only@production", "read-only@staging"]
DEPLOY = ["deploy@development", "deploy@production"]


def select(many: FleetStage, *stacks: str) -> StackSource:
    files = tuple(str(many.folder / f"{name}.json") for name in stacks or ACCOUNTS)
    return StackSource((), files, many.folder)


def rename(outputs: dict[str, Any], old: str, new: str, *, grant: bool) -> dict[str, Any]:
    """A stack's outputs with another name of a grant or of an account."""
    text = json.dumps(outputs)
    key = "grant" if grant else "account"
    for before, after in (
        (json.dumps(old), json.dumps(new)),
        (json.dumps(f'"{key}":"{old}"')[1:-1], json.dumps(f'"{key}":"{new}"')[1:-1]),
    ):
        text = text.replace(before, after)
    changed: dict[str, Any] = json.loads(text)
    return changed


def write(folder: Path, outputs: Any) -> StackSource:
    (folder / "changed.json").write_text(json.dumps(outputs), encoding="utf-8")
    return StackSource((), (str(folder / "changed.json"),), folder)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], [*DEPLOY, *READ_ONLY]),
        (["read-only"], READ_ONLY),
        (["read-only@staging"], ["read-only@staging"]),
        (["read-only-staging"], ["read-only@staging"]),
        (["deploy@production", "read-only"], ["deploy@production", *READ_ONLY]),
        (["deploy", "deploy@production"], DEPLOY),
    ],
    ids=str,
)
def test_a_grant_is_addressed_with_or_without_its_account(
    many: FleetStage, names: Sequence[str], expected: list[str]
) -> None:
    assert sorted(grant.name for grant in load_grants(select(many), names)) == expected


@pytest.mark.parametrize(
    "name", ["x", "read-only@people", "read-only@", "@staging", "deploy@staging"]
)
def test_an_unknown_name_is_refused_with_the_grants(many: FleetStage, name: str) -> None:
    with pytest.raises(InputError) as refused:
        load_grants(select(many), [name])
    assert refused.value.remedy == "Grants: read-only, deploy."


def test_a_command_for_one_grant_says_which_destinations_there_are(many: FleetStage) -> None:
    with pytest.raises(InputError) as refused:
        load_grant(select(many), "read-only")
    assert refused.value.remedy == f"Name one: {', '.join(READ_ONLY)}."
    assert load_grant(select(many), "deploy@production").documents.account == "production"


def test_only_the_first_of_very_many_destinations_are_listed(
    many: FleetStage, tmp_path: Path
) -> None:
    outputs: dict[str, Any] = {
        "grants": {"read-only": {}},
        "policies": many.parts["people"]["policies"],
    }
    for number in range(30):
        named = rename(many.parts["people"], "staging", f"team-{number:02}", grant=False)
        outputs["grants"]["read-only"] |= {
            name: part for name, part in named["grants"]["read-only"].items() if "team" in name
        }
    with pytest.raises(InputError) as refused:
        load_grant(write(tmp_path, outputs), "read-only")
    assert refused.value.remedy.endswith("read-only@team-19 and 10 more.")


def test_an_exact_name_comes_first(many: FleetStage, deployed: Stage, tmp_path: Path) -> None:
    """A grant's name may have an @, and a pair's grant the name of another among many accounts."""
    odd = rename(many.parts["people"], "read-only", "deploy@production", grant=True)
    where = write(tmp_path, odd)
    both = StackSource((), (*select(many).files, *where.files, str(deployed.outputs)), tmp_path)
    found = load_grants(both, ["deploy@production"])
    assert {grant.documents.grant for grant in found} == {"deploy@production"}
    assert [grant.documents.account for grant in load_grants(both, ["deploy"])] == [None]
    assert load_grants(both, ["deploy@development"])[0].documents.grant == "deploy"


@pytest.mark.parametrize("account", ["documents", "roleArn", "policies", "grants", "arn"])
def test_an_account_may_have_any_name(many: FleetStage, tmp_path: Path, account: str) -> None:
    outputs = rename(many.parts["people"], "staging", account, grant=False)
    names = [grant.name for grant in load_grants(write(tmp_path, outputs), ["read-only"])]
    assert f"read-only@{account}" in names
    assert len(names) == 3
    alone = {**outputs, "grants": {"read-only": {account: outputs["grants"]["read-only"][account]}}}
    (one,) = load_grants(write(tmp_path, alone))
    assert (one.name, one.outputs["roleArn"]) == (f"read-only@{account}", one.documents.role.arn)


def test_a_program_of_its_own_exports_documents_and_policies(
    many: FleetStage, deployed: Stage, tmp_path: Path
) -> None:
    """A pair's grants may stand beside them."""
    outputs = many.parts["people"]
    documents = {
        grant: {account: one["documents"] for account, one in accounts.items()}
        for grant, accounts in outputs["grants"].items()
    }
    exported = {"access": documents, "made": outputs["policies"], "pair": deployed.grants}
    names = [grant.name for grant in load_grants(write(tmp_path, exported))]
    assert names == ["deploy", "partner-audit", "read-only", *READ_ONLY]
    del exported["made"]
    with pytest.raises(InputError) as refused:
        load_grants(write(tmp_path, exported))
    assert "pulumi.export('policies', access.policies)" in refused.value.message


@pytest.mark.parametrize("account", ["staging", "documents", "summary"])
def test_records_and_policies_are_read_from_one_output_beside_the_grants(
    many: FleetStage, tmp_path: Path, account: str
) -> None:
    within = rename(many.parts["people"], "staging", account, grant=False)
    beside = deepcopy(within)
    beside["documents"] = {
        grant: {name: one.pop("documents") for name, one in accounts.items()}
        for grant, accounts in beside["grants"].items()
    } | beside.pop("policies")
    theirs = load_grants(write(tmp_path, within))
    ours = load_grants(write(tmp_path, beside))
    assert [one.documents for one in ours] == [one.documents for one in theirs]
    assert [one.outputs["roleArn"] for one in ours] == [one.documents.role.arn for one in ours]


@pytest.mark.parametrize(
    ("grants", "part"),
    [
        ({"deploy": {"production": {"documents": "[secret]"}}}, "some of which are secret"),
        ({"deploy": {"production": "[secret]"}}, "some of which are secret"),
        ("[secret]", "some of which are secret"),
    ],
    ids=str,
)
def test_secret_outputs_are_refused(tmp_path: Path, grants: Any, part: str) -> None:
    with pytest.raises(InputError) as refused:
        load_grants(write(tmp_path, {"grants": grants}))
    assert part in refused.value.message


def test_a_secret_beside_a_record_is_refused(many: FleetStage, tmp_path: Path) -> None:
    outputs = deepcopy(many.parts["people"])
    outputs["grants"]["read-only"]["staging"]["documents"] = "[secret]"
    with pytest.raises(InputError) as refused:
        load_grants(write(tmp_path, outputs))
    assert "grant read-only@staging is secret" in refused.value.message


@pytest.mark.parametrize("whole", [True, False])
def test_secret_policies_are_told_with_the_way_out(
    many: FleetStage, tmp_path: Path, whole: bool
) -> None:
    policies = many.parts["people"]["policies"]
    secret = "[secret]" if whole else dict.fromkeys(policies, "[secret]")
    with pytest.raises(InputError) as refused:
        load_grants(write(tmp_path, {**many.parts["people"], "policies": secret}))
    assert "a policy of grant read-only@" in refused.value.message
    assert "--show-secrets" in refused.value.remedy


# --- Stacks that make parts of one grant ----------------------------------------------------------


def test_the_parts_of_several_stacks_are_one_grant(many: FleetStage) -> None:
    grant = load_grant(select(many), "read-only@production")
    record = grant.documents
    assert (record.side, record.made) == ("both", [PEOPLE, PRODUCTION, CI])
    assert record.role.unique_id
    assert all(half.policy and half.policy_arn and half.unique_id for half in record.principals)
    assert grant.stack.count(".json") == 3
    assert grant.options == tuple(
        word
        for name in ("people", "ci", "production")
        for word in ("--outputs", str(many.folder / f"{name}.json"))
    )


@pytest.mark.parametrize(
    ("stacks", "side", "made"),
    [
        (["people"], "source", [PEOPLE]),
        (["production"], "destination", [PRODUCTION]),
        (["people", "ci"], "source", [PEOPLE, CI]),
        (["production", "ci"], "both", [PRODUCTION, CI]),
    ],
    ids=str,
)
def test_a_merged_grant_has_the_parts_that_its_stacks_make(
    many: FleetStage, stacks: list[str], side: str, made: list[str]
) -> None:
    record = load_grant(select(many, *stacks), "read-only@production").documents
    assert (record.side, record.made) == (side, made)
    policies = {record.get_account(half) for half in record.principals if half.policy}
    assert policies == {PEOPLE, CI} & {*made}


def test_the_order_of_stacks_does_not_matter(many: FleetStage) -> None:
    one = load_grant(select(many, "people", "ci", "production"), "read-only@production")
    other = load_grant(select(many, "production", "ci", "people"), "read-only@production")
    assert one.documents == other.documents


def test_stacks_that_contradict_each_other_are_not_merged(many: FleetStage, tmp_path: Path) -> None:
    """One of them wasn't deployed since the grant has changed."""
    outputs = json.loads(json.dumps(many.parts["production"]).replace("7200", "3600"))
    where = write(tmp_path, outputs)
    both = StackSource((), (*where.files, *select(many, "people").files), tmp_path)
    assert len(load_grants(both, ["read-only@production"])) == 2
    with pytest.raises(InputError) as refused:
        load_grant(both, "read-only@production")
    assert refused.value.code is ExitCode.WRONG_INPUT
    assert "changed.json" in refused.value.remedy


@pytest.mark.parametrize("stack", ["people", "production"])
def test_two_that_make_one_part_are_not_merged_unless_they_agree(
    many: FleetStage, tmp_path: Path, stack: str
) -> None:
    """One of them is of the time before the part was replaced."""
    text = json.dumps(many.parts[stack])
    same = StackSource(
        (), (*write(tmp_path, json.loads(text)).files, *select(many, stack).files), tmp_path
    )
    assert len(load_grants(same, ["read-only@production"])) == 1
    for replaced in ("AROA", "fleet-user"):
        if replaced in text:
            where = write(tmp_path, json.loads(text.replace(replaced, replaced[::-1].upper())))
            both = StackSource((), (*where.files, *select(many, stack).files), tmp_path)
            assert len(load_grants(both, ["read-only@production"])) == 2
