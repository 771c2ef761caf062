"""Stacks of one fleet on emulated accounts, with their callers' profiles."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from sandbox.aws.server import Sandbox, client
from sandbox.deploy import in_process
from tests.cli.conftest import Deployment, Stage, _environment

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE, CI = "111111111111", "333333333333"
DEPLOYER = f"arn:aws:iam::{CI}:role/deployer"
PRODUCTION, STAGING, DEVELOPMENT = "222222222222", "444444444444", "555555555555"
_SOURCES = ["people", "ci"]
ACCOUNTS: dict[str, dict[str, Any]] = {
    "people": {"account_id": PEOPLE},
    "ci": {"account_id": CI},
    "production": {"account_id": PRODUCTION, "groups": ["workloads"]},
    "staging": {"account_id": STAGING, "groups": ["workloads"]},
    "development": {"account_id": DEVELOPMENT, "groups": ["workloads"]},
}
EXTERNAL_ID = "fleet-7f3a"
GRANTS: dict[str, dict[str, Any]] = {
    "read-only": {
        "source": "people",
        "destinations": ["workloads"],
        "principals": [{"user": "alice"}, {"role": "deployer", "source": "ci"}],
        "role": {"managed_policies": ["ReadOnlyAccess"], "max_session_duration": 7200},
    },
    "deploy": {
        "source": "ci",
        "destinations": ["workloads"],
        "exclude": ["staging"],
        "principals": [{"role": "deployer"}, {"user": "alice"}],
        "role": {"path": "/team/"},
        "conditions": {"external_id": EXTERNAL_ID},
    },
}
PROGRAM = """
import json
import pulumi
import pulumi_aws as aws
from cross_account_access import MultiAccountAccess

spec = json.loads(pulumi.Config("fleet").require("spec"))
accounts = {}
for name, account in spec["accounts"].items():
    accounts[name] = dict(account)
    if name in spec["only"]:
        accounts[name]["provider"] = aws.Provider(
            name, region="us-east-1", access_key=account["account_id"], secret_key="sandbox",
            endpoints=[{"iam": spec["endpoint"], "sts": spec["endpoint"]}],
            skip_credentials_validation=True, skip_requesting_account_id=True,
        )
access = MultiAccountAccess("fleet", accounts=accounts, grants=spec["grants"])
pulumi.export("grants", {
    grant: {
        account: {
            "roleArn": one.role_arn, "cliProfile": one.cli_profile,
            "switchRoleUrl": one.switch_role_url, "documents": one.documents,
        }
        for account, one in granted.items()
    }
    for grant, granted in access.granted.items()
})
pulumi.export("policies", access.policies)
"""


@dataclass
class FleetStage(Stage):
    """A fleet with a stack for each account, deployed.

    The profiles: `alice` of people, `ci-alice` of ci, `deployer` (a session), `outsider` of people,
    and each account's administrator by the account's name.

    Attributes:
        keys: Access keys of the callers.
        parts: The outputs of the stack of each account.
    """

    keys: dict[str, dict[str, str]]
    parts: dict[str, dict[str, Any]]

    def restore(self) -> None:
        """Put accounts, profiles and outputs back as they were deployed."""
        self.deployment.restore(self.sandbox)
        (self.folder / "aws").mkdir(exist_ok=True)
        rmtree(self.folder / ".aws", ignore_errors=True)  # sessions that nobody knows any more
        (self.folder / "aws" / "credentials").write_text("", encoding="utf-8")
        for name, keys in self.keys.items():
            self.profile(name, keys)
        for name, account in ACCOUNTS.items():
            key = account["account_id"]
            self.profile(name, {"aws_access_key_id": key, "aws_secret_access_key": "sandbox"})
        (self.folder / "aws" / "config").write_text(
            f"[profile deployer]\nrole_arn = {DEPLOYER}\nsource_profile = operator\n"
        )
        for name, outputs in self.parts.items():
            (self.folder / f"{name}.json").write_text(json.dumps(outputs), encoding="utf-8")

    @property
    def every_part(self) -> list[str]:
        """The options that choose all stacks."""
        return [option for name in self.parts for option in ("--outputs", f"{name}.json")]

    def iam(self, account: str) -> Any:
        """IAM of an account, as its administrator."""
        return client("iam", self.sandbox.endpoint, account=account)


def deploy_fleet(sandbox: Sandbox, folder: Path) -> FleetStage:
    """Deploy the fleet: by a stack for each account, destinations first."""
    sandbox.reset()
    keys = _make_callers(sandbox)
    parts = {
        name: deploy_part(sandbox, folder, [name]) for name in sorted(ACCOUNTS, key=_SOURCES.count)
    }
    # Nobody of the dev stack's people is there.
    deployment = Deployment(parts["people"], None, _save(sandbox))  # type: ignore[arg-type]
    environment = _environment(sandbox, folder / "aws")
    stage = FleetStage(sandbox, folder, deployment, environment, keys, parts)
    stage.restore()
    return stage


def _save(sandbox: Sandbox) -> Any:
    state = sandbox._get_app().state
    accounts = {account: vars(iam) for account, iam in state.accounts.list_used()}
    return deepcopy((accounts, state.sessions._by_key, state.organizations))


def _make_callers(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """Create the grants' principals, and return access keys by their profiles."""
    keys: dict[str, dict[str, str]] = {}
    for profile, account, user in (
        ("alice", PEOPLE, "alice"),
        ("outsider", PEOPLE, "outsider"),
        ("ci-alice", CI, "alice"),
        ("operator", CI, "operator"),
    ):
        iam = client("iam", sandbox.endpoint, account=account)
        iam.create_user(UserName=user)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        keys[profile] = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }
        if user in ("outsider", "operator"):
            statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
            iam.put_user_policy(
                UserName=user, PolicyName="assume", PolicyDocument=_build_policy(statement)
            )
    trust = {"Effect": "Allow", "Principal": {"AWS": CI}, "Action": "sts:AssumeRole"}
    ci = client("iam", sandbox.endpoint, account=CI)
    ci.create_role(RoleName="deployer", AssumeRolePolicyDocument=_build_policy(trust))
    return keys


def _build_policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def deploy_part(sandbox: Sandbox, folder: Path, only: list[str]) -> dict[str, Any]:
    """Deploy the stack that makes the parts of these accounts; returns its outputs."""
    program = folder / "fleet.py"
    program.write_text(PROGRAM, encoding="utf-8")
    spec = {"accounts": ACCOUNTS, "grants": GRANTS, "only": only, "endpoint": sandbox.endpoint}
    config = {"fleet:spec": json.dumps(spec)}
    return in_process.deploy(program, "fleet", "dev", config, preview=False).outputs


def name_both_alice(stage: FleetStage) -> str:
    """The outputs of the people's stack, had it a user alice of ci in the deployer's place."""
    text = (
        json.dumps(stage.parts["people"]).replace("deployer", "alice").replace("role/a", "user/a")
    )
    text = text.replace('\\"kind\\":\\"role\\"', '\\"kind\\":\\"user\\"').replace("AROA", "AIDA")
    return text.replace('[\\"role\\",\\"alice', '[\\"user\\",\\"alice')
