"""Previews, in process, of parts of 300 accounts with five roles each: `python
benchmarks/parts.py`.

Each is a process of its own, `python -m sandbox preview`, with its people and emulated accounts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SPOKES = [f"spoke-{number}" for number in range(300)]
ROLES = 5
PARTS = {"the people's part": ["people"], "ten destinations' parts": SPOKES[:10]}


def connect(number: int, endpoint: str) -> dict[str, Any]:
    """An emulated account."""
    account = f"{number:012}"
    return {
        "accountId": account,
        "region": "us-east-1",
        "accessKey": account,
        "secretKey": "sandbox",
        "endpoint": endpoint,
    }


def write_project(folder: Path) -> None:
    """The program, its access file, and a stack for each part."""
    for name in ("Pulumi.yaml", "__main__.py", "stack_config.py"):
        shutil.copy(ROOT / name, folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{probe.getsockname()[1]}"
    accounts = {"people": connect(100_000_000_000, endpoint)}
    for number, spoke in enumerate(SPOKES):
        accounts[spoke] = connect(200_000_000_000 + number, endpoint) | {"groups": ["spokes"]}
    grants = {
        f"role-{number}": {
            "source": "people",
            "destinations": ["spokes"],
            "principals": [{"group": "developers"}],
            "role": {"managedPolicies": ["ReadOnlyAccess"]},
        }
        for number in range(ROLES)
    }
    shared = {"accounts": accounts, "grants": grants}
    (folder / "access.yaml").write_text(json.dumps(shared), encoding="utf-8")
    for number, only in enumerate(PARTS.values()):
        config = {"cross-account-access:file": "access.yaml", "cross-account-access:only": only}
        file = folder / f"Pulumi.part{number}.yaml"
        file.write_text(json.dumps({"config": config}), encoding="utf-8")


def main() -> None:
    """Measure, and print a table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print("| 300 accounts × 5 roles, preview of | s | processor s | MiB |")
    print("|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder))
        for number, part in enumerate(PARTS):
            command = ["preview", "-C", folder, "--stack", f"part{number}"]
            started = time.monotonic()
            process = subprocess.Popen(  # noqa: S603 - this very Python
                [sys.executable, "-m", "sandbox", *command, "--engine", "in-process", "--json"],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"the preview of {part} failed")
            used, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
            print(f"| {part} | {wall:.1f} | {used:.1f} | {peak:.0f} |")


if __name__ == "__main__":
    main()
