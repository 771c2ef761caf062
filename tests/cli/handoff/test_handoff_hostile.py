"""Whatever a record has in a place, a handoff's files mean it and nothing else, or are refused."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from markdown_it import MarkdownIt

from cross_account_access.cli.handoff.aws_cli_script import render_script
from cross_account_access.cli.handoff.cloudformation_template import render_template
from cross_account_access.cli.handoff.handoff_folder import write_folder
from cross_account_access.cli.handoff.handoff_half import HandoffHalf
from cross_account_access.cli.handoff.handoff_readme import render_readme
from cross_account_access.cli.handoff.markdown_text import quote_code, quote_plain
from cross_account_access.cli.handoff.shell_text import quote_word, render_comment
from cross_account_access.cli.handoff.terraform_configuration import render_configuration
from cross_account_access.cli.terminal import InputError
from cross_account_access.cli.text_format import escape_invisible
from tests.cli.handoff.hostile_handoffs import (
    POLICY_PLACES,
    ROLE_PLACES,
    VALUES,
    Texts,
    build_half,
    is_dynamic,
    is_invisible,
    is_loaded,
    is_surrogate,
    list_accepted,
    rotate,
    select,
)
from tests.cli.handoff.test_handoff import LOADER

if TYPE_CHECKING:
    from pathlib import Path

SHELLS = [shell for shell in ("dash", "bash", "zsh", "busybox") if shutil.which(shell)]


# --- The shell ------------------------------------------------------------------------------------

# Functions, for they start quicker than programs; what they get is written with NULs between.
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


# --- CloudFormation -------------------------------------------------------------------------------


def expected_role(texts: Texts) -> dict[str, Any]:
    role = build_half(texts, "destination").documents.role
    name, document = next(iter(role.inline_policies.items()))
    properties = {
        "RoleName": texts["name"],
        "Path": texts["path"],
        "AssumeRolePolicyDocument": role.trust_policy,
        "Description": texts["description"],
        "MaxSessionDuration": 7200,
        "PermissionsBoundary": texts["boundary"],
        "ManagedPolicyArns": [texts["managed"]],
        "Policies": [{"PolicyName": name, "PolicyDocument": document}],
        "Tags": [{"Key": texts["tag key"], "Value": texts["tag value"]}],
    }
    optional = ("Description", "PermissionsBoundary")
    return {key: value for key, value in properties.items() if value or key not in optional}


@cache
def list_roles() -> list[tuple[Texts, str]]:
    values = select(lambda text: not is_surrogate(text) and not is_dynamic(text))
    found = rotate(values, tuple(place for place in ROLE_PLACES if place != "grant"))
    return [(texts, render_template(build_half(texts, "destination"))) for texts in found]


def test_a_template_is_read_as_the_record_has_it() -> None:
    for texts, text in list_roles():
        document = yaml.load(text, LOADER)  # noqa: S506 - a safe one
        assert document["Resources"]["Role"]["Properties"] == expected_role(texts)
        assertion = document["Rules"]["Account"]["Assertions"][0]
        assert assertion["Assert"]["Fn::Equals"][1] == texts["destination"]
        assert document.keys() == {
            "AWSTemplateFormatVersion",
            "Description",
            "Rules",
            "Outputs",
            "Resources",
        }


_DECODE = """
import json, sys
from cfnlint.decode.cfn_yaml import loads

