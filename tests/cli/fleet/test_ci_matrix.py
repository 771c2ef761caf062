"""The stacks as a CI's jobs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from cross_account_access.cli.fleet.ci_matrix import GITHUB_MOST, render_github, render_gitlab
from cross_account_access.cli.fleet.fleet_plan import FleetStack
from cross_account_access.cli.terminal import ExitCode, InputError
from tests.cli.fleet.fleet_projects import FleetProject

if TYPE_CHECKING:
    from pathlib import Path

# Names that YAML reads as something else where they stand bare.
STACKS = [
    FleetStack(name, None, 1, 0, wave)
    for name, wave in (("no", 1), ("1e3", 1), ("2026-01-01", 2), ("cache", 2), ("a-b_c.d", 3))
]


def test_githubs_matrix_is_one_line_with_a_job_for_each_stack() -> None:
    text = render_github(STACKS)
    assert "\n" not in text
    assert json.loads(text) == {
        "include": [{"stack": stack.name, "wave": stack.wave} for stack in STACKS]
    }


def test_a_matrix_that_github_refuses_is_refused() -> None:
    most = [FleetStack(f"s{number}", None, 1, 0, 1) for number in range(GITHUB_MOST + 1)]
    render_github(most[:-1])
    with pytest.raises(InputError):
        render_github(most)


def test_gitlabs_pipeline_has_a_stage_for_each_wave_and_a_job_for_each_stack() -> None:
    pipeline = yaml.safe_load(render_gitlab(STACKS, "ci/stack.yml"))
    assert pipeline.pop("include") == [{"local": "ci/stack.yml"}]
    assert pipeline.pop("stages") == ["wave-1", "wave-2", "wave-3"]
    assert pipeline == {
        f"stack {stack.name}": {
            "extends": ".stack",
            "stage": f"wave-{stack.wave}",
            "variables": {"STACK": stack.name},
        }
        for stack in STACKS
    }


@pytest.mark.parametrize(
    ("wave", "stacks"),
    [
        ("1", ["production", "staging"]),
        ("2", ["people"]),
        ("1+", ["production", "staging", "people"]),
        ("2+", ["people"]),
        ("3+", []),
    ],
)
def test_a_wave_and_all_later_ones(tmp_path: Path, wave: str, stacks: list[str]) -> None:
    done = FleetProject.make(tmp_path).run("stacks", "--format", "github", "--wave", wave)
    assert [job["stack"] for job in done.document["include"]] == stacks


@pytest.mark.parametrize("wave", ["0", "-1", "first", "1-2", "+", "", "²"])
def test_a_wave_is_a_number(tmp_path: Path, wave: str) -> None:
    done = FleetProject.make(tmp_path).run("stacks", "--wave", wave)
    assert done.exit_code == ExitCode.WRONG_INPUT


def test_stacks_are_listed_with_what_they_make(tmp_path: Path) -> None:
    project = FleetProject.make(tmp_path)
    lines = [line.split() for line in project.run("stacks").stdout.splitlines()]
    assert lines == [
        ["stack", "account", "wave", "makes"],
        ["production", "222222222222", "1", "2", "roles"],
        ["staging", "333333333333", "1", "1", "role"],
        ["people", "111111111111", "2", "2", "principals'", "policies"],
    ]
    document = project.run("stacks", "people", "--format", "json").document
    assert document == {
        "stacks": [
            {"stack": "people", "accountId": "111111111111", "wave": 2, "roles": 0, "principals": 2}
        ]
    }
    assert project.calls() == []
