"""The transcript in docs/using.md is what the commands print."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from tests.cli.conftest import ROOT

if TYPE_CHECKING:
    from tests.cli.conftest import Stage

PAGE = ROOT / "docs" / "using.md"


def test_the_transcript_is_what_the_commands_print(deployed: Stage) -> None:
    text = PAGE.read_text(encoding="utf-8")
    block = text.partition("<!-- using -->\n```\n")[2].partition("\n```\n<!-- end -->")[0]
    config = str(deployed.folder / ".aws" / "config")
    printed = []
    for command in re.findall(r"^\$ cross-account-access (.+)$", block, re.MULTILINE):
        done = deployed.call(*shlex.split(command), AWS_CONFIG_FILE=config)
        printed.append(f"$ cross-account-access {command}\n{done.stderr}{done.stdout}")
    found = "".join(printed).replace(str(deployed.folder), "~").rstrip("\n")
    assert found == block, found
