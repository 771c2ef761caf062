"""The README shows what `make up` prints, and where the documentation is."""

from docs.generate import README, fill_blocks
from tests.distribution import PROJECT


def test_the_readmes_transcript_is_what_make_up_prints() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == fill_blocks(text), "stale: run `make docs`"


def test_the_readme_leads_to_the_address_of_the_documentation() -> None:
    assert f"<{PROJECT['urls']['Documentation']}>" in README.read_text(encoding="utf-8")
