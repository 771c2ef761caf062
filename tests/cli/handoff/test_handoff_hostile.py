"""Whatever a record has in a place, a handoff's files mean it and nothing else, or are refused."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from markdown_it import MarkdownIt

from cross_account_access.cli.handoff.cloudformation_template import render_template
from cross_account_access.cli.handoff.handoff_folder import write_folder
from cross_account_access.cli.handoff.handoff_half import HandoffHalf
from cross_account_access.cli.handoff.handoff_readme import render_readme
from cross_account_access.cli.handoff.markdown_text import quote_code, quote_plain
from cross_account_access.cli.handoff.terraform_configuration import render_configuration
from cross_account_access.cli.terminal import InputError
from cross_account_access.errors import escape_invisible
from cross_account_access.iam.condition_words import describe_conditions
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


def list_arguments(configuration: str) -> list[tuple[str, str]]:
    """The blocks' own arguments with their values, but those that refer to other blocks."""
    found = re.findall(r"(?ms)^  (\w+) *= (.*?)(?=^  \w+ *= |^}$)", configuration)
    return [(name, value) for name, value in found if not re.match(r"aws_iam_|each\.", value)]


@pytest.mark.skipif(
    shutil.which("terraform") is None, reason="terraform is not on PATH: install Terraform"
)
@pytest.mark.parametrize(
    ("side", "places"), [("destination", ROLE_PLACES), ("source", POLICY_PLACES)]
)
def test_terraform_reads_what_the_record_has(
    side: Any, places: tuple[str, ...], tmp_path: Path
) -> None:
    values = select(lambda text: not is_surrogate(text) and text not in ("e\u0301", "\u212b"))
    found = list(rotate(values, places))
    parts = [
        f"[{', '.join(f'[{json.dumps(name)}, {value}]' for name, value in list_arguments(text))}]"
        for text in (render_configuration(build_half(texts, side)) for texts in found)
    ]
    results = evaluate(tmp_path, f"  all = [\n{(',' + chr(10)).join(parts)}\n]")
    for texts, result in zip(found, results, strict=True):
        expected = expected_role_arguments if side == "destination" else expected_policy_arguments
        read = [[name, read_policies(value)] for name, value in result]
        assert read == list(map(list, expected(texts)))


def read_policies(value: Any) -> Any:
    """A value in which each policy's JSON text is read."""
    if isinstance(value, dict):
        return {key: read_policies(inner) for key, inner in value.items()}
    is_policy = isinstance(value, str) and value.startswith('{"Statement":')
    return json.loads(value) if is_policy else value


def expected_role_arguments(texts: Texts) -> list[tuple[str, Any]]:
    role = build_half(texts, "destination").documents.role
    arguments = [
        ("region", "us-east-1"),
        ("allowed_account_ids", [texts["destination"]]),
        ("name", texts["name"]),
        ("path", texts["path"]),
        ("description", texts["description"]),
        ("max_session_duration", 7200),
        ("permissions_boundary", texts["boundary"]),
        ("assume_role_policy", role.trust_policy),
        ("tags", {texts["tag key"]: texts["tag value"]}),
        ("for_each", [texts["managed"]]),
        ("for_each", role.inline_policies),
    ]
    return [(name, value) for name, value in arguments if value]


def expected_policy_arguments(texts: Texts) -> list[tuple[str, Any]]:
    (policy,) = build_half(texts, "source").attached
    return [
        ("region", "us-east-1"),
        ("allowed_account_ids", [texts["source"]]),
        ("name", policy.name),
        ("policy", policy.document),
        ("user", texts["holder"]),
    ]


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


@pytest.mark.parametrize("value", [v for v in VALUES if "/" not in v])
def test_no_key_or_age_of_a_condition_is_markup(value: str) -> None:
    condition = {
        "StringEquals": {f"aws:RequestTag/{value}": "x", f"aws:PrincipalTag/{value}": "x"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": value},
        "StringNotLike": {f"x{value}": "x"},
    }
    text = "\n".join(f"- {one.full}" for one in describe_conditions(condition, quote_code))
    kinds, codes = read_markdown(text)
    assert Counter(kinds)["list_item_open"] == Counter(kinds)["bullet_list_open"] * 4 == 4
    assert {*kinds} <= {
        *("bullet_list_open", "list_item_open", "paragraph_open", "text", "code_inline"),
        *("paragraph_close", "list_item_close", "bullet_list_close"),
    }
    shown = escape_invisible(value)
    assert codes.count(shown or '""') >= 3
    assert escape_invisible(f"x{value}") in codes


# --- The folder -----------------------------------------------------------------------------------


def test_a_file_of_any_name_stays_in_the_folder(tmp_path: Path) -> None:
    for value in VALUES:
        if re.fullmatch(r"[\w+=,.@-]{0,100}", value, re.ASCII):
            continue
        with pytest.raises(InputError):
            write_folder(tmp_path / "to", {f"inline-{value}.json": "{}"}, {})
    assert list(tmp_path.iterdir()) == []
