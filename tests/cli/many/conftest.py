"""The stacks of a fleet, deployed once for each module."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.fleets import FleetStage, deploy_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.aws.server import Sandbox


@pytest.fixture(scope="module")
def many(accounts: Sandbox) -> Iterator[FleetStage]:
    """The fleet's stacks as they were deployed; its tests change nothing in them."""
    with tempfile.TemporaryDirectory() as folder:
        yield deploy_fleet(accounts, Path(folder))


@pytest.fixture
def own_many(many: FleetStage) -> Iterator[FleetStage]:
    """The same for a test that damages them."""
    yield many
    many.restore()
