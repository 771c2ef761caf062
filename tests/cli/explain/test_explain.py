"""`explain`, offline: the right half, statement and condition, in plain words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.terminal import ExitCode, Failure
from tests.cli.explain.explain_cases import (
    ALLOWED,
    BAD,
    EXTERNAL_ID,
    GRANTS,
    REFUSED,
    SOURCE,
    Row,
    documents,
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


def told(line: str, outputs: Path) -> dict[str, Any]:
    result = run(line, outputs, "--json")
    if result.exception:
        raise result.exception
    answer: dict[str, Any] = json.loads(result.stdout)
    assert result.return_value == (ExitCode.DONE if answer["allowed"] else ExitCode.NO)
    return answer


def test_there_are_forty_refusals_at_least_and_every_grant_is_in_the_table() -> None:
    assert len({row.line for row in REFUSED.values()}) == len(REFUSED) >= 40
    lines = " ".join([*(row.line for row in REFUSED.values()), *ALLOWED.values()]).split()
    assert set(GRANTS) <= set(lines)


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_a_refusal_names_half_and_condition(row: Row, outputs: Path) -> None:
    answer = told(row.line, outputs)
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


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_told_to_a_person(row: Row, outputs: Path) -> None:
    result = run(row.line, outputs)
    assert result.return_value == ExitCode.NO
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"refused: .+ \(\d{12}\) may not assume \S+ \(222222222222\)", lines[0])
    (refusing,) = [line for line in lines if line.startswith(f"✗ {row.half}")]
    assert refusing
    assert sum(line[:1] in ("✓", "✗", "·") for line in lines) == 2
    assert "\nWhat to do\n  - " in result.stdout
    assert "\x1b" not in result.stdout
    assert EXTERNAL_ID not in result.stdout


@pytest.mark.parametrize("line", ALLOWED.values(), ids=ALLOWED)
def test_who_is_allowed(line: str, outputs: Path) -> None:
    answer = told(line, outputs)
    assert answer["allowed"], answer["halves"]
    assert answer["half"] is None
    assert [half["allows"] for half in answer["halves"].values()] == [True, True]
    assert answer["halves"]["destination"]["by"].startswith("trust policy, statement 1")
    assert answer["remedies"] == []
    assert run(line, outputs).stdout.startswith("allowed: ")


@pytest.mark.parametrize(("line", "message"), BAD.values(), ids=BAD)
def test_wrong_input_is_told(line: str, message: str, outputs: Path) -> None:
    result = run(line, outputs)
    assert isinstance(result.exception, Failure)
    assert result.exception.code == ExitCode.WRONG_INPUT
    assert message in result.exception.message
    assert "§" not in result.exception.format_message()
    assert result.stdout == ""
    failure = json.loads(run(line, outputs, "--json").stdout)
    assert failure["error"]["message"] == result.exception.message


# What one half says beside the other


def test_both_halves_are_told_where_both_refuse(outputs: Path) -> None:
    answer = told("user/bob user", outputs)
    assert answer["half"] == "source"
    assert [half["allows"] for half in answer["halves"].values()] == [False, False]


def test_the_half_that_allows_is_told_with_its_statement(outputs: Path) -> None:
    answer = told("alice mfa", outputs)
    assert answer["halves"]["source"] == {
        "account": SOURCE,
        "allows": True,
        "by": f"managed policy arn:aws:iam::{SOURCE}:policy/mfa-0, statement 1",
        "reasons": [],
    }


def test_another_actions_refusal_is_told_by_its_action(outputs: Path) -> None:
    answer = told("ci role --session-tag team=data", outputs)
    assert answer["actions"] == ["sts:AssumeRole", "sts:TagSession"]
    reasons = [half["reasons"][0] for half in answer["halves"].values()]
    assert [reason["actions"] for reason in reasons] == [["sts:TagSession"]] * 2
    assert [reason["element"] for reason in reasons] == [None, "action"]


def test_a_condition_that_several_actions_miss_is_told_once(outputs: Path) -> None:
    reasons = told("ci tags --session-tag team=sales --session-tag stage=live", outputs)["halves"][
        "destination"
    ]
    assert [reason["actions"] for reason in reasons["reasons"]] == [
        ["sts:AssumeRole", "sts:TagSession"]
    ]


def test_two_policies_of_one_trust_speak_for_two_principals(outputs: Path) -> None:
    assert (
        told("alice both", outputs)["halves"]["source"]["by"]
        != told("ci both", outputs)["halves"]["source"]["by"]
    )


def test_a_namesake_at_another_path_has_not_the_policy_that_the_stack_made(outputs: Path) -> None:
    assert told("user/people/alice user", outputs)["caller"]["policiesKnown"]
    answer = told("user/other/alice user", outputs)
    assert (answer["half"], answer["caller"]["policiesKnown"]) == ("source", False)


# The stack that makes one side


def test_the_destination_alone_does_not_know_the_callers_policies(tmp_path: Path) -> None:
    file = write_outputs(tmp_path / "outputs.json", documents("user", side="destination"))
    answer = told("alice user", file)
    assert (answer["half"], answer["caller"]["policiesKnown"]) == ("source", False)
    assert answer["halves"]["destination"]["allows"] is True
    assert told("alice user --entitled", file)["allowed"]


def test_another_partition_is_like_the_first(tmp_path: Path) -> None:
    file = write_outputs(tmp_path / "outputs.json", documents("user", "aws-cn"))
    assert told("alice user", file)["role"].startswith("arn:aws-cn:")
    assert told("alice user", file)["allowed"]
    assert told(f"arn:aws:iam::{SOURCE}:user/people/alice user", file)["half"] == "destination"


def test_a_principal_that_was_made_again_is_told() -> None:
    from cross_account_access.cli.explain.explanation import explain  # noqa: PLC0415
    from cross_account_access.cli.explain.principal_ref import read_who  # noqa: PLC0415
    from cross_account_access.cli.explain.request_context import RequestContext, moment  # noqa: PLC0415
    from cross_account_access.cli.explain.sources import stated_caller, stated_role  # noqa: PLC0415

    meant = documents("user")
    dead = json.loads(
        json.dumps(meant.role.trust_policy).replace(
            f"arn:aws:iam::{SOURCE}:user/people/alice", "AIDAGONE"
        )
    )
    meant = meant.model_copy(update={"role": meant.role.model_copy(update={"trust_policy": dead})})
    who = read_who("alice", meant)
    answer = explain(
        who,
        stated_caller(who, meant, entitled=False),
        stated_role(meant),
        RequestContext(moment(None)),
        meant,
    )
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
    notes = told(line, outputs)["notes"]
    assert any("switch-role can't give an external ID" in note for note in notes) is noted


def test_a_roles_session_has_an_hour_and_no_console(outputs: Path) -> None:
    (note,) = told("ci role", outputs)["notes"]
    assert "an hour at most (role chaining), and the console's switch-role is closed to it" in note
    assert "console" not in told("permission-set/Operators set --entitled", outputs)["notes"][0]


def test_mfa_of_a_role_is_without_effect(outputs: Path) -> None:
    assert any(
        "--mfa is without effect" in note for note in told("ci role --mfa", outputs)["notes"]
    )


# External IDs


@pytest.mark.parametrize("given", [EXTERNAL_ID, "wrong-id", "PARTNER-7F3A"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_external_id_is_shown(given: str, form: tuple[str, ...], outputs: Path) -> None:
    result = run(f"alice external-id --external-id {given}", outputs, *form)
    assert EXTERNAL_ID not in result.output
    assert given not in result.output


def test_an_external_id_is_in_no_representation() -> None:
    from cross_account_access.cli.explain.request_context import RequestContext, moment  # noqa: PLC0415

    assert "secret-1" not in repr(replace(RequestContext(moment(None)), external_id="secret-1"))


# Stacks


def test_a_name_of_two_stacks_is_asked_back(outputs: Path, tmp_path: Path) -> None:
    other = write_outputs(tmp_path / "other.json", documents("user"))
    result = run("alice user", outputs, "--outputs", str(other))
    assert isinstance(result.exception, Failure)
    assert "user is meant by 2 grants" in result.exception.message


def test_no_stack_is_told() -> None:
    result = run("alice user", None)
    assert isinstance(result.exception, Failure)
    assert (result.exception.code, result.exception.message) == (
        ExitCode.WRONG_INPUT,
        "no stack is given",
    )
