"""The program with encrypted config: what is secret in resources and outputs, and what is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pulumi
import pytest
import yaml

from cross_account_access.testing.program_run import AWS_PROVIDER
from tests.component.engine_record import SECRET
from tests.component.harness import attempt, run
from tests.component.test_program import NAMESPACE, WORLD, as_pulumi_gives_it, dev, program
from tests.component.world import SOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.component.engine_record import Run
    from tests.component.test_program import Config


def deploy(config: Config, *encrypted: str) -> Run:
    """Deploy a config in which these keys hold something encrypted."""
    return run(
        program,
        world=WORLD,
        config=as_pulumi_gives_it(config),
        secret_config=tuple(f"{NAMESPACE}:{key}" for key in encrypted),
    )


SECRET_OUTPUTS = {"cliProfile", "assumeRoleCommand"}


def test_where_nothing_tells_what_is_encrypted_every_value_of_the_grants_is_secret() -> None:
    found = deploy(dev(), "grants")
    for hidden in ("partner-7f3a", "Deployments from", "iam:PassRole", "platform"):
        assert hidden not in found.visible()
        assert hidden in deploy(dev()).visible()
    told = found.shown["grants"]["partner-audit"]
    assert {key for key, value in told.items() if value == SECRET} == SECRET_OUTPUTS
    assert "partner-7f3a" in found.outputs["grants"]["partner-audit"]["cliProfile"]
    reader = found.shown["grants"]["read-only"]
    assert SECRET not in json.dumps(reader)
    assert found.graph() == deploy(dev()).graph()


def as_its_file_has_it(folder: Path, config: Config, *encrypted: str) -> None:
    """Write a stack's settings file, with these values of the config as encrypted ones."""
    saved = json.loads(json.dumps(config))
    for path in encrypted:
        *outer, last = path.split(".")
        parent = saved
        for key in outer:
            parent = parent[key]
        parent[last] = {"secure": "v1:AAAA"}
    (folder / "Pulumi.yaml").write_text("name: project")
    content = {f"{NAMESPACE}:{key}": value for key, value in saved.items()}
    (folder / "Pulumi.stack.yaml").write_text(yaml.safe_dump({"config": content}))


@pytest.mark.parametrize(
    ("encrypted", "hidden", "made", "outputs"),
    [
        (
            "grants.partner-audit.conditions.externalId",
            "partner-7f3a",
            {("access-partner-audit", "assumeRolePolicy")},
            {("partner-audit", key) for key in SECRET_OUTPUTS},
        ),
        (
            "grants.deploy.role.description",
            "Deployments from",
            {("access-deploy", "description")},
            set(),
        ),
        ("grants.deploy.role.tags.owner", "platform", {("access-deploy", "tags")}, set()),
        (
            "grants.deploy.role.inlinePolicies.pass-service-roles.Version",
            "2012-10-17",
            {("access-deploy-inline-pass-service-roles", "policy")},
            set(),
        ),
    ],
    ids=["an external ID", "a description", "a tag", "a part of a policy"],
)
def test_exactly_what_the_settings_file_shows_as_encrypted_is_secret(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    encrypted: str,
    hidden: str,
    made: set[tuple[str, str]],
    outputs: set[tuple[str, str]],
) -> None:
    as_its_file_has_it(tmp_path, dev(), encrypted)
    monkeypatch.setattr(pulumi, "get_root_directory", lambda: str(tmp_path))
    found = deploy(dev(), "grants")
    assert {
        (one.name, key) for one in found.made for key in one.secret if one.type != AWS_PROVIDER
    } == made
    shown = found.shown["grants"]
    assert {
        (grant, key) for grant in shown for key, value in shown[grant].items() if value == SECRET
    } == outputs
    if hidden != "2012-10-17":
        assert hidden not in found.visible()
    assert found.shown["documents"] == SECRET
    assert found.outputs["documents"] == deploy(dev()).outputs["documents"]


def test_a_name_that_the_settings_file_shows_as_encrypted_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulumi, "get_root_directory", lambda: str(tmp_path))
    config = dev() | {"side": "both"}
    as_its_file_has_it(tmp_path, config, "side", "source.accountId")
    keys = ("grants", "side", "source")
    found, error = attempt(
        program,
        world=WORLD,
        config=as_pulumi_gives_it(config),
        secret_config=tuple(f"{NAMESPACE}:{key}" for key in keys),
    )
    assert isinstance(error, pulumi.RunError)
    _, *lines = str(error).split("\n")
    assert [line.partition(": must")[0] for line in lines] == [
        f"{NAMESPACE}:side: [secret]",
        f"{NAMESPACE}:source.accountId: [secret]",
    ]
    assert SOURCE not in str(error)
    assert found.made == []


def test_an_encrypted_connection_is_secret_in_its_provider() -> None:
    found = deploy(dev(), "source")
    assert found.one("aws", "source").secret == {
        "accessKey",
        "allowedAccountIds",
        "endpoints",
        "region",
        "secretKey",
    }
    assert found.one("aws", "destination").secret == {"accessKey", "secretKey"}


def test_encrypted_tags_are_secret_in_every_resource() -> None:
    config = dev() | {"tags": {"cost": "swordfish"}}
    found = deploy(config, "tags")
    assert "swordfish" not in found.visible()
    tagged = [*found.of("Role"), *found.of("Policy")]
    assert {one.inputs["tags"]["cost"] for one in tagged} == {"swordfish"}
