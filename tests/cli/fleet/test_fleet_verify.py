"""The grants of many stacks, verified in one go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cross_account_access.cli.terminal import ExitCode
from tests.cli.fleet.fleet_projects import Done, FleetProject
from tests.cli.fleets import ACCOUNTS, GRANTS, PEOPLE, STAGING, FleetStage, deploy_fleet

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.aws.server import Sandbox

STACKS = list(ACCOUNTS)


@pytest.fixture(scope="module")
def stage(accounts: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> FleetStage:
    """The fleet's stacks on emulated accounts."""
    return deploy_fleet(accounts, tmp_path_factory.mktemp("stage"))


@pytest.fixture
def project(tmp_path: Path, stage: FleetStage) -> FleetProject:
    """Their project; the stand-in for the Pulumi CLI has their outputs."""
    accounts = {
        name: {"accountId": account["account_id"], "groups": account.get("groups", [])}
        for name, account in ACCOUNTS.items()
    }
    grants = {
        name: {key: grant[key] for key in ("source", "destinations", "principals")}
        | {"exclude": grant.get("exclude", [])}
        for name, grant in GRANTS.items()
    }
    project = FleetProject.make(tmp_path, {"accounts": accounts, "grants": grants})
    project.plan(stacks=STACKS)
    for name, outputs in stage.parts.items():
        (project.fake / f"{name}.outputs.json").write_text(json.dumps(outputs), encoding="utf-8")
    return project


def verify(project: FleetProject, stage: FleetStage, *arguments: str) -> Done:
    options = ("--profile", "alice", "--timeout", "0", "--source-profile", "people")
    return project.run("verify", *arguments, *options, "--json", **select_aws(stage))


def select_aws(stage: FleetStage) -> dict[str, str]:
    """Where the accounts and the callers' profiles are."""
    return {name: text for name, text in stage.environment.items() if name.startswith("AWS_")}


def find(done: Done, stack: str) -> dict[str, Any]:
    found: dict[str, Any]
    [found] = [one for one in done.document["stacks"] if one["stack"] == stack]
    return found


def test_every_stack_has_its_part_of_the_answer(project: FleetProject, stage: FleetStage) -> None:
    done = verify(project, stage)
    assert done.exit_code == ExitCode.DONE
    assert done.document["findings"] == 0
    # Of people, alice may look at each workload.
    verified = {one["stack"]: one["verified"] for one in done.document["stacks"]}
    assert verified == {"people": 3, "ci": 3, "production": 1, "staging": 1, "development": 1}
    assert not project.calls("stack select")


def test_a_grant_of_which_several_stacks_make_parts_is_verified_once(
    project: FleetProject, stage: FleetStage
) -> None:
    done = verify(project, stage)
    assert sorted((one["grant"], one["stack"]) for one in done.document["grants"]) == [
        (f"read-only@{account}", f"{account}, ci and people")
        for account in ("development", "production", "staging")
    ]


def test_drift_in_a_source_is_told_of_its_stack_with_its_remedy(
    project: FleetProject, stage: FleetStage
) -> None:
    iam = stage.iam(PEOPLE)
    (policy,) = iam.list_attached_user_policies(UserName="alice")["AttachedPolicies"]
    iam.detach_user_policy(UserName="alice", PolicyArn=policy["PolicyArn"])
    try:
        done = verify(project, stage)
    finally:
        stage.restore()
    findings = [one for result in done.document["grants"] for one in result["findings"]]
    assert [(one["code"], "--refresh" in one["remedy"]) for one in findings] == [
        ("policy-detached", True)
    ] * 3
    counts = {one["stack"]: one["findings"] for one in done.document["stacks"]}
    assert counts == {"people": 3, "ci": 0, "production": 0, "staging": 0, "development": 0}


def test_stacks_that_contradict_each_other_are_told_by_name(
    project: FleetProject, stage: FleetStage
) -> None:
    file = project.fake / "people.outputs.json"
    file.write_text(file.read_text(encoding="utf-8").replace("7200", "7201"), encoding="utf-8")
    done = project.run("verify", "--profile", "alice", "--timeout", "0", **select_aws(stage))
    titles = [line for line in done.stdout.splitlines() if line.startswith("read-only@staging")]
    assert sorted(line.split()[2] for line in titles) == ["ci", "people", "staging"]


@pytest.mark.parametrize(
    ("profile", "code"), [("production", ExitCode.DONE), ("people", ExitCode.WRONG_INPUT)]
)
def test_a_profile_of_the_fleets_other_accounts_is_left_unused(
    project: FleetProject, stage: FleetStage, profile: str, code: ExitCode
) -> None:
    options = ("--destination-profile", "staging", "--destination-profile", profile)
    done = verify(project, stage, "staging", *options)
    assert done.exit_code == code, done.stderr


def test_a_profile_may_be_of_an_account_whose_id_the_access_file_leaves_out(
    project: FleetProject, stage: FleetStage
) -> None:
    file = project.folder / "access.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    del content["accounts"]["production"]["accountId"]
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    done = verify(project, stage, "staging", "--destination-profile", "production")
    assert done.exit_code == ExitCode.DONE, done.stderr


def test_drift_is_told_of_the_stack_whose_part_it_is(
    project: FleetProject, stage: FleetStage
) -> None:
    iam = stage.iam(STAGING)
    iam.detach_role_policy(RoleName="read-only", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    try:
        done = verify(project, stage, "--destination-profile", "staging")
    finally:
        stage.restore()
    assert done.exit_code == ExitCode.NO
    assert find(done, "staging")["findings"] == 1
    assert find(done, "production")["findings"] == 0


def test_a_stack_that_cannot_be_read_stops_no_other(
    project: FleetProject, stage: FleetStage
) -> None:
    project.plan(
        stacks=[name for name in STACKS if name != "staging"],
        **{"stack output/ci": {"code": 255, "error": "error: no snapshot"}},
    )
    done = verify(project, stage)
    assert done.exit_code == ExitCode.UNAVAILABLE
    assert find(done, "staging")["message"] == "it is not deployed"
    assert find(done, "ci")["message"] == "no snapshot"
    assert find(done, "production")["verified"] == 1


def test_only_the_named_stacks_are_read(project: FleetProject, stage: FleetStage) -> None:
    done = verify(project, stage, "staging")
    assert [one["stack"] for one in done.document["stacks"]] == ["staging"]
    assert project.list_called("stack output") == [("stack output", "staging")]


def test_a_caller_whom_no_grant_names_is_told_so(project: FleetProject, stage: FleetStage) -> None:
    done = project.run("verify", "--profile", "outsider", **select_aws(stage))
    assert done.exit_code == ExitCode.WRONG_INPUT
    assert "no grant names" in done.stderr
