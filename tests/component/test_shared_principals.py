"""A program that attaches a principal's policies by a component for each account is warned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import AssumeRoleGrant, CrossAccountAccess
from tests.component.harness import run
from tests.component.programs import PEOPLE, filled, fleet, grant, output, secret, wide
from tests.component.world import SOURCE, World, role_arn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.component.harness import Program

SPOKES = {f"spoke-{number:02}": f"{number:012}" for number in range(1, 13)}
WORLD = World(
    accounts={"people": SOURCE, "also-people": SOURCE, "partners": "999999999999", **SPOKES}
)


def hub(
    count: int, principals: Sequence[Any] = ({"group": "admins"},), sources: Sequence[str] = ()
) -> Program:
    """A component for each of some spokes; the principals and sources are taken in turn."""

    def program() -> None:
        providers = {name: aws.Provider(name) for name in sources or ["people"]}
        for number, spoke in enumerate([*SPOKES][:count]):
            given = filled(principals[number % len(principals)])
            CrossAccountAccess(
                spoke,
                source_provider=[*providers.values()][number % len(providers)],
                destination_provider=aws.Provider(spoke),
                grants={"read": {"principals": [given]}},
            )

    return program


def warnings(program: Program, *, preview: bool = False) -> list[str]:
    return run(program, preview=preview, world=WORLD).log


SHARED = "components attach 5 of the 10 policies that AWS attaches to admins: spoke-01-group-admins"


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_half_of_what_attaches_is_warned_of_once(*, preview: bool) -> None:
    assert warnings(hub(4), preview=preview) == []
    for count in (5, 10):
        (line,) = warnings(hub(count), preview=preview)
        assert line.startswith(f"5 {SHARED}, ")
        assert "MultiAccountAccess" in line


def test_more_policies_than_attach_are_warned_of_with_their_number() -> None:
    first, second = warnings(hub(12), preview=True)
    assert SHARED in first
    assert second.startswith(
        "admins would have 11 policies of 11 components attached, more than the 10 that AWS"
    )


@pytest.mark.parametrize(
    "principals",
    [
        [{"user": output("alice"), "label": "alice"}],
        [{"user": secret("alice"), "label": "alice"}],
        [{"arn": f"arn:aws:iam::{SOURCE}:user/alice"}, {"user": "alice"}],
        [{"role": "ci"}, {"session": "ci/build"}],
    ],
    ids=["by an Output", "by a secret", "by its ARN", "by its role's sessions"],
)
def test_it_is_one_principal_however_it_is_named(principals: list[Any]) -> None:
    assert len(warnings(hub(5, principals))) == 1


def test_an_account_is_one_whichever_provider_speaks_for_it() -> None:
    (line,) = warnings(hub(5, sources=["people", "also-people"]))
    assert line.startswith(f"5 {SHARED}, ")


def test_components_of_other_principals_or_accounts_are_not_warned_of() -> None:
    assert warnings(hub(8, [{"user": "a"}, {"user": "b"}])) == []
    assert warnings(hub(8, sources=["people", "partners"])) == []
    assert warnings(hub(12, [{"account": SOURCE}]))[0].startswith("grant read: its policy")
    assert not [line for line in warnings(hub(12, [{"account": SOURCE}])) if "MultiAcc" in line]


def test_the_next_program_begins_anew() -> None:
    assert [warnings(hub(4)) for _ in range(3)] == [[], [], []]


def test_one_component_of_all_accounts_is_not_warned_of() -> None:
    spokes = {name: {"account_id": number, "groups": ["x"]} for name, number in SPOKES.items()}
    grants = {"read": wide(destinations=["x"], principals=[{"group": "admins"}])}
    assert warnings(fleet(grants, {"people": PEOPLE, **spokes})) == []


def test_policies_that_a_raised_quota_allows_are_not_too_many() -> None:
    def program() -> None:
        provider = pulumi.ResourceOptions(provider=aws.Provider("people"))
        for number in range(12):
            AssumeRoleGrant(
                f"to-{number:02}",
                principal={"user": "alice"},
                role_arns={"read": role_arn(f"read-{number}")},
                limits={"policies_per_user": 20},
                opts=provider,
            )

    (line,) = warnings(program)
    assert line.startswith("10 components attach 10 of the 20 policies")


def test_a_lower_limit_leaves_aws_s_quota_as_it_is() -> None:
    def program() -> None:
        provider = pulumi.ResourceOptions(provider=aws.Provider("people"))
        for number in range(5):
            AssumeRoleGrant(
                f"to-{number:02}",
                principal={"user": "alice"},
                role_arns={"read": role_arn(f"read-{number}")},
                limits={"policies_per_user": 1},
                opts=provider,
            )

    (line,) = warnings(program)
    assert line.startswith("5 components attach 5 of the 10 policies")


def test_the_policies_of_two_components_may_be_too_many() -> None:
    grants = {
        f"{number:03}": grant(role={"name": f"{number:03}{'x' * 61}", "path": f"/{'p' * 500}/"})
        for number in range(50)
    }

    def program() -> None:
        people = aws.Provider("people")
        for spoke in [*SPOKES][:2]:
            args: Any = {"source_provider": people, "destination_provider": aws.Provider(spoke)}
            CrossAccountAccess(spoke, args | {"grants": grants})

    (line,) = warnings(program)
    assert line.startswith("alice would have ")
    assert "limits.policiesPerUser" in line
