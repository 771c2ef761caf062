"""The README shows what its commands print."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.sandbox.commands import ROOT, free_port, sandbox

if TYPE_CHECKING:
    from pathlib import Path


def test_the_readmes_transcript_is_what_make_up_prints(tmp_path: Path) -> None:
    config = tmp_path / "Pulumi.dev.yaml"
    dev = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    config.write_text(dev.replace(":4577", f":{free_port()}"), encoding="utf-8")
    result = sandbox("up", ROOT, "--config-file", str(config))
    assert result.exit_code == 0, result.output
    shown = re.search(
        r"<!-- make up -->\n```\n(.*?)```\n",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert shown is not None
    assert shown[1] == result.stdout[result.stdout.index("grant  ") :]


def test_every_link_of_the_readme_leads_to_a_file() -> None:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for link in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8")):
            made_by_make = link.startswith("docs/api/")
            assert made_by_make or (page.parent / link).exists(), f"{page.name}: {link}"
