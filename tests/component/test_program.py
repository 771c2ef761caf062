"""The program itself, `__main__.py`, with the stack configs that stand beside it."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
import yaml

from cross_account_access import InvalidArgs
from tests.component.engine_record import UNKNOWN
from tests.component.harness import attempt, run
from tests.component.world import DESTINATION, SOURCE, World, ci_arn, role_arn, user_arn

if TYPE_CHECKING:
    from tests.component.engine_record import Run

ROOT = Path(__file__).parents[2]
NAMESPACE = "cross-account-access"

Config = dict[str, Any]


def program() -> None:
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


def dev() -> Config:
    """The config of the dev stack, without the namespace."""
    stack = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
    return {key.removeprefix(f"{NAMESPACE}:"): value for key, value in stack["config"].items()}


def as_pulumi_gives_it(config: Config) -> dict[str, str]:
    return {
        f"{NAMESPACE}:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in config.items()
    }


WORLD = World(roles={"ci": "/team/"}, users={"auditor": "/partners/"})


def deploy(config: Config, *, preview: bool = False) -> Run:
    return run(program, preview=preview, world=WORLD, config=as_pulumi_gives_it(config))


def refusal(config: Config) -> tuple[BaseException | None, Run]:
    found, error = attempt(program, world=WORLD, config=as_pulumi_gives_it(config))
    return error, found


OF_A_GRANT = {
    "roleArn",
    "roleName",
    "roleUniqueId",
    "summary",
    "cliProfile",
    "longestSession",
    "assumeRoleCommand",
    "sourceAccountId",
    "destinationAccountId",
}


def test_the_dev_stack_exports_its_grants() -> None:
    found = deploy(dev()).outputs
    assert set(found) == {"grants", "documents"}
    assert set(found["documents"]) == set(found["grants"])
    assert set(found["grants"]) == {"deploy", "read-only", "partner-audit"}
    for name, told in found["grants"].items():
        # Either there is a URL, or a reason why there is none.
        console = "switchRoleUrl" if name == "read-only" else "switchRoleUnavailable"
        assert set(told) == {*OF_A_GRANT, console}
        assert all(told.values())
        assert told["longestSession"] == {"read-only": 14400}.get(name, 3600)
        assert (told["roleArn"], told["roleName"]) == (role_arn(name), name)
        assert told["roleUniqueId"] == World().unique_id("role", name)
        assert (told["sourceAccountId"], told["destinationAccountId"]) == (SOURCE, DESTINATION)
        assert told["cliProfile"].startswith(f"[profile {name}]\nrole_arn = {role_arn(name)}\n")
        assert told["assumeRoleCommand"].startswith(
            f"aws sts assume-role --role-arn {role_arn(name)} "
        )
    assert found["grants"]["read-only"]["switchRoleUrl"] == (
        f"https://signin.aws.amazon.com/switchrole?account={DESTINATION}&roleName=read-only&displayName=read-only"
    )
    assert found["grants"]["partner-audit"]["switchRoleUnavailable"] == (
        "the trust policy requires an external ID, which the console can't send"
    )


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_the_dev_stack_makes_exactly_these_resources(*, preview: bool) -> None:
    def role(name: str, *attached: str) -> set[tuple[str, str, str, str]]:
        child = f"access-{name}"
        return {
            ("TrustedRole", child, "access", ""),
            ("Role", child, child, "destination"),
            *{("RolePolicyAttachment", f"{child}-{key}", child, "destination") for key in attached},
        }

    def principal(key: str, attachment: str) -> set[tuple[str, str, str, str]]:
        child = f"access-{key}"
        return {
            ("AssumeRoleGrant", child, "access", ""),
            ("Policy", child, child, "source"),
            (attachment, child, child, "source"),
        }

    assert deploy(dev(), preview=preview).graph() == {
        ("CrossAccountAccess", "access", "project-stack", ""),
        *role("deploy", "aws-PowerUserAccess"),
        ("RolePolicy", "access-deploy-inline-pass-service-roles", "access-deploy", "destination"),
        *role("read-only", "aws-ReadOnlyAccess"),
        *role("partner-audit", "aws-SecurityAudit"),
        *principal("role-ci", "RolePolicyAttachment"),
        *principal("user-alice", "UserPolicyAttachment"),
        *principal("user-bob", "UserPolicyAttachment"),
        *principal("user-auditor", "UserPolicyAttachment"),
    }


def test_the_dev_stacks_grants_are_what_its_config_says() -> None:
    found = deploy(dev())
    deployer = found.one("Role", "access-deploy").inputs
    assert deployer["description"] == "Deployments from the source account's CI"
    assert deployer["tags"] == {"owner": "platform"}
    assert found.document("Role", "access-deploy")["Statement"][0]["Principal"] == {
        "AWS": [ci_arn("ci", "/team/")]
    }
    reader = found.document("Role", "access-read-only")["Statement"][0]
    assert reader["Principal"] == {"AWS": [user_arn("alice"), user_arn("bob")]}
    assert reader["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "43200"},
    }
    assert found.one("Role", "access-read-only").inputs["maxSessionDuration"] == 14400
    auditor = found.document("Role", "access-partner-audit")["Statement"][0]
    assert auditor["Condition"] == {"StringEquals": {"sts:ExternalId": "partner-7f3a"}}


def test_the_dev_stacks_providers_hold_its_connections_with_their_keys_secret() -> None:
    found = deploy(dev())
    assert {made.name for made in found.of("aws")} == {"source", "destination"}
    for name, account in (("source", SOURCE), ("destination", DESTINATION)):
        provider = found.one("aws", name)
        assert provider.inputs["region"] == "us-east-1"
        assert provider.inputs["accessKey"] == account
        assert json.loads(provider.inputs["allowedAccountIds"]) == [account]
        assert json.loads(provider.inputs["endpoints"]) == [
            {"iam": "http://127.0.0.1:4577", "sts": "http://127.0.0.1:4577"}
        ]
        assert provider.secret == {"accessKey", "secretKey"}


def test_a_preview_of_the_dev_stack_exports_what_is_known() -> None:
    told = deploy(dev(), preview=True).outputs["grants"]["deploy"]
    assert told["roleName"] == "deploy"
    assert {key for key, value in told.items() if value is UNKNOWN} == {"roleUniqueId"}
    assert told["roleArn"] == role_arn("deploy")


@pytest.mark.parametrize(("side", "other"), [("source", "destination"), ("destination", "source")])
def test_a_side_alone_needs_the_other_accounts_id_and_nothing_else_of_it(
    side: str, other: str
) -> None:
    config = dev() | {"side": side, other: {"accountId": dev()[other]["accountId"]}}
    found = deploy(config)
    assert {made.name for made in found.of("aws")} == {side}
    assert {made.provider for made in found.made if made.type.startswith("aws:")} == {side}
    assert {call.provider for call in found.calls} == {side}
    assert set(found.outputs["grants"]) == {"deploy", "read-only", "partner-audit"}
    assert found.outputs["grants"]["deploy"]["roleArn"] == role_arn("deploy")
    assert ("roleUniqueId" in found.outputs["grants"]["deploy"]) is (side == "destination")


def test_a_role_to_assume_is_the_providers() -> None:
    role = {
        "roleArn": f"arn:aws:iam::{SOURCE}:role/admin",
        "externalId": "swordfish",
        "sessionName": "pulumi",
    }
    config = dev()
    config["source"] = {
        "accountId": SOURCE,
        "region": "eu-west-1",
        "profile": "people",
        "assumeRole": role,
    }
    found = deploy(config)
    provider = found.one("aws", "source")
    assert json.loads(provider.inputs["assumeRoles"]) == [role]
    assert provider.secret == {"assumeRoles"}
    assert (provider.inputs["profile"], provider.inputs["region"]) == ("people", "eu-west-1")
    assert "endpoints" not in provider.inputs
    assert "swordfish" not in found.visible()


def test_a_wrong_config_is_refused_as_a_whole_before_anything_is_made() -> None:
    config = dev() | {"sied": "both"}
    config["grants"]["deploy"]["principals"] = [{"user": "a b"}]
    config["grants"]["read-only"]["conditions"]["mfaMaxAeg"] = 1
    error, found = refusal(config)
    assert isinstance(error, pulumi.RunError)
    first, *lines = str(error).split("\n")
    assert first == "the stack's config was refused:"
    assert [line.partition(": ")[0] for line in lines] == [
        f"{NAMESPACE}:grants.deploy.principals[0].user",
        f"{NAMESPACE}:grants.read-only.conditions.mfaMaxAeg",
        f"{NAMESPACE}:sied",
    ]
    assert (found.graph(), found.made, found.calls) == (set(), [], [])


def test_credentials_of_another_account_are_refused_before_anything_is_made() -> None:
    config = dev()
    config["source"] = {"accountId": "333333333333", "profile": "people"}
    error, found = refusal(config)
    assert isinstance(error, InvalidArgs)
    assert [(problem.path, problem.code) for problem in error.problems] == [
        ("source_account_id", "wrong-account")
    ]
    assert found.of("Role") == found.of("Policy") == []
