"""Many accounts over the provider host's own protocol: providers inside of the map of accounts,
maps whose keys are names, and refusals spelt as other languages spell."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import grpc  # type: ignore[import-untyped]
import pytest
from pulumi.runtime import rpc

from tests.component.provider_host import (
    DESTINATION,
    SOURCE,
    UNKNOWN,
    Engine,
    Host,
    Refusal,
    output,
    provider,
    provider_urn,
    secret,
    started,
    urn,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.component.provider_host import Made

AWS = version("pulumi-aws")
ELSEWHERE = "333333333333"
COMPONENT = "cross-account-access:index:MultiAccountAccess"
ACCOUNTS = {"people": SOURCE, "prod_one": DESTINATION}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with started() as running:
        yield running


def inputs(
    accounts: Mapping[str, Any] | None = None, grant: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A component's inputs, for one grant; the names look like keys of its own."""
    known: dict[str, Any] = {
        "people": {"provider": provider("people", AWS)},
        "prod_one": {"provider": provider("prod_one", AWS), "groups": ["work_loads"]},
        "prod_two": {"accountId": ELSEWHERE, "groups": ["work_loads"]},
    }
    one = {"source": "people", "destinations": ["work_loads"], "principals": [{"user": "alice"}]}
    given = {
        "accounts": {**known, **(accounts or {})},
        "grants": {"read_only": {**one, **(grant or {})}},
    }
    return given | more


def access(host: Host, engine: Engine, given: Mapping[str, Any]) -> Made:
    # As TypeScript's SDK tells it of a map that has providers inside.
    uses = {
        "accounts": [provider_urn(name) for name in ACCOUNTS if provider_urn(name) in str(given)]
    }
    return host.construct(engine, "MultiAccountAccess", given, uses=uses)


def refused(
    host: Host, given: Mapping[str, Any], accounts: Mapping[str, str] = ACCOUNTS
) -> Refusal:
    """What inputs are refused with; no role was made."""
    engine = Engine(accounts, preview=True)
    with pytest.raises(Refusal) as caught:
        access(host, engine, given)
    engine.wait_until_quiet()
    assert not [kind for kind in engine.kinds() if kind.startswith("aws:")]
    assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT
    assert 'File "' not in caught.value.message
    return caught.value


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_each_part_is_made_by_its_own_provider_and_names_are_kept(
    host: Host, *, preview: bool
) -> None:
    engine = Engine(ACCOUNTS, preview=preview)
    made = access(host, engine, inputs(grant={"conditions": {"mfa": True}}))
    assert {
        (found.type.rpartition(":")[2], found.name, found.provider)
        for found in engine.made
        if found.type.startswith("aws:")
    } == {
        ("Role", "team-read_only@prod_one", "prod_one"),
        ("Policy", "team-user-alice@people", "people"),
        ("UserPolicyAttachment", "team-user-alice@people", "people"),
    }
    assert sorted(engine.invoked) == [
        ("getCallerIdentity", "people"),
        ("getCallerIdentity", "prod_one"),
        ("getUser", "people"),
    ]
    assert made.urn == urn(COMPONENT, "team")
    arns = {
        "prod_one": f"arn:aws:iam::{DESTINATION}:role/read_only",
        "prod_two": f"arn:aws:iam::{ELSEWHERE}:role/read_only",
    }
    assert made.outputs["roleArns"] == {"read_only": arns}
    assert made.outputs["longestSessions"] == {"read_only": dict.fromkeys(arns, 3600)}
    assert made.outputs["accountIds"] == ACCOUNTS | {"prod_two": ELSEWHERE}
    if not preview:
        (document,) = made.outputs["policies"].values()
        assert json.loads(document)["Statement"][0]["Resource"] == sorted(arns.values())


def test_principals_of_an_account_to_look_up_in_are_looked_up(host: Host) -> None:
    engine = Engine(ACCOUNTS)
    people = {"lookupProvider": provider("people", AWS), "accountId": SOURCE}
    access(host, engine, inputs({"people": people}))
    assert ("getUser", "people") in engine.invoked
    assert {found.provider for found in engine.made if found.provider} == {"prod_one"}


