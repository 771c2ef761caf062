"""An Output that is right by itself, but not with the rest of the args, is refused as soon as it is
known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.component.harness import run
from tests.component.programs import Late, access, grant, output
from tests.component.refusals import report
from tests.component.world import World, role_arn

if TYPE_CHECKING:
    from tests.component.harness import Program

ACCESS = "CrossAccountAccess team"


def test_a_label_stands_for_one_principal() -> None:
    def of(first: Late, second: Late) -> Program:
        users = {"a": first, "b": second}
        return access(
            {name: grant(principals=[{"user": user, "label": "x"}]) for name, user in users.items()}
        )

    component, problems, found = report(of(output("alice"), output("bob")))
    assert (component, problems) == (ACCESS, [("grants.a.principals[0]", "label-reused")])
    assert found.of("Role") == []
    same = run(of(output("alice"), output("alice")))
    assert same.document("Policy")["Statement"][0]["Resource"] == [role_arn("a"), role_arn("b")]


@pytest.mark.parametrize(
    "given", [{"user": "team/alice"}, {"user": output("team/alice"), "label": "x"}], ids=str
)
def test_a_path_that_is_not_the_principals_is_refused(given: dict[str, Any]) -> None:
    program = access({"deploy": grant(principals=[{"user": "bob"}, given])})
    component, problems, found = report(
        program, preview=True, world=World(users={"alice": "/people/"})
    )
    assert (component, problems) == (ACCESS, [("grants.deploy.principals[1]", "wrong-path")])
    assert found.of("Role") == found.of("Policy") == []
    assert run(program, world=World(users={"alice": "/team/"})).of("Role")


def test_a_trust_that_gets_too_large_is_refused() -> None:
    def of(count: int) -> Program:
        users = [
            {"user": output(f"{'a' * 60}{number:02}"), "label": str(number)}
            for number in range(count)
        ]
        return access({"deploy": grant(principals=users)})

    component, problems, found = report(of(21))
    assert (component, problems) == (
        ACCESS,
        [("grants.deploy.principals", "trust-policy-too-long")],
    )
    assert found.of("Role") == found.of("Policy") == []
    assert len(run(of(19)).one("Role").inputs["assumeRolePolicy"]) <= 2048


def test_a_trust_that_is_too_large_in_its_own_partition_alone_is_refused() -> None:
    users = [{"user": f"{'a' * 60}{number:02}"} for number in range(19)]
    grants = {"deploy": grant(principals=users)}
    assert run(access(grants)).of("Role")
    component, problems, found = report(access(grants), world=World(partition="aws-us-gov"))
    assert (component, problems) == (
        ACCESS,
        [("grants.deploy.principals", "trust-policy-too-long")],
    )
    assert found.of("Role") == found.of("Policy") == []
