"""Whatever a record has in a place, a shell runs a handoff's commands with it and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.handoff.aws_cli_script import render_script
from cross_account_access.cli.handoff.shell_text import quote_word, render_comment
from tests.cli.handoff.hostile_handoffs import (
    POLICY_PLACES,
    ROLE_PLACES,
    VALUES,
    Texts,
    build_half,
    is_invisible,
    is_loaded,
    list_accepted,
    rotate,
    select,
)

if TYPE_CHECKING:
    from pathlib import Path

SHELLS = [shell for shell in ("dash", "bash", "zsh", "busybox") if shutil.which(shell)]

_STUB = """\
log=$1 script=$2 role=$3 account=$4
set -- iam
dirname() { printf '%s\\n' .; }
aws() {
  printf '%s\\0' "$@" END >>"$log"
  case $2 in
    get-caller-identity) printf '%s\\n' "$account" ;;
    get-role) case "$*" in
        *Statement*) echo Trust1 ;;
        *) printf '%s' "$role" ;;
      esac ;;
    list-*) echo None ;;
  esac
}
. "$script"
"""
# What a script passes to the shell's commands; descriptions, tags and policies go as JSON.
PASSED = ("destination", "arn", "name", "path", "boundary", "managed", "inline")


def run(shell: str, folder: Path, script: str, role: str, account: str) -> tuple[Any, list[Any]]:
    """Run a script where there is no program at all; returns how it ended, and its calls."""
    (folder / "commands.sh").write_text(script, encoding="utf-8")
    (folder / "log").unlink(missing_ok=True)
    where = [str(folder / name) for name in ("log", "commands.sh")]
    program = [shutil.which(shell) or shell, *(["sh"] if shell == "busybox" else [])]
    done = subprocess.run(  # noqa: S603 - a shell
        [*program, "-c", _STUB, "stub", *where, role, account],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=folder,
        env={"PATH": str(folder / "bin")},
    )
    calls = (folder / "log").read_text(encoding="utf-8").split("\0END\0")[:-1]
    return done, [read_call(call.split("\0")) for call in calls]


def read_call(words: list[str]) -> dict[str, Any]:
    """The service, the operation and the options, as the AWS CLI takes them."""
    call: dict[str, Any] = {"": " ".join(words[:2])}
    left = words[2:]
    while left:
        option, equals, value = left.pop(0).partition("=")
        assert re.fullmatch("--[a-z-]+", option)
        call[option[2:]] = value if equals else left.pop(0)
        assert equals or not call[option[2:]].startswith("-")
    if "tags" in call:
        call["tags"] = json.loads(call["tags"])
    described: dict[str, Any] = json.loads(call.pop("cli-input-json", "{}"))
    return call | described


def describe(call: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in call.items() if key not in ("query", "output")}


def expected_calls(texts: Texts, *, stands: bool) -> list[dict[str, Any]]:
    name = {"role-name": texts["name"]}
    trust, duration = "file://trust-policy.json", {"max-session-duration": "7200"}
    boundary = {"permissions-boundary": texts["boundary"]}
    described = {"description": texts["description"]} if texts["description"] else {}
    tags = {"tags": [{"Key": texts["tag key"], "Value": texts["tag value"]}]}
    made = {"": "iam create-role", "path": texts["path"], "assume-role-policy-document": trust}
    updates: list[dict[str, Any]] = [
        {"": "iam get-role", **name},
        {"": "iam update-assume-role-policy", **name, "policy-document": trust},
        {"": "iam update-role", **name, "description": texts["description"], **duration},
        {"": "iam put-role-permissions-boundary", **name, **boundary},
        {"": "iam tag-role", **name, **tags},
    ]
    if not texts["boundary"]:
        boundary = {}
        del updates[3]
    inline = {"policy-name": texts["inline"]}
    document = {"policy-document": f"file://inline-{texts['inline']}.json"}
    return [
        {"": "sts get-caller-identity"},
        {"": "iam get-role", **name},
        *(updates if stands else [made | name | described | duration | boundary | tags]),
        {"": "iam attach-role-policy", **name, "policy-arn": texts["managed"]},
        {"": "iam put-role-policy", **name, **inline, **document},
        {"": "iam list-attached-role-policies", **name},
        {"": "iam list-role-policies", **name},
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_runs_the_commands_of_a_role_and_nothing_else(shell: str, tmp_path: Path) -> None:
    values = select(lambda text: not is_invisible(text) and not is_loaded(text))
    for number, texts in enumerate(rotate(values, ROLE_PLACES)):
        stands = bool(number % 2) and bool(texts["arn"])
        script = render_script(build_half(texts, "destination"))
        role = texts["arn"] if stands else ""
        done, calls = run(shell, tmp_path, script, role, texts["destination"])
        assert (done.returncode, done.stderr) == (0, ""), texts
        assert done.stdout == f"The role {texts['arn']} is deployed.\n"
        assert list(map(describe, calls)) == expected_calls(texts, stands=stands)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["commands.sh", "log"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_runs_the_commands_of_a_policy_and_nothing_else(shell: str, tmp_path: Path) -> None:
    values = select(lambda text: not is_invisible(text) and not is_loaded(text))
    for texts in rotate(values, POLICY_PLACES):
        half = build_half(texts, "source")
        (policy,) = half.attached
        done, calls = run(shell, tmp_path, render_script(half), "", texts["source"])
        assert (done.returncode, done.stderr) == (0, ""), texts
        assert done.stdout == f"Allowed to assume {texts['arn']}.\n"
        made = {"policy-name": policy.name, "policy-document": f"file://{policy.file}"}
        held = {"user-name": texts["holder"], "policy-arn": policy.arn}
        assert list(map(describe, calls)) == [
            {"": "sts get-caller-identity"},
            {"": "iam get-policy", "policy-arn": policy.arn},
            {"": "iam create-policy", **made},
            {"": "iam attach-user-policy", **held},
        ]
        expected = f":iam::{texts['source']}:policy/{policy.name}"
        assert policy.arn == f"arn:{texts['partition']}{expected}"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["commands.sh", "log"]


def test_a_script_has_no_invisible_character_and_loads_nothing() -> None:
    for side, places in (("destination", PASSED), ("source", POLICY_PLACES)):
        loaded = [place for place in places if place in ("name", "path", "boundary", "holder")]
        assert list_accepted(render_script, side, places, is_invisible) == []  # type: ignore[arg-type] # sides
        if side == "destination":
            assert list_accepted(render_script, "destination", tuple(loaded), is_loaded) == []
    for value in VALUES:
        texts = Texts({"description": value, "tag key": value, "tag value": value})
        script = render_script(build_half(texts, "destination"))
        assert not is_invisible(script.replace("\n", ""))


@pytest.mark.parametrize("value", ["esac", "*", "a | b", "[x]", "x) touch hostile ;;"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_policys_name_is_no_pattern(shell: str, value: str, tmp_path: Path) -> None:
    texts = Texts(dict.fromkeys(("managed", "inline"), value))
    script = render_script(build_half(texts, "destination")).replace("in $policies", 'in "$other"')
    done, _ = run(shell, tmp_path, f"other=x\n{script}", "", texts["destination"])
    notes = [line.partition("policy")[0] for line in done.stderr.splitlines()]
    assert notes == [f"Note: the role also has the {kind} " for kind in ("managed", "inline")]
    done, _ = run(shell, tmp_path, f"other={quote_word(value)}\n{script}", "", texts["destination"])
    assert (done.returncode, done.stderr) == (0, "")


def test_a_comment_stays_one_line_and_a_word_one_word() -> None:
    for value in VALUES:
        comment = render_comment(value)
        assert comment.startswith("# ")
        assert not is_invisible(comment)
        if not is_invisible(value):
            assert quote_word(value)[0] not in "=~#"
