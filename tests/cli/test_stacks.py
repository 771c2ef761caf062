"""The grants are read from stacks' outputs, and what is wrong with these is told."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.stacks import StackSource, load_grant, load_grants
from cross_account_access.cli.terminal import ExitCode, Failure, InputError

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
    for name in ("x", None):
        with pytest.raises(InputError) as caught:
            load_grant(where, name)
        assert "deploy, partner-audit, read-only" in caught.value.remedy
    one = {"grants": {"deploy": deployed.grants["deploy"]}}
    assert load_grant(written(tmp_path, one), None).name == "deploy"


@pytest.mark.parametrize(
    ("outputs", "part"),
    [
        ("no json", "JSON"),
        ("[]", "JSON object"),
        ({}, "no grants"),
        ({"grants": {}}, "no grants"),
        ({"grants": {"deploy": {"documents": "[secret]"}}}, "grant deploy is secret"),
        ({"access": {"deploy": "[secret]"}}, "some of which are secret"),
        ({"grants": "[secret]"}, "some of which are secret"),
        ({"grants": {"deploy": {"documents": '{"format":2}'}}}, "documents of grant deploy"),
        ({"grants": {"deploy": {"documents": '{"format":'}}}, "documents of grant deploy"),
    ],
    ids=str,
)
def test_outputs_without_grants_are_refused(tmp_path: Path, outputs: Any, part: str) -> None:
    error = failure(written(tmp_path, outputs))
    assert part in error.message
    assert error.code is ExitCode.WRONG_INPUT


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    error = failure(StackSource((), (str(tmp_path / "none.json"),), tmp_path))
    assert error.message.endswith("none.json: No such file or directory")
    assert error.code is ExitCode.WRONG_INPUT


def test_no_stack_is_refused(tmp_path: Path) -> None:
    error = failure(StackSource((), (), tmp_path))
    assert (error.code, "--stack" in error.remedy) == (ExitCode.WRONG_INPUT, True)


def test_a_stack_needs_the_pulumi_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = failure(StackSource(("dev",), (), tmp_path))
    assert "Pulumi CLI" in error.message
    assert error.code is ExitCode.UNAVAILABLE


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for the CLI is a script")
@pytest.mark.parametrize(
    ("said", "part", "code"),
    [
        ("error: no stack named 'dev' found", "no stack dev", ExitCode.WRONG_INPUT),
        ("error: PULUMI_ACCESS_TOKEN must be set", "PULUMI_ACCESS", ExitCode.UNAVAILABLE),
    ],
)
def test_what_the_pulumi_cli_refuses_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, part: str, code: ExitCode
) -> None:
    cli = tmp_path / "pulumi"
    script = f'[ $1 = version ] && echo v3.270.0 || {{ echo "{said}" >&2; exit 1; }}'
    cli.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    cli.chmod(cli.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    error = failure(StackSource(("dev",), (), tmp_path))
    assert part in error.message
    assert error.code is code
