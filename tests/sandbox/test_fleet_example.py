"""The example of a fleet: its files are valid, agree with each other, and let in whom they name."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from cross_account_access.cli.main import cli
from examples.__main__ import FLEET
from sandbox.__main__ import main
from tests.fleet_example import emulate_accounts
from tests.sandbox.commands import ROOT, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORKFLOW, PIPELINE, JOB = "github-workflow.yml", "gitlab-ci.yml", "gitlab-stack.yml"
GITHUB = ("--builtin-schema", "vendor.github-workflows")
TIMEOUTS = ("--builtin-schema", "custom.github-workflows-require-timeout")
GITLAB = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")


def check_schema(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run check-jsonschema with a schema that it carries."""
    command = [sys.executable, "-m", "check_jsonschema", *options, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def read_text(name: str) -> str:
    return (FLEET / name).read_text(encoding="utf-8")


def list_stacks(*options: str) -> str:
    """What `fleet stacks` prints."""
    result = CliRunner().invoke(cli, ["fleet", "stacks", "--cwd", str(FLEET), *options])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("name", "schema"),
    [(WORKFLOW, GITHUB), (WORKFLOW, TIMEOUTS), (PIPELINE, GITLAB), (JOB, GITLAB)],
)
def test_a_cis_file_has_the_form_that_the_ci_requires(name: str, schema: tuple[str, ...]) -> None:
    checked = check_schema(FLEET / name, *schema)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("name", "schema", "part", "broken"),
    [
        (WORKFLOW, GITHUB, "runs-on: ubuntu-24.04", "runs_on: ubuntu-24.04"),
        (WORKFLOW, TIMEOUTS, "timeout-minutes: 10", "name: stacks"),
        (PIPELINE, GITLAB, "strategy: mirror", "strategy: mirrored"),
        (JOB, GITLAB, "resource_group:", "resource_groups: x\n  interruptible:"),
    ],
)
def test_a_wrong_file_is_found(
    name: str, schema: tuple[str, ...], part: str, broken: str, tmp_path: Path
) -> None:
    copy = tmp_path / name
    assert part in read_text(name)
    copy.write_text(read_text(name).replace(part, broken), encoding="utf-8")
    assert check_schema(copy, *schema).returncode == 1


def test_gitlabs_child_pipeline_has_the_form_that_it_requires(tmp_path: Path) -> None:
    child = json.loads(list_stacks("--format", "gitlab", "--template", f"examples/fleet/{JOB}"))
    (template,) = child.pop("include")
    assert (ROOT / template["local"]).samefile(FLEET / JOB)
    # GitLab joins them, and checks the whole.
    whole = tmp_path / "stacks.json"
    whole.write_text(json.dumps(child | yaml.safe_load(read_text(JOB))), encoding="utf-8")
    checked = check_schema(whole, *GITLAB)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_account_has_a_stack_and_stands_once_in_the_matrix() -> None:
    accounts = yaml.safe_load(read_text("access.yaml"))["accounts"]
    waves = [
        [entry["stack"] for entry in json.loads(list_stacks(*options))["include"]]
        for options in (
            ("--format", "github", "--wave", "1"),
            ("--format", "github", "--wave", "2+"),
            ("--format", "github"),
        )
    ]
    assert waves[0] + waves[1] == waves[2]
    assert sorted(waves[2]) == sorted(accounts)
    assert len(accounts) == 6


def test_the_stacks_files_are_what_fleet_init_writes(tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "access.yaml"):
        shutil.copy(FLEET / name, tmp_path)
    result = CliRunner().invoke(cli, ["fleet", "init", "--cwd", str(tmp_path)])
    assert result.exit_code == 0, result.output
    files = {path.name: path.read_bytes() for path in FLEET.glob("Pulumi.*.yaml")}
    assert len(files) == 6
    assert {path.name: path.read_bytes() for path in tmp_path.glob("Pulumi.*.yaml")} == files


def find_pulumi_versions() -> Iterator[str]:
    yield from re.findall(r"pulumi-version: ([\d.]+)", read_text(WORKFLOW))
    for name in (JOB, "kubernetes-operator.yaml"):
        yield from re.findall(r"pulumi/pulumi[\w.-]*:([\d.]+)", read_text(name))


def test_the_cis_use_the_pulumi_version_of_the_requirements() -> None:
    (version,) = re.findall(
        r"^pulumi==(.+)$", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )
    assert list(find_pulumi_versions()) == [version] * 4


def test_every_action_is_pinned_to_a_commit() -> None:
    actions = re.findall(r"uses: (.*)", read_text(WORKFLOW))
    assert len(actions) == 4
    for action in actions:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_a_session_of_aws_comes_only_to_the_jobs_that_need_it() -> None:
    jobs = yaml.safe_load(read_text(WORKFLOW))["jobs"]
    with_session = {name for name, job in jobs.items() if "id-token" in str(job.get("permissions"))}
    assert with_session == {"preview", "deploy", "deploy-later"}
    assert {jobs[name]["environment"] for name in with_session} == {"access-preview", "access"}
    # Access keys are stored nowhere.
    stored = read_text(WORKFLOW) + read_text(PIPELINE) + read_text(JOB) + read_text("access.yaml")
    assert not re.search(r"access.?key|secret.?key", stored, re.IGNORECASE)


def test_a_stack_is_not_deployed_twice_at_a_time() -> None:
    jobs = yaml.safe_load(read_text(WORKFLOW))["jobs"]
    groups = {str(jobs[name]["concurrency"]) for name in ("deploy", "deploy-later")}
    expected = {"group": "access-${{ matrix.stack }}", "cancel-in-progress": False}
    assert groups == {str(expected)}
    assert yaml.safe_load(read_text(JOB))[".stack"]["resource_group"] == "access/$STACK"


def test_the_operators_stacks_are_the_fleets_and_wait_for_destinations() -> None:
    waves = {
        entry["stack"]: entry["wave"]
        for entry in json.loads(list_stacks("--format", "github"))["include"]
    }
    documents: list[Any] = list(yaml.safe_load_all(read_text("kubernetes-operator.yaml")))
    stacks = {one["metadata"]["name"]: one["spec"] for one in documents if one["kind"] == "Stack"}
    assert {"shop-staging", "people"} == set(stacks)
    for name, spec in stacks.items():
        assert spec["stack"] == name
        assert (ROOT / spec["repoDir"]).samefile(FLEET)
        before = [one["name"] for one in spec.get("prerequisites", [])]
        assert bool(before) == (waves[name] > 1)
        assert all(waves[other] < waves[name] for other in before)


def test_every_access_is_as_the_fleets_grants_say(tmp_path: Path) -> None:
    access = emulate_accounts(f"http://127.0.0.1:{free_port()}")
    for account in access["accounts"].values():
        account.pop("lookUp", None)
    values = {f"cross-account-access:{key}": value for key, value in access.items()}
    config = tmp_path / "Pulumi.all.yaml"
    config.write_text(yaml.safe_dump({"config": values}), encoding="utf-8")
    line = ["up", "--engine", "in-process", "--config-file", str(config), "--json"]
    result = CliRunner().invoke(main, line)
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["unproven"] == []
    assert [one for one in report["proof"] if one["observed"] != one["expected"]] == []
    allowed = {one["grant"] for one in report["proof"] if one["observed"] == "allowed"}
    workloads = [name for name in access["accounts"] if "-" in name]
    assert allowed == {
        *(f"read-only@{account}" for account in workloads),
        *(f"operate@{account}" for account in workloads if account.endswith("production")),
        *(f"deploy@{account}" for account in workloads if account != "data-production"),
        "release-data@data-production",
    }
