"""A stack whose roles assume themselves is proved: they may, and nobody passes for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from sandbox.__main__ import main
from tests.sandbox.commands import DESTINATION, ROOT, SOURCE, connection, free_port

if TYPE_CHECKING:
    from pathlib import Path

ITSELF = {"selfAssuming": True}
ALICE = [{"user": "alice"}]
GRANTS: dict[str, dict[str, Any]] = {
    "plain": {"principals": ALICE, "role": {**ITSELF, "path": "/team/"}},
    "mfa": {"principals": ALICE, "role": ITSELF, "conditions": {"mfa": True, "externalId": "id-1"}},
    "tags": {
        "principals": [{"role": "ci"}],
        "role": ITSELF,
        "conditions": {"sessionTags": {"team": ["red"]}, "sourceIdentities": ["me"]},
    },
    "member": {
        "principals": ALICE,
        "role": ITSELF,
        "conditions": {"organizations": ["o-a1b2c3d4e5"]},
    },
    "account": {"principals": [{"account": SOURCE}], "role": ITSELF},
    "own-name": {
        "principals": [{"user": "bob", "conditions": {"sessionNames": ["${aws:username}"]}}],
        "role": ITSELF,
    },
    "tagged": {
        "principals": ALICE,
        "role": ITSELF,
        "conditions": {"principalTags": {"team": ["red"]}},
    },
    "ended": {
        "principals": ALICE,
        "role": {**ITSELF, "sessionsIssuedAfter": "2026-01-01T00:00:00Z"},
    },
    "not-yet": {
        "principals": ALICE,
        "role": {**ITSELF, "sessionsIssuedAfter": "2099-01-01T00:00:00Z"},
    },
    "no": {"principals": ALICE},
}
# Those that the sandbox can't let assume themselves.
UNPROVABLE = {"tagged", "not-yet"}
NAMESAKE = {"a role of its name, another account"}
IMPOSTORS = {"another role of its account", "a user of its account"} | NAMESAKE


def prove(config: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """The proof of a stack of this config, which must hold."""
    file = folder / "Pulumi.dev.yaml"
    named = {f"cross-account-access:{key}": value for key, value in config.items()}
    file.write_text(yaml.safe_dump({"config": named}), encoding="utf-8")
    line = ["up", "--engine", "in-process", "--config-file", str(file), "--json"]
    result = CliRunner().invoke(main, line)
    proof: list[dict[str, Any]] = json.loads(result.stdout)["proof"]
    assert [one for one in proof if one["observed"] not in (one["expected"], "not tried")] == []
    assert result.exit_code == 0
    return proof


@pytest.mark.parametrize("side", ["both", "source"])
def test_each_role_assumes_itself_and_impostors_are_refused(tmp_path: Path, side: str) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    accounts: dict[str, Any] = {
        "source": connection(SOURCE, endpoint),
        "destination": connection(DESTINATION, endpoint),
    }
    proof = prove({**accounts, "side": side, "grants": GRANTS}, tmp_path)
    again = {one["grant"]: one for one in proof if one["attempt"] == "assumes itself again"}
    assert again.keys() == GRANTS.keys() - {"no"}
    for name, one in again.items():
        assert one["observed"] == ("not tried" if name in UNPROVABLE else "allowed"), one
    for name in again.keys() - UNPROVABLE:
        refused = {
            one["attempt"] for one in proof if one["grant"] == name and one["observed"] == "refused"
        }
        # Whom a trusted account allows gets in, whatever the role is called.
        assert refused >= IMPOSTORS - (NAMESAKE if name == "account" else set())
    mfa = {one["attempt"] for one in proof if one["grant"] == "mfa"}
    assert "assumes itself again, no external ID" in mfa
    assert "assumes itself again, no MFA" not in mfa
    assert not IMPOSTORS & {one["attempt"] for one in proof if one["grant"] == "no"}


def test_the_example_of_unity_catalog_is_proved(tmp_path: Path) -> None:
    file = ROOT / "examples" / "unity-catalog" / "Pulumi.dev.yaml"
    text = file.read_text(encoding="utf-8").replace(":4577", f":{free_port()}")
    config = yaml.safe_load(text)["config"]
    proof = prove({key.partition(":")[2]: value for key, value in config.items()}, tmp_path)
    attempts = {one["attempt"] for one in proof}
    assert attempts >= {"assumes the role", "assumes itself again", *IMPOSTORS}
