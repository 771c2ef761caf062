"""CloudFormation's linter in a process of its own: it holds some 200 MB of specifications."""

from __future__ import annotations

import json
import subprocess
import sys

_PROGRAM = """
import json, sys
from cfnlint.api import lint
from cfnlint.config import ManualArgs

found = lint(sys.stdin.read(), config=ManualArgs(regions=["us-east-1"]))
print(json.dumps(sorted(f"{match.rule.id} {match.path}: {match.message}" for match in found)))
"""


def lint_template(template: str) -> list[str]:
    """What the linter says against a template, each as RULE PATH: MESSAGE."""
    command = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(  # noqa: S603
        command, input=template, capture_output=True, text=True, check=True, timeout=120
    )
    complaints: list[str] = json.loads(done.stdout)
    return complaints
