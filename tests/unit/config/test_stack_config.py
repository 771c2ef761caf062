"""The stack's config: as YAML and `pulumi config set` write it, and as the component takes it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
import yaml

import stack_config
from cross_account_access import CrossAccountAccess, InvalidInput
from cross_account_access.config.connection import AssumedRole, Connection
from cross_account_access.config.merged_config import DEFAULTS
from cross_account_access.config.settings import NamedAccount, PairSettings
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.roles import RoleModel
from tests.component.harness import run
from tests.component.world import World
from tests.unit.reading import DESTINATION, OTHER, SOURCE, codes

if TYPE_CHECKING:
    from cross_account_access.grants.model import Model

FOLDER = Path(stack_config.__file__).parent
ALICE: dict[str, Any] = {"principals": [{"user": "alice"}]}
GRANTS: dict[str, Any] = {
    "deploy": {
        "principals": [{"role": "team/ci", "label": "ci"}],
        "role": {
            "maxSessionDuration": 3600,
            "managedPolicies": ["ReadOnlyAccess"],
            "tags": {"maxAge": "x"},
        },
    },
    "audit": {"principals": [{"user": "alice"}], "conditions": {"externalId": "partner-7f3a"}},
}


def config(**values: Any) -> dict[str, Any]:
    return {"grants": {"deploy": ALICE}} | values


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        (
            {"source": {"accountId": SOURCE}, "destination": {"accountId": 111111111111}},
            "same-account",
            "destination.accountId",
        ),
        (
            {
                "source": {"accountId": OTHER},
                "grants": {"a": {"principals": [{"arn": f"arn:aws:iam::{SOURCE}:user/x"}]}},
            },
            "principal-in-other-account",
            "grants.a.principals[0]",
        ),
        (
            {
                "destination": {"accountId": DESTINATION},
                "grants": {
                    "a": ALICE | {"role": {"managedPolicies": [f"arn:aws:iam::{OTHER}:policy/x"]}}
                },
            },
            "policy-in-other-account",
            "grants.a.role.managedPolicies[0]",
        ),
        ({"sides": "both"}, "unknown-key", "sides"),
    ],
)
def test_the_path_of_a_problem_is_the_one_that_pulumi_config_takes(
    values: dict[str, Any], code: str, path: str
) -> None:
    found = codes(
        PairSettings, config(**values), spelling="camelCase", path="cross-account-access:"
    )
    assert found == [(code, f"cross-account-access:{path}")]


def test_an_account_id_may_be_the_number_that_pulumi_config_set_writes() -> None:
    settings = stack_config.check(config(source={"accountId": 111111111111}))
    assert settings.account_ids == {"source": SOURCE, "destination": None}
    assert settings.locate_id("source") == ("source", "account_id")


def test_check_raises_every_problem() -> None:
    with pytest.raises(InvalidInput) as caught:
        stack_config.check({"grants": {}, "side": "x"})
    assert [problem.path for problem in caught.value.problems] == [
        "cross-account-access:grants",
        "cross-account-access:side",
    ]


def test_the_grants_reach_the_component_as_they_were_written() -> None:
    args = stack_config.make_args(stack_config.check(config(grants=GRANTS)))["grants"]
    assert args == {
        "deploy": {
            "principals": [{"role": "team/ci", "label": "ci"}],
            "role": {
                "max_session_duration": 3600,
                "managed_policies": ["ReadOnlyAccess"],
                "tags": {"maxAge": "x"},
            },
        },
        "audit": {"principals": [{"user": "alice"}], "conditions": {"external_id": "partner-7f3a"}},
    }


def test_a_change_of_the_config_after_the_check_changes_nothing() -> None:
    statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    policy: dict[str, Any] = {"Version": "2012-10-17", "Statement": [statement]}
    grant: dict[str, Any] = {
        "principals": [{"user": "alice"}],
        "role": {"inlinePolicies": {"pass": policy}},
        "conditions": {"mfa": True},
    }
    given = config(grants={"deploy": grant})
    settings = stack_config.check(given)
    before = stack_config.make_args(settings)
    statement["Action"] = "*"
    grant["conditions"]["mfa"] = False
    del grant["principals"][0]
    given["grants"].clear()
    assert stack_config.make_args(settings) == before
    made: Any = before["grants"]["deploy"]["role"]["inline_policies"]["pass"]
    assert made["Statement"][0]["Action"] == "iam:PassRole"


# Read from the running stack


def as_the_cli_gives_it(**values: Any) -> dict[str, str]:
    return {
        f"cross-account-access:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
    }


def loaded(given: dict[str, str], *, secret: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a program reads of the stack's config."""

    def program() -> dict[str, Any]:
        return {"settings": stack_config.load().model_dump(exclude_unset=True)}

    return run(program, config=given, secret_config=secret).outputs


