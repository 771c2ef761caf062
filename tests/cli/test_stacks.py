"""The grants are read from stacks' outputs, and what is wrong with these is told."""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.stacks import StackSource, load_grant, load_grants
from cross_account_access.cli.terminal import ExitCode, Failure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Stage


def written(folder: Path, outputs: Any) -> StackSource:
    file = folder / "outputs.json"
    file.write_text(outputs if isinstance(outputs, str) else json.dumps(outputs), encoding="utf-8")
    return StackSource((), (str(file),), folder)


def failure(where: StackSource) -> Failure:
    with pytest.raises(Failure) as caught:
        load_grants(where)
    return caught.value


def test_a_stack_tells_its_grants_by_name(deployed: Stage) -> None:
    grants = load_grants(StackSource((), (str(deployed.outputs),), deployed.folder))
    assert [grant.name for grant in grants] == ["deploy", "partner-audit", "read-only"]
    assert grants[2].outputs["switchRoleUrl"].startswith("https://signin.aws.amazon.com/")
    assert grants[2].documents.role.max_session_duration == 14400


def test_a_program_of_its_own_exports_the_documents_alone(deployed: Stage, tmp_path: Path) -> None:
    outputs = {
        "access": {name: told["documents"] for name, told in deployed.grants.items()},
        "other": "x",
        "n": 1,
    }
    grants = load_grants(written(tmp_path, outputs))
    assert [grant.name for grant in grants] == ["deploy", "partner-audit", "read-only"]
    assert grants[0].outputs == {}


def test_several_stacks_are_told_one_after_the_other(deployed: Stage) -> None:
    file = str(deployed.outputs)
    assert len(load_grants(StackSource((), (file, file), deployed.folder))) == 6


def test_a_grant_is_chosen_by_its_name(deployed: Stage, tmp_path: Path) -> None:
    where = StackSource((), (str(deployed.outputs),), deployed.folder)
    assert load_grant(where, "deploy").documents.role.name == "deploy"
    with pytest.raises(Failure, match="there is no grant x") as caught:
        load_grant(where, "x")
    assert caught.value.remedy == "Grants: deploy, partner-audit, read-only."
    with pytest.raises(Failure, match="there are 3 such grants"):
        load_grant(where, None)
    one = {"grants": {"deploy": deployed.grants["deploy"]}}
    assert load_grant(written(tmp_path, one), None).name == "deploy"


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ("no json", "is no JSON"),
        ("[]", "is not a stack's outputs, an object"),
        ({}, "has no grants among its outputs"),
        ({"grants": {}}, "has no grants among its outputs"),
        (
            {"grants": {"deploy": {"documents": "[secret]"}}},
            "grant deploy is secret, for its external ID is",
        ),
        ({"access": {"deploy": "[secret]"}}, "grant deploy is secret"),
        ({"grants": "[secret]"}, "has no grants among its outputs"),
        (
            {"grants": {"deploy": {"documents": '{"format":2}'}}},
            "the documents of grant deploy are not understood",
        ),
        (
            {"grants": {"deploy": {"documents": '{"format":'}}},
            "the documents of grant deploy are not understood",
        ),
    ],
    ids=str,
)
def test_outputs_without_grants_are_refused(tmp_path: Path, outputs: Any, message: str) -> None:
    found = failure(written(tmp_path, outputs))
    assert message in found.message
    assert found.code is ExitCode.WRONG_INPUT


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = failure(StackSource((), (str(tmp_path / "none.json"),), tmp_path))
    assert found.message.endswith("none.json: No such file or directory")
    assert found.code is ExitCode.WRONG_INPUT


def test_no_stack_is_told(tmp_path: Path) -> None:
    found = failure(StackSource((), (), tmp_path))
    assert (found.message, found.code) == ("no stack is given", ExitCode.WRONG_INPUT)


def test_without_the_pulumi_cli_no_stack_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = failure(StackSource(("dev",), (), tmp_path))
    assert (found.message, found.code) == (
        "the Pulumi CLI is not here, so that no stack can be asked",
        ExitCode.UNAVAILABLE,
    )


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for the CLI is a script")
@pytest.mark.parametrize(
    ("said", "message", "code"),
    [
        ("error: no stack named 'dev' found", "there is no stack dev", ExitCode.WRONG_INPUT),
        (
            "error: PULUMI_ACCESS_TOKEN must be set",
            "can't be read: error: PULUMI_ACCESS",
            ExitCode.UNAVAILABLE,
        ),
    ],
)
def test_what_the_pulumi_cli_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, message: str, code: ExitCode
) -> None:
    cli = tmp_path / "pulumi"
    cli.write_text(
        f"#!{sys.executable}\nimport sys\nif 'version' in sys.argv: print('v3.270.0')\nelse: sys.exit({said!r})\n",
        encoding="utf-8",
    )
    cli.chmod(cli.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = failure(StackSource(("dev",), (), tmp_path))
    assert message in found.message
    assert found.code is code
