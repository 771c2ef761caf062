"""A unique ID that is given for a principal must be the one that the source account has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.component.harness import refused
from tests.component.programs import access, grant, output, secret
from tests.component.world import ci_arn


@pytest.mark.parametrize("value", ["AIDAWRONG0000000000", output("AIDAWRONG0000000000")], ids=str)
def test_another_principals_unique_id_is_refused_with_both(value: Any) -> None:
    principals = [{"user": "bob"}, {"user": "alice", "unique_id": value}]
    error, _ = refused(access({"deploy": grant(principals=principals)}))
    (problem,) = error.problems
    assert (problem.code, problem.path) == (
        "wrong-unique-id",
        "grants.deploy.principals[1].unique_id",
    )
    assert "AIDAWRONG0000000000" in problem.value
    assert "AIDAALICEXXXXXXXXXXX1" in problem.remedy


@pytest.mark.parametrize("principal", [{"role": "ci"}, {"arn": ci_arn("ci")}])
def test_a_wrong_unique_id_is_refused_of_roles_and_arns_too(principal: dict[str, Any]) -> None:
    principals = [principal | {"unique_id": "AROAWRONG0000000000"}]
    error, found = refused(access({"deploy": grant(principals=principals)}))
    assert [problem.code for problem in error.problems] == ["wrong-unique-id"]
    assert found.of("Role") == []


def test_a_secret_unique_id_that_is_wrong_is_not_told() -> None:
    principals = [{"user": "alice", "unique_id": secret("AIDAWRONG0000000000")}]
    error, found = refused(access({"deploy": grant(principals=principals)}))
    assert [problem.code for problem in error.problems] == ["wrong-unique-id"]
    assert "AIDAWRONG" not in str(error) + found.visible()
