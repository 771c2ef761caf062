"""Callers whom a grant excludes: what the tool says of them, and of a deny that was changed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import deploy, restoring
from tests.cli.verify.verifying import codes, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.aws.server import Sandbox
    from tests.cli.conftest import Stage

ACCOUNT = "111111111111"
OLD = f"arn:aws:iam::{ACCOUNT}:role/x/old"
GRANTS: dict[str, Any] = {
    "team": {"principals": [{"group": "devs", "except": ["mallory", "team/eve"]}]},
    "all": {"principals": [{"account": ACCOUNT, "except": ["mallory", OLD]}]},
    "open": {"principals": [{"account": ACCOUNT}]},
}
READING = ("--source-profile", "source", "--destination-profile", "destination")


@pytest.fixture(scope="module")
def stage(accounts: Sandbox) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        yield from deploy(accounts, Path(folder), grants=GRANTS)


def change(stage: Stage, grant: str, spoil: Callable[[list[Any]], object]) -> None:
    """Change the statements of a role's trust policy in its account."""
    trust = json.loads(stage.grants[grant]["documents"])["role"]["trustPolicy"]
    spoil(trust["Statement"])
    stage.destination.update_assume_role_policy(RoleName=grant, PolicyDocument=json.dumps(trust))


@pytest.mark.parametrize(
    ("grant", "caller"), [("team", "mallory"), ("team", "eve"), ("all", "mallory"), ("all", "old")]
)
def test_that_an_excluded_caller_is_refused_is_as_it_should_be(
    stage: Stage, grant: str, caller: str
) -> None:
    code, told = verify(stage, "--profile", caller, *READING, grant)
    [result] = told["grants"]
    assert (code, codes(result), result["principal"]) == (0, [], None)
    [attempt] = result["attempts"]
    assert attempt["observed"] == "refused"
    assert attempt["attempt"] == "a caller that the grant excludes assumes the role"
    assert "that others are refused" not in [one["what"] for one in result["notChecked"]]


@pytest.mark.parametrize("grant", ["team", "all"])
def test_the_others_have_no_finding(stage: Stage, grant: str) -> None:
    code, told = verify(stage, "--profile", {"team": "devs", "all": ACCOUNT}[grant], grant)
    [result] = told["grants"]
    assert (code, codes(result)) == (0, [])
    assert result["became"]


def test_an_excluded_caller_is_no_principal_of_any_grant_but_the_one_that_lets_it_in(
    stage: Stage,
) -> None:
    _, told = verify(stage, "--profile", "old")
    assert [result["grant"] for result in told["grants"]] == ["open"]


WIDER: dict[str, tuple[Callable[[list[Any]], object], str]] = {
    "is gone": (lambda found: found.pop(), f"denies arn:aws:iam::{ACCOUNT}:*/mallory"),
    "is of others": (
        lambda found: found[-1]["Condition"]["ArnLike"].update(
            {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:*/bob"}
        ),
        "condition ArnLike aws:PrincipalArn has ",
    ),
    "is of another action": (
        lambda found: found[-1].update(Action="sts:TagSession"),
        "action sts:assumerole is missing",
    ),
}


@pytest.mark.parametrize("how", WIDER)
def test_a_deny_that_is_less_is_found_and_lets_the_caller_in(stage: Stage, how: str) -> None:
    spoil, text = WIDER[how]
    with restoring(stage):
        change(stage, "all", spoil)
        code, told = verify(stage, "--profile", "mallory", *READING, "all")
        [result] = told["grants"]
        assert (code, codes(result)) == (1, ["trust-widened", "stranger-allowed"])
        assert text in result["findings"][0]["message"]


def test_a_deny_of_more_is_narrower(stage: Stage) -> None:
    def spoil(found: list[Any]) -> None:
        arns = found[-1]["Condition"]["ArnLike"]["aws:PrincipalArn"]
        arns.append(f"arn:aws:iam::{ACCOUNT}:*/bob")

    with restoring(stage):
        change(stage, "all", spoil)
        code, told = verify(stage, "--profile", ACCOUNT, *READING, "all")
    assert (code, codes(told["grants"][0])) == (1, ["trust-narrowed"])


def test_no_profile_is_written_for_a_role_that_the_caller_is_excluded_from(stage: Stage) -> None:
    options = ("--source-profile", "mallory", "--dry-run", "--json")
    told = json.loads(stage.call("profile", "--outputs", "outputs.json", *options).stdout)
    assert [one["grant"] for one in told["profiles"]] == ["open"]
    refusal = f"its trust policy doesn't allow arn:aws:iam::{ACCOUNT}:user/mallory"
    assert told["skipped"] == [{"grant": grant, "why": refusal} for grant in ("all", "team")]


def test_a_handoff_names_who_is_excluded(stage: Stage) -> None:
    options = ("--outputs", "outputs.json", "--for", "destination", "--to", "for-them")
    done = stage.call("handoff", "team", *options)
    assert done.returncode == 0, done.stderr
    texts = {
        file: (stage.folder / "for-them" / file).read_text(encoding="utf-8")
        for file in ("README.md", "trust-policy.json", "template.yaml", "main.tf")
    }
    assert ", except `mallory`, `team/eve`\n" in texts["README.md"]
    assert "There are no conditions." in texts["README.md"]
    assert "upper and lower case count" in texts["README.md"]
    record = json.loads(stage.grants["team"]["documents"])
    assert json.loads(texts["trust-policy.json"]) == record["role"]["trustPolicy"]
    assert all(f"{ACCOUNT}:*/team/eve" in text for file, text in texts.items() if file[0] != "R")
