"""Stands in for the Pulumi CLI: keeps its calls, and does what a test's plan says.

The plan is a JSON file: for VERB/STACK the exit code, text, events and seconds, and whether it is
`stubborn` and takes them all; `stacks` and `url` of the backend, and `states` of stacks.
"""
# ruff: noqa: T201 - a program that prints

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

INTERRUPTS: list[int] = []
FOLDER = Path(os.environ.get("FAKE_PULUMI", os.devnull))


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGINT, lambda number, _: INTERRUPTS.append(number))
    plan: dict[str, Any] = json.loads((FOLDER / "plan.json").read_text(encoding="utf-8"))
    words = [word for word in arguments if word != "--non-interactive"]
    stack = words[words.index("--stack") + 1] if "--stack" in words else ""
    if words[0] == "version":
        print("v3.274.0")
        return 0
    if words[:2] == ["stack", "init"]:
        stack = words[2]
    verb = " ".join(words[:2]) if words[0] in ("stack", "state") else words[0]
    keep({"verb": verb, "stack": stack, "arguments": words, "pid": os.getpid()})
    step = plan.get(f"{verb}/{stack}", {})
    if isinstance(step, list):  # each time another
        calls = [
            call for call in read_calls(FOLDER) if (call["verb"], call["stack"]) == (verb, stack)
        ]
        step = step[min(len(calls), len(step)) - 1]
    match verb:
        case "stack ls":
            print(json.dumps([{"name": name} for name in plan.get("stacks", [])]))
        case "whoami":
            print(json.dumps({"user": "me", "url": plan.get("url", "file:///state")}))
        case "stack export":
            print(json.dumps(plan.get("states", {}).get(stack, {"deployment": {}})))
        case "stack output":
            outputs = FOLDER / f"{stack}.outputs.json"
            print(outputs.read_text(encoding="utf-8") if outputs.exists() else "{}")
        case _:
            work(step, words)
    print(step.get("text", ""))
    print(step.get("error", ""), file=sys.stderr)
    return int(step.get("code", 0))


def work(step: dict[str, Any], words: list[str]) -> None:
    if "--event-log" in words:
        with Path(words[words.index("--event-log") + 1]).open("a", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(event)}\n" for event in step.get("events", []))
    until = time.monotonic() + step.get("seconds", 0)
    while time.monotonic() < until and (step.get("stubborn") or not INTERRUPTS):
        time.sleep(0.02)
    if INTERRUPTS:
        keep({"verb": "interrupted", "stack": words[-1]})
        print("error: update canceled")
        sys.exit(255)


def keep(call: dict[str, Any]) -> None:
    line = json.dumps({**call, "time": time.monotonic()})
    with (FOLDER / "calls.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def read_calls(folder: Path) -> list[dict[str, Any]]:
    """The calls until now, in their order."""
    file = folder / "calls.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
