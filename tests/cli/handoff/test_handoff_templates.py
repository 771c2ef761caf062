"""The CloudFormation templates and Terraform configurations make what the stack makes.

moto's CloudFormation ignores a role's ManagedPolicyArns and Rules: of these the text is checked.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from cross_account_access.cli.handoff.cloudformation_template import render_template
from cross_account_access.cli.handoff.handoff_half import HandoffHalf
from cross_account_access.cli.handoff.terraform_configuration import render_configuration
from sandbox.proof.person import make_session_sts
from tests.cli.conftest import Stage, deploy
from tests.cli.handoff.everything import (
    GRANTS,
    SIDES,
    Made,
    made,
    record,
    records,
    rights_of,
    role_of,
)
from tests.linting import lint_template
from tests.sandbox.commands import DESTINATION, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_sts import STSClient

    from sandbox.aws.server import Sandbox

ACCOUNTS = {"source": SOURCE, "destination": DESTINATION}
TERRAFORM = pytest.mark.skipif(
    shutil.which("terraform") is None, reason="terraform is not on PATH: install Terraform"
)


RECORDS = records()
HALVES = {
    (grant, side): HandoffHalf(RECORDS[grant], side)  # type: ignore[arg-type] # texts of SIDES
    for grant in GRANTS
    for side in SIDES
}
APPLICABLE = {key: half for key, half in HALVES.items() if half.can_be_applied}


@dataclass
class Deployed:
    """What the stack made of the grant `rich`."""

    stage: Stage
    by_pulumi: Made


@pytest.fixture(scope="module")
def rich(accounts: Sandbox) -> Iterator[Deployed]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        grants = {"rich": GRANTS["rich"]}
        stage = stack.enter_context(contextmanager(deploy)(accounts, folder, grants=grants))
        yield Deployed(stage, made(stage))


@pytest.fixture
def fresh(rich: Deployed) -> Deployed:
    """Fresh accounts with the people of the grant `rich` alone."""
    rich.stage.sandbox.reset()
    source = rich.stage.source
    source.create_user(UserName="alice")
    source.create_user(UserName="bob")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    source.create_role(RoleName="ci", Path="/team/", AssumeRolePolicyDocument=document)
    return rich


# --- CloudFormation -------------------------------------------------------------------------------


def test_the_linter_accepts_the_templates() -> None:
    """One as it is, of which all others have the head, with everybody's resources in it."""
    document = yaml.safe_load(render_template(HALVES["rich", "destination"]))
    others = [half for key, half in APPLICABLE.items() if key != ("rich", "destination")]
    for number, half in enumerate(others):
        resources = yaml.safe_load(render_template(half))["Resources"]
        document["Resources"] |= {f"R{number}{name}": one for name, one in resources.items()}
    assert len(document["Resources"]) > len(GRANTS)
    assert lint_template(json.dumps(document)) == []


def test_the_linter_would_find_what_is_wrong() -> None:
    text = render_template(HALVES["rich", "source"])
    assert lint_template(text) == []
    assert lint_template(text.replace('"Allow"', '"Alow"')) != []


def test_a_template_says_exactly_what_the_stack_does() -> None:
    for half in APPLICABLE.values():
        resources = yaml.safe_load(render_template(half))["Resources"]
        properties = [resource["Properties"] for resource in resources.values()]
        if half.side == "source":
            assert [one["PolicyDocument"] for one in properties] == [
                policy.document for policy in half.attached
            ]
            continue
        role = half.documents.role
        expected = {
            "RoleName": role.name,
            "Path": role.path,
            "AssumeRolePolicyDocument": role.trust_policy,
            "Description": role.description,
            "MaxSessionDuration": role.max_session_duration,
            "PermissionsBoundary": role.permissions_boundary,
            "ManagedPolicyArns": role.managed_policies,
            "Policies": [
                {"PolicyName": name, "PolicyDocument": role.inline_policies[name]}
                for name in role.inline_policies
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(role.tags.items())],
        }
        assert properties == [{key: value for key, value in expected.items() if value}]


@pytest.mark.parametrize("side", SIDES)
def test_a_template_is_for_one_account(side: str) -> None:
    found = yaml.safe_load(render_template(HALVES["rich", side]))
    assert found["Rules"]["Account"]["Assertions"] == [
        {
            "Assert": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, ACCOUNTS[side]]},
            "AssertDescription": f"This template is for account {ACCOUNTS[side]}",
        }
    ]


