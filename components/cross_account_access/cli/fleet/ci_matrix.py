"""The stacks of a fleet as a CI's jobs."""

import json
from collections.abc import Sequence
from typing import Any

from cross_account_access.cli.terminal import InputError

from .fleet_plan import FleetStack

GITHUB_MOST = 256
"""Jobs that a matrix may have.

Source: https://docs.github.com/en/actions/reference/limits
"""
GITLAB_JOB = ".stack"
"""The hidden job that every job of the child pipeline extends."""


def render_github(stacks: Sequence[FleetStack]) -> str:
    """A matrix in one line, for `fromJSON` in `strategy.matrix`.

    Raises:
        InputError: If they are more than a matrix may have.

    Source: https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations
    """
    if len(stacks) > GITHUB_MOST:
        raise InputError(
            f"a matrix must have at most {GITHUB_MOST} jobs on GitHub; it has {len(stacks)}",
            "Name some of the stacks in each matrix, or run `fleet up` in one job.",
        )
    entries = [{"stack": stack.name, "wave": stack.wave} for stack in stacks]
    return json.dumps({"include": entries})


def render_gitlab(stacks: Sequence[FleetStack], template: str) -> str:
    """A child pipeline: a stage for each wave, a job for each stack; as JSON, which is YAML.

    Args:
        stacks: The stacks.
        template: The file in the repository that has the job `.stack`.

    Source: https://docs.gitlab.com/ci/pipelines/downstream_pipelines/#dynamic-child-pipelines
    """
    stages = sorted({stack.wave for stack in stacks})
    pipeline: dict[str, Any] = {
        "include": [{"local": template}],
        "stages": [f"wave-{wave}" for wave in stages],
    }
    for stack in stacks:
        # With a prefix, for GitLab has its own keys beside the jobs: image, cache, stages.
        pipeline[f"stack {stack.name}"] = {
            "extends": GITLAB_JOB,
            "stage": f"wave-{stack.wave}",
            "variables": {"STACK": stack.name},
        }
    return json.dumps(pipeline, indent=2)
