"""What the page shows is what the tool prints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.cli.fleet.fleet_projects import FleetProject

PAGE = Path(__file__).parents[3] / "docs" / "fleet.md"
SPOKES = ("dev", "production", "staging")
GRANT: dict[str, Any] = {"destinations": ["workloads"]}
FIVE: dict[str, Any] = {
    "accounts": {
        name: {"accountId": str(number) * 12, "groups": ["workloads"] if name in SPOKES else []}
        for number, name in enumerate(("people", "ci", "dev", "production", "staging"), 1)
    },
    "grants": {
        "look": GRANT | {"source": "people", "principals": [{"user": "alice"}]},
        "deploy": GRANT | {"source": "ci", "principals": [{"role": "deployer"}]},
    },
}


def test_the_pages_list_of_stacks_is_what_the_tool_prints(tmp_path: Path) -> None:
    done = FleetProject.make(tmp_path, FIVE).run("stacks")
    shown = re.search(
        r"```console\n\$ cross-account-access fleet stacks\n(.*?)```",
        PAGE.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert shown
    printed = "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())
    assert shown[1] == printed


def test_the_pages_config_is_what_init_writes(tmp_path: Path) -> None:
    project = FleetProject.make(tmp_path, FIVE)
    project.run("init")
    written = (project.folder / "Pulumi.production.yaml").read_text(encoding="utf-8")
    assert f"```yaml\n{written}```" in PAGE.read_text(encoding="utf-8")
