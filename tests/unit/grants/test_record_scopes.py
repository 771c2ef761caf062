"""Whom the statements of a record's trust policy let in, beside the record's principals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.grants.test_record_reading import refuse, write
from tests.unit.reading import SOURCE

BY_PATTERN: dict[str, Any] = {
    "principals": [{"role_pattern": "team-*"}, {"role": "ci", "trust_by": "name"}],
    "conditions": {"external_id": "id-1", "allow_session_tags": ["team"]},
}
SCOPES: list[Any] = [
    "arn:aws:iam::*:role/*",
    [f"arn:aws:iam::{SOURCE}:role/team-*", f"arn:aws:iam::{SOURCE}:role/*"],
    f"arn:aws:iam::{SOURCE}:role/other",
    [],
    None,
]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("position", [0, 1])
def test_a_statement_that_is_scoped_to_others_than_the_principals_is_refused(
    position: int, scope: Any
) -> None:
    record = json.loads(write(BY_PATTERN).as_json())
    statement = record["role"]["trustPolicy"]["Statement"][position]
    scoped = statement["Condition"].pop("ArnLike")["aws:PrincipalArn"]
    assert len(scoped) == 2
    if scope is not None:
        statement["Condition"]["ArnLike"] = {"aws:PrincipalArn": scope}
    assert refuse(json.dumps(record))[0] in {"trust-of-others", "empty-condition-values"}
