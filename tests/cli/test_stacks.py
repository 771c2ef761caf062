"""The grants are read from stacks' outputs, and what is wrong with these is told."""

from __future__ import annotations

import json
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.stacks import StackSource, load_grant, load_grants
from cross_account_access.cli.terminal import ExitCode, Failure, InputError

if TYPE_CHECKING:
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


def test_records_are_read_beside_the_grants_or_in_them_as_stacks_once_had_them(
    deployed: Stage, tmp_path: Path
) -> None:
    beside = load_grants(StackSource((), (str(deployed.outputs),), deployed.folder))
    within = load_grants(written(tmp_path, {"grants": deployed.grants}))
    assert [one.documents for one in beside] == [one.documents for one in within]
    assert [one.external_id for one in beside] == [one.external_id for one in within]
    assert {one.name: one.external_id for one in beside}["partner-audit"] == "partner-7f3a"
    told = json.loads(deployed.outputs.read_text())
    assert not any("documents" in grant for grant in told["grants"].values())


def test_documents_without_their_secrets_are_refused_with_the_way_out(
    deployed: Stage, tmp_path: Path
) -> None:
    told = json.loads(deployed.outputs.read_text()) | {"documents": "[secret]"}
    error = failure(written(tmp_path, told))
    assert "the grants of" in error.message
    assert "--show-secrets" in error.remedy


def test_several_stacks_are_told_one_after_the_other(deployed: Stage) -> None:
    file = str(deployed.outputs)
    assert len(load_grants(StackSource((), (file, file), deployed.folder))) == 6


@pytest.mark.parametrize("name", ["deploy", None])
def test_of_two_grants_of_a_name_none_is_offered_by_it(deployed: Stage, name: str | None) -> None:
    file = str(deployed.outputs)
    with pytest.raises(InputError) as refused:
        load_grant(StackSource((), (file, file), deployed.folder), name)
    assert refused.value.remedy.startswith("Pass outputs that have each grant once")
    assert file in refused.value.remedy


def test_a_grant_is_chosen_by_its_name(deployed: Stage, tmp_path: Path) -> None:
    where = StackSource((), (str(deployed.outputs),), deployed.folder)
    assert load_grant(where, "deploy").documents.role.name == "deploy"
    for name in ("x", None):
        with pytest.raises(InputError) as caught:
            load_grant(where, name)
        assert "deploy, partner-audit, read-only" in caught.value.remedy
        assert name is None or f"Grants of {deployed.outputs}: " in caught.value.remedy
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
        ({"a": {"b": [{"c": "[secret]"}]}}, "some of which are secret"),
        ({"grants": {"deploy": {"documents": None}}}, "grant deploy has no documents"),
        ({"grants": {"deploy": {"documents": ["x"]}}}, "grant deploy has no documents"),
        ({"grants": {"deploy": {"roleArn": "x"}}}, "grant deploy has no documents"),
        ({"site": {"index": {"documents": ["x"]}}}, "no grants"),
        ({"grants": [{"documents": '{"format":1}'}]}, "no grants"),
        ({"grants": {"deploy": {"documents": '{"format":2}'}}}, "documents of grant deploy"),
        ({"grants": {"deploy": {"documents": '{"format":'}}}, "documents of grant deploy"),
    ],
    ids=str,
)
def test_outputs_without_grants_are_refused(tmp_path: Path, outputs: Any, part: str) -> None:
    error = failure(written(tmp_path, outputs))
    assert part in error.message
    assert error.code is ExitCode.WRONG_INPUT


def test_a_secret_beside_a_grant_is_told_with_the_way_out(deployed: Stage, tmp_path: Path) -> None:
    record = deployed.grants["deploy"]["documents"]
    for grants in ({"a": record, "b": "[secret]"}, {"a": record, "b": {"documents": "[secret]"}}):
        error = failure(written(tmp_path, {"access": grants}))
        assert "grant b is secret" in error.message
        assert "--show-secrets" in error.remedy
    # What isn't a grant may be secret.
    outputs = {"access": {"a": record, "url": "x"}, "db": {"password": "[secret]"}, "k": "[secret]"}
    assert [grant.name for grant in load_grants(written(tmp_path, outputs))] == ["deploy"]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "must be JSON"),
        (b"\xff\xfe{\x00}\x00", "must be text in UTF-8"),
        (b'{"a": "\xe9"}', "must be text in UTF-8"),
        (b"\xef\xbb\xbf{}", "must be JSON (Unexpected UTF-8 BOM"),
        (b'{"a": NaN}', "a number must be finite"),
        (b'{"a": 1e999}', "a number must be finite"),
        (b'{"a": 1, "b": 2, "a": 3}', "(a): a key must not be repeated"),
        (b'{"a":' + b"9" * 5000 + b"}", "must be JSON"),
        (b"[" * 100_000, "must not be nested so deeply"),
        (b'{"a":' * 100_000, "must not be nested so deeply"),
        (b"null", "must be a JSON object"),
        (b'{"\\ud800": {"x": {"documents": "{\\"format\\":"}}}', "documents of grant x"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: bytes, part: str) -> None:
    (tmp_path / "outputs.json").write_bytes(content)
    error = failure(StackSource((), (str(tmp_path / "outputs.json"),), tmp_path))
    assert part in error.message
    assert error.code is ExitCode.WRONG_INPUT
    if "UTF-8" not in part and "documents" not in part:
        assert "--show-secrets" in error.remedy


