"""The README shows what `make up` prints."""

from docs.generate import README, fill_blocks


def test_the_readmes_transcript_is_what_make_up_prints() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == fill_blocks(text), "stale: run `make docs`"
