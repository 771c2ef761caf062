"""The pages that come from the code are those that the code makes."""

from pathlib import Path

import pytest

import cross_account_access
from docs.generate import PAGES, api

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "stale: run `make docs`"


def test_the_api_reference_has_all_that_is_public_with_readable_types(tmp_path: Path) -> None:
    api(tmp_path)
    assert (tmp_path / "index.html").exists()
    page = (tmp_path / "cross_account_access.html").read_text(encoding="utf-8")
    assert [name for name in cross_account_access.__all__ if f'id="{name}"' not in page] == []
    assert "NotRequired[pulumi.Input[str]]" in page
    assert "ForwardRef" not in page
