"""A secret of the config: it is in force, and nowhere to be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import document, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Project, Run

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


def encrypt_values(run: Run) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::unlisted/*"}
    for path, value in {
        'conditions.raw.StringEquals["sts:ExternalId"][0]': "raw-unlisted",
        "conditions.sourceIdentities[0]": "identity-unlisted",
        "role.description": "description-unlisted",
        "role.tags.team": "team-unlisted",
        "role.inlinePolicies.read": document(statement),
    }.items():
        run.set_secret(f"grants.partner.{path}", value)
    run.set_secret("tags.everywhere", "everywhere-unlisted")


def test_every_value_that_is_encrypted_by_its_path_stays_secret_and_the_rest_plain(
    project: Project,
) -> None:
    project.user()
    role = {"description": "plain-description", "tags": {"owner": "plain-owner"}}
    grants = {
        "partner": {"principals": [{"user": "alice"}], "role": role},
        "open": {"principals": [{"user": "alice"}]},
    }
    run = project.deployed(project.config(grants, tags={"cost": "plain"}))
    encrypt_values(run)

    run.preview(diff=True)
    told = run.told
    assert "plain-owner" in told
    run.up(diff=True)
    told += run.told
    run.up(diff=True, refresh=True)
    told += run.told
    for command in (
        ("stack", "export"),
        ("stack", "output", "--json"),
        ("stack", "history"),
        ("preview", "--json"),
    ):
        told += run.cli(*command)
    assert "unlisted" not in told
    assert in_files(project.folder, "unlisted") == []
    shown = json.loads(run.cli("stack", "output", "--json"))["grants"]
    assert shown["open"]["switchRoleUrl"]
    assert "role_arn" in shown["open"]["cliProfile"]
    assert "external ID" in shown["partner"]["switchRoleUnavailable"]
    check_in_force(project)


def check_in_force(project: Project) -> None:
    role = project.iam(project.destination).get_role(RoleName="partner")["Role"]
    assert role["Description"] == "description-unlisted"
    assert {tag["Value"] for tag in role["Tags"]} >= {"team-unlisted", "everywhere-unlisted"}
    alice, arn = project.keys(), project.role_arn("partner")
    both = {"ExternalId": "raw-unlisted", "SourceIdentity": "identity-unlisted"}
    assert outcome(alice, arn, **both) == "allowed"
    for parameter, value in both.items():
        assert outcome(alice, arn, **{parameter: value}) == "AccessDenied"


def test_a_name_that_is_encrypted_is_refused_without_it(project: Project) -> None:
    run = project.deployed(project.config({"partner": {"principals": [{"user": "alice"}]}}))
    run.set_secret("grants.partner.role.name", "unlisted")
    told = run.fails(run.preview)
    assert "cross-account-access:grants.partner.role.name: [secret]: must not be encrypted" in told
    assert "unlisted" not in told
    assert "Traceback" not in told
