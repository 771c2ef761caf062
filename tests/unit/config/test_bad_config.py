"""Bad config is refused: which rule, at which path, in which words (in messages.txt).

`UPDATE_SNAPSHOTS=1` writes messages.txt anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
import yaml

import stack_config
from cross_account_access import InvalidInput
from cross_account_access.args import Conditions, Grant, Limits, Principal, RoleSettings
from cross_account_access.text_format import to_camel
from tests.unit.config.bad_access_files import ACCESS_FILES
from tests.unit.config.bad_accounts import ACCOUNTS
from tests.unit.config.bad_conditions import CONDITIONS
from tests.unit.config.bad_config import GOOD, GOOD_FLEET, Bad, BadFile
from tests.unit.config.bad_connections import CONNECTIONS
from tests.unit.config.bad_grants import GRANTS
from tests.unit.config.bad_limits import LIMITS
from tests.unit.config.bad_principals import PRINCIPALS
from tests.unit.config.bad_raw_conditions import RAW_CONDITIONS
from tests.unit.config.bad_role_sessions import ROLE_SESSIONS
from tests.unit.config.bad_roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cross_account_access.errors import Problem

MESSAGES = Path(__file__).parent / "messages.txt"
TABLES: dict[str, Sequence[Bad]] = {
    "grants": GRANTS,
    "principals": PRINCIPALS,
    "conditions": CONDITIONS,
    "raw conditions": RAW_CONDITIONS,
    "roles": ROLES,
    "role sessions": ROLE_SESSIONS,
    "connections": CONNECTIONS,
    "accounts": ACCOUNTS,
    "access files": ACCESS_FILES,
    "limits": LIMITS,
}
CASES = {f"{table}: {case.what}": case for table, cases in TABLES.items() for case in cases}
SECRETS = ("partner-7f3a", "hunter2", "t0k3n", "AKIAIOSFODNN7EXAMPLE", "sandbox")


def find_problems(case: Bad) -> tuple[Problem, ...]:
    config = case.config
    with TemporaryDirectory() as name:
        if isinstance(case, BadFile):
            text = yaml.safe_dump(config) if case.text is None else case.text
            (Path(name) / "access.yaml").write_text(text, encoding="utf-8")
            config = {"file": "access.yaml", **case.own}
        with pytest.raises(InvalidInput) as refused:
            stack_config.check(config, folder=Path(name))
    return refused.value.problems


def test_the_good_config_is_taken() -> None:
    assert set(stack_config.check(GOOD).grants) == {"deploy", "read", "audit"}
    assert set(stack_config.check(GOOD_FLEET).grants) == {"deploy", "read"}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bad_config_is_refused(case: Bad) -> None:
    problems = find_problems(case)
    assert [(problem.code, problem.path) for problem in problems] == [
        (case.code, case.problem_path)
    ]
    assert not [secret for secret in SECRETS if secret in problems[0].message]


def test_the_messages_are_the_reviewed_ones() -> None:
    assert len(CASES) == sum(map(len, TABLES.values())), "every row has a name of its own"
    found = {name: find_problems(case)[0] for name, case in CASES.items()}
    text = "".join(f"{name}\n  [{p.code}] {p.message}\n" for name, p in found.items())
    if os.environ.get("UPDATE_SNAPSHOTS"):
        MESSAGES.write_text(text, encoding="utf-8")
    assert text == MESSAGES.read_text(encoding="utf-8")


def test_every_key_of_a_grant_is_in_the_tables() -> None:
    steps = {
        step.partition("[")[0] for case in CASES.values() for step in case.problem_path.split(".")
    }
    keys = {
        to_camel(key)
        for args in (Grant, Principal, Conditions, RoleSettings, Limits)
        for key in args.__annotations__
    }
    assert keys <= steps


def test_all_problems_are_reported_at_once_sorted_by_path() -> None:
    names = (
        "roles: a path without slashes",
        "principals: a number for a name",
        "conditions: text for MFA",
        "connections: a misspelt secret key",
        "grants: a side that is null",
    )
    config = {**CASES[names[0]].config, "side": None}
    config["grants"]["deploy"]["principals"] = CASES[names[1]].config["grants"]["deploy"][
        "principals"
    ]
    config["grants"]["audit"] = CASES[names[2]].config["grants"]["audit"]
    config["source"] = CASES[names[3]].config["source"]
    with pytest.raises(InvalidInput) as refused:
        stack_config.check(config)
    found = [problem.path for problem in refused.value.problems]
    assert found == sorted(CASES[name].problem_path for name in names)
