"""Stacks in GovCloud and China, and accounts that know nothing of those in another partition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cross_account_access.config.settings import NAMESPACE
from sandbox.aws.endpoint import client, get_partition, make_client
from tests.sandbox.commands import DESTINATION, ROOT, SOURCE, connection, document, project, sandbox
from tests.sandbox.conftest import document as policy
from tests.sandbox.conftest import refusal

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.aws.server import Sandbox

PARTITIONS = {
    "us-gov-west-1": "aws-us-gov",
    "us-gov-east-1": "aws-us-gov",
    "cn-north-1": "aws-cn",
    "cn-northwest-1": "aws-cn",
    "eusc-de-east-1": "aws-eusc",
}
REGIONS = ("us-gov-west-1", "cn-north-1")
STACKS = (
    "Pulumi.dev.yaml",
    "examples/grants/Pulumi.principals.yaml",
    "examples/grants/Pulumi.conditions.yaml",
)


def read_grants(stack: str, partition: str) -> Any:
    """The grants of a stack, with the ARNs of a partition."""
    config = yaml.safe_load((ROOT / stack).read_text(encoding="utf-8"))["config"]
    text = yaml.safe_dump(config[f"{NAMESPACE}:grants"])
    return yaml.safe_load(text.replace("arn:aws:", f"arn:{partition}:"))


def connect(endpoint: str, region: str) -> dict[str, Any]:
    """Both accounts in a region."""
    return {
        "source": connection(SOURCE, endpoint) | {"region": region},
        "destination": connection(DESTINATION, endpoint) | {"region": region},
    }


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("region", REGIONS)
def test_a_stack_is_deployed_and_proved(
    region: str, stack: str, accounts: Sandbox, tmp_path: Path
) -> None:
    partition = PARTITIONS[region]
    config = connect(accounts.endpoint, region) | {"grants": read_grants(stack, partition)}
    up = sandbox("up", project(tmp_path, accounts.endpoint, **config), "--json")
    assert up.exit_code == 0, up.stderr
    made = document(up)
    roles = [grant["roleArn"] for grant in made["outputs"]["grants"].values()]
    assert all(role.startswith(f"arn:{partition}:iam::{DESTINATION}:role/") for role in roles)
    proof = made["proof"]
    allowed = {attempt["grant"] for attempt in proof if attempt["observed"] == "allowed"}
    assert allowed >= set(made["outputs"]["grants"]) - {"raw", "window"}
    for attempt in proof:
        if attempt["observed"] == "allowed":
            assert attempt["reason"].startswith(f"became arn:{partition}:sts::{DESTINATION}:")
    assert set(re.findall(r"arn:(aws[a-z-]*):", up.stdout)) == {partition}
    # And nothing is in the commercial partition.
    for account in (SOURCE, DESTINATION):
        iam = client("iam", accounts.endpoint, account=account)
        assert [iam.list_users()["Users"], iam.list_roles()["Roles"]] == [[], []]


@pytest.mark.parametrize("side", ["source", "destination"])
@pytest.mark.parametrize("region", REGIONS)
def test_a_stack_of_one_side_is_proved(
    region: str, side: str, accounts: Sandbox, tmp_path: Path
) -> None:
    ids = {"source": SOURCE, "destination": DESTINATION}
    config: dict[str, Any] = connect(accounts.endpoint, region)
    config |= {name: {"accountId": account} for name, account in ids.items() if name != side}
    config["grants"] = read_grants("Pulumi.dev.yaml", PARTITIONS[region])
    up = sandbox("up", project(tmp_path, accounts.endpoint, side=side, **config), "--json")
    assert up.exit_code == 0, up.stderr
    assert len(document(up)["proof"]) == 16


def test_the_region_may_be_a_variables(
    accounts: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-gov-east-1")
    config: dict[str, Any] = connect(accounts.endpoint, "")
    for side in config.values():
        del side["region"]
    grants = {"deploy": {"principals": [{"user": "alice"}], "conditions": {"mfa": True}}}
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants=grants, **config), "--json")
    assert up.exit_code == 0, up.stderr
    assert "arn:aws-us-gov:" in up.stdout
    assert "arn:aws:" not in up.stdout


def test_without_a_region_in_the_config_those_of_the_profiles_count(
    accounts: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    sides = {"source": SOURCE, "destination": DESTINATION}
    text = "".join(
        f"[profile {side}]\nregion = us-gov-west-1\n"
        f"aws_access_key_id = {account}\naws_secret_access_key = any\n"
        for side, account in sides.items()
    )
    (tmp_path / "aws").write_text(text, encoding="utf-8")
    config: dict[str, Any] = {
        side: {"accountId": account, "profile": side, "endpoint": accounts.endpoint}
        for side, account in sides.items()
    }
    grants = {"deploy": {"principals": [{"user": "alice"}]}}
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants=grants, **config), "--json")
    assert up.exit_code == 0, up.stderr
    arn = document(up)["outputs"]["grants"]["deploy"]["roleArn"]
    assert arn == f"arn:aws-us-gov:iam::{DESTINATION}:role/deploy"


@pytest.mark.parametrize(
    "regions", [("us-east-1", "cn-north-1"), ("cn-north-1", "us-gov-west-1")], ids=str
)
def test_access_from_another_partition_is_refused(
    regions: tuple[str, str], accounts: Sandbox, tmp_path: Path
) -> None:
    config: dict[str, Any] = connect(accounts.endpoint, regions[0])
    config["destination"]["region"] = regions[1]
    grants = {"deploy": {"principals": [{"user": "alice"}]}}
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants=grants, **config))
    assert up.exit_code in (1, 2)
    assert "Traceback" not in up.output
    iam = client("iam", accounts.endpoint, account=DESTINATION, region=regions[1])
    assert iam.list_roles()["Roles"] == []


@pytest.mark.parametrize(("region", "partition"), PARTITIONS.items())
def test_all_that_an_account_makes_is_of_its_partition(
    region: str, partition: str, accounts: Sandbox
) -> None:
    assert get_partition(region) == partition
    iam = client("iam", accounts.endpoint, account=SOURCE, region=region)
    sts = client("sts", accounts.endpoint, account=SOURCE, region=region)
    trust = policy(Action="sts:AssumeRole", Principal={"AWS": SOURCE})
    rights = policy(Action="s3:*", Resource="*")
    user: Any = iam.create_user(UserName="alice")["User"]
    role: Any = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]
    made = [
        user["Arn"],
        role["Arn"],
        iam.create_group(GroupName="g")["Group"]["Arn"],
        iam.create_policy(PolicyName="p", PolicyDocument=rights)["Policy"]["Arn"],
        iam.create_virtual_mfa_device(VirtualMFADeviceName="d")["VirtualMFADevice"]["SerialNumber"],
        iam.create_instance_profile(InstanceProfileName="i")["InstanceProfile"]["Arn"],
        sts.get_caller_identity()["Arn"],
        iam.get_user()["User"]["Arn"],
        sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s2")["AssumedRoleUser"]["Arn"],
        *(one["Arn"] for one in iam.list_policies(Scope="AWS", MaxItems=20)["Policies"]),
    ]
    assert {arn.split(":")[1] for arn in made} == {partition}
    saved = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert f"arn:{partition}:iam::{SOURCE}:root" in str(saved)
    boundary = f"arn:{partition}:iam::aws:policy/ReadOnlyAccess"
    iam.attach_user_policy(UserName="alice", PolicyArn=boundary)
    iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=boundary)


class TestApart:
    """What one partition has, another doesn't know."""

    REGION = "us-gov-west-1"

    @pytest.fixture
    def commercial(self, accounts: Sandbox) -> Any:
        iam = client("iam", accounts.endpoint, account=SOURCE)
        iam.create_user(UserName="alice")
        iam.put_user_policy(
            UserName="alice", PolicyName="all", PolicyDocument=policy(Action="sts:*", Resource="*")
        )
        iam.create_policy(PolicyName="own", PolicyDocument=policy(Action="s3:*", Resource="*"))
        trust = policy(Action="sts:AssumeRole", Principal={"AWS": "*"})
        iam.create_role(RoleName="open", AssumeRolePolicyDocument=trust)
        return iam

    @pytest.fixture
    def gov(self, commercial: Any, accounts: Sandbox) -> Any:
        del commercial
        iam = client("iam", accounts.endpoint, account=SOURCE, region=self.REGION)
        trust = policy(Action="sts:AssumeRole", Principal={"AWS": "*"})
        iam.create_role(RoleName="open", AssumeRolePolicyDocument=trust)
        iam.create_user(UserName="bob")
        iam.create_group(GroupName="g")
        return iam

    def test_the_same_digits_are_two_accounts(self, gov: Any, commercial: Any) -> None:
        assert [user["UserName"] for user in gov.list_users()["Users"]] == ["bob"]
        assert [user["UserName"] for user in commercial.list_users()["Users"]] == ["alice"]
        assert refusal(lambda: gov.get_user(UserName="alice")).code == "NoSuchEntity"

    @pytest.mark.parametrize(
        "principal",
        [
            f"arn:aws:iam::{SOURCE}:user/alice",
            f"arn:aws:iam::{SOURCE}:role/open",
            f"arn:aws:iam::{SOURCE}:root",
            f"arn:aws:iam::{DESTINATION}:root",
            f"arn:aws:sts::{SOURCE}:assumed-role/open/s1",
            f"arn:aws:sts::{SOURCE}:federated-user/fred",
            f"arn:aws-cn:iam::{SOURCE}:root",
            f"arn:aws-us-gov:iam::{SOURCE}:user/alice",
        ],
    )
    def test_a_trust_names_nobody_of_another(self, principal: str, gov: Any) -> None:
        trust = policy(Action="sts:AssumeRole", Principal={"AWS": principal})
        for call in (
            lambda: gov.create_role(RoleName="new", AssumeRolePolicyDocument=trust),
            lambda: gov.update_assume_role_policy(RoleName="open", PolicyDocument=trust),
        ):
            found = refusal(call)
            assert (found.code, principal in found.message) == ("MalformedPolicyDocument", True)

    def test_a_trust_names_nobody_of_another_by_unique_id(self, gov: Any, commercial: Any) -> None:
        unique_id = commercial.get_user(UserName="alice")["User"]["UserId"]
        trust = policy(Action="sts:AssumeRole", Principal={"AWS": unique_id})
        found = refusal(
            lambda: gov.update_assume_role_policy(RoleName="open", PolicyDocument=trust)
        )
        assert found.code == "MalformedPolicyDocument"

    @pytest.mark.parametrize(
        "arn",
        [
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:aws-cn:iam::aws:policy/ReadOnlyAccess",
            f"arn:aws:iam::{SOURCE}:policy/own",
            f"arn:aws-us-gov:iam::{SOURCE}:policy/own",
        ],
    )
    def test_a_policy_of_another_is_not_attached(self, arn: str, gov: Any) -> None:
        trust = policy(Action="sts:AssumeRole", Principal={"AWS": SOURCE})
        for call in (
            lambda: gov.attach_role_policy(RoleName="open", PolicyArn=arn),
            lambda: gov.attach_user_policy(UserName="bob", PolicyArn=arn),
            lambda: gov.attach_group_policy(GroupName="g", PolicyArn=arn),
            lambda: gov.put_role_permissions_boundary(RoleName="open", PermissionsBoundary=arn),
            lambda: gov.put_user_permissions_boundary(UserName="bob", PermissionsBoundary=arn),
            lambda: gov.create_user(UserName="carol", PermissionsBoundary=arn),
            lambda: gov.create_role(
                RoleName="new", AssumeRolePolicyDocument=trust, PermissionsBoundary=arn
            ),
        ):
            assert refusal(call).code == "NoSuchEntity"

    def test_keys_of_another_are_not_known(
        self, gov: Any, commercial: Any, accounts: Sandbox
    ) -> None:
        del gov
        key = commercial.create_access_key(UserName="alice")["AccessKey"]
        keys = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }
        here = make_client("sts", accounts.endpoint, keys)
        there = make_client("sts", accounts.endpoint, keys, self.REGION)
        assert here.get_caller_identity()["Account"] == SOURCE
        assert refusal(there.get_caller_identity).code == "InvalidClientTokenId"
        role = f"arn:aws:iam::{SOURCE}:role/open"
        made = here.assume_role(RoleArn=role, RoleSessionName="s1")["Credentials"]
        session = {
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"],
        }
        elsewhere = make_client("sts", accounts.endpoint, session, self.REGION)
        assert refusal(elsewhere.get_caller_identity).code == "InvalidClientTokenId"
        found = refusal(
            lambda: here.assume_role(
                RoleArn=role.replace("arn:aws:", "arn:aws-us-gov:"), RoleSessionName="s1"
            )
        )
        assert found.code == "AccessDenied"

    @pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
    def test_a_region_in_the_user_agent_is_no_region(self, region: str, accounts: Sandbox) -> None:
        # Its own client: each event handler stays for good.
        commercial = client("iam", accounts.endpoint, account=SOURCE)
        other = client("iam", accounts.endpoint, account=SOURCE, region=region)

        def pretend(request: Any, **_: Any) -> None:
            request.headers["User-Agent"] = f"aws-cli/2 region/{region}"

        commercial.meta.events.register("before-send.iam", pretend)
        commercial.create_user(UserName="dora")
        assert [user["UserName"] for user in commercial.list_users()["Users"]] == ["dora"]
        assert other.list_users()["Users"] == []

    def test_a_reset_empties_all(self, gov: Any, accounts: Sandbox) -> None:
        accounts.reset()
        assert gov.list_users()["Users"] == []
