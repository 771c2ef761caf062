"""What the page shows is what the tool prints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cross_account_access.cli.fleet.error_remedies import find_remedy
from cross_account_access.cli.fleet.stack_locks import StackLock
from tests.cli.fleet.fleet_projects import ALL, FleetProject

DOCS = Path(__file__).parents[3] / "docs"
PAGE = DOCS / "fleet.md"
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


def read_causes() -> dict[str, str]:
    """The page's remedies, by their messages."""
    page = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    (section,) = re.findall(
        r"^## A stack of `fleet` fails\n(.*?)^## ", page, re.MULTILINE | re.DOTALL
    )
    rows = re.findall(r"^\| (`.*) \| (.*) \|$", section, re.MULTILINE)
    return {
        message: cause
        for messages, cause in rows
        for message in re.findall(r"`([^`]*?)(?: …|: …)?`", messages)
    }


@pytest.mark.parametrize(
    ("message", "names"),
    [
        (StackLock((("me", "here", 7),)).describe(), "pulumi cancel -s STACK"),
        (StackLock(()).describe(), "pulumi cancel -s STACK"),
        ("AWS account ID not allowed: 333333333333", "in the access file"),
        ("reading IAM Role (x): couldn't find resource", "name and path"),
        ("NoSuchEntity: The user with name x cannot be found", "name and path"),
        ("EntityAlreadyExists: Role with name x already exists.", "imports"),
        ("error: incorrect passphrase", "PULUMI_CONFIG_PASSPHRASE_FILE"),
    ],
)
def test_troubleshooting_has_what_the_tool_advises(message: str, names: str) -> None:
    (cause,) = (cause for part, cause in read_causes().items() if part in message)
    assert names in find_remedy(message, "STACK", "up")
    assert names in cause


def test_troubleshooting_has_the_missing_passphrase(tmp_path: Path) -> None:
    project = FleetProject.make(tmp_path)
    project.run("init")
    project.plan(stacks=ALL)
    told = project.run("up", "--yes", PULUMI_CONFIG_PASSPHRASE=None).stderr
    (cause,) = (cause for part, cause in read_causes().items() if part in told)
    assert "PULUMI_CONFIG_PASSPHRASE" in cause
