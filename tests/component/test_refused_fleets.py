"""What is wrong among many accounts is refused: at once where the args alone tell, and before
anything is made where the accounts' providers do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from tests.component.fleet_refusals import REFUSED
from tests.component.harness import run
from tests.component.programs import (
    ACCOUNTS,
    NEVER_KNOWN,
    ONE_WIDE_GRANT,
    PEOPLE,
    PRODUCTION,
    STAGING,
    Late,
    fleet,
    output,
    provider,
    secret,
    wide,
)
from tests.component.refusals import refused_at_once, report
from tests.component.world import CI, DESTINATION, ELSEWHERE, FLEET, SOURCE, World

if TYPE_CHECKING:
    from tests.component.harness import Program
    from tests.component.refusals import PathAndCode

FLEET_ACCESS = "MultiAccountAccess team"
BUCKET = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_among_accounts_is_refused(case: str) -> None:
    args, code, path = REFUSED[case]
    refused_at_once(fleet(**args), FLEET_ACCESS, (path, code))


def but(**accounts: Any) -> dict[str, Any]:
    """The accounts with some in the place of others."""
    return ACCOUNTS | accounts


AN_OUTPUT = Late("an Output of one", lambda: pulumi.Output.from_input(aws.Provider("other")))
PROVIDERS: dict[str, tuple[Any, list[PathAndCode]]] = {
    "a null": (but(people={"provider": None}), [("accounts.people.provider", "null-value")]),
    "a null to look up with": (
        but(people={"lookup_provider": None, "account_id": SOURCE}),
        [("accounts.people.lookup_provider", "null-value")],
    ),
    "an ID": (
        but(people={"provider": "people-id"}, staging=STAGING | {"lookup_provider": "x-id"}),
        [
            ("accounts.people.provider", "provider-version"),
            ("accounts.staging.lookup_provider", "provider-version"),
        ],
    ),
    "an Output": (
        but(people={"provider": AN_OUTPUT}),
        [("accounts.people.provider", "not-a-provider")],
    ),
    "unknown": (
        but(people={"provider": NEVER_KNOWN}),
        [("accounts.people.provider", "not-a-provider")],
    ),
    "a map": (but(people={"provider": {}}), [("accounts.people.provider", "not-a-provider")]),
    "one to make with and one to look up with": (
        but(people=PEOPLE | {"lookup_provider": provider("ci")}),
        [("accounts.people.lookup_provider", "two-providers")],
    ),
    "neither one nor an ID": (
        but(staging={"groups": ["workloads"]}, production={"groups": ["workloads"]}),
        [
            ("accounts.production.account_id", "missing-account-id"),
            ("accounts.staging.account_id", "missing-account-id"),
        ],
    ),
    "none at all": (
        {
            "people": {"account_id": SOURCE},
            "production": {"account_id": DESTINATION, "groups": ["workloads"]},
        },
        [("accounts", "missing-provider")],
    ),
    "none but to look up with": (
        {
            "people": {"lookup_provider": provider("people")},
            "production": {"account_id": DESTINATION, "groups": ["workloads"]},
        },
        [("accounts", "missing-provider")],
    ),
    "Outputs of all accounts": (output(ACCOUNTS), [("accounts", "not-map")]),
    "a secret account": (but(staging=secret(STAGING)), [("accounts.staging", "not-object")]),
    "Outputs in plain keys": (
        but(staging={"account_id": output(ELSEWHERE), "groups": output(["workloads"])}),
        [
            ("accounts.staging.account_id", "output-not-allowed"),
            ("accounts.staging.groups", "not-list"),
        ],
    ),
}


@pytest.mark.parametrize("case", PROVIDERS)
def test_a_wrong_provider_is_refused_at_once(case: str) -> None:
    accounts, expected = PROVIDERS[case]
    _, problems, found = report(fleet(accounts=accounts), preview=True)
    assert problems == expected
    assert found.calls == []
    assert found.kinds() <= {"MultiAccountAccess"}


LOOKED_UP = {"account_id": SOURCE, "lookup_provider": provider("people")}
IN_CHINA = "arn:aws-cn:iam::{}:{}".format
LATE: dict[str, tuple[Program, World, PathAndCode]] = {
    "a provider of another account than said": (
        fleet(accounts=but(production=PRODUCTION | {"account_id": CI})),
        World(),
        ("accounts.production.account_id", "wrong-account"),
    ),
    "a provider to look up with of another account than said": (
        fleet(accounts=but(people=LOOKED_UP | {"account_id": CI})),
        World(),
        ("accounts.people.account_id", "wrong-account"),
    ),
    "two providers of one account": (
        fleet(accounts=but(staging={"provider": provider("staging"), "groups": ["workloads"]})),
        World(accounts=FLEET | {"staging": DESTINATION}),
        ("accounts.staging.account_id", "account-named-twice"),
    ),
    "a source's provider of a destination": (
        fleet(),
        World(accounts=FLEET | {"people": DESTINATION}),
        ("accounts.production.account_id", "account-named-twice"),
    ),
    "a provider of an account that is said to be elsewhere": (
        fleet(),
        World(accounts=FLEET | {"production": ELSEWHERE}),
        ("accounts.staging.account_id", "account-named-twice"),
    ),
    "a provider of another partition": (
        fleet(),
        World(partitions={"production": "aws-cn"}),
        ("accounts.production.provider", "two-partitions"),
    ),
    "a provider to look up with of another partition": (
        fleet(
            {"read": wide(source="staging", destinations=["production"])}
            | {"write": wide(destinations=["production"], principals=[{"user": "bob"}])},
            but(staging={"lookup_provider": provider("staging")}),
        ),
        World(partitions={"staging": "aws-cn"}),
        ("accounts.staging.lookup_provider", "two-partitions"),
    ),
    "a principal of another partition": (
        fleet({"read": wide(principals=[{"arn": IN_CHINA(SOURCE, "user/alice")}])}),
        World(),
        ("grants.read.principals[0]", "principal-in-other-partition"),
    ),
    "a principal of an account that another source is": (
        fleet({"read": wide(principals=[{"arn": f"arn:aws:iam::{CI}:user/alice"}])}),
        World(),
        ("grants.read.principals[0]", "principal-in-other-account"),
    ),
    "the same by an Output": (
        fleet(
            {
                "read": wide(
                    principals=[{"arn": output(f"arn:aws:iam::{CI}:user/alice"), "label": "alice"}]
                )
            }
        ),
        World(),
        ("grants.read.principals[0]", "principal-in-other-account"),
    ),
    "the same by an Output where its part is made elsewhere": (
        fleet(
            {
                "read": wide(
                    principals=[{"arn": output(f"arn:aws:iam::{CI}:user/alice"), "label": "alice"}]
                )
            },
            but(people={"account_id": SOURCE}),
        ),
        World(),
        ("grants.read.principals[0]", "principal-in-other-account"),
    ),
    "a policy of one account by an Output": (
        fleet(
            {
                "read": wide(
                    role={"managed_policy_arns": {"x": output(f"arn:aws:iam::{CI}:policy/x")}}
                )
            }
        ),
        World(),
        ("grants.read.role.managed_policy_arns.x", "policy-in-other-account"),
    ),
    "a user at another path": (
        fleet({"read": wide(principals=[{"user": "team/alice"}])}),
        World(),
        ("grants.read.principals[0]", "wrong-path"),
    ),
    "a user of a second source at another path": (
        fleet(
            {"read": wide(principals=[{"user": "alice"}, {"user": "x/alice", "source": "ci"}])},
            but(ci={"lookup_provider": provider("ci")}),
        ),
        World(),
        ("grants.read.principals[1]", "wrong-path"),
    ),
}


@pytest.mark.parametrize("case", LATE)
def test_what_only_the_providers_tell_is_refused_before_anything_of_any_account_is_made(
    case: str,
) -> None:
    program, world, expected = LATE[case]
    component, problems, found = report(program, preview=True, world=world)
    assert (component, problems) == (FLEET_ACCESS, [expected])
    assert found.of("Role") == found.of("Policy") == []


def of_accounts(*names: str) -> dict[str, Any]:
    numbered = {name: f"{number:012}" for number, name in enumerate(names, start=500)}
    return {
        name: {"account_id": number, "provider": provider(name)}
        for name, number in numbered.items()
    }


def test_two_resources_of_one_name_are_refused_over_accounts_and_over_grants() -> None:
    policies = {"inline_policies": {"x-inline-y": BUCKET, "y": BUCKET}}
    of_one = wide(source="p", destinations=["d", "d-inline-x"], role=policies)
    accounts = of_accounts("p", "d", "d-inline-x")
    refused_at_once(
        fleet({"a": of_one}, accounts), FLEET_ACCESS, ("grants.a", "resource-name-taken")
    )


def test_a_principals_second_policy_is_not_called_as_anothers_first() -> None:
    roles = {
        f"{number:03}": wide(
            source="p", destinations=["d"], role={"name": f"{number:03}{'x' * 61}"}
        )
        for number in range(70)
    }
    roles["other"] = wide(source="p-2", destinations=["d"])
    refused_at_once(
        fleet(roles, of_accounts("p", "p-2", "d")),
        FLEET_ACCESS,
        ("grants.other.principals[0]", "resource-name-taken"),
    )


def test_imports_are_called_by_grant_and_account() -> None:
    keys = ("Role/team-read", "Role/team-read@staging", "Policy/team-user-alice")
    refused_at_once(
        fleet(imports=dict.fromkeys(keys, "x")),
        FLEET_ACCESS,
        *(("imports", "unknown-import") for _ in keys),
    )


def test_args_given_twice_or_as_something_else_are_refused() -> None:
    refused_at_once(fleet(grants={}), FLEET_ACCESS, ("grants", "empty"))
    refused_at_once(fleet(output(ONE_WIDE_GRANT)), FLEET_ACCESS, ("grants", "not-map"))
    refused_at_once(fleet(grants=None), FLEET_ACCESS, ("grants", "null-value"))
    refused_at_once(fleet(side="source"), FLEET_ACCESS, ("side", "unknown-key"))


def test_the_same_provider_under_two_names_is_refused() -> None:
    shared: list[aws.Provider] = []

    def make() -> aws.Provider:
        if not shared:
            shared.append(aws.Provider("production"))
        return shared[0]

    same = Late("the same", make)
    accounts = but(production=PRODUCTION | {"provider": same}, staging={"provider": same})
    grants = {"read": wide(destinations=["production", "staging"])}
    component, problems, _ = report(fleet(grants, accounts))
    assert (component, problems) == (
        FLEET_ACCESS,
        [("accounts.staging.account_id", "account-named-twice")],
    )


def test_what_is_refused_is_taken_where_it_is_right() -> None:
    """The twin of the refusals: their accounts and grants, put right, are made."""
    accounts = but(
        production=PRODUCTION | {"account_id": DESTINATION},
        staging=STAGING | {"lookup_provider": provider("staging")},
        ci={"lookup_provider": provider("ci"), "account_id": CI},
    )
    grants = {"read": wide(principals=[{"user": "alice"}, {"role": "x", "source": "ci"}])}
    assert len(run(fleet(grants, accounts)).of("Role")) == 1
