"""The wheel and the sdist: what is in them, and that nothing else is needed to use them."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from typing import TYPE_CHECKING

import pytest

import cross_account_access
from tests.distribution import COMPONENTS, build, copy_components, install, run

if TYPE_CHECKING:
    from pathlib import Path

NAME = f"cross_account_access-{cross_account_access.__version__}"

# Its own documents, and which of the repository's other modules they brought in.
PROGRAM = """
import json, sys
import cross_account_access
from cross_account_access.grants.policies import AssumableRole, build_assume_role_policy
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import build_trust_policy

role = AssumableRole("arn:aws:iam::222222222222:role/deploy", ("sts:AssumeRole",))
alice = PrincipalModel(user="alice")
ours = {"sandbox", "stack_config", "tests", "examples", "boto3", "moto"}
print(json.dumps({
    "file": cross_account_access.__file__,
    "trust": json.loads(build_trust_policy([alice], None, "aws", "111111111111")),
    "policy": json.loads(build_assume_role_policy([role])),
    "others": sorted(ours & set(sys.modules)),
}))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was made from it."""
    return build(tmp_path_factory.mktemp("distribution"))


@pytest.fixture(scope="module")
def python(built: Path) -> Path:
    """An environment with the wheel, what it asks for, and nothing else."""
    return install(built.parent / "environment", built / f"{NAME}-py3-none-any.whl")


def test_the_wheel_is_the_package_and_its_licence(built: Path) -> None:
    with zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl") as wheel:
        names = set(wheel.namelist())
    files = [file for file in (COMPONENTS / "cross_account_access").rglob("*") if file.is_file()]
    source = {
        file.relative_to(COMPONENTS).as_posix() for file in files if "__pycache__" not in file.parts
    }
    assert {name for name in names if not name.startswith(f"{NAME}.dist-info/")} == source
    assert "cross_account_access/py.typed" in source
    assert f"{NAME}.dist-info/licenses/LICENSE" in names


def test_the_sdist_is_the_package_and_what_it_takes_to_build_it(built: Path) -> None:
    with tarfile.open(built / f"{NAME}.tar.gz") as sdist:
        names = {name.removeprefix(f"{NAME}/") for name in sdist.getnames()}
    others = {name for name in names if not name.startswith("cross_account_access/")}
    assert others - {".gitignore"} == {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO"}
    assert "cross_account_access/py.typed" in names


def test_the_metadata_tells_what_it_is_and_needs(built: Path) -> None:
    with zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl") as wheel:
        told = Parser().parsestr(wheel.read(f"{NAME}.dist-info/METADATA").decode())
    assert (told["Name"], told["Version"]) == (
        "cross-account-access",
        cross_account_access.__version__,
    )
    assert told["License-Expression"] == "Apache-2.0"
    assert told["Requires-Python"] == ">=3.11"
    assert told["Author"] == "cross-account-access maintainers"
    assert "Author-email" not in told
    assert "Typing :: Typed" in told.get_all("Classifier", [])
    urls = dict(url.split(", ") for url in told.get_all("Project-URL", []))
    assert set(urls) == {"Homepage", "Repository", "Documentation", "Changelog", "Issues"}
    assert urls["Changelog"] == f"{urls['Repository']}/blob/main/CHANGELOG.md"
    assert urls["Issues"] == f"{urls['Repository']}/issues"
    needs = told.get_all("Requires-Dist") or []
    assert sorted(need.split("<")[0] for need in needs if "extra" not in need) == [
        "pulumi",
        "pulumi-aws",
        "pydantic",
    ]
    extra = [need.split(">")[0] for need in needs if need.endswith("; extra == 'cli'")]
    assert sorted(extra) == ["boto3", "click", "rich"]
    assert told.get_payload() == (COMPONENTS / "README.md").read_text(encoding="utf-8")


def test_the_plugin_needs_what_the_package_needs() -> None:
    lines = (COMPONENTS / "requirements.txt").read_text(encoding="utf-8").splitlines()
    plugin = {line for line in lines if line and not line.startswith("#")}
    text = (COMPONENTS / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"{need}"' in text for need in plugin)
    assert len(plugin) == 3


def test_installed_into_an_empty_environment_it_builds_documents(python: Path) -> None:
    told = json.loads(run(python, "-I", "-c", PROGRAM))
    assert told["file"].startswith(str(python.parents[1]))
    assert told["trust"]["Statement"][0]["Principal"] == {
        "AWS": ["arn:aws:iam::111111111111:user/alice"]
    }
    assert told["policy"]["Statement"][0]["Action"] == "sts:AssumeRole"
    assert told["others"] == []


def test_without_its_extra_the_tool_says_what_to_install(python: Path) -> None:
    tool = python.with_name("cross-account-access")
    found = subprocess.run([tool, "--help"], capture_output=True, text=True, check=False)  # noqa: S603
    assert (found.returncode, found.stdout) == (3, "")
    assert found.stderr.endswith("is missing: pip install 'cross-account-access[cli]'\n")


def test_pip_installs_it_from_a_git_url(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    copy_components(repository / "components")
    git = ("git", "-C", repository, "-c", "user.name=test", "-c", "user.email=test@example.com")
    run("git", "init", "-q", repository)
    run(
        *git,
        "add",
        "components/cross_account_access",
        "components/pyproject.toml",
        "components/README.md",
    )
    run(*git, "add", "components/LICENSE")
    run(*git, "commit", "-q", "-m", "first")
    url = f"git+{repository.as_uri()}#subdirectory=components"
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        tmp_path / "installed",
        url,
    )
    installed = tmp_path / "installed"
    assert (installed / f"{NAME}.dist-info" / "METADATA").is_file()
    assert (installed / "cross_account_access" / "py.typed").is_file()