def test_the_stacks_config_is_read_and_other_projects_is_left_alone() -> None:
    given = as_the_cli_gives_it(
        source={"accountId": 111111111111}, grants={"deploy": ALICE}, side="both"
    )
    found = loaded(
        given | {"aws:region": "us-east-1", "other:grants": "x", "cross-account-access-2:side": "x"}
    )
    assert found == {
        "settings": {"source": {"account_id": SOURCE}, "grants": {"deploy": ALICE}, "side": "both"}
    }


def test_the_limits_are_read_as_pulumi_passes_them() -> None:
    given = as_the_cli_gives_it(
        source={"accountId": SOURCE}, grants={"deploy": ALICE}, limits={"policiesPerUser": 20}
    )
    assert loaded(given)["settings"]["limits"] == {"policies_per_user": 20}


def test_refused_config_ends_the_program_with_every_problem_and_no_traceback() -> None:
    given = as_the_cli_gives_it(
        grants={"deploy": {"principals": [{"user": "a b"}]}}, side="x", source="[broken"
    )
    with pytest.raises(pulumi.RunError) as caught:
        loaded(given)
    first, *problems = str(caught.value).splitlines()
    assert first == "the stack's config was refused:"
    assert [line.split(": ")[0].partition(":")[2] for line in problems] == [
        "grants.deploy.principals[0].user",
        "side",
        "source",
    ]


def test_a_secret_in_config_that_is_no_json_is_not_shown() -> None:
    given = as_the_cli_gives_it(
        grants={"deploy": ALICE}, source="{accessKey: AKIAIOSFODNN7EXAMPLE, secretKey: s3cr3t}"
    )
    with pytest.raises(pulumi.RunError) as caught:
        loaded(given)
    assert "s3cr3t" not in str(caught.value)
    assert "AKIA" not in str(caught.value)
    assert "cross-account-access:source: [secret]: " in str(caught.value)


def test_a_stack_without_config_is_told_what_it_lacks() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        loaded({})
    assert str(caught.value) == (
        "the stack's config was refused:\ncross-account-access:grants: this key is required."
    )


# What the project's files say


def test_the_dev_stacks_config_is_right() -> None:
    values = yaml.safe_load((FOLDER / "Pulumi.dev.yaml").read_text())["config"]
    settings = stack_config.check({key.partition(":")[2]: value for key, value in values.items()})
    assert set(settings.grants) == {"deploy", "read-only", "partner-audit"}


@pytest.mark.parametrize(
    ("key", "models"),
    [
        ("source", [Connection, AssumedRole]),
        ("accounts", [NamedAccount]),
        ("grants", [GrantModel, PrincipalModel, RoleModel, ConditionsModel]),
    ],
)
def test_the_project_describes_every_key(key: str, models: list[type[Model]]) -> None:
    declared = yaml.safe_load((FOLDER / "Pulumi.yaml").read_text())["config"]
    assert set(declared) == set(DEFAULTS)
    keys = {str(field.alias) for model in models for field in model.model_fields.values()}
    of_source = {str(field.alias) for field in Connection.model_fields.values()}
    described = set(re.findall(r"\w+", declared[key]["description"]))
    # A label is for names that are Outputs, which config has none of.
    assert keys - described - {"label"} - (of_source if key == "accounts" else set()) == set()


# What the program exports


def test_each_grant_is_told_by_itself_with_nothing_where_there_is_nothing() -> None:
    def program() -> dict[str, Any]:
        settings = stack_config.check(config(grants=GRANTS))
        assert isinstance(settings, PairSettings)
        access = CrossAccountAccess("access", stack_config.make_pair_args(settings))
        return {"grants": stack_config.list_grants(access, settings)}

    told = run(program, world=World(roles={"ci": "/team/"})).outputs["grants"]
    assert set(told) == {"deploy", "audit"}
    deploy, audit = told["deploy"], told["audit"]
    keys = {"summary", "roleArn", "roleName", "roleUniqueId", "cliProfile", "assumeRoleCommand"}
    keys |= {"switchRoleUnavailable", "longestSession", "sourceAccountId", "destinationAccountId"}
    assert set(deploy) == set(audit) == keys
    assert deploy["roleArn"] == f"arn:aws:iam::{DESTINATION}:role/deploy"
    assert (deploy["roleName"], audit["roleName"]) == ("deploy", "audit")
    assert deploy["roleUniqueId"].startswith("AROA")
    assert (deploy["sourceAccountId"], deploy["destinationAccountId"]) == (SOURCE, DESTINATION)
    assert deploy["switchRoleUnavailable"].startswith("only role sessions are trusted")
    assert audit["switchRoleUnavailable"].startswith("the trust policy requires an external ID")
    assert audit["cliProfile"].startswith("[profile audit]\n")
    assert audit["assumeRoleCommand"].endswith("--external-id partner-7f3a")
