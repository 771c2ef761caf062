"""`python -m sandbox` with the Pulumi engine: the same result as in process, and each where it
should be."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sandbox.aws.server import client
from tests.engine.conftest import ROOT, iam_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.server import Sandbox

pytestmark = pytest.mark.engine

ACCOUNTS = ("111111111111", "222222222222")
IDENTITY = ("type", "name", "parent", "account")
COUNT = (
    "15 AWS resources in 2 accounts; Pulumi counts 26, with the stack, 2 providers and 8 components"
)
_MADE_UP = re.compile(r"(?<=-)[0-9a-f]{7}$")


@pytest.fixture
def folder(tmp_path: Path, sandbox: Sandbox, engine: Mapping[str, str]) -> Path:
    """The project, its dev stack on this module's accounts, which are empty."""
    del engine
    sandbox.reset()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py", "stack_config.py"):
        shutil.copy(ROOT / name, tmp_path)
    stack = tmp_path / "Pulumi.dev.yaml"
    text = stack.read_text(encoding="utf-8").replace("http://127.0.0.1:4577", sandbox.endpoint)
    stack.write_text(text, encoding="utf-8")
    return tmp_path


def command(verb: str, folder: Path, engine: str, **environment: str) -> dict[str, Any]:
    """What the command prints as JSON, and on stderr as `stderr`; it must succeed."""
    run = subprocess.run(  # noqa: S603 - this very Python
        [sys.executable, "-m", "sandbox", verb, "-C", folder, "--engine", engine, "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    told: dict[str, Any] = json.loads(run.stdout)
    return told | {"stderr": run.stderr}


def find_count(told: Mapping[str, Any]) -> str:
    """The sentence that counts the resources."""
    pattern = r"(\d+ AWS resources in .* components) \(engine: (.*)\)\.$"
    (found,) = re.findall(pattern, told["stderr"], re.MULTILINE)
    assert found[1] == told["engine"]
    return str(found[0])


def identities(told: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return sorted(
        (tuple(resource[key] for key in IDENTITY) for resource in told["resources"]), key=str
    )


def iam_of_both(sandbox: Sandbox) -> dict[str, Any]:
    """IAM as it is in both accounts, but for what is another every time: ids, dates and the ends
    of Pulumi's names."""

    def steady(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                _MADE_UP.sub("…", key): steady(inner)
                for key, inner in value.items()
                if not unsteady(key)
            }
        if isinstance(value, list):
            return [steady(inner) for inner in value]
        return _MADE_UP.sub("…", value) if isinstance(value, str) else value

    def unsteady(key: str) -> bool:
        return key in {
            "UserId",
            "RoleId",
            "PolicyId",
            "CreateDate",
            "UpdateDate",
            "RoleLastUsed",
            "Sid",
        }

    return {
        account: steady(iam_state(client("iam", sandbox.endpoint, account=account)))
        for account in ACCOUNTS
    }


def test_both_engines_make_and_prove_the_same_and_nothing_more_the_second_time(
    folder: Path, sandbox: Sandbox
) -> None:
    by_pulumi = command("up", folder, "pulumi")
    made_by_pulumi = iam_of_both(sandbox)
    assert identities(command("up", folder, "pulumi")) == identities(by_pulumi)
    assert iam_of_both(sandbox) == made_by_pulumi

    sandbox.reset()
    in_process = command("up", folder, "in-process")
    assert (by_pulumi["engine"], in_process["engine"]) == ("pulumi", "in-process")
    assert identities(by_pulumi) == identities(in_process)
    assert len(identities(by_pulumi)) == len(set(identities(by_pulumi))) == 25
    assert iam_of_both(sandbox) == made_by_pulumi
    assert [list(attempt.items())[:5] for attempt in by_pulumi["proof"]] == [
        list(attempt.items())[:5] for attempt in in_process["proof"]
    ]
    # The engine's progress, and not the outputs.
    assert "\nOutputs:" not in by_pulumi["stderr"]
    assert "assumeRoleCommand" not in by_pulumi["stderr"]
    assert re.search(r"aws:iam:Role access-deploy created", by_pulumi["stderr"])
    assert "\n    + 26 created\n" in by_pulumi["stderr"]
    assert find_count(by_pulumi) == find_count(in_process) == COUNT
    for told in (by_pulumi, in_process):
        for grant in told["outputs"]["grants"].values():
            assert grant.pop("roleUniqueId").startswith("AROA")
            # Its version is of the principals' unique IDs too, which are another in each run.
            grant["summary"] = re.sub(r" \(version [0-9a-f]{6}\)$", "", grant["summary"])
    assert by_pulumi["outputs"] == in_process["outputs"]


def test_both_engines_preview_the_same_and_make_nothing(folder: Path, sandbox: Sandbox) -> None:
    by_pulumi, in_process = (
        command("preview", folder, engine) for engine in ("pulumi", "in-process")
    )
    assert identities(by_pulumi) == identities(in_process)
    assert len(identities(by_pulumi)) == 25
    diff = by_pulumi["stderr"]
    assert "\n    + 26 to create\n" in diff
    assert "urn:pulumi" not in diff.replace("[unknown]", "")
    for resource in by_pulumi["resources"]:
        assert f"[{resource['name']}]\n" in diff
    assert 'aws:MultiFactorAuthAge: "43200"' in diff
    assert find_count(by_pulumi) == find_count(in_process) == COUNT
    for account in iam_of_both(sandbox).values():
        assert [
            arn
            for arn in account
            if "policy/" in arn or arn.endswith(("deploy", "read-only", "audit"))
        ] == []


def test_a_preview_of_what_is_there_tells_each_resource_that_stays_once(folder: Path) -> None:
    command("up", folder, "pulumi")
    file = folder / "Pulumi.dev.yaml"
    stack = yaml.safe_load(file.read_text(encoding="utf-8"))
    grants = stack["config"]["cross-account-access:grants"]
    del grants["partner-audit"]
    grants["deploy"]["role"]["name"] = "renamed"
    file.write_text(yaml.safe_dump(stack), encoding="utf-8")

    by_pulumi, in_process = (
        command("preview", folder, engine) for engine in ("pulumi", "in-process")
    )
    assert identities(by_pulumi) == identities(in_process)
    assert len(identities(by_pulumi)) == 25 - 3 - 3
    names = [
        found["inputs"]["name"]
        for found in by_pulumi["resources"]
        if found["type"] == "aws:iam/role:Role"
    ]
    assert sorted(names) == ["read-only", "renamed"]


def test_an_engine_that_was_installed_into_the_projects_folder_is_used(folder: Path) -> None:
    own = folder / ".sandbox" / "home" / "bin"
    own.mkdir(parents=True)
    for program in (
        "pulumi",
        "pulumi-resource-aws",
        "pulumi-language-python",
        "pulumi-language-python-exec",
    ):
        if found := shutil.which(program):
            (own / program).symlink_to(Path(found).resolve())
    told = command("preview", folder, "pulumi", PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    assert told["engine"] == "pulumi"


def test_a_secret_inside_an_output_is_told_by_neither_engine(folder: Path) -> None:
    with (folder / "__main__.py").open("a", encoding="utf-8") as program:
        program.write(
            'import pulumi\ninner = pulumi.Output.secret("unlisted")\n'
            'pulumi.export("more", {"inner": inner, "plain": "listed"})\n'
        )
    for engine in ("pulumi", "in-process"):
        assert command("up", folder, engine)["outputs"]["more"] == {
            "inner": "[secret]",
            "plain": "listed",
        }
