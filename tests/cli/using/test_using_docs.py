"""The transcript in docs/using.md is what the commands print."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Stage

PAGE = Path(__file__).parents[3] / "docs" / "using.md"


def test_the_transcript_is_what_the_commands_print(deployed: Stage) -> None:
    block = (
        PAGE.read_text(encoding="utf-8")
        .partition("<!-- using -->\n```\n")[2]
        .partition("\n```\n<!-- end -->")[0]
    )
    config = deployed.folder / ".aws" / "config"
    printed = []
    for command in re.findall(r"^\$ cross-account-access (.+)$", block, re.MULTILINE):
        done = subprocess.run(  # noqa: S603 - the tool
            [sys.executable, "-m", "cross_account_access.cli", *shlex.split(command)],
            env={**deployed.environment, "AWS_CONFIG_FILE": str(config)},
            cwd=deployed.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        printed.append(f"$ cross-account-access {command}\n{done.stdout}")
    assert "".join(printed).replace(str(deployed.folder), "~").rstrip("\n") == block
