"""A project whose program is in another folder, by `main` in Pulumi.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from sandbox.deploy.pulumi_engine import _prepare_workspace
from sandbox.deploy.stack import load
from tests.sandbox.commands import document, fleet, free_port, sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.aws.server import Sandbox

ACCOUNTS: dict[str, dict[str, Any]] = {"people": {}, "lab": {}}
GRANTS: dict[str, Any] = {
    "audit": {"source": "people", "destinations": ["lab"], "principals": [{"user": "alice"}]}
}


def move_program(folder: Path) -> Path:
    """Make a project of a folder whose program is in the folder above."""
    inner = folder / "stacks"
    inner.mkdir()
    for file in [path for path in folder.iterdir() if path.suffix == ".yaml"]:
        file.rename(inner / file.name)
    with (inner / "Pulumi.yaml").open("a", encoding="utf-8") as project:
        project.write("\nmain: ..\n")
    return inner


def test_a_program_in_another_folder_finds_the_projects_access_file(
    accounts: Sandbox, tmp_path: Path
) -> None:
    folder = move_program(fleet(tmp_path, accounts.endpoint, ACCOUNTS, GRANTS, only=["lab"]))
    up = sandbox("up", folder, "--json")
    assert up.exit_code == 0, up.stderr
    assert {one["grant"] for one in document(up)["proof"]} == {"audit@lab"}


def test_a_config_file_elsewhere_names_an_access_file_of_the_project(
    accounts: Sandbox, tmp_path: Path
) -> None:
    """As the program reads it under `pulumi up --config-file`."""
    folder = fleet(tmp_path, accounts.endpoint, ACCOUNTS, GRANTS)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    config_file = (folder / "Pulumi.dev.yaml").rename(elsewhere / "Pulumi.dev.yaml")
    (elsewhere / "access.yaml").write_text("grants: 1", encoding="utf-8")
    up = sandbox("up", folder, "--json", "--config-file", str(config_file))
    assert up.exit_code == 0, up.stderr
    assert {one["grant"] for one in document(up)["proof"]} == {"audit@lab"}


def test_the_engine_gets_a_program_of_another_folder(tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    folder = move_program(fleet(tmp_path, endpoint, ACCOUNTS, GRANTS, only=["lab"]))
    work = _prepare_workspace(load(folder, "dev"), fresh=True)
    assert (work / "__main__.py").read_bytes() == (tmp_path / "__main__.py").read_bytes()
    assert "main" not in yaml.safe_load((work / "Pulumi.yaml").read_text(encoding="utf-8"))
    settings = yaml.safe_load((work / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    file = work / settings["config"]["cross-account-access:file"]
    assert file.samefile(folder / "access.yaml")


def test_the_engine_gets_a_config_without_the_persons_own_encryption(tmp_path: Path) -> None:
    """`pulumi stack init` writes it, and the sandbox's state has another passphrase."""
    folder = fleet(tmp_path, f"http://127.0.0.1:{free_port()}", ACCOUNTS, GRANTS)
    with (folder / "Pulumi.dev.yaml").open("a", encoding="utf-8") as file:
        file.write("encryptionsalt: v1:EIhbilKhTsM=:v1:x:y\nsecretsprovider: passphrase\n")
    work = _prepare_workspace(load(folder, "dev"), fresh=True)
    settings = yaml.safe_load((work / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    assert list(settings) == ["config"]