def test_a_secret_external_id_stays_secret(host: Host) -> None:
    engine = Engine(ACCOUNTS)
    external_id = output("s3cret-id", secret=True)
    made = access(host, engine, inputs(grant={"conditions": {"externalId": external_id}}))
    assert made.outputs["cliProfiles"][rpc._special_sig_key] == rpc._special_secret_sig
    assert made.outputs["longestSessions"]["read_only"]["prod_one"] == 3600


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt key": (inputs({"people": {"providr": "x"}}), "accounts.people.providr"),
    "Python's spelling": (
        inputs({"prod_two": {"account_id": ELSEWHERE}}),
        "accounts.prod_two.account_id",
    ),
    "a null provider": (inputs({"people": {"provider": None}}), "accounts.people.provider"),
    "a null account": (inputs({"prod_two": None}), "accounts.prod_two"),
    "a null group": (inputs({"people": {"groups": [None]}}), "accounts.people.groups[0]"),
    "a secret account": (
        inputs({"prod_two": output({"accountId": ELSEWHERE}, secret=True)}),
        "accounts.prod_two",
    ),
    "an unknown account": (inputs({"prod_two": output(known=False)}), "accounts.prod_two"),
    "secret accounts": (inputs() | {"accounts": secret(inputs()["accounts"])}, "accounts"),
    "unknown accounts": (inputs() | {"accounts": UNKNOWN}, "accounts"),
    "an ID that is an Output": (
        inputs({"prod_two": {"accountId": output(ELSEWHERE), "groups": ["work_loads"]}}),
        "accounts.prod_two.accountId",
    ),
    "groups that are an Output": (
        inputs({"prod_two": {"accountId": ELSEWHERE, "groups": output(["work_loads"])}}),
        "accounts.prod_two.groups",
    ),
    "destinations that are unknown": (
        inputs(grant={"destinations": output(known=False)}),
        "grants.read_only.destinations",
    ),
    "an exclusion that is secret": (
        inputs(grant={"exclude": [output("prod_two", secret=True)]}),
        "grants.read_only.exclude[0]",
    ),
    "a source that is null": (inputs(grant={"source": None}), "grants.read_only.source"),
    "two providers": (
        inputs({"people": dict.fromkeys(("provider", "lookupProvider"), provider("people", AWS))}),
        "accounts.people.lookupProvider",
    ),
    "no ID": (inputs({"prod_two": {"groups": ["work_loads"]}}), "accounts.prod_two.accountId"),
    "a provider of another major version": (
        inputs({"people": {"provider": provider("people", "99.0.0")}}),
        "accounts.people.provider",
    ),
    "a provider's ID": (
        inputs({"people": {"lookupProvider": "people-id"}}),
        "accounts.people.lookupProvider",
    ),
    "a provider of another account": (
        inputs({"people": {"provider": provider("people", AWS), "accountId": "4" * 12}}),
        "accounts.people.accountId",
    ),
    "an unknown destination": (
        inputs(grant={"destinations": ["workLoads"]}),
        "grants.read_only.destinations[0]",
    ),
    "the pair's keys": (inputs(sourceProvider=provider("people", AWS)), "sourceProvider"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_bad_input_is_named_by_its_path(host: Host, case: str) -> None:
    given, path = WRONG[case]
    refusal = refused(host, given)
    assert list(refusal.properties) == [path]
    assert "lookup_provider" not in refusal.message


def test_components_of_one_principal_are_warned_of_though_each_has_a_provider_of_its_own(
    host: Host,
) -> None:
    engine = Engine(ACCOUNTS)
    reference = {"aws": f"{provider_urn('people')}::people-id"}
    for number in range(5):
        host.construct(
            engine,
            "AssumeRoleGrant",
            {
                "principal": {"group": "admins"},
                "roleArns": {"x": f"arn:aws:iam::{DESTINATION}:role/x"},
            },
            providers=reference,
            name=f"spoke-{number}",
        )
    (line,) = [line for line in engine.log if "components attach" in line]
    assert line.startswith("5 components attach 5 of the 10 policies that AWS attaches to admins: ")
