"""What the tests of web identities share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.aws.web_identities import make_provider

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage


@pytest.fixture
def provider(stage: Stage) -> str:
    return make_provider(stage)