@pytest.fixture
def moto() -> Iterator[str]:
    """The endpoint of moto itself, on the sandbox's accounts: the sandbox has no CloudFormation."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    assert server._server is not None
    server._server.server_close()


def connect_cloudformation(account: str, endpoint: str) -> Any:
    cloudformation = boto3.client(
        "cloudformation",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key="sandbox",
    )

    def name_account(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    cloudformation.meta.events.register("before-sign.cloudformation", name_account)
    return cloudformation


def test_the_templates_make_what_pulumi_makes(fresh: Deployed, moto: str) -> None:
    halves = of_the_stack(fresh)
    for side in SIDES:
        cloudformation = connect_cloudformation(ACCOUNTS[side], moto)
        text = render_template(halves[side])
        cloudformation.create_stack(
            StackName="s", TemplateBody=text, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        assert (
            cloudformation.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"]
            == "CREATE_COMPLETE"
        )
    for name, document in halves["destination"].documents.role.inline_policies.items():
        found: Any = fresh.stage.destination.get_role_policy(RoleName="rich-role", PolicyName=name)[
            "PolicyDocument"
        ]
        # moto keeps it as Python writes it.
        assert ast.literal_eval(str(found)) == document
        fresh.stage.destination.delete_role_policy(RoleName="rich-role", PolicyName=name)
    same(fresh, but={"managed": [], "inline": {}})
    only_alice_gets_in(fresh)


# --- Terraform ------------------------------------------------------------------------------------


@TERRAFORM
def test_the_configurations_are_as_terraform_formats_them(tmp_path: Path) -> None:
    for (grant, side), half in APPLICABLE.items():
        (tmp_path / f"{grant}-{side}.tf").write_text(render_configuration(half), encoding="utf-8")
    done = terraform(tmp_path, "fmt", "-check", "-diff", account=SOURCE)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@TERRAFORM
def test_the_configurations_make_what_pulumi_makes(fresh: Deployed, tmp_path: Path) -> None:
    endpoint = fresh.stage.sandbox.endpoint
    folders, halves = {side: tmp_path / side for side in SIDES}, of_the_stack(fresh)
    for side, folder in folders.items():
        folder.mkdir()
        (folder / "main.tf").write_text(render_configuration(halves[side]), encoding="utf-8")
        done = terraform(folder, "init", "-input=false", account=ACCOUNTS[side])
        if done.returncode and "provider" in done.stderr:
            pytest.skip(
                "terraform has no AWS provider here; TF_PLUGIN_DIR may name a folder that holds it"
            )
        assert done.returncode == 0, done.stderr
        done = terraform(folder, "validate", "-json", account=ACCOUNTS[side])
        assert json.loads(done.stdout)["diagnostics"] == []
        done = terraform(
            folder,
            "apply",
            "-auto-approve",
            "-input=false",
            account=ACCOUNTS[side],
            endpoint=endpoint,
        )
        assert done.returncode == 0, done.stderr
    same(fresh)
    only_alice_gets_in(fresh)

    plan = ("plan", "-detailed-exitcode", "-input=false")
    again = terraform(folders["destination"], *plan, account=DESTINATION, endpoint=endpoint)
    assert again.returncode == 0, again.stdout
    elsewhere = terraform(folders["source"], *plan, account="333333333333", endpoint=endpoint)
    assert elsewhere.returncode == 1
    assert "AWS account ID not allowed: 333333333333" in elsewhere.stderr


def terraform(
    folder: Path, *words: str, account: str, endpoint: str = ""
) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    kept |= {
        "TF_REGISTRY_CLIENT_TIMEOUT": "5",
        "TF_REGISTRY_DISCOVERY_RETRY": "0",
        "CHECKPOINT_DISABLE": "1",
    }
    if mirror := os.environ.get("TF_PLUGIN_DIR"):
        config = folder / "terraform.rc"
        place = f"filesystem_mirror {{\n    path = {json.dumps(mirror)}\n  }}"
        config.write_text(f"provider_installation {{\n  {place}\n}}\n", encoding="utf-8")
        kept["TF_CLI_CONFIG_FILE"] = str(config)
    own = {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    return subprocess.run(  # noqa: S603 - the tests' own words
        [shutil.which("terraform") or "terraform", *words, "-no-color"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=folder,
        env={**kept, **own, **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {})},
    )


# --- Both -----------------------------------------------------------------------------------------


def of_the_stack(deployed: Deployed) -> dict[str, HandoffHalf]:
    documents = record(deployed.stage, "rich")
    return {side: HandoffHalf(documents, side) for side in SIDES}  # type: ignore[arg-type]


def same(found: Deployed, but: dict[str, Any] | None = None) -> None:
    """The grant `rich` stands as the stack made it, but for these of the role's settings."""
    meant = found.by_pulumi.roles["rich-role"] | (but or {})
    assert role_of(found.stage.destination, "rich-role") == meant
    arn = meant["arn"]
    for holder in (("user", "alice"), ("role", "ci")):
        reach = Made({}, {holder: rights_of(found.stage.source, *holder)}).reach(holder)
        assert (
            reach
            == {(action, role) for action, role in found.by_pulumi.reach(holder) if role == arn}
            != set()
        )


def only_alice_gets_in(found: Deployed) -> None:
    arn = found.by_pulumi.roles["rich-role"]["arn"]
    attempts = {
        ("alice", "rich:4711"): True,
        ("alice", "rich:4712"): False,
        ("bob", "rich:4711"): False,
    }
    for (user, external_id), allowed in attempts.items():
        key = found.stage.source.create_access_key(UserName=user)["AccessKey"]
        sts = make_session_sts(found.stage.sandbox.endpoint, {**key, "SessionToken": None})
        assert _gets_in(sts, arn, external_id) == allowed, user


def _gets_in(sts: STSClient, arn: str, external_id: str) -> bool:
    try:
        sts.assume_role(RoleArn=arn, RoleSessionName="test", ExternalId=external_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True
