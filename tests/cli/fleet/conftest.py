"""A fleet whose stacks' config is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.fleet.fleet_projects import FleetProject

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> FleetProject:
    """A fleet whose stacks' config is there."""
    project = FleetProject.make(tmp_path)
    project.run("init")
    (project.fake / "calls.jsonl").unlink()
    return project
