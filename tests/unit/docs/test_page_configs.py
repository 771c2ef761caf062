"""The configs that the pages show are taken as they stand."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
import yaml

import stack_config
from cross_account_access.config.settings import NAMESPACE
from tests.doc_pages import PAGES, Block, read_blocks
from tests.unit.config.bad_config import GOOD

PARTS = ("principals", "role", "conditions")


def read_config(block: Block) -> dict[str, Any]:
    """A block that shows keys of a stack's config, or parts of a grant; nothing of another one."""
    shown = yaml.safe_load(textwrap.dedent(block.text))
    if not isinstance(shown, dict):
        return {}
    if shown.keys() <= set(PARTS):
        return {"grants": {"shown": {"principals": [{"user": "alice"}], **shown}}}
    own = f"{NAMESPACE}:"
    return {key.removeprefix(own): shown[key] for key in shown if str(key).startswith(own)}


CONFIGS = {
    f"{block.page} {block.heading}": read_config(block)
    for page in PAGES
    for block in read_blocks(page)
    if block.language == "yaml" and read_config(block)
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_a_pages_config_is_taken(config: dict[str, Any]) -> None:
    assert stack_config.check(GOOD | config).grants


@pytest.mark.parametrize(
    "part", ["'limits':", "'sessionsIssuedAfter':", "'raw':", "'aws:PrincipalTag/Cost Center':"]
)
def test_a_page_shows_how_to_write(part: str) -> None:
    assert part in str(CONFIGS)
