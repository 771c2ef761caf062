"""The project as it is: the real program with the dev stack's config, from `pulumi up` to `pulumi
destroy`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import stack_config
from cross_account_access.config.settings import PairSettings
from sandbox.proof.access_proof import prove
from sandbox.proof.people import make_people
from tests.engine.conftest import AMBIENT, ROOT, Project, Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.aws.server import Sandbox
    from sandbox.proof.people import People

pytestmark = pytest.mark.engine

SOURCE, DESTINATION = "111111111111", "222222222222"
SUMMARIES = {
    "deploy": "role team/ci may use PowerUserAccess and inline policy pass-service-roles for up to "
    "1 h (version ",
    "partner-audit": "user partners/auditor (an external ID) may use SecurityAudit for up to 1 h "
    "(version ",
    "read-only": "user alice and user bob (signed in with MFA less than 12 h ago) may use "
    "ReadOnlyAccess for up to 4 h (version ",
}


@dataclass
class Dev:
    """The dev stack, brought up once."""

    project: Project
    settings: PairSettings
    run: Run
    everybody: People


def dev_config(project: Project) -> dict[str, Any]:
    text = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    text = text.replace("http://127.0.0.1:4577", project.sandbox.endpoint)
    text = text.replace(SOURCE, project.source).replace(DESTINATION, project.destination)
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    return config


def settings_of(config: Mapping[str, Any]) -> PairSettings:
    settings = stack_config.check({key.partition(":")[2]: value for key, value in config.items()})
    assert isinstance(settings, PairSettings)
    return settings


@pytest.fixture(scope="module")
def dev(
    tmp_path_factory: pytest.TempPathFactory, engine: Mapping[str, str], sandbox: Sandbox
) -> Iterator[Dev]:
    project = Project(tmp_path_factory.mktemp("dev"), engine, sandbox, (SOURCE, DESTINATION))
    config = dev_config(project)
    settings = settings_of(config)
    with make_people(sandbox.endpoint, settings, keep=False) as everybody:
        run = project.deployed(config, "dev")
        run.up()
        yield Dev(project, settings, run, everybody)


def test_a_second_preview_is_empty(dev: Dev) -> None:
    dev.run.preview(expect_no_changes=True)


def test_access_is_as_the_stack_says(dev: Dev) -> None:
    role_arns = {name: told["roleArn"] for name, told in dev.run.outputs["grants"].items()}
    proof = prove(dev.project.sandbox.endpoint, dev.settings, role_arns, dev.everybody)
    assert [attempt for attempt in proof if not attempt.holds] == []
    assert {(attempt.grant, attempt.expected) for attempt in proof} == {
        (grant, expected) for grant in role_arns for expected in ("allowed", "refused")
    }


def profile(name: str, arn: str, *more: str) -> str:
    """A grant's profile for ~/.aws/config."""
    lines = [f"[profile {name}]", f"role_arn = {arn}", "source_profile = default", *more]
    return "".join(f"{line}\n" for line in lines)


def command(name: str, arn: str, more: str = "") -> str:
    """A grant's `aws sts assume-role`."""
    return f"aws sts assume-role --role-arn {arn} --role-session-name {name}{more}"


def usage(arns: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What the outputs of each grant have of its own."""
    audit, read = ((name, arns[name]) for name in ("partner-audit", "read-only"))
    mfa = "YOUR_MFA_DEVICE_ARN"
    return {
        "deploy": {},
        "partner-audit": {
            "cliProfile": profile(*audit, "external_id = partner-7f3a"),
            "assumeRoleCommand": command(*audit, " --external-id partner-7f3a"),
        },
        "read-only": {
            "switchRoleUrl": "https://signin.aws.amazon.com/switchrole"
            f"?account={DESTINATION}&roleName=read-only&displayName=read-only",
            "longestSession": 14400,
            "cliProfile": profile(*read, f"mfa_serial = {mfa}", "duration_seconds = 14400"),
            "assumeRoleCommand": command(
                *read, f" --serial-number {mfa} --token-code CODE --duration-seconds 14400"
            ),
        },
    }


def test_each_grant_tells_how_its_role_is_used(dev: Dev) -> None:
    outputs = dev.run.outputs
    assert set(outputs) == {"grants", "documents"}
    roles = dev.project.accounts()[DESTINATION]
    arns = {name: dev.project.role_arn(name) for name in ("deploy", "partner-audit", "read-only")}
    for name in outputs["grants"]:
        document = json.loads(outputs["documents"][name])
        assert document["role"]["trustPolicy"] == roles[arns[name]]["AssumeRolePolicyDocument"]
        assert document["role"]["arn"] == arns[name]
    unavailable = {
        name: told.pop("switchRoleUnavailable", "") for name, told in outputs["grants"].items()
    }
    summaries = {name: told.pop("summary") for name, told in outputs["grants"].items()}
    assert outputs["grants"] == {
        name: {
            "sourceAccountId": SOURCE,
            "destinationAccountId": DESTINATION,
            "roleArn": arns[name],
            "roleName": name,
            "roleUniqueId": roles[arns[name]]["RoleId"],
            "longestSession": 3600,
            "cliProfile": profile(name, arns[name]),
            "assumeRoleCommand": command(name, arns[name]),
        }
        | differs
        for name, differs in usage(arns).items()
    }
    assert "role sessions" in unavailable["deploy"]
    assert "an external ID" in unavailable["partner-audit"]
    assert unavailable["read-only"] == ""
    assert {name: re.sub(r"\w{6}\)$", "", line) for name, line in summaries.items()} == SUMMARIES


def test_each_principal_may_assume_exactly_its_roles(dev: Dev) -> None:
    account = dev.project.accounts()[SOURCE]
    found = {}
    for arn, entity in account.items():
        for attached in entity.get("AttachedManagedPolicies", []):
            (version,) = account[attached["PolicyArn"]]["PolicyVersionList"]
            found[arn.rpartition(":")[2]] = version["Document"]["Statement"]
    assert found == {
        principal: [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": [f"arn:aws:iam::{DESTINATION}:role/{role}"],
            }
        ]
        for principal, role in (
            ("role/team/ci", "deploy"),
            ("user/alice", "read-only"),
            ("user/bob", "read-only"),
            ("user/partners/auditor", "partner-audit"),
        )
    }


def test_every_resource_is_made_by_the_provider_of_its_account(dev: Dev) -> None:
    resources = dev.run.resources()
    providers = [
        found["urn"].rpartition("::")[2]
        for found in resources
        if found["type"] == "pulumi:providers:aws"
    ]
    assert sorted(providers) == ["destination", "source"]
    made = {
        (found["provider"].split("::")[-2], "TrustedRole" in found["urn"])
        for found in resources
        if found["type"].startswith("aws:")
    }
    assert made == {("destination", True), ("source", False)}


def test_the_ambient_credentials_are_never_used(dev: Dev) -> None:
    assert dev.project.asked(SOURCE)
    assert dev.project.asked(AMBIENT) == []


def test_destroy_leaves_both_accounts_as_they_were(project: Project) -> None:
    config = dev_config(project)
    with make_people(project.sandbox.endpoint, settings_of(config), keep=False):
        untouched = project.accounts()
        run = project.deployed(config, "dev")
        run.up()
        assert {
            account: len(project.accounts()[account]) - len(untouched[account])
            for account in untouched
        } == {project.source: 4, project.destination: 3}
        run.destroy()
        assert project.accounts() == untouched
    assert "ambient" not in {side for side, _ in project.writes()}
