"""Grants that are dangerous, impossible or misspelt are refused: place, value, rule and remedy are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click import unstyle
from click.testing import CliRunner

import stack_config
from cross_account_access import InvalidInput
from cross_account_access.args import Conditions, Grant, Principal
from sandbox.__main__ import main
from tests.unit.config import (
    bad_grant_conditions,
    bad_grant_principals,
    bad_grant_sessions,
    bad_grants,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.config.bad_grants import Bad

TABLES = {
    "grant": bad_grants.GRANTS,
    "principal": bad_grant_principals.PRINCIPALS,
    "condition": bad_grant_conditions.CONDITIONS,
    "session": bad_grant_sessions.SESSIONS,
}
CASES = {f"{table}: {case.what}": case for table, cases in TABLES.items() for case in cases}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_bad_grant_is_refused_with_the_whole_message(case: Bad) -> None:
    with pytest.raises(InvalidInput) as refused:
        stack_config.check(case.config)
    assert [problem.as_dict() for problem in refused.value.problems] == [case.error]


def test_the_tables_have_what_was_asked_for() -> None:
    assert len(CASES) == sum(map(len, TABLES.values())) >= 80
    assert len({json.dumps(case.error) for case in CASES.values()}) >= 80


def camel(keys: set[str]) -> set[str]:
    words = [key.split("_") for key in keys]
    return {first + "".join(word.title() for word in rest) for first, *rest in words}


def test_every_key_of_a_grant_a_principal_and_of_conditions_is_in_the_tables() -> None:
    told = {
        step.partition("[")[0] for case in CASES.values() for step in case.error["path"].split(".")
    }
    keys = {key for kind in (Grant, Principal, Conditions) for key in kind.__annotations__}
    # These are in the tables of the main job.
    assert camel(keys) - told == {"user", "label", "mfaMaxAge"}


def test_a_good_grant_with_all_that_the_tables_change_is_taken() -> None:
    principals: list[dict[str, Any]] = [
        {"user": "alice", "uniqueId": "AIDA1234567890ABCDEF"},
        {
            "role": "team/ci",
            "trustBy": "name",
            "conditions": {"mfa": False, "sourceIdentities": ["ci-*"]},
        },
        {"permissionSet": "Operators", "conditions": {"mfa": False}},
    ]
    grant = bad_grants.to(
        *principals, formerly=["old", "team/older"], conditions={"mfa": True, "mfaMaxAge": 3600}
    )
    config = bad_grants.Bad("good", grant, "", "", "").config
    more = {"tags": {"owner": "x"}, "imports": {"Role/access-deploy": "deploy"}}
    assert stack_config.check(config | more).grants["deploy"].formerly == ["old", "team/older"]


@pytest.mark.parametrize(
    "name",
    [
        "principal: every organization",
        "condition: a private range",
        "grant: a number for an import ID",
    ],
)
def test_the_command_says_the_same_and_asks_aws_nothing(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    values = {f"cross-account-access:{key}": value for key, value in case.config.items()}
    config = tmp_path / "Pulumi.bad.yaml"
    config.write_text(yaml.safe_dump({"config": values}), encoding="utf-8")
    # Nothing listens at the endpoint that the config doesn't even have: it is refused before.
    result = CliRunner().invoke(
        main, ["up", "--config-file", str(config), "--engine", "in-process", "--json"]
    )
    assert json.loads(result.stdout) == {"errors": [case.error]}
    assert unstyle(result.stderr) == f"refused {case.error['message']}\n"
    assert result.exit_code == 2
