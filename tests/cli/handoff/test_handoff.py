"""What `handoff` writes and says."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.cli.handoff import hcl
from cross_account_access.cli.handoff.aws_cli_script import render_command
from cross_account_access.cli.handoff.handoff_command import render_files
from cross_account_access.cli.handoff.handoff_half import HandoffHalf
from cross_account_access.cli.handoff.handoff_readme import render_readme
from cross_account_access.cli.handoff.yaml_text import render_yaml
from cross_account_access.cli.main import cli
from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.grants import policies
from tests.cli.handoff.everything import GRANTS, SIDES, hand_off, records
from tests.sandbox.commands import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

RECORDS = records()
WITH_EXTERNAL_ID = {"external-id", "partner-audit", "rich"}
HANDED_OUT = {"account", "permission-set", "organization", "organizational-unit"}
ALL = [(grant, side) for grant in GRANTS for side in SIDES]


def half_of(grant: str, side: Any) -> HandoffHalf:
    return HandoffHalf(RECORDS[grant], side)


def outputs(folder: Path, side: Any = "both", *names: str) -> Path:
    """A file with the outputs of a stack that makes this side of these grants."""
    found = {
        name: record.as_json()
        for name, record in records(side).items()
        if name in names or not names
    }
    file = folder / "outputs.json"
    file.write_text(json.dumps({"documents": found}), encoding="utf-8")
    return file


def invoke(*args: str, **given: Any) -> Result:
    return CliRunner().invoke(cli, ["handoff", *args], standalone_mode=False, **given)


# --- What is in it --------------------------------------------------------------------------------


@pytest.mark.parametrize(("grant", "half"), ALL)
def test_the_folder_holds_the_exact_policies_and_three_ways_to_make_them(
    grant: str, half: str
) -> None:
    side = half_of(grant, half)
    files = render_files(side)
    documents = {name: json.loads(text) for name, text in files.items() if name.endswith(".json")}
    role = RECORDS[grant].role
    if half == "destination":
        inline = {
            f"inline-{name}.json": document for name, document in role.inline_policies.items()
        }
        assert documents == {"trust-policy.json": role.trust_policy, **inline}
    else:
        assert {str(document) for document in documents.values()} == {
            str(p.needs) for p in RECORDS[grant].principals
        }
    forms = {"commands.sh", "template.yaml", "main.tf"}
    by_hand = half == "source" and grant in HANDED_OUT
    assert files.keys() == {*documents, "README.md", "checksum", *(() if by_hand else forms)}


@pytest.mark.parametrize(("grant", "half"), ALL)
def test_the_readme_names_everybody_and_never_the_external_id(grant: str, half: str) -> None:
    side = half_of(grant, half)
    text = render_files(side)["README.md"]
    for principal in RECORDS[grant].principals:
        holder = principal.attached_to if half == "source" else None
        assert f"`{holder[1] if holder else principal.name}`" in text
    title = text.splitlines()[0]
    assert all(account in title for account in (side.account, *side.other_accounts))
    assert f"--checksum {side.checksum}\n" in text
    for secret in ("rich:4711", "rich-0815", "new-4711", "old-0815", "partner-7f3a"):
        assert secret not in text


@pytest.mark.parametrize(
    ("grant", "text"),
    {
        "read-only": "- the caller must have signed in with MFA less than 12 h ago\n",
        "addresses": "- the call must come from `2001:db8::/48` or `203.0.113.0/24`\n",
        "raw": "- `aws:UserAgent` must not match `*curl*`\n",
        "external-id": "- the call must include one of 2 external IDs\n",
        "permission-set": "- the caller must match principal ARN `arn:aws:iam::111111111111:role/",
        "user": "There are no conditions.\n",
        "rich": "- nothing for sessions issued before `2026-11-27T10:00:00Z`, which are ended",
        "mixed": (
            "- `arn:aws:iam::111111111111:role/team/ci`:\n"
            "  - the call must set the source identity `ci-*`\n"
        ),
    }.items(),
)
def test_the_readme_says_the_conditions_in_words(grant: str, text: str) -> None:
    assert text in render_readme(half_of(grant, "destination"))


@pytest.mark.parametrize(
    ("grant", "text"),
    {
        "permission-set": "add the statement of `policy-permission-set-Operators.json`",
        "account": "in account 111111111111, attach `policy-account-111111111111.json`",
        "organization": "in each of its accounts, including 111111111111, attach `policy-organiz",
        "organizational-unit": "`policy-organizational-unit-o-a1b2c3d4e5-r-ab12-ou-ab12-11111111.",
        "group": "- Users that you add to the group `developers`",
        "session": "- A session has no policies of its own",
    }.items(),
)
def test_the_readme_says_where_the_sources_policies_go(grant: str, text: str) -> None:
    assert text in render_readme(half_of(grant, "source"))


def test_every_kind_of_principal_is_among_the_grants() -> None:
    assert {
        p.kind for record in RECORDS.values() for p in record.principals if not p.attached_to
    } == {name.replace("-", "_") for name in HANDED_OUT}
    found = {
        p.attached_to[0] for record in RECORDS.values() for p in record.principals if p.attached_to
    }
    assert found == {"user", "role", "group"}


@pytest.mark.parametrize(("grant", "half"), ALL)
def test_the_external_id_is_where_it_must_be_and_told_of(grant: str, half: str) -> None:
    side = half_of(grant, half)
    assert side.has_external_id == (half == "destination" and grant in WITH_EXTERNAL_ID)
    holding = {name for name, text in render_files(side).items() if "ExternalId" in text}
    assert holding == (
        {"trust-policy.json", "template.yaml", "main.tf"} if side.has_external_id else set()
    )


def test_a_role_and_its_session_share_a_policy_where_they_need_the_same() -> None:
    side = half_of("rich", "source")
    assert [one.file for one in side.attached] == ["policy-role-ci.json", "policy-user-alice.json"]
    needs = policies.build_assume_role_policy(
        [policies.AssumableRole(side.documents.role.arn, ("sts:AssumeRole", "sts:TagSession"))]
    )
    principals = [
        one.model_copy(update={"needs": json.loads(needs)}) if one.kind == "session" else one
        for one in side.documents.principals
    ]
    apart = HandoffHalf(
        side.documents.model_copy(update={"principals": principals}), "source"
    ).attached
    assert [(one.file, one.kind, one.holder) for one in apart] == [
        ("policy-role-ci.json", "role", "ci"),
        ("policy-session-ci@release.json", "role", "ci"),
        ("policy-user-alice.json", "user", "alice"),
    ]
    assert len({one.name for one in apart}) == 3


def test_a_policys_name_stays_within_iams_length_and_is_no_others() -> None:
    record = RECORDS["group"]
    names = set()
    for last in "xy":
        group = record.principals[0].model_copy(update={"attached_to": ("group", "g" * 127 + last)})
        names |= {
            one.name
            for one in HandoffHalf(
                record.model_copy(update={"principals": [group]}), "source"
            ).attached
        }
    assert len(names) == 2
    assert {len(name) for name in names} == {128}


# --- The command ----------------------------------------------------------------------------------


def test_it_says_what_it_wrote_and_for_whom_and_shows_no_external_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    options = ("--outputs", "outputs.json", "--for", "destination", "--to", "for-them")
    done = invoke("partner-audit", *options)
    assert (done.exit_code, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first.startswith("for-them: the destination half of grant partner-audit")
    folder = tmp_path / "for-them"
    listed = sorted(path.name for path in folder.iterdir())
    assert lines[: len(listed)] == [f"  {name}" for name in listed]
    assert "The folder holds the external ID" in done.stdout
    assert "partner-7f3a" not in done.stdout
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["for-them", "outputs.json"]

    again = invoke("partner-audit", *options)
    assert again.exit_code == 0
    assert "  unchanged since the earlier handoff" in again.stdout.splitlines()


@pytest.mark.parametrize(("made", "asked"), [("source", "destination"), ("destination", "source")])
def test_by_default_it_hands_over_what_the_stack_does_not_make(
    tmp_path: Path, made: str, asked: str
) -> None:
    told = hand_off(outputs(tmp_path, made, "rich"), tmp_path / "to")
    assert (told["for"], told["grant"]) == (asked, "rich")
    assert not any("itself" in note for note in told["notes"])
    assert told["changes"] is None
    assert told["files"] == sorted(path.name for path in (tmp_path / "to").iterdir())


def test_that_the_stack_makes_the_side_itself_is_told(tmp_path: Path) -> None:
    told = hand_off(
        outputs(tmp_path, "destination", "user"), tmp_path / "to", "--for", "destination"
    )
    assert told["notes"][0].startswith("The stack makes the destination half itself")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("rich",), "no stack is given"),
        (("--outputs", "outputs.json", "--for", "source"), f"there are {len(GRANTS)} such grants"),
        (("rich", "--outputs", "outputs.json"), "the stack makes both halves of grant rich"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    args: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    done = invoke(*args, "--to", "to", "--json")
    assert isinstance(done.exception, Failure)
    assert done.exception.code == ExitCode.WRONG_INPUT
    assert json.loads(done.stdout)["error"]["message"].startswith(message)
    assert [path.name for path in tmp_path.iterdir()] == ["outputs.json"]


def test_interrupted_while_it_reads_it_leaves_nothing(tmp_path: Path) -> None:
    tool = [sys.executable, "-m", "cross_account_access.cli", "handoff"]
    process = subprocess.Popen(  # noqa: S603 - the tool
        [*tool, "--outputs", "-", "--to", "to"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None
    # More than a pipe holds: once it is written the tool is reading.
    process.stdin.write(" " * 200_000)
    process.stdin.flush()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert error.strip() == "Interrupted."
    assert list(tmp_path.iterdir()) == []


# --- What each form takes for its own -------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r"))
# Quicker where it is there.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
JSON = st.recursive(
    TEXTS | st.booleans() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)


@given(st.dictionaries(TEXTS, JSON, min_size=1))
def test_yaml_reads_what_was_written(value: dict[str, Any]) -> None:
    assert yaml.load(render_yaml(value), LOADER) == value  # noqa: S506 - a safe one


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", '"plain"'),
        ("${aws:username}", '"$${aws:username}"'),
        ("$${x} %{if}", '"$$${x} %%{if}"'),
        ("$5 100% {x}", '"$5 100% {x}"'),
        ('a"b\\c\n\t', '"a\\"b\\\\c\\n\\t"'),
        ("é <&>\u2028", '"é <&>\\u2028"'),
    ],
)
def test_terraform_takes_no_text_for_a_template(value: str, written: str) -> None:
    assert hcl.quote_text(value) == written


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"role_name": "plain"}, ["--role-name", "plain"]),
        ({"role_name": "-x"}, ["--role-name=-x"]),
        ({"description": ""}, ["--description="]),
        ({"description": None}, []),
        ({"description": "$(touch x) `y` 'z'"}, ["--description", "$(touch x) `y` 'z'"]),
        ({"description": "x\n\u202ey"}, ["--cli-input-json", '{"Description": "x\\n\\u202ey"}']),
        ({"description": "https://x"}, ["--cli-input-json", '{"Description": "https://x"}']),
        ({"description": "file://x"}, ["--cli-input-json", '{"Description": "file://x"}']),
        ({"policy_document": "x"}, ["--policy-document", "file://x"]),
    ],
)
def test_the_shell_and_the_aws_cli_take_a_value_as_it_is(
    options: dict[str, str | None], words: list[str]
) -> None:
    assert shlex.split(render_command("iam update-role", **options)) == [
        "aws",
        "iam",
        "update-role",
        *words,
    ]


def test_the_transcript_in_the_docs_is_the_real_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a stack that makes the source side."""
    page = (ROOT / "docs" / "handoff.md").read_text(encoding="utf-8")
    found = re.search(r"```console\n\$ cross-account-access handoff (.*)\n((?:.*\n)*?)```", page)
    assert found is not None
    outputs(tmp_path, "source")
    monkeypatch.chdir(tmp_path)
    done = invoke(*shlex.split(found[1]))
    assert done.exit_code == 0
    assert done.stdout == found[2]
