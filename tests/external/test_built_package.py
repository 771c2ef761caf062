"""What `make dist` and `make sbom` make: the same bytes anywhere, a wheel that any Python runs."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import cross_account_access

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "components/pyproject.toml").read_text(encoding="utf-8"))["project"]
UV = (sys.executable, "-m", "uv")
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


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603
        command, cwd=cwd, check=False, capture_output=True, text=True, env=clean | environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(folder: Path, umask: int, zone: str) -> dict[str, str]:
    """The digests of what is built from a copy with those modes of files, in that time zone."""
    ignored = shutil.ignore_patterns("__pycache__", "venv", "dist", "*.egg-info")
    shutil.copytree(ROOT / "components", folder / "components", ignore=ignored)
    for path in (folder / "components").rglob("*"):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
        os.utime(path, (umask, umask))
    command = [*UV, "build", "-q", "--no-create-gitignore", "-o", str(folder / "out")]
    command += ["--build-constraint", str(ROOT / "constraints.txt"), str(folder / "components")]
    done = subprocess.run(  # noqa: S603
        command,
        check=False,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000", "TZ": zone},
        umask=umask,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    files = (folder / "out").iterdir()
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_a_build_is_the_same_in_any_folder_at_any_time_under_any_umask(tmp_path: Path) -> None:
    first = build(tmp_path / "first", 0o022, "UTC")
    assert first == build(tmp_path / "another folder", 0o077, "Pacific/Auckland")
    assert len(first) == 2


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
    folder = tmp_path_factory.mktemp("built")
    build(folder, 0o022, "UTC")
    (made,) = (folder / "out").glob("*.whl")
    return made


def check_installed(environment: Path) -> None:
    """An installed wheel builds documents, hosts the components, and has its tool and its mocks."""
    python = environment / "bin" / "python"
    told = json.loads(run(python, "-I", "-W", "ignore", "-c", PROGRAM, cwd=environment))
    assert told["trust"]["Statement"][0]["Principal"] == {
        "AWS": ["arn:aws:iam::111111111111:user/alice"]
    }
    assert len(told["schema"]) == 4
    assert told["testing"] == ["AwsMocks", "MockAccount"]
    tool = environment / "bin" / "cross-account-access"
    assert "verify" in run(tool, "--help", cwd=environment)
    # A script must not take a command that is missing for one that is done.
    assert subprocess.run([tool, "fleet"], check=False, capture_output=True).returncode == 2  # noqa: S603


@pytest.mark.parametrize("version", PYTHONS)
def test_the_wheel_works_on_each_python_that_it_names(
    version: str, wheel: Path, tmp_path: Path
) -> None:
    if not (found := find_python(version)):
        pytest.skip(f"no Python {version} is installed")
    run(*UV, "venv", "-q", "--python", found, tmp_path / "env")
    install = (*UV, "pip", "install", "-q", "--python", tmp_path / "env" / "bin" / "python")
    run(*install, "-c", ROOT / "constraints.txt", f"{wheel}[cli]")
    check_installed(tmp_path / "env")


def test_the_wheel_works_with_the_lowest_versions_of_what_it_needs(
    wheel: Path, tmp_path: Path
) -> None:
    run(*UV, "venv", "-q", "--python", sys.executable, tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    needs = ("-r", ROOT / "components" / "pyproject.toml", "--extra", "cli", f"{wheel}[cli]")
    run(*UV, "pip", "install", "-q", "--resolution", "lowest-direct", "--python", python, *needs)
    listed = json.loads(run(*UV, "pip", "list", "--format", "json", "--python", python))
    versions = {package["name"]: package["version"] for package in listed}
    ranges = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["cli"]]
    for name, lowest in (need.split(",")[0].split(">=") for need in ranges):
        assert f"{versions[name]}.0".startswith(f"{lowest}."), name
    check_installed(tmp_path / "env")


def test_the_sbom_lists_what_is_installed_and_nothing_of_the_machine(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("Makefile", "constraints.txt"):
        shutil.copy(ROOT / name, tree)
    ignored = shutil.ignore_patterns("__pycache__", "venv", "dist", "*.egg-info")
    shutil.copytree(ROOT / "components", tree / "components", ignore=ignored)
    tools = f"BIN={Path(sys.executable).parent}"
    make = ("make", "-s", "-o", ".venv/.ready", tools, "sbom")
    run(*make, cwd=tree, SOURCE_DATE_EPOCH="1700000000", VIRTUAL_ENV="")
    text = (tree / "dist" / "sbom.cdx.json").read_text(encoding="utf-8")
    # What is beside the environment is no part of it.
    other = tmp_path / "path" / "other-1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n", "utf-8")
    path = {"PYTHONPATH": str(other.parent)}
    run(*make, cwd=tree, SOURCE_DATE_EPOCH="1700000000", VIRTUAL_ENV="", **path)
    assert text == (tree / "dist" / "sbom.cdx.json").read_text(encoding="utf-8")
    bom = json.loads(text)
    root = bom["metadata"]["component"]
    assert (root["name"], root["version"]) == (PROJECT["name"], cross_account_access.__version__)
    assert root["licenses"][0]["license"]["id"] == PROJECT["license"]
    python = tmp_path / "env" / "bin" / "python"
    run(*UV, "venv", "-q", "--python", sys.executable, tmp_path / "env")
    (wheel,) = (tree / "dist" / "python").glob("*.whl")
    constraints = ("-c", ROOT / "constraints.txt")
    run(*UV, "pip", "install", "-q", "--python", python, *constraints, f"{wheel}[cli]")
    listed = json.loads(run(*UV, "pip", "list", "--format", "json", "--python", python))
    components = {part["name"].lower().replace("_", "-") for part in bom["components"]}
    assert components == {package["name"].lower() for package in listed} - {PROJECT["name"]}
    assert not [
        here for here in ("file:", str(tmp_path), str(Path.home()), "simple/") if here in text
    ]
