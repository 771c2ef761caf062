"""The two providers: each named, each of its own account, or nothing is made."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import CrossAccountAccess, Side
from tests.component.harness import run
from tests.component.programs import NEVER_KNOWN, Late, access, grant, output
from tests.component.refusals import refused_at_once, report
from tests.component.world import DESTINATION, ELSEWHERE, SOURCE, World

ACCESS = "CrossAccountAccess team"
REQUIRED = "this key is required. Give it an aws.Provider with that account's credentials"
ID_ALONE = (
    "the provider came without its configuration, as the ID alone. The calling program's AWS package is of a newer "
    f"minor or another major version than this component's, pulumi-aws {version('pulumi-aws')}: let both use the same"
)
NO_OUTPUT = "this must be an aws.Provider itself, not an Output of one."
LEAVE_OUT = "Leave it out, or make both sides"
BELONG = "the provider's credentials belong to account"
MEANT = "Give the credentials of the account that is meant"
TWO_ACCOUNTS = (
    "source and destination are two accounts. Inside one account an identity policy is enough"
)

PROVIDERS = ("source_provider", "destination_provider")


def one(key: str, value: Any) -> dict[str, Any]:
    return {key: value}


def provider_output() -> pulumi.Output[aws.Provider]:
    return pulumi.Output.from_input(aws.Provider("other"))


@pytest.mark.parametrize("key", PROVIDERS)
@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
class TestWrongProvider:
    def test_a_missing_one_is_refused(self, key: str, *, preview: bool) -> None:
        refused_at_once(access(leave_out=(key,)), ACCESS, f"{key}: {REQUIRED}", preview=preview)
        refused_at_once(access(**one(key, None)), ACCESS, f"{key}: {REQUIRED}", preview=preview)

    def test_one_that_came_as_its_id_is_refused_with_what_to_do(
        self, key: str, *, preview: bool
    ) -> None:
        refused_at_once(
            access(**one(key, "source-id")), ACCESS, f"{key}: {ID_ALONE}", preview=preview
        )

    @pytest.mark.parametrize(
        "given",
        [Late("an Output of one", provider_output), output("source-id"), NEVER_KNOWN],
        ids=str,
    )
    def test_an_output_of_one_is_refused(self, key: str, given: Late, *, preview: bool) -> None:
        refused_at_once(
            access(**one(key, given)), ACCESS, f'{key}: "Output": {NO_OUTPUT}', preview=preview
        )

    def test_another_resource_is_refused(self, key: str, *, preview: bool) -> None:
        given = Late("a component", lambda: pulumi.ComponentResource("test:index:Other", "other"))
        (_, *messages), found = report(access(**one(key, given)), preview=preview)
        assert messages == [f'{key}: "ComponentResource": {NO_OUTPUT}']
        assert found.calls == []


def test_both_missing_are_told_together() -> None:
    refused_at_once(
        access(leave_out=PROVIDERS), ACCESS, *(f"{key}: {REQUIRED}" for key in PROVIDERS)
    )


SIDES: dict[str, tuple[str, dict[str, Any]]] = {
    "source": ("destination_provider", {"destination_account_id": DESTINATION}),
    "destination": ("source_provider", {"source_account_id": SOURCE}),
}


@pytest.mark.parametrize("side", SIDES)
def test_the_other_sides_provider_is_refused(side: str) -> None:
    key, other = SIDES[side]
    refused_at_once(
        access(side=side, **other), ACCESS, f"{key}: side {side} uses no {key}. {LEAVE_OUT}"
    )
    assert run(access(side=side, **other, leave_out=(key,))).graph()


@pytest.mark.parametrize("side", SIDES)
def test_the_sides_own_provider_is_required(side: str) -> None:
    key, other = SIDES[side]
    own = next(provider for provider in PROVIDERS if provider != key)
    refused_at_once(access(side=side, **other, leave_out=PROVIDERS), ACCESS, f"{own}: {REQUIRED}")


@pytest.mark.parametrize("side", SIDES)
def test_the_other_accounts_id_is_required(side: str) -> None:
    key, other = SIDES[side]
    (missing,) = other
    for given in (side, Side(side)):
        refused_at_once(
            access(side=given, leave_out=(key,)),
            ACCESS,
            f"{missing}: side {side} needs the other account's ID. Add the key",
        )


ONE_ACCOUNT = World(accounts={"source": SOURCE, "destination": SOURCE})


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_two_providers_of_one_account_are_refused(*, preview: bool) -> None:
    (component, *messages), found = report(access(), preview=preview, world=ONE_ACCOUNT)
    assert (component, messages) == (
        ACCESS,
        [f'destination_account_id: "{SOURCE}": {TWO_ACCOUNTS}'],
    )
    assert {call[0] for call in found.asked()} <= {"getCallerIdentity"}
    assert found.of("Role") == found.of("Policy") == []


def test_one_provider_given_twice_is_refused() -> None:
    def program() -> None:
        provider = aws.Provider("source")
        args: Any = {
            "source_provider": provider,
            "destination_provider": provider,
            "grants": {"deploy": grant()},
        }
        CrossAccountAccess("team", args)

    (component, *messages), found = report(program)
    assert (component, messages) == (
        ACCESS,
        [f'destination_account_id: "{SOURCE}": {TWO_ACCOUNTS}'],
    )
    assert found.of("Role") == found.of("Policy") == []


@pytest.mark.parametrize(
    ("key", "belongs", "world"),
    [("source_account_id", SOURCE, World()), ("destination_account_id", DESTINATION, World())],
)
@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_provider_of_another_account_than_expected_is_refused(
    key: str, belongs: str, world: World, *, preview: bool
) -> None:
    (component, *messages), found = report(
        access(**one(key, ELSEWHERE)), preview=preview, world=world
    )
    assert (component, messages) == (ACCESS, [f'{key}: "{ELSEWHERE}": {BELONG} {belongs}. {MEANT}'])
    assert found.of("Role") == found.of("Policy") == []
    assert {call[0] for call in found.asked()} <= {"getCallerIdentity"}
    assert run(access(**one(key, belongs)), preview=preview, world=world).of("Role")


def test_swapped_providers_are_refused_where_the_accounts_are_given() -> None:
    swapped = World(accounts={"source": DESTINATION, "destination": SOURCE})
    (component, *messages), found = report(
        access(source_account_id=SOURCE, destination_account_id=DESTINATION), world=swapped
    )
    assert (component, messages) == (
        ACCESS,
        [f'source_account_id: "{SOURCE}": {BELONG} {DESTINATION}. {MEANT}'],
    )
    assert found.of("Role") == found.of("Policy") == []


@pytest.mark.parametrize("side", SIDES)
def test_one_sides_provider_is_refused_where_it_is_of_the_other_account(side: str) -> None:
    key, other = SIDES[side]
    (expected,) = other.values()
    world = World(accounts={"source": expected, "destination": expected})
    (component, *messages), found = report(
        access(side=side, **other, leave_out=(key,)), world=world
    )
    assert (component, messages) == (
        ACCESS,
        [f'destination_account_id: "{expected}": {TWO_ACCOUNTS}'],
    )
    assert found.of("Role") == found.of("Policy") == []


@pytest.mark.parametrize("key", ["source_account_id", "destination_account_id"])
@pytest.mark.parametrize("given", ["1111", "1111-1111-1111", "\N{ARABIC-INDIC DIGIT ONE}" * 12])
def test_an_expected_account_has_twelve_digits(key: str, given: str) -> None:
    refused_at_once(
        access(**one(key, given)),
        ACCESS,
        f'{key}: "{given}": an account ID must have 12 characters: digits.',
    )


def test_expected_accounts_that_are_the_same_are_refused_at_once() -> None:
    refused_at_once(
        access(source_account_id=SOURCE, destination_account_id=SOURCE),
        ACCESS,
        f'destination_account_id: "{SOURCE}": {TWO_ACCOUNTS}',
    )
