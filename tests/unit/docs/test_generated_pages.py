"""The pages say what the code says, and their links lead somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from docs.generate import PAGES, fill_blocks
from tests.doc_pages import ROOT, list_headings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_generated_page_is_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == fill_blocks(text), "stale: run `make docs`"


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_link_leads_to_a_file_and_heading(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?://)([^)]+)", page.read_text(encoding="utf-8")):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not heading or heading in list_headings(target), link


def test_the_package_json_on_the_page_is_the_examples() -> None:
    example = (ROOT / "examples" / "typescript" / "package.json").read_text(encoding="utf-8")
    page = (ROOT / "components" / "README.md").read_text(encoding="utf-8")
    assert f"```json\n{example}```\n" in page
