"""The examples' grants are deployed, and everybody gets in or not as the grants say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from sandbox.__main__ import main
from tests.sandbox.commands import ROOT, free_port

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("example", "grants"), [("principals", 10), ("conditions", 13)])
def test_an_example_is_deployed_and_every_access_is_as_its_grants_say(
    example: str, grants: int, tmp_path: Path
) -> None:
    text = (ROOT / "examples" / "grants" / f"Pulumi.{example}.yaml").read_text(encoding="utf-8")
    assert text.count("http://127.0.0.1:4577") == 2
    config = tmp_path / f"Pulumi.{example}.yaml"
    config.write_text(text.replace(":4577", f":{free_port()}"), encoding="utf-8")
    line = ["up", "--engine", "in-process", "--config-file", str(config), "--json"]
    result = CliRunner().invoke(main, line)
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    deployed = set(report["outputs"]["grants"])
    assert len(deployed) == grants
    made = [one for one in report["proof"] if one["observed"] != "not tried"]
    assert [one for one in made if one["observed"] != one["expected"]] == []
    tried = {(attempt["grant"], attempt["expected"]) for attempt in made}
    assert {grant for grant, expected in tried if expected == "refused"} == deployed
    # Raw conditions and another time are met by nobody whom the sandbox can create.
    allowed = {grant for grant, expected in tried if expected == "allowed"}
    assert deployed - allowed <= {"raw", "window"}
    assert set(report["unproven"]) == deployed - allowed
