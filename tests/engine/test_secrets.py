"""A secret of the config: it is in force, and nowhere to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import outcome

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Project

pytestmark = pytest.mark.engine

EXTERNAL_ID, KEY = "partner-4711-unlisted", "key-0815-unlisted"


def in_files(folder: Path, text: str) -> list[str]:
    return [
        str(file)
        for file in folder.rglob("*")
        if file.is_file() and text.encode() in file.read_bytes()
    ]


def test_an_external_id_and_a_secret_key_stay_secret(project: Project) -> None:
    project.user()
    config = project.config(
        {name: {"principals": [{"user": "alice"}]} for name in ("partner", "open")}
    )
    del config["source"]["secretKey"]
    run = project.deployed(config)
    run.set_secret("grants.partner.conditions.externalId", EXTERNAL_ID)
    run.set_secret("source.secretKey", KEY)

    run.preview(diff=True)
    told = run.told
    run.up(diff=True)
    told += run.told
    for command in (
        ("stack", "export"),
        ("stack", "output"),
        ("stack", "output", "--json"),
        ("stack", "history"),
    ):
        told += run.cli(*command)
    assert "access-partner" in told
    for secret in (EXTERNAL_ID, KEY):
        assert secret not in told
        assert in_files(project.folder, secret) == []

    alice = project.keys()
    assert outcome(alice, project.role_arn("partner"), ExternalId=EXTERNAL_ID) == "allowed"
    assert outcome(alice, project.role_arn("partner")) == "AccessDenied"
    assert EXTERNAL_ID in run.cli("stack", "output", "--json", "--show-secrets")
