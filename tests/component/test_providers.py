"""The two providers: each named, each of its own account, or nothing is made."""

from __future__ import annotations

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
SAME_ACCOUNT = [("destination_account_id", "same-account")]
PROVIDERS = ("source_provider", "destination_provider")


def one(key: str, value: Any) -> dict[str, Any]:
    return {key: value}


def provider_output() -> pulumi.Output[aws.Provider]:
    return pulumi.Output.from_input(aws.Provider("other"))


WRONG_PROVIDERS: dict[str, tuple[Any, str]] = {
    "null": (None, "missing-provider"),
    "its ID": ("source-id", "provider-version"),
    "an Output of its ID": (output("source-id"), "not-a-provider"),
    "unknown": (NEVER_KNOWN, "not-a-provider"),
}


@pytest.mark.parametrize("case", WRONG_PROVIDERS)
def test_what_is_no_provider_is_refused(case: str) -> None:
    value, code = WRONG_PROVIDERS[case]
    refused_at_once(
        access(**dict.fromkeys(PROVIDERS, value)),
        ACCESS,
        *((key, code) for key in PROVIDERS),
        preview=True,
    )


@pytest.mark.parametrize(
    "given",
    [
        Late("an Output of one", provider_output),
        Late("a component", lambda: pulumi.ComponentResource("test:index:Other", "other")),
    ],
    ids=str,
)
def test_another_resource_is_refused(given: Late) -> None:
    _, problems, found = report(access(source_provider=given))
    assert problems == [("source_provider", "not-a-provider")]
    assert found.calls == []


def test_both_missing_are_told_together() -> None:
    refused_at_once(
        access(leave_out=PROVIDERS), ACCESS, *((key, "missing-provider") for key in PROVIDERS)
    )


SIDES: dict[str, tuple[str, dict[str, Any]]] = {
    "source": ("destination_provider", {"destination_account_id": DESTINATION}),
    "destination": ("source_provider", {"source_account_id": SOURCE}),
}


@pytest.mark.parametrize("side", SIDES)
def test_the_other_sides_provider_is_refused(side: str) -> None:
    key, other = SIDES[side]
    refused_at_once(access(side=side, **other), ACCESS, (key, "unused-provider"))
    assert run(access(side=side, **other, leave_out=(key,))).graph()


@pytest.mark.parametrize("side", SIDES)
def test_the_sides_own_provider_is_required(side: str) -> None:
    key, other = SIDES[side]
    own = next(provider for provider in PROVIDERS if provider != key)
    refused_at_once(
        access(side=side, **other, leave_out=PROVIDERS), ACCESS, (own, "missing-provider")
    )


@pytest.mark.parametrize("side", SIDES)
def test_the_other_accounts_id_is_required(side: str) -> None:
    key, other = SIDES[side]
    (missing,) = other
    for given in (side, Side(side)):
        refused_at_once(
            access(side=given, leave_out=(key,)), ACCESS, (missing, "missing-account-id")
        )


ONE_ACCOUNT = World(accounts={"source": SOURCE, "destination": SOURCE})


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_two_providers_of_one_account_are_refused(*, preview: bool) -> None:
    component, problems, found = report(access(), preview=preview, world=ONE_ACCOUNT)
    assert (component, problems) == (ACCESS, SAME_ACCOUNT)
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

    component, problems, found = report(program)
    assert (component, problems) == (ACCESS, SAME_ACCOUNT)
    assert found.of("Role") == found.of("Policy") == []


@pytest.mark.parametrize(
    ("key", "belongs"), [("source_account_id", SOURCE), ("destination_account_id", DESTINATION)]
)
def test_a_provider_of_another_account_than_expected_is_refused(key: str, belongs: str) -> None:
    component, problems, found = report(access(**one(key, ELSEWHERE)), preview=True)
    assert (component, problems) == (ACCESS, [(key, "wrong-account")])
    assert found.of("Role") == found.of("Policy") == []
    assert {call[0] for call in found.asked()} <= {"getCallerIdentity"}
    assert run(access(**one(key, belongs))).of("Role")


def test_swapped_providers_are_refused_where_the_accounts_are_given() -> None:
    swapped = World(accounts={"source": DESTINATION, "destination": SOURCE})
    component, problems, found = report(
        access(source_account_id=SOURCE, destination_account_id=DESTINATION), world=swapped
    )
    assert (component, problems) == (ACCESS, [("source_account_id", "wrong-account")])
    assert found.of("Role") == found.of("Policy") == []


@pytest.mark.parametrize("side", SIDES)
def test_one_sides_provider_is_refused_where_it_is_of_the_other_account(side: str) -> None:
    key, other = SIDES[side]
    (expected,) = other.values()
    world = World(accounts={"source": expected, "destination": expected})
    component, problems, found = report(access(side=side, **other, leave_out=(key,)), world=world)
    assert (component, problems) == (ACCESS, SAME_ACCOUNT)
    assert found.of("Role") == found.of("Policy") == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("1111", "account-id-too-short"),
        ("1111-1111-1111", "account-id-too-long"),
        ("\N{ARABIC-INDIC DIGIT ONE}" * 12, "invalid-account-id"),
    ],
)
def test_an_expected_account_has_twelve_digits(given: str, code: str) -> None:
    keys = ("destination_account_id", "source_account_id")
    args: dict[str, Any] = dict.fromkeys(keys, given)
    refused_at_once(access(**args), ACCESS, *((key, code) for key in keys))


def test_expected_accounts_that_are_the_same_are_refused_at_once() -> None:
    refused_at_once(
        access(source_account_id=SOURCE, destination_account_id=SOURCE), ACCESS, *SAME_ACCOUNT
    )