print(json.dumps(loads(sys.stdin.read())))
"""


def test_cloudformations_linter_reads_the_same() -> None:
    # Of these each value stands somewhere, for there are more places than ten.
    roles = list_roles()[::10]
    heads = [text.partition("\nResources:\n")[2] for _, text in roles]
    bodies = [head.replace("  Role:\n", f"  R{number}:\n", 1) for number, head in enumerate(heads)]
    done = subprocess.run(  # noqa: S603 - a process of its own, for it takes much memory
        [sys.executable, "-c", _DECODE],
        input="Resources:\n" + "".join(bodies),
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=120,
    )
    resources = json.loads(done.stdout)["Resources"]
    found = [resources[f"R{number}"]["Properties"] for number in range(len(bodies))]
    assert found == [expected_role(texts) for texts, _ in roles]


def test_a_source_template_is_read_as_the_record_has_it() -> None:
    values = select(lambda text: not is_surrogate(text) and not is_dynamic(text))
    for texts in rotate(values, POLICY_PLACES):
        half = build_half(texts, "source")
        document = yaml.load(render_template(half), LOADER)  # noqa: S506 - a safe one
        assert document["Resources"]["Policy1"]["Properties"] == {
            "ManagedPolicyName": half.attached[0].name,
            "PolicyDocument": half.attached[0].document,
            "Users": [texts["holder"]],
        }


def test_a_template_has_no_dynamic_reference_and_no_function_from_a_record() -> None:
    places = tuple(place for place in ROLE_PLACES if place not in ("grant", "arn", "principal"))
    for refused in (is_dynamic, is_surrogate):
        assert list_accepted(render_template, "destination", places, refused) == []
    # The policy's name begins with others and may be cut.
    assert list_accepted(render_template, "source", ("arn", "holder"), is_dynamic) == []


@pytest.mark.parametrize("key", ["Ref", "Fn::Sub", "Fn::Transform", "Fn::x", "{{resolve:x:y}}"])
@pytest.mark.parametrize("place", ["trust", "inline", "deep"])
def test_a_policys_key_is_no_function(key: str, place: str) -> None:
    half = build_half(Texts({}), "destination")
    role = half.documents.role
    evil: dict[str, Any] = {"Statement": [{key: "AWS::AccountId"}]}
    if place == "deep":
        evil = {"Statement": [{"Condition": {"StringLike": {"aws:UserAgent": [[{key: ["x"]}]]}}}]}
    changed = {"inline_policies": {"x": evil}} if place == "inline" else {"trust_policy": evil}
    documents = half.documents.model_copy(update={"role": role.model_copy(update=changed)})
    with pytest.raises(InputError, match=r"CloudFormation"):
        render_template(HandoffHalf(documents, "destination"))


# --- Terraform ------------------------------------------------------------------------------------


def evaluate(folder: Path, values: str) -> Any:
    """What Terraform makes of the local value `all`."""
    (folder / "main.tf").write_text(f"locals {{\n{values}\n}}\n", encoding="utf-8")
    done = subprocess.run(
        ["terraform", "console"],  # noqa: S607 - whichever Terraform there is
        input="base64encode(jsonencode(local.all))",
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[:3000]
    return json.loads(base64.b64decode(done.stdout.strip().strip('"')))


@pytest.mark.skipif(
    shutil.which("terraform") is None, reason="terraform is not on PATH: install Terraform"
)
def test_terraform_reads_a_role_as_the_record_has_it(tmp_path: Path) -> None:
    values = select(lambda text: not is_surrogate(text) and text not in ("e\u0301", "\u212b"))
    found = list(rotate(values, ROLE_PLACES))
    parts, expressions = [], []
    for number, texts in enumerate(found):
        text = render_configuration(build_half(texts, "destination"))
        block = text.partition('\n\nresource "aws_iam_role" "role" {\n')[2].partition("\n}\n")[0]
        parts.append(re.sub(r"(?m)^  (\w+)( *= )", rf"  r{number}_\1\2", block))
        wanted = (f"local.r{number}_{key}" for key in expected_arguments(texts))
        expressions.append(f"[{', '.join(wanted)}]")
    parts.append(f"  all = [{', '.join(expressions)}]")
    results = evaluate(tmp_path, "\n".join(parts))
    for texts, result in zip(found, results, strict=True):
        expected = expected_arguments(texts)
        assert [
            json.loads(value) if key == "assume_role_policy" else value
            for key, value in zip(expected, result, strict=True)
        ] == list(expected.values())


def expected_arguments(texts: Texts) -> dict[str, Any]:
    arguments = {
        "name": texts["name"],
        "path": texts["path"],
        "description": texts["description"],
        "permissions_boundary": texts["boundary"],
        "assume_role_policy": build_half(texts, "destination").documents.role.trust_policy,
        "tags": {texts["tag key"]: texts["tag value"]},
    }
    return {key: value for key, value in arguments.items() if value}


def test_terraform_gets_no_text_that_it_would_change() -> None:
    places = ("name", "path", "description", "managed", "inline", "condition", "tag key")
    for refused in (is_surrogate, lambda text: text in ("e\u0301", "\u212b")):
        assert list_accepted(render_configuration, "destination", places, refused) == []
    assert list_accepted(render_configuration, "source", ("holder", "arn"), is_surrogate) == []


# --- Markdown -------------------------------------------------------------------------------------

_MARKDOWN = MarkdownIt("commonmark")


def read_markdown(text: str) -> tuple[list[str], list[str]]:
    """The kinds of elements, and the texts of code, of which all else is the writer's own."""
    kinds, codes = [], []
    for token in _MARKDOWN.parse(text):
        for one in token.children or [token]:
            if one.type in ("code_inline", "fence"):
                codes.append(one.content)
            kinds.append(one.type)
    return kinds, codes


@pytest.mark.parametrize(
    ("side", "places", "shown"),
    [
        (
            "destination",
            ROLE_PLACES,
            (
                "source",
                "destination",
                "name",
                "arn",
                "boundary",
                "managed",
                "condition",
                "principal",
            ),
        ),
        ("source", POLICY_PLACES, ("source", "destination", "holder", "arn")),
    ],
)
def test_no_text_of_a_record_is_markup(
    side: Any, places: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    values = select(
        lambda text: (
            text
            and not is_invisible(text)
            and not is_loaded(text)
            # Letters stand without code, and everybody is no user that AWS must know.
            and not re.fullmatch(r"[A-Za-z0-9]+|\*", text)
        )
    )
    harmless, _ = read_markdown(render_readme(build_half(Texts({}), side)))
    for texts in rotate(values, places):
        kinds, codes = read_markdown(render_readme(build_half(texts, side)))
        assert kinds == harmless, texts
        assert {texts[place] for place in shown} <= set(codes)


def test_text_in_markdown_is_read_as_it_is() -> None:
    for value in VALUES:
        shown = escape_invisible(value) or '""'
        for quote in (quote_code, quote_plain):
            ((_, *kinds, _), codes) = read_markdown(f"In {quote(value)}, and on.")
            if quote is quote_plain and re.fullmatch("[A-Za-z0-9]+", value):
                assert (kinds, codes) == (["text"], [])
            else:
                assert (kinds, codes) == (["text", "code_inline", "text"], [shown])


# --- The folder -----------------------------------------------------------------------------------


def test_a_file_of_any_name_stays_in_the_folder(tmp_path: Path) -> None:
    for value in VALUES:
        if re.fullmatch(r"[\w+=,.@-]{0,100}", value, re.ASCII):
            continue
        with pytest.raises(InputError):
            write_folder(tmp_path / "to", {f"inline-{value}.json": "{}"}, {})
    assert list(tmp_path.iterdir()) == []
