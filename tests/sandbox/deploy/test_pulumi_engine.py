"""Finding the Pulumi CLI and its AWS plugin, or saying in one line what is missing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from pulumi import automation

from sandbox.deploy.pulumi_engine import NoEngineError, _list_errors, _tell_diff, find

if TYPE_CHECKING:
    from pathlib import Path

CLOSED = "and https://get.pulumi.com can't be reached"


def script(file: Path, *lines: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(("#!/bin/sh", *lines, "")), encoding="utf-8")
    file.chmod(0o755)


def cli(folder: Path, *, version: str = "v3.272.0", plugins: str = "[]") -> None:
    """A Pulumi CLI that knows its version and its plugins."""
    script(
        folder / "pulumi", f"case $1 in version) echo {version};; plugin) echo '{plugins}';; esac"
    )


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on PATH; it is empty, and the network is closed."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    use_proxy(monkeypatch, 9)
    return folder


def use_proxy(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


class Reached:
    """What answers at the vendor's site."""

    def close(self) -> None: ...


@pytest.fixture
def open_network(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del path
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Reached())


def missing(folder: Path, *, install: bool = True) -> str:
    with pytest.raises(NoEngineError) as caught:
        find(folder, install=install, tell=pytest.fail)
    return str(caught.value)


def test_a_cli_with_a_plugin_beside_it_is_found(path: Path, tmp_path: Path) -> None:
    cli(path)
    script(path / "pulumi-resource-aws")
    assert find(tmp_path, install=False, tell=pytest.fail) == {"PULUMI_SKIP_UPDATE_CHECK": "true"}


def test_a_cli_with_an_installed_plugin_is_found(path: Path, tmp_path: Path) -> None:
    cli(path, plugins=json.dumps([{"name": "aws", "kind": "resource", "version": "7.51.1"}]))
    assert find(tmp_path, install=False, tell=pytest.fail) == {"PULUMI_SKIP_UPDATE_CHECK": "true"}


@pytest.mark.parametrize(
    "plugins",
    [
        "[]",
        "not JSON",
        json.dumps([{"name": "random", "kind": "resource"}, {"name": "aws", "kind": "language"}]),
    ],
)
def test_a_cli_without_the_plugin_is_told(plugins: str, path: Path, tmp_path: Path) -> None:
    cli(path, plugins=plugins)
    assert missing(tmp_path) == f"Pulumi's AWS plugin isn't installed {CLOSED}"


def test_no_cli_is_told(path: Path, tmp_path: Path) -> None:
    script(path / "pulumi-resource-aws")
    assert missing(tmp_path, install=False) == "the Pulumi CLI isn't installed"
    assert missing(tmp_path) == f"the Pulumi CLI isn't installed {CLOSED}"


def test_a_network_that_never_answers_is_given_up_in_seconds(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del path
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        use_proxy(monkeypatch, silent.getsockname()[1])
        began = time.monotonic()
        assert missing(tmp_path) == f"the Pulumi CLI isn't installed {CLOSED}"
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("version", ["v2.25.0", "nonsense; exit 1"])
def test_a_cli_that_is_too_old_or_broken_is_told(version: str, path: Path, tmp_path: Path) -> None:
    cli(path, version=version)
    script(path / "pulumi-resource-aws")
    assert missing(tmp_path, install=False) == "the Pulumi CLI on PATH is too old or doesn't run"


def test_what_was_installed_into_the_folder_comes_before_all_else(
    path: Path, tmp_path: Path
) -> None:
    home = tmp_path / ".sandbox" / "home"
    script(home / "bin" / "pulumi")
    cli(path)
    script(path / "pulumi-resource-aws")
    assert find(tmp_path, install=False, tell=pytest.fail) == {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_HOME": str(home),
        "PATH": f"{home / 'bin'}{os.pathsep}{path}",
    }


@pytest.mark.usefixtures("open_network")
class TestInstalling:
    @pytest.fixture
    def installed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The folders that the vendor's own installer was called with."""
        roots: list[str] = []
        monkeypatch.setattr(automation.PulumiCommand, "install", lambda *, root: roots.append(root))
        return roots

    def test_both_are_installed_into_the_folder(
        self, installed: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        commands: list[Any] = []
        monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command))
        told: list[str] = []
        environment = find(tmp_path, install=True, tell=told.append)
        home = tmp_path / ".sandbox" / "home"
        assert installed == [str(home)]
        assert [command[1:5] for command in commands] == [["plugin", "install", "resource", "aws"]]
        assert commands[0][0] == home / "bin" / "pulumi"
        assert environment["PULUMI_HOME"] == str(home)
        assert told == ["the Pulumi CLI isn't installed: installing it into .sandbox/home"]

    @pytest.mark.parametrize(
        "error",
        [
            OSError("no route\nto host"),
            subprocess.CalledProcessError(1, ["install.sh"]),
            subprocess.TimeoutExpired(["pulumi"], 120),
        ],
    )
    def test_an_installation_that_fails_is_told_in_one_line_and_leaves_nothing(
        self, error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        home = tmp_path / ".sandbox" / "home"

        def install(root: str) -> None:
            script(home / "bin" / "half-of-it")
            assert root == str(home)
            raise error

        monkeypatch.setattr(automation.PulumiCommand, "install", install)
        with pytest.raises(NoEngineError) as caught:
            find(tmp_path, install=True, tell=lambda _: None)
        message = str(caught.value)
        assert message.startswith("the Pulumi CLI isn't installed and installing it failed (")
        assert "\n" not in message
        assert not home.exists()


def diagnose(severity: str, message: str, urn: str | None = None) -> automation.EngineEvent:
    told = {"severity": severity, "message": message, "color": "never", "urn": urn}
    return automation.EngineEvent.from_json(
        {"sequence": 1, "timestamp": 1, "diagnosticEvent": told}
    )


def test_what_went_wrong_is_told_once_with_its_resource_and_without_the_diff() -> None:
    urn = "urn:pulumi:dev::project::a:index:A$aws:iam/role:Role::access-deploy"
    stack = "urn:pulumi:dev::project::pulumi:pulumi:Stack::project-dev"
    events = [
        automation.EngineEvent.from_json({"sequence": 0, "timestamp": 1}),
        diagnose("warning", "an old plugin"),
        diagnose("error", "<{%fg 1%}>no such policy<{%reset%}>\n", urn),
        diagnose("error", "<{%fg 1%}>no such policy<{%reset%}>\n", urn),
        diagnose("info", "more", urn),
        diagnose("error", "boom", stack),
        diagnose("error", "preview failed"),
    ]
    expected = "aws:iam/role:Role access-deploy: no such policy\nboom\npreview failed"
    assert _list_errors(events) == expected


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("+ aws:iam/role:Role: (create)", ["+ aws:iam/role:Role: (create)"]),
        ("  [urn=urn:pulumi:dev::p::a$aws:iam/role:Role::access-a]", ["  [access-a]"]),
        ("  [provider=urn:pulumi:dev::p::pulumi:providers:aws::source::04da6b54]", []),
        ("    name: [unknown]", ["    name: [unknown]"]),
    ],
)
def test_a_diff_names_resources_and_no_urns(line: str, shown: list[str]) -> None:
    told: list[str] = []
    _tell_diff(line, told.append)
    assert told == shown
