"""The components under the mocks of Pulumi's own guide: lookups are answered with nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime import mocks

from cross_account_access import (
    AssumeRoleGrant,
    CrossAccountAccess,
    InvalidArgs,
    MultiAccountAccess,
    TrustedRole,
)
from cross_account_access.testing.program_run import (
    LogEngine,
    ProgramMonitor,
    ProgramRun,
    pick_known,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE, DESTINATION = "111111111111", "222222222222"
GRANTS: Any = {
    "deploy": {
        "principals": [{"user": "team/alice"}, {"role": "ci"}, {"group": "admins"}],
        "role": {"managed_policies": ["ReadOnlyAccess"]},
        "conditions": {"mfa": True},
    }
}
GRANTS["deploy"]["principals"][1]["conditions"] = {"mfa": False}


class PlainMocks(mocks.Mocks):
    """As https://www.pulumi.com/docs/iac/guides/testing/unit/ has them."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.made[f"{args.typ.rpartition(':')[2]}/{args.name}"] = args.inputs
        return args.name + "_id", args.inputs

    def call(self, _: mocks.MockCallArgs) -> Any:
        return {}


def run(
    program: Callable[[], object], plain: PlainMocks | None = None, *, preview: bool = False
) -> tuple[PlainMocks, Any]:
    """Run a program to its end; what it made and its outputs."""
    plain = plain or PlainMocks()
    monitor = ProgramMonitor(plain)
    how = ProgramRun(preview=preview, most_seconds=30)
    if error := how.attempt(program, monitor, LogEngine([])):
        raise error
    return plain, pick_known(monitor.outputs)


def providers() -> dict[str, aws.Provider]:
    return {name: aws.Provider(name, region="eu-west-1") for name in ("source", "destination")}


def pair(grants: Any = None, **args: Any) -> Callable[[], None]:
    def program() -> None:
        own = {f"{name}_provider": one for name, one in providers().items()}
        given: Any = {"grants": grants or GRANTS, **own, **args}
        access = CrossAccountAccess("team", given)
        for name in ("role_arns", "role_names", "documents", "cli_profiles", "source_account_id"):
            pulumi.export(name, getattr(access, name))

    return program


@pytest.mark.parametrize("preview", [False, True])
def test_a_pair_of_accounts_runs(preview: bool) -> None:
    ids = {"source_account_id": SOURCE, "destination_account_id": DESTINATION}
    plain, outputs = run(pair(**ids), preview=preview)
    assert outputs["role_arns"] == {"deploy": f"arn:aws:iam::{DESTINATION}:role/deploy"}
    assert outputs["source_account_id"] == SOURCE
    trust = json.loads(plain.made["Role/team-deploy"]["assumeRolePolicy"])
    trusted = {
        arn for statement in trust["Statement"] for arn in _to_list(statement["Principal"]["AWS"])
    }
    assert trusted == {
        f"arn:aws:iam::{SOURCE}:user/team/alice",
        f"arn:aws:iam::{SOURCE}:role/ci",
        f"arn:aws:iam::{SOURCE}:root",
    }
    attached = plain.made["RolePolicyAttachment/team-deploy-aws-ReadOnlyAccess"]["policyArn"]
    assert attached == "arn:aws:iam::aws:policy/ReadOnlyAccess"


def _to_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_without_ids_each_provider_is_of_an_account_of_its_own() -> None:
    _, outputs = run(pair())
    _, again = run(pair())
    assert outputs == again
    (arn,) = outputs["role_arns"].values()
    destination = arn.split(":")[4]
    assert {len(destination), len(outputs["source_account_id"])} == {12}
    assert destination != outputs["source_account_id"]


def test_many_accounts_run() -> None:
    def program() -> None:
        own = providers()
        access = MultiAccountAccess(
            "team",
            accounts={
                "people": {"provider": own["source"], "account_id": SOURCE},
                "production": {"provider": own["destination"]},
                "staging": {"account_id": "333333333333"},
            },
            grants={
                "read": {
                    "source": "people",
                    "destinations": ["production", "staging"],
                    "principals": [{"user": "alice"}],
                }
            },
        )
        pulumi.export("arns", access.role_arns)

    _, outputs = run(program)
    assert outputs["arns"]["read"]["staging"] == "arn:aws:iam::333333333333:role/read"
    assert outputs["arns"]["read"]["production"].endswith(":role/read")


def test_each_half_runs_alone() -> None:
    def program() -> None:
        own = providers()
        role = TrustedRole(
            "audit",
            principals=[{"user": "alice"}],
            source_account_id=SOURCE,
            role={"name": "audit"},
            opts=pulumi.ResourceOptions(provider=own["destination"]),
        )
        allowed = AssumeRoleGrant(
            "audit-alice",
            principal={"user": "alice"},
            role_arns={"audit": role.role_arn},
            opts=pulumi.ResourceOptions(provider=own["source"]),
        )
        pulumi.export("arn", role.role_arn)
        pulumi.export("account", role.account_id)
        pulumi.export("policies", allowed.policy_arns)

    plain, outputs = run(program)
    assert outputs["arn"] == f"arn:aws:iam::{outputs['account']}:role/audit"
    document = json.loads(plain.made["Policy/audit-alice"]["policy"])
    assert document["Statement"][0]["Resource"] in (outputs["arn"], [outputs["arn"]])


def test_what_is_wrong_is_refused_all_the_same() -> None:
    with pytest.raises(InvalidArgs) as refusal:
        run(pair(source_account_id=SOURCE, destination_account_id=SOURCE))
    assert refusal.value.problems[0].code


class TwoAnswers(PlainMocks):
    """Mocks whose author answers as much as the tests need."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        account = SOURCE if "::source::" in args.provider else DESTINATION
        answers = {"getCallerIdentity": {"accountId": account}, "getUser": {"arn": None}}
        return answers.get(args.token.rpartition(":")[2], {})


def test_an_answer_with_the_account_alone_is_enough() -> None:
    _, outputs = run(pair(), TwoAnswers())
    assert outputs["role_arns"] == {"deploy": f"arn:aws:iam::{DESTINATION}:role/deploy"}
    assert outputs["source_account_id"] == SOURCE


@pytest.mark.parametrize(
    "principal",
    [
        {"session": "ci/build"},
        {"account": SOURCE},
        {"permission_set": "Admin"},
        {"organization": "o-abcdefghij"},
        {"user": "alice", "trust_by": "name"},
        {"arn": f"arn:aws:iam::{SOURCE}:role/x/ci"},
    ],
    ids=str,
)
def test_each_kind_of_principal_runs(principal: dict[str, str]) -> None:
    grants = {"deploy": {"principals": [principal]}}
    plain, _ = run(pair(grants, source_account_id=SOURCE))
    assert json.loads(plain.made["Role/team-deploy"]["assumeRolePolicy"])["Statement"]


def test_a_role_without_a_name_runs() -> None:
    def program() -> None:
        opts = pulumi.ResourceOptions(provider=providers()["destination"])
        role = TrustedRole(
            "audit", principals=[{"user": "alice"}], source_account_id=SOURCE, opts=opts
        )
        pulumi.export("session", role.longest_session)

    _, outputs = run(program)
    assert outputs == {"session": 3600}
