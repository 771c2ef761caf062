"""Who is excluded from a principal, in the components, and over the host's own protocol."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.engine_record import SECRET, UNKNOWN, Run
from tests.component.harness import run
from tests.component.programs import (
    ACCOUNTS,
    NEVER_KNOWN,
    access,
    fleet,
    grant,
    output,
    secret,
    wide,
)
from tests.component.provider_host import UNKNOWN as UNKNOWN_ON_THE_WIRE
from tests.component.provider_host import Engine, Host, started
from tests.component.provider_host import output as wire_output
from tests.component.test_provider_grpc import ALICE, inputs, refused, trust
from tests.component.test_provider_grpc import access as construct
from tests.component.world import CI, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = {"account": SOURCE}


def exclude(*names: Any, **principal: Any) -> dict[str, Any]:
    return (principal or ACCOUNT) | {"except_": [*names]}


def denied(found: Run, role: str | None = None) -> list[list[str]]:
    """Who is denied by each statement of a role's trust policy that denies."""
    return [
        statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
        for statement in found.document("Role", role)["Statement"]
        if statement["Effect"] == "Deny"
    ]


def test_a_name_that_is_known_late_is_denied_as_a_plain_one_is() -> None:
    late, plain = (
        run(access({"deploy": grant(principals=[exclude("eve", name)])}))
        for name in (output("mallory"), "mallory")
    )
    assert denied(late) == denied(plain)
    assert denied(plain) == [[f"arn:aws:iam::{SOURCE}:*/{name}" for name in ("eve", "mallory")]]
    assert late.outputs == plain.outputs


def test_a_name_that_is_known_late_is_not_taken_for_the_role_that_assumes_itself() -> None:
    """An organization's exclusions hold in every account, also in that of the role."""

    def of(name: Any) -> Any:
        everybody = exclude(name, organization="o-a1b2c3d4e5")
        return access({"deploy": grant(principals=[everybody], role={"self_assuming": True})})

    assert denied(run(of(output("mallory")))) == [["arn:aws:iam::*:*/mallory"]]
    assert run(of(NEVER_KNOWN), preview=True).one("Role").inputs["assumeRolePolicy"] is UNKNOWN


def test_an_exclusion_of_many_accounts_is_of_the_principals_own() -> None:
    team = exclude("eve", group="devs", source="ci")
    grants = {"read": wide(principals=[{"user": "eve"}, team])}
    found = run(fleet(grants, accounts=ACCOUNTS | {"ci": {"account_id": CI}}))
    roles = [made.name for made in found.of("Role")]
    assert roles
    assert {str(denied(found, role)) for role in roles} == {str([[f"arn:aws:iam::{CI}:*/eve"]])}


def test_no_resource_but_the_roles_trust_is_another_for_an_exclusion() -> None:
    group = {"group": "devs"}
    with_it, without = (
        run(access({"deploy": grant(principals=[one])})) for one in (exclude("eve", **group), group)
    )
    assert with_it.graph() == without.graph()
    different = {
        made.type
        for made, other in zip(with_it.made, without.made, strict=True)
        if made.inputs != other.inputs
    }
    assert different == {"aws:iam/role:Role"}


@pytest.mark.parametrize("of_group", [True, False])
def test_what_is_no_matter_of_the_trust_is_known_where_an_exclusion_is_not(
    *, of_group: bool
) -> None:
    principal = exclude("eve", NEVER_KNOWN, **({"group": "devs"} if of_group else ACCOUNT))
    found = run(access({"deploy": grant(principals=[principal])}), preview=True)
    assert found.one("Role").inputs["assumeRolePolicy"] is UNKNOWN
    for key in ("switch_role_urls", "cli_profiles", "assume_role_commands"):
        assert found.outputs[key]["deploy"] is not UNKNOWN


def test_a_secret_exclusion_makes_the_trust_and_the_record_secret_and_nothing_else() -> None:
    found = run(access({"deploy": grant(principals=[exclude("eve", secret("swordfish"))])}))
    hidden = {key for key, value in found.shown.items() if SECRET in json.dumps(value)}
    assert hidden == {"documents"}
    assert {(made.type, key) for made in found.made for key in made.secret} == {
        ("aws:iam/role:Role", "assumeRolePolicy")
    }
    assert found.outputs["summaries"]["deploy"].startswith(
        f"account {SOURCE} except (not shown) and eve may assume the role"
    )


# --- On the wire ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with started() as running:
        yield running


def excluding(exclusions: Any, key: str = "except") -> dict[str, Any]:
    return inputs({"principals": [{"account": SOURCE, key: exclusions}]})


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_exclusions_come_under_the_key_that_other_languages_have(
    host: Host, *, preview: bool
) -> None:
    engine = Engine(preview=preview)
    construct(host, engine, excluding(["eve", wire_output("mallory", of=(ALICE,))]))
    *_, deny = json.loads(trust(engine))["Statement"]
    names = [arn.rpartition("/")[2] for arn in deny["Condition"]["ArnLike"]["aws:PrincipalArn"]]
    assert (deny["Effect"], names) == ("Deny", ["eve", "mallory"])


def test_an_exclusion_that_is_not_known_yet_leaves_no_trust_without_it(host: Host) -> None:
    engine = Engine(preview=True)
    construct(host, engine, excluding(["eve", wire_output(known=False, of=(ALICE,))]))
    assert trust(engine) == UNKNOWN_ON_THE_WIRE


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (excluding(wire_output(["eve"])), "except"),
        (excluding(wire_output(known=False)), "except"),
        (excluding([]), "except"),
        (excluding([{"user": "eve"}]), "except[0]"),
        (excluding(["eve", None]), "except[1]"),
        (excluding(["user/eve"]), "except[0]"),
        (excluding(["eve"], "except_"), "except_"),
    ],
)
def test_exclusions_that_could_get_lost_are_refused(
    host: Host, given: dict[str, Any], path: str
) -> None:
    refusal = refused(host, given, preview=True)
    assert list(refusal.properties) == [f"grants.deploy.principals[0].{path}"]
