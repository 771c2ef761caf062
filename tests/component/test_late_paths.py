"""A role that is given without its path, by which a wider principal may name it too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.component.harness import refused, run
from tests.component.programs import access, grant, secret
from tests.component.world import World


@pytest.mark.parametrize("wide", [{"path": "/team/"}, {"role_pattern": "team/c*"}], ids=str)
@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("external_id", ["partner-7f3a", secret("partner-7f3a")], ids=str)
def test_a_role_whose_path_is_looked_up_keeps_its_own_conditions(
    wide: dict[str, Any], external_id: Any, *, preview: bool
) -> None:
    narrow = {"role": "ci", "conditions": {"external_id": external_id}}
    program = access({"deploy": grant(principals=[wide, narrow])})
    error, found = refused(program, preview=preview, world=World(roles={"ci": "/team/"}))
    (problem,) = error.problems
    assert (problem.code, problem.path) == ("conditions-bypassed", "grants.deploy.principals[0]")
    assert "7f3a" not in str(error)
    assert found.of("Role") == []
    elsewhere = run(program, preview=preview, world=World(roles={"ci": "/other/"}))
    assert elsewhere.one("Role")
