"""`explain`, offline: the half, the statement and the condition that refuse."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from cross_account_access.cli.explain.decision_inputs import (
    read_documented_caller,
    read_documented_role,
)
from cross_account_access.cli.explain.explanation import Question
from cross_account_access.cli.explain.principal_argument import parse_principal
from cross_account_access.cli.explain.request_options import parse_moment
from cross_account_access.cli.terminal import ExitCode, InputError
from cross_account_access.grants.request_context import RequestContext
from tests.cli.explain.explain_cases import ALLOWED, BAD, REFUSED, Row
from tests.cli.explain.explain_grants import (
    EXTERNAL_ID,
    GRANTS,
    SOURCE,
    documents,
    explain,
    run,
    write_outputs,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_outputs(
        tmp_path_factory.mktemp("outputs") / "outputs.json", *map(documents, GRANTS)
    )


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_a_refusal_names_half_and_condition(row: Row, outputs: Path) -> None:
    answer = explain(row.line, outputs)
    assert (answer["allowed"], answer["half"]) == (False, row.half), answer
    reasons = answer["halves"][row.half]["reasons"]
    assert answer["halves"][row.half]["allows"] is False
    reason = next((reason for reason in reasons if reason["kind"] == row.kind), None)
    assert reason, reasons
    assert sorted({condition["key"] for condition in reason["conditions"]}) == sorted(row.keys)
    assert reason["element"] == row.what_does_not_match
    if row.keys:
        assert (reason["policy"], reason["statement"]) == ("trust policy", 1)
        assert all(key in reason["text"] for key in row.keys)
    assert reason["remedies"]
    assert row.says in reason["text"] + " ".join(reason["remedies"]), reason


@pytest.mark.parametrize("who", [f"account/{SOURCE}", SOURCE, "user/mallory"])
def test_an_account_is_named_once(who: str, outputs: Path) -> None:
    reasons = explain(f"{who} user", outputs)["halves"]["destination"]["reasons"]
    assert [reason["text"].count(f"account {SOURCE}") for reason in reasons] == [1]


@pytest.mark.parametrize("line", ["user/bob user", "alice external-id", f"root/{SOURCE} account"])
def test_a_refusal_is_shown_to_a_person(line: str, outputs: Path) -> None:
    result = run(line, outputs)
    assert result.return_value == ExitCode.NO
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"refused: .+ \(\d{12}\) may not assume \S+ \(222222222222\)", lines[0])
    marks = [line[0] for line in lines if line[:1] in ("✓", "✗", "·")]
    assert len(marks) == 2
    assert "✗" in marks
    assert "\nWhat to do\n  - " in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("line", ALLOWED.values(), ids=ALLOWED)
def test_who_is_allowed(line: str, outputs: Path) -> None:
    answer = explain(line, outputs)
    assert answer["allowed"], answer["halves"]
    assert answer["half"] is None
    assert [half["allows"] for half in answer["halves"].values()] == [True, True]
    assert answer["halves"]["destination"]["by"].startswith("trust policy, statement 1")
    assert answer["remedies"] == []


def test_an_answer_is_shown_to_a_person(outputs: Path) -> None:
    assert run("alice user", outputs).stdout.startswith("allowed: ")


@pytest.mark.parametrize(("line", "part"), BAD.values(), ids=BAD)
def test_wrong_input_is_named(line: str, part: str, outputs: Path) -> None:
    result = run(line, outputs, "--json")
    assert isinstance(result.exception, InputError)
    error = json.loads(result.stdout)["error"]
    assert part in error["message"] + error["remedy"]
    assert error["message"] == result.exception.message
    assert "§" not in result.stdout + result.exception.format_message()


# What one half says beside the other


def test_both_halves_are_told_where_both_refuse(outputs: Path) -> None:
    answer = explain("user/bob user", outputs)
    assert answer["half"] == "source"
    assert [half["allows"] for half in answer["halves"].values()] == [False, False]


def test_the_half_that_allows_is_told_with_its_statement(outputs: Path) -> None:
    answer = explain("alice mfa", outputs)
    assert answer["halves"]["source"] == {
        "account": SOURCE,
        "allows": True,
        "by": f"managed policy arn:aws:iam::{SOURCE}:policy/mfa-0, statement 1",
        "reasons": [],
    }


def test_another_actions_refusal_is_told_by_its_action(outputs: Path) -> None:
    answer = explain("ci role --session-tag team=data", outputs)
    assert answer["actions"] == ["sts:AssumeRole", "sts:TagSession"]
    reasons = [half["reasons"][0] for half in answer["halves"].values()]
    assert [reason["actions"] for reason in reasons] == [["sts:TagSession"]] * 2
    assert [reason["element"] for reason in reasons] == [None, "action"]
    assert reasons[1]["text"].endswith(
        "doesn't allow it sts:TagSession: the call passes session tags"
    )
    (remedy,) = reasons[1]["remedies"]
    assert remedy == (
        "Call without session tags; or allow it in the grant's conditions, by allowSessionTags, so "
        "that both halves allow sts:TagSession."
    )


def test_a_condition_that_several_actions_miss_is_told_once(outputs: Path) -> None:
    reasons = explain("ci tags --session-tag team=sales --session-tag stage=live", outputs)[
        "halves"
    ]["destination"]
    assert [reason["actions"] for reason in reasons["reasons"]] == [
        ["sts:AssumeRole", "sts:TagSession"]
    ]


def test_two_policies_of_one_trust_speak_for_two_principals(outputs: Path) -> None:
    assert (
        explain("alice both", outputs)["halves"]["source"]["by"]
        != explain("ci both", outputs)["halves"]["source"]["by"]
    )


def test_a_namesake_at_another_path_has_not_the_policy_that_the_stack_made(outputs: Path) -> None:
    assert explain("user/people/alice user", outputs)["caller"]["policiesKnown"]
    answer = explain("user/other/alice user", outputs)
    assert (answer["half"], answer["caller"]["policiesKnown"]) == ("source", False)


# The stack that makes one side


def test_the_destination_alone_does_not_know_the_callers_policies(tmp_path: Path) -> None:
    file = write_outputs(tmp_path / "outputs.json", documents("user", side="destination"))
    answer = explain("alice user", file)
    assert (answer["half"], answer["caller"]["policiesKnown"]) == ("source", False)
    assert answer["halves"]["destination"]["allows"] is True
    assert explain("alice user --entitled", file)["allowed"]


def test_another_partition_is_like_the_first(tmp_path: Path) -> None:
    file = write_outputs(tmp_path / "outputs.json", documents("user", "aws-cn"))
    assert explain("alice user", file)["role"].startswith("arn:aws-cn:")
    assert explain("alice user", file)["allowed"]
    assert explain(f"arn:aws:iam::{SOURCE}:user/people/alice user", file)["half"] == "destination"


def test_a_principal_that_was_re_created_is_found_by_its_dead_id() -> None:
    expected = documents("user")
    text = json.dumps(expected.role.trust_policy)
    trust = json.loads(text.replace(f"arn:aws:iam::{SOURCE}:user/people/alice", "AIDAGONE"))
    role = expected.role.model_copy(update={"trust_policy": trust})
    actual = expected.model_copy(update={"role": role})
    who = parse_principal("alice", actual)
    principal = read_documented_caller(who, actual, entitled=False)
    request = RequestContext(parse_moment(None))
    answer = Question(who, principal, read_documented_role(actual), request, actual).explain()
    assert (answer.half, answer.reasons[0].kind) == ("destination", "trust")
    assert "AIDAGONE" in answer.reasons[0].text
    assert "pulumi up --refresh" in answer.remedies[0]


# The console


@pytest.mark.parametrize(
    ("line", "noted"),
    [
        ("alice external-id", True),
        (f"alice external-id --external-id {EXTERNAL_ID}", True),
        ("alice user", False),
        ("alice mfa", False),
    ],
)
def test_an_external_id_closes_the_console(line: str, noted: bool, outputs: Path) -> None:
    notes = explain(line, outputs)["notes"]
    assert any("external ID" in note for note in notes) is noted


@pytest.mark.parametrize(
    ("line", "console", "mfa"),
    [
        ("ci role", True, False),
        ("permission-set/Operators set --entitled", False, False),
        ("ci role --mfa", True, True),
    ],
)
def test_a_role_session_has_an_hour_no_console_and_no_mfa(
    line: str, console: bool, mfa: bool, outputs: Path
) -> None:
    notes = " ".join(explain(line, outputs)["notes"])
    assert "role chaining" in notes
    assert ("console" in notes, "--mfa" in notes) == (console, mfa)


# External IDs


@pytest.mark.parametrize("given", [EXTERNAL_ID, "wrong-id", "PARTNER-7F3A"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_external_id_is_shown(given: str, form: tuple[str, ...], outputs: Path) -> None:
    result = run(f"alice external-id --external-id {given}", outputs, *form)
    assert EXTERNAL_ID not in result.output
    assert given not in result.output


def test_an_external_id_is_in_no_representation() -> None:
    assert "secret-1" not in repr(RequestContext(parse_moment(None), external_id="secret-1"))


# Stacks


def test_a_name_of_two_stacks_is_refused(outputs: Path, tmp_path: Path) -> None:
    other = write_outputs(tmp_path / "other.json", documents("user"))
    result = run("alice user", outputs, "--outputs", str(other))
    assert isinstance(result.exception, InputError)
    assert "names 2" in result.exception.message


def test_no_stack_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # This folder's project may have a stack selected.
    result = run("alice user", None)
    assert isinstance(result.exception, InputError)
    assert "--stack" in result.exception.remedy
