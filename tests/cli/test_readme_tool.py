"""The README's transcript of the tool is what the tool prints."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from tests.cli.conftest import ROOT

if TYPE_CHECKING:
    from tests.cli.conftest import Stage


def test_the_readmes_transcript_is_what_the_tool_prints(deployed: Stage) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(
        r"<!-- cross-account-access -->\n```console\n(.*?)```\n", readme, re.DOTALL
    )
    command, _, printed = shown.partition("\n")
    assert command.startswith("$ cross-account-access ")
    assert deployed.call(*shlex.split(command)[2:]).stdout == printed
