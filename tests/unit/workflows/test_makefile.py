"""The Makefile works wherever a clone is."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.doc_pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def write_tool(file: Path, script: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


def test_an_sdk_is_built_in_a_clone_whose_path_has_spaces(tmp_path: Path) -> None:
    clone = tmp_path / "my own clone"
    write_tool(clone / ".venv" / "bin" / "uv", "touch built")
    write_tool(tmp_path / "bin" / "pulumi", "mkdir -p dist/sdks/python")
    shutil.copy(ROOT / "Makefile", clone)
    command = ["make", "-s", "-o", ".venv/.ready", "sdks", "SDKS=python"]
    path = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(command, cwd=clone, check=True, env=os.environ | path)  # noqa: S603
    assert (clone / "dist" / "sdks" / "python" / "built").exists()
