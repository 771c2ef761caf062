"""Pulumi ends the program by two interrupts, after a resource failed: at whatever moment they
come, they add nothing to what it has printed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cross_account_access.config.settings import NAMESPACE
from tests.engine.conftest import PROGRAM, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.engine

# What the program is run with, before its own lines. Python gives up a coroutine at its end, if
# nothing refers to it: only sometimes without `forget`.
BEFORE = """
import asyncio, atexit, gc, os, signal, sys, threading

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

def forget():
    for name in [name for name in vars(sys) if name.startswith("last_")]:
        delattr(sys, name)
    del sys.modules["__main__"].coro
    gc.collect()

def interrupt_at_the_end_of_threads():
    threading.main_thread().join()
    interrupt()

print("the user's own")
atexit.register(forget)
loop = asyncio.get_event_loop()
"""

MOMENTS = {
    "while the program waits": "loop.call_soon(loop.call_soon, interrupt)",
    "while threads end": "threading.Thread(target=interrupt_at_the_end_of_threads).start()",
    "while Python ends": "atexit.register(interrupt)",
}

CONFIG = {
    "source": {"accountId": "111111111111", "region": "us-east-1"},
    "destination": {"accountId": "222222222222", "region": "us-east-1"},
    "grants": {"deploy": {"principals": [{"user": "alice"}]}},
}


def run_launcher(
    folder: Path, engine: Mapping[str, str], moment: str, config: Mapping[str, object]
) -> subprocess.CompletedProcess[str]:
    """Run the program as Pulumi does, without an engine to register its resources with."""
    for file in PROGRAM:
        shutil.copy(ROOT / file, folder)
    main = folder / "__main__.py"
    main.write_text(f"{BEFORE}\n{moment}\n{main.read_text(encoding='utf-8')}", encoding="utf-8")
    launcher = shutil.which("pulumi-language-python-exec", path=engine.get("PATH"))
    assert launcher
    values = {f"{NAMESPACE}:{key}": json.dumps(value) for key, value in config.items()}
    return subprocess.run(  # noqa: S603 - Pulumi's own
        [sys.executable, launcher, "--project", "test", "--stack", "test", "--parallel", "4", "."],
        cwd=folder,
        env=os.environ | {"PULUMI_CONFIG": json.dumps(values)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("moment", "config", "message"),
    [
        ("while the program waits", CONFIG, []),
        ("while threads end", CONFIG | {"side": "none"}, ["side"]),
        ("while Python ends", CONFIG | {"side": "none"}, ["side"]),
    ],
)
def test_an_interrupt_adds_nothing_to_what_the_program_printed(
    tmp_path: Path,
    engine: Mapping[str, str],
    moment: str,
    config: Mapping[str, object],
    message: list[str],
) -> None:
    ended = run_launcher(tmp_path, engine, MOMENTS[moment], config)
    heading = "error: the stack's config was refused:"
    lines = [line.partition(": ")[0] for line in ended.stderr.splitlines() if line != heading]
    assert lines == [f"{NAMESPACE}:{key}" for key in message], ended.stderr
    assert ended.stdout == "the user's own\n"
    assert ended.returncode == -signal.SIGINT
