"""What `make dist` and `make sbom` make: the same bytes anywhere, a wheel that any Python runs."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from pathlib import Path

import pytest

import cross_account_access
from tests.distribution import PROJECT, ROOT, UV, build, copy_components, install, run

PYTHONS = sorted(name.rpartition(" ")[2] for name in PROJECT["classifiers"] if " :: 3." in name)

PROGRAM = """
import cross_account_access, json
from cross_account_access.cli.main import cli
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import build_trust_policy
from cross_account_access.provider import AccessProvider
from cross_account_access.testing import AwsMocks, MockAccount

alice = PrincipalModel(user="alice")
print(json.dumps({
    "trust": json.loads(build_trust_policy([alice], None, "aws", "111111111111")),
    "schema": sorted(json.loads(AccessProvider().schema)["resources"]),
    "testing": [AwsMocks.__name__, MockAccount.__name__],
}))
"""


def test_a_build_is_the_same_in_any_folder_at_any_time_under_any_umask(tmp_path: Path) -> None:
    first = build(tmp_path / "first")
    other = build(tmp_path / "another folder", 0o077, "Pacific/Auckland")
    assert len(list(first.iterdir())) == 2
    assert {file.name: file.read_bytes() for file in first.iterdir()} == {
        file.name: file.read_bytes() for file in other.iterdir()
    }


@functools.cache
def find_python(version: str) -> str | None:
    done = subprocess.run(  # noqa: S603
        [*UV, "python", "find", "-q", "--no-python-downloads", "--no-project", "--system", version],
        check=False,
        capture_output=True,
        text=True,
    )
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return done.stdout.strip() or (str(pyenv[-1]) if pyenv else None)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (made,) = build(tmp_path_factory.mktemp("built")).glob("*.whl")
    return made


def list_installed(python: Path) -> dict[str, str]:
    """The versions of the packages in an environment."""
    listed = json.loads(run(*UV, "pip", "list", "--format", "json", "--python", python))
    return {package["name"].lower(): package["version"] for package in listed}


def check_installed(python: Path) -> None:
    """An installed wheel builds documents, hosts the components, and has its tool and its mocks."""
    told = json.loads(run(python, "-I", "-W", "ignore", "-c", PROGRAM, cwd=python.parent))
    assert told["trust"]["Statement"][0]["Principal"] == {
        "AWS": ["arn:aws:iam::111111111111:user/alice"]
    }
    assert len(told["schema"]) == 4
    assert told["testing"] == ["AwsMocks", "MockAccount"]
    tool = python.with_name("cross-account-access")
    assert "verify" in run(tool, "--help", cwd=python.parent)
    # A script must not take a command that is missing for one that is done.
    assert subprocess.run([tool, "fleet"], check=False, capture_output=True).returncode == 2  # noqa: S603


@pytest.mark.parametrize("version", PYTHONS)
def test_the_wheel_works_on_each_python_that_it_names(
    version: str, wheel: Path, tmp_path: Path
) -> None:
    if not (found := find_python(version)):
        pytest.skip(f"no Python {version} is installed")
    check_installed(install(tmp_path / "env", f"{wheel}[cli]", python=found))


def test_the_wheel_works_with_the_lowest_versions_of_what_it_needs(
    wheel: Path, tmp_path: Path
) -> None:
    needs = ("-r", ROOT / "components" / "pyproject.toml", "--extra", "cli", f"{wheel}[cli]")
    python = install(tmp_path / "env", "--resolution", "lowest-direct", *needs, pinned=False)
    versions = list_installed(python)
    ranges = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["cli"]]
    for name, lowest in (need.split(",")[0].split(">=") for need in ranges):
        assert f"{versions[name]}.0".startswith(f"{lowest}."), name
    check_installed(python)


def test_the_sbom_lists_what_is_installed_and_nothing_of_the_machine(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("Makefile", "constraints.txt"):
        shutil.copy(ROOT / name, tree)
    copy_components(tree / "components")
    tools = f"BIN={Path(UV[0]).parent}"
    make = ("make", "-s", "-o", ".venv/.ready", tools, "sbom")
    make_sbom = functools.partial(run, *make, cwd=tree, SOURCE_DATE_EPOCH="1", VIRTUAL_ENV="")
    make_sbom()
    text = (tree / "dist" / "sbom.cdx.json").read_text(encoding="utf-8")
    # What is beside the environment is no part of it.
    other = tmp_path / "path" / "other-1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n", "utf-8")
    make_sbom(PYTHONPATH=str(other.parent))
    assert text == (tree / "dist" / "sbom.cdx.json").read_text(encoding="utf-8")
    bom = json.loads(text)
    root = bom["metadata"]["component"]
    assert (root["name"], root["version"]) == (PROJECT["name"], cross_account_access.__version__)
    assert root["licenses"][0]["license"]["id"] == PROJECT["license"]
    (wheel,) = (tree / "dist" / "python").glob("*.whl")
    components = {part["name"].lower().replace("_", "-") for part in bom["components"]}
    installed = list_installed(install(tmp_path / "env", f"{wheel}[cli]"))
    assert components == installed.keys() - {PROJECT["name"]}
    assert not [
        here for here in ("file:", str(tmp_path), str(Path.home()), "simple/") if here in text
    ]