@pytest.mark.parametrize("name", ["none\x00", "x" * 5000, ".", "none/\udcff"])
def test_a_name_that_no_file_has_is_refused(tmp_path: Path, name: str) -> None:
    assert failure(StackSource((), (name,), tmp_path)).code is ExitCode.WRONG_INPUT


def test_stdin_is_called_so(deployed: Stage) -> None:
    assert deployed.call("map", "--outputs", "-", stdin="x").stderr.startswith(
        "Error: stdin: must be JSON"
    )
    text = deployed.outputs.read_text(encoding="utf-8")
    done = deployed.call("explain", "alice", "deploy", "--outputs", "-", stdin=text)
    assert "grant deploy of stdin" in done.stdout


@pytest.mark.parametrize(
    ("profile", "external_id"),
    [
        ("[profile x]\nexternal_id = partner:7f3a\n", "partner:7f3a"),
        ("[profile x]\nexternal_id = a\x1b[31m\n", None),
        ("[profile x]\nexternal_id = a;b\n", None),
        ("[profile x]\nexternal_id = a\u2028b\n", None),
        (f"external_id = {'x' * 1225}\n", None),
        (["external_id = abc"], None),
        (7, None),
        (None, None),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_an_external_id_is_read_only_if_aws_takes_it(
    deployed: Stage, profile: object, external_id: str | None
) -> None:
    where = StackSource((), (str(deployed.outputs),), deployed.folder)
    grant = replace(load_grant(where, "deploy"), outputs={"cliProfile": profile})
    assert grant.external_id == external_id


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    error = failure(StackSource((), (str(tmp_path / "none.json"),), tmp_path))
    assert error.message.endswith("none.json: No such file or directory")
    assert error.code is ExitCode.WRONG_INPUT


def test_no_stack_is_refused_without_the_pulumi_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = failure(StackSource((), (), tmp_path))
    assert (error.code, "--stack" in error.remedy) == (ExitCode.WRONG_INPUT, True)
    assert "Pulumi CLI" in error.message


def test_a_stack_needs_the_pulumi_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = failure(StackSource(("dev",), (), tmp_path))
    assert "Pulumi CLI" in error.message
    assert error.code is ExitCode.UNAVAILABLE


def pulumi_cli(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A stand-in for the Pulumi CLI: this script, in a project."""
    cli = folder / "pulumi"
    text = f"#!/bin/sh\nPATH=/usr/bin:/bin\n[ $1 = version ] && echo v3.270.0 && exit\n{script}\n"
    cli.write_text(text, encoding="utf-8")
    cli.chmod(cli.stat().st_mode | stat.S_IXUSR)
    (folder / "Pulumi.yaml").write_text("name: p\nruntime: python\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(folder))


needs_script = pytest.mark.skipif(os.name == "nt", reason="the stand-in for the CLI is a script")


@needs_script
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
    pulumi_cli(tmp_path, monkeypatch, f'echo "{said}" >&2; exit 1')
    error = failure(StackSource(("dev",), (), tmp_path))
    assert part in error.message
    assert error.code is code


@needs_script
@pytest.mark.parametrize(
    ("stacks", "files", "expected"),
    [
        ((), (), {"selected"}),
        (("other",), (), {"other"}),
        (("other", "third"), (), {"other", "third"}),
        ((), ("outputs.json",), {"outputs.json"}),
    ],
)
def test_the_selected_stack_is_read_if_none_is_given_and_none_is_selected_by_reading(
    deployed: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stacks: tuple[str, ...],
    files: tuple[str, ...],
    expected: set[str],
) -> None:
    shutil.copy(deployed.outputs, tmp_path / "outputs.json")
    log = tmp_path / "log"
    script = f"""
        echo "$@" >> {log}
        case "$*" in *--show-name*) echo selected ;; *) cat {tmp_path}/outputs.json ;; esac
    """
    pulumi_cli(tmp_path, monkeypatch, script)
    given = tuple(str(tmp_path / file) for file in files)
    grants = load_grants(StackSource(stacks, given, tmp_path))
    assert {Path(grant.stack).name for grant in grants} == expected
    options = {grant.options[:2] for grant in grants}
    assert options == (
        {("--outputs", given[0])} if files else {("--stack", one) for one in expected}
    )
    asked = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    show = ["--non-interactive stack --show-name"] if not stacks and not files else []
    output = "--non-interactive stack output --json --show-secrets --stack {}"
    assert sorted(asked) == sorted(show + [output.format(one) for one in expected if not files])


@needs_script
@pytest.mark.parametrize(
    ("output", "part"),
    [('{"a": 1, "a": 2}', "cannot be read"), ("[]", "no grants"), ("{}", "no grants")],
)
def test_outputs_that_hold_no_grants_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, part: str
) -> None:
    pulumi_cli(tmp_path, monkeypatch, f"echo '{output}'")
    assert part in failure(StackSource(("dev",), (), tmp_path)).message


@needs_script
def test_a_project_without_a_selected_stack_is_refused_by_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi_cli(tmp_path, monkeypatch, 'echo "error: no stack selected" >&2; exit 1')
    error = failure(StackSource((), (), tmp_path))
    assert (error.code, "no stack selected" in error.message) == (ExitCode.WRONG_INPUT, True)
    assert "--outputs" in error.remedy
