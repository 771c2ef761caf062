"""Stacks of one fleet on emulated accounts, with its people's profiles, and the tool run on them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.aws.server import Sandbox, client
from sandbox.deploy import in_process
from tests.cli.conftest import Deployment, Stage, _environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PEOPLE, CI = "111111111111", "333333333333"
PRODUCTION, STAGING, DEVELOPMENT = "222222222222", "444444444444", "555555555555"
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
    for key, names in (("provider", spec["only"]), ("lookup_provider", spec["look_up"])):
        if name in names:
            accounts[name][key] = aws.Provider(
                f"{name}-{key}", region="us-east-1", access_key=account["account_id"],
                secret_key="sandbox", endpoints=[{"iam": spec["endpoint"], "sts": spec["endpoint"]}],
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
    """The stacks of a fleet, deployed: `outputs` is the one of all accounts' parts."""

    stacks: dict[str, Path]

    def restore(self) -> None:
        """Put accounts, profiles and outputs back as they were deployed."""
        self.deployment.restore(self.sandbox)
        self.outputs.write_text(json.dumps(self.deployment.outputs), encoding="utf-8")

    def iam(self, account: str) -> Any:
        """IAM of an account, as its administrator."""
        return client("iam", self.sandbox.endpoint, account=account)


def deploy_part(
    sandbox: Sandbox,
    folder: Path,
    only: list[str],
    *,
    accounts: Mapping[str, Any] = ACCOUNTS,
    grants: Mapping[str, Any] = GRANTS,
) -> dict[str, Any]:
    """Deploy the stack that makes the parts of these accounts; returns its outputs."""
    program = folder / "fleet.py"
    program.write_text(PROGRAM, encoding="utf-8")
    spec = {"accounts": accounts, "grants": grants, "only": only, "look_up": []}
    config = {"fleet:spec": json.dumps({**spec, "endpoint": sandbox.endpoint})}
    return in_process.deploy(program, "fleet", "dev", config, preview=False).outputs
